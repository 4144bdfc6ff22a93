//! Why the next look is made.

use skep_schema::api::stack::Cause;

/// Causes that are kept by name; of more only the number is known.
const KEPT: usize = 16;

/// Each once, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    list: Vec<Cause>,
    more: u32,
}

impl Causes {
    pub(super) fn add(&mut self, cause: Cause) {
        if self.list.contains(&cause) {
            return;
        }
        if self.list.len() < KEPT {
            self.list.push(cause);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Takes back causes whose look showed nothing, before those that came meanwhile.
    pub(super) fn restore(&mut self, earlier: Self) {
        let later = std::mem::replace(self, earlier);
        self.more = self.more.saturating_add(later.more);
        later.list.into_iter().for_each(|cause| self.add(cause));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn list(&self) -> &[Cause] {
        &self.list
    }

    pub(super) const fn more(&self) -> u32 {
        self.more
    }

    /// Whether somebody or something beside the daemon's own clock and the target asked.
    pub(super) fn are_worth_a_word(&self) -> bool {
        self.list.iter().any(|cause| match cause {
            Cause::Start
            | Cause::Source
            | Cause::Schedule
            | Cause::Person { .. }
            | Cause::Approval { .. }
            | Cause::Window
            | Cause::Released
            | Cause::Applied => true,
            Cause::Periodic | Cause::Engine { .. } | Cause::Retry => false,
        })
    }
}
