//! Updates that stop half way when they fail.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::FailureAction;
use skep_schema::spec::{Service, Spec};

use crate::context::Context;

pub(super) fn lint(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    let Some(action) = service.update.as_ref().and_then(|u| u.on_failure.as_ref()) else {
        return;
    };
    let what = match action.value {
        FailureAction::Rollback => return,
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
