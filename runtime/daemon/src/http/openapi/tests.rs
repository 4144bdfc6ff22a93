//! The committed description, and what it leaves out.

use std::path::Path;

use super::description;
use crate::http::routes::ROUTES;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api");

#[test]
fn the_committed_description_is_that_of_the_table() {
    let path = Path::new(FOLDER).join("openapi.json");
    let text = serde_json::to_string_pretty(&description()).expect("plain data") + "\n";
    if std::env::var_os("SKEP_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("the docs can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "docs/api/openapi.json is stale: SKEP_UPDATE_DOCS=1 cargo test -p skep-daemon openapi"
    );
}

#[test]
fn everything_that_is_referred_to_is_there() {
    let whole = description();
    let schemas = whole["components"]["schemas"].as_object().expect("a map");
    let text = whole.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap_or_default();
        assert!(schemas.contains_key(name), "{name}");
    }
}

/// ASVS 8.4.1 and 13.4.5: nothing is open to everybody but what says that the daemon lives, and what is
/// signed by itself.
#[test]
fn asvs_8_4_1_a_route_without_a_verb_is_on_this_list() {
    let open = ROUTES.iter().filter(|route| route.verb.is_none());
    let open: Vec<&str> = open.map(|route| route.path).collect();
    assert_eq!(open, ["/healthz", "/readyz", "/v1/webhooks/{stack}"]);
}
