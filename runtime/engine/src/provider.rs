//! The one trait at the edge: where plans come true.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use skep_schema::address::{Address, Kind};
use skep_schema::change::Change;
use skep_schema::inventory::{Inventory, Readiness};
use skep_schema::plan::{Payload, Plan, PlanNode};

/// A future that can be kept beside others of its kind.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// A place that holds the objects of one stack.
///
/// A provider makes no choices: what it is given is what it writes. An object that does not carry
/// the stack's owner label is never changed or removed.
pub trait Provider: Send + Sync {
    /// Makes what an apply needs before it looks, such as the key that fingerprints secrets.
    /// Idempotent, and the only write outside a change.
    fn prepare(&self) -> Promise<'_, ()>;

    /// Finds everything of the stack, normalised. Writes nothing.
    fn observe<'a>(&'a self, plan: &'a Plan) -> Promise<'a, Inventory>;

    /// Writes one change. Returning only says that the target took it; [`Self::check`] says
    /// whether it worked.
    fn apply<'a>(&'a self, change: &'a Change) -> Promise<'a, ()>;

    /// Whether a node has arrived. `node` is what was written, so that somebody else's later
    /// change is told apart.
    fn check<'a>(&'a self, address: &'a Address, node: &'a PlanNode) -> Promise<'a, Readiness>;

    /// Tells what was found in the words of `like`, property by property where both mean the same
    /// to this target.
    fn respelled(&self, seen: &Payload, like: &Payload) -> Payload;

    /// Removes superseded configs and secrets that nothing can roll back to any more. What is
    /// `kept` stays in any case.
    fn collect<'a>(&'a self, plan: &'a Plan, kept: &'a Kept) -> Promise<'a, ()>;
}

/// Objects that a rollback to an earlier revision would look for: kind and physical name.
pub type Kept = BTreeSet<(Kind, String)>;

/// Why a provider could not, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Try again, then give up: nothing answered.
    #[error("cannot reach {target}: {message}")]
    Unreachable { target: String, message: String },
    /// Try again, then say which managers are missed: the swarm answers and cannot decide.
    #[error("the swarm at {target} has no leader: {message}")]
    Leaderless { target: String, message: String },
    /// Observe and decide anew: the object is not what the change was made against.
    #[error("{address} was changed by somebody else")]
    Conflict { address: Address },
    /// Report it: the target understood and refused.
    #[error("{message}")]
    Rejected { message: String },
    /// Stop: the object is not ours, or we may not.
    #[error("{message}")]
    Denied { message: String },
}
