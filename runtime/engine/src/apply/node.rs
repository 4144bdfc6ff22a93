//! One node of an apply and how far it has come.

use skep_schema::address::Address;
use skep_schema::change::Action;
use skep_schema::event::Timestamp;
use skep_schema::inventory::{Failure, Verdict};

use super::failure;
use super::tries::Tries;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) address: Address,
    pub(super) role: Role,
    pub(super) state: State,
    /// How many of those it waits for have not come far enough.
    pub(super) waits: usize,
    /// Who waits for it, and how far it must have come for each.
    pub(super) followers: Vec<(usize, Far)>,
    /// Zero until it begins.
    pub(super) begun: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Change {
        action: Action,
        arrival: Arrival,
        turn: Turn,
    },
    /// Unchanged, but a change needs it to be up.
    Existing,
    /// Unchanged, and had not arrived when it was looked at: an apply before was cut short, or ended
    /// without success.
    Awaited,
}

/// When a change has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// At once: there is no object to write.
    Nothing,
    /// When it is written.
    Written,
    /// When a check says so.
    Checked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// As soon as what it waits for is there.
    Any,
    /// A delete that others wait for.
    Early,
    /// A delete that begins after everything else.
    Last,
}

/// How far a node must have come for one that waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Far {
    Written,
    Arrived,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    /// A try is under way, after these that failed.
    Writing {
        tries: Option<Tries>,
    },
    /// It failed; the next try comes at this time.
    Retrying {
        at: Timestamp,
        tries: Tries,
    },
    /// Somebody else wrote it; a check tells whether the result is the same.
    Doubted,
    /// Written; a check is under way, after these without an answer.
    Settling {
        tries: Option<Tries>,
        detail: Option<String>,
    },
    Done {
        millis: u64,
    },
    Failed(Failure),
    Skipped {
        because: usize,
    },
}

impl Node {
    pub(super) fn new(address: Address, role: Role) -> Self {
        let state = State::Waiting;
        Self {
            address,
            role,
            state,
            waits: 0,
            followers: Vec::new(),
            begun: Timestamp::default(),
        }
    }

    pub(super) fn settles(&self) -> bool {
        match self.role {
            Role::Change { arrival, .. } => arrival == Arrival::Checked,
            Role::Existing | Role::Awaited => true,
        }
    }

    /// Whether there is something to compare with what somebody else wrote.
    pub(super) fn can_be_checked(&self) -> bool {
        match self.role {
            Role::Change { action, .. } => action != Action::Delete && action != Action::Forget,
            Role::Existing | Role::Awaited => true,
        }
    }

    /// Whether the last deletes wait for it.
    pub(super) fn is_ahead(&self) -> bool {
        match self.role {
            Role::Change { turn, .. } => turn != Turn::Last,
            Role::Existing | Role::Awaited => false,
        }
    }

    pub(super) fn is_delete(&self) -> bool {
        match self.role {
            Role::Change { action, .. } => action == Action::Delete,
            Role::Existing | Role::Awaited => false,
        }
    }

    /// Why it failed, when its deadline has passed.
    pub(super) fn overdue(&self) -> Failure {
        let message = match &self.state {
            State::Retrying { tries, .. }
            | State::Writing { tries: Some(tries) }
            | State::Settling {
                tries: Some(tries), ..
            } => return failure(&tries.why),
            State::Settling {
                detail: Some(detail),
                ..
            } => detail.as_str(),
            State::Writing { .. } => "the target did not answer the write",
            State::Waiting
            | State::Doubted
            | State::Settling { detail: None, .. }
            | State::Done { .. }
            | State::Failed(_)
            | State::Skipped { .. } => "the target did not say how it is",
        };
        Failure {
            verdict: Verdict::TimedOut,
            message: message.to_owned(),
            tasks: Vec::new(),
        }
    }

    pub(super) fn is_change(&self) -> bool {
        matches!(self.role, Role::Change { .. })
    }

    /// Whether the apply is about it, and not only about what needs it.
    pub(super) fn counts(&self) -> bool {
        self.role != Role::Existing
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.state == State::Waiting
    }
}
