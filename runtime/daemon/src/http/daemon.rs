//! The daemon itself: whether it is well, who did what, and its end.

use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use skep_schema::api::audit::Author;
use skep_schema::api::view::{AUDIT_CHECK_FORMAT, AuditCheck, HeldRole, ME_FORMAT, Me, Taken};
use tokio::sync::oneshot;

use super::call::{Call, json, text_of};
use super::refused::Refused;
use crate::audit::{self, Verdict};
use crate::clock::now;
use crate::main_loop::Input;

/// Lines of the audit, unless said.
const LINES: usize = 1_000;

/// Says nothing but that it lives: whoever wants to know more has to be known.
pub(crate) async fn lives(_call: Call) -> Result<Response, Refused> {
    Ok(text_of("text/plain", "alive\n"))
}

pub(crate) async fn is_ready(call: Call) -> Result<Response, Refused> {
    if call.shared.condition.is_ready() {
        return Ok(text_of("text/plain", "ready\n"));
    }
    let answer = text_of("text/plain", "not ready\n");
    Ok((StatusCode::SERVICE_UNAVAILABLE, answer).into_response())
}

pub(crate) async fn metrics(call: Call) -> Result<Response, Refused> {
    let shared = &call.shared;
    let text = shared.metrics.text(&shared.views, &shared.condition, now());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(text_of(kind, text))
}

pub(crate) async fn try_channel(call: Call) -> Result<Response, Refused> {
    call.record(Vec::new()).await?;
    let (channel, who) = (call.in_path("channel"), call.who());
    match call.shared.notifier.test(channel, &who).await {
        Some(Ok(())) => Ok(taken("notify")),
        Some(Err(error)) => Err(Refused::Unfit {
            message: format!("nothing could be sent by `{channel}`: {error}"),
            help: format!("see `notify {channel}` in the daemon's file"),
        }),
        None => Err(Refused::Unknown(format!("there is no channel `{channel}`"))),
    }
}

pub(crate) async fn me(call: Call) -> Result<Response, Refused> {
    let actor = &call.admitted().actor;
    let roles = actor.roles().map(|(role, stacks)| HeldRole {
        role,
        stacks: stacks.clone(),
    });
    Ok(json(&Me {
        format: ME_FORMAT.to_owned(),
        who: Author::Known(actor.name().clone()),
        roles: roles.collect(),
    }))
}

pub(crate) async fn audit(call: Call) -> Result<Response, Refused> {
    let after = call.number("after")?.unwrap_or(0);
    let limit = call.number("limit")?.unwrap_or(LINES).min(LINES);
    let (text, _) = audit::export(&*call.shared.store, after, limit).await?;
    Ok(text_of("application/jsonl", text))
}

pub(crate) async fn check_audit(call: Call) -> Result<Response, Refused> {
    let verdict = audit::verify(&*call.shared.store, None).await?;
    let (whole, found) = match verdict {
        Verdict::Empty => (true, "nothing was ever written".to_owned()),
        Verdict::Whole { first, last } => {
            (true, format!("lines {first} to {} are whole", last.number))
        }
        Verdict::Broken { number, fault } => (false, format!("line {number}: {fault}")),
    };
    Ok(json(&AuditCheck {
        format: AUDIT_CHECK_FORMAT.to_owned(),
        whole,
        found,
    }))
}

/// Answers when nothing runs any more.
pub(crate) async fn drain(call: Call) -> Result<Response, Refused> {
    call.record(Vec::new()).await?;
    let (done, drained) = oneshot::channel();
    send(&call, Input::Drain(done)).await?;
    drained.await.map_err(|_| Refused::Ending)?;
    Ok(taken("drain"))
}

pub(crate) async fn resume(call: Call) -> Result<Response, Refused> {
    call.record(Vec::new()).await?;
    send(&call, Input::Resume).await?;
    Ok(taken("resume"))
}

async fn send(call: &Call, input: Input) -> Result<(), Refused> {
    let sent = call.shared.tell.send(input).await;
    sent.map_err(|_| Refused::Ending)
}

fn taken(word: &str) -> Response {
    json(&Taken {
        taken: word.to_owned(),
        stack: None,
    })
}

/// A copy that is whole, whatever is written meanwhile. It holds no secret: of tokens there are prints.
pub(crate) async fn back_up(call: Call) -> Result<Response, Refused> {
    call.record(Vec::new()).await?;
    let folder = call.shared.settings.state.join("backup");
    let name = call.admitted().occasion.request.to_string();
    let copy = crate::store::copy(&*call.shared.store, &folder, &name).await?;
    let mut answer = text_of("application/vnd.sqlite3", copy);
    answer.headers_mut().insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"skep.db\""),
    );
    Ok(answer)
}

pub(crate) async fn description(_call: Call) -> Result<Response, Refused> {
    Ok(json(&super::openapi::description()))
}
