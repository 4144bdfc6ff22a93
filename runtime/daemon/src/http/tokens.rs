//! The daemon's own tokens.

use axum::response::Response;
use skep_schema::api::token::{TokenId, TokenRequest};

use super::body::USUAL;
use super::call::{Call, json};
use super::identify::Admitted;
use super::refused::Refused;
use crate::auth::tokens::TokenError;
use crate::clock::now;

pub(crate) async fn list(call: Call) -> Result<Response, Refused> {
    Ok(json(&call.gate.tokens().list().await?))
}

pub(crate) async fn make(mut call: Call) -> Result<Response, Refused> {
    let request: TokenRequest = call.take(USUAL).await?;
    let Admitted {
        permit, occasion, ..
    } = call.admitted();
    let made = call.gate.tokens().make(request, permit, occasion, now());
    Ok(json(&made.await?))
}

pub(crate) async fn revoke(call: Call) -> Result<Response, Refused> {
    let unknown = |_| Refused::Unknown("there is no such token".to_owned());
    let id: TokenId = call.in_path("token").parse().map_err(unknown)?;
    let Admitted {
        permit, occasion, ..
    } = call.admitted();
    let revoked = call.gate.tokens().revoke(&id, permit, occasion, now());
    Ok(json(&revoked.await?))
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        let message = error.to_string();
        match error {
            TokenError::Taken(_) => Self::Unfit {
                message,
                help: "take another name, or revoke that one".to_owned(),
            },
            TokenError::Unknown(_) => Self::Unknown(message),
            TokenError::Store(error) => Self::Store(error),
            TokenError::Random(_) => Self::NoRandom,
            TokenError::Life(_) | TokenError::Name => Self::Malformed(message),
        }
    }
}
