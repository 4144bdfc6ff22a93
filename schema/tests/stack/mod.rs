//! Small plans written down in a few words.

#![allow(dead_code, reason = "each test uses its own part of these words")]

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::inventory::{Inventory, Observed, Readiness};
use skep_schema::plan::{
    Config, Content, FileRef, Need, Network, Origin, Payload, Plan, PlanNode, PoolRange,
    PublishMode, Published, Service, Target,
};
use skep_schema::units::FileMode;

pub(crate) fn at(address: &str) -> Address {
    address.parse().expect(address)
}

pub(crate) fn plan<const N: usize>(nodes: [(&str, Payload); N]) -> Plan {
    let nodes = nodes.into_iter().map(|(address, payload)| {
        let address = at(address);
        let target = if payload.object().is_some() {
            Target::Swarm
        } else {
            Target::Declared
        };
        (
            address.clone(),
            PlanNode::new(&address, target, payload, Origin::default()),
        )
    });
    Plan::new("shop", None, nodes.collect())
}

pub(crate) fn needing<const N: usize>(mut plan: Plan, needs: [(&str, &str); N]) -> Plan {
    for (address, need) in needs {
        let node = plan.nodes.get_mut(&at(address)).expect(address);
        node.needs.insert(at(need), Need::Exists);
    }
    plan
}

/// What a swarm that was brought to `plan` by an apply shows.
pub(crate) fn observed(plan: &Plan) -> Inventory {
    let nodes = plan
        .nodes
        .iter()
        .filter(|(_, node)| node.target == Target::Swarm)
        .map(|(address, node)| {
            let readiness = Readiness::Ready {
                running: 3,
                desired: 3,
            };
            let digest = Some(node.digest.clone());
            (
                address.clone(),
                Observed {
                    was: None,
                    payload: node.payload.clone(),
                    digest,
                    readiness,
                },
            )
        });
    Inventory {
        nodes: nodes.collect(),
        ..Inventory::default()
    }
}

pub(crate) fn service(name: &str, edit: impl FnOnce(&mut Service)) -> Payload {
    let mut service = Service {
        name: format!("shop_{name}"),
        image: "app:1".to_owned(),
        ..Service::default()
    };
    edit(&mut service);
    Payload::Service(Box::new(service))
}

pub(crate) fn put<V>(map: &mut BTreeMap<String, V>, key: &str, value: V) {
    map.insert(key.to_owned(), value);
}

pub(crate) fn network(hash: &str, subnet: &str) -> Payload {
    let range = PoolRange {
        subnet: subnet.to_owned(),
        gateway: None,
    };
    Payload::Network(Network {
        name: format!("shop_net-{hash}"),
        driver: "overlay".to_owned(),
        subnets: [range]
            .into_iter()
            .filter(|r| !r.subnet.is_empty())
            .collect(),
        ..Network::default()
    })
}

pub(crate) fn config(hash: &str) -> Payload {
    Payload::Config(Config {
        name: format!("shop_conf-{hash}"),
        content: Some(Content::Text(format!("{hash}\n"))),
        labels: BTreeMap::new(),
        external: false,
    })
}

pub(crate) fn file(source: &str) -> FileRef {
    FileRef {
        source: source.to_owned(),
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: FileMode(0o444),
    }
}

pub(crate) fn ingress(target: u16) -> Published {
    Published {
        target,
        mode: PublishMode::Ingress,
    }
}
