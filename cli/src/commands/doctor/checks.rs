//! The checks: each makes findings of what was gathered, and looks at nothing else.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use skep_schema::doctor::Finding;
use skep_schema::event::Outcome;
use skep_schema::inventory::{Availability, Machine, MachineState, Role};
use skep_schema::place::Lacking;

use super::facts::{Engine, Facts, Git, Lock, Spec, Swarm};
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::time::ago;
use crate::session::holding;

/// Clocks may differ by so many milliseconds. A lock's lease allows for more than twice that.
pub(super) const SKEW: u64 = 10_000;

/// Findings of all checks, what is near first.
pub(super) fn all(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![project(facts)];
    if let Some(spec) = &facts.spec {
        all.push(compiles(spec));
        all.extend(pins(spec));
        all.extend(secrets(spec));
        all.extend(programs(spec));
    }
    all.extend(git(facts));
    all.push(docker(facts));
    all.extend(logins(facts));
    if let Some(engine) = &facts.engine {
        all.push(answers(engine));
        all.extend(clock(engine));
        all.extend(ingress(facts, engine));
    }
    match &facts.swarm {
        None => {}
        Some(Err(failure)) => all.extend(unreached(facts, failure)),
        Some(Ok(seen)) => all.extend(swarm(seen)),
    }
    all
}

fn swarm(seen: &Swarm) -> Vec<Finding> {
    let mut all = vec![Finding::ok("swarm", format!("{} answers", seen.name))];
    all.extend(managers(&seen.machines));
    all.extend(machines(&seen.machines));
    all.extend(seen.refusals.iter().map(refusal));
    all.extend(concerns(seen));
    all.extend(orphans(seen));
    all.extend(tasks(seen));
    all.push(lock(seen.lock.as_ref()));
    all.extend(last(seen));
    all
}

/// A failure, with its own words on what to do, or these.
pub(super) fn of(check: &str, failure: &Failure, otherwise: &str) -> Finding {
    let fix = failure.help.as_deref().unwrap_or(otherwise);
    Finding::fail(check, &failure.message, fix)
}

fn project(facts: &Facts) -> Finding {
    match &facts.project {
        Ok(place) => Finding::ok("project", format!("found in {place}")),
        Err(failure) => Finding::fail(
            "project",
            &failure.message,
            "`skep init` starts one; -C names the folder of another",
        ),
    }
}

fn compiles(spec: &Spec) -> Finding {
    if spec.errors > 0 {
        let errors = count(spec.errors, "error");
        return Finding::fail("spec", format!("it has {errors}"), "skep check");
    }
    Finding::ok(
        "spec",
        format!("it compiles: {}", count(spec.nodes, "node")),
    )
}

/// Tags move by themselves; what is pinned does not.
fn pins(spec: &Spec) -> Option<Finding> {
    let some = |names: &BTreeSet<String>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    if spec.errors > 0 {
        return None;
    }
    Some(match (spec.unpinned.is_empty(), spec.unused.is_empty()) {
        (true, true) if spec.is_pinned => Finding::ok("pins", "skep.lock is up to date"),
        (true, true) => return None,
        (false, _) if spec.is_pinned => Finding::warn(
            "pins",
            format!("skep.lock lacks {}", some(&spec.unpinned)),
            "skep lock",
        ),
        (false, _) => Finding::warn(
            "pins",
            "no skep.lock says what the tags of images mean, so they can move by themselves",
            "skep lock",
        ),
        (true, false) => Finding::warn(
            "pins",
            format!("skep.lock has {}, which nobody uses", some(&spec.unused)),
            "skep lock",
        ),
    })
}

fn secrets(spec: &Spec) -> Vec<Finding> {
    let missing = spec.secrets.iter().filter_map(|(address, problem)| {
        let (why, fix) = problem.as_ref()?;
        Some(Finding::fail(
            "secrets",
            format!("`{address}` has no value here: {why}"),
            fix,
        ))
    });
    let missing: Vec<Finding> = missing.collect();
    if missing.is_empty() && !spec.secrets.is_empty() {
        let all = count(spec.secrets.len() as u64, "secret");
        return vec![Finding::ok(
            "secrets",
            format!("{all} with a value at hand"),
        )];
    }
    missing
}

