//! A request that was let through, with all that its answer may need.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts as _, Path, Query};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_schema::api::access::{Reach, StackName, Verb};
use skep_schema::api::audit::{Matter, Why};

use super::body;
use super::identify::{Admitted, Gate};
use super::refused::Refused;
use super::routes::Route;
use crate::audit::{self, Occasion};
use crate::auth;
use crate::clock::now;
use crate::daemon::Shared;
use crate::reign;
use crate::store::Batch;
use crate::views::View;

/// A request, and whoever made it, if anybody had to be known.
pub(crate) struct Call {
    pub(crate) shared: Shared,
    pub(crate) gate: Arc<Gate>,
    pub(crate) parts: Parts,
    /// Behind a lock only because it cannot be shared: nobody but the answer has it.
    body: Mutex<Body>,
    route: &'static Route,
    admitted: Option<Admitted>,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    stack: Option<StackName>,
}

impl Call {
    /// Lets a request through, or says why not. What it asks for is looked up only after that.
    pub(crate) async fn admit(
        route: &'static Route,
        shared: Shared,
        gate: Arc<Gate>,
        request: Request<Body>,
    ) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let (path, query) = parameters(&mut parts).await?;
        let named = path.get("stack").or_else(|| query.get("stack"));
        let named = named.map(|text| text.parse::<StackName>());
        let named = named
            .transpose()
            .map_err(|e| Refused::Malformed(e.to_string()))?;
        let admitted = match route.verb {
            None => {
                gate.count(&parts, route.class).await?;
                None
            }
            Some(verb) => {
                let about = (verb.reach() == Reach::Stack).then_some(named.as_ref());
                let about = about.flatten();
                Some(gate.admit(&parts, verb, route.class, about).await?)
            }
        };
        Ok(Self {
            shared,
            gate,
            parts,
            body: Mutex::new(body),
            route,
            admitted,
            path,
            query,
            stack: named,
        })
    }

    /// Who was let through. Routes that anybody may use have nobody.
    pub(crate) fn admitted(&self) -> &Admitted {
        self.admitted
            .as_ref()
            .expect("a route with a verb lets through only whom it knows")
    }

    /// As history and events name whoever asks.
    pub(crate) fn who(&self) -> String {
        self.admitted().actor.name().to_string()
    }

    pub(crate) fn occasion(&self) -> Option<&Occasion> {
        self.parts.extensions.get()
    }

    pub(crate) fn in_path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    pub(crate) fn in_query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A number in the query.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let read = self.in_query(name).map(str::parse);
        let wrong = |_| Refused::Malformed(format!("`{name}` is no number"));
        read.transpose().map_err(wrong)
    }

    /// The stack that the request is about.
    pub(crate) fn stack(&self) -> Result<&StackName, Refused> {
        let missing = || Refused::Malformed("name the stack: ?stack=shop@prod".to_owned());
        self.stack.as_ref().ok_or_else(missing)
    }

    /// How that stack stands.
    pub(crate) fn view(&self) -> Result<View, Refused> {
        let stack = self.stack()?;
        let view = self.shared.views.get(stack.as_str());
        view.ok_or_else(|| Refused::Unknown(format!("no stack `{stack}` is kept here")))
    }

    /// All stacks that whoever asks may see, as far as the query does not name one.
    pub(crate) fn visible(&self) -> Vec<View> {
        let all = self.shared.views.all();
        let all = all
            .into_iter()
            .filter(|view| self.may_see(&view.status.stack));
        all.collect()
    }

    pub(crate) fn may_see(&self, stack: &str) -> bool {
        let is_asked_for = self
            .stack
            .as_ref()
            .is_none_or(|asked| asked.as_str() == stack);
        let actor = &self.admitted().actor;
        is_asked_for
            && stack
                .parse()
                .is_ok_and(|stack| auth::authorize(actor, Verb::Read, Some(&stack)).is_ok())
    }

    /// Whether whoever asked may still do what he does: an answer that goes on outlives tokens.
    pub(crate) async fn is_still_allowed(&self) -> bool {
        self.gate.is_still_admitted(self.admitted()).await
    }

    /// Refuses a request that had to prove itself and did not.
    pub(crate) async fn doubt(&self, why: Why) -> Refused {
        let refused = match why {
            Why::Expired => Refused::Expired,
            _ => Refused::BadCredentials,
        };
        match self.occasion() {
            Some(occasion) => {
                let stack = self.stack.as_ref();
                self.gate.refuse(refused, occasion, None, None, stack).await
            }
            None => refused,
        }
    }

    /// Refuses what the daemon has to do that acts, where it shares its store and is another. With a store of
    /// its own it keeps what it is told until its turn comes.
    pub(crate) async fn is_here(&self) -> Result<(), Refused> {
        let stack = self.stack()?.to_string();
        if !self.shared.store.is_shared() || self.shared.condition.has(&stack) {
            return Ok(());
        }
        let who = reign::holder(&*self.shared.store, &stack).await?;
        Err(Refused::Elsewhere { stack, who })
    }

    /// Puts it on record that this is done, before it is.
    pub(crate) async fn record(&self, what: Vec<Matter>) -> Result<(), Refused> {
        let Admitted {
            permit, occasion, ..
        } = self.admitted();
        let record = audit::allowed(permit, occasion, what);
        let batch = audit::append(Batch::default(), &record, now());
        self.shared.store.commit(batch).await?;
        Ok(())
    }

    /// The value that the request brings.
    pub(crate) async fn take<T: DeserializeOwned>(&mut self, longest: usize) -> Result<T, Refused> {
        let kind = self.route.takes.map_or("", |takes| takes.kind);
        let body = std::mem::take(self.body.get_mut().unwrap_or_else(PoisonError::into_inner));
        body::json(kind, &self.parts.headers, body, longest).await
    }

    /// What the request brings, as it is.
    pub(crate) async fn bytes(&mut self, longest: usize) -> Result<Bytes, Refused> {
        let body = std::mem::take(self.body.get_mut().unwrap_or_else(PoisonError::into_inner));
        body::bytes(&self.parts.headers, body, longest).await
    }
}

async fn parameters(
    parts: &mut Parts,
) -> Result<(BTreeMap<String, String>, BTreeMap<String, String>), Refused> {
    let wrong = |error: &dyn std::fmt::Display| Refused::Malformed(error.to_string());
    let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, &()).await;
    let query = Query::<BTreeMap<String, String>>::from_request_parts(parts, &()).await;
    Ok((
        path.map_err(|e| wrong(&e))?.0,
        query.map_err(|e| wrong(&e))?.0,
    ))
}

/// A value as an answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Response {
    let mut text = serde_json::to_string(value).expect("schema types are plain data");
    text.push('\n');
    text_of("application/json", text)
}

pub(crate) fn text_of(kind: &'static str, text: impl Into<Body>) -> Response {
    let mut answer = Response::new(text.into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.into_response()
}
