//! Calls to the target that are under way.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use skep_schema::address::Address;
use skep_schema::change::ChangeSet;
use skep_schema::event::Timestamp;
use skep_schema::plan::Plan;

use crate::apply::Input;
use crate::provider::{Kept, Provider, ProviderError};

/// Checks under way at a time; the others wait their turn.
const CHECKS: usize = 8;

pub(super) struct Flight<'a> {
    provider: &'a dyn Provider,
    plan: &'a Plan,
    changes: &'a ChangeSet,
    kept: &'a Kept,
    calls: Vec<Call<'a>>,
    /// Checks that are still to come, the next first.
    checks: BTreeSet<(Timestamp, Address)>,
    checking: usize,
}

type Call<'a> = Pin<Box<dyn Future<Output = Input> + Send + 'a>>;

impl<'a> Flight<'a> {
    pub(super) fn new(
        provider: &'a dyn Provider,
        plan: &'a Plan,
        changes: &'a ChangeSet,
        kept: &'a Kept,
    ) -> Self {
        Self {
            provider,
            plan,
            changes,
            kept,
            calls: Vec::new(),
            checks: BTreeSet::new(),
            checking: 0,
        }
    }

    pub(super) fn write(&mut self, address: Address) {
        let (provider, change) = (self.provider, self.changes.get(&address));
        self.calls.push(Box::pin(async move {
            let result = match change {
                Some(change) => provider.apply(change).await,
                None => Err(unknown(&address)),
            };
            Input::Written(address, result)
        }));
    }

    pub(super) fn check(&mut self, address: Address, at: Timestamp) {
        self.checks.insert((at, address));
    }

    pub(super) fn collect(&mut self) {
        let (provider, plan, kept) = (self.provider, self.plan, self.kept);
        self.calls.push(Box::pin(async move {
            Input::Collected(provider.collect(plan, kept).await)
        }));
    }

    /// When the next check is due, if one more may be under way.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.checks
            .first()
            .filter(|_| self.checking < CHECKS)
            .map(|(at, _)| *at)
    }

    /// Starts the checks that are due.
    pub(super) fn depart(&mut self, now: Timestamp) {
        while self.due().is_some_and(|at| at <= now) {
            let Some((_, address)) = self.checks.pop_first() else {
                return;
            };
            self.checking += 1;
            let provider = self.provider;
            let node = super::wanted(self.plan, self.changes, &address);
            self.calls.push(Box::pin(async move {
                let result = match node {
                    Some(node) => provider.check(&address, node).await,
                    None => Err(unknown(&address)),
                };
                Input::Checked(address, result)
            }));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The result of the call that ends next. Dropping this future loses nothing.
    pub(super) async fn landed(&mut self) -> Input {
        let input = poll_fn(|context| self.poll(context)).await;
        self.checking -= usize::from(matches!(input, Input::Checked(..)));
        input
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Input> {
        for i in 0..self.calls.len() {
            if let Poll::Ready(input) = self.calls[i].as_mut().poll(context) {
                drop(self.calls.swap_remove(i));
                return Poll::Ready(input);
            }
        }
        Poll::Pending
    }
}

fn unknown(address: &Address) -> ProviderError {
    ProviderError::Rejected {
        message: format!("{address} is not in the changes"),
    }
}
