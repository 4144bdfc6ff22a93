//! The checks: each makes findings of what the daemon said, and looks at nothing else.

#[cfg(test)]
mod tests;

use skep_schema::api::stack::{Hold, StackState, StackStatus, Wait};
use skep_schema::api::view::{AuditCheck, DaemonHealth, HealthCheck, Me, StackList};
use skep_schema::doctor::Finding;
use skep_schema::event::Timestamp;

use super::Facts;
use crate::commands::doctor::checks::{SKEW, of};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::stacks::line;
use crate::output::time::{ago, date};

/// A certificate that ends within so many milliseconds is told of: 14 days, in which somebody can act.
const SOON: u64 = 14 * 86_400_000;

/// Findings of all checks, what is near first.
pub(super) fn all(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![answers(facts)];
    all.extend(certificate(facts));
    all.extend(clock(facts));
    match &facts.me {
        Ok(me) => all.push(may(me)),
        Err(denied) if denied.exit == Exit::Denied => all.push(unknown(denied)),
        Err(_) => {}
    }
    if facts.me.is_ok() {
        all.extend(health(facts));
        all.extend(audit(facts));
        all.extend(stacks(facts));
    }
    all
}

fn answers(facts: &Facts) -> Finding {
    match &facts.me {
        Err(failure) if failure.exit != Exit::Denied => {
            of("daemon", failure, "look into the daemon's log")
        }
        Ok(_) | Err(_) => Finding::ok("daemon", format!("{} answers", facts.name)),
    }
}

/// Nobody may ask who is not known.
fn unknown(denied: &Failure) -> Finding {
    Finding::fail(
        "access",
        &denied.message,
        "put a token into SKEP_TOKEN, or its file into SKEP_TOKEN_FILE: `skep token make` by the daemon's \
         socket makes one",
    )
}

/// One that has ended is refused before anything is answered.
fn certificate(facts: &Facts) -> Option<Finding> {
    let (ends, now) = (facts.certificate_ends?, facts.asked.1);
    let left = ends.since(now);
    Some(if left > SOON {
        Finding::ok("certificate", format!("it ends in {}", ago(left)))
    } else {
        let message = format!(
            "it ends in {}, on {}: then nobody is answered any more",
            ago(left),
            date(ends)
        );
        Finding::warn(
            "certificate",
            message,
            "put another into the files that `listen` names; the daemon takes it up by itself",
        )
    })
}

/// The daemon's clock is somewhere between the two looks at ours, and says whole seconds.
fn clock(facts: &Facts) -> Option<Finding> {
    let there = facts.clock?;
    let (before, after) = facts.asked;
    let (ahead, behind) = (there.since(after), before.since(there.plus(1_000)));
    let skew = ahead.max(behind);
    if skew <= SKEW {
        let message = "this machine and the daemon agree on the time";
        return Some(Finding::ok("clock", message));
    }
    let which = if ahead > 0 { "ahead of" } else { "behind" };
    Some(Finding::warn(
        "clock",
        format!("the daemon is {} {which} this machine", ago(skew)),
        "set both by NTP: leases, tokens and certificates run out by the clock",
    ))
}

fn may(me: &Me) -> Finding {
    let Me {
        format: _,
        who,
        roles,
    } = me;
    if roles.is_empty() {
        let message = format!("you are `{who}`, and may do nothing");
        let fix = format!("have it granted in the daemon's file: grant \"{who}\" role=viewer");
        return Finding::warn("access", message, fix);
    }
    let held = roles
        .iter()
        .map(|held| format!("{} of {}", held.role.word(), held.stacks));
    let held: Vec<String> = held.collect();
    Finding::ok("access", format!("you are `{who}`: {}", held.join(", ")))
}

fn health(facts: &Facts) -> Vec<Finding> {
    match &facts.health {
        None => vec![Finding::warn(
            "health",
            "you may not see how the daemon itself is: it takes the role viewer of everything",
            "have it granted, or ask somebody who has it for `skep doctor --server`",
        )],
        Some(Err(failure)) => vec![of("health", failure, "look into the daemon's log")],
        Some(Ok(health)) => {
            let DaemonHealth {
                format: _,
                version,
                ready: _,
                since,
                events: _,
                checks,
            } = health;
            let all = std::iter::once(same(version, *since));
            all.chain(checks.iter().map(check)).collect()
        }
    }
}

fn same(there: &str, since: Timestamp) -> Finding {
    let here = env!("CARGO_PKG_VERSION");
    let runs = format!("it is skep {there}, and runs since {}", date(since));
    if there == here {
        return Finding::ok("version", runs);
    }
    Finding::warn(
        "version",
        format!("{runs}; this is skep {here}, and each may say what the other does not know"),
        "use the same version on both sides",
    )
}

