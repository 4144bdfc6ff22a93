//! Scripts for a yard: what the source says, what others do, and what is then done.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use skep_engine::reconcile::{Effect, Input};
use skep_schema::address::Address;
use skep_schema::api::stack::{
    ApplyPolicy, Cause, Consent, DriftPolicy, Hold, StackEvent, StackState, Wait,
};
use skep_schema::event::Timestamp;
use skep_schema::inventory::Verdict;
use skep_schema::plan::Plan;

use super::{Yard, node};

/// Plays a script and returns its transcript.
///
/// The first line has the settings. What is `given` is done in ten seconds and told nobody. `service.web=2<service.db` is version 2, which waits for the other.
pub(crate) fn play(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let settings = lines.next().expect("a script begins with the settings");
    let mut yard = settled(settings);
    yard.line = Some(line);
    for text in lines {
        if let Some(given) = text.strip_prefix("given ") {
            let before = yard.out.len();
            command(&mut yard, given);
            yard.wait(10_000);
            yard.out.truncate(before);
            continue;
        }
        writeln!(yard.out, "{text}").expect("text");
        command(&mut yard, text);
    }
    assert_eq!(yard.wrong, Vec::<String>::new());
    yard.out
}

pub(crate) fn settled(line: &str) -> Yard {
    let apply = match word(line, "apply") {
        "auto" => ApplyPolicy::Auto,
        "approve" => ApplyPolicy::Approve,
        _ => ApplyPolicy::Report,
    };
    let drift = match word(line, "drift") {
        "revert" => DriftPolicy::Revert,
        _ => DriftPolicy::Report,
    };
    Yard::new(apply, drift, line.contains("windows"))
}

fn word<'a>(line: &'a str, key: &str) -> &'a str {
    let mut words = line.split_whitespace();
    let found = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    found.unwrap_or_default()
}

pub(crate) fn command(yard: &mut Yard, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let address = |word: &str| word.parse::<Address>().expect(word);
    match words.as_slice() {
        ["source", "broken", why @ ..] => yard.give(Input::Desired(Err(why.join(" ")))),
        ["source", nodes @ ..] => yard.source(Arc::new(plan(nodes))),
        ["other", who, nodes @ ..] => yard.other(who, &plan(nodes)),
        ["outside", "removes", node] => yard.outside(&address(node), None),
        ["outside", node] => {
            let (node, version) = node.split_once('=').expect("a version");
            yard.outside(&address(node), Some(version));
        }
        ["destroyed"] => yard.destroy(),
        ["event", about] => yard.trigger(Cause::Engine {
            about: (*about).to_owned(),
        }),
        ["person", who] => yard.trigger(Cause::Person {
            who: (*who).to_owned(),
        }),
        ["retry", who] => yard.give(Input::Retry {
            who: (*who).to_owned(),
        }),
        ["approve", who, consents @ ..] => yard.approve(who, consent(consents)),
        ["withdraw", who] => yard.withdraw(who),
        ["hold", hold] => yard.hold(holding(hold)),
        ["release", hold] => yard.give(Input::Released(holding(hold))),
        ["target", state] => yard.down = *state == "down",
        ["lock", state] => yard.locked = *state == "held",
        ["history", state] => yard.forgetful = *state == "refuses",
        ["fails", node] => drop(yard.failing.insert(address(node), Verdict::CrashLooping)),
        ["lacks", node] => drop(yard.failing.insert(address(node), Verdict::NoImage)),
        ["works", node] => drop(yard.failing.remove(&address(node))),
        ["ill", node] => drop(yard.ill.insert(address(node))),
        ["well", node] => drop(yard.ill.remove(&address(node))),
        ["restart"] => yard.restart(false),
        ["restart", "without-store"] => yard.restart(true),
        ["clock", "says", seconds] => {
            yard.now = Timestamp(millis(seconds));
            yard.give(Input::Tick);
        }
        ["wait", seconds] => yard.wait(millis(seconds)),
        other => unreachable!("no script has the line {other:?}"),
    }
}

fn millis(seconds: &str) -> u64 {
    seconds.parse::<u64>().expect(seconds) * 1_000
}

fn holding(word: &str) -> Hold {
    match word {
        "standby" => Hold::Standby,
        "draining" => Hold::Draining,
        other => unreachable!("nothing holds by {other}"),
    }
}

fn consent(words: &[&str]) -> Consent {
    let mut consent = Consent::default();
    for word in words {
        match word.split_once('=') {
            Some(("allow-deletes", number)) => {
                consent.allow_deletes = number.parse().expect(number);
            }
            None if *word == "retry" => consent.retry = true,
            other => unreachable!("nobody consents to {other:?}"),
        }
    }
    consent
}

