//! `cargo xtask engine ...`

use super::{Engine, Node, Slot, keep, names, net, record, swarm};
use crate::repo;

pub(crate) fn command(words: &[&str]) -> Result<(), String> {
    match words {
        ["--slot", slot, words @ ..] => at(slot, words),
        ["up"] | ["up", "--nodes", "1"] => up(1),
        ["up", "--nodes", "3"] => up(3),
        ["down"] => record::read(Slot::BY_HAND).map_or(Ok(()), |engine| engine.down()),
        ["env"] => running().map(|engine| println!("{}", env(&engine))),
        ["status"] => running().map(|engine| println!("{}", swarm::status(&engine.nodes))),
        ["crash" | "partition" | "heal", _] => harm(&running()?, words),
        ["keep"] => keep::keep(1),
        ["keep", "--nodes", "3"] => keep::keep(3),
        ["names", address] => names::serve(address).map_err(|e| e.to_string()),
        _ => Err("no such engine command; see `cargo xtask help`".to_owned()),
    }
}

/// The engine of a test run, for the tests themselves.
fn at(slot: &str, words: &[&str]) -> Result<(), String> {
    let slot = slot.parse().map_err(|_| format!("no slot `{slot}`"))?;
    let engine = record::read(Slot(slot)).ok_or("no engine runs in that slot")?;
    harm(&engine, words)
}

fn harm(engine: &Engine, words: &[&str]) -> Result<(), String> {
    match words {
        ["crash", index] => engine.node(index)?.crash(),
        ["partition", index] => net::partition(engine.node(index)?),
        ["heal", index] => heal(engine.node(index)?),
        _ => Err("no such engine command; see `cargo xtask help`".to_owned()),
    }
}

fn running() -> Result<Engine, String> {
    record::read(Slot::BY_HAND)
        .ok_or_else(|| "no engine runs; start one with `cargo xtask engine up`".to_owned())
}

fn up(nodes: u8) -> Result<(), String> {
    if let Some(earlier) = record::read(Slot::BY_HAND) {
        if earlier.is_alive() {
            return Err("an engine runs already; see `cargo xtask engine status`".to_owned());
        }
        earlier.down()?;
    }
    let data = repo::target().join("engine").join("by-hand");
    let engine = Engine::new(Slot::BY_HAND, nodes, data, None);
    if !record::claim(&engine)? {
        return Err("somebody else is starting an engine".to_owned());
    }
    engine
        .start()
        .or_else(|error| engine.down().and(Err(error)))?;
    println!("{}", env(&engine));
    Ok(())
}

fn env(engine: &Engine) -> String {
    let host = engine.nodes[0].host();
    format!(
        "export DOCKER_HOST={host}\nexport SKEP_TEST_NODE_ADDR={}",
        engine.addresses()
    )
}

fn heal(node: &Node) -> Result<(), String> {
    net::heal(node)?;
    if node.is_alive() {
        return Ok(());
    }
    node.wait_until_ready(&mut node.start()?)
}
