//! A change set as people read it: on a terminal, and under a pull request.

mod detail;
mod image;
mod markdown;
mod terminal;
mod widget;
mod words;

pub(crate) use detail::show as show_value;
pub(crate) use markdown::{BUDGET, LEAST, markdown};
pub(crate) use terminal::terminal;
pub(crate) use widget::widget;
pub(crate) use words::count;

/// The properties of a change, each as a line with its sign.
pub(crate) fn details(change: &skep_schema::change::Change) -> Vec<String> {
    let lines = detail::lines(change).into_iter();
    lines
        .map(|line| format!("{} {}", line.sign.plain(), line.text))
        .collect()
}

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
