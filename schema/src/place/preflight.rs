//! What would hang, or be refused by the engine, found before anything is written.
//!
//! Measured on Engine 20.10: a task without a node waits for ever and its update never fails; an
//! update with `start-first` whose new task needs what the old one holds waits for ever; a network
//! whose subnet overlaps another is made and never works.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::missing::{Missing, absent};
use super::{Host, Obstacle};
use crate::address::Address;
use crate::change::{Action, Change};
use crate::inventory::{
    Availability, Cluster, Foreign, Inventory, Load, Machine, MachineState, Readiness, Use, machine,
};
use crate::plan::{Mode, Order, Payload, Plan, PublishMode, Service, SwarmNode};

/// Something that stands in the way of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Concern {
    pub address: Address,
    pub because: Because,
    /// A lowercase fragment that says what would happen.
    pub message: String,
    /// What each machine lacks, where that is the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Lacking>,
    /// What it refers to and is not there, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// What would keep an apply from getting anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// No machine can take a task, as long as nobody changes one.
    NoMachine,
    /// Only some of the tasks find a machine.
    NoRoom,
    /// The new task waits for what the old one gives up only when the new one runs.
    Deadlock,
    /// The engine refuses a published port that another service has.
    PortTaken,
    /// The engine makes such a network without a word, and no task on it ever starts.
    SubnetTaken,
    /// It refers to an external object that nobody has made.
    Absent,
}

/// A machine that cannot take a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Lacking {
    pub host: String,
    pub reasons: Vec<String>,
}

impl Lacking {
    /// What keeps a task of a service away from each machine; one that could take it is left out.
    pub fn all(service: &Service, machines: &[Machine]) -> Vec<Self> {
        let found = machines
            .iter()
            .map(|machine| (machine, machine.host().obstacles(service, &machine.load)));
        found
            .filter(|(_, obstacles)| !obstacles.is_empty())
            .map(|(machine, obstacles)| Self::of(machine, &obstacles))
            .collect()
    }

    /// Adds to a service that found no node what each of them lacks. The engine counts nodes and
    /// names none.
    #[must_use]
    pub fn explain(readiness: Readiness, service: &Service, machines: &[Machine]) -> Readiness {
        match readiness {
            Readiness::Failed(mut failure) if failure.message.starts_with(NO_NODE) => {
                for line in Self::lines(&Self::all(service, machines)) {
                    failure.message.push_str("; ");
                    failure.message.push_str(&line);
                }
                Readiness::Failed(failure)
            }
            other => other,
        }
    }

    fn of(machine: &Machine, obstacles: &[Obstacle]) -> Self {
        Self {
            host: machine.host.clone(),
            reasons: obstacles.iter().map(ToString::to_string).collect(),
        }
    }

    /// `w1 is drained`, one line for all machines with the same reasons.
    pub fn lines(all: &[Self]) -> Vec<String> {
        let mut groups: Vec<(&[String], Vec<&str>)> = Vec::new();
        for Self { host, reasons } in all {
            match groups.iter_mut().find(|(known, _)| known == reasons) {
                Some((_, hosts)) => hosts.push(host),
                None => groups.push((reasons, vec![host])),
            }
        }
        let line = |(reasons, hosts): (&[String], Vec<&str>)| {
            let shown = hosts[..hosts.len().min(HOSTS)].join(", ");
            let more = hosts.len().saturating_sub(HOSTS);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let each = if hosts.len() > 1 { "each of " } else { "" };
            format!("{each}{shown}{more} {}", reasons.join(", and "))
        };
        groups.into_iter().map(line).collect()
    }
}

/// How the engine begins to say that a task finds no node.
const NO_NODE: &str = "no suitable node";
/// Machines named in one line.
const HOSTS: usize = 6;

/// All concerns about changes: what they refer to, and then, in their order, where they would go.
pub(crate) fn concerns(changes: &[Change], plan: &Plan, inventory: &Inventory) -> Vec<Concern> {
    let mut found = absent(changes, plan, &inventory.absent);
    found.extend(within(changes, &inventory.cluster));
    found
}

fn within(changes: &[Change], cluster: &Cluster) -> Vec<Concern> {
    if cluster.machines.is_empty() {
        return Vec::new();
    }
    let machines = relabelled(&cluster.machines, changes);
    let leaving: BTreeSet<&str> = changes.iter().filter_map(service_before).collect();
    let mut found = Vec::new();
    for change in changes {
        match change.after.as_deref().map(|node| &node.payload) {
            Some(Payload::Service(service)) => {
                found.extend(placing(change, service, &machines, &leaving));
                found.extend(ports(change, service, &cluster.foreign));
            }
            Some(Payload::Network(network)) if change.action != Action::Update => {
                let ranges = network.subnets.iter().map(|range| range.subnet.as_str());
                found.extend(ranges.filter_map(|range| subnet(change, range, &cluster.foreign)));
            }
            Some(
                Payload::Node(_)
                | Payload::Network(_)
                | Payload::Volume(_)
                | Payload::Secret(_)
                | Payload::Config(_)
                | Payload::Declared(_),
            )
            | None => {}
        }
    }
    found
}

