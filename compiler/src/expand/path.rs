//! Value paths: what `param.tag` and `service.db.host` lead to.

use skep_schema::address::{Segment, segments};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Literal, Part, Template, nearest};
use skep_schema::span::{At, Span};
use smol_str::SmolStr;

use super::each::Item;
use super::scope::{Bound, Place, Scope, Value};
use crate::context::Context;

/// The first words of all paths.
const ROOTS: &[&str] = &[
    "param", "env", "name", "each", "service", "secret", "task", "trigger", "matrix", "run",
];

const FORM: &str = "write words with dots between, such as param.tag or service.db.host";

/// What a path leads to; a wrong one is reported, and unknown from then on.
pub(crate) fn look_up(cx: &mut Context<'_>, scope: &Scope<'_>, text: &str, span: Span) -> Value {
    let found = match segments(text) {
        Some(path) => follow(scope, path, span),
        None if text.is_empty() => refuse(wrong(span, "a path is missing here").help(FORM)),
        None => refuse(wrong(span, format!("`{text}` is no path")).help(FORM)),
    };
    found.unwrap_or_else(|diagnostic| {
        cx.report_absence(*diagnostic);
        Value::unknown()
    })
}

/// What a path leads to, or what is wrong with it.
type Found = Result<Value, Box<Diagnostic>>;

fn refuse(diagnostic: Diagnostic) -> Found {
    Err(Box::new(diagnostic))
}

fn follow(scope: &Scope<'_>, path: Vec<String>, span: Span) -> Found {
    let path = elsewhere(path);
    if matches!(scope.place, Place::Fixed) {
        return refuse(wrong(span, "nothing can be looked up here").help("write the value out"));
    }
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["param", name] => param(scope, name, span),
        ["env", "name"] => environment(scope, span),
        ["name"] => instance(scope, span),
        ["each"] | ["each", _] => item(scope, words.get(1).copied(), span),
        ["secret", name] => Ok(Value::One(Literal::Secret((*name).to_owned()))),
        ["service", _, "host"] | ["service", _, "port", _] => Ok(later(path, span)),
        ["task" | "trigger" | "matrix" | "run", ..] => in_flow(scope, path, span),
        _ => refuse(unknown(&path, span)),
    }
}

/// `service.db.postgres.host` is of the service that another project knows as `postgres`.
fn elsewhere(mut path: Vec<String>) -> Vec<String> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let is_elsewhere = match words.as_slice() {
        ["service", _, name, "host"] => *name != "port",
        ["service", _, _, "port", _] => true,
        _ => false,
    };
    if is_elsewhere {
        let name = path.remove(2);
        path[1] = format!("{}.{name}", path[1]);
    }
    path
}

fn environment(scope: &Scope<'_>, span: Span) -> Found {
    match (&scope.place, &scope.environment) {
        (Place::Component(_), _) => refuse(
            wrong(span, "`env.name` cannot be seen from inside a component")
                .help("give the component a parameter, and pass it in the use"),
        ),
        (Place::Fixed | Place::Inputs | Place::Project, Some(name)) => Ok(Value::One(name.clone())),
        (Place::Fixed | Place::Inputs | Place::Project, None) => {
            let message = "`env.name` has no value without an environment";
            let diagnostic = Diagnostic::new(Code::UnsetParam, span, message);
            refuse(diagnostic.help("choose one with -e NAME"))
        }
    }
}

fn instance(scope: &Scope<'_>, span: Span) -> Found {
    match &scope.place {
        Place::Component(name) => Ok(Value::One(name.clone())),
        Place::Fixed | Place::Inputs | Place::Project => refuse(
            wrong(span, "`name` means something in components only")
                .help("it is the name of the instance: `use COMPONENT name`"),
        ),
    }
}

/// The item that a use is for, or something known of it.
fn item(scope: &Scope<'_>, key: Option<&str>, span: Span) -> Found {
    let Some(item) = scope.each else {
        let diagnostic = wrong(
            span,
            "`each` means something in the arguments of its use only",
        );
        return refuse(match scope.place {
            Place::Component(_) => {
                diagnostic.help("give the component a parameter, and pass it in the use")
            }
            Place::Fixed | Place::Inputs | Place::Project => {
                diagnostic.help("write `each ITEM ...` in the use")
            }
        });
    };
    let found = match key {
        None => Some(item.value.clone()),
        Some("name") => Some(Literal::Str(item.name.clone())),
        Some(key) => item.keys.get(key).map(|arg| arg.value.clone()),
    };
    found.map_or_else(
        || refuse(no_key(item, key.unwrap_or_default(), span)),
        |value| Ok(Value::One(value)),
    )
}