fn programs(spec: &Spec) -> impl Iterator<Item = Finding> {
    spec.programs.iter().map(|(program, is_there)| {
        if *is_there {
            return Finding::ok("programs", format!("`{program}` is installed"));
        }
        Finding::fail(
            "programs",
            format!("`{program}`, which gives values of secrets, is not installed"),
            format!("install `{program}`, or change `from command=..` of the secret"),
        )
    })
}

fn git(facts: &Facts) -> Option<Finding> {
    if facts.project.is_err() {
        return None;
    }
    Some(match facts.git {
        Git::Inside => Finding::ok("git", "the project is in a repository"),
        Git::Outside => Finding::warn(
            "git",
            "the project is in no repository, so there is nothing to compare with",
            "git init",
        ),
        Git::Missing => Finding::warn(
            "git",
            "there is no `git`, which `--base REV` and imports from git need",
            "install git",
        ),
    })
}

fn docker(facts: &Facts) -> Finding {
    match &facts.docker {
        Ok(place) => Finding::ok("docker config", format!("{place} can be read")),
        Err(why) => Finding::fail(
            "docker config",
            why,
            "mend the file; DOCKER_CONFIG names the folder of another",
        ),
    }
}

/// Public images need no login, so that none is no fault.
fn logins(facts: &Facts) -> impl Iterator<Item = Finding> {
    facts.logins.iter().map(|(registry, login)| match login {
        Ok(true) => Finding::ok("login", format!("there is one for {registry}")),
        Ok(false) => Finding::ok(
            "login",
            format!("there is none for {registry}: only its public images can be had"),
        ),
        Err(why) => Finding::warn(
            "login",
            format!("that for {registry} cannot be had: {why}"),
            format!("docker login {registry}"),
        ),
    })
}

fn answers(engine: &Engine) -> Finding {
    match &engine.answer {
        Ok(greeting) => Finding::ok(
            "engine",
            format!(
                "{} answers: Docker {}, API {}",
                engine.name, greeting.engine, greeting.api
            ),
        ),
        Err(failure) => of(
            "engine",
            failure,
            "start Docker, or name another engine with --host or --context",
        ),
    }
}

/// The clock of an engine is somewhere between the two looks at ours.
fn clock(engine: &Engine) -> Option<Finding> {
    let there = engine.answer.as_ref().ok()?.clock?;
    let (before, after) = engine.asked;
    let (ahead, behind) = (there.since(after), before.since(there));
    let skew = ahead.max(behind);
    if skew <= SKEW {
        return Some(Finding::ok(
            "clock",
            "this machine and the engine agree on the time",
        ));
    }
    let which = if ahead > 0 { "ahead of" } else { "behind" };
    Some(Finding::warn(
        "clock",
        format!("the engine is {} {which} this machine", ago(skew)),
        "set both by NTP: locks run out by the clock, and so do certificates",
    ))
}

fn ingress(facts: &Facts, engine: &Engine) -> Option<Finding> {
    let wanted = facts.spec.as_ref().is_some_and(|spec| spec.wants_ingress);
    let there = engine.answer.as_ref().ok()?.ingress?;
    match (wanted, there) {
        (_, true) => Some(Finding::ok("ingress", "the swarm has its ingress network")),
        (false, false) => None,
        (true, false) => Some(Finding::fail(
            "ingress",
            "a port is published on all machines, and the swarm has no ingress network",
            "docker network create --ingress --driver overlay ingress",
        )),
    }
}

/// An engine that did not answer has been told of already.
fn unreached(facts: &Facts, failure: &Failure) -> Option<Finding> {
    match &facts.engine {
        Some(engine) if engine.answer.is_err() => None,
        Some(_) => Some(Finding::fail(
            "swarm",
            &failure.message,
            "name a manager with --host or --context, or make this engine one",
        )),
        None => Some(of("swarm", failure, "name another file with --model-file")),
    }
}

fn managers(machines: &[Machine]) -> Option<Finding> {
    let all: Vec<&Machine> = machines
        .iter()
        .filter(|m| m.role == Role::Manager)
        .collect();
    let away = all
        .iter()
        .filter(|m| m.state != MachineState::Ready)
        .count();
    let spare = all.len().checked_sub(1)? / 2;
    let managers = count(all.len() as u64, "manager");
    Some(if away > 0 && away >= spare {
        Finding::warn(
            "managers",
            format!("{away} of {managers} are away: one more, and nothing can be changed"),
            "start them, or `docker node demote` those that will not come back",
        )
    } else if all.len().is_multiple_of(2) {
        Finding::warn(
            "managers",
            format!(
                "{managers} bear no more losses than {} would",
                all.len() - 1
            ),
            "have an odd number: docker node promote, or demote",
        )
    } else {
        Finding::ok("managers", format!("{managers}, {spare} may be lost"))
    })
}