pub(crate) fn plan(words: &[&str]) -> Plan {
    let nodes = words.iter().map(|word| {
        let (address, rest) = word.split_once('=').expect(word);
        let (version, needs) = rest.split_once('<').unwrap_or((rest, ""));
        let needs = needs.split(',').filter(|need| !need.is_empty());
        let needs: Vec<Address> = needs.map(|need| need.parse().expect(need)).collect();
        let address: Address = address.parse().expect(address);
        let node = node(&address, version, &needs);
        (address, node)
    });
    Plan::new("shop", None, nodes.collect::<BTreeMap<_, _>>())
}

fn line(at: Timestamp, effect: &Effect) -> String {
    let text = match effect {
        Effect::Keep(_) | Effect::Tell(StackEvent::Looked { more: 0, .. }) => return String::new(),
        Effect::Look { plan: _, causes } => {
            let causes: Vec<String> = causes.iter().map(cause).collect();
            format!("-> look ({})", causes.join(", "))
        }
        Effect::Apply(errand) => {
            let by = errand.by.as_ref().map(|by| format!(" for {by}"));
            format!("-> apply{}", by.unwrap_or_default())
        }
        Effect::Cancel => "-> cancel".to_owned(),
        Effect::Tell(event) => told(event),
    };
    format!("  {:>7}.{:03} {text}\n", at.0 / 1_000, at.0 % 1_000)
}

fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Start => "start".to_owned(),
        Cause::Source => "source".to_owned(),
        Cause::Schedule => "schedule".to_owned(),
        Cause::Periodic => "periodic".to_owned(),
        Cause::Engine { about } => format!("engine {about}"),
        Cause::Person { who } => format!("person {who}"),
        Cause::Retry => "retry".to_owned(),
        Cause::Window => "window".to_owned(),
        Cause::Approval { who } => format!("approval of {who}"),
        Cause::Released => "released".to_owned(),
        Cause::Applied => "applied".to_owned(),
    }
}

fn told(event: &StackEvent) -> String {
    let words = match event {
        StackEvent::Planned { origin, .. } => format!("from {origin}"),
        StackEvent::SourceLost { message }
        | StackEvent::TargetLost { message }
        | StackEvent::Overtaken { message }
        | StackEvent::NotApplied { message } => message.clone(),
        StackEvent::SourceFound | StackEvent::TargetFound | StackEvent::DriftOver => String::new(),
        StackEvent::Looked { causes, more } => {
            let causes: Vec<String> = causes.iter().map(cause).collect();
            format!("{} and {more} more", causes.join(", "))
        }
        StackEvent::State { state } => stands(state),
        StackEvent::Drift { nodes } => {
            let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            nodes.join(", ")
        }
        StackEvent::Approved { who, .. } | StackEvent::Withdrawn { who } => format!("by {who}"),
        StackEvent::ApprovalVoid { who, message } => format!("{who}: {message}"),
        StackEvent::Refused { refused } => {
            let help = refused.help.clone().unwrap_or_default();
            format!("{} (help: {help})", refused.message)
        }
        StackEvent::Applying { summary, .. } => format!(
            "{} new, {} updated, {} deleted",
            summary.create, summary.update, summary.delete
        ),
        StackEvent::Node { .. } => String::new(),
        StackEvent::Applied { last } => format!("{:?}, revision {:?}", last.outcome, last.revision),
        StackEvent::Unhealthy { address, message } => format!("{address}: {message}"),
        StackEvent::Recovered { address } => address.to_string(),
    };
    format!("{} {words}", event.word()).trim_end().to_owned()
}

fn stands(state: &StackState) -> String {
    match state {
        StackState::Unknown => "unknown".to_owned(),
        StackState::InSync => "in sync".to_owned(),
        StackState::Changes { waits_for } => format!("changes: {}", waits(waits_for)),
        StackState::Drifted => "drifted".to_owned(),
        StackState::Applying => "applying".to_owned(),
        StackState::Failed { again: None } => "failed".to_owned(),
        StackState::Failed { again: Some(at) } => format!("failed, again at {}", at.0 / 1_000),
        StackState::Held { by } => format!("held: {by:?}"),
    }
}

fn waits(wait: &Wait) -> String {
    match wait {
        Wait::Approval => "wait for an approval".to_owned(),
        Wait::Window { opens } => format!(
            "wait for a window at {}",
            opens.map(|at| at.0 / 1_000).unwrap_or_default()
        ),
        Wait::Report => "are only told".to_owned(),
        Wait::Source => "wait for the source".to_owned(),
        Wait::Consent => "wait for a consent".to_owned(),
        Wait::Turn { until } => format!("wait for a turn at {}", until.0 / 1_000),
    }
}
