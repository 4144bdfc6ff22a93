//! Looks around: at the disk, the environment, docker's config, the engine and the swarm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use skep_compiler::Compiled;
use skep_engine::guard;
use skep_engine::journal::Journal;
use skep_engine::lock::status;
use skep_providers::docker::DockerConfig;
use skep_providers::secrets::{Missing, Secrets};
use skep_providers::swarm::{Endpoint, greet};
use skep_schema::address::Address;
use skep_schema::change::{Action, Reason};
use skep_schema::diagnostic::Severity;
use skep_schema::image::{HUB, Reference};
use skep_schema::inventory::Readiness;
use skep_schema::plan::{Plan, PublishMode, SecretSource};

use super::facts::{Engine, Facts, Git, Lock, Spec, Swarm};
use crate::args::{Global, Target};
use crate::commands::lock;
use crate::failure::Failure;
use crate::session::{Connection, Session, event_loop, is_gone, now};

pub(super) fn facts(global: &Global) -> Result<Facts, Failure> {
    let runtime = event_loop()?;
    let session = Session::open(global);
    let found = session.as_ref().ok();
    let compiled = match found {
        Some(session) => Some(session.project.load(session.inputs())?.1),
        None => None,
    };
    let plan = compiled
        .as_ref()
        .and_then(|compiled| compiled.plan.as_ref());
    let config = DockerConfig::find();
    let logins = match (&config, plan) {
        (Ok(config), Some(plan)) => runtime.block_on(logins(config, plan)),
        (Ok(_) | Err(_), _) => BTreeMap::new(),
    };
    let is_swarm = global.target == Target::Swarm;
    Ok(Facts {
        git: found.map_or(Git::Outside, |session| git(session.project.root())),
        spec: found
            .zip(compiled.as_ref())
            .map(|(session, compiled)| spec(session, compiled)),
        docker: config
            .map(|config| config.place())
            .map_err(|e| e.to_string()),
        logins,
        engine: is_swarm.then(|| runtime.block_on(engine(global))),
        swarm: found.zip(plan).map(|(session, plan)| swarm(session, plan)),
        project: session.map(|session| session.project.root().display().to_string()),
    })
}

fn git(root: &Path) -> Git {
    if program("git").is_none() {
        return Git::Missing;
    }
    if root.ancestors().any(|folder| folder.join(".git").exists()) {
        Git::Inside
    } else {
        Git::Outside
    }
}

/// Where a program lies; one with a path in its name is looked for from the project.
fn program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn spec(session: &Session<'_>, compiled: &Compiled) -> Spec {
    let errors = compiled.diagnostics.iter();
    let errors = errors.filter(|d| d.severity == Severity::Error).count() as u64;
    let stack = Plan::empty(&compiled.spec.project, compiled.spec.environment.as_deref()).stack;
    let mut spec = Spec {
        stack: (!compiled.spec.project.is_empty()).then_some(stack),
        errors,
        ..Spec::default()
    };
    let Some(plan) = &compiled.plan else {
        return spec;
    };
    let root = session.project.root();
    spec.nodes = plan.nodes.len() as u64;
    spec.secrets = secrets(plan, root);
    spec.programs = programs(plan, root);
    spec.wants_ingress = wants_ingress(plan);
    if let Ok(pins) = lock::pins(session) {
        spec.is_pinned = pins.is_there;
        (spec.unpinned, spec.unused) = (pins.missing, pins.unused);
    }
    spec
}

/// The sources of secrets are read and let go of; only whether there is a value is kept.
fn secrets(plan: &Plan, root: &Path) -> BTreeMap<Address, Option<(String, String)>> {
    let read = Secrets::read(plan, root, |name| std::env::var_os(name));
    let here = plan
        .secret_sources()
        .filter(|(_, source)| !matches!(source, SecretSource::External | SecretSource::Unknown));
    let problem = |missing: &Missing| (missing.to_string(), missing.help());
    here.map(|(address, _)| (address.clone(), read.missing().get(address).map(problem)))
        .collect()
}

fn programs(plan: &Plan, root: &Path) -> BTreeMap<String, bool> {
    let named = plan
        .secret_sources()
        .filter_map(|(_, source)| match source {
            SecretSource::Command(words) => words.first(),
            SecretSource::Env(_)
            | SecretSource::File(_)
            | SecretSource::External
            | SecretSource::Unknown => None,
        });
    named
        .map(|name| {
            let is_there = if name.contains('/') {
                root.join(name).is_file()
            } else {
                program(name).is_some()
            };
            (name.clone(), is_there)
        })
        .collect()
}

fn wants_ingress(plan: &Plan) -> bool {
    let mut services = plan
        .nodes
        .values()
        .filter_map(|n| n.payload.as_service().ok());
    services.any(|service| {
        service
            .publish
            .values()
            .any(|p| p.mode == PublishMode::Ingress)
    })
}

async fn logins(config: &DockerConfig, plan: &Plan) -> BTreeMap<String, Result<bool, String>> {
    let services = plan
        .nodes
        .values()
        .filter_map(|n| n.payload.as_service().ok());
    let registries: BTreeSet<&str> = services
        .map(|service| Reference::read(&service.image).registry())
        .filter(|registry| *registry != HUB)
        .collect();
    let mut logins = BTreeMap::new();
    for registry in registries {
        logins.insert(registry.to_owned(), config.has_login(registry).await);
    }
    logins
}

async fn engine(global: &Global) -> Engine {
    let before = now();
    let (name, answer) = match Endpoint::choose(global.host.as_deref(), global.context.as_deref()) {
        Ok(endpoint) => {
            let name = endpoint.name().to_owned();
            (name, greet(endpoint).await.map_err(Failure::from))
        }
        Err(error) => (String::new(), Err(error.into())),
    };
    Engine {
        name,
        answer,
        asked: (before, now()),
    }
}

fn swarm(session: &Session<'_>, plan: &Plan) -> Result<Swarm, Failure> {
    let target = session.connect(plan)?;
    let (seen, journal) = target.look(plan)?;
    let orphans = seen
        .changes
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete && change.reason == Reason::NotInSpec);
    let unsettled = seen.unsettled().into_iter().filter_map(|address| {
        let how = match &seen.inventory.nodes.get(&address)?.readiness {
            Readiness::Ready { .. } => return None,
            Readiness::Progressing { detail, .. } => detail.clone(),
            Readiness::Failed(failure) => failure.message.clone(),
        };
        Some((address, how))
    });
    let refusals = [guard::taken(&seen), guard::nodes(&seen)].into_iter();
    Ok(Swarm {
        name: session.cluster_name(&seen.inventory.cluster),
        machines: seen.inventory.cluster.machines.clone(),
        refusals: refusals
            .filter_map(Result::err)
            .map(Failure::from)
            .collect(),
        concerns: seen.changes.concerns.clone(),
        orphans: orphans.map(|change| change.address.clone()).collect(),
        unsettled: unsettled.collect(),
        lock: held(&target)?,
        last: last(&journal),
    })
}

fn held(target: &Connection) -> Result<Option<Lock>, Failure> {
    let held = target.runtime.block_on(status(target.home.as_ref()))?;
    Ok(held.map(|held| Lock {
        is_over: now() > held.until || is_gone(&held.holder),
        held,
    }))
}

fn last(journal: &Journal) -> Option<(u32, Option<skep_schema::event::Outcome>)> {
    let last = journal.last()?;
    Some((
        last.revision.number,
        last.ending.as_ref().map(|e| e.outcome),
    ))
}