fn machines(all: &[Machine]) -> Vec<Finding> {
    let trouble: Vec<Finding> = all.iter().filter_map(machine).collect();
    let takes_tasks =
        |m: &&Machine| m.state == MachineState::Ready && m.availability == Availability::Active;
    let able = all.iter().filter(takes_tasks).count() as u64;
    if able == 0 && !all.is_empty() {
        let message = "none of the machines takes a task";
        let fix = "docker node update --availability active NODE";
        let mut findings = vec![Finding::fail("machines", message, fix)];
        findings.extend(trouble);
        return findings;
    }
    if trouble.is_empty() && able > 0 {
        return vec![Finding::ok(
            "machines",
            format!("{} for tasks", count(able, "machine")),
        )];
    }
    trouble
}

fn machine(machine: &Machine) -> Option<Finding> {
    let host = &machine.host;
    let start = format!("start it, or `docker node rm {host}` if it will not come back");
    let activate = format!("docker node update --availability active {host}");
    let (what, fix) = match (machine.state, machine.availability) {
        (MachineState::Down, _) => ("is down", start),
        (MachineState::Disconnected, _) => ("is disconnected", start),
        (MachineState::Unknown, _) => ("has not been heard of", start),
        (MachineState::Ready, Availability::Drain) => ("is drained", activate),
        (MachineState::Ready, Availability::Pause) => ("is paused", activate),
        (MachineState::Ready, Availability::Active) => return None,
    };
    Some(Finding::warn("machines", format!("`{host}` {what}"), fix))
}

fn refusal(failure: &Failure) -> Finding {
    of("names", failure, "skep plan")
}

fn concerns(seen: &Swarm) -> impl Iterator<Item = Finding> {
    seen.concerns.iter().map(|concern| {
        let lines: Vec<String> = Lacking::lines(&concern.machines);
        let told = std::iter::once(concern.message.clone()).chain(lines);
        let message = told.collect::<Vec<_>>().join("; ");
        let message = format!("`{}`: {message}", concern.address);
        if concern.because.is_grave() {
            Finding::fail("place", message, concern.help())
        } else {
            Finding::warn("place", message, concern.help())
        }
    })
}

fn orphans(seen: &Swarm) -> Option<Finding> {
    if seen.orphans.is_empty() {
        return None;
    }
    let names: Vec<String> = seen.orphans.iter().map(|a| format!("`{a}`")).collect();
    Some(Finding::warn(
        "orphans",
        format!("of the stack and not in the spec: {}", names.join(", ")),
        "an apply removes them; `forget` in the spec lets them stay",
    ))
}

fn tasks(seen: &Swarm) -> impl Iterator<Item = Finding> {
    seen.unsettled.iter().map(|(address, how)| {
        Finding::warn(
            "tasks",
            format!("`{address}` has not arrived: {how}"),
            "skep status",
        )
    })
}

fn lock(lock: Option<&Lock>) -> Finding {
    match lock {
        None => Finding::ok("lock", "nobody is applying"),
        Some(lock) if lock.is_over => Finding::warn(
            "lock",
            format!(
                "{} left it behind, and it has run out",
                lock.held.holder.who
            ),
            "none is needed: the next apply takes it. What was begun: skep plan",
        ),
        Some(lock) => Finding::warn(
            "lock",
            holding(&lock.held),
            "wait for it, or `skep lock release` if that process is dead",
        ),
    }
}

fn last(seen: &Swarm) -> Option<Finding> {
    let (number, ending) = seen.last?;
    let how = match ending {
        Some(Outcome::Done) => {
            return Some(Finding::ok("history", format!("r{number} was applied")));
        }
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Partial) => "was applied in part",
        Some(Outcome::RolledBack) => "was rolled back by the engine",
        Some(Outcome::TimedOut) => "timed out",
        Some(Outcome::Cancelled) => "was interrupted",
        None => "has no ending: it runs, or its process was killed",
    };
    Some(Finding::warn(
        "history",
        format!("r{number} {how}"),
        "skep plan says what is left, `skep rollback` goes back",
    ))
}
