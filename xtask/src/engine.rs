//! A private Docker engine of one or three manager nodes, each in namespaces of its own.
//!
//! Nodes hang on a bridge inside a *switch* namespace, out of reach of a system engine's firewall
//! rules. A node has its own network, mounts, process numbers and host name, so killing one process
//! removes the daemon, its containers and its mounts at once. Nothing can leave: the gateway
//! refuses all.

mod command;
mod keep;
mod names;
mod net;
mod node;
mod record;
mod swarm;

use std::path::{Path, PathBuf};

pub(crate) use self::command::command;
pub(crate) use self::keep::Kept;
pub(crate) use self::node::Node;
use crate::shell::{self, Process};

/// Tells engines apart: third byte of the nodes' addresses and part of every name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u8);

impl Slot {
    /// The one engine started by hand.
    const BY_HAND: Self = Self(213);

    /// Prefix of network namespaces, links and control groups.
    fn name(self) -> String {
        format!("skep{}", self.0)
    }

    /// Sockets and the record. Short, because a socket's path may have no more than 107 bytes.
    fn run_dir(self) -> PathBuf {
        PathBuf::from("/run").join(self.name())
    }

    fn address(self, host: u8) -> String {
        format!("192.168.{}.{host}", self.0)
    }
}

/// A swarm of managers on this machine.
#[derive(Debug)]
pub(crate) struct Engine {
    slot: Slot,
    /// Images, containers and swarm state; on a real disk, gone after `down`.
    data: PathBuf,
    /// Who takes it down. One started by hand has no owner and stays.
    owner: Option<Process>,
    nodes: Vec<Node>,
}

impl Engine {
    fn new(slot: Slot, nodes: u8, data: PathBuf, owner: Option<Process>) -> Self {
        let nodes = (1..=nodes)
            .map(|index| Node::new(slot, index, &data))
            .collect();
        Self {
            slot,
            data,
            owner,
            nodes,
        }
    }

    /// Starts the nodes in a slot that `record::claim` has taken.
    fn start(&self) -> Result<(), String> {
        remove_dir(&self.data)?;
        net::up(self.slot, &self.nodes)?;
        names::start(self.slot)?;
        let daemons: Result<Vec<_>, _> = self.nodes.iter().map(Node::start).collect();
        for (node, mut daemon) in self.nodes.iter().zip(daemons?) {
            node.wait_until_ready(&mut daemon)?;
        }
        swarm::form(&self.nodes)
    }

    /// Removes every trace, also of a start that went only halfway.
    fn down(&self) -> Result<(), String> {
        net::down(self.slot)?;
        node::remove_cgroups(self.slot);
        remove_dir(&self.data)?;
        remove_dir(&self.slot.run_dir())
    }

    fn is_alive(&self) -> bool {
        self.nodes.iter().any(Node::is_alive)
    }

    fn node(&self, index: &str) -> Result<&Node, String> {
        let count = self.nodes.len();
        let found = self
            .nodes
            .iter()
            .find(|node| node.index.to_string() == index);
        found.ok_or_else(|| format!("no node `{index}`: this engine has nodes 1 to {count}"))
    }

    /// The nodes' addresses, separated by commas.
    fn addresses(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(Node::address).collect();
        addresses.join(",")
    }
}

/// Where the nodes of the engine started by hand are reached; empty when there is none.
pub(crate) fn hosts_by_hand() -> Vec<String> {
    let engine = record::read(Slot::BY_HAND);
    engine
        .iter()
        .flat_map(|engine| &engine.nodes)
        .map(Node::host)
        .collect()
}

/// By `rm`, because a folder of images is large and `rm` does not stop at files that vanish.
fn remove_dir(dir: &Path) -> Result<(), String> {
    shell::read("rm", &["-rf".as_ref(), dir.as_os_str()]).map(drop)
}
