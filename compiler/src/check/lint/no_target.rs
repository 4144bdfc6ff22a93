//! Routes that lead to nothing.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    let targets = spec.routes.values().flat_map(|route| {
        let all = route.node.matches.iter().flat_map(|m| &m.to);
        all.map(|to| (to, &route.uses))
    });
    for (to, uses) in targets {
        cx.about(uses);
        let Some(service) = spec.services.get(to.service.value.as_str()) else {
            continue;
        };
        if let Some(none) = service.node.replicas.as_ref().filter(|r| r.value == 0) {
            let message = format!(
                "`{}` has no tasks, so requests end in an error",
                to.service.value.as_str()
            );
            cx.report(
                Diagnostic::new(Code::NobodyAnswers, to.service.span, message)
                    .and(none.span, "none are wanted here")
                    .help("give it a replica, or take the route away"),
            );
        }
    }
}
