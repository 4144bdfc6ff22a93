//! An engine for one test run, which is gone when the run is, however that ends.
//!
//! A *keeper* process in a session of its own holds the engine. It takes the engine down when its
//! standard input closes, and the kernel closes that when the run ends, panics or is killed.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{Engine, Slot, record};
use crate::repo;
use crate::shell::Process;

/// Slots of test runs; more runs than this at a time would not fit a machine.
const SLOTS: std::ops::RangeInclusive<u8> = 214..=229;

/// An engine that goes down when this is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    keeper: Child,
    /// `unix://...` of the first node
    pub(crate) host: String,
    /// Addresses of the nodes, separated by commas.
    pub(crate) addresses: String,
    /// Number by which the tests name it to `engine --slot`.
    pub(crate) slot: String,
}

impl Kept {
    /// Starts a keeper and waits until its engine of one node or three is up.
    pub(crate) fn up(nodes: u8) -> Result<Self, String> {
        let mut keeper = Command::new("setsid")
            .args([&repo::this_program(), "engine", "keep"])
            .args(
                (nodes == 3)
                    .then_some(["--nodes", "3"])
                    .into_iter()
                    .flatten(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start `setsid`: {e}"))?;
        let stdout = keeper.stdout.take().expect("standard output is piped");
        let mut kept = Self {
            keeper,
            host: String::new(),
            addresses: String::new(),
            slot: String::new(),
        };
        kept.read_answer(BufReader::new(stdout))
            .map_err(|e| e.to_string())?;
        if kept.addresses.is_empty() {
            Err("no engine for the tests".to_owned())
        } else {
            Ok(kept)
        }
    }

    /// Where its nodes are reached.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let slot = self.slot.parse().map(Slot);
        let engine = slot.ok().and_then(record::read);
        engine.map_or_else(Vec::new, |engine| {
            engine.nodes.iter().map(super::Node::host).collect()
        })
    }

    /// Takes the engine down and waits for that.
    pub(crate) fn down(mut self) -> Result<(), String> {
        drop(self.keeper.stdin.take());
        let status = self.keeper.wait().map_err(|e| e.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err("the engine was not taken down cleanly".into())
        }
    }

    fn read_answer(&mut self, mut lines: BufReader<ChildStdout>) -> io::Result<()> {
        for line in [&mut self.host, &mut self.addresses, &mut self.slot] {
            lines.read_line(line)?;
            line.truncate(line.trim_end().len());
        }
        Ok(())
    }
}

/// The keeper's side: up, three lines of answer, then down when standard input ends.
pub(super) fn keep(nodes: u8) -> Result<(), String> {
    remove_leftovers()?;
    let engine = claim_free_slot(nodes)?;
    let kept = engine.start().map(|()| {
        let (host, slot) = (engine.nodes[0].host(), engine.slot.0);
        println!("{host}\n{}\n{slot}", engine.addresses());
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
    });
    kept.and(engine.down())
}

/// Removes engines whose keeper was killed.
fn remove_leftovers() -> Result<(), String> {
    let engines = SLOTS.filter_map(|slot| record::read(Slot(slot)));
    let orphans = engines.filter(|engine| !engine.owner.is_some_and(Process::is_alive));
    orphans.into_iter().try_for_each(|engine| engine.down())
}

fn claim_free_slot(nodes: u8) -> Result<Engine, String> {
    let me = Process::now(std::process::id());
    for slot in SLOTS {
        let data = repo::target().join("engine").join(slot.to_string());
        let engine = Engine::new(Slot(slot), nodes, data, me);
        if record::claim(&engine)? {
            return Ok(engine);
        }
    }
    Err("all engine slots are taken; other test runs must end first".to_owned())
}
