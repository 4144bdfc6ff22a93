//! What objects are called within a stack file.

use skep_schema::address::Kind;
use skep_schema::plan::{Payload, Plan, name_prefix};

use crate::export::keys::{Keys, named};

/// Keys of a stack file: of every object that is in the plan, or used by a service of it.
pub(super) fn keys(plan: &Plan) -> Keys {
    let mut keys = Keys::default();
    let prefix = name_prefix(&plan.project, plan.environment.as_deref()) + "_";
    for (address, node) in &plan.nodes {
        let payload = &node.payload;
        let (Some(kind), Some(physical)) = (payload.object(), payload.physical_name()) else {
            continue;
        };
        let own = physical.strip_prefix(&prefix).filter(|own| !own.is_empty());
        let wish = match (kind, own) {
            // Docker makes the name of a service of its key, and of nothing else.
            (Kind::Service, Some(own)) => own.to_owned(),
            (_, _) => named(address),
        };
        keys.add(kind, physical, &fitting(&wish));
    }
    let payloads = plan.nodes.values().map(|node| &node.payload);
    let used = payloads.flat_map(Payload::references);
    let undeclared = used
        .filter(|(kind, name)| matches!(kind, Kind::Network | Kind::Volume) && !name.is_empty());
    for (kind, name) in undeclared {
        keys.add(kind, name, &fitting(name));
    }
    keys
}

/// Letters that a stack file takes in keys, and the project that is made of it in names.
fn fitting(name: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => c,
        _ => '-',
    };
    let clean: String = name.chars().map(letter).collect();
    match clean.trim_matches(['-', '_']) {
        "" => "x".to_owned(),
        name => name.to_owned(),
    }
}
