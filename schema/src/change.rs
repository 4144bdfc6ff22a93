//! The difference between two plans, or between a plan and what was observed.

mod approval;
mod between;
mod cause;
mod drift;
mod effect;
mod evict;
mod fields;
mod guard;
mod moves;
mod order;
mod part;
mod summary;
mod waves;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::digest::DigestText;
use crate::place::Concern;
use crate::plan::PlanNode;
use crate::value::Value;

pub use drift::{Drift, Meant, Respell};
pub use fields::differing;
pub use guard::{Block, Blocked};
pub use waves::Waves;

/// What every reader must check before the rest: `skep.changes/1`.
pub const CHANGES_FORMAT: &str = "skep.changes/1";

/// All that an apply would do, in the order in which it would begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ChangeSet {
    /// Always [`CHANGES_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = CHANGES_FORMAT)))]
    pub format: String,
    pub stack: String,
    /// The digest of the base over the touched nodes and what they need.
    pub from: DigestText,
    /// The digest of the whole plan that is to be.
    pub to: DigestText,
    /// Over `from`, `to` and every action: what an approval is for.
    pub id: DigestText,
    pub summary: Summary,
    /// Dependencies first, deletes last; unchanged nodes are only counted.
    pub changes: Vec<Change>,
    /// What would hang or be refused, where a target was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<Concern>,
}

/// Counts, for scripts and for the first and last line people read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    pub create: u32,
    /// Updates that restart tasks.
    pub update: u32,
    pub update_no_restart: u32,
    pub replace: u32,
    pub delete: u32,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub adopt: u32,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub forget: u32,
    pub noop: u32,
    /// Tasks of existing services that will be stopped and started anew.
    pub tasks_restarted: u64,
    /// Nodes whose change interrupts what they serve.
    pub downtime: u32,
    pub data_loss: u32,
}

/// What happens to one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    pub address: Address,
    /// The address its object carries in the base, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Address>,
    pub action: Action,
    pub effect: Effect,
    /// Tasks that stop or restart because of it.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub tasks: u64,
    /// Services whose tasks must leave a machine because of its new labels, and how many leave.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evicts: BTreeMap<Address, u64>,
    pub reason: Reason,
    /// Changed nodes this change follows from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub caused_by: BTreeSet<Address>,
    /// Changed nodes that must be done before this one begins.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub waits_for: BTreeSet<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<PlanNode>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<PlanNode>>,
}

impl Change {
    /// The address that its object carries before the change.
    pub fn carried(&self) -> &Address {
        self.was.as_ref().unwrap_or(&self.address)
    }
}

/// What an apply does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    Update,
    /// A new object takes the old one's place.
    ///
    /// A network, secret or config under a new name is made beside the old one, which goes when
    /// nothing uses it any more. Whatever keeps its name, and every service, goes before it is
    /// made anew.
    Replace,
    Delete,
    /// An object that is nobody's becomes ours, and is written as far as it differs.
    Adopt,
    /// An object stays and is ours no more.
    Forget,
}

impl Action {
    /// As it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete => "delete",
            Action::Adopt => "adopt",
            Action::Forget => "forget",
        }
    }
}

/// What a change does to what runs, the gentlest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Something new; nothing that runs is touched.
    Create,
    /// Written in place without a restart.
    NoRestart,
    /// Tasks are replaced a few at a time.
    RollingRestart,
    /// A new object beside the old one, which goes last.
    Replace,
    /// What it serves is interrupted.
    Downtime,
    /// It ends.
    Delete,
    /// Data goes with it.
    DataLoss,
}

/// Why a node changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The spec has it, the base does not.
    New,
    /// The base has it, the spec does not.
    NotInSpec,
    /// Its own declaration changed.
    Spec,
    /// Only what it refers to changed.
    Dependency,
    /// The target differs although the spec does not: somebody changed it there.
    Drift,
}

/// One property that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct FieldChange {
    /// In the language's words: `env`, `LOG`.
    pub path: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    pub effect: Effect,
    /// The values are fingerprints or templates: shown as changed, never as text. A variable
    /// that holds a secret is the map of its [`SecretText`](crate::plan::SecretText); without a
    /// `fingerprint` in it, and for a name that ends in `*`, nobody here can tell whether it changed.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub secret: bool,
    /// Who made it differ, where a look at the target and the journal can tell.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub by: Author,
}

/// Who made a property differ from what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    /// The spec wants something else than before.
    #[default]
    Spec,
    /// Somebody changed it in the target.
    Outside,
    /// Both did.
    Both,
}
