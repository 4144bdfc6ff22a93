//! What happens during an apply, as it is shown, logged and recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::change::Action;
use crate::digest::DigestText;
use crate::inventory::Failure;

/// Milliseconds since 1970, UTC. Core functions receive it; only shells read a clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Timestamp(pub u64);

impl Timestamp {
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this; 0 when the clock went back.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Something that became true during an apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    Begun {
        address: Address,
        action: Action,
    },
    /// The target took the write; convergence is still to come.
    Written {
        address: Address,
    },
    /// A change of what is waited for; `detail` is a lowercase fragment.
    Waiting {
        address: Address,
        detail: String,
    },
    Done {
        address: Address,
        millis: u64,
    },
    Failed {
        address: Address,
        failure: Failure,
    },
    /// Not begun, because `because` failed or was skipped.
    Skipped {
        address: Address,
        because: Address,
    },
    /// No new node is begun; what is in flight is finished.
    Cancelling,
    /// All is done, but what was superseded could not be removed. The next apply tries again.
    Uncollected {
        message: String,
    },
}

/// What every reader must check before the rest: `skep.apply/1`.
pub const APPLY_FORMAT: &str = "skep.apply/1";

/// How an apply ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ApplyReport {
    /// Always [`APPLY_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = APPLY_FORMAT)))]
    pub format: String,
    pub stack: String,
    /// The id of the change set.
    pub id: DigestText,
    pub outcome: Outcome,
    pub millis: u64,
    pub nodes: BTreeMap<Address, NodeOutcome>,
}

impl ApplyReport {
    /// Whether it was told to end and nothing had failed: whoever looks next goes on with what is left.
    pub fn is_cut_short(&self) -> bool {
        let failed = |node: &NodeOutcome| matches!(node, NodeOutcome::Failed(_));
        self.outcome == Outcome::Cancelled && !self.nodes.values().any(failed)
    }
}

/// The one word for the whole apply; each has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All of it, or nothing was to be done.
    Done,
    /// Nothing is known to have been written before it failed.
    Failed,
    /// Some nodes are done, some are not.
    Partial,
    /// A service was rolled back by the engine.
    RolledBack,
    /// Something was still on its way when its deadline passed.
    TimedOut,
    Cancelled,
}

/// How the change of one node ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum NodeOutcome {
    Done {
        action: Action,
        millis: u64,
    },
    Failed(Failure),
    Skipped {
        because: Address,
    },
    /// Begun, then no longer waited for: it may or may not have arrived.
    Unsettled {
        action: Action,
    },
    NotBegun,
}
