//! Services that are told another's name, and share no network on which it means anything.

use std::collections::BTreeSet;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Template;
use skep_schema::span::Span;
use skep_schema::spec::{Declared, EnvValue, Service, Spec};

use crate::context::Context;
use crate::lower::network::of_service;
use crate::neighbour::interface_of;

pub(super) fn lint(service: &Service, spec: &Spec, cx: &mut Context<'_>) {
    let mut told = BTreeSet::new();
    for (other, place) in hosts(service) {
        let Some(asked) = spec.services.get(other) else {
            continue;
        };
        let imported = interface_of(cx, &Address::new(Kind::Service, other)).is_some();
        let known = imported || asked.node.external.is_none();
        if known && is_out_of_reach(service, asked) && told.insert(other) {
            report(service.name.value.as_str(), place, other, asked, cx);
        }
    }
}

/// The services whose names the program is given, and where. What labels say is for others to read.
fn hosts(service: &Service) -> Vec<(&str, Span)> {
    let env = service
        .env
        .iter()
        .filter_map(|(_, value)| match &value.value {
            EnvValue::Text(template) => Some(template),
            EnvValue::Secret(_) => None,
        });
    let lists = [&service.command, &service.entrypoint];
    let words = lists.into_iter().flatten().flat_map(|list| &list.items);
    env.chain(words.map(|word| &word.value.0))
        .flat_map(Template::paths)
        .filter_map(|path| match path.value.as_slice() {
            [kind, name, last] if kind == "service" && last == "host" => {
                Some((name.as_str(), path.span))
            }
            _ => None,
        })
        .collect()
}

/// Networks of what another stack runs are known to its spec only, and what is on the machine's own
/// network may be known there by other means.
fn is_out_of_reach(asking: &Service, asked: &Declared<Service>) -> bool {
    let networks = of_service(&asked.node);
    let joined = of_service(asking);
    !networks.contains(&"host") && !networks.iter().any(|network| joined.contains(network))
}

fn report(name: &str, place: Span, other: &str, asked: &Declared<Service>, cx: &mut Context<'_>) {
    let networks = of_service(&asked.node);
    let one = networks.first().copied().unwrap_or_default();
    let all: Vec<String> = networks.iter().map(|n| format!("`{n}`")).collect();
    cx.report(
        Diagnostic::new(
            Code::NameOutOfReach,
            place,
            format!("`{name}` shares no network with `{other}`"),
        )
        .label("this name means nothing there")
        .and(asked.name, format!("`{other}` is on {}", all.join(", ")))
        .help(format!("add `network {one}` to `{name}`")),
    );
}
