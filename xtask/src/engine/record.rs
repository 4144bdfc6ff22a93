//! What `up` leaves for `down`: a file that does not survive a reboot, as the engine does not.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Engine, Node, Slot};
use crate::shell::Process;

pub(super) fn write(engine: &Engine) -> Result<(), String> {
    let nodes: Vec<Value> = engine.nodes.iter().map(node_to_json).collect();
    let record = json!({ "data": engine.data, "nodes": nodes });
    fs::write(path(engine.slot), format!("{record:#}\n")).map_err(|e| e.to_string())
}

/// Nothing when no engine was started in this slot since the machine booted.
pub(super) fn read(slot: Slot) -> Option<Engine> {
    let text = fs::read_to_string(path(slot)).ok()?;
    let record: Value = serde_json::from_str(&text).ok()?;
    let data = PathBuf::from(record["data"].as_str()?);
    let mut engine = Engine {
        slot,
        nodes: Vec::new(),
        data,
    };
    for (index, node) in (1..).zip(record["nodes"].as_array()?) {
        let process = process_from_json(node);
        engine.nodes.push(Node {
            process,
            ..Node::new(slot, index, &engine.data)
        });
    }
    Some(engine)
}

fn path(slot: Slot) -> PathBuf {
    slot.run_dir().join("engine.json")
}

fn node_to_json(node: &Node) -> Value {
    json!({
        "pid": node.process.map(|process| process.pid),
        "started": node.process.map(|process| process.started),
    })
}

fn process_from_json(node: &Value) -> Option<Process> {
    let pid = u32::try_from(node["pid"].as_u64()?).ok()?;
    Some(Process {
        pid,
        started: node["started"].as_u64()?,
    })
}
