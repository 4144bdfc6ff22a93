//! Calls that change the model, and what can go wrong with one.

use skep_schema::address::Kind;

/// One request that would change something, whether or not it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// From 1, in the order of sending.
    pub number: usize,
    pub verb: Verb,
    pub kind: Kind,
    /// The object's name in the swarm.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Create,
    Update,
    Remove,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does what the engine does with it.
    Arrive,
    /// It never gets there, and nothing answers.
    LoseRequest,
    /// It does its work, but nothing answers.
    LoseReply,
    /// Somebody wrote the object just before: `update out of sequence`.
    LoseRace,
}

/// Decides about each call.
pub type Faults = Box<dyn FnMut(&Call) -> Fate + Send>;
