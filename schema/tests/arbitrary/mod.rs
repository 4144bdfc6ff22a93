//! Plans at random: small, so that two of them share much, and acyclic, each in an order of its own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{
    Config, Content, FileRef, Mode, Mount, MountSource, Need, Network, Order, Origin, Payload,
    Plan, PlanNode, PoolRange, PublishMode, Published, Secret, SecretSource, SecretText, Service,
    Target, Volume,
};
use skep_schema::units::FileMode;
use skep_schema::value::Value;

const SERVICES: usize = 5;

/// What one service of a random plan is made of.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one coin that is thrown"
)]
struct Draft {
    image: u8,
    replicas: Option<u32>,
    mode: Mode,
    env: BTreeSet<u8>,
    secret_env: bool,
    configs: BTreeSet<usize>,
    secret: bool,
    volume: bool,
    ports: BTreeSet<u8>,
    label: bool,
    stop_first: bool,
    needs: Vec<Need>,
    protect: bool,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let services = vec(option::weighted(0.8, draft()), SERVICES);
    let configs = vec(option::weighted(0.7, 0..3u8), 2);
    let others = (
        option::weighted(0.8, 0..3u8),
        option::weighted(0.7, 0..2u8),
        any::<bool>(),
        option::of(0..2u8),
    );
    let ranks = Just((0..SERVICES).collect::<Vec<_>>()).prop_shuffle();
    (services, configs, others, ranks).prop_map(|(services, configs, others, ranks)| {
        let mut nodes = BTreeMap::new();
        let (network, secret, volume, route) = others;
        nodes.extend(network.map(|content| node(Kind::Network, "net", self::network(content))));
        nodes.extend(secret.map(|content| node(Kind::Secret, "key", self::secret(content))));
        nodes.extend(volume.then(|| node(Kind::Volume, "disk", Payload::Volume(disk()))));
        nodes.extend(route.map(|content| {
            node(
                Kind::Route,
                "shop.test",
                Payload::Declared(Value::Int(content.into())),
            )
        }));
        for (i, content) in configs.iter().enumerate() {
            nodes.extend(
                content.map(|content| node(Kind::Config, &format!("c{i}"), config(i, content))),
            );
        }
        for (i, draft) in services.iter().enumerate() {
            if let Some(draft) = draft {
                let (address, mut made) = node(Kind::Service, &name(i), service(i, draft, &nodes));
                made.protect = draft.protect;
                made.needs = needs(i, draft, &services, &ranks, &nodes, &made.payload);
                nodes.insert(address, made);
            }
        }
        Plan::new("shop", None, nodes)
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    let mode =
        prop_oneof![4 => Just(Mode::Replicated), 1 => Just(Mode::Global), 1 => Just(Mode::Once)];
    let need = prop_oneof![Just(Need::Exists), Just(Need::Started), Just(Need::Healthy)];
    (
        (
            0..2u8,
            option::of(0..4u32),
            mode,
            btree_set(0..3u8, 0..3),
            any::<bool>(),
        ),
        (
            btree_set(0..2usize, 0..2),
            any::<bool>(),
            any::<bool>(),
            btree_set(0..2u8, 0..2),
        ),
        (
            any::<bool>(),
            any::<bool>(),
            vec(need, SERVICES),
            prop::bool::weighted(0.1),
        ),
    )
        .prop_map(
            |((image, replicas, mode, env, secret_env), (configs, secret, volume, ports), rest)| {
                let (label, stop_first, needs, protect) = rest;
                Draft {
                    image,
                    replicas,
                    mode,
                    env,
                    secret_env,
                    configs,
                    secret,
                    volume,
                    ports,
                    label,
                    stop_first,
                    needs,
                    protect,
                }
            },
        )
}

fn name(i: usize) -> String {
    format!("s{i}")
}

fn node(kind: Kind, name: &str, payload: Payload) -> (Address, PlanNode) {
    let address = Address::new(kind, name);
    let target = if payload.object().is_some() {
        Target::Swarm
    } else {
        Target::Declared
    };
    let node = PlanNode::new(&address, target, payload, Origin::default());
    (address, node)
}

fn network(content: u8) -> Payload {
    let subnets = (content == 2).then(|| PoolRange {
        subnet: "10.7.0.0/24".to_owned(),
        gateway: None,
    });
    Payload::Network(Network {
        name: format!("shop_net-{content}"),
        driver: "overlay".to_owned(),
        attachable: content == 1,
        subnets: subnets.into_iter().collect(),
        ..Network::default()
    })
}

fn secret(content: u8) -> Payload {
    let source = SecretSource::Env("KEY".to_owned());
    Payload::Secret(Secret {
        name: format!("shop_key-{content}"),
        source,
        labels: BTreeMap::new(),
    })
}

fn config(i: usize, content: u8) -> Payload {
    Payload::Config(Config {
        name: format!("shop_c{i}-{content}"),
        content: Some(Content::Text(format!("level = {content}\n"))),
        labels: BTreeMap::new(),
        external: false,
    })
}

fn disk() -> Volume {
    Volume {
        name: "shop_disk".to_owned(),
        ..Volume::default()
    }
}

fn service(i: usize, draft: &Draft, nodes: &BTreeMap<Address, PlanNode>) -> Payload {
    let label = draft.label.then(|| ("team".to_owned(), "a".to_owned()));
    let mut service = Service {
        name: format!("shop_s{i}"),
        image: format!("app:{}", draft.image),
        mode: draft.mode,
        replicas: draft.replicas.filter(|_| draft.mode != Mode::Global),
        env: draft
            .env
            .iter()
            .map(|v| (format!("V{v}"), v.to_string()))
            .collect(),
        publish: draft.ports.iter().map(|p| published(*p)).collect(),
        labels: label.into_iter().collect(),
        ..Service::default()
    };
    service.update.order = draft.stop_first.then_some(Order::StopFirst);
    attach(&mut service, draft, nodes);
    Payload::Service(Box::new(service))
}

fn published(port: u8) -> (String, Published) {
    let mode = if port == 0 {
        PublishMode::Ingress
    } else {
        PublishMode::Host
    };
    (
        format!("{}/tcp", 80 + u16::from(port)),
        Published { target: 80, mode },
    )
}

/// Gives the service what it wants of what there is.
fn attach(service: &mut Service, draft: &Draft, nodes: &BTreeMap<Address, PlanNode>) {
    let physical = |kind, name: &str| {
        let node = nodes.get(&Address::new(kind, name))?;
        node.payload.physical_name().map(str::to_owned)
    };
    let file = |source| FileRef {
        source,
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: FileMode(0o444),
    };
    if let Some(net) = physical(Kind::Network, "net") {
        service
            .networks
            .insert(net, BTreeSet::from([service.name.clone()]));
    }
    for config in &draft.configs {
        let source = physical(Kind::Config, &format!("c{config}"));
        service
            .configs
            .extend(source.map(|source| (format!("/c{config}"), file(source))));
    }
    if let (Some(name), true) = (physical(Kind::Volume, "disk"), draft.volume) {
        service.mounts.insert("/data".to_owned(), mount(name));
    }
    let Some(key) = physical(Kind::Secret, "key") else {
        return;
    };
    if draft.secret_env {
        let text = SecretText {
            template: "x${secret.key}".to_owned(),
            fingerprint: Some(key.clone()),
        };
        service.secret_env.insert("V9".to_owned(), text);
    }
    if draft.secret {
        service
            .secrets
            .insert("/run/secrets/key".to_owned(), file(key));
    }
}

fn mount(name: String) -> Mount {
    let from = MountSource::Volume {
        name,
        driver: None,
        options: BTreeMap::new(),
        labels: BTreeMap::new(),
        no_copy: false,
        subpath: None,
    };
    Mount {
        from,
        read_only: false,
    }
}

/// What the payload names, and every second service of a lower rank.
fn needs(
    i: usize,
    draft: &Draft,
    services: &[Option<Draft>],
    ranks: &[usize],
    nodes: &BTreeMap<Address, PlanNode>,
    payload: &Payload,
) -> BTreeMap<Address, Need> {
    let named: BTreeSet<&str> = payload
        .references()
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    let objects = nodes
        .iter()
        .filter(|(_, n)| n.payload.physical_name().is_some_and(|n| named.contains(n)));
    let secret = payload.as_service().is_ok_and(|s| !s.secret_env.is_empty());
    let key = secret.then(|| (Address::new(Kind::Secret, "key"), Need::Exists));
    let lower = (0..services.len())
        .filter(|j| {
            services[*j].is_some() && ranks[*j] < ranks[i] && (ranks[*j] + i).is_multiple_of(2)
        })
        .map(|j| (Address::new(Kind::Service, name(j)), draft.needs[j]));
    objects
        .map(|(address, _)| (address.clone(), Need::Exists))
        .chain(key)
        .chain(lower)
        .collect()
}
