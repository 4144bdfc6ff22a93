//! The plan: all nodes with their digests, under one digest.

use std::collections::BTreeMap;

use skep_schema::plan::Plan;
use skep_schema::spec::Spec;
use skep_schema::value::Value;

use crate::lower::Lowered;

/// The plan of a spec that was lowered whole.
///
/// A plan of fewer nodes than were declared would delete the rest when it is applied, so there is
/// none then, whatever else was reported.
pub(crate) fn emit(spec: &Spec, params: BTreeMap<String, Value>, lowered: Lowered) -> Option<Plan> {
    let plan = Plan::new(&spec.project, spec.environment.as_deref(), lowered.nodes);
    let identity = lowered.identity;
    lowered.whole.then_some(Plan {
        params,
        identity,
        policies: lowered.policies,
        ..plan
    })
}
