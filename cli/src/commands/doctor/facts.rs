//! What was found out, as plain values.

use std::collections::{BTreeMap, BTreeSet};

use skep_engine::lock::Held;
use skep_providers::swarm::Greeting;
use skep_schema::address::Address;
use skep_schema::event::{Outcome, Timestamp};
use skep_schema::inventory::Machine;
use skep_schema::place::Concern;

use crate::failure::Failure;

/// Everything the checks look at. What was not got at is nothing.
#[derive(Debug)]
pub(super) struct Facts {
    /// Where the project lies.
    pub(super) project: Result<String, Failure>,
    pub(super) git: Git,
    pub(super) spec: Option<Spec>,
    /// Docker's config file and where it lies; the problem with it.
    pub(super) docker: Result<String, String>,
    /// By registry: whether there is a login.
    pub(super) logins: BTreeMap<String, Result<bool, String>>,
    pub(super) engine: Option<Engine>,
    pub(super) swarm: Option<Result<Swarm, Failure>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Git {
    /// There is no such program.
    Missing,
    /// The project is in no repository.
    Outside,
    Inside,
}

/// The project as it compiles.
#[derive(Debug, Default)]
pub(super) struct Spec {
    pub(super) stack: Option<String>,
    pub(super) errors: u64,
    pub(super) nodes: u64,
    /// Images and modules without a line in the lock file, and lines that nobody needs.
    pub(super) unpinned: BTreeSet<String>,
    pub(super) unused: BTreeSet<String>,
    /// Whether there is a lock file.
    pub(super) is_pinned: bool,
    /// Secrets with a source; what is wrong where no value came from it, and what to do.
    pub(super) secrets: BTreeMap<Address, Option<(String, String)>>,
    /// Programs that give values of secrets, and whether they are installed.
    pub(super) programs: BTreeMap<String, bool>,
    /// A service publishes a port on all machines.
    pub(super) wants_ingress: bool,
}

/// The engine that a command would speak to.
#[derive(Debug)]
pub(super) struct Engine {
    /// `context prod`, `unix:///var/run/docker.sock`
    pub(super) name: String,
    pub(super) answer: Result<Greeting, Failure>,
    /// This machine's clock before and after it was asked.
    pub(super) asked: (Timestamp, Timestamp),
}

/// The swarm and what the stack has there.
#[derive(Debug, Default)]
pub(super) struct Swarm {
    /// `the swarm at .. (.., 3 nodes)`
    pub(super) name: String,
    pub(super) machines: Vec<Machine>,
    /// Why a plan is refused whatever else it is: names and nodes that others have.
    pub(super) refusals: Vec<Failure>,
    pub(super) concerns: Vec<Concern>,
    /// Objects of the stack that the spec does not have.
    pub(super) orphans: Vec<Address>,
    /// Services as wanted that have not arrived, and how they stand.
    pub(super) unsettled: BTreeMap<Address, String>,
    pub(super) lock: Option<Lock>,
    /// The last revision's number, and how its apply ended; nothing where it never did.
    pub(super) last: Option<(u32, Option<Outcome>)>,
}

#[derive(Debug)]
pub(super) struct Lock {
    pub(super) held: Held,
    /// Its process is gone, or it has run out.
    pub(super) is_over: bool,
}
