//! Value paths: what `param.tag` and `service.db.host` lead to.

use skep_schema::address::segments;
use skep_schema::diagnostic::{Applicability, Code, Diagnostic};
use skep_schema::lang::{Literal, Part, Template, nearest};
use skep_schema::span::{At, Span};

use super::scope::{Bound, Scope, Value};
use crate::context::Context;

/// The first words of all paths.
const ROOTS: &[&str] = &[
    "param", "env", "name", "service", "secret", "task", "trigger", "matrix", "run",
];

/// What a path leads to; a wrong one is reported, and unknown from then on.
pub(crate) fn look_up(cx: &mut Context<'_>, scope: &Scope<'_>, text: &str, span: Span) -> Value {
    let found = match segments(text) {
        Some(path) => follow(scope, path, span),
        None => Err(wrong(span, format!("`{text}` is no path"))
            .help("write words with dots between, such as param.tag or service.db.host")),
    };
    found.unwrap_or_else(|diagnostic| {
        cx.report(diagnostic);
        Value::unknown()
    })
}

fn follow(scope: &Scope<'_>, path: Vec<String>, span: Span) -> Result<Value, Diagnostic> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["param", name] => param(scope, name, span),
        ["env", "name"] => scope
            .environment
            .clone()
            .map(Value::One)
            .ok_or_else(|| hidden("env.name", span)),
        ["name"] => scope.name.clone().map(Value::One).ok_or_else(|| {
            wrong(span, "`name` means something in components only")
                .help("it is the name of the instance: `use COMPONENT name`")
        }),
        ["secret", name] => Ok(Value::One(Literal::Secret((*name).to_owned()))),
        ["service", _, "host"] | ["service", _, "port", _] => Ok(later(path, span)),
        ["task" | "trigger" | "matrix" | "run", ..] => in_flow(scope, path, span),
        _ => Err(unknown(&path, span)),
    }
}

fn param(scope: &Scope<'_>, name: &str, span: Span) -> Result<Value, Diagnostic> {
    if scope
        .flow
        .as_ref()
        .is_some_and(|flow| flow.params.contains(name))
    {
        return Ok(later(vec!["param".to_owned(), name.to_owned()], span));
    }
    if let Some(Bound { value, .. }) = scope.params.get(name) {
        return Ok(value.clone());
    }
    if scope.flow.as_ref().is_some_and(|flow| flow.partial) {
        return Ok(later(vec!["param".to_owned(), name.to_owned()], span));
    }
    let message = match &scope.name {
        Some(_) => format!("the component has no parameter `{name}`"),
        None => format!("there is no parameter `{name}`"),
    };
    let flow = scope.flow.iter().flat_map(|flow| &flow.params);
    let known = scope.params.keys().chain(flow).map(String::as_str);
    let diagnostic = wrong(span, message);
    Err(match nearest(name, known) {
        Some(near) => meant(diagnostic, &format!("param.{near}"), span),
        None => diagnostic.help(format!("declare it: param {name} type=string")),
    })
}

fn in_flow(scope: &Scope<'_>, path: Vec<String>, span: Span) -> Result<Value, Diagnostic> {
    if scope.flow.is_some() && path.len() > 1 {
        return Ok(later(path, span));
    }
    let first = &path[0];
    Err(if scope.flow.is_some() {
        wrong(span, format!("`{first}` alone is no value")).help(format!("write {first}.NAME"))
    } else {
        wrong(span, format!("`{first}` means something in flows only"))
            .help("here, only parameters and services are known")
    })
}

/// A path that only the graph, or a run, can follow.
fn later(path: Vec<String>, span: Span) -> Value {
    Value::One(Literal::Text(Template {
        parts: vec![Part::Path(At::new(path, span))],
    }))
}

fn hidden(path: &str, span: Span) -> Diagnostic {
    wrong(
        span,
        format!("`{path}` cannot be seen from inside a component"),
    )
    .help("give the component a parameter, and pass it in the use")
}

fn unknown(path: &[String], span: Span) -> Diagnostic {
    let first = path[0].as_str();
    let diagnostic = wrong(span, format!("`{}` leads nowhere", path.join(".")));
    match (first, path) {
        ("param", _) => diagnostic.help("write param.NAME"),
        ("env", _) => diagnostic.help("write env.name; other values come in as parameters"),
        ("secret", _) => diagnostic.help("write secret.NAME"),
        ("name", _) => diagnostic.help("write name"),
        ("service", [_, name, ..]) => service(diagnostic, name, path, span),
        ("service", _) => diagnostic.help("write service.NAME.host or service.NAME.port.PORT"),
        (_, [_, rest @ ..]) => match nearest(first, ROOTS.iter().copied()) {
            Some(near) => {
                let whole: Vec<&str> = std::iter::once(near)
                    .chain(rest.iter().map(String::as_str))
                    .collect();
                meant(diagnostic, &whole.join("."), span)
            }
            None => diagnostic.help(format!("a path begins with one of {}", ROOTS.join(", "))),
        },
        (_, []) => diagnostic,
    }
}

fn service(diagnostic: Diagnostic, name: &str, path: &[String], span: Span) -> Diagnostic {
    let near = path.get(2).and_then(|word| nearest(word, ["host", "port"]));
    match (near, path.get(3)) {
        (Some("host"), None) => meant(diagnostic, &format!("service.{name}.host"), span),
        (Some("port"), Some(port)) => {
            meant(diagnostic, &format!("service.{name}.port.{port}"), span)
        }
        (Some(_) | None, _) => diagnostic.help(format!(
            "write service.{name}.host or service.{name}.port.PORT"
        )),
    }
}

fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::UnknownPath, span, message)
}

fn meant(diagnostic: Diagnostic, path: &str, span: Span) -> Diagnostic {
    diagnostic
        .label(format!("did you mean `{path}`?"))
        .help(format!("write `{path}`"))
        .offer(
            format!("replace with `{path}`"),
            Applicability::MaybeIncorrect,
            vec![(span, path.to_owned())],
        )
}
