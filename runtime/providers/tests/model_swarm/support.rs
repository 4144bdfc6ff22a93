//! Small plans, and applies of them to a model swarm.

use std::collections::BTreeMap;

use skep_engine::apply::Limits;
use skep_engine::drive::{Look, Watch, drive, look};
use skep_engine::provider::{Kept, Provider};
use skep_providers::model::{Call, Model};
use skep_providers::secrets::{SecretBytes, Secrets};
use skep_schema::address::{Address, Kind};
use skep_schema::change::ChangeSet;
use skep_schema::digest::Digest;
use skep_schema::event::{ApplyReport, Timestamp};
use skep_schema::plan::{
    Config, Content, FileRef, Need, Network, Origin, Payload, Plan, PlanNode, Secret, SecretSource,
    Service, Target,
};
use skep_schema::units::FileMode;
use tokio::sync::mpsc;

pub(crate) const STACK: &str = "shop";

pub(crate) type Node = (Address, PlanNode);

/// A plan of these nodes, each of which needs what its payload names.
pub(crate) fn plan(nodes: impl IntoIterator<Item = Node>) -> Plan {
    let mut nodes: BTreeMap<Address, PlanNode> = nodes.into_iter().collect();
    let holders: BTreeMap<(Kind, String), Address> = nodes
        .iter()
        .filter_map(|(address, node)| {
            let name = node.payload.physical_name()?.to_owned();
            Some(((node.payload.object()?, name), address.clone()))
        })
        .collect();
    for node in nodes.values_mut() {
        let named = node
            .payload
            .references()
            .into_iter()
            .filter_map(|(kind, name)| {
                holders
                    .get(&(kind, name.to_owned()))
                    .map(|holder| (holder.clone(), Need::Exists))
            });
        node.needs = named.collect();
    }
    Plan::new(STACK, None, nodes)
}

pub(crate) fn service(name: &str, image: &str, edit: impl FnOnce(&mut Service)) -> Node {
    let mut service = Service {
        name: format!("{STACK}_{name}"),
        image: image.to_owned(),
        replicas: Some(2),
        ..Service::default()
    };
    edit(&mut service);
    node(
        Address::new(Kind::Service, name),
        Payload::Service(Box::new(service)),
    )
}

pub(crate) fn config(name: &str, text: &str) -> Node {
    let content = Some(Content::Text(text.to_owned()));
    let config = Config {
        name: config_name(name, text),
        content,
        labels: BTreeMap::new(),
        external: false,
    };
    node(Address::new(Kind::Config, name), Payload::Config(config))
}

pub(crate) fn config_name(name: &str, text: &str) -> String {
    format!(
        "{STACK}_{name}-{}",
        Digest::of_bytes("config", text.as_bytes()).short()
    )
}

pub(crate) fn secret(name: &str) -> Node {
    let source = SecretSource::Env(name.to_uppercase());
    let secret = Secret {
        name: format!("{STACK}_{name}-*"),
        source,
        labels: BTreeMap::new(),
    };
    node(Address::new(Kind::Secret, name), Payload::Secret(secret))
}

pub(crate) fn network(name: &str, edit: impl FnOnce(&mut Network)) -> Node {
    let mut network = Network {
        name: format!("{STACK}_{name}"),
        driver: "overlay".to_owned(),
        ..Network::default()
    };
    edit(&mut network);
    node(Address::new(Kind::Network, name), Payload::Network(network))
}

pub(crate) fn node(address: Address, payload: Payload) -> Node {
    let node = PlanNode::new(&address, Target::Swarm, payload, Origin::default());
    (address, node)
}

pub(crate) fn file(source: String) -> FileRef {
    FileRef {
        source,
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: FileMode(0o444),
    }
}

pub(crate) fn values<const N: usize>(values: [(&str, &str); N]) -> Secrets {
    values
        .into_iter()
        .fold(Secrets::default(), |secrets, (name, value)| {
            secrets.with(
                Address::new(Kind::Secret, name),
                SecretBytes::new(value.as_bytes().to_vec()),
            )
        })
}

pub(crate) fn model(secrets: Secrets) -> Model {
    Model::open(None, STACK, secrets).expect("memory is always there")
}

/// One apply: what it was to do, what it sent, how it ended.
pub(crate) struct Applied {
    pub(crate) changes: ChangeSet,
    pub(crate) calls: Vec<Call>,
    pub(crate) report: ApplyReport,
}

pub(crate) async fn apply(model: &Model, plan: &Plan) -> Applied {
    apply_within(model, plan, Limits::default().attempts).await
}

/// Gives up a target that did not answer so often.
pub(crate) async fn apply_within(model: &Model, plan: &Plan, attempts: u32) -> Applied {
    let mut tries = 1;
    while model.prepare().await.is_err() && tries < attempts {
        tries += 1;
    }
    let Look { plan, changes, .. } = look(model, plan).await.expect("a model can be looked at");
    let before = model.calls().len();
    let (_cancel, mut cancelled) = mpsc::channel(1);
    let mut silent = |_: Timestamp, _: &_| ();
    let watch = Watch {
        start: Timestamp(0),
        cancel: &mut cancelled,
        tell: &mut silent,
        kept: &Kept::new(),
    };
    let limits = Limits {
        attempts,
        ..Limits::default()
    };
    let report = drive(model, &plan, &changes, limits, watch).await;
    let calls = model.calls().split_off(before);
    Applied {
        changes,
        calls,
        report,
    }
}

/// What is left to do.
pub(crate) async fn changes(model: &Model, plan: &Plan) -> ChangeSet {
    look(model, plan)
        .await
        .expect("a model can be looked at")
        .changes
}
