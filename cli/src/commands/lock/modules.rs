//! `skep lock modules`: what the revisions of imports from git mean, and their files on this machine.

use std::collections::BTreeSet;

use clap::Args;
use skep_compiler::Checked;
use skep_compiler::lock::Lock;
use skep_compiler::source::{File, Inputs, LOCK, Module, SourceSet};
use skep_project::{Asked, fetch};
use skep_schema::diagnostic::{Code, Severity};
use skep_schema::lang::nearest;
use skep_schema::module::{CommitId, ModuleName};

use super::Pinning;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::lock::{modules_listing, modules_summary, overdue};
use crate::session::{Session, print};

const EXAMPLES: &str = "\
Examples:
  skep lock modules                    pin what skep.lock lacks, fetch what is not on this machine
  skep lock modules --update           ask for all again: says which revisions moved
  skep lock modules --update parts     ask for one repository again
  skep lock modules --check            exit 2 when something is missing or unused; no network

Repositories are asked by https, by ssh with its keys, or on this disk. Nobody is asked for a login.";

/// Resolve the revisions of imports from git to commits, and fetch them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    pinning: Pinning,
}

/// What to do with names that are no module's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    AreRefused,
    AreLeft,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    if options.pinning.check {
        return check(&session);
    }
    let update = options.pinning.update.as_deref();
    pin(&session, update, Others::AreRefused)?;
    Ok(Exit::Done)
}

/// Fetches and pins. Hands out the names to be updated that are no module's; nothing where there
/// were only modules among them.
pub(super) fn pin(
    session: &Session<'_>,
    update: Option<&[String]>,
    others: Others,
) -> Result<Option<Vec<String>>, Failure> {
    let (set, checked) = look(session)?;
    let old = checked.lock.clone().unwrap_or_default();
    let rest = strangers(&checked, &old, update.unwrap_or(&[]));
    if others == Others::AreRefused
        && let Some(stranger) = rest.first()
    {
        return Err(no_such_module(stranger, &checked));
    }
    let mut start = old.clone();
    if let Some(update) = update {
        let asked = |name: &ModuleName| {
            update.is_empty() || update.iter().any(|text| is_called(name, text))
        };
        start.modules.retain(|name, _| !asked(name));
    }
    let new = fetched(session, set, checked, start)?;
    if old.modules != new.modules {
        print(&modules_listing(&old, &new))?;
        session.project.write_lock(&new)?;
        eprintln!("wrote {LOCK}: {}", modules_summary(&old, &new));
    } else if !new.modules.is_empty() || others == Others::AreRefused {
        eprintln!("{LOCK} stays as it is: {}", modules_summary(&old, &new));
    }
    let only_modules = rest.is_empty() && update.is_some_and(|update| !update.is_empty());
    Ok((!only_modules).then_some(rest))
}

/// The project with all its environments, and a lock file that can be read.
fn look(session: &Session<'_>) -> Result<(SourceSet, Checked), Failure> {
    let inputs = Inputs {
        environment: None,
        ..session.inputs()
    };
    let (set, checked) = session.project.check(inputs)?;
    let broken = checked
        .diagnostics
        .iter()
        .filter(|d| d.code == Code::BrokenLock);
    session.show(&broken.cloned().collect::<Vec<_>>(), &checked.sources)?;
    Ok((set, checked))
}

/// The lock with all that the project imports, which is on this machine then. What is imported by
/// what was fetched shows in the next round only.
fn fetched(
    session: &Session<'_>,
    mut set: SourceSet,
    mut checked: Checked,
    mut lock: Lock,
) -> Result<Lock, Failure> {
    (set, checked) = again(session, set, checked, &lock)?;
    loop {
        let missing = missing(&set, &checked, &lock);
        if missing.is_empty() {
            break;
        }
        for name in missing {
            eprintln!("fetching {name}");
            fetch_one(&mut lock, &name)?;
        }
        (set, checked) = again(session, set, checked, &lock)?;
    }
    // Where something could not be read, an import may stand in it.
    if checked
        .diagnostics
        .iter()
        .all(|d| d.severity < Severity::Error)
    {
        lock.modules
            .retain(|name, _| checked.modules.contains(name));
    }
    Ok(lock)
}

