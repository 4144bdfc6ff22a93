//! The wires between the nodes, and the one from this machine to them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Node, Slot};
use crate::shell;

/// The switch's own address: default route and name server of all nodes; it refuses everything.
const GATEWAY: u8 = 254;
/// This machine's address on the nodes' network, so that tests reach published ports.
const HERE: u8 = 253;

pub(super) fn up(slot: Slot, nodes: &[Node]) -> Result<(), String> {
    switch(slot)?;
    cable_from_here(slot)?;
    nodes.iter().try_for_each(cable)
}

/// Deleting a namespace deletes the links inside, but some time later: the one link that has an end
/// outside is deleted by name, so that its name is free at once.
pub(super) fn down(slot: Slot) -> Result<(), String> {
    if Path::new("/sys/class/net").join(slot.name()).exists() {
        ip(&format!("link del {}", slot.name()))?;
    }
    let prefix = format!("{}-", slot.name());
    for entry in fs::read_dir("/run/netns").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&prefix) {
            end_processes(&name)?;
            ip(&format!("netns del {name}"))?;
        }
    }
    Ok(())
}

/// The processes in a network namespace. Of a node these are all but those in containers.
pub(super) fn processes(name: &str) -> Vec<String> {
    let found = shell::read("ip", &["netns", "pids", name]).unwrap_or_default();
    found.lines().map(|line| line.trim().to_owned()).collect()
}

/// Kills until none is left, for one may start another meanwhile.
pub(super) fn end_processes(name: &str) -> Result<(), String> {
    shell::wait_until(Duration::from_secs(20), &format!("{name} is empty"), || {
        let found = processes(name);
        for pid in &found {
            shell::kill(pid);
        }
        found.is_empty()
    })
}

pub(super) fn partition(node: &Node) -> Result<(), String> {
    ip(&format!(
        "-n {} link set p{} down",
        switch_name(node.slot),
        node.index
    ))
}

pub(super) fn heal(node: &Node) -> Result<(), String> {
    ip(&format!(
        "-n {} link set p{} up",
        switch_name(node.slot),
        node.index
    ))
}

pub(super) fn gateway(slot: Slot) -> String {
    slot.address(GATEWAY)
}

/// The bridge, and a gateway that answers "unreachable" at once, so that pulls and look-ups fail
/// in milliseconds and not after a resolver's 20 s.
fn switch(slot: Slot) -> Result<(), String> {
    let switch = switch_name(slot);
    ip(&format!("netns add {switch}"))?;
    ip(&format!("-n {switch} link set lo up"))?;
    ip(&format!("-n {switch} link add br0 type bridge"))?;
    ip(&format!(
        "-n {switch} addr add {}/24 dev br0",
        gateway(slot)
    ))?;
    ip(&format!("-n {switch} link set br0 up"))?;
    ip(&format!("-n {switch} route add unreachable default"))?;
    let net = Path::new("/run/netns").join(&switch);
    let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
    shell::read(
        "nsenter",
        &[&format!("--net={}", net.display()), "sh", "-c", forward],
    )
    .map(drop)
}

fn cable_from_here(slot: Slot) -> Result<(), String> {
    let (switch, name) = (switch_name(slot), slot.name());
    ip(&format!(
        "link add {name} type veth peer name here netns {switch}"
    ))?;
    ip(&format!("-n {switch} link set here master br0 up"))?;
    ip(&format!("addr add {}/24 dev {name}", slot.address(HERE)))?;
    ip(&format!("link set {name} up"))
}

fn cable(node: &Node) -> Result<(), String> {
    let (switch, net, port) = (switch_name(node.slot), node.name(), node.index);
    ip(&format!("netns add {net}"))?;
    ip(&format!(
        "-n {switch} link add p{port} type veth peer name eth0 netns {net}"
    ))?;
    ip(&format!("-n {switch} link set p{port} master br0 up"))?;
    ip(&format!("-n {net} addr add {}/24 dev eth0", node.address()))?;
    ip(&format!("-n {net} link set eth0 up"))?;
    ip(&format!("-n {net} link set lo up"))?;
    // `swarm init` picks its address by the default route.
    ip(&format!(
        "-n {net} route add default via {}",
        gateway(node.slot)
    ))
}

pub(super) fn switch_name(slot: Slot) -> String {
    format!("{}-sw", slot.name())
}

fn ip(line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split(' ').collect();
    shell::read("ip", &words).map(drop)
}
