//! The tasks and merges that may name each other.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;
use skep_schema::spec::{Flow, Merge, Task};

use crate::context::Context;

/// Steps of one scope by name: the flow itself, one handler, or `finally`.
pub(super) struct Steps<'a> {
    all: BTreeMap<&'a str, Step<'a>>,
    /// In order of writing.
    tasks: Vec<&'a Task>,
}

#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Task(&'a Task),
    Merge(&'a Merge),
}

impl Step<'_> {
    pub(super) fn name_span(self) -> Span {
        match self {
            Step::Task(task) => task.name.span,
            Step::Merge(merge) => merge.name.span,
        }
    }
}

impl<'a> Steps<'a> {
    /// The flow's own steps, those inside boxes included.
    pub(super) fn main(flow: &'a Flow, cx: &mut Context<'_>) -> Self {
        let tasks = flow
            .tasks
            .iter()
            .chain(flow.boxes.iter().flat_map(|b| &b.tasks))
            .collect();
        Self::of(tasks, &flow.merges, cx)
    }

    /// The steps of a handler.
    pub(super) fn beside(tasks: &'a [Task], cx: &mut Context<'_>) -> Self {
        Self::of(tasks.iter().collect(), &[], cx)
    }

    fn of(tasks: Vec<&'a Task>, merges: &'a [Merge], cx: &mut Context<'_>) -> Self {
        let mut all: BTreeMap<&'a str, Step<'a>> = BTreeMap::new();
        let named = tasks.iter().map(|t| (t.name.value.as_str(), Step::Task(t)));
        for (name, step) in named.chain(
            merges
                .iter()
                .map(|m| (m.name.value.as_str(), Step::Merge(m))),
        ) {
            if let Some(first) = all.get(name) {
                cx.report(
                    Diagnostic::new(
                        Code::DeclaredTwice,
                        step.name_span(),
                        format!("two steps are called `{name}`"),
                    )
                    .and(first.name_span(), "the first one")
                    .help("give one of them another name"),
                );
            } else {
                all.insert(name, step);
            }
        }
        Self { all, tasks }
    }

    pub(super) fn get(&self, name: &str) -> Option<Step<'a>> {
        self.all.get(name).copied()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.all.keys().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, Step<'a>)> {
        self.all.iter().map(|(name, step)| (*name, *step))
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().copied()
    }
}
