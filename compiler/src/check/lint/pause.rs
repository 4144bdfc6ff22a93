//! Updates that stop half way when they fail.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::FailureAction;
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values() {
        cx.about(&service.uses);
        let Some(action) = service
            .node
            .update
            .as_ref()
            .and_then(|u| u.on_failure.as_ref())
        else {
            continue;
        };
        let what = match action.value {
            FailureAction::Rollback => continue,
            FailureAction::Pause => "a failed update stays half done until somebody looks",
            FailureAction::Continue => {
                "a failed update goes on until no task of the old version is left"
            }
        };
        cx.report(
            Diagnostic::new(Code::NoRollback, action.span, what)
                .help("write on-failure rollback, or leave it out: that is the edition's default"),
        );
    }
}