fn no_key(item: &Item, key: &str, span: Span) -> Diagnostic {
    let diagnostic = wrong(span, format!("the item `{}` has no `{key}`", item.name));
    let known = item.keys.keys().map(SmolStr::as_str).chain(["name"]);
    match nearest(key, known) {
        Some(near) => diagnostic.meant(&spelled(["each", near])),
        None => diagnostic.help(format!("write `{key}` into every item of `each`")),
    }
}

fn param(scope: &Scope<'_>, name: &str, span: Span) -> Found {
    let run = || Ok(later(vec!["param".to_owned(), name.to_owned()], span));
    if scope
        .flow
        .as_ref()
        .is_some_and(|flow| flow.params.contains(name))
    {
        return run();
    }
    if let Some(Bound { value, .. }) = scope.params.get(name) {
        return Ok(value.clone());
    }
    if scope.flow.as_ref().is_some_and(|flow| flow.partial) {
        return run();
    }
    refuse(no_param(scope, name, span))
}

fn no_param(scope: &Scope<'_>, name: &str, span: Span) -> Diagnostic {
    let message = match &scope.place {
        Place::Inputs => {
            return wrong(span, "parameters have no values yet here")
                .help("write the value out: defaults and `set` are read before any parameter");
        }
        Place::Component(_) => format!("the component has no parameter `{name}`"),
        Place::Fixed | Place::Project => format!("there is no parameter `{name}`"),
    };
    let flow = scope.flow.iter().flat_map(|flow| &flow.params);
    let known = scope.params.keys().chain(flow).map(String::as_str);
    let diagnostic = wrong(span, message);
    match nearest(name, known) {
        Some(near) => diagnostic.meant(&spelled(["param", near])),
        None => diagnostic.help(format!("declare it: param {name} type=string")),
    }
}

fn in_flow(scope: &Scope<'_>, path: Vec<String>, span: Span) -> Found {
    let first = &path[0];
    if scope.flow.is_none() {
        let diagnostic = wrong(span, format!("`{first}` means something in flows only"));
        return refuse(diagnostic.help("here, only parameters and services are known"));
    }
    if path.len() == 1 {
        let diagnostic = wrong(span, format!("`{first}` alone is no value"));
        return refuse(diagnostic.help(format!("write {first}.NAME")));
    }
    Ok(later(path, span))
}

/// A path that only the graph, or a run, can follow.
fn later(path: Vec<String>, span: Span) -> Value {
    Value::One(Literal::Text(Template {
        parts: vec![Part::Path(At::new(path, span))],
    }))
}

fn unknown(path: &[String], span: Span) -> Diagnostic {
    let first = path[0].as_str();
    let text = spelled(path.iter().map(String::as_str));
    let diagnostic = wrong(span, format!("`{text}` leads nowhere"));
    match (first, path) {
        ("param", _) => diagnostic.help("write param.NAME"),
        ("env", _) => diagnostic.help("write env.name; other values come in as parameters"),
        ("secret", _) => diagnostic.help("write secret.NAME"),
        ("name", _) => diagnostic.help("write name"),
        ("each", _) => diagnostic.help("write each, or each.KEY"),
        ("service", [_, name, ..]) => service(diagnostic, name, path),
        ("service", _) => diagnostic.help("write service.NAME.host or service.NAME.port.PORT"),
        (_, [_, rest @ ..]) => match nearest(first, ROOTS.iter().copied()) {
            Some(near) => {
                let whole = std::iter::once(near).chain(rest.iter().map(String::as_str));
                diagnostic.meant(&spelled(whole))
            }
            None => diagnostic.help(format!("a path begins with one of {}", ROOTS.join(", "))),
        },
        (_, []) => diagnostic,
    }
}

fn service(diagnostic: Diagnostic, name: &str, path: &[String]) -> Diagnostic {
    let near = path.get(2).and_then(|word| nearest(word, ["host", "port"]));
    match (near, path.get(3)) {
        (Some("host"), None) => diagnostic.meant(&spelled(["service", name, "host"])),
        (Some("port"), Some(port)) => diagnostic.meant(&spelled(["service", name, "port", port])),
        (Some(_) | None, _) => {
            let name = Segment(name);
            diagnostic.help(format!(
                "write service.{name}.host or service.{name}.port.PORT"
            ))
        }
    }
}

fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::UnknownPath, span, message)
}

/// A path as an author writes it.
fn spelled<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words
        .into_iter()
        .map(|word| Segment(word).to_string())
        .collect::<Vec<_>>()
        .join(".")
}
