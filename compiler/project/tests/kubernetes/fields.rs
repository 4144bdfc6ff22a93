//! No property is forgotten: each one that is taken away is missed in the manifests or in the report.

use serde_json::Value;
use skep_compiler::export::kubernetes;
use skep_schema::address::{Address, Kind};
use skep_schema::import::Finding;
use skep_schema::plan::Payload;

use crate::given::{Given, fixtures, timed};

/// All ways into a tree, from the root.
fn ways(value: &Value, way: &str, all: &mut Vec<String>) {
    let mut into = |key: &str, value: &Value| {
        let way = format!("{way}/{}", key.replace('~', "~0").replace('/', "~1"));
        ways(value, &way, all);
        all.push(way);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| into(key, value)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(at, value)| into(&at.to_string(), value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without(value: &Value, way: &str) -> Value {
    let mut value = value.clone();
    let (parent, key) = way.rsplit_once('/').expect("it is not the root");
    let key = key.replace("~1", "/").replace("~0", "~");
    let parent = value.pointer_mut(parent).expect("it is there");
    if let Some(items) = parent.as_array_mut() {
        items.remove(key.parse().expect("it is an index"));
    } else {
        let map = parent.as_object_mut().expect("it holds something");
        map.remove(&key);
    }
    value
}

fn altered(value: &Value, way: &str, change: impl Fn(&mut String)) -> Value {
    let mut value = value.clone();
    match value.pointer_mut(way).expect("it is there") {
        Value::String(text) => change(text),
        Value::Bool(so) => *so = !*so,
        other => *other = Value::from(other.as_u64().unwrap_or_default() + 1),
    }
    value
}

/// What one property less, or otherwise, makes of a payload.
fn changed(payload: &Payload, tree: &Value, way: &str) -> Vec<Payload> {
    let forms = [
        without(tree, way),
        altered(tree, way, |text| text.push('x')),
        // A quantity.
        altered(tree, way, |text| text.insert(0, '1')),
    ];
    let payloads = forms.into_iter();
    payloads
        .filter_map(|tree| serde_json::from_value::<Payload>(tree).ok())
        .filter(|other| other != payload)
        .collect()
}

/// Whether a way is of no meaning to a cluster, or said by another node.
fn is_elsewhere(way: &str) -> bool {
    let words: Vec<&str> = way.split('/').skip(2).collect();
    match words.as_slice() {
        // The name in the swarm.
        ["name"] => true,
        // The volume's own node says the same.
        [
            "mounts",
            _,
            "from",
            "volume",
            "driver" | "options" | "labels",
            ..,
        ] => true,
        _ => false,
    }
}

/// Whether the kubelet asks itself, so that the script for a container is not needed.
fn is_asked_from_outside(given: &Given, address: &Address) -> bool {
    let service = given.spec.services.get(&address.name);
    let health = service.and_then(|service| service.node.health.as_ref());
    health.is_some_and(|health| {
        let is_plain = health
            .http
            .as_ref()
            .is_some_and(|http| http.status.is_none());
        is_plain || health.tcp.is_some()
    })
}

/// Whether the report speaks of the property as a whole.
fn is_told(findings: &[Finding], address: &Address, way: &str) -> bool {
    let words: Vec<&str> = way.split('/').skip(2).collect();
    let keys = (1..=words.len()).map(|count| format!("{address}.{}", words[..count].join(".")));
    keys.into_iter()
        .any(|key| findings.iter().any(|finding| finding.key == key))
}

/// The properties of a plan that can be taken away without a trace, and how many were.
fn untraced(given: &Given) -> (Vec<String>, usize) {
    let before = given.exported();
    let (mut lost, mut seen) = (Vec::new(), 0);
    for (address, node) in &given.plan.nodes {
        // Of a gateway the cluster's own take the place; routes and flows are read from the spec.
        if address.kind == Kind::Gateway || matches!(node.payload, Payload::Declared(_)) {
            continue;
        }
        let tree = serde_json::to_value(&node.payload).expect("it is plain data");
        let mut all = Vec::new();
        ways(&tree, "", &mut all);
        for way in all.into_iter().filter(|way| !is_elsewhere(way)) {
            if way.ends_with("/health/test/shell") && is_asked_from_outside(given, address) {
                continue;
            }
            let payloads = changed(&node.payload, &tree, &way);
            if payloads.is_empty() || is_told(&before.findings, address, &way) {
                continue;
            }
            seen += 1;
            let is_seen = |payload: Payload| {
                let mut plan = given.plan.clone();
                let node = plan.nodes.get_mut(address).expect("it is there");
                node.payload = payload;
                kubernetes(&plan, &given.spec) != before
            };
            if !payloads.into_iter().any(is_seen) {
                lost.push(format!("{address} {way}"));
            }
        }
    }
    (lost, seen)
}

#[test]
fn every_property_reaches_the_manifests_or_the_report() {
    let (mut lost, mut seen) = (Vec::new(), 0);
    for given in fixtures().iter().chain([&timed()]) {
        let (more, count) = untraced(given);
        let of_stack = more
            .into_iter()
            .map(|way| format!("{} {way}", given.plan.stack));
        lost.extend(of_stack);
        seen += count;
    }
    assert_eq!(lost, Vec::<String>::new());
    assert!(seen > 1000, "{seen}");
}
