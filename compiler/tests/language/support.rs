//! Small projects as text, and their results as text.

use std::fmt::Write;

use serde::Serialize;
use skep_compiler::source::{Inputs, SourceSet};
use skep_compiler::{Compiled, compile};
use skep_schema::diagnostic::Severity;

/// What every project in these tests begins with, on its own line.
pub(crate) const HEAD: &str = "project t edition=1\n";

/// A project of one file, without its head.
pub(crate) fn one(text: &str) -> SourceSet {
    SourceSet::of([("skep.kdl", format!("{HEAD}{text}").as_str())])
}

pub(crate) fn several(files: &[(&str, &str)]) -> SourceSet {
    SourceSet::of(files.iter().copied())
}

pub(crate) fn inputs(environment: Option<&str>, params: &[(&str, &str)]) -> Inputs {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Inputs {
        environment: environment.map(str::to_owned),
        params: params.collect(),
        ..Inputs::default()
    }
}

/// Compiles; what is not there is absent.
pub(crate) fn settled(mut set: SourceSet) -> Compiled {
    loop {
        let compiled = compile(&set);
        if compiled.wanted.is_empty() {
            return compiled;
        }
        set.settle(&compiled.wanted);
    }
}

/// All errors of a project of one file, and the text that each of them marks.
pub(crate) fn said(text: &str) -> String {
    errors(&settled(one(text)))
}

pub(crate) fn said_in(environment: &str, text: &str) -> String {
    let mut set = one(text);
    set.inputs = inputs(Some(environment), &[]);
    errors(&settled(set))
}

/// The warnings of a project of one file.
pub(crate) fn warnings_in(environment: &str, text: &str) -> String {
    let mut set = one(text);
    set.inputs = inputs(Some(environment), &[]);
    of_severity(&settled(set), Severity::Warning)
}

pub(crate) fn errors(compiled: &Compiled) -> String {
    of_severity(compiled, Severity::Error)
}

fn of_severity(compiled: &Compiled, severity: Severity) -> String {
    let mut out = String::new();
    for diagnostic in compiled
        .diagnostics
        .iter()
        .filter(|d| d.severity == severity)
    {
        let place = diagnostic.locate(&compiled.sources);
        let marked = compiled.sources.slice(diagnostic.primary.span);
        writeln!(
            out,
            "{} {}:{}:{} {}",
            place.code, place.file, place.line, place.column, place.message
        )
        .expect("strings take everything");
        writeln!(out, "  | {marked}").expect("strings take everything");
        if !place.label.is_empty() {
            writeln!(out, "  ^ {}", place.label).expect("strings take everything");
        }
        for related in &place.related {
            let at = &related.place;
            writeln!(
                out,
                "  - {}:{}:{} {}",
                at.file, at.start.line, at.start.column, related.message
            )
            .expect("strings take everything");
        }
        if let Some(help) = &place.help {
            writeln!(out, "  = {help}").expect("strings take everything");
        }
    }
    out
}

/// The spec of a project of one file, which must be without errors.
pub(crate) fn spec_of(compiled: &Compiled) -> String {
    assert_eq!(errors(compiled), "", "the project has errors");
    let spec = &compiled.spec;
    let mut out = String::new();
    show(&mut out, "network", &spec.networks);
    show(&mut out, "volume", &spec.volumes);
    show(&mut out, "secret", &spec.secrets);
    show(&mut out, "config", &spec.configs);
    show(&mut out, "certificate", &spec.certificates);
    show(&mut out, "registry", &spec.registries);
    show(&mut out, "service", &spec.services);
    show(&mut out, "gateway", &spec.gateways);
    show(&mut out, "route", &spec.routes);
    show(&mut out, "flow", &spec.flows);
    out
}

fn show<T: Serialize>(
    out: &mut String,
    kind: &str,
    all: &std::collections::BTreeMap<String, skep_schema::spec::Declared<T>>,
) {
    for (name, declared) in all {
        let node = serde_json::to_string(&*declared.node).expect("a node is plain data");
        writeln!(out, "{kind} {name} {node}").expect("strings take everything");
    }
}

pub(crate) fn spec(text: &str) -> String {
    spec_of(&settled(one(text)))
}

pub(crate) fn spec_in(environment: &str, text: &str) -> String {
    let mut set = one(text);
    set.inputs = inputs(Some(environment), &[]);
    spec_of(&settled(set))
}
