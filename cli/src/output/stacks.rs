//! Stacks that a daemon keeps, as people read them.

use skep_schema::api::stack::{Hold, LastApply, StackState, StackStatus, Wait};
use skep_schema::api::view::{ServiceView, StackList};
use skep_schema::change::Summary;
use skep_schema::event::Outcome;

use super::time::date;

/// A line for each stack.
pub(crate) fn table(stacks: &[StackStatus]) -> String {
    let width = stacks.iter().map(|one| one.stack.chars().count()).max();
    let width = width.unwrap_or(0);
    let row = |one: &StackStatus| {
        let mut text = format!("{:width$}  {}", one.stack, line(&one.state));
        for note in notes(one) {
            text.push_str(&format!("\n{:width$}    {note}", ""));
        }
        text.push('\n');
        text
    };
    stacks.iter().map(row).collect()
}

/// Everything that is known of each stack, with its services.
pub(crate) fn full(list: &StackList) -> String {
    if list.stacks.is_empty() {
        return "no stack is kept there, or none that you may see\n".to_owned();
    }
    let of = |stack: &StackStatus| {
        let services = list.services.iter().filter(|s| s.stack == stack.stack);
        let services: Vec<&ServiceView> = services.collect();
        stack_in_full(stack, &services)
    };
    list.stacks.iter().map(of).collect::<Vec<_>>().join("\n")
}

fn stack_in_full(stack: &StackStatus, services: &[&ServiceView]) -> String {
    let (state, since) = (line(&stack.state), date(stack.since));
    let mut out = format!("{}  {state}, since {since}\n", stack.stack);
    for (what, text) in facts(stack) {
        out.push_str(&format!("  {what:<8}  {text}\n"));
    }
    let wide = services.iter().map(|s| s.address.to_string().len());
    let wide = wide.max().unwrap_or(0);
    for service in services {
        let address = service.address.to_string();
        out.push_str(&format!("  {address:<wide$}  {}\n", runs_how(service)));
    }
    out
}

/// What is known of a stack beside its state, in a word and a line each.
fn facts(stack: &StackStatus) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    let policy = stack.policy.as_ref();
    let policy = policy.map(|p| format!("apply {}, drift {}", p.apply.word(), p.drift.word()));
    facts.extend(policy.map(|text| ("kept", text)));
    facts.extend(wanted(stack).map(|text| ("wanted", text)));
    facts.extend(applied(stack).map(|text| ("applied", text)));
    let changes = stack.changes.as_ref();
    let changes = changes.map(|c| format!("{} ({})", counts(&c.summary), c.id.brief()));
    facts.extend(changes.map(|text| ("changes", text)));
    let approved = stack.approved_by.as_ref();
    facts.extend(approved.map(|who| ("approved", format!("by {who}"))));
    if let Some(refused) = &stack.refused {
        facts.push(("refused", refused.message.clone()));
        facts.extend(
            refused
                .help
                .iter()
                .map(|help| ("", format!("help: {help}"))),
        );
        let unless = refused.unless.iter();
        facts.extend(unless.map(|term| ("", format!("unless approved with {term}"))));
    }
    let drift: Vec<String> = stack.drift.iter().map(|a| format!("`{a}`")).collect();
    facts.extend((!drift.is_empty()).then(|| ("drift", drift.join(", "))));
    facts.extend(
        stack
            .source_trouble
            .iter()
            .map(|why| ("source", why.clone())),
    );
    facts.extend(
        stack
            .target_trouble
            .iter()
            .map(|why| ("target", why.clone())),
    );
    let failing = stack.unhealthy.iter();
    facts.extend(failing.map(|(address, why)| ("failing", format!("`{address}`: {why}"))));
    facts.extend(stack.looked.map(|at| ("seen", date(at))));
    facts
}

fn wanted(stack: &StackStatus) -> Option<String> {
    let plan = stack.plan.as_ref()?.brief();
    let origin = stack.origin.as_ref();
    Some(origin.map_or_else(
        || plan.to_owned(),
        |origin| format!("{plan}, from {origin}"),
    ))
}

fn applied(stack: &StackStatus) -> Option<String> {
    let plan = stack.applied.as_ref().map(|plan| plan.brief().to_owned());
    let revision = (stack.revision > 0).then(|| format!("r{}", stack.revision));
    let last = stack.last.as_ref().map(last);
    let parts: Vec<String> = plan.into_iter().chain(revision).chain(last).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn last(last: &LastApply) -> String {
    let LastApply {
        at,
        outcome,
        revision: _,
    } = last;
    format!("the last apply {} {}", ended(*outcome), date(*at))
}

/// How an apply ended.
pub(crate) const fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "was done",
        Outcome::Failed => "failed",
        Outcome::Partial => "was done in part",
        Outcome::RolledBack => "was rolled back",
        Outcome::TimedOut => "timed out",
        Outcome::Cancelled => "was cut short",
    }
}

/// `2 to create, 1 to change`; what there is none of is left out.
pub(crate) fn counts(summary: &Summary) -> String {
    let change = summary.update + summary.update_no_restart;
    let all = [
        (summary.create, "to create"),
        (change, "to change"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
        (summary.adopt, "to adopt"),
        (summary.forget, "to forget"),
    ];
    let some = all.iter().filter(|(number, _)| *number > 0);
    let some: Vec<String> = some
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    some.join(", ")
}

/// What a plan would do to a service, and how its tasks are.
pub(crate) fn runs_how(service: &ServiceView) -> String {
    format!("{:<16}  {}", service.sync.words(), service.tasks())
}

/// How a stack stands, in a few words.
pub(crate) fn line(state: &StackState) -> String {
    match state {
        StackState::Unknown => "unknown".to_owned(),
        StackState::InSync => "in sync".to_owned(),
        StackState::Changes { waits_for } => format!("changes, {}", wait(waits_for)),
        StackState::Drifted => "drifted".to_owned(),
        StackState::Applying => "applying".to_owned(),
        StackState::Failed { again: Some(at) } => format!("failed, tried again {}", date(*at)),
        StackState::Failed { again: None } => "failed".to_owned(),
        StackState::Held { by } => held(*by).to_owned(),
    }
}

fn wait(wait: &Wait) -> String {
    match wait {
        Wait::Approval => "which wait for an approval".to_owned(),
        Wait::Window { opens: Some(at) } => format!("which wait until {}", date(*at)),
        Wait::Window { opens: None } => "which wait for a window that never opens".to_owned(),
        Wait::Report => "which are only reported".to_owned(),
        Wait::Source => "which are refused".to_owned(),
        Wait::Consent => "which have to be meant".to_owned(),
        Wait::Turn { until } => format!("which wait their turn until {}", date(*until)),
    }
}

const fn held(by: Hold) -> &'static str {
    match by {
        Hold::Overtaken => "held: somebody else applied something else",
        Hold::Standby => "held: another daemon acts",
        Hold::Draining => "held: the daemon is drained",
    }
}

fn notes(one: &StackStatus) -> Vec<String> {
    let refused = one.refused.iter().map(|refused| refused.message.clone());
    let source = one
        .source_trouble
        .iter()
        .map(|why| format!("source: {why}"));
    let target = one
        .target_trouble
        .iter()
        .map(|why| format!("target: {why}"));
    let unhealthy = one
        .unhealthy
        .iter()
        .map(|(address, why)| format!("{address}: {why}"));
    refused
        .chain(source)
        .chain(target)
        .chain(unhealthy)
        .collect()
}
