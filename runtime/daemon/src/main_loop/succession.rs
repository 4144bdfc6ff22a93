//! Several daemons, one store: who may write about a stack, and how one takes over from another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_engine::reconcile::{Desired, Effect, Input as StackInput};
use skep_providers::holder;
use skep_schema::api::stack::{Hold, StackMemory};
use skep_schema::plan::Plan;

use super::{MainLoop, Turn};
use crate::clock::now;
use crate::reign;
use crate::settings::Source;
use crate::stack::Stack;
use crate::store::{Batch, Shelf, StoreError, value};

/// What was left for a stack.
struct Left {
    reign: u64,
    memory: StackMemory,
    /// The plan that was pushed last, where plans are.
    plan: Option<Plan>,
}

impl MainLoop {
    /// What this daemon may write, on condition that it still may. Of a store that it shares it writes about
    /// nothing whose reign it never had.
    pub(super) fn batch(&self, writes: &[(String, Batch)]) -> Batch {
        let mut all = Batch::default();
        let mut required = BTreeSet::new();
        for (name, batch) in writes {
            if self.store.is_shared() {
                let Some(reign) = self.reigns.get(name) else {
                    continue;
                };
                if required.insert(name) {
                    all = all.require(Shelf::Reign, name.as_str(), *reign);
                }
            }
            all.writes.extend(batch.writes.iter().cloned());
        }
        all
    }

    /// Another daemon has taken a stack over, and so its target. What was to follow from the turn there is not
    /// done; looks are, since they do nothing.
    pub(super) fn yield_to_other(&mut self, name: &str, turn: &mut Turn) {
        let of = |names: &Vec<String>| names.iter().any(|one| one == name);
        let Some(target) = self.targets.iter().position(of) else {
            return;
        };
        tracing::warn!(target, "another daemon has taken over");
        // Until it is said again: it may be the lease that this daemon has no more.
        self.leased.remove(&target);
        let names = self.names(target);
        self.reigns.retain(|name, _| !names.contains(name));
        turn.answers.retain(|(name, _)| !names.contains(name));
        turn.deeds.retain(|(name, deed)| {
            !names.contains(name) || matches!(deed, Effect::Look { .. } | Effect::Cancel)
        });
        self.stand_by(target, turn);
    }

    /// Tells what other daemons have written, and takes over where this one has the lease and does not act.
    pub(super) async fn look_around(&mut self) {
        let targets = self.leased.iter().copied();
        let due = targets.filter(|target| !self.condition.acts_in(*target));
        for target in due.collect::<Vec<_>>() {
            self.take_over(target).await;
        }
        if let Err(error) = self.journal.catch_up().await {
            tracing::warn!(%error, "what others wrote is told later");
        }
    }

    /// With what was kept by whoever acted before. While an apply of before still runs it is left for later.
    async fn take_over(&mut self, target: usize) {
        let names = self.names(target);
        let runs = |name: &String| self.stacks.get(name).is_some_and(Stack::is_applying);
        if names.iter().any(runs) {
            return;
        }
        match self.left(&names).await {
            Ok(left) => {
                self.condition.store(true);
                self.condition.act(target, true);
                let mut turn = Turn::default();
                for (name, left) in left {
                    self.go_on(&name, left, &mut turn);
                }
                self.carry_out(turn).await;
            }
            Err(error) => {
                self.condition.store(false);
                tracing::error!(%error, target, "nothing is taken over until the store is read");
            }
        }
    }

    /// Begins the reign and reads what was left, in this order: nothing more is written after that by whoever
    /// had it before.
    async fn left(&self, names: &[String]) -> Result<BTreeMap<String, Left>, StoreError> {
        let reigns = reign::begin(&*self.store, names, holder::daemon(), now()).await?;
        let mut all = BTreeMap::new();
        for (name, reign) in reigns {
            let memory = value(&*self.store, Shelf::Stack, &name).await?;
            let settings = self.settings.stacks.get(&name);
            let plan = match settings.map(|set| &set.source) {
                Some(Source::Pushed) => value(&*self.store, Shelf::Plan, &name).await?,
                Some(Source::Directory(_) | Source::Git(_)) | None => None,
            };
            let left = Left {
                reign,
                memory: memory.unwrap_or_default(),
                plan,
            };
            all.insert(name, left);
        }
        Ok(all)
    }

    fn go_on(&mut self, name: &str, left: Left, turn: &mut Turn) {
        let Left {
            reign,
            memory,
            plan,
        } = left;
        let Some(stack) = self.stacks.get_mut(name) else {
            return;
        };
        stack.recall(memory);
        self.reigns.insert(name.to_owned(), reign);
        if let Some(plan) = plan {
            let desired = Desired {
                plan: Arc::new(plan),
                origin: "pushed before".to_owned(),
            };
            self.on(name, StackInput::Desired(Ok(desired)), turn);
        }
        self.on(name, StackInput::Released(Hold::Standby), turn);
    }
}
