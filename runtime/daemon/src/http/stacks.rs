//! Stacks: how they stand, what would change, and who agrees to it.

use axum::response::Response;
use skep_schema::api::audit::Matter;
use skep_schema::api::stack::{APPROVAL_FORMAT, Approval, Cause};
use skep_schema::api::view::{ApprovalRequest, STACKS_FORMAT, StackList};
use skep_schema::change::ChangeSet;
use skep_schema::report::{HISTORY_FORMAT, HistoryReport};
use tokio::sync::oneshot;

use super::body::USUAL;
use super::call::{Call, json};
use super::refused::Refused;
use super::services::services;
use crate::clock::now;
use crate::main_loop::{About, Answer, Input};

pub(crate) async fn list(call: Call) -> Result<Response, Refused> {
    let stacks = call.visible();
    let services = if call.in_query("services") == Some("true") {
        stacks.iter().flat_map(services).collect()
    } else {
        Vec::new()
    };
    Ok(json(&StackList {
        format: STACKS_FORMAT.to_owned(),
        stacks: stacks.iter().map(|view| (*view.status).clone()).collect(),
        services,
    }))
}

pub(crate) async fn show(call: Call) -> Result<Response, Refused> {
    Ok(json(&*call.view()?.status))
}

pub(crate) async fn changes(call: Call) -> Result<Response, Refused> {
    Ok(json(&*shown(&call)?))
}

/// The changes that whoever looks is shown.
fn shown(call: &Call) -> Result<std::sync::Arc<ChangeSet>, Refused> {
    let none = || Refused::Unknown("the target was not looked at yet".to_owned());
    call.view()?.changes.ok_or_else(none)
}

pub(crate) async fn look(call: Call) -> Result<Response, Refused> {
    let view = call.view()?;
    call.is_here().await?;
    call.record(Vec::new()).await?;
    let who = call.who();
    tell(&call, About::Asked(Cause::Person { who })).await?;
    Ok(json(&*view.status))
}

pub(crate) async fn retry(call: Call) -> Result<Response, Refused> {
    let view = call.view()?;
    call.is_here().await?;
    call.record(Vec::new()).await?;
    tell(&call, About::Retry(call.who())).await?;
    Ok(json(&*view.status))
}

pub(crate) async fn approve(mut call: Call) -> Result<Response, Refused> {
    let request: ApprovalRequest = call.take(USUAL).await?;
    drop(call.view()?);
    call.is_here().await?;
    let shown = shown(&call)?;
    if shown.id != request.changes {
        let message = format!(
            "the changes are no more those of {}, but {}",
            request.changes, shown.id
        );
        let help = "look at them again before you agree".to_owned();
        return Err(Refused::Unfit { message, help });
    }
    let deletes = u32::try_from(request.consent.allow_deletes).unwrap_or(u32::MAX);
    let mut what = vec![Matter::Changes {
        digest: request.changes,
    }];
    if deletes > 0 {
        what.push(Matter::Deletes { agreed: deletes });
    }
    call.record(what).await?;
    let approval = Approval {
        format: APPROVAL_FORMAT.to_owned(),
        who: call.who(),
        at: now(),
        changes: (*shown).clone(),
        consent: request.consent,
    };
    ask(&call, |answer| About::Approved(Box::new(approval), answer)).await?;
    show(call).await
}

pub(crate) async fn withdraw(call: Call) -> Result<Response, Refused> {
    drop(call.view()?);
    call.is_here().await?;
    call.record(Vec::new()).await?;
    ask(&call, |answer| About::Withdrawn(call.who(), answer)).await?;
    show(call).await
}

pub(crate) async fn revisions(call: Call) -> Result<Response, Refused> {
    let view = call.view()?;
    let glance = view.seen.as_ref();
    let entries = glance.map(|glance| glance.seen.journal.entries());
    let newest_first = entries.unwrap_or_default().iter().rev();
    Ok(json(&HistoryReport {
        format: HISTORY_FORMAT.to_owned(),
        revisions: newest_first.cloned().collect(),
    }))
}

/// Tells the loop something about the stack.
pub(super) async fn tell(call: &Call, about: About) -> Result<(), Refused> {
    let input = Input::Stack(call.stack()?.to_string(), about);
    let sent = call.shared.tell.send(input).await;
    sent.map_err(|_| Refused::Ending)
}

/// The same, and waits until it is stored what follows.
pub(super) async fn ask(call: &Call, about: impl FnOnce(Answer) -> About) -> Result<(), Refused> {
    let (answer, answered) = oneshot::channel();
    tell(call, about(answer)).await?;
    if answered.await.is_err() {
        call.is_here().await?;
        return Err(Refused::Ending);
    }
    Ok(())
}
