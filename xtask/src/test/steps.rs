//! The parts of a test run and how they ended.

use std::fmt;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Format,
    Lints,
    Packages,
    Engine,
    Tests,
    Dist,
    EndToEnd,
    TearDown,
    Managers,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "format",
            Self::Lints => "lints",
            Self::Packages => "packages",
            Self::Engine => "engine and images",
            Self::Tests => "tests",
            Self::Dist => "packages to install",
            Self::EndToEnd => "end-to-end tests",
            Self::TearDown => "tear-down",
            Self::Managers => "tests of three managers",
        })
    }
}

/// Runs steps and remembers those that failed.
#[derive(Debug, Default)]
pub(super) struct Steps {
    passed: Vec<Step>,
    failed: Vec<Step>,
}

impl Steps {
    /// Whether the step passed.
    pub(super) fn run(&mut self, step: Step, work: impl FnOnce() -> Result<(), String>) -> bool {
        eprintln!("xtask: {step} ...");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed().as_secs_f32();
        match &result {
            Ok(()) => eprintln!("xtask: {step} passed in {took:.1} s"),
            Err(message) => eprintln!("xtask: {step} failed in {took:.1} s: {message}"),
        }
        let ended = if result.is_ok() {
            &mut self.passed
        } else {
            &mut self.failed
        };
        ended.push(step);
        result.is_ok()
    }

    /// The last line of the run.
    pub(super) fn summary(&self, took: Duration) -> Result<String, String> {
        let took = took.as_secs_f32();
        if self.failed.is_empty() {
            Ok(format!(
                "test run passed in {took:.1} s: {}",
                list(&self.passed)
            ))
        } else {
            Err(format!(
                "test run failed in {took:.1} s: {}",
                list(&self.failed)
            ))
        }
    }
}

fn list(steps: &[Step]) -> String {
    let names: Vec<String> = steps.iter().map(Step::to_string).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_what_failed_though_later_steps_passed() {
        let mut steps = Steps::default();
        assert!(!steps.run(Step::Lints, || Err("two warnings".to_owned())));
        assert!(steps.run(Step::Tests, || Ok(())));
        let last = steps.summary(Duration::from_secs(3));
        assert_eq!(last, Err("test run failed in 3.0 s: lints".to_owned()));
    }

    #[test]
    fn the_last_line_names_what_passed() {
        let mut steps = Steps::default();
        steps.run(Step::Format, || Ok(()));
        let last = steps.summary(Duration::from_millis(1500));
        assert_eq!(last, Ok("test run passed in 1.5 s: format".to_owned()));
    }
}
