//! What every request passes: the gate that knows who asks, and lets him do what he may.
//!
//! A route names its verb and its class and calls [`Gate::admit`]; what it gets is the [`Permit`] that
//! changes take. The layer [`enter`] is around all routes, those that need nobody's name too.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use skep_schema::api::access::{StackName, Verb};
use skep_schema::api::subject::Via;
use skep_schema::event::Timestamp;

use super::headers;
use super::limits::{Asker, Class, Limits};
use super::refused::Refused;
use super::site::{self, Hosts};
use crate::audit::{self, Occasion};
use crate::auth::oidc::Issuers;
use crate::auth::tokens::Tokens;
use crate::auth::{self, Access, Actor, Permit, token};
use crate::listen::Peer;
use crate::settings::{Listen, Settings};
use crate::store::Store;

/// All that decides whether a request is let through.
pub(crate) struct Gate {
    access: Access,
    tokens: Tokens,
    issuers: Issuers,
    hosts: Hosts,
    /// Where refusals are written.
    store: Arc<dyn Store>,
    /// What time it is.
    clock: fn() -> Timestamp,
    limits: Mutex<Limits>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// Somebody who may do what he asks for.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) actor: Actor,
    pub(crate) permit: Permit,
    pub(crate) occasion: Occasion,
}

/// The layer around all routes: gives the request its [`Occasion`], refuses what was not meant for this
/// daemon, and completes the answer's headers.
pub(crate) async fn enter(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(id) = auth::request_id() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let occasion = Occasion {
        request: id,
        from: peer.origin(),
    };
    request.extensions_mut().insert(occasion.clone());
    let (parts, body) = request.into_parts();
    let mut answer = match gate.meant(&parts, &occasion).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refused) => refused.answer(&occasion.request),
    };
    headers::complete(answer.headers_mut(), peer.wire(), &occasion.request);
    answer
}

