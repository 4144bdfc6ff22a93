//! What stacks shall be.

use axum::response::Response;
use skep_schema::api::audit::Matter;
use skep_schema::plan::{Plan, Verdict, violations};

use super::body::OF_PLANS;
use super::call::{Call, json};
use super::refused::Refused;
use super::stacks::{self, ask};
use crate::main_loop::{About, Pushed};
use crate::settings::Source;

pub(crate) async fn show(call: Call) -> Result<Response, Refused> {
    let plan = call.view()?.plan;
    let plan = plan.ok_or_else(|| Refused::Unknown("there is no plan yet".to_owned()))?;
    Ok(json(&*plan))
}

/// A plan is taken as it was compiled: what it holds is looked at again before each apply.
pub(crate) async fn push(mut call: Call) -> Result<Response, Refused> {
    drop(call.view()?);
    let stack = call.stack()?.to_string();
    let settings = call.shared.settings.stacks.get(&stack);
    if settings.is_none_or(|set| set.source != Source::Pushed) {
        return Err(Refused::Unfit {
            message: format!("`{stack}` takes no plans: it has a source of its own"),
            help: "change that source, or give the stack `pushed` in the daemon's file".to_owned(),
        });
    }
    call.is_here().await?;
    let plan: Plan = call.take(OF_PLANS).await?;
    if plan.stack != stack {
        let message = format!("this is a plan of `{}`, and not of `{stack}`", plan.stack);
        return Err(Refused::Malformed(message));
    }
    if let Some(fault) = fault(&plan) {
        return Err(Refused::Malformed(fault));
    }
    let digest = plan.digest.clone();
    call.record(vec![Matter::Plan { digest }]).await?;
    let who = call.who();
    ask(&call, |answer| {
        About::Pushed(Box::new(Pushed { plan, who, answer }))
    })
    .await?;
    stacks::show(call).await
}

/// What was reviewed under a digest is what is applied, and by the rules it was compiled under.
fn fault(plan: &Plan) -> Option<String> {
    let altered = plan.altered("this plan");
    if altered.is_some() {
        return altered;
    }
    let nodes = plan
        .nodes
        .iter()
        .map(|(address, node)| (address, &node.payload));
    let mut broken = violations(nodes, &plan.policies).into_iter();
    let denied = broken.find(|violation| violation.verdict == Verdict::Deny)?;
    Some(format!(
        "the plan's policy denies it: `{}`: {}",
        denied.address, denied.what
    ))
}
