//! What runs becomes a project that makes the same: every plan of the repository, read back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use skep_compiler::Compiled;
use skep_compiler::lift::lift;
use skep_compiler::source::Inputs;
use skep_project::Project;
use skep_schema::address::Kind;
use skep_schema::diagnostic::Severity;
use skep_schema::inventory::Running;
use skep_schema::plan::{Payload, Plan, Service, name_prefix};

fn plans() -> Vec<Plan> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/projects");
    let folders = fs::read_dir(all).expect("the projects are there");
    let mut plans = Vec::new();
    for folder in folders {
        let project = Project::find(&folder.expect("it is listed").path()).expect("a project");
        let plan = |environment: Option<String>| {
            let inputs = Inputs {
                environment,
                ..Inputs::default()
            };
            project.load(inputs).expect("it can be read").1
        };
        let Compiled {
            plan: base,
            environments,
            ..
        } = plan(None);
        plans.extend(base);
        plans.extend(
            environments
                .into_iter()
                .filter_map(|name| plan(Some(name)).plan),
        );
    }
    plans
}

/// A plan as it would be found: its secrets have whole names, and no value is known to be one.
fn running(plan: &Plan) -> Running {
    let payloads = plan.nodes.values().map(|node| &node.payload);
    let made = payloads.filter(|payload| {
        let kinds = [Kind::Service, Kind::Network, Kind::Config];
        !payload.is_external() && payload.object().is_some_and(|kind| kinds.contains(&kind))
    });
    let found = made.map(|payload| match payload {
        Payload::Service(service) => Payload::Service(Box::new(as_found(service))),
        other => other.clone(),
    });
    Running {
        stack: name_prefix(&plan.project, plan.environment.as_deref()),
        objects: found.collect(),
        owned: BTreeMap::new(),
    }
}

fn as_found(service: &Service) -> Service {
    let mut service = service.clone();
    service.secret_env.clear();
    for file in service.secrets.values_mut() {
        file.source = file.source.replace("-*", "-k");
    }
    service
}

fn services(objects: impl Iterator<Item = Payload>) -> BTreeMap<String, Service> {
    let services = objects.filter_map(|object| match object {
        Payload::Service(service) => Some((service.name.clone(), *service)),
        _ => None,
    });
    services.collect()
}

#[test]
fn a_plan_that_is_read_back_is_what_it_was() {
    let mut seen = 0;
    for plan in plans() {
        let running = running(&plan);
        let lifted = lift(&running);
        let text = String::from_utf8_lossy(&lifted.files["skep.kdl"]).into_owned();
        let compiled = lifted.compile();
        let errors: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .map(|diagnostic| diagnostic.locate(&compiled.sources))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}\n{text}", plan.stack);
        let made = compiled.plan.expect("without errors there is a plan").nodes;
        let made = services(made.into_values().map(|node| node.payload));
        let meant = services(running.objects.iter().cloned());
        for (name, meant) in &meant {
            assert_eq!(
                made.get(name),
                Some(meant),
                "{}: {:#?}\n{text}",
                plan.stack,
                lifted.remarks
            );
        }
        assert_eq!(made.len(), meant.len(), "{text}");
        seen += meant.len();
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn the_same_stack_gives_the_same_bytes() {
    for plan in plans() {
        let mut running = running(&plan);
        let straight = lift(&running);
        running.objects.reverse();
        assert_eq!(straight, lift(&running));
    }
}
