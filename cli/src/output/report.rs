//! How an apply ended, in words: the failures with their evidence, then one line.

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::event::{ApplyReport, NodeOutcome, Outcome};
use skep_schema::inventory::{FailedTask, Failure, Verdict};

use super::changes::count;
use super::progress::seconds;

/// So many of those who were not reached are named.
const NAMED: usize = 6;

pub(crate) fn text(report: &ApplyReport) -> String {
    let mut out = failures(&report.nodes);
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

/// Each failure. One line tells of all whom the same target did not answer.
fn failures(nodes: &BTreeMap<Address, NodeOutcome>) -> String {
    let mut out = String::new();
    let mut unreached: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (address, node) in nodes {
        match node {
            NodeOutcome::Failed(failure) if failure.verdict == Verdict::Unreachable => {
                let same = unreached.entry(&failure.message).or_default();
                same.push(address.to_string());
            }
            NodeOutcome::Failed(failure) => out.push_str(&failed(address, failure)),
            NodeOutcome::Done { .. }
            | NodeOutcome::Skipped { .. }
            | NodeOutcome::NotBegun
            | NodeOutcome::Unsettled { .. } => {}
        }
    }
    for (message, addresses) in unreached {
        let who = match addresses.as_slice() {
            few if few.len() <= NAMED => few.join(", "),
            many => {
                let (named, others) = many.split_at(NAMED - 1);
                format!("{} and {} others", named.join(", "), others.len())
            }
        };
        let what = verdict(Verdict::Unreachable);
        out.push_str(&format!("\n{who} {what}: {message}\n\n"));
    }
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
    use skep_schema::address::Kind;

    #[test]
    fn those_whom_nothing_answered_are_told_of_together() {
        let failed = |message: &str| {
            NodeOutcome::Failed(Failure {
                verdict: Verdict::Unreachable,
                message: message.to_owned(),
                tasks: Vec::new(),
            })
        };
        let mut nodes: BTreeMap<Address, NodeOutcome> = (1..=8)
            .map(|i| (Address::new(Kind::Service, format!("s{i}")), failed("gone")))
            .collect();
        let other = Address::new(Kind::Config, "page");
        nodes.insert(other, failed("away"));
        assert_eq!(
            failures(&nodes),
            "\nconfig.page could not be reached: away\n\n\nservice.s1, service.s2, service.s3, \
             service.s4, service.s5 and 3 others could not be reached: gone\n\n"
        );
        nodes.retain(|address, _| matches!(address.name.as_str(), "s1" | "s2"));
        let two = "\nservice.s1, service.s2 could not be reached: gone\n\n";
        assert_eq!(failures(&nodes), two);
    }

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
