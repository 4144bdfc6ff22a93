//! The nodes of the model: their labels, and what a change of them does to tasks.

use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::digest::DigestText;
use skep_schema::inventory::{Availability, Foreign, Holder, Load, Machine, MachineState};
use skep_schema::place::Host;
use skep_schema::plan::{PlanNode, SwarmNode};

use super::fault::Verb;
use super::objects::{Labels, is_of};
use super::place::is_eligible;
use super::refusal::{Refusal, Reply};
use super::world::{Desired, Node, TaskState, World};
use super::{Model, Trouble};
use crate::swarm::foreign::whose;
use crate::swarm::machine::apart;
use crate::swarm::relabel::{Relabelling, relabelling};

/// The engine writes a node itself whenever its machine reports.
const RACES: usize = 5;

impl Node {
    pub(crate) fn as_host<'a>(&'a self, name: &'a str) -> Host<'a> {
        let (os, arch) = self
            .platform
            .split_once('/')
            .unwrap_or((&self.platform, ""));
        Host {
            id: &self.id,
            name,
            address: &self.address,
            role: self.role,
            availability: self.availability,
            state: self.state,
            os,
            arch,
            labels: &self.labels,
            engine_labels: &NONE,
            cpu: self.cpu,
            memory: self.memory,
            generic: &self.generic,
            plugins: None,
        }
    }

    fn as_machine(&self, host: &str, load: Load) -> Machine {
        let (labels, claims) = apart(&self.labels);
        let seen = self.as_host(host);
        Machine {
            id: self.id.clone(),
            host: host.to_owned(),
            address: self.address.clone(),
            role: self.role,
            availability: self.availability,
            state: self.state,
            os: seen.os.to_owned(),
            arch: seen.arch.to_owned(),
            labels,
            claims,
            engine_labels: Labels::new(),
            cpu: self.cpu,
            memory: self.memory,
            generic: self.generic.clone(),
            plugins: None,
            load,
        }
    }
}

static NONE: Labels = Labels::new();

impl World {
    pub(super) fn machines(&self) -> Vec<Machine> {
        let mut loads = self.loads();
        let nodes = self.nodes.iter();
        nodes
            .map(|(host, node)| node.as_machine(host, loads.remove(host).unwrap_or_default()))
            .collect()
    }

    /// What others than this stack have that only one can have.
    pub(super) fn foreign(&self, stack: &str) -> Foreign {
        let mut foreign = Foreign::default();
        for (name, service) in &self.services {
            let labels = &service.spec.labels;
            if is_of(labels, stack) {
                continue;
            }
            for (port, published) in &service.spec.publish {
                let holder = Holder {
                    mode: published.mode,
                    of: whose("service", name, labels),
                };
                foreign.ports.insert(port.clone(), holder);
            }
        }
        for (name, network) in &self.networks {
            if is_of(&network.spec.labels, stack) {
                continue;
            }
            let of = whose("network", name, &network.spec.labels);
            let ranges = network.spec.subnets.iter();
            let held = ranges.map(|range| (range.subnet.clone(), of.clone()));
            foreign.subnets.extend(held);
        }
        foreign
    }

    /// Writes what of a node people decide.
    ///
    /// # Errors
    /// There is no such node, or somebody wrote it since `version`.
    pub fn update_node(
        &mut self,
        host: &str,
        version: u64,
        labels: Labels,
        availability: Availability,
    ) -> Reply<()> {
        let node = self
            .nodes
            .get_mut(host)
            .ok_or_else(|| Refusal::not_found("node", host))?;
        if node.version != version {
            return Err(Refusal::out_of_sequence());
        }
        self.index += 1;
        node.version = self.index;
        node.labels = labels;
        node.availability = availability;
        self.evict(host);
        Ok(())
    }

    /// A machine that goes or comes back.
    ///
    /// # Errors
    /// There is no such node.
    pub fn set_state(&mut self, host: &str, state: MachineState) -> Reply<()> {
        let node = self
            .nodes
            .get_mut(host)
            .ok_or_else(|| Refusal::not_found("node", host))?;
        self.index += 1;
        node.version = self.index;
        node.state = state;
        Ok(())
    }

    /// Tasks leave a node at once when it no longer meets their constraints or is drained.
    fn evict(&mut self, host: &str) {
        let Some(node) = self.nodes.get(host) else {
            return;
        };
        let (drained, clock) = (node.availability == Availability::Drain, self.clock);
        let tasks = self.tasks.values_mut().flat_map(|tasks| tasks.values_mut());
        for task in tasks.filter(|task| {
            task.node.as_deref() == Some(host) && task.is_wanted() && !task.state.has_ended()
        }) {
            if drained {
                task.desired = Desired::Shutdown;
            } else if !is_eligible(&task.template, host, node) {
                task.enter(TaskState::Rejected, clock);
                "assigned node no longer meets constraints".clone_into(&mut task.error);
            }
        }
    }
}

impl Model {
    /// Brings the labels of a node from what `before` says of them to what `after` wants, the old
    /// node first where it is another.
    pub(super) fn write_node(
        &self,
        address: &Address,
        before: Option<&PlanNode>,
        after: Option<&PlanNode>,
    ) -> Result<(), ProviderError> {
        let old = before.and_then(|node| node.payload.as_node());
        let new = after.and_then(|node| Some((node.payload.as_node()?, &node.digest)));
        let stays = new.is_some_and(|(new, _)| old.is_none_or(|old| old.host == new.host));
        if let Some(old) = old.filter(|_| !stays) {
            self.label(address, &old.host, Some(old), None)?;
        }
        new.map_or(Ok(()), |(new, digest)| {
            let old = old.filter(|_| stays);
            self.label(address, &new.host, old, Some((new, digest)))
        })
    }

    fn label(
        &self,
        address: &Address,
        host: &str,
        old: Option<&SwarmNode>,
        new: Option<(&SwarmNode, &DigestText)>,
    ) -> Result<(), ProviderError> {
        let conflict = || ProviderError::Conflict {
            address: address.clone(),
        };
        for _ in 0..RACES {
            let found = self.look(|world| {
                let node = world.nodes.get(host)?;
                Some((
                    node.version,
                    node.availability,
                    node.as_machine(host, Load::default()),
                ))
            })?;
            let Some((version, availability, machine)) = found else {
                return new.map_or(Ok(()), |_| {
                    let message = format!("no machine of the swarm is called `{host}`");
                    Err(ProviderError::Rejected { message })
                });
            };
            let labels = match relabelling(address, &machine, &self.stack, old, new) {
                Relabelling::Nothing => return Ok(()),
                Relabelling::Conflict => return Err(conflict()),
                Relabelling::Denied(message) => return Err(ProviderError::Denied { message }),
                Relabelling::Write(labels) => labels,
            };
            let answer = self.send(Verb::Update, Kind::Node, host, |world| {
                world.update_node(host, version, labels, availability)
            });
            match answer {
                Err(Trouble::Refused(refusal)) if refusal.is_race() => {}
                answer => return self.answered(address, answer),
            }
        }
        Err(conflict())
    }
}
