//! How the daemon itself is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use skep_schema::event::Timestamp;

use crate::clock::now;

/// What is known of the daemon, written by those whose part it is, read by whoever asks.
#[derive(Debug)]
pub(crate) struct Condition {
    /// When it began.
    pub(crate) since: Timestamp,
    draining: AtomicBool,
    /// The store took what it was last given.
    storing: AtomicBool,
    /// Of each target, whether this daemon is the one that acts there.
    acts: Vec<AtomicBool>,
    /// The target of each stack.
    targets: BTreeMap<String, usize>,
}

impl Condition {
    /// For targets with these stacks.
    pub(crate) fn new(stacks: &[Vec<String>]) -> Self {
        let of = |(target, names): (usize, &Vec<String>)| {
            let names = names.iter().cloned();
            names.map(move |name| (name, target)).collect::<Vec<_>>()
        };
        Self {
            targets: stacks.iter().enumerate().flat_map(of).collect(),
            since: now(),
            draining: AtomicBool::new(false),
            storing: AtomicBool::new(true),
            acts: stacks.iter().map(|_| AtomicBool::new(false)).collect(),
        }
    }

    pub(crate) fn drain(&self, draining: bool) {
        self.draining.store(draining, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn store(&self, works: bool) {
        self.storing.store(works, Ordering::Relaxed);
    }

    pub(crate) fn is_storing(&self) -> bool {
        self.storing.load(Ordering::Relaxed)
    }

    pub(crate) fn act(&self, target: usize, acts: bool) {
        if let Some(one) = self.acts.get(target) {
            one.store(acts, Ordering::Relaxed);
        }
    }

    pub(crate) fn acts_in(&self, target: usize) -> bool {
        let one = self.acts.get(target);
        one.is_some_and(|one| one.load(Ordering::Relaxed))
    }

    /// Whether it is this daemon that acts for a stack.
    pub(crate) fn has(&self, stack: &str) -> bool {
        let target = self.targets.get(stack);
        target.is_some_and(|target| self.acts_in(*target))
    }

    /// Targets where this daemon acts, and all there are.
    pub(crate) fn acting(&self) -> (usize, usize) {
        let acts = self.acts.iter().filter(|one| one.load(Ordering::Relaxed));
        (acts.count(), self.acts.len())
    }

    /// Whether it takes what changes something: it stores, acts wherever it keeps anything, and is not
    /// about to end.
    pub(crate) fn is_ready(&self) -> bool {
        let (acts, all) = self.acting();
        acts == all && self.is_storing() && !self.is_draining()
    }
}
