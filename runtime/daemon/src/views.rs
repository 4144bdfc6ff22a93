//! How the stacks stand, for whoever asks: written by the loop, read by many.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use skep_engine::reconcile::{Reconcile, Seen};
use skep_schema::api::stack::StackStatus;
use skep_schema::change::ChangeSet;
use skep_schema::event::Timestamp;
use skep_schema::plan::Plan;

use crate::clock::now;

/// Of all stacks, by their names.
#[derive(Debug, Default)]
pub(crate) struct Views {
    all: RwLock<BTreeMap<String, View>>,
}

/// What is known of one stack.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) status: Arc<StackStatus>,
    /// What it shall be.
    pub(crate) plan: Option<Arc<Plan>>,
    /// What the last look would have changed.
    pub(crate) changes: Option<Arc<ChangeSet>>,
    pub(crate) seen: Option<Arc<Glance>>,
}

/// What a look showed, and when.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    pub(crate) at: Timestamp,
    pub(crate) seen: Seen,
}

impl Views {
    pub(crate) fn get(&self, stack: &str) -> Option<View> {
        self.read().get(stack).cloned()
    }

    pub(crate) fn all(&self) -> Vec<View> {
        self.read().values().cloned().collect()
    }

    pub(crate) fn show(&self, stack: &str, machine: &Reconcile) {
        let mut all = self.write();
        let seen = all.get(stack).and_then(|view| view.seen.clone());
        let view = View {
            status: Arc::new(machine.status().clone()),
            plan: machine.desired().cloned(),
            changes: machine.changes().cloned().map(Arc::new),
            seen,
        };
        all.insert(stack.to_owned(), view);
    }

    pub(crate) fn see(&self, stack: &str, seen: &Seen) {
        if let Some(view) = self.write().get_mut(stack) {
            let glance = Glance {
                at: now(),
                seen: seen.clone(),
            };
            view.seen = Some(Arc::new(glance));
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, View>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, View>> {
        self.all.write().unwrap_or_else(PoisonError::into_inner)
    }
}