impl Gate {
    /// As the daemon's file has it. Has to be called inside a runtime.
    pub(crate) fn new(settings: &Settings, store: Arc<dyn Store>) -> Self {
        let own_uid = rustix::process::geteuid().as_raw();
        let hosts = settings.listen.iter().flat_map(|place| match place {
            Listen::Unix { .. } => &[],
            Listen::Tls { hosts, .. } => hosts.as_slice(),
        });
        Self {
            access: Access::new(own_uid, settings.grants.clone()),
            tokens: Tokens::new(Arc::clone(&store)),
            issuers: Issuers::new(&settings.issuers),
            hosts: Hosts::new(hosts.cloned()),
            store,
            clock: crate::clock::now,
            limits: Mutex::new(Limits::new()),
        }
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Whether a request was meant for this daemon.
    async fn meant(&self, parts: &Parts, occasion: &Occasion) -> Result<(), Refused> {
        match site::check(parts, &self.hosts) {
            Ok(()) => Ok(()),
            Err(refused) => Err(self.refuse(refused, occasion, None, None, None).await),
        }
    }

    /// Lets somebody do what a route is for, or says why not. Every refusal is in the audit.
    pub(crate) async fn admit(
        &self,
        parts: &Parts,
        verb: Verb,
        class: Class,
        stack: Option<&StackName>,
    ) -> Result<Admitted, Refused> {
        let occasion = occasion(parts)?;
        let known = self.known(parts, occasion).await;
        let actor = match known {
            Ok(actor) => actor,
            Err(refused) => {
                return Err(self
                    .refuse(refused, occasion, None, Some(verb), stack)
                    .await);
            }
        };
        let permit = self.may(&actor, verb, class, stack, occasion);
        match permit {
            Ok(permit) => Ok(Admitted {
                actor,
                permit,
                occasion: occasion.clone(),
            }),
            Err(refused) => Err(self
                .refuse(refused, occasion, Some(&actor), Some(verb), stack)
                .await),
        }
    }

    /// Counts a request on a route that needs nobody's name, such as a webhook.
    pub(crate) async fn count(&self, parts: &Parts, class: Class) -> Result<(), Refused> {
        let occasion = occasion(parts)?;
        let askers: Vec<Asker> = Asker::from(&occasion.from).into_iter().collect();
        match self.take(class, &askers) {
            Ok(()) => Ok(()),
            Err(refused) => Err(self.refuse(refused, occasion, None, None, None).await),
        }
    }

    fn may(
        &self,
        actor: &Actor,
        verb: Verb,
        class: Class,
        stack: Option<&StackName>,
        occasion: &Occasion,
    ) -> Result<Permit, Refused> {
        let by_name = Asker::Actor(actor.name().clone());
        let by_place = Asker::from(&occasion.from).filter(|place| *place != by_name);
        let askers: Vec<Asker> = by_place.into_iter().chain([by_name]).collect();
        self.take(class, &askers)?;
        Ok(auth::authorize(actor, verb, stack)?)
    }

    /// Who asks. Whoever comes from where too much was tried already is not looked at.
    async fn known(&self, parts: &Parts, occasion: &Occasion) -> Result<Actor, Refused> {
        let peer = parts
            .extensions
            .get::<Peer>()
            .ok_or(Refused::NoCredentials)?;
        match bearer(&parts.headers)? {
            None => self.by_connection(peer),
            Some(text) => {
                if let Some(place) = Asker::from(&occasion.from) {
                    self.limits().check(Class::Auth, &place, (self.clock)())?;
                }
                self.by_bearer(text).await
            }
        }
    }

    fn by_connection(&self, peer: &Peer) -> Result<Actor, Refused> {
        match peer {
            Peer::Socket(peer) => Ok(self.access.of_socket(peer)),
            Peer::Tls { names, .. } => {
                let actor = self.access.of_certificate(names);
                actor.ok_or(Refused::NoCredentials)
            }
        }
    }

    async fn by_bearer(&self, text: &str) -> Result<Actor, Refused> {
        let now = (self.clock)();
        if token::is_ours(text) {
            let token = self.tokens.check(text, now).await?;
            Ok(self.access.of_token(&token))
        } else {
            let identity = self.issuers.check(text, now).await.inspect_err(|error| {
                tracing::debug!(%error, "a token is refused");
            })?;
            Ok(self.access.of_identity(&identity))
        }
    }

    fn take(&self, class: Class, askers: &[Asker]) -> Result<(), Refused> {
        let now = (self.clock)();
        Ok(self.limits().take(class, askers, now)?)
    }

    fn limits(&self) -> std::sync::MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody who was let in a while ago, to a stream that has no end, would be still: a token
    /// that was revoked or has expired ends what it began.
    pub(crate) async fn is_still_admitted(&self, admitted: &Admitted) -> bool {
        let is_kept = match admitted.actor.via() {
            Via::Token(id) => self.tokens.has(id).await == Ok(true),
            Via::Socket | Via::Certificate | Via::Oidc => true,
        };
        is_kept && admitted.actor.is_proved((self.clock)())
    }

    /// Writes a refusal down and hands it back. Refusals are counted for whoever is known, or else where
    /// they came from; what is too much is neither looked at nor written any more.
    pub(crate) async fn refuse(
        &self,
        refused: Refused,
        occasion: &Occasion,
        who: Option<&Actor>,
        verb: Option<Verb>,
        stack: Option<&StackName>,
    ) -> Refused {
        let refused = self.counted(refused, occasion, who);
        if let Some(why) = refused.why()
            && self.has_room(who)
        {
            let record = audit::refused(who, occasion, verb, stack, why);
            let written = audit::write(&*self.store, &record, (self.clock)()).await;
            if let Err(error) = written {
                tracing::warn!(%error, "a refusal is not in the audit");
            }
        }
        refused
    }

    fn counted(&self, refused: Refused, occasion: &Occasion, who: Option<&Actor>) -> Refused {
        let asker = match who {
            Some(actor) => Some(Asker::Actor(actor.name().clone())),
            None => Asker::from(&occasion.from),
        };
        let counted = refused.counts_as().zip(asker);
        let taken = counted.map(|(class, asker)| self.take(class, &[asker]));
        taken.and_then(Result::err).unwrap_or(refused)
    }

    /// Whether the audit takes one more refusal. Whom nobody knows can come from everywhere.
    fn has_room(&self, who: Option<&Actor>) -> bool {
        who.is_some() || self.take(Class::Record, &[Asker::Anybody]).is_ok()
    }
}

/// What [`enter`] has noted of a request.
fn occasion(parts: &Parts) -> Result<&Occasion, Refused> {
    parts.extensions.get::<Occasion>().ok_or(Refused::NoRandom)
}

/// The credentials that a request brings. They come in one header and nowhere else; where they are there
/// they alone count, so that a wrong token is not made good by who sends it.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refused::BadCredentials);
    }
    let text = value.to_str().map_err(|_| Refused::BadCredentials)?;
    let (scheme, token) = text.split_once(' ').ok_or(Refused::BadCredentials)?;
    let is_plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("bearer") && is_plain {
        Ok(Some(token))
    } else {
        Err(Refused::BadCredentials)
    }
}

#[cfg(test)]
mod tests;
