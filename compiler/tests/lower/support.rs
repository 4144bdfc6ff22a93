//! Compiles texts, and prints plans so that people can read what changed.

use std::fmt::Write;

use skep_compiler::source::{Inputs, SourceSet};
use skep_compiler::{Compiled, compile};
use skep_schema::diagnostic::Severity;
use skep_schema::plan::{Plan, PlanNode};
use skep_schema::value::Value;

/// A project `shop` of one file, with others beside it.
pub(crate) fn project(spec: &str, files: &[(&str, &str)]) -> Compiled {
    in_environment(spec, files, None)
}

pub(crate) fn in_environment(
    spec: &str,
    files: &[(&str, &str)],
    environment: Option<&str>,
) -> Compiled {
    let spec = format!("project shop edition=1\n{spec}");
    let all = files.iter().copied().chain([("skep.kdl", spec.as_str())]);
    let mut set = SourceSet::of(all);
    set.inputs = Inputs {
        environment: environment.map(str::to_owned),
        ..Inputs::default()
    };
    let first = compile(&set);
    if first.wanted.is_empty() {
        return first;
    }
    set.settle(&first.wanted);
    compile(&set)
}

/// The plan of a spec that has to have one.
pub(crate) fn plan(spec: &str) -> Plan {
    plan_of(project(spec, &[]))
}

pub(crate) fn plan_of(compiled: Compiled) -> Plan {
    let told = told(&compiled, Severity::Error);
    assert_eq!(told, Vec::<String>::new());
    compiled.plan.expect("without an error there is a plan")
}

/// What was said of at least this severity: `SK3204 7:8 message`, with lines counted in the spec as
/// the test wrote it.
pub(crate) fn told(compiled: &Compiled, least: Severity) -> Vec<String> {
    let located = compiled
        .diagnostics
        .iter()
        .filter(|d| d.severity >= least)
        .map(|d| d.locate(&compiled.sources));
    located
        .map(|d| {
            let root = d.file == "skep.kdl";
            let file = if root {
                String::new()
            } else {
                format!("{} ", d.file)
            };
            let line = if root { d.line - 1 } else { d.line };
            format!("{} {file}{line}:{} {}", d.code, d.column, d.message)
        })
        .collect()
}

/// Every leaf of a plan on a line of its own.
pub(crate) fn printed(plan: &Plan) -> String {
    let mut out = String::new();
    for (address, node) in &plan.nodes {
        head(&mut out, &address.to_string(), node);
        leaves(&mut out, "", &node.payload.value());
    }
    out
}

fn head(out: &mut String, address: &str, node: &PlanNode) {
    let target = format!("{:?}", node.target).to_lowercase();
    let protect = if node.protect { " protected" } else { "" };
    writeln!(
        out,
        "{address} ({target}{protect}) at {}",
        node.origin.place()
    )
    .expect("a string can be written");
    for (needed, need) in &node.needs {
        writeln!(
            out,
            "    needs {needed} {}",
            format!("{need:?}").to_lowercase()
        )
        .expect("a string can be written");
    }
}

fn leaves(out: &mut String, path: &str, value: &Value) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::Map(map) if !map.is_empty() => map
            .iter()
            .for_each(|(key, value)| leaves(out, &below(key), value)),
        Value::Map(_) => writeln!(out, "    {path} {{}}").expect("a string can be written"),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_) => {
            let json = serde_json::to_string(value).expect("a value is JSON");
            writeln!(out, "    {path} {json}").expect("a string can be written");
        }
    }
}

/// Compares with the snapshot of this name.
pub(crate) fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots/lower");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