/// Looks at the project with another lock.
fn again(
    session: &Session<'_>,
    mut set: SourceSet,
    checked: Checked,
    lock: &Lock,
) -> Result<(SourceSet, Checked), Failure> {
    if checked.lock.as_ref() == Some(lock) && set.modules.values().all(is_here) {
        return Ok((set, checked));
    }
    set.lock = File::Bytes(lock.to_string().into_bytes().into());
    set.modules.clear();
    Ok(session.project.check_again(set)?)
}

fn missing(set: &SourceSet, checked: &Checked, lock: &Lock) -> BTreeSet<ModuleName> {
    let is_there = |name: &&ModuleName| {
        let pin = lock.modules.get(*name);
        pin.and_then(|pin| set.modules.get(&pin.digest))
            .is_some_and(is_here)
    };
    checked
        .modules
        .iter()
        .filter(|name| !is_there(name))
        .cloned()
        .collect()
}

fn is_here(module: &Module) -> bool {
    match module {
        Module::Files(_) => true,
        Module::Absent | Module::Damaged => false,
    }
}

fn fetch_one(lock: &mut Lock, name: &ModuleName) -> Result<(), Failure> {
    let commit = commit_of(lock, name);
    let asked = match (lock.modules.get(name), &commit) {
        (Some(pin), _) => Asked::Pinned(pin),
        (None, Some(commit)) => Asked::Commit(commit),
        (None, None) => Asked::Now,
    };
    let fetched = fetch(name, asked)?;
    if let Some(moved) = &fetched.moved {
        eprintln!(
            "{name} is commit {} now; {LOCK} keeps {} until --update",
            moved.short(),
            fetched.pin.commit.short()
        );
    }
    lock.modules.insert(name.clone(), fetched.pin);
    Ok(())
}

/// The commit that another folder of the same revision is pinned to.
fn commit_of(lock: &Lock, name: &ModuleName) -> Option<CommitId> {
    let same =
        |other: &&ModuleName| other.repository() == name.repository() && other.rev() == name.rev();
    let other = lock.modules.keys().find(same)?;
    Some(lock.modules[other].commit.clone())
}

/// A repository may be called by the last part of its address.
fn is_called(name: &ModuleName, text: &str) -> bool {
    name.repository() == text || short(name) == text
}

fn short(name: &ModuleName) -> &str {
    let last = name
        .repository()
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next();
    let last = last.unwrap_or(name.repository());
    last.strip_suffix(".git").unwrap_or(last)
}

fn strangers(checked: &Checked, lock: &Lock, update: &[String]) -> Vec<String> {
    let known = |text: &&String| {
        let mut all = checked.modules.iter().chain(lock.modules.keys());
        all.any(|name| is_called(name, text))
    };
    update.iter().filter(|text| !known(text)).cloned().collect()
}

fn no_such_module(text: &str, checked: &Checked) -> Failure {
    let message = format!("`{text}` is no repository that this project imports from");
    let failure = Failure::new(Exit::Failed, message);
    match nearest(text, checked.modules.iter().map(short)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("write the address as the import does, or its last part"),
    }
}

/// Says what is missing and what is unused, without any network.
pub(super) fn check(session: &Session<'_>) -> Result<Exit, Failure> {
    let (set, checked) = look(session)?;
    let lock = checked.lock.clone().unwrap_or_default();
    let named: BTreeSet<String> = checked.modules.iter().map(ToString::to_string).collect();
    let locked: BTreeSet<String> = lock.modules.keys().map(ToString::to_string).collect();
    let missing = named.difference(&locked).map(String::as_str).collect();
    let whole = set.modules.values().all(is_here);
    let unused: BTreeSet<&str> = locked.difference(&named).map(String::as_str).collect();
    let unused = if whole { unused } else { BTreeSet::new() };
    if BTreeSet::is_empty(&missing) && unused.is_empty() {
        if !named.is_empty() {
            let modules = count(named.len() as u64, "module");
            eprintln!("{LOCK} is up to date: {modules}");
        }
        return Ok(Exit::Done);
    }
    print(&overdue(&missing, &unused))?;
    eprintln!("{LOCK} is out of date: `skep lock` mends it");
    Ok(Exit::Changes)
}
