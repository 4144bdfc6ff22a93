//! How an apply ended, in words: the failures with their evidence, then one line.

use skep_schema::address::Address;
use skep_schema::event::{ApplyReport, NodeOutcome, Outcome};
use skep_schema::inventory::{FailedTask, Failure, Verdict};

use super::changes::count;
use super::progress::seconds;

pub(crate) fn text(report: &ApplyReport) -> String {
    let mut out = String::new();
    for (address, node) in &report.nodes {
        if let NodeOutcome::Failed(failure) = node {
            out.push_str(&failed(address, failure));
        }
    }
    let of = |wanted: fn(&NodeOutcome) -> bool| {
        report.nodes.values().filter(|n| wanted(n)).count() as u64
    };
    let done = of(|n| matches!(n, NodeOutcome::Done { .. }));
    let rest = of(|n| matches!(n, NodeOutcome::Skipped { .. } | NodeOutcome::NotBegun));
    let bad = of(|n| matches!(n, NodeOutcome::Failed(_)));
    let counts = format!(
        "{} done, {bad} failed, {rest} not begun ({})",
        count(done, "node"),
        seconds(report.millis)
    );
    out.push_str(&match report.outcome {
        Outcome::Done if report.nodes.is_empty() => String::new(),
        Outcome::Done => format!(
            "applied {}: {} in {}\n",
            report.stack,
            count(done, "node"),
            seconds(report.millis)
        ),
        Outcome::Failed => format!("failed: {counts}\n"),
        Outcome::Partial => {
            format!("partly applied: {counts}\nwhat is left: skep plan; to go on: skep apply\n")
        }
        Outcome::RolledBack => format!("rolled back by the engine: {counts}\n"),
        Outcome::TimedOut => {
            format!("timed out while waiting: {counts}\nto look again: skep status\n")
        }
        Outcome::Cancelled => format!("interrupted: {counts}\nto go on: skep apply\n"),
    });
    out
}

/// A failure and what its tasks left behind.
pub(crate) fn failed(address: &Address, failure: &Failure) -> String {
    let mut out = format!(
        "\n{address} {}: {}\n",
        verdict(failure.verdict),
        failure.message
    );
    failure.tasks.iter().for_each(|t| out.push_str(&task(t)));
    out.push('\n');
    out
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::RolledBack => "was rolled back",
        Verdict::Paused => "stopped half way",
        Verdict::CrashLooping => "crashes again and again",
        Verdict::Unschedulable => "fits no node",
        Verdict::NoImage => "has no image",
        Verdict::Exited => "ended badly",
        Verdict::Rejected => "was refused",
        Verdict::TimedOut => "timed out",
        Verdict::Superseded => "was changed by somebody else",
        Verdict::Unreachable => "could not be reached",
        Verdict::Denied => "is not ours to change",
    }
}

fn task(task: &FailedTask) -> String {
    let mut line = format!("  {task}\n");
    for text in &task.log {
        line.push_str(&format!("    | {text}\n"));
    }
    if let Some(help) = known(&task.error) {
        line.push_str(&format!("    help: {help}\n"));
    }
    line
}

/// What to do about an engine's own defect, by its words.
fn known(error: &str) -> Option<&'static str> {
    // moby #48783, open: seen under load on 20.10.24, and by others up to 28.0.4.
    error
        .contains("unable to remount dir as readonly")
        .then_some("a defect of the engine that comes and goes (moby issue 48783), not of the spec: apply again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_of_the_engine_is_told_apart_from_one_of_the_spec() {
        let failed = |error: &str| FailedTask {
            task: "shop_api.1".to_owned(),
            node: None,
            exit_code: None,
            error: error.to_owned(),
            log: Vec::new(),
        };
        let busy = "starting container failed: unable to remount dir as readonly: mount tmpfs:/x";
        assert!(task(&failed(busy)).contains("\n    help: a defect of the engine"));
        assert!(!task(&failed("task: non-zero exit (1)")).contains("help"));
    }
}
