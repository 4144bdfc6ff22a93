//! The counts at the head of a change set.

use super::{Action, Change, Effect, Summary};

impl Summary {
    /// Of these changes, toward a plan of `wanted` nodes.
    pub(super) fn of(changes: &[Change], wanted: usize) -> Self {
        let count = |is: fn(&Change) -> bool| {
            u32::try_from(changes.iter().filter(|c| is(c)).count()).unwrap_or(u32::MAX)
        };
        let kept = wanted.saturating_sub(changes.iter().filter(|c| c.after.is_some()).count());
        Self {
            create: count(|c| c.action == Action::Create),
            update: count(|c| c.action == Action::Update && c.effect > Effect::NoRestart),
            update_no_restart: count(|c| {
                c.action == Action::Update && c.effect <= Effect::NoRestart
            }),
            replace: count(|c| c.action == Action::Replace),
            delete: count(|c| c.action == Action::Delete),
            adopt: count(|c| c.action == Action::Adopt),
            forget: count(|c| c.action == Action::Forget),
            noop: u32::try_from(kept).unwrap_or(u32::MAX),
            tasks_restarted: changes
                .iter()
                .filter(|c| (c.restarts() || !c.evicts.is_empty()) && c.after.is_some())
                .map(|c| c.tasks)
                .sum(),
            downtime: count(|c| c.effect == Effect::Downtime),
            data_loss: count(|c| c.effect == Effect::DataLoss),
        }
    }
}
