//! What commands answer as data, where no type of its own subject is the answer.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::change::{Action, Change, Drift};
use crate::diagnostic::{Located, Place};
use crate::event::{Event, Timestamp};
use crate::inventory::{Cluster, Readiness};
use crate::place::Concern;
use crate::revision::Entry;

/// What every reader must check before the rest: `skep.check/1`.
pub const CHECK_FORMAT: &str = "skep.check/1";
/// What every reader must check before the rest: `skep.status/1`.
pub const STATUS_FORMAT: &str = "skep.status/1";
/// What every reader must check before the rest: `skep.drift/1`.
pub const DRIFT_FORMAT: &str = "skep.drift/1";
/// What every reader must check before the rest: `skep.history/1`.
pub const HISTORY_FORMAT: &str = "skep.history/1";
/// What every reader must check before the rest: `skep.graph/1`.
pub const GRAPH_FORMAT: &str = "skep.graph/1";
/// What every reader must check before the rest: `skep.event/1`.
pub const EVENT_FORMAT: &str = "skep.event/1";

/// What is wrong with a project, and what its author lets stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckReport {
    /// Always [`CHECK_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = CHECK_FORMAT)))]
    pub format: String,
    /// In order of place.
    pub diagnostics: Vec<Located>,
    /// Every `allow` of the project, in order of place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<AllowedReport>,
}

/// An `allow` with what it keeps from being reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AllowedReport {
    pub code: String,
    /// Why it may stand, in the author's words.
    pub reason: String,
    pub place: Place,
    /// The node it is written in; nothing at the top of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Address>,
    pub silenced: Vec<Located>,
}

/// What runs against what the spec says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatusReport {
    /// Always [`STATUS_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = STATUS_FORMAT)))]
    pub format: String,
    pub stack: String,
    pub cluster: Cluster,
    /// Everything wanted or there, in order of address.
    pub nodes: Vec<NodeStatus>,
    /// What would keep an apply from getting anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<Concern>,
}

/// One node as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NodeStatus {
    pub address: Address,
    /// What the target calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub sync: Standing,
    /// Nothing for what is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
}

/// Whether an object is as the spec wants it, or what a plan would do to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    InSync,
    Create,
    Update,
    Replace,
    Delete,
    Adopt,
    Forget,
}

impl Standing {
    /// What a plan would do, as people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InSync => "as in the spec",
            Self::Create => "would create",
            Self::Update => "would update",
            Self::Replace => "would replace",
            Self::Delete => "would delete",
            Self::Adopt => "would adopt",
            Self::Forget => "would forget",
        }
    }
}

impl From<Action> for Standing {
    fn from(action: Action) -> Self {
        match action {
            Action::Create => Self::Create,
            Action::Update => Self::Update,
            Action::Replace => Self::Replace,
            Action::Delete => Self::Delete,
            Action::Adopt => Self::Adopt,
            Action::Forget => Self::Forget,
        }
    }
}

/// What was changed in a target by others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DriftReport {
    /// Always [`DRIFT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = DRIFT_FORMAT)))]
    pub format: String,
    pub stack: String,
    /// From what was meant to what is found.
    pub changes: Vec<Change>,
    /// Objects that differ from the spec, and nobody knows who made them differ.
    pub untold: Vec<Address>,
}

impl DriftReport {
    pub fn new(stack: &str, drift: Drift) -> Self {
        let Drift { changes, untold } = drift;
        Self {
            format: DRIFT_FORMAT.to_owned(),
            stack: stack.to_owned(),
            changes,
            untold,
        }
    }
}

/// What was applied to a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistoryReport {
    /// Always [`HISTORY_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = HISTORY_FORMAT)))]
    pub format: String,
    /// Newest first.
    pub revisions: Vec<Entry>,
}

/// The dependency graph of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GraphReport {
    /// Always [`GRAPH_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = GRAPH_FORMAT)))]
    pub format: String,
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
}

/// A node and where it stands in the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GraphNode {
    pub address: Address,
    /// How many edges that order lead down from it at most; nothing for a node on a cycle.
    pub level: Option<usize>,
    /// The other stack it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// One node depends on another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GraphEdge {
    /// The node that depends on the other.
    pub from: Address,
    pub to: Address,
    /// How it depends, in one word.
    pub kind: String,
    /// The other has to be there first.
    pub orders: bool,
}

/// One line of `--progress json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventLine {
    /// Always [`EVENT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = EVENT_FORMAT)))]
    pub format: String,
    pub at: Timestamp,
    pub event: Event,
}

impl EventLine {
    pub fn new(at: Timestamp, event: Event) -> Self {
        Self {
            format: EVENT_FORMAT.to_owned(),
            at,
            event,
        }
    }
}
