//! From events to what people are told.

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::api::event::StackEventLine;
use skep_schema::api::notice::Notice;
use skep_schema::api::stack::{LastApply, StackEvent, StackState, Wait};
use skep_schema::daemon::NoticeKind;
use skep_schema::event::{Event, Outcome};
use skep_schema::inventory::Failure;

/// Failed nodes of an apply that are told.
const NODES: usize = 10;
/// Lines of a failed task's log that are told.
const LINES: usize = 5;

/// Reads the events of all stacks in their order.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// What failed in the apply that runs, by stack.
    failures: BTreeMap<String, Vec<(Address, Failure)>>,
}

/// A kind of notice, its title and its text.
type Words = (NoticeKind, String, String);

impl Reader {
    /// What there is to tell of an event, if it is one to tell of.
    pub(crate) fn on(&mut self, line: &StackEventLine) -> Option<Notice> {
        let StackEventLine {
            format: _,
            number: _,
            at,
            stack,
            event,
        } = line;
        let (kind, title, text) = self.words(stack, event)?;
        Some(Notice {
            stack: stack.clone(),
            kind,
            title,
            text,
            at: *at,
        })
    }

    fn words(&mut self, stack: &str, event: &StackEvent) -> Option<Words> {
        match event {
            StackEvent::SourceLost { message } => {
                Some(broken("the source brings no plan", message))
            }
            StackEvent::SourceFound => Some(well("the source brings a plan again")),
            StackEvent::TargetLost { message } => {
                Some(broken("the target cannot be seen", message))
            }
            StackEvent::TargetFound => Some(well("the target can be seen again")),
            StackEvent::Drift { nodes } => Some(drift(nodes.iter())),
            StackEvent::DriftOver => Some(well("nothing differs any more that others changed")),
            StackEvent::Overtaken { message } => {
                let title = "held: somebody else applied something else".to_owned();
                Some((NoticeKind::Approval, title, message.clone()))
            }
            StackEvent::State { state } => waits(state),
            StackEvent::ApprovalVoid { who, message } => {
                let title = format!("what {who} approved is no more what would happen");
                Some((NoticeKind::Approval, title, message.clone()))
            }
            StackEvent::Applying { .. } => {
                self.failures.remove(stack);
                None
            }
            StackEvent::Node { event } => {
                self.note(stack, event);
                None
            }
            StackEvent::Applied { last } => {
                let failures = self.failures.remove(stack).unwrap_or_default();
                Some(applied(last, &failures))
            }
            StackEvent::NotApplied { message } => {
                let title = "an apply did not begin".to_owned();
                Some((NoticeKind::Failed, title, message.clone()))
            }
            StackEvent::Unhealthy { address, message } => {
                let title = format!("{address} is not healthy");
                Some((NoticeKind::Unhealthy, title, message.clone()))
            }
            StackEvent::Recovered { address } => Some(well(format!("{address} is healthy again"))),
            StackEvent::Planned { .. }
            | StackEvent::Looked { .. }
            | StackEvent::Approved { .. }
            | StackEvent::Withdrawn { .. }
            | StackEvent::Refused { .. } => None,
        }
    }

    fn note(&mut self, stack: &str, event: &Event) {
        if let Event::Failed { address, failure } = event {
            let failures = self.failures.entry(stack.to_owned()).or_default();
            failures.push((address.clone(), failure.clone()));
        }
    }
}

fn broken(title: &str, message: &str) -> Words {
    let text = format!("{message}\nwhat runs stays as it is");
    (NoticeKind::Source, title.to_owned(), text)
}

fn well(title: impl Into<String>) -> Words {
    (NoticeKind::Recovered, title.into(), String::new())
}

fn drift<'a>(nodes: impl Iterator<Item = &'a Address>) -> Words {
    let nodes: Vec<String> = nodes.map(ToString::to_string).collect();
    let title = match nodes.as_slice() {
        [one] => format!("somebody changed {one}"),
        several => format!("somebody changed {} nodes", several.len()),
    };
    (NoticeKind::Drift, title, nodes.join("\n"))
}

/// A state in which somebody has to do something.
fn waits(state: &StackState) -> Option<Words> {
    let StackState::Changes { waits_for } = state else {
        return None;
    };
    let title = match waits_for {
        Wait::Approval => "changes wait for somebody to approve them",
        Wait::Consent => "changes are refused unless somebody says that they are meant",
        Wait::Source => "changes are refused, and only another plan or target helps",
        Wait::Window { .. } | Wait::Report | Wait::Turn { .. } => return None,
    };
    Some((NoticeKind::Approval, title.to_owned(), String::new()))
}

fn applied(last: &LastApply, failures: &[(Address, Failure)]) -> Words {
    let revision = last.revision.map(|n| format!(" (revision {n})"));
    let revision = revision.unwrap_or_default();
    let title = match last.outcome {
        Outcome::Done => {
            let title = format!("an apply is done{revision}");
            return (NoticeKind::Applied, title, String::new());
        }
        Outcome::Failed => "an apply failed, and nothing is known to be written",
        Outcome::Partial => "an apply failed, and some of it is done",
        Outcome::RolledBack => "an apply failed, and the engine rolled a service back",
        Outcome::TimedOut => "an apply failed: its deadline passed",
        Outcome::Cancelled => "an apply was cancelled",
    };
    let told = failures.iter().take(NODES);
    let mut parts: Vec<String> = told
        .map(|(address, failure)| failed(address, failure))
        .collect();
    if failures.len() > NODES {
        parts.push(format!("and {} more", failures.len() - NODES));
    }
    (
        NoticeKind::Failed,
        format!("{title}{revision}"),
        parts.join("\n"),
    )
}

fn failed(address: &Address, failure: &Failure) -> String {
    let Failure {
        verdict: _,
        message,
        tasks,
    } = failure;
    let mut lines = vec![format!("{address}: {message}")];
    for task in tasks {
        lines.push(format!("  {task}"));
        let last = task.log.len().saturating_sub(LINES);
        lines.extend(task.log[last..].iter().map(|line| format!("  | {line}")));
    }
    lines.join("\n")
}
