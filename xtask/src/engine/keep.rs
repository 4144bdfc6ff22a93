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
}

impl Kept {
    /// Starts a keeper and waits until its engine is up.
    pub(crate) fn up() -> Result<Self, String> {
        let mut keeper = Command::new("setsid")
            .args([&repo::this_program(), "engine", "keep"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start `setsid`: {e}"))?;
        let stdout = keeper.stdout.take().expect("standard output is piped");
        let mut kept = Self {
            keeper,
            host: String::new(),
            addresses: String::new(),
        };
        kept.read_answer(BufReader::new(stdout))
            .map_err(|e| e.to_string())?;
        if kept.addresses.is_empty() {
            Err("no engine for the tests".to_owned())
        } else {
            Ok(kept)
        }
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
        lines.read_line(&mut self.host)?;
        lines.read_line(&mut self.addresses)?;
        self.host.truncate(self.host.trim_end().len());
        self.addresses.truncate(self.addresses.trim_end().len());
        Ok(())
    }
}

/// The keeper's side: up, two lines of answer, then down when standard input ends.
pub(super) fn keep() -> Result<(), String> {
    remove_leftovers()?;
    let engine = claim_free_slot()?;
    let kept = engine.start().map(|()| {
        println!("{}\n{}", engine.nodes[0].host(), engine.addresses());
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

fn claim_free_slot() -> Result<Engine, String> {
    let me = Process::now(std::process::id());
    for slot in SLOTS {
        let data = repo::target().join("engine").join(slot.to_string());
        let engine = Engine::new(Slot(slot), 1, data, me);
        if record::claim(&engine)? {
            return Ok(engine);
        }
    }
    Err("all engine slots are taken; other test runs must end first".to_owned())
}
