//! A stack that is kept as declared: how it stands, what happens to it, and what may be consented to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::change::{ChangeSet, Summary};
use crate::digest::DigestText;
use crate::event::{Event, Outcome, Timestamp};

pub use crate::daemon::{ApplyPolicy, DriftPolicy};

/// What every reader must check before the rest: `skep.stack/1`.
pub const STACK_FORMAT: &str = "skep.stack/1";
/// What every reader must check before the rest: `skep.approval/1`.
pub const APPROVAL_FORMAT: &str = "skep.approval/1";
/// What every reader must check before the rest: `skep.memory/1`.
pub const MEMORY_FORMAT: &str = "skep.memory/1";

/// Why a target is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Cause {
    /// The daemon began.
    Start,
    /// The source brought another plan.
    Source,
    /// A time that the settings name has come.
    Schedule,
    /// The last look is old.
    Periodic,
    /// The target told of a change; `about` is what it told of, `service shop_api`.
    Engine { about: String },
    /// Somebody asked.
    Person { who: String },
    /// What could not be done before is tried again.
    Retry,
    /// A window opened.
    Window,
    /// Somebody approved changes.
    Approval { who: String },
    /// Nothing holds the stack any more.
    Released,
    /// An apply ended.
    Applied,
}

/// How a stack stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum StackState {
    /// There is no plan yet, or nothing was seen of the target since it came.
    #[default]
    Unknown,
    InSync,
    /// There is something to do.
    Changes {
        waits_for: Wait,
    },
    /// All that differs was changed by others, and is left as it is.
    Drifted,
    Applying,
    /// What is to be done failed when it was last tried.
    Failed {
        /// When it is tried again; otherwise not before the plan is another, or somebody asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Timestamp>,
    },
    Held {
        by: Hold,
    },
}

/// What has to happen before changes are applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Wait {
    /// Somebody approves them.
    Approval,
    /// A window opens; nothing where it is not known when.
    Window {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opens: Option<Timestamp>,
    },
    /// Nothing: the settings say that changes are only told.
    Report,
    /// They are refused, and only another plan or another target helps.
    Source,
    /// They are refused unless somebody says that they are meant.
    Consent,
    /// Somebody else is applying, or what was seen has just changed.
    Turn { until: Timestamp },
}

/// What keeps a stack from being touched, whatever is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// Somebody else applied something else, or the swarm's history is not the one that was known.
    Overtaken,
    /// Another daemon is the active one.
    Standby,
    /// The daemon is about to end.
    Draining,
}

/// How a stack stands, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct StackStatus {
    /// Always [`STACK_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = STACK_FORMAT)))]
    pub format: String,
    pub stack: String,
    pub state: StackState,
    pub since: Timestamp,
    /// How it is kept, as the daemon's settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<StackPolicy>,
    /// The digest of the plan that is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<DigestText>,
    /// Where that plan is from, as its source tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Why the source brings no plan now; the last one it brought stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_trouble: Option<String>,
    /// When the target was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Timestamp>,
    /// Why the target cannot be seen now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_trouble: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Pending>,
    /// Why they are not applied, or what an approval has to consent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// What somebody changed in the target.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drift: BTreeSet<Address>,
    /// Services that are as planned and do not work, with what is wrong.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unhealthy: BTreeMap<Address, String>,
    /// The newest revision that is known.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub revision: u32,
    /// The digest of that revision's plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<DigestText>,
    /// How the last apply ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastApply>,
    /// Who approved what is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
}

impl StackStatus {
    /// Of a stack of which nothing is known but its name, since `now`.
    pub fn unknown(stack: &str, now: Timestamp) -> Self {
        Self {
            format: STACK_FORMAT.to_owned(),
            stack: stack.to_owned(),
            state: StackState::Unknown,
            since: now,
            policy: None,
            plan: None,
            origin: None,
            source_trouble: None,
            looked: None,
            target_trouble: None,
            changes: None,
            refused: None,
            drift: BTreeSet::new(),
            unhealthy: BTreeMap::new(),
            revision: 0,
            applied: None,
            last: None,
            approved_by: None,
        }
    }
}

/// What is done by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct StackPolicy {
    pub apply: ApplyPolicy,
    pub drift: DriftPolicy,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Pending {
    /// Of the change set: what an approval is for.
    pub id: DigestText,
    pub summary: Summary,
}

/// How an apply ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct LastApply {
    pub at: Timestamp,
    pub outcome: Outcome,
    /// Nothing where there was nothing to do, or history could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}

/// What is refused, by which rule, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    pub rule: Rule,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What may be consented to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Term>,
}

/// Somebody's yes to changes, and to no more than these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// Always [`APPROVAL_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = APPROVAL_FORMAT)))]
    pub format: String,
    pub who: String,
    pub at: Timestamp,
    pub changes: ChangeSet,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub consent: Consent,
}

/// What has to outlive a daemon so that the next one goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct StackMemory {
    /// Always [`MEMORY_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = MEMORY_FORMAT)))]
    pub format: String,
    /// The newest revision that was made here or taken for one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Mark>,
    /// The revision that was to be made next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Overtaken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Box<Approval>>,
    /// Nodes whose new form did not work when it was last tried.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<Address, DigestText>,
}

/// What tells one revision from another, also where history began anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Mark {
    pub revision: u32,
    /// The digest of its plan; nothing where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<DigestText>,
}

