//! What an edition decides is what a plan says, and what people are told of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skep_compiler::{EDITIONS, Edition};
use skep_schema::lang::NodeInfo;
use skep_schema::spec::KINDS;

use crate::support::{plan, plan_of, project};

const SERVICE: &str = "service a { image \"a:1\" }\n";
const ONCE: &str = "service a mode=once { image \"a:1\" }\n";
const WATCHED: &str = "service a { image \"a:1\"; health { tcp port=80 } }\n";
const GATEWAY: &str = "gateway g { proxy caddy; listen 80 }\n";

/// Every decision of edition 1: a spec that is silent, and what its plan has at a place.
fn decided() -> Vec<(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Value,
)> {
    vec![
        (
            "service.update.on-failure",
            SERVICE,
            "service.a",
            "/update/on-failure",
            json!("rollback"),
        ),
        (
            "service.update.order",
            SERVICE,
            "service.a",
            "/update/order",
            json!("start-first"),
        ),
        (
            "service.rollback.order",
            SERVICE,
            "service.a",
            "/rollback/order",
            json!("start-first"),
        ),
        (
            "service.update.on-failure, with mode=once",
            ONCE,
            "service.a",
            "/update/on-failure",
            json!("continue"),
        ),
        (
            "service.restart, with mode=once",
            ONCE,
            "service.a",
            "/restart/condition",
            json!("none"),
        ),
        (
            "service.health.every, timeout, retries",
            WATCHED,
            "service.a",
            "/health/retries",
            json!(3),
        ),
        (
            "service.health.every, timeout, retries",
            WATCHED,
            "service.a",
            "/health/every",
            json!("30s"),
        ),
        (
            "service.network",
            SERVICE,
            "service.a",
            "/networks",
            json!({"shop_default": ["a"]}),
        ),
        (
            "gateway.update.on-failure",
            GATEWAY,
            "gateway.g",
            "/update/on-failure",
            json!("rollback"),
        ),
        (
            "gateway.health",
            GATEWAY,
            "gateway.g",
            "/health/retries",
            json!(3),
        ),
    ]
}

#[test]
fn every_decision_is_what_a_plan_says() {
    for (property, spec, address, place, wanted) in decided() {
        let plan = plan(spec);
        let address = address.parse().expect("an address");
        let payload = serde_json::to_value(&plan.nodes[&address].payload).expect("plain data");
        let service = payload
            .as_object()
            .and_then(|all| all.values().find(|v| v.is_object()));
        let found = payload.pointer(place).or_else(|| service?.pointer(place));
        assert_eq!(found, Some(&wanted), "{property} in {payload:#}");
    }
    let mut covered: BTreeSet<&str> = decided().iter().map(|(property, ..)| *property).collect();
    covered.insert("route.redirect.status");
    let told: BTreeSet<&str> = EDITIONS[0].decisions.iter().map(|d| d.property).collect();
    assert_eq!(covered, told);
}

#[test]
fn a_redirect_is_for_good() {
    for (proxy, status) in [
        ("caddy", "308"),
        ("nginx", "308"),
        ("haproxy", "308"),
        ("traefik", "301"),
    ] {
        let spec = format!(
            "gateway g {{ proxy {proxy}; listen 80 }}\nroute a.example.com {{ redirect \"/x\" to=\"/y\" }}\n"
        );
        let compiled = project(&spec, &[]);
        let text: String = compiled.proxies["g"]
            .files
            .iter()
            .map(|file| file.text.as_str())
            .collect();
        let said = text.contains(status) || text.contains("permanent: true");
        assert!(said, "{proxy}: {text}");
        plan_of(compiled);
    }
}

/// A gateway's rollout and watch are the edition's alone: no word spells them.
#[test]
fn a_decision_is_about_words_of_the_table() {
    let decisions = EDITIONS.iter().flat_map(|edition| edition.decisions);
    for decision in decisions.filter(|d| !d.property.starts_with("gateway.")) {
        let path = decision.property.split([',', ' ']).next();
        let mut words = path.into_iter().flat_map(|path| path.split('.'));
        let kind = words.next();
        let root = KINDS.iter().copied().find(|info| Some(info.word) == kind);
        let last = words.try_fold(root, |info, word| Some(info?.field(word)?.shape.inner()));
        assert!(root.is_some() && last.is_some(), "{}", decision.property);
    }
}

#[test]
fn editions_are_numbered_and_every_word_has_one() {
    let numbers: Vec<u16> = EDITIONS.iter().map(|edition| edition.number).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let mut open: Vec<&NodeInfo> = KINDS.to_vec();
    let mut seen: BTreeSet<*const NodeInfo> = BTreeSet::new();
    while let Some(info) = open.pop() {
        if !seen.insert(info) {
            continue;
        }
        for field in info.fields {
            assert!(
                Edition::of(field.since).is_some(),
                "{} {}",
                info.word,
                field.word
            );
            open.extend(field.shape.inner());
        }
    }
}
