//! Stacks: their sources, times and targets.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_schema::daemon::{self, ApplyPolicy, DriftPolicy};
use skep_schema::diagnostic::Code;
use skep_schema::module::{BadModule, ModuleName};
use skep_schema::plan::stack_name;
use skep_schema::span::At;
use skep_schema::{spec, units};

use super::check::{Found, Once, exactly_one, path_of, refuse};
use super::times::{Schedule, Windows};
use super::{GitSource, Source, Stack, Target, Webhook};

/// Between full looks.
const EVERY: Duration = Duration::from_mins(5);

/// Between questions for a repository.
const EVERY_OF_GIT: Duration = Duration::from_mins(1);

/// The shortest and the longest time between looks: more often would be an attack, and less often
/// nobody would know what runs.
const BOUNDS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_hours(7 * 24));

/// By their names.
pub(super) fn all(stacks: &[daemon::Stack], found: &mut Found) -> BTreeMap<String, Stack> {
    let mut once = Once::default();
    let mut all = BTreeMap::new();
    for one in stacks {
        let environment = one.environment.as_ref().map(|at| at.value.as_str());
        let name = stack_name(one.project.value.as_str(), environment);
        once.take(&name, one.project.span, "the stack", found);
        if let Some(stack) = stack(one, &name, found) {
            all.insert(name, stack);
        }
    }
    all
}

fn stack(one: &daemon::Stack, name: &str, found: &mut Found) -> Option<Stack> {
    let daemon::Stack {
        span: _,
        project,
        environment,
        directory: _,
        git: _,
        pushed: _,
        params,
        secrets,
        apply,
        drift,
        every,
        schedules,
        windows,
        host: _,
        context: _,
        model: _,
    } = one;
    let source = source(one, name, found);
    let target = target(one, found);
    let params = params.iter();
    let secrets = secrets.iter().map(|folder| &folder.value);
    let secrets = secrets.chain(one.directory.as_ref().map(|folder| &folder.value));
    Some(Stack {
        secrets: secrets.map(|folder| folder.as_str().into()).collect(),
        project: project.value.as_str().to_owned(),
        environment: environment.as_ref().map(|at| at.value.as_str().to_owned()),
        params: params
            .map(|(key, value)| (key.value.to_string(), value.value.0.clone()))
            .collect(),
        apply: apply.as_ref().map_or(ApplyPolicy::Report, |at| at.value),
        drift: drift.as_ref().map_or(DriftPolicy::Report, |at| at.value),
        every: often(every.as_ref(), EVERY, found),
        schedules: schedules
            .iter()
            .filter_map(|one| Schedule::read(one, found))
            .collect(),
        windows: Windows::read(windows, found),
        target,
        source: source?,
    })
}

fn source(one: &daemon::Stack, name: &str, found: &mut Found) -> Option<Source> {
    let pushed = one.pushed.as_ref().is_some_and(|flag| flag.value);
    let written = [
        ("directory", one.directory.is_some()),
        ("git", one.git.is_some()),
        ("pushed", pushed),
    ];
    let what = format!("stack `{name}`");
    exactly_one(&written, one.project.span, &what, "a source", found);
    match (&one.directory, &one.git) {
        (Some(folder), _) => Some(Source::Directory(folder.value.as_str().into())),
        (None, Some(git)) => git_source(git, found).map(Source::Git),
        (None, None) => pushed.then_some(Source::Pushed),
    }
}

fn git_source(git: &daemon::GitSource, found: &mut Found) -> Option<GitSource> {
    let daemon::GitSource {
        span: _,
        repository,
        rev,
        path,
        every,
        webhook,
    } = git;
    let text = |at: &Option<At<spec::Scalar>>, absent: &str| {
        at.as_ref()
            .map_or(absent.to_owned(), |at| at.value.0.clone())
    };
    let every = often(every.as_ref(), EVERY_OF_GIT, found);
    let webhook = webhook.as_ref().map(|webhook| Webhook {
        form: webhook.form.value,
        secrets: webhook.secret_file.value.as_str().into(),
    });
    match ModuleName::checked(&repository.value.0, &text(rev, "main"), &text(path, "")) {
        Ok(module) => Some(GitSource {
            module,
            every,
            webhook,
        }),
        Err(bad) => {
            no_module(git, bad, found);
            None
        }
    }
}

fn no_module(git: &daemon::GitSource, bad: BadModule, found: &mut Found) {
    let place = |at: &Option<At<spec::Scalar>>| at.as_ref().map_or(git.span, |at| at.span);
    let (span, message, help) = match bad {
        BadModule::Repository => (
            git.repository.span,
            "this is no repository",
            "write https://.., ssh://.., user@host:path or an absolute path",
        ),
        BadModule::Login => (
            git.repository.span,
            "a login stands in the address",
            "take it out, and let ssh or a file have it: addresses are shown",
        ),
        BadModule::Rev => (
            place(&git.rev),
            "this is no branch, tag or commit",
            "write one name, such as main or v1.4",
        ),
        BadModule::Folder => (
            place(&git.path),
            "this is no folder of the repository",
            "write it from the repository's top, such as deploy/shop",
        ),
    };
    refuse(found, Code::BadValue, span, message, help);
}

fn often(every: Option<&At<units::Duration>>, usual: Duration, found: &mut Found) -> Duration {
    let Some(at) = every else { return usual };
    let every = at.value.as_std();
    let (least, most) = BOUNDS;
    if every < least || every > most {
        let message = "this is too often or too seldom";
        let help = "write a time from \"5s\" to \"7d\"";
        refuse(found, Code::BadValue, at.span, message, help);
    }
    every
}

fn target(one: &daemon::Stack, found: &mut Found) -> Target {
    let daemon::Stack {
        host,
        context,
        model,
        ..
    } = one;
    let spans = [
        host.as_ref().map(|at| at.span),
        context.as_ref().map(|at| at.span),
        model.as_ref().map(|at| at.span),
    ];
    let mut spans = spans.into_iter().flatten();
    if let (Some(_), Some(second)) = (spans.next(), spans.next()) {
        let message = "a stack lives in one place";
        let help = "keep one of `host`, `context` and `model`";
        refuse(found, Code::Contradiction, second, message, help);
    }
    match path_of(model.as_ref()) {
        Some(file) => Target::Model(file),
        None => Target::Swarm {
            host: host.as_ref().map(|at| at.value.as_str().to_owned()),
            context: context.as_ref().map(|at| at.value.0.clone()),
        },
    }
}
