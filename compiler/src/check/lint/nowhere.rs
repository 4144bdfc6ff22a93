//! Constraints that no node can meet together.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Placement, Service, Spec};

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn of_service(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    if let Some(placement) = &service.placement {
        report(placement, cx);
    }
}

pub(super) fn of_gateways(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for gateway in spec.gateways.values() {
        cx.about(&gateway.uses);
        if let Some(placement) = &gateway.node.placement {
            report(placement, cx);
        }
    }
}

fn report(placement: &Placement, cx: &mut Context<'_>) {
    let all = &placement.constraint;
    for (index, second) in all.iter().enumerate() {
        let first = all[..index]
            .iter()
            .find(|first| exclude_each_other(&first.value.0, &second.value.0));
        if let Some(first) = first {
            cx.report(
                Diagnostic::new(
                    Code::NowhereToRun,
                    second.span,
                    "no node can meet both of these constraints",
                )
                .and(first.span, "this one asks for the opposite")
                .help("a node has to meet all constraints: take one away"),
            );
        }
    }
}

fn exclude_each_other(first: &str, second: &str) -> bool {
    let (Some(first), Some(second)) = (split(first), split(second)) else {
        return false;
    };
    let same = first.wanted.eq_ignore_ascii_case(second.wanted);
    first.key == second.key
        && match (first.equal, second.equal) {
            (true, true) => !same,
            (true, false) | (false, true) => same,
            (false, false) => false,
        }
}

struct Constraint<'t> {
    key: &'t str,
    equal: bool,
    wanted: &'t str,
}

/// Addresses may be asked for as ranges, and patterns of values by `*`: those can overlap.
fn split(text: &str) -> Option<Constraint<'_>> {
    let operators = [("==", true), ("!=", false)];
    let (key, equal, wanted) = operators.into_iter().find_map(|(operator, equal)| {
        let (key, wanted) = text.split_once(operator)?;
        Some((key.trim(), equal, wanted.trim()))
    })?;
    let plain = key != "node.ip" && !wanted.contains('*');
    plain.then_some(Constraint { key, equal, wanted })
}

#[cfg(test)]
mod tests {
    use super::exclude_each_other;

    #[test]
    fn only_what_can_never_hold_together_is_told() {
        for (first, second, never) in [
            ("node.role==manager", "node.role==worker", true),
            ("node.labels.a == x", "node.labels.a!=X", true),
            ("node.role!=manager", "node.role!=worker", false),
            ("node.labels.a==x", "node.labels.b==y", false),
            ("node.labels.a==x", "node.labels.a==X", false),
            ("node.ip==10.0.0.0/8", "node.ip==10.1.0.0/16", false),
        ] {
            assert_eq!(exclude_each_other(first, second), never, "{first} {second}");
        }
    }
}
