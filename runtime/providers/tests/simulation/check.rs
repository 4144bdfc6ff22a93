//! What holds of a swarm, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};

use skep_providers::model::{Model, World};
use skep_schema::address::Kind;
use skep_schema::plan::{self, Plan};

use crate::play::looked;
use crate::shop::STACK;

type Labels = BTreeMap<String, String>;
type Name = (Kind, String);

/// What belongs to others, under names and labels as near to ours as can be.
pub(crate) fn plant(world: &mut World) {
    let owner = Labels::from([("skep.stack".to_owned(), "shop@prod".to_owned())]);
    let half = Labels::from([("skep.address".to_owned(), "config.c0".to_owned())]);
    let free = "nothing has a name yet";
    world
        .create_config("shop_theirs", owner.clone(), b"x")
        .expect(free);
    world.create_config("shop_c0", half, b"x").expect(free);
    world
        .create_secret("shop_k0", Labels::new(), b"x")
        .expect(free);
    let network = plan::Network {
        name: "shop_n9".to_owned(),
        labels: owner.clone(),
        ..plan::Network::default()
    };
    world.create_network(network).expect(free);
    let service = plan::Service {
        name: "shop_s9".to_owned(),
        image: "bb:1".to_owned(),
        labels: owner,
        ..plan::Service::default()
    };
    world.create_service(service).expect(free);
    world.advance(60_000);
}

fn is_ours(labels: &Labels) -> bool {
    labels.get("skep.stack").is_some_and(|stack| stack == STACK)
}

fn all(world: &World) -> impl Iterator<Item = (Name, &Labels)> {
    let networks = world.networks.iter();
    let configs = world.configs.iter();
    let secrets = world.secrets.iter();
    let services = world.services.iter();
    networks
        .map(|(name, network)| ((Kind::Network, name.clone()), &network.spec.labels))
        .chain(configs.map(|(name, config)| ((Kind::Config, name.clone()), &config.labels)))
        .chain(secrets.map(|(name, secret)| ((Kind::Secret, name.clone()), &secret.labels)))
        .chain(
            services.map(|(name, service)| ((Kind::Service, name.clone()), &service.spec.labels)),
        )
}

/// Objects that are not ours, as they are.
pub(crate) fn foreign(model: &Model) -> Vec<String> {
    let world = model.world().expect("in memory");
    let others = all(&world).filter(|(_, labels)| !is_ours(labels));
    others
        .map(|((kind, name), _)| shown(&world, kind, &name))
        .collect()
}

fn shown(world: &World, kind: Kind, name: &str) -> String {
    match kind {
        Kind::Network => format!("{:?}", world.networks[name]),
        Kind::Config => format!("{:?}", world.configs[name]),
        Kind::Secret => format!("{:?}", world.secrets[name]),
        _ => format!("{:?}", world.services[name]),
    }
}

fn references(service: &plan::Service) -> impl Iterator<Item = Name> {
    let networks = service
        .networks
        .keys()
        .map(|name| (Kind::Network, name.clone()));
    let files = |kind, files: &BTreeMap<String, plan::FileRef>| {
        let names = files.values().map(move |file| (kind, file.source.clone()));
        names.collect::<Vec<_>>()
    };
    networks
        .chain(files(Kind::Config, &service.configs))
        .chain(files(Kind::Secret, &service.secrets))
        .collect::<Vec<_>>()
        .into_iter()
}

/// What something refers to is there: now, and for the way back.
pub(crate) fn whole(model: &Model) -> Vec<String> {
    let world = model.world().expect("in memory");
    let there: BTreeSet<Name> = all(&world).map(|(name, _)| name).collect();
    let mut wrong = Vec::new();
    for (name, service) in &world.services {
        let specs = [Some(&service.spec), service.previous.as_ref()];
        for reference in specs
            .into_iter()
            .flatten()
            .flat_map(|spec| references(spec))
        {
            if !there.contains(&reference) {
                wrong.push(format!("{name} lost its {reference:?}"));
            }
        }
    }
    wrong
}

/// The swarm is what the plan says.
pub(crate) fn converged(model: &Model, plan: &Plan) -> Vec<String> {
    let look = looked(model, plan);
    let mut wrong: Vec<String> = Vec::new();
    for change in &look.changes.changes {
        wrong.push(format!(
            "left to do: {:?} {}",
            change.action, change.address
        ));
    }
    let world = model.world().expect("in memory");
    let (wanted, ours) = (wanted(&look.plan), ours(&world));
    wrong.extend(
        wanted
            .difference(&ours)
            .map(|name| format!("missing: {name:?}")),
    );
    wrong
}

/// Nothing of ours is there that nobody needs.
pub(crate) fn tidy(model: &Model, plan: &Plan) -> Vec<String> {
    let plan = looked(model, plan).plan;
    let world = model.world().expect("in memory");
    let (wanted, ours, used) = (wanted(&plan), ours(&world), used(&world));
    let idle = ours
        .difference(&wanted)
        .filter(|name| !used.contains(*name));
    idle.map(|name| format!("left behind: {name:?}")).collect()
}

fn wanted(plan: &Plan) -> BTreeSet<Name> {
    let nodes = plan.nodes.values();
    let names = nodes.filter_map(|node| {
        let kind = node.payload.object().filter(|kind| *kind != Kind::Volume)?;
        Some((kind, node.payload.physical_name()?.to_owned()))
    });
    names.collect()
}

fn ours(world: &World) -> BTreeSet<Name> {
    let ours = all(world).filter(|(_, labels)| is_ours(labels));
    ours.map(|(name, _)| name).collect()
}

fn used(world: &World) -> BTreeSet<Name> {
    let services = world.services.values();
    let specs = services.flat_map(|service| [Some(&service.spec), service.previous.as_ref()]);
    let tasks = world.tasks().filter(|task| !task.state.has_ended());
    specs
        .flatten()
        .chain(tasks.map(|task| &task.template))
        .flat_map(|spec| references(spec))
        .collect()
}