/// The service a change begins with, by its name in the swarm.
fn service_before(change: &Change) -> Option<&str> {
    let before = change.before.as_ref()?.payload.as_service().ok()?;
    Some(&before.name)
}

/// The machines with the labels that the changes give them.
fn relabelled(machines: &[Machine], changes: &[Change]) -> Vec<Machine> {
    let mut labels: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    let empty = SwarmNode::default();
    for change in changes {
        let node = |side: &'_ Option<Box<crate::plan::PlanNode>>| -> Option<SwarmNode> {
            side.as_ref()?.payload.as_node().cloned()
        };
        let (before, after) = (node(&change.before), node(&change.after));
        for host in [&before, &after]
            .into_iter()
            .flatten()
            .map(|node| &node.host)
        {
            let on_host =
                |side: &Option<SwarmNode>| side.as_ref().filter(|node| node.host == *host).cloned();
            if let Some(found) = machine(machines, host) {
                let before = on_host(&before).unwrap_or_else(|| empty.clone());
                let after = on_host(&after).unwrap_or_else(|| empty.clone());
                labels.insert(&found.id, found.relabelled(&before, &after));
            }
        }
    }
    let with = |machine: &Machine| Machine {
        labels: labels
            .get(machine.id.as_str())
            .unwrap_or(&machine.labels)
            .clone(),
        ..machine.clone()
    };
    machines.iter().map(with).collect()
}

fn placing(
    change: &Change,
    service: &Service,
    machines: &[Machine],
    leaving: &BTreeSet<&str>,
) -> Option<Concern> {
    if !starts_tasks(change, service) {
        return None;
    }
    // What other changes end or move may make room.
    let calm: Vec<Machine> = loaded(machines, |name| leaving.contains(name));
    let lacking = Lacking::all(service, &calm);
    let concern = |because, message: String, machines| Concern {
        address: change.address.clone(),
        because,
        message,
        machines,
        missing: None,
    };
    if lacking.len() == calm.len() {
        let message = match service.mode {
            Mode::Global if !calm.iter().any(|m| is_open(&m.host(), service)) => {
                let message = "it runs nowhere: no node takes a task of it".to_owned();
                return Some(concern(Because::NoRoom, message, lacking));
            }
            Mode::Global | Mode::Replicated | Mode::Once => "no node can take a task of it",
        };
        return Some(concern(Because::NoMachine, message.to_owned(), lacking));
    }
    if let Some(crowded) = deadlock(change, service, machines, leaving) {
        let message = "its update waits for ever: order start-first wants room for the new task \
                       beside the old one, and no node has it"
            .to_owned();
        return Some(concern(Because::Deadlock, message, crowded));
    }
    match service.mode {
        Mode::Global => {
            let blocked = |machine: &Machine| {
                let host = machine.host();
                is_open(&host, service) && !host.obstacles(service, &machine.load).is_empty()
            };
            let blocked: Vec<Machine> = calm.into_iter().filter(blocked).collect();
            let message = "not every node that it runs on can take its task".to_owned();
            let lacking = Lacking::all(service, &blocked);
            (!lacking.is_empty()).then(|| concern(Because::NoRoom, message, lacking))
        }
        Mode::Replicated | Mode::Once => {
            let wanted = u64::from(service.replicas.unwrap_or(1));
            let room = room(service, &calm)?;
            let message = format!("there is room for {room} of its {wanted} tasks");
            (room < wanted).then(|| concern(Because::NoRoom, message, lacking))
        }
    }
}

/// Whether the change makes the scheduler look for a machine.
fn starts_tasks(change: &Change, service: &Service) -> bool {
    let tasks = |service: &Service| service.replicas.unwrap_or(1);
    let before = change
        .before
        .as_ref()
        .and_then(|n| n.payload.as_service().ok());
    let grows = before.is_none_or(|before| tasks(service) > tasks(before));
    (service.mode == Mode::Global || tasks(service) > 0)
        && (change.action != Action::Update || change.restarts() || grows)
}

/// Machines without the tasks of some services.
fn loaded(machines: &[Machine], leaves: impl Fn(&str) -> bool) -> Vec<Machine> {
    let left = machines.iter().map(|machine| Machine {
        load: machine.load.without(&leaves),
        ..machine.clone()
    });
    left.collect()
}

/// Whether a task of a global service belongs on a machine.
fn is_open(host: &Host<'_>, service: &Service) -> bool {
    host.suits(service)
        && host.state == MachineState::Ready
        && host.availability == Availability::Active
}

