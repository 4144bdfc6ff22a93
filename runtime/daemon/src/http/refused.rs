//! Answers that say no.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse as _, Response};
use skep_engine::provider::ProviderError;
use skep_schema::api::audit::{RequestId, Why};
use skep_schema::api::refusal::{PatchPlace, REFUSAL_FORMAT, Refusal};
use skep_schema::diagnostic::Located;

use super::limits::{Class, TooOften};
use crate::auth::Forbidden;
use crate::auth::oidc::BadJwt;
use crate::auth::tokens::BadToken;
use crate::store::StoreError;

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("nothing says who asks")]
    NoCredentials,
    /// It is not told which of the many things is wrong with them: that would help to guess.
    #[error("who asks is not known")]
    BadCredentials,
    #[error("the credentials have expired")]
    Expired,
    #[error("who issued the token cannot be asked for its keys")]
    Unverifiable,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("the daemon is not known by this name")]
    ForeignHost,
    #[error("a page of another site asked for this")]
    CrossSite,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error("this is no `{0}`")]
    Kind(&'static str),
    #[error("the request is longer than {0} bytes")]
    TooLong(usize),
    #[error("the request did not come to its end in time")]
    Slow,
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    /// It may have been there, or be there for others.
    #[error("{0}")]
    Unknown(String),
    /// What is asked for does not fit what is there now.
    #[error("{message}")]
    Unfit { message: String, help: String },
    /// A patch could be written in each of these places.
    #[error("the patch could be written in several places, or in one that others share")]
    Several(Vec<PatchPlace>),
    /// A patch is no change that can be made.
    #[error("{message}")]
    NoEdit { message: String, help: String },
    /// What a patch would make of a project is wrong.
    #[error("the patch makes the project wrong")]
    Faults(Vec<Located>),
    #[error("the source cannot be read or written now: {0}")]
    Source(String),
    #[error("the daemon ends")]
    Ending,
    /// Of several daemons with one store another one acts.
    #[error("another daemon acts for `{stack}`{}", named(who.as_deref()))]
    Elsewhere { stack: String, who: Option<String> },
    #[error(transparent)]
    Target(#[from] ProviderError),
    #[error("the store cannot be used now")]
    Store(#[from] StoreError),
    #[error("the system gives no random bytes")]
    NoRandom,
}

fn named(who: Option<&str>) -> String {
    who.map_or_else(String::new, |who| format!(": `{who}`"))
}

impl From<BadJwt> for Refused {
    fn from(bad: BadJwt) -> Self {
        match bad {
            BadJwt::Expired => Self::Expired,
            BadJwt::Unreachable => Self::Unverifiable,
            BadJwt::Form
            | BadJwt::Algorithm
            | BadJwt::Kind
            | BadJwt::Issuer
            | BadJwt::Key
            | BadJwt::Signature
            | BadJwt::Audience
            | BadJwt::Early
            | BadJwt::Subject => Self::BadCredentials,
        }
    }
}

impl From<BadToken> for Refused {
    fn from(bad: BadToken) -> Self {
        match bad {
            BadToken::Unknown => Self::BadCredentials,
            BadToken::Expired => Self::Expired,
            BadToken::Store(error) => Self::Store(error),
        }
    }
}

impl Refused {
    /// The answer's status, what the audit keeps, and what it is counted as: for whoever is known, or
    /// else where it came from. Mistakes in the form of a request are nothing to the audit. A page of
    /// another site can have a browser ask for what is not meant, but not with a token: that must not
    /// keep tokens from being tried.
    fn ruling(&self) -> (StatusCode, Option<Why>, Option<Class>) {
        let plain = |status| (status, None, None);
        let stray = |status, why| (status, Some(why), Some(Class::Stray));
        let tried = |why| (StatusCode::UNAUTHORIZED, Some(why), Some(Class::Auth));
        match self {
            Self::NoCredentials => stray(StatusCode::UNAUTHORIZED, Why::NoCredentials),
            Self::BadCredentials => tried(Why::BadCredentials),
            Self::Expired => tried(Why::Expired),
            Self::Unverifiable => (
                StatusCode::SERVICE_UNAVAILABLE,
                Some(Why::Unverifiable),
                None,
            ),
            Self::Forbidden(_) => stray(StatusCode::FORBIDDEN, Why::NotGranted),
            Self::CrossSite => stray(StatusCode::FORBIDDEN, Why::CrossSite),
            Self::ForeignHost => stray(StatusCode::MISDIRECTED_REQUEST, Why::ForeignHost),
            Self::TooOften(often) => {
                let why = often.is_first.then_some(Why::TooOften);
                (StatusCode::TOO_MANY_REQUESTS, why, None)
            }
            Self::Kind(_) => plain(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLong(_) => plain(StatusCode::PAYLOAD_TOO_LARGE),
            Self::Slow => plain(StatusCode::REQUEST_TIMEOUT),
            Self::Malformed(_) => plain(StatusCode::BAD_REQUEST),
            Self::Unknown(_) => plain(StatusCode::NOT_FOUND),
            Self::Unfit { .. } | Self::Several(_) => plain(StatusCode::CONFLICT),
            Self::NoEdit { .. } | Self::Faults(_) => plain(StatusCode::UNPROCESSABLE_ENTITY),
            Self::Target(_) => plain(StatusCode::BAD_GATEWAY),
            Self::Ending
            | Self::Elsewhere { .. }
            | Self::Source(_)
            | Self::Store(_)
            | Self::NoRandom => plain(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.ruling().0
    }

    pub(crate) fn why(&self) -> Option<Why> {
        self.ruling().1
    }

    pub(crate) fn counts_as(&self) -> Option<Class> {
        self.ruling().2
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::NoCredentials => Some(
                "send `Authorization: Bearer` and a token, or use the daemon's socket".to_owned(),
            ),
            Self::Expired => Some("have a new token made".to_owned()),
            Self::Forbidden(forbidden) => Some(forbidden.help()),
            Self::ForeignHost => Some("name it by `host` in the daemon's file".to_owned()),
            Self::TooOften(often) => Some(format!("wait {} s", often.retry_after)),
            Self::Kind(kind) => Some(format!("send `Content-Type: {kind}`")),
            Self::Unfit { help, .. } | Self::NoEdit { help, .. } => Some(help.clone()),
            Self::Several(places) => {
                let first = places.first().map(|place| format!("?at={}", place.at));
                Some(format!("say which: {}", first.unwrap_or_default()))
            }
            Self::Elsewhere { .. } => {
                Some("ask that one, or wait until this one takes over".to_owned())
            }
            Self::BadCredentials
            | Self::Unverifiable
            | Self::CrossSite
            | Self::TooLong(_)
            | Self::Slow
            | Self::Malformed(_)
            | Self::Unknown(_)
            | Self::Faults(_)
            | Self::Source(_)
            | Self::Ending
            | Self::Target(_)
            | Self::Store(_)
            | Self::NoRandom => None,
        }
    }

    pub(crate) fn answer(&self, request: &RequestId) -> Response {
        let refusal = Refusal {
            format: REFUSAL_FORMAT.to_owned(),
            error: self.to_string(),
            help: self.help(),
            diagnostics: if let Self::Faults(found) = self {
                found.clone()
            } else {
                Vec::new()
            },
            places: if let Self::Several(places) = self {
                places.clone()
            } else {
                Vec::new()
            },
            request: request.clone(),
        };
        let mut answer = (self.status(), axum::Json(refusal)).into_response();
        let headers = answer.headers_mut();
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::TooOften(often) = self {
            headers.insert(RETRY_AFTER, often.retry_after.into());
        }
        answer
    }
}
