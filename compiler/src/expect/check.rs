//! Whether tests make sense, before any of them is run.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::plan::{Holds, holds};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Expectation, PropertyPath, Scalar, Test};

use crate::context::Context;
use crate::words::there_are;

/// Reports what is wrong with the tests of a project.
pub(crate) fn check(tests: &[Test], environments: &[String], cx: &mut Context<'_>) {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    for test in tests {
        let name = &test.name;
        if let Some(first) = names.insert(&name.value.0, name.span) {
            let message = format!("two tests are called `{}`", name.value.0);
            cx.report(
                Diagnostic::new(Code::DeclaredTwice, name.span, message)
                    .label("again here")
                    .and(first, "first here")
                    .help("a test is chosen by its name: give one of them another"),
            );
        }
        environments_exist(test, environments, cx);
        says_something(test, cx);
        for expectation in &test.expect {
            sensible(expectation, cx);
        }
    }
}

fn environments_exist(test: &Test, all: &[String], cx: &mut Context<'_>) {
    for wanted in &test.environment {
        let name = &wanted.value.0;
        if name == "*" || all.contains(name) {
            continue;
        }
        let message = format!("there is no environment `{name}`");
        let diagnostic = Diagnostic::new(Code::UnknownEnvironment, wanted.span, message);
        let known = all.iter().map(String::as_str);
        cx.report(match nearest(name, known.clone()) {
            Some(near) => diagnostic.meant(near),
            None => diagnostic.help(there_are(known)),
        });
    }
}

fn says_something(test: &Test, cx: &mut Context<'_>) {
    let expects = !test.expect.is_empty() || !test.count.is_empty();
    let snapshot = test.snapshot.as_ref().is_some_and(|flag| flag.value);
    let name = &test.name.value.0;
    match (test.fails.first(), expects || snapshot) {
        (Some(fails), true) => cx.report(
            Diagnostic::new(
                Code::BadValue,
                fails.span,
                format!("`{name}` expects something of a plan that is not made"),
            )
            .help("make two tests of it: where compiling fails there is no plan"),
        ),
        (None, false) => cx.report(
            Diagnostic::new(
                Code::MissingValue,
                test.name.span,
                format!("the test `{name}` expects nothing"),
            )
            .help("write `expect ADDRESS PROPERTY is=VALUE`, `count`, `fails CODE` or `snapshot`"),
        ),
        (Some(_), false) | (None, true) => {}
    }
}

fn sensible(of: &Expectation, cx: &mut Context<'_>) {
    let Some(path) = &of.property else {
        if let Some((_, first)) = compared(of).next() {
            cx.report(
                Diagnostic::new(
                    Code::MissingValue,
                    first.span,
                    "what is compared is not said",
                )
                .help(format!(
                    "name a property: expect {} PROPERTY ..",
                    of.node.value
                )),
            );
        }
        return;
    };
    let node = &of.node.value;
    match holds(node.kind, node.part.as_deref(), &path.value.0) {
        Err(unknown) => {
            let diagnostic = no_property(of, path, &unknown.word, unknown.known);
            cx.report(diagnostic);
        }
        Ok(holds) => fits(of, path, holds, cx),
    }
    let absent = of.exists.as_ref().is_some_and(|flag| !flag.value);
    if let Some((_, first)) = compared(of).next().filter(|_| absent) {
        let message = format!("`{}` is to be absent and to have a value", path.value);
        cx.report(Diagnostic::new(Code::BadValue, first.span, message).help("keep one of them"));
    }
}

fn no_property(
    of: &Expectation,
    path: &At<PropertyPath>,
    word: &str,
    known: &'static [&'static str],
) -> Diagnostic {
    let kind = of.node.value.kind;
    let message = format!("a {kind} of a plan has no `{}`", path.value);
    let diagnostic = Diagnostic::new(Code::UnknownProperty, path.span, message);
    match nearest(word, known.iter().copied()) {
        Some(near) => {
            let mut words = path.value.0.clone();
            let misspelt = words.iter_mut().filter(|w| w.as_str() == word);
            misspelt.for_each(|w| near.clone_into(w));
            diagnostic.meant(&PropertyPath(words).to_string())
        }
        None if known.is_empty() => {
            diagnostic.help(format!("nothing is below, so leave out `{word}`"))
        }
        None => diagnostic.help(there_are(known.iter().copied())),
    }
}

fn compared(of: &Expectation) -> impl Iterator<Item = (&'static str, &At<Scalar>)> {
    let all = [
        ("is", &of.is),
        ("is-not", &of.is_not),
        ("at-least", &of.at_least),
        ("at-most", &of.at_most),
        ("has", &of.has),
    ];
    all.into_iter()
        .filter_map(|(word, wanted)| Some((word, wanted.as_ref()?)))
}

/// Reports comparisons that can never hold for what the property holds.
fn fits(of: &Expectation, path: &At<PropertyPath>, holds: Holds, cx: &mut Context<'_>) {
    let path = &path.value;
    for (word, wanted) in compared(of) {
        let text = wanted.value.0.as_str();
        let refuse = |code, message| Diagnostic::new(code, wanted.span, message);
        let equality = matches!(word, "is" | "is-not");
        let wrong = match (holds, word) {
            (Holds::List | Holds::Map, "has") | (Holds::Text | Holds::Entry | Holds::Any, _) => {
                None
            }
            (Holds::List | Holds::Map, _) => Some(
                refuse(Code::WrongType, format!("`{path}` is more than one value"))
                    .help(format!("write `has={text}` for one of them")),
            ),
            (_, "has") => Some(
                refuse(Code::WrongType, format!("`{path}` is a single value"))
                    .help(format!("write `is={text}`")),
            ),
            (Holds::Int, _) => text
                .parse::<i128>()
                .is_err()
                .then(|| refuse(Code::WrongType, format!("`{path}` is a whole number"))),
            (Holds::Bool | Holds::OneOf(_), _) if !equality => Some(
                refuse(
                    Code::WrongType,
                    format!("nothing is more or less than `{path}`"),
                )
                .help("write `is=` and what it shall be"),
            ),
            (Holds::Bool, _) => (!matches!(text, "true" | "false"))
                .then(|| refuse(Code::WrongType, format!("`{path}` is #true or #false"))),
            (Holds::OneOf(known), _) => not_one_of(path, wanted, known),
        };
        if let Some(diagnostic) = wrong {
            cx.report(diagnostic);
        }
    }
}

fn not_one_of(
    path: &PropertyPath,
    wanted: &At<Scalar>,
    known: &'static [&'static str],
) -> Option<Diagnostic> {
    let text = wanted.value.0.as_str();
    if known.contains(&text) {
        return None;
    }
    let message = format!("`{path}` is never `{text}`");
    let diagnostic = Diagnostic::new(Code::NotOneOf, wanted.span, message);
    Some(match nearest(text, known.iter().copied()) {
        Some(near) => diagnostic.meant(near),
        None => diagnostic.help(there_are(known.iter().copied())),
    })
}
