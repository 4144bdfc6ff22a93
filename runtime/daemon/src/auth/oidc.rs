//! Tokens that an issuer of `OpenID` Connect signed: JSON web tokens that somebody else gave to people and
//! to pipelines.
//!
//! Nothing in a token says how it is verified. The issuer has to be one of the daemon's file, its keys
//! come from where its own discovery says and are found by `kid`, and a key knows its one algorithm.

mod fetch;
mod jwt;
mod keyring;
mod keys;

use std::collections::BTreeSet;

use skep_schema::api::subject::{IssuerUrl, Name};
use skep_schema::event::Timestamp;

use self::fetch::Fetch;
use self::jwt::Signed;
use self::keyring::Keyring;
use crate::settings::Issuer;

/// Whom an issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) issuer: IssuerUrl,
    pub(crate) subject: Name,
    pub(crate) groups: BTreeSet<Name>,
    pub(crate) until: Timestamp,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadJwt {
    #[error("this is no signed token")]
    Form,
    #[error("the token is not signed in a way that is taken: `RS256`, `ES256` or `EdDSA`")]
    Algorithm,
    #[error("the token is of another kind")]
    Kind,
    #[error("the token's issuer is not in the daemon's file")]
    Issuer,
    #[error("the issuer has no such key")]
    Key,
    #[error("the signature is wrong")]
    Signature,
    #[error("the token is for somebody else")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not good yet")]
    Early,
    #[error("the token names nobody")]
    Subject,
    #[error("the issuer's keys cannot be had")]
    Unreachable,
}

/// All issuers of the daemon's file, each with its keys.
#[derive(Debug)]
pub(crate) struct Issuers {
    known: Vec<(Issuer, Keyring)>,
}

impl Issuers {
    /// Asks nobody yet. Has to be called inside a runtime: each issuer's keys are a task's.
    pub(crate) fn new(issuers: &[Issuer]) -> Self {
        Self::asking(issuers, fetch::by_web)
    }

    fn asking(issuers: &[Issuer], fetch: impl Fn(&Issuer) -> Fetch) -> Self {
        let with_keys = |issuer: &Issuer| {
            let keyring = Keyring::start(issuer.url.clone(), fetch(issuer));
            (issuer.clone(), keyring)
        };
        let known = issuers.iter().map(with_keys).collect();
        Self { known }
    }

    /// Whom a token is for, if everything about it is right.
    pub(crate) async fn check(&self, text: &str, now: Timestamp) -> Result<Identity, BadJwt> {
        let signed = Signed::read(text)?;
        let mut known = self.known.iter();
        let named = known.find(|(issuer, _)| issuer.url.as_str() == signed.issuer());
        let (issuer, keyring) = named.ok_or(BadJwt::Issuer)?;
        let key = keyring.key(signed.kid()).await?;
        signed.verify(&key, issuer, now)
    }
}

#[cfg(test)]
pub(crate) mod tests;
