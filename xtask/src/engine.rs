//! A private Docker engine of one or three manager nodes, each in namespaces of its own.
//!
//! Nodes hang on a bridge inside a *switch* namespace, out of reach of a system engine's firewall
//! rules. A node has its own network, mount, PID and host name, so killing one process removes the
//! daemon, its containers and its mounts at once. Nothing can leave: the gateway refuses all.

mod net;
mod node;
mod record;
mod swarm;

use std::fs;
use std::path::PathBuf;

pub(crate) use self::node::Node;
use crate::shell;

/// The engine started by hand; those of test runs take the first free slot above.
const BY_HAND: Slot = Slot(213);

/// Tells engines apart: third byte of the nodes' addresses and part of every name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u8);

impl Slot {
    /// Prefix of network namespaces, links and control groups.
    fn name(self) -> String {
        format!("skep{}", self.0)
    }

    /// Sockets and records. Short, because a socket's path may have no more than 107 bytes.
    fn run_dir(self) -> PathBuf {
        PathBuf::from("/run").join(self.name())
    }

    fn address(self, host: u8) -> String {
        format!("192.168.{}.{host}", self.0)
    }
}

/// A running engine.
#[derive(Debug)]
pub(crate) struct Engine {
    slot: Slot,
    /// Images, containers and swarm state; on a real disk, gone after `down`.
    data: PathBuf,
    pub(crate) nodes: Vec<Node>,
}

impl Engine {
    /// Starts `nodes` managers in one swarm.
    pub(crate) fn up(slot: Slot, nodes: u8) -> Result<Self, String> {
        down(slot)?;
        let engine = Self::new(slot, nodes);
        engine.start().inspect_err(|_| {
            if let Err(error) = down(slot) {
                eprintln!("xtask: while cleaning up: {error}");
            }
        })
    }

    fn new(slot: Slot, nodes: u8) -> Self {
        let data = crate::repo::target()
            .join("engine")
            .join(slot.0.to_string());
        let nodes = (1..=nodes)
            .map(|index| Node::new(slot, index, &data))
            .collect();
        Self { slot, data, nodes }
    }

    fn start(mut self) -> Result<Self, String> {
        fs::create_dir_all(self.slot.run_dir()).map_err(|e| e.to_string())?;
        net::up(self.slot, &self.nodes)?;
        for node in &mut self.nodes {
            node.start()?;
        }
        record::write(&self)?;
        self.nodes.iter().try_for_each(Node::wait_until_ready)?;
        swarm::form(&self.nodes)?;
        Ok(self)
    }

    /// The engine of this slot as an earlier `up` left it.
    pub(crate) fn find(slot: Slot) -> Option<Self> {
        record::read(slot)
    }

    fn node(&mut self, index: &str) -> Result<&mut Node, String> {
        let count = self.nodes.len();
        let found = self
            .nodes
            .iter_mut()
            .find(|node| node.index.to_string() == index);
        found.ok_or_else(|| format!("no node `{index}`: this engine has nodes 1 to {count}"))
    }

    fn env(&self) -> String {
        let address: Vec<_> = self.nodes.iter().map(Node::address).collect();
        format!(
            "export DOCKER_HOST={}\nexport SKEP_TEST_NODE_ADDR={}",
            self.nodes[0].host(),
            address.join(",")
        )
    }
}

/// Removes every trace of the slot's engine, also of one that was started halfway.
pub(crate) fn down(slot: Slot) -> Result<(), String> {
    if let Some(engine) = Engine::find(slot) {
        engine.nodes.iter().try_for_each(Node::kill)?;
        remove_dir(&engine.data)?;
    }
    net::down(slot)?;
    node::remove_cgroups(slot);
    remove_dir(&slot.run_dir())
}

/// `cargo xtask engine ...`
pub(crate) fn command(words: &[&str]) -> Result<(), String> {
    match words {
        ["up"] | ["up", "--nodes", "1"] => up(1),
        ["up", "--nodes", "3"] => up(3),
        ["down"] => down(BY_HAND),
        ["env"] => running().map(|engine| println!("{}", engine.env())),
        ["status"] => {
            swarm::print_status(&running()?.nodes);
            Ok(())
        }
        ["crash", index] => running()?.node(index)?.crash(),
        ["partition", index] => net::partition(running()?.node(index)?),
        ["heal", index] => heal(running()?, index),
        _ => Err("no such engine command; see `cargo xtask help`".to_owned()),
    }
}

fn running() -> Result<Engine, String> {
    Engine::find(BY_HAND)
        .ok_or_else(|| "no engine runs; start one with `cargo xtask engine up`".to_owned())
}

fn up(nodes: u8) -> Result<(), String> {
    if Engine::find(BY_HAND).is_some_and(|engine| engine.nodes.iter().any(Node::is_alive)) {
        return Err("an engine runs already; see `cargo xtask engine status`".to_owned());
    }
    let engine = Engine::up(BY_HAND, nodes)?;
    println!("{}", engine.env());
    Ok(())
}

fn heal(mut engine: Engine, index: &str) -> Result<(), String> {
    let node = engine.node(index)?;
    net::heal(node)?;
    if !node.is_alive() {
        node.start()?;
        node.wait_until_ready()?;
    }
    record::write(&engine)
}

fn remove_dir(dir: &std::path::Path) -> Result<(), String> {
    if !dir.exists() {
        return Ok(());
    }
    // `rm` and not `fs::remove_dir_all`: images hold files that even root may not unlink one by one.
    shell::read("rm", &["-rf".as_ref(), dir.as_os_str()]).map(drop)
}