/// What each machine lacks for one task more than it has, where `start-first` wants that and none
/// has it.
fn deadlock(
    change: &Change,
    service: &Service,
    machines: &[Machine],
    leaving: &BTreeSet<&str>,
) -> Option<Vec<Lacking>> {
    let first = service.update.order == Some(Order::StartFirst);
    let updates = change.action == Action::Update && change.restarts();
    if !first || !updates || service.mode == Mode::Once {
        return None;
    }
    let crowded = loaded(machines, |name| {
        leaving.contains(name) && name != service.name
    });
    let runs = crowded.iter().any(|m| m.load.tasks_of(&service.name) > 0);
    let lacking = Lacking::all(service, &crowded);
    (runs && lacking.len() == crowded.len()).then_some(lacking)
}

/// How many tasks the machines can take together; nothing where only their size is the limit.
fn room(service: &Service, machines: &[Machine]) -> Option<u64> {
    let fitting = machines
        .iter()
        .filter(|m| m.host().obstacles(service, &m.load).is_empty());
    fitting.map(|machine| room_on(service, machine)).sum()
}

fn room_on(service: &Service, machine: &Machine) -> Option<u64> {
    let Use {
        tasks: _,
        cpu,
        memory,
        generic,
        ports,
    } = Use::of(service);
    let Load { total, services: _ } = &machine.load;
    let times =
        |of: u64, taken: u64, wanted: u64| (wanted > 0).then(|| of.saturating_sub(taken) / wanted);
    let kinds = generic.iter().filter_map(|(kind, wanted)| {
        let number = |all: &BTreeMap<String, u64>| all.get(kind).copied().unwrap_or(0);
        times(number(&machine.generic), number(&total.generic), *wanted)
    });
    let most = service.placement.max_per_node.filter(|most| *most > 0);
    let running = machine.load.tasks_of(&service.name);
    [
        times(machine.cpu, total.cpu, cpu),
        times(machine.memory, total.memory, memory),
        (!ports.is_empty()).then_some(1),
        most.map(|most| u64::from(most).saturating_sub(running)),
    ]
    .into_iter()
    .flatten()
    .chain(kinds)
    .min()
}

/// Ports that the engine refuses because a service of somebody else has them. Two that both
/// take them of the machines are the scheduler's matter.
fn ports(change: &Change, service: &Service, foreign: &Foreign) -> Vec<Concern> {
    let wanted = service.publish.iter();
    let taken = wanted.filter_map(|(port, published)| {
        let holder = foreign.ports.get(port)?;
        let both_host = published.mode == PublishMode::Host && holder.mode == PublishMode::Host;
        (!both_host).then(|| format!("the port {port} belongs to {}", holder.of))
    });
    taken
        .map(|message| Concern {
            address: change.address.clone(),
            because: Because::PortTaken,
            message,
            machines: Vec::new(),
            missing: None,
        })
        .collect()
}

fn subnet(change: &Change, wanted: &str, foreign: &Foreign) -> Option<Concern> {
    let mut held = foreign.subnets.iter();
    let (range, holder) = held.find(|(range, _)| overlap(wanted, range))?;
    Some(Concern {
        address: change.address.clone(),
        because: Because::SubnetTaken,
        message: format!("its subnet {wanted} overlaps {range} of {holder}"),
        machines: Vec::new(),
        missing: None,
    })
}

/// Whether two ranges share an address; what is no range shares none.
fn overlap(one: &str, other: &str) -> bool {
    let (Some((one, long)), Some((other, short))) = (range(one), range(other)) else {
        return false;
    };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 4),
        IpAddr::V6(v6) => (v6.to_bits(), 6),
    };
    let ((one, kind), (other, kin)) = (bits(one), bits(other));
    let shared = long.min(short);
    kind == kin && (shared == 0 || (one ^ other) >> (128 - shared) == 0)
}

fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, prefix) = text.split_once('/')?;
    let (address, prefix): (IpAddr, u32) = (address.parse().ok()?, prefix.parse().ok()?);
    let width = if address.is_ipv4() { 32 } else { 128 };
    (prefix <= width).then_some((address, prefix))
}

impl Because {
    /// Whether an apply that went on could not succeed.
    pub const fn is_grave(self) -> bool {
        match self {
            Because::NoMachine
            | Because::Deadlock
            | Because::PortTaken
            | Because::SubnetTaken
            | Because::Absent => true,
            Because::NoRoom => false,
        }
    }
}

impl Concern {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self.because {
            Because::NoMachine | Because::NoRoom => {
                "change its placement, or the labels and availability of a node".to_owned()
            }
            Because::Deadlock => {
                "write `update { order stop-first }`, or give it a node more".to_owned()
            }
            Because::PortTaken => {
                "publish another port, or take it from the other service first".to_owned()
            }
            Because::SubnetTaken => {
                "choose another subnet, or none: the engine then picks one".to_owned()
            }
            Because::Absent => self.missing.as_ref().map(Missing::help).unwrap_or_default(),
        }
    }
}
