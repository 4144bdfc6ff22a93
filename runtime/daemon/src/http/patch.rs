//! Patches of services: tried out, shown, and written where the spec is in a folder.

use std::sync::Arc;

use axum::response::Response;
use skep_compiler::edit::Refusal;
use skep_schema::address::{Address, Kind};
use skep_schema::api::audit::Matter;
use skep_schema::api::refusal::PatchPlace;
use skep_schema::api::view::{PATCH_FORMAT, PatchReport};
use skep_schema::change::ChangeSet;
use tokio::sync::OwnedSemaphorePermit;

use super::body::USUAL;
use super::call::{Call, json};
use super::refused::Refused;
use crate::settings::{Source, Stack};
use crate::source::attempt::{Asked, Attempt, AttemptError};
use crate::views::Glance;

/// What a patch would change, in the files and in the target.
pub(crate) async fn show(mut call: Call) -> Result<Response, Refused> {
    let asked = asked(&mut call).await?;
    let seen = seen(&call)?;
    let _turn = turn(&call).await?;
    let attempt = attempt(&call, asked).await?;
    Ok(json(&report(&call, &attempt, &seen)?))
}

/// The same, and has the files be so.
pub(crate) async fn write(mut call: Call) -> Result<Response, Refused> {
    let asked = asked(&mut call).await?;
    let seen = seen(&call)?;
    writable(set(&call)?)?;
    let turn = turn(&call).await?;
    let attempt = attempt(&call, asked).await?;
    let report = report(&call, &attempt, &seen)?;
    let digest = attempt.plan.digest.clone();
    call.record(vec![Matter::Plan { digest }]).await?;
    blocking(move || {
        let written = attempt.write();
        // The next one begins after this even when nobody waits for the answer any more.
        drop(turn);
        written
    })
    .await?;
    if let Some(poke) = call.shared.pokes.get(call.stack()?.as_str()) {
        poke.notify_one();
    }
    Ok(json(&PatchReport {
        written: true,
        ..report
    }))
}

async fn asked(call: &mut Call) -> Result<Asked, Refused> {
    Ok(Asked {
        patch: call.take(USUAL).await?,
        address: Address::new(Kind::Service, call.in_path("service")),
        at: call.in_query("at").map(str::to_owned),
    })
}

fn seen(call: &Call) -> Result<Arc<Glance>, Refused> {
    let none = || Refused::Unfit {
        message: "the target was not looked at yet".to_owned(),
        help: "wait until it was".to_owned(),
    };
    call.view()?.seen.ok_or_else(none)
}

fn set(call: &Call) -> Result<&Stack, Refused> {
    let stack = call.stack()?;
    let set = call.shared.settings.stacks.get(stack.as_str());
    set.ok_or_else(|| Refused::Unknown(format!("no stack `{stack}` is kept here")))
}

fn writable(set: &Stack) -> Result<(), Refused> {
    match set.source {
        Source::Directory(_) => Ok(()),
        Source::Git(_) => Err(AttemptError::Committed.into()),
        Source::Pushed => Err(AttemptError::Pushed.into()),
    }
}

/// Patches of one stack are tried out and written one after another, so that each is made of what those
/// before it wrote.
async fn turn(call: &Call) -> Result<OwnedSemaphorePermit, Refused> {
    let turns = call.shared.turns.get(call.stack()?.as_str());
    let turns = turns.cloned().ok_or(Refused::Ending)?;
    turns.acquire_owned().await.map_err(|_| Refused::Ending)
}

async fn attempt(call: &Call, asked: Asked) -> Result<Attempt, Refused> {
    let (settings, stack) = (Arc::clone(&call.shared.settings), call.stack()?.to_string());
    let set = set(call)?.clone();
    blocking(move || Attempt::of(&set, &stack, &settings.state, &asked)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AttemptError> + Send + 'static,
) -> Result<T, Refused> {
    let worked = tokio::task::spawn_blocking(work).await;
    let gave_up = |error: tokio::task::JoinError| Refused::Source(error.to_string());
    Ok(worked.map_err(gave_up)??)
}

fn report(call: &Call, attempt: &Attempt, seen: &Glance) -> Result<PatchReport, Refused> {
    let inventory = &seen.seen.look.inventory;
    let plan = attempt.plan.bind(&inventory.fingerprints);
    Ok(PatchReport {
        format: PATCH_FORMAT.to_owned(),
        stack: call.stack()?.to_string(),
        files: attempt.differences(),
        written: false,
        changes: ChangeSet::toward(&plan, inventory),
    })
}

impl From<AttemptError> for Refused {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Pushed => Self::Unfit {
                message: error.to_string(),
                help: "patch the project that it is compiled from, and push its plan".to_owned(),
            },
            AttemptError::Committed => Self::Unfit {
                message: error.to_string(),
                help: "commit the differences that `PATCH` shows".to_owned(),
            },
            AttemptError::Unfetched => Self::Unfit {
                message: error.to_string(),
                help: "have the stack looked at, and try again".to_owned(),
            },
            AttemptError::Changed(message) => Self::Unfit {
                message,
                help: "send the patch again".to_owned(),
            },
            AttemptError::NoNode(_) => Self::Unknown(error.to_string()),
            AttemptError::Refused(Refusal::No { message, help }) => Self::NoEdit { message, help },
            AttemptError::Refused(Refusal::Several(sites)) => {
                let places = sites.iter().map(|site| PatchPlace {
                    at: site.place(),
                    text: site.text.clone(),
                });
                Self::Several(places.collect())
            }
            AttemptError::Faults(found) => Self::Faults(found),
            AttemptError::Source(error) => Self::Source(error.to_string()),
        }
    }
}
