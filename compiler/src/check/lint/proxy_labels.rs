//! Labels for a proxy that reads them from the swarm, where it does not see them.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Map;
use skep_schema::span::Span;
use skep_schema::spec::{Declared, Service, Spec, Text};

use crate::context::Context;

const ROUTERS: &str = "traefik.http.routers.";

/// Routers that two services describe.
pub(super) fn routers<'s>(
    services: impl Iterator<Item = &'s Declared<Service>>,
    cx: &mut Context<'_>,
) {
    let mut said = BTreeMap::new();
    for service in services {
        cx.about(&service.uses);
        let service = &service.node;
        said_otherwise(service.name.value.as_str(), &service.labels, &mut said, cx);
    }
}

pub(super) fn has_routers(service: &Service) -> bool {
    let mut labels = service.labels.iter();
    labels.any(|(key, _)| key.value.starts_with(ROUTERS))
}

pub(super) fn on_containers(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    let lost = service
        .container_labels
        .iter()
        .map(|(key, _)| key)
        .find(|key| key.value.starts_with("traefik.") || is_caddy(&key.value));
    if let Some(key) = lost {
        cx.report(
            Diagnostic::new(
                Code::LabelOutOfSight,
                key.span,
                "in a swarm a proxy reads the labels of services, not those of containers",
            )
            .help("move it to `labels`"),
        );
    }
}

/// `caddy`, `caddy.reverse_proxy`, `caddy_1`, `caddy_1.tls`
fn is_caddy(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    let number = first.strip_prefix("caddy_");
    first == "caddy"
        || number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// In a swarm Traefik takes no port from the image, and leaves out what has none.
pub(super) fn without_port(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    let labels = &service.labels;
    let routed = labels
        .iter()
        .map(|(key, _)| key)
        .find(|key| key.value.starts_with(ROUTERS));
    let has = |end: &str| labels.iter().any(|(key, _)| key.value.ends_with(end));
    let off = labels
        .get("traefik.enable")
        .and_then(|text| text.value.0.literal())
        .is_some_and(|text| text == "false");
    let Some(key) = routed.filter(|_| !off && !has(".loadbalancer.server.port")) else {
        return;
    };
    cx.report(
        Diagnostic::new(
            Code::LabelWithoutPort,
            key.span,
            "Traefik leaves a service without a port out",
        )
        .help("add \"traefik.http.services.NAME.loadbalancer.server.port\" to the labels"),
    );
}

/// Traefik drops a router that two services describe differently.
fn said_otherwise<'s>(
    name: &'s str,
    labels: &'s Map<Text>,
    said: &mut BTreeMap<&'s str, (&'s str, &'s Text, Span)>,
    cx: &mut Context<'_>,
) {
    let routers = labels
        .iter()
        .filter(|(key, _)| key.value.starts_with(ROUTERS));
    for (key, text) in routers {
        let before = said
            .entry(key.value.as_str())
            .or_insert((name, &text.value, key.span));
        let (first, value, place) = *before;
        if first != name && *value != text.value {
            cx.report(
                Diagnostic::new(
                    Code::RouterTwice,
                    key.span,
                    format!("`{first}` and `{name}` describe one router of Traefik in two ways"),
                )
                .label("Traefik then uses neither")
                .and(place, format!("`{first}` describes it here"))
                .help("give each service a router with a name of its own"),
            );
        }
    }
}
