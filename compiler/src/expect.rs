//! What a project's own tests expect of its plan.

mod check;
mod compare;
mod look;

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::span::Span;
use skep_schema::spec::Test;

use crate::Compiled;
use crate::edit::Written;
use crate::source::Inputs;

pub(crate) use check::check;

/// The environments that a test is run in, of those that the project has; nothing stands for the
/// project without one.
pub fn environments(test: &Test, all: &[String]) -> Vec<Option<String>> {
    if test.environment.is_empty() {
        return vec![None];
    }
    let mut chosen = BTreeSet::new();
    for wanted in &test.environment {
        match wanted.value.0.as_str() {
            "*" => chosen.extend(all.iter().cloned()),
            name => drop(chosen.insert(name.to_owned())),
        }
    }
    chosen.into_iter().map(Some).collect()
}

/// What a project is compiled with for a test.
pub fn inputs(test: &Test, environment: Option<&str>, given: &Inputs) -> Inputs {
    let mut inputs = Inputs {
        environment: environment.map(str::to_owned),
        test: Some(test.name.value.0.clone()),
        ..given.clone()
    };
    for set in &test.set {
        let value = set.value.args.first();
        let text = value.and_then(|arg| skep_schema::lang::scalar_text(&arg.value));
        inputs
            .params
            .insert(set.param.value.0.clone(), text.unwrap_or_default().into());
    }
    inputs
}

/// What does not hold, in order of place; a compile that fails and should not is told in its own
/// words. Snapshots are not looked at here.
pub fn failures(test: &Test, compiled: &Compiled, written: &Written) -> Vec<Diagnostic> {
    let errors: Vec<&Diagnostic> = compiled
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    if !test.fails.is_empty() {
        return other_ends(test, &errors);
    }
    let Some(plan) = &compiled.plan else {
        return errors.into_iter().cloned().collect();
    };
    let mut found = Vec::new();
    for expectation in &test.expect {
        found.extend(look::expectation(expectation, plan, written));
    }
    for count in &test.count {
        found.extend(look::count(count, plan));
    }
    Diagnostic::sort(&mut found);
    found
}

/// In what a compile that should fail ends otherwise.
fn other_ends(test: &Test, errors: &[&Diagnostic]) -> Vec<Diagnostic> {
    let found: BTreeSet<Code> = errors.iter().map(|d| d.code).collect();
    let wanted: BTreeSet<Code> = test.fails.iter().map(|code| code.value.0).collect();
    let missed = test
        .fails
        .iter()
        .filter(|code| !found.contains(&code.value.0));
    let missed = missed.map(|code| not_failing(code.value.0, code.span, &found));
    let others = errors.iter().filter(|d| !wanted.contains(&d.code));
    missed.chain(others.map(|d| (*d).clone())).collect()
}

fn not_failing(code: Code, span: Span, found: &BTreeSet<Code>) -> Diagnostic {
    let title = code.info().title;
    let code = code.as_str();
    let diagnostic = Diagnostic::new(
        Code::NotFailing,
        span,
        format!("compiling does not fail with {code}, {title}"),
    );
    if found.is_empty() {
        return diagnostic.label("there is no error at all");
    }
    let found: Vec<&str> = found.iter().map(|code| code.as_str()).collect();
    diagnostic.label(format!("it fails with {}", found.join(", ")))
}
