//! Tries of what may work a little later, and when the next one comes.

use skep_schema::event::Timestamp;

use super::Limits;
use crate::provider::ProviderError;

/// The longest pause, in milliseconds, before a swarm is asked again for a leader: a manager holds the
/// request back until there is one, so asking is what finds it first.
const HELD: u64 = 4_000;

/// Tries that met the same trouble, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tries {
    trouble: Trouble,
    count: u32,
    /// When the first of them had failed.
    since: Timestamp,
    /// How the last of them ended.
    pub(super) why: ProviderError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Unreachable,
    Leaderless,
}

impl Trouble {
    /// Nothing for what will be the same in a minute.
    fn of(error: &ProviderError) -> Option<Self> {
        match error {
            ProviderError::Unreachable { .. } => Some(Self::Unreachable),
            ProviderError::Leaderless { .. } => Some(Self::Leaderless),
            ProviderError::Conflict { .. }
            | ProviderError::Rejected { .. }
            | ProviderError::Denied { .. } => None,
        }
    }
}

impl Tries {
    /// With one more that failed, unless it is not worth another.
    pub(super) fn after(
        before: Option<&Self>,
        why: &ProviderError,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Self> {
        let trouble = Trouble::of(why)?;
        let same = before.filter(|tries| tries.trouble == trouble);
        let tries = Self {
            trouble,
            count: same.map_or(1, |tries| tries.count + 1),
            since: same.map_or(now, |tries| tries.since),
            why: why.clone(),
        };
        let goes_on = match trouble {
            Trouble::Unreachable => tries.count < limits.attempts,
            Trouble::Leaderless => now < tries.since.plus(limits.election),
        };
        goes_on.then_some(tries)
    }

    pub(super) fn next(&self, limits: &Limits, now: Timestamp) -> Timestamp {
        let pause = limits.pause(self.count);
        now.plus(match self.trouble {
            Trouble::Unreachable => pause,
            Trouble::Leaderless => pause.min(HELD),
        })
    }

    /// Whether nobody was told of the trouble.
    pub(super) fn is_first(&self) -> bool {
        self.count == 1
    }

    /// What is waited for. The whole of it is told when it is given up.
    pub(super) fn words(&self) -> &'static str {
        match self.trouble {
            Trouble::Unreachable => "nothing answers, trying again",
            Trouble::Leaderless => "the swarm has no leader, trying again",
        }
    }
}
