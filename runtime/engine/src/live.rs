//! What a target tells by itself, while it is listened to.

use skep_schema::address::{Address, Kind};
use skep_schema::log::LogLine;
use tokio::sync::mpsc;

use crate::provider::Promise;

/// Something in the target that may have changed: a reason to look, and never more than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stir {
    pub kind: Kind,
    /// The object's physical name, or a machine's host name.
    pub name: String,
    /// A lowercase fragment: `removed`, `1 of 2 running`.
    pub what: String,
}

/// Which lines of a log are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The last lines of each task.
    pub lines: u32,
    /// Seconds since the epoch; only what is newer.
    pub since: Option<u64>,
    /// Whether to go on with what comes.
    pub follow: bool,
}

/// A target that can be listened to.
///
/// What is handed out ends when the connection does, or when it is dropped. Nobody may rely on having
/// heard everything.
pub trait Live: Send + Sync {
    /// Listens to what happens to the stack's objects, and to the machines.
    fn stirs(&self) -> Promise<'_, mpsc::Receiver<Stir>>;

    /// The lines that the tasks of a service wrote, without values of secrets. Those that are there
    /// come first, in order of time as far as the target keeps it.
    fn logs<'a>(&'a self, address: &'a Address, tail: Tail)
    -> Promise<'a, mpsc::Receiver<LogLine>>;
}
