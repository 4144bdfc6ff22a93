//! Nodes of a plan that the cluster cannot give it.

use std::fmt;

use crate::address::Address;
use crate::inventory::{CLAIM, Cluster, Machine, MachineState, declared, machine};
use crate::plan::{Plan, SwarmNode};

/// Why a node of a plan cannot be had as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFault {
    pub address: Address,
    pub host: String,
    pub because: NodeTrouble,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeTrouble {
    /// No machine has the name; these are there.
    Unknown { hosts: Vec<String> },
    /// More than one machine that is ready has the name.
    Ambiguous { ids: Vec<String> },
    /// The label was to be there already.
    Otherwise {
        label: String,
        wanted: String,
        found: Option<String>,
    },
    /// Another stack gave the label another value.
    Claimed {
        label: String,
        wanted: String,
        given: String,
        owner: String,
    },
}

impl NodeFault {
    /// All that keeps a plan from having its nodes, in order of address and label.
    pub fn all(plan: &Plan, cluster: &Cluster) -> Vec<Self> {
        let mut faults = Vec::new();
        for (address, node) in declared(plan) {
            faults.extend(Self::of(address, node, &cluster.machines, &plan.stack));
        }
        faults
    }

    /// All that keeps a stack from having one node.
    pub fn of(address: &Address, node: &SwarmNode, machines: &[Machine], stack: &str) -> Vec<Self> {
        let troubles = troubles(node, machines, stack).into_iter();
        let fault = |because| Self {
            address: address.clone(),
            host: node.host.clone(),
            because,
        };
        troubles.map(fault).collect()
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        let host = &self.host;
        match &self.because {
            NodeTrouble::Unknown { hosts } => {
                format!("the swarm has {}", hosts.join(", "))
            }
            NodeTrouble::Ambiguous { .. } => {
                "remove the one that is not meant from the swarm, or rename its host".to_owned()
            }
            NodeTrouble::Otherwise { label, wanted, .. } => format!(
                "docker node update --label-add {label}={wanted} {host}; or let Skep do it: \
                 `mode=set`"
            ),
            NodeTrouble::Claimed { owner, .. } => {
                format!(
                    "agree with stack {owner} on one value, or use another label; if that stack \
                     is no more: docker node update --label-rm {CLAIM}{owner} {host}"
                )
            }
        }
    }
}

impl fmt::Display for NodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            host,
            because,
        } = self;
        match because {
            NodeTrouble::Unknown { .. } => {
                write!(f, "`{address}`: no machine of the swarm is called `{host}`")
            }
            NodeTrouble::Ambiguous { ids } => write!(
                f,
                "`{address}`: {} machines are called `{host}`: {}",
                ids.len(),
                ids.join(", ")
            ),
            NodeTrouble::Otherwise {
                label,
                wanted,
                found: Some(found),
            } => write!(
                f,
                "`{address}` wants `{label}={wanted}`, and {host} has `{label}={found}`"
            ),
            NodeTrouble::Otherwise { label, wanted, .. } => write!(
                f,
                "`{address}` wants `{label}={wanted}`, and {host} has no label `{label}`"
            ),
            NodeTrouble::Claimed {
                label,
                wanted,
                given,
                owner,
            } => write!(
                f,
                "`{address}` wants `{label}={wanted}`, and stack {owner} gave {host} \
                 `{label}={given}`"
            ),
        }
    }
}

fn troubles(node: &SwarmNode, machines: &[Machine], stack: &str) -> Vec<NodeTrouble> {
    let Some(found) = machine(machines, &node.host) else {
        let hosts = machines.iter().map(|machine| machine.host.clone());
        return vec![NodeTrouble::Unknown {
            hosts: hosts.collect(),
        }];
    };
    let is_twin =
        |machine: &&Machine| machine.host == node.host && machine.state == MachineState::Ready;
    let ids: Vec<String> = machines
        .iter()
        .filter(is_twin)
        .map(|machine| machine.id.clone())
        .collect();
    if ids.len() > 1 {
        return vec![NodeTrouble::Ambiguous { ids }];
    }
    let labels = node.labels.iter();
    if node.assert {
        let other = labels.filter(|(key, value)| found.labels.get(*key) != Some(value));
        other
            .map(|(key, value)| NodeTrouble::Otherwise {
                label: key.clone(),
                wanted: value.clone(),
                found: found.labels.get(key).cloned(),
            })
            .collect()
    } else {
        labels
            .filter_map(|(key, value)| claimed(found, stack, key, value))
            .collect()
    }
}

fn claimed(machine: &Machine, stack: &str, key: &str, wanted: &str) -> Option<NodeTrouble> {
    let mut others = machine.claims.iter().filter(|(owner, _)| *owner != stack);
    let (owner, given) = others.find_map(|(owner, claim)| {
        let given = claim.set.get(key).filter(|given| *given != wanted)?;
        Some((owner, given))
    })?;
    Some(NodeTrouble::Claimed {
        label: key.to_owned(),
        wanted: wanted.to_owned(),
        given: given.clone(),
        owner: owner.clone(),
    })
}