/// One of the daemon's own checks. What a newer daemon checks besides is told as it says it.
fn check(check: &HealthCheck) -> Finding {
    let HealthCheck { name, ok, detail } = check;
    if *ok {
        return Finding::ok(name, detail);
    }
    match name.as_str() {
        "store" => Finding::fail(
            name,
            format!("{detail}: nothing is changed before it is on record"),
            "make room on the disk of its `state` folder, or mend that disk",
        ),
        "lease" => Finding::warn(
            name,
            format!("{detail}: in the others another daemon acts, or did 45 s ago"),
            "none is needed where this one stands by; else stop the other one",
        ),
        "drain" => Finding::warn(
            name,
            detail,
            "let it go on: send it SIGUSR1 once more, or DELETE /v1/drain",
        ),
        "target" => Finding::fail(
            name,
            format!("{detail}: nothing is seen or changed there"),
            "start the engine, or mend `host` or `context` of the stack in the daemon's file",
        ),
        "source" => Finding::fail(
            name,
            format!("{detail}; the last plan that it brought stays"),
            "mend the project or the way to it: skep check",
        ),
        "channel" => Finding::warn(
            name,
            format!("{detail}: nobody is told what happens"),
            "mend `notify` in the daemon's file; POST /v1/channels/NAME/test tries it",
        ),
        _ => Finding::warn(name, detail, "look into the daemon's log"),
    }
}

fn audit(facts: &Facts) -> Option<Finding> {
    Some(match facts.audit.as_ref()? {
        Err(failure) => of("audit", failure, "look into the daemon's log"),
        Ok(AuditCheck {
            format: _,
            whole,
            found,
        }) if *whole => Finding::ok("audit", found),
        Ok(AuditCheck { found, .. }) => Finding::fail(
            "audit",
            format!("{found}: somebody changed what was on record"),
            "keep the store as it is, and compare it with a copy: GET /v1/audit",
        ),
    })
}

fn stacks(facts: &Facts) -> Vec<Finding> {
    let list = match &facts.stacks {
        None => return Vec::new(),
        Some(Err(failure)) => return vec![of("stacks", failure, "look into the daemon's log")],
        Some(Ok(list)) => list,
    };
    let StackList { stacks, .. } = list;
    let mut all: Vec<Finding> = stacks.iter().flat_map(|one| stack(facts, one)).collect();
    if all.is_empty() {
        let message = match stacks.len() as u64 {
            0 => "none is kept that you may see".to_owned(),
            some => format!("{}, and nothing is wrong with any", count(some, "stack")),
        };
        all.push(Finding::ok("stacks", message));
    }
    all
}

/// What is wrong with a stack. Its source and its target were told of by the daemon's own checks, where
/// those may be seen.
fn stack(facts: &Facts, stack: &StackStatus) -> Vec<Finding> {
    let name = &stack.stack;
    let mut all = Vec::new();
    if facts.health.is_none() {
        let troubles = stack.source_trouble.iter().chain(&stack.target_trouble);
        all.extend(troubles.map(|why| {
            let fix = "tell those who run the daemon";
            Finding::fail("stack", format!("`{name}`: {why}"), fix)
        }));
    }
    all.extend(stands(stack));
    all.extend(stack.unhealthy.iter().map(|(address, why)| {
        let fix = format!("skep logs {} --of {name}", address.name);
        Finding::warn("stack", format!("`{name}`: `{address}`: {why}"), fix)
    }));
    all
}

/// How a stack stands, where that needs somebody.
fn stands(stack: &StackStatus) -> Option<Finding> {
    let (name, state) = (&stack.stack, line(&stack.state));
    let since = date(stack.since);
    let refused = stack.refused.as_ref();
    let why = refused.map_or_else(String::new, |refused| format!(": {}", refused.message));
    let message = format!("`{name}`: {state}, since {since}{why}");
    let help = refused.and_then(|refused| refused.help.clone());
    let approve = format!("skep approve {name}");
    let warn = |message, fix| Some(Finding::warn("stack", message, fix));
    match &stack.state {
        StackState::InSync | StackState::Applying => None,
        StackState::Unknown => warn(message, "wait for its first look".to_owned()),
        StackState::Drifted => warn(
            message,
            format!("{approve} changes back what others changed; or write it into the spec"),
        ),
        StackState::Failed { .. } => Some(Finding::fail(
            "stack",
            message,
            help.unwrap_or_else(|| format!("skep events {name}; then {approve} --retry")),
        )),
        StackState::Held { by } => match by {
            Hold::Overtaken => warn(message, format!("{approve}, if the source is right")),
            Hold::Standby | Hold::Draining => None,
        },
        StackState::Changes { waits_for } => match waits_for {
            Wait::Approval | Wait::Consent => warn(message, help.unwrap_or(approve)),
            Wait::Source => warn(message, help.unwrap_or_else(|| "skep check".to_owned())),
            Wait::Window { opens: None } => {
                let fix = format!("mend `window` of {name} in the daemon's file");
                warn(message, fix)
            }
            Wait::Window { opens: Some(_) } | Wait::Report | Wait::Turn { .. } => None,
        },
    }
}
