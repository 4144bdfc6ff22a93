//! Looks at a daemon: what it says of itself and of the stacks that it keeps, to whoever asks.

mod checks;

use hyper::Method;
use skep_providers::web::empty;
use skep_schema::api::view::{AuditCheck, DaemonHealth, Me, StackList};
use skep_schema::doctor::Finding;
use skep_schema::event::Timestamp;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server::Server;
use crate::session::{event_loop, now};

/// What a daemon says. What may not be asked for is nothing.
#[derive(Debug)]
struct Facts {
    /// What people call it.
    name: String,
    /// Who asks, as the daemon knows him; nothing more is known where this is not.
    me: Result<Me, Failure>,
    /// The daemon's clock, to the second.
    clock: Option<Timestamp>,
    /// This machine's clock before and after it was asked.
    asked: (Timestamp, Timestamp),
    certificate_ends: Option<Timestamp>,
    health: Option<Result<DaemonHealth, Failure>>,
    stacks: Option<Result<StackList, Failure>>,
    audit: Option<Result<AuditCheck, Failure>>,
}

/// What was found, what is near first.
///
/// # Errors
/// No address is named. A daemon that does not answer is a finding.
pub(super) fn findings(global: &Global) -> Result<Vec<Finding>, Failure> {
    let server = Server::of(global)?;
    let facts = event_loop()?.block_on(gather(&server));
    Ok(checks::all(&facts))
}

async fn gather(server: &Server) -> Facts {
    let before = now();
    let answer = server.answer(&Method::GET, "/v1/me", &empty()).await;
    let asked = (before, now());
    let said = answer.as_ref().ok();
    let clock = said.and_then(|answer| time(answer.header("date")?));
    let certificate_ends = said.and_then(|answer| answer.certificate_ends);
    let me = answer.and_then(|answer| server.read::<Me>(&answer));
    let mut facts = Facts {
        name: server.name().to_owned(),
        me,
        clock,
        asked,
        certificate_ends,
        health: None,
        stacks: None,
        audit: None,
    };
    if facts.me.is_ok() {
        facts.health = allowed(server.get("/v1/health").await);
        facts.stacks = allowed(server.get("/v1/stacks").await);
        facts.audit = allowed(server.get("/v1/audit/check").await);
    }
    facts
}

fn allowed<T>(answer: Result<T, Failure>) -> Option<Result<T, Failure>> {
    match answer {
        Err(denied) if denied.exit == Exit::Denied => None,
        answer => Some(answer),
    }
}

/// A time as answers say it: `Sun, 22 Nov 2026 01:27:31 GMT`.
fn time(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    let millis = at.timestamp().as_millisecond();
    Some(Timestamp(millis.try_into().ok()?))
}
