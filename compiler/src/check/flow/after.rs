//! `after`, `all` and `any`: what a step waits for, and what can never come.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::span::Span;

use super::steps::{Step, Steps};
use crate::context::Context;

/// All steps that have ended before a step begins, by its name.
pub(super) type Order<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The end of a step that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ok,
    OkOrSkipped,
    Failed,
    Ended,
    Code,
}

/// Reads one word of `after`: `a`, `a?`, `a!`, `a*`, `a:3`.
fn word(text: &str) -> Option<(&str, End)> {
    if let Some((name, code)) = text.split_once(':') {
        return code.parse::<u8>().ok().map(|_| (name, End::Code));
    }
    let marks = [
        ('?', End::OkOrSkipped),
        ('!', End::Failed),
        ('*', End::Ended),
    ];
    let marked = marks
        .iter()
        .find_map(|(mark, end)| Some((text.strip_suffix(*mark)?, *end)));
    Some(marked.unwrap_or((text, End::Ok)))
}

/// Checks every step's words, and works out who comes before whom. A step on a circle has no order.
pub(super) fn order<'a>(steps: &Steps<'a>, cx: &mut Context<'_>) -> Order<'a> {
    let direct: BTreeMap<&str, Vec<&str>> = steps
        .iter()
        .map(|(name, step)| (name, waits_for(steps, step, cx)))
        .collect();
    let mut order: Order<'a> = BTreeMap::new();
    loop {
        let next = direct.iter().find(|(name, before)| {
            !order.contains_key(*name) && before.iter().all(|b| order.contains_key(b))
        });
        let Some((name, before)) = next else { break };
        let all = before
            .iter()
            .flat_map(|b| order[b].iter().copied().chain([*b]))
            .collect();
        order.insert(name, all);
    }
    let stuck: Vec<&str> = direct
        .keys()
        .filter(|n| !order.contains_key(*n))
        .copied()
        .collect();
    if let Some(first) = stuck.first().and_then(|n| steps.get(n)) {
        report_circle(steps, &direct, &stuck, first, cx);
    }
    order
}

fn waits_for<'a>(steps: &Steps<'a>, step: Step<'a>, cx: &mut Context<'_>) -> Vec<&'a str> {
    match step {
        Step::Task(task) => {
            let Some(after) = &task.after else {
                return Vec::new();
            };
            names(steps, &after.value.0, after.span, cx)
        }
        Step::Merge(merge) => {
            let (words, span) = match (&merge.all, &merge.any) {
                (Some(words), None) | (None, Some(words)) => (&words.value.0, words.span),
                (Some(_), Some(_)) | (None, None) => {
                    cx.report(
                        Diagnostic::new(
                            Code::ExactlyOne,
                            merge.span,
                            "a merge joins by `all` or by `any`",
                        )
                        .help("write merge NAME all=\"a b\" or merge NAME any=\"a b\""),
                    );
                    return Vec::new();
                }
            };
            names(steps, words, span, cx)
        }
    }
}

/// The steps named in a list of words; unknown and contradictory ones are reported.
pub(super) fn names<'a>(
    steps: &Steps<'a>,
    words: &str,
    span: Span,
    cx: &mut Context<'_>,
) -> Vec<&'a str> {
    let mut found: Vec<(&'a str, End)> = Vec::new();
    for text in words.split_whitespace() {
        let Some((name, end)) = word(text) else {
            let message = format!("`{text}` is no end of a task");
            cx.report(
                Diagnostic::new(Code::BadValue, span, message)
                    .help("write a, a? (or skipped), a! (failed), a* (ended) or a:3 (exit code)"),
            );
            continue;
        };
        match steps.names().find(|n| *n == name) {
            Some(known) => {
                contradicts(&found, known, end, span, cx);
                found.push((known, end));
            }
            None => unknown(steps, name, span, cx),
        }
    }
    found.into_iter().map(|(name, _)| name).collect()
}

/// A task that waits for another to succeed and to fail never begins.
fn contradicts(found: &[(&str, End)], name: &str, end: End, span: Span, cx: &mut Context<'_>) {
    let bad = |end: End| matches!(end, End::Failed | End::Code);
    let good = |end: End| matches!(end, End::Ok | End::OkOrSkipped);
    let clash = |other: End| good(other) && bad(end) || bad(other) && good(end);
    if found
        .iter()
        .any(|(other, mark)| *other == name && clash(*mark))
    {
        cx.report(
            Diagnostic::new(
                Code::Unreachable,
                span,
                format!("`{name}` cannot end well and badly at once"),
            )
            .label("this never comes")
            .help(format!("write `{name}*` to go on however it ended")),
        );
    }
}

fn unknown(steps: &Steps<'_>, name: &str, span: Span, cx: &mut Context<'_>) {
    let diagnostic = Diagnostic::new(
        Code::UnknownName,
        span,
        format!("no task is called `{name}`"),
    );
    cx.report(match nearest(name, steps.names()) {
        Some(near) => diagnostic
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`")),
        None => diagnostic.help("tasks and merges of this flow fit here"),
    });
}

/// Shows one way round, from the first stuck step on.
fn report_circle(
    steps: &Steps<'_>,
    direct: &BTreeMap<&str, Vec<&str>>,
    stuck: &[&str],
    first: Step<'_>,
    cx: &mut Context<'_>,
) {
    let mut path: Vec<&str> = vec![stuck[0]];
    let round = loop {
        let last = path[path.len() - 1];
        let Some(next) = direct[last].iter().find(|n| stuck.contains(n)) else {
            return;
        };
        if let Some(at) = path.iter().position(|n| n == next) {
            break path[at..].iter().chain([next]).copied().collect::<Vec<_>>();
        }
        path.push(next);
    };
    let span = steps
        .get(round[0])
        .map_or(first.name_span(), Step::name_span);
    let mut diagnostic = Diagnostic::new(
        Code::Cycle,
        span,
        format!("these wait for each other: {}", round.join(" -> ")),
    )
    .help("take one of them out of the other's `after`");
    for name in &round[1..round.len() - 1] {
        if let Some(step) = steps.get(name) {
            diagnostic = diagnostic.and(step.name_span(), "in the circle");
        }
    }
    cx.report(diagnostic);
}