/// Somebody else's last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Overtaken {
    /// Nothing where there is no history any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Mark>,
    /// The plan that the source had when it was seen.
    pub plan: DigestText,
}

/// A revision that was to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Sent {
    pub revision: u32,
    pub plan: DigestText,
}

impl Default for StackMemory {
    fn default() -> Self {
        Self {
            format: MEMORY_FORMAT.to_owned(),
            known: None,
            sent: None,
            overtaken: None,
            approval: None,
            failed: BTreeMap::new(),
        }
    }
}

/// Something that became true of a stack. When it is told, its status says so already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum StackEvent {
    /// The source brought another plan.
    Planned {
        plan: DigestText,
        origin: String,
    },
    /// The source brings no plan; the last one it brought stays.
    SourceLost {
        message: String,
    },
    SourceFound,
    /// The target was looked at; `more` are causes that were too many to keep.
    Looked {
        causes: Vec<Cause>,
        #[serde(default, skip_serializing_if = "crate::is_default")]
        more: u32,
    },
    TargetLost {
        message: String,
    },
    TargetFound,
    /// The stack stands otherwise than before.
    State {
        state: StackState,
    },
    /// Somebody changed these nodes, and no others, in the target.
    Drift {
        nodes: BTreeSet<Address>,
    },
    /// Nothing differs any more that somebody changed.
    DriftOver,
    /// Somebody else applied something else, and nothing is undone unasked.
    Overtaken {
        message: String,
    },
    Approved {
        who: String,
        id: DigestText,
    },
    Withdrawn {
        who: String,
    },
    /// What somebody approved is no more what would happen.
    ApprovalVoid {
        who: String,
        message: String,
    },
    /// Changes are not applied, told once for each reason.
    Refused {
        refused: Refused,
    },
    /// An apply begins.
    Applying {
        id: DigestText,
        summary: Summary,
        causes: Vec<Cause>,
        /// Who asked for it; nothing where nobody had to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Something became true of a node during an apply.
    Node {
        event: Event,
    },
    /// An apply ended.
    Applied {
        last: LastApply,
    },
    /// An apply did not begin: nothing was written.
    NotApplied {
        message: String,
    },
    Unhealthy {
        address: Address,
        message: String,
    },
    Recovered {
        address: Address,
    },
}

impl StackEvent {
    /// As it is asked for by name.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::SourceLost { .. } => "source-lost",
            Self::SourceFound => "source-found",
            Self::Looked { .. } => "looked",
            Self::TargetLost { .. } => "target-lost",
            Self::TargetFound => "target-found",
            Self::State { .. } => "state",
            Self::Drift { .. } => "drift",
            Self::DriftOver => "drift-over",
            Self::Overtaken { .. } => "overtaken",
            Self::Approved { .. } => "approved",
            Self::Withdrawn { .. } => "withdrawn",
            Self::ApprovalVoid { .. } => "approval-void",
            Self::Refused { .. } => "refused",
            Self::Applying { .. } => "applying",
            Self::Node { .. } => "node",
            Self::Applied { .. } => "applied",
            Self::NotApplied { .. } => "not-applied",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Recovered { .. } => "recovered",
        }
    }
}

/// What is refused unless somebody says that it is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Consent {
    /// How many nodes may be deleted, where that is many or all.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub allow_deletes: u64,
    /// What failed when it was last tried may be tried again.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub retry: bool,
    /// Services that no machine can take may be applied: their deadline then runs.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub allow_unplaced: bool,
    /// What another tool deploys may be taken over: it was switched off for it.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub take_over: bool,
    /// Protected nodes that may end.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unprotect: BTreeSet<Address>,
}

/// One thing of a [`Consent`]: what would lift a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Term {
    AllowDeletes(u64),
    Retry,
    AllowUnplaced,
    TakeOver,
    Unprotect(Address),
}

impl Term {
    /// As it is called wherever somebody consents.
    pub const fn word(&self) -> &'static str {
        match self {
            Term::AllowDeletes(_) => "allow-deletes",
            Term::Retry => "retry",
            Term::AllowUnplaced => "allow-unplaced",
            Term::TakeOver => "take-over",
            Term::Unprotect(_) => "unprotect",
        }
    }

    /// How much or what is meant, where the word alone does not say it.
    pub fn value(&self) -> Option<String> {
        match self {
            Term::AllowDeletes(number) => Some(number.to_string()),
            Term::Unprotect(address) => Some(address.to_string()),
            Term::Retry | Term::AllowUnplaced | Term::TakeOver => None,
        }
    }
}

/// As an approval says it: `allow-deletes: 7`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        let value = value.as_deref().unwrap_or("true");
        write!(f, "{}: {value}", self.word())
    }
}

/// The rule by which changes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A name is somebody else's.
    Taken,
    /// Another tool deploys it.
    Contested,
    /// The cluster cannot give its nodes as they are declared.
    Nodes,
    /// A change must not be made as it is.
    Blocked,
    /// It could not succeed.
    Concern,
    /// A secret would be written whose value is not at hand.
    Unvalued,
    /// Many or all would be deleted.
    Deletes,
    /// It is more than what was agreed to, or other.
    Stale,
    /// It failed when it was last tried.
    FailedBefore,
    /// The value that a secret had is no more.
    Gone,
    /// Somebody else applied something else.
    Overtaken,
    /// It waits for what somebody changed in the target, and that is left as it is.
    Drift,
}
