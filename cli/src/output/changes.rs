//! A change set as people read it: on a terminal, and under a pull request.

mod detail;
mod markdown;
mod terminal;
mod words;

pub(crate) use markdown::markdown;
pub(crate) use terminal::terminal;
pub(crate) use words::count;

/// What the reader should know besides the changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heading {
    /// `shop@prod`
    pub(crate) stack: String,
    /// `the model swarm in .skep/model.json`, `plan base.json`
    pub(crate) against: String,
    /// The command that applies exactly this, where there is one.
    pub(crate) next: Option<String>,
}
