//! Calls that say a repository has changed.

use axum::response::Response;
use skep_schema::api::audit::Why;
use skep_schema::api::view::Taken;
use skep_schema::event::Timestamp;

use super::call::{Call, json};
use super::refused::Refused;
use crate::clock::now;
use crate::settings::{GitSource, Source, Webhook};
use crate::store::{Batch, Document, Expect, Shelf, StoreError};
use crate::webhook::{self, LONGEST, Secret};

/// Milliseconds for which a call is known again.
const KEPT: u64 = 24 * 60 * 60 * 1000;

/// Has the repository asked. Whoever calls learns whether he was believed, and nothing of the stack.
pub(crate) async fn take(mut call: Call) -> Result<Response, Refused> {
    let body = call.bytes(LONGEST).await?;
    let stack = call.stack()?.clone();
    let Some((source, hook)) = hook(&call, stack.as_str()) else {
        return Err(call.doubt(Why::BadCredentials).await);
    };
    let secrets = Secret::read(&hook.secrets).map_err(|error| {
        tracing::error!(%error, stack = stack.as_str(), "a webhook's secret cannot be read");
        Refused::Unverifiable
    })?;
    let headers = &call.parts.headers;
    let Ok(verified) = webhook::verify(hook.form, &secrets, headers, &body, now()) else {
        return Err(call.doubt(Why::BadCredentials).await);
    };
    call.is_here().await?;
    let key = format!("{stack} {}", verified.delivery);
    let at = now().0.to_le_bytes().to_vec();
    let batch = forgotten(&call)
        .await?
        .put(Shelf::Delivery, key, Expect::Absent, at);
    let is_new = match call.shared.store.commit(batch).await {
        Ok(_) => true,
        Err(StoreError::Conflict { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    if is_new
        && verified.concerns(source.module.rev())
        && let Some(poke) = call.shared.pokes.get(stack.as_str())
    {
        poke.notify_one();
    }
    Ok(json(&Taken {
        taken: "webhook".to_owned(),
        stack: Some(stack),
    }))
}

/// Calls that are too old for anybody to send them again: all but GitLab's oldest form say when they were
/// signed, and all that a repeated one could do is to have the repository asked.
async fn forgotten(call: &Call) -> Result<Batch, Refused> {
    let taken = call.shared.store.list(Shelf::Delivery).await?;
    let now = now();
    let is_old = |one: &&Document| {
        let at = <[u8; 8]>::try_from(one.body.as_slice()).map_or(0, u64::from_le_bytes);
        now.since(Timestamp(at)) > KEPT
    };
    let old = taken.iter().filter(is_old);
    Ok(old.fold(Batch::default(), |batch, one| {
        batch.remove(Shelf::Delivery, one.key.as_str())
    }))
}

fn hook(call: &Call, stack: &str) -> Option<(GitSource, Webhook)> {
    let set = call.shared.settings.stacks.get(stack)?;
    let Source::Git(source) = &set.source else {
        return None;
    };
    let hook = source.webhook.clone()?;
    Some((source.clone(), hook))
}
