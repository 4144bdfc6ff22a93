//! The machines of a cluster, and what runs on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::digest::DigestText;
use crate::plan::{PublishMode, Service, SwarmNode};

/// A machine of the swarm as its managers know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    pub id: String,
    pub host: String,
    pub address: String,
    pub role: Role,
    pub availability: Availability,
    pub state: MachineState,
    pub os: String,
    /// As the engine spells it, which need not be as images do: `x86_64`.
    pub arch: String,
    /// Without those in which stacks remember their claims.
    pub labels: BTreeMap<String, String>,
    /// By the name of the stack.
    pub claims: BTreeMap<String, Claim>,
    pub engine_labels: BTreeMap<String, String>,
    /// Billionths of a processor.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    pub generic: BTreeMap<String, u64>,
    /// Type and name, `Log` and `journald`; nothing where the machine does not tell.
    pub plugins: Option<BTreeSet<(String, String)>>,
    pub load: Load,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Manager,
    #[default]
    Worker,
}

impl Role {
    pub const fn word(self) -> &'static str {
        match self {
            Role::Manager => "manager",
            Role::Worker => "worker",
        }
    }
}

/// Whether people want tasks on a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    #[default]
    Active,
    /// It gets no new tasks.
    Pause,
    /// It gets none and loses those it has.
    Drain,
}

/// Whether the managers hear from a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MachineState {
    #[default]
    Ready,
    Down,
    Unknown,
    Disconnected,
}

/// What the tasks on one machine take up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub total: Use,
    /// By the name of the service.
    pub services: BTreeMap<String, Use>,
}

/// What some tasks take up together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    pub tasks: u64,
    /// Billionths of a processor.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    pub generic: BTreeMap<String, u64>,
    /// Ports of the machine itself, `80/tcp`.
    pub ports: BTreeSet<String>,
}

impl Load {
    /// One more task of a service.
    pub fn add(&mut self, service: &str, task: &Use) {
        self.total.add(task);
        match self.services.get_mut(service) {
            Some(some) => some.add(task),
            None => drop(self.services.insert(service.to_owned(), task.clone())),
        }
    }

    pub fn tasks_of(&self, service: &str) -> u64 {
        self.services.get(service).map_or(0, |some| some.tasks)
    }

    /// The service that has a port of the machine.
    pub fn holder(&self, port: &str) -> Option<&str> {
        let mut services = self.services.iter();
        services
            .find(|(_, some)| some.ports.contains(port))
            .map(|(name, _)| name.as_str())
    }

    /// What is left when the tasks of these services are gone.
    #[must_use]
    pub fn without(&self, leaves: impl Fn(&str) -> bool) -> Self {
        let mut load = Self::default();
        for (name, some) in self.services.iter().filter(|(name, _)| !leaves(name)) {
            load.total.add(some);
            load.services.insert(name.clone(), some.clone());
        }
        load
    }
}

impl Use {
    /// What one task of a service takes up.
    pub fn of(service: &Service) -> Self {
        let reserve = &service.reserve;
        let published = service.publish.iter();
        let generic = reserve.generic.iter();
        Self {
            tasks: 1,
            cpu: reserve.cpu.map_or(0, |cpu| cpu.0),
            memory: reserve.memory.map_or(0, |memory| memory.0),
            generic: generic
                .map(|(kind, wanted)| (kind.clone(), count(wanted)))
                .collect(),
            ports: published
                .filter(|(_, published)| published.mode == PublishMode::Host)
                .map(|(port, _)| port.clone())
                .collect(),
        }
    }

    fn add(&mut self, other: &Self) {
        let Self {
            tasks,
            cpu,
            memory,
            generic,
            ports,
        } = other;
        self.tasks += tasks;
        self.cpu = self.cpu.saturating_add(*cpu);
        self.memory = self.memory.saturating_add(*memory);
        for (kind, number) in generic {
            let all = self.generic.entry(kind.clone()).or_default();
            *all = all.saturating_add(*number);
        }
        self.ports.extend(ports.iter().cloned());
    }
}

/// A named resource counts as one.
fn count(resource: &str) -> u64 {
    resource.parse().unwrap_or(1)
}

/// Before the name of a stack: the label in which a machine remembers what the stack put there.
pub const CLAIM: &str = "skep.node.";

/// Which labels of a machine a stack put there; it is remembered at the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claim {
    /// The node of the stack that the machine is.
    pub address: Address,
    /// What was meant when it was written.
    pub digest: DigestText,
    /// The labels with the values they were given.
    pub set: BTreeMap<String, String>,
}

impl Machine {
    /// Another stack that put this label there.
    pub fn other_owner(&self, stack: &str, label: &str) -> Option<&str> {
        let mut others = self.claims.iter().filter(|(owner, _)| *owner != stack);
        others
            .find(|(_, claim)| claim.set.contains_key(label))
            .map(|(owner, _)| owner.as_str())
    }

    /// The machine as a node of a stack: the labels that `wanted` declares and those that the stack
    /// put there, as they are now.
    ///
    /// A label that has the wanted value because another stack put it there is left out, so that
    /// it is claimed before the other stack takes it away. One that the stack put there and
    /// somebody changed since is no longer its own, and neither is one that another stack put
    /// there too.
    pub fn as_node(&self, stack: &str, wanted: Option<&SwarmNode>) -> SwarmNode {
        let claimed = self.claims.get(stack).map(|claim| &claim.set);
        let is_seen = |key: &String, value: &String| {
            let given = claimed.and_then(|set| set.get(key));
            let shared = self.other_owner(stack, key).is_some();
            match wanted.and_then(|node| node.labels.get(key)) {
                Some(wanted) => given.is_some() || !shared || wanted != value,
                None => given == Some(value) && !shared,
            }
        };
        let seen = self
            .labels
            .iter()
            .filter(|(key, value)| is_seen(key, value));
        SwarmNode {
            host: self.host.clone(),
            assert: false,
            labels: seen
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }

    /// The labels of the machine as `after` wants them, where [`Self::as_node`] found `before`.
    pub fn relabelled(&self, before: &SwarmNode, after: &SwarmNode) -> BTreeMap<String, String> {
        let goes =
            |key: &String| before.labels.contains_key(key) && !after.labels.contains_key(key);
        let kept = self.labels.iter().filter(|(key, _)| !goes(key));
        kept.chain(&after.labels)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// What `stack` has put there when `after` is written: what it had put there before and still
    /// wants, and what it changes now.
    pub fn claimed(
        &self,
        stack: &str,
        before: &SwarmNode,
        after: &SwarmNode,
    ) -> BTreeMap<String, String> {
        let claimed = self.claims.get(stack).map(|claim| &claim.set);
        let is_ours = |key: &String, value: &String| {
            claimed.is_some_and(|set| set.contains_key(key))
                || before.labels.get(key) != Some(value)
        };
        let set = after
            .labels
            .iter()
            .filter(|(key, value)| is_ours(key, value));
        set.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}
