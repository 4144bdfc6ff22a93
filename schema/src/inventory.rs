//! What exists in a target now.

mod external;
mod labelled;
mod machine;
mod observed;
mod rival;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::digest::DigestText;
use crate::plan::{Fingerprints, Payload, PublishMode};

pub use external::{Absent, absent, external};
pub(crate) use labelled::declared;
pub use labelled::{labelled, machine};
pub use machine::{Availability, CLAIM, Claim, Load, Machine, MachineState, Role, Use};
pub use rival::{Claim as RivalClaim, Contested, Rival, SWARMCLI_RECORD, is_mark};
pub use running::{DOCKER_STACK, Found, Running, stacks};

/// Everything of one stack that a provider found, in the form plans have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    pub cluster: Cluster,
    /// Objects that carry this stack's owner label.
    pub nodes: BTreeMap<Address, Observed>,
    /// What the plan adopts and is not ours yet.
    pub adoptable: BTreeMap<Address, Observed>,
    /// Names the plan wants that somebody else's object holds.
    pub taken: BTreeMap<(Kind, String), Taken>,
    /// Stacks of what is adoptable of which swarmcli keeps a record.
    pub releases: BTreeSet<String>,
    /// External objects of the plan that nobody has made.
    pub absent: Absent,
    /// Of the plan's secrets, as far as their values and the swarm's key are at hand.
    pub fingerprints: Fingerprints,
    /// Older content of our configs and secrets, kept for rollback: kind and physical name.
    pub superseded: Vec<(Kind, String)>,
}

/// The target as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Cluster {
    /// What people call it: an address, a context, a file.
    pub name: String,
    /// The swarm's own id.
    pub id: String,
    /// The API version spoken, `1.41`.
    pub api: String,
    pub nodes: u32,
    /// In order of host name and id.
    #[serde(skip)]
    pub machines: Vec<Machine>,
    #[serde(skip)]
    pub foreign: Foreign,
}

/// What services and networks of others have that only one can have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// By port and protocol, `80/tcp`.
    pub ports: BTreeMap<String, Holder>,
    /// Address ranges, and the network that has each: `network ingress of the engine`.
    pub subnets: BTreeMap<String, String>,
}

/// Who has a published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub mode: PublishMode,
    /// `service blog_web of stack blog`
    pub of: String,
}

/// An object of ours as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Normalised, so that it equals the plan's payload when nothing needs to be done.
    pub payload: Payload,
    /// From the object's label: what was meant, never proof of what is.
    pub digest: Option<DigestText>,
    pub readiness: Readiness,
    /// The address it carries, where the plan has it under another.
    pub was: Option<Address>,
}

/// Whose object holds a name we want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The owner's name where a label gives it away: `stack blog`, `docker compose project x`.
    pub owner: Option<String>,
    /// No stack of Skep owns it, so that a plan can adopt it.
    pub adoptable: bool,
}

/// Whether an object has arrived where its spec wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// As wanted: tasks run, health checks pass, updates are over. One-shots have ended with 0.
    Ready { running: u64, desired: u64 },
    /// On its way; `detail` is a lowercase fragment such as `2 of 3 running`.
    Progressing {
        detail: String,
        running: u64,
        desired: u64,
    },
    /// It will not arrive by itself.
    Failed(Failure),
}

impl Readiness {
    /// As people read it. What is not made of tasks is ready with none of none.
    pub fn words(&self) -> String {
        match self {
            Self::Ready {
                running: 0,
                desired: 0,
            } => "there".to_owned(),
            Self::Ready { running, desired } => format!("{running}/{desired} running"),
            Self::Progressing { detail, .. } => detail.clone(),
            Self::Failed(failure) => format!("FAILED: {}", failure.message),
        }
    }
}

/// How a service failed, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    pub verdict: Verdict,
    /// A lowercase fragment that says what happened.
    pub message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<FailedTask>,
}

/// Ways to fail, each with an answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The engine went back to the spec before.
    RolledBack,
    /// The engine stopped the update and left it half done.
    Paused,
    /// Tasks end again and again.
    CrashLooping,
    /// No node can take a task.
    Unschedulable,
    /// The image cannot be had.
    NoImage,
    /// A one-shot ended with another code than 0.
    Exited,
    /// The target refused the write.
    Rejected,
    /// It was still on its way when the deadline passed.
    TimedOut,
    /// Somebody else changed it meanwhile.
    Superseded,
    /// Nothing answered, again and again.
    Unreachable,
    /// The object is not ours, or we may not.
    Denied,
}

/// A task that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct FailedTask {
    /// `shop_api.2`
    pub task: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// The engine's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The last lines it wrote, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

impl fmt::Display for FailedTask {
    /// One line without the log: `shop_api.2 on n1, exit code 1: task: non-zero exit (1)`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task,
            node,
            exit_code,
            error,
            log: _,
        } = self;
        out.write_str(task)?;
        if let Some(node) = node {
            write!(out, " on {node}")?;
        }
        if let Some(code) = exit_code {
            write!(out, ", exit code {code}")?;
        }
        if !error.is_empty() {
            write!(out, ": {error}")?;
        }
        Ok(())
    }
}
