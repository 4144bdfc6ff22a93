//! Paths that lead to what another path guards.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Match, PathKind, Route, Spec, To};

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for route in spec.routes.values() {
        cx.about(&route.uses);
        for door in &route.node.matches {
            report(&route.node, door, cx);
        }
    }
}

fn report(route: &Route, door: &Match, cx: &mut Context<'_>) {
    let Some(strip) = &door.strip_prefix else {
        return;
    };
    let mut guarded = route.matches.iter().filter(|rule| is_guarded(rule));
    let found = guarded.find_map(|rule| Some((rule, way_around(route, door, rule)?)));
    let Some((guarded, path)) = found else { return };
    let message = format!(
        "`{path}` leads past what guards `{}`",
        guarded.path.value.as_str()
    );
    cx.report(
        Diagnostic::new(Code::SideDoor, strip.span, message)
            .label("the service sees the rest of the path, whatever it is")
            .and(guarded.span, "guarded here")
            .help("guard both, or serve what is public from a port or a service of its own"),
    );
}

/// A path that is not guarded, and that the service takes for the guarded one.
fn way_around(route: &Route, door: &Match, guarded: &Match) -> Option<String> {
    let same = guarded.to.iter().any(|to| leads_to(door, to));
    if !same || is_guarded(door) || door.rewrite.is_some() {
        return None;
    }
    let seen = match &guarded.rewrite {
        Some(rewrite) => rewrite.value.as_str(),
        None => without(guarded.path.value.as_str(), stripped(guarded)),
    };
    let asked = format!("{}/{}", stripped(door), seen.trim_start_matches('/'));
    let taken_by = route
        .matches
        .iter()
        .filter(|rule| takes(rule, &asked))
        .max_by_key(|rule| rule.path.value.as_str().len())?;
    std::ptr::eq(taken_by, door).then_some(asked)
}

fn is_guarded(rule: &Match) -> bool {
    rule.basic_auth.is_some() || rule.forward_auth.is_some() || !rule.allow.is_empty()
}

/// What a rule takes off a path, without a `/` at its end; nothing where it takes nothing.
fn stripped(rule: &Match) -> &str {
    let own = &rule.path.value;
    rule.strip_prefix.as_ref().map_or("", |strip| {
        let path = strip.path.as_ref().map_or(own, |path| &path.value);
        path.as_str().trim_end_matches('/')
    })
}

fn without<'p>(path: &'p str, prefix: &str) -> &'p str {
    path.strip_prefix(prefix).unwrap_or(path)
}

fn takes(rule: &Match, path: &str) -> bool {
    let own = rule.path.value.as_str().trim_end_matches('/');
    let exact = rule
        .kind
        .as_ref()
        .is_some_and(|kind| kind.value == PathKind::Exact);
    path.strip_prefix(own)
        .is_some_and(|rest| rest.is_empty() || !exact && rest.starts_with('/'))
}

fn leads_to(rule: &Match, target: &To) -> bool {
    let port = |to: &To| to.port.as_ref().map(|port| port.value.clone());
    let same = |to: &To| to.service.value == target.service.value && port(to) == port(target);
    rule.to.iter().any(same)
}
