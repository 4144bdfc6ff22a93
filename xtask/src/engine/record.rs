//! What `up` leaves for `down`: a file that does not survive a reboot, as the engine does not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Engine, Slot};
use crate::shell::Process;

/// Takes the slot for this engine, or finds that another has it.
///
/// The folder appears together with its record, so no reader meets a slot without an owner.
pub(super) fn claim(engine: &Engine) -> Result<bool, String> {
    let draft = PathBuf::from(format!("/run/skep-{}", std::process::id()));
    write(engine, &draft).map_err(|e| format!("cannot write {}: {e}", draft.display()))?;
    let claimed = fs::rename(&draft, engine.slot.run_dir()).is_ok();
    if !claimed {
        fs::remove_dir_all(&draft).map_err(|e| e.to_string())?;
    }
    Ok(claimed)
}

/// Nothing when no engine was started in this slot since the machine booted.
pub(super) fn read(slot: Slot) -> Option<Engine> {
    let text = fs::read_to_string(slot.run_dir().join(FILE)).ok()?;
    let record: Value = serde_json::from_str(&text).ok()?;
    let data = PathBuf::from(record["data"].as_str()?);
    let nodes = u8::try_from(record["nodes"].as_u64()?).ok()?;
    Some(Engine::new(
        slot,
        nodes,
        data,
        owner_from_json(&record["owner"]),
    ))
}

const FILE: &str = "engine.json";

fn write(engine: &Engine, dir: &Path) -> io::Result<()> {
    let owner = engine
        .owner
        .map(|owner| json!({ "pid": owner.pid, "started": owner.started }));
    let record = json!({ "data": engine.data, "nodes": engine.nodes.len(), "owner": owner });
    fs::create_dir_all(dir)?;
    fs::write(dir.join(FILE), format!("{record:#}\n"))
}

fn owner_from_json(owner: &Value) -> Option<Process> {
    let pid = u32::try_from(owner["pid"].as_u64()?).ok()?;
    Some(Process {
        pid,
        started: owner["started"].as_u64()?,
    })
}
