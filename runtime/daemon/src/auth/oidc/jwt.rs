//! A signed token: three parts in base64, the first of which says how it is signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use skep_schema::api::subject::Name;
use skep_schema::event::Timestamp;

use super::keys::{Algorithm, Key};
use super::{BadJwt, Identity};
use crate::settings::Issuer;

/// The longest that is looked at, in bytes. Tokens with many groups have a few thousand.
const LONGEST: usize = 16 * 1024;
/// How far the issuer's clock may be from ours, in seconds.
const SKEW: u64 = 60;

/// A token whose signature was not looked at.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    head: Head,
    algorithm: Algorithm,
    issuer: String,
    /// What the signature is over.
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What else a head has is not looked at, above all no key and no address of one.
#[derive(Debug, Deserialize)]
struct Head {
    alg: String,
    kid: String,
    typ: Option<String>,
    /// What a reader has to understand. Whatever it is, this one does not.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    exp: u64,
    nbf: Option<u64>,
    iat: Option<u64>,
}

/// One, or a list of them.
struct Audience(Vec<String>);

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(one) => Ok(Self(vec![one])),
            list => serde_json::from_value(list)
                .map(Self)
                .map_err(serde::de::Error::custom),
        }
    }
}

impl<'a> Signed<'a> {
    /// Takes a token apart. Nothing in it is to be believed yet.
    pub(super) fn read(text: &'a str) -> Result<Self, BadJwt> {
        if text.len() > LONGEST {
            return Err(BadJwt::Form);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(BadJwt::Form)?;
        let (head, payload) = message.split_once('.').ok_or(BadJwt::Form)?;
        let head: Head = json(&bytes(head)?)?;
        let algorithm = head.alg.parse().map_err(|()| BadJwt::Algorithm)?;
        head.check_kind()?;
        let payload = bytes(payload)?;
        Ok(Self {
            head,
            algorithm,
            issuer: json::<Issued>(&payload)?.iss,
            message,
            payload,
            signature: bytes(signature)?,
        })
    }

    /// Who says he signed it.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Which key he says he signed it with.
    pub(super) fn kid(&self) -> &str {
        &self.head.kid
    }

    /// Believes it, if this key signed it and it is for us and for now.
    pub(super) fn verify(
        &self,
        key: &Key,
        issuer: &Issuer,
        now: Timestamp,
    ) -> Result<Identity, BadJwt> {
        if self.issuer != issuer.url.as_str() {
            return Err(BadJwt::Issuer);
        }
        if key.algorithm() != self.algorithm {
            return Err(BadJwt::Algorithm);
        }
        if !key.has_signed(self.message.as_bytes(), &self.signature) {
            return Err(BadJwt::Signature);
        }
        let claims: Claims = json(&self.payload)?;
        let until = claims.check(issuer, now)?;
        Ok(Identity {
            issuer: issuer.url.clone(),
            subject: claims.sub.parse().map_err(|_| BadJwt::Subject)?,
            groups: self.groups(issuer).collect(),
            until,
        })
    }

    /// Groups whose names are names. What is no list of texts is no group.
    fn groups(&self, issuer: &Issuer) -> impl Iterator<Item = Name> {
        let payload: Option<Value> = serde_json::from_slice(&self.payload).ok();
        let claim = issuer.groups.as_ref().zip(payload);
        let list = claim.and_then(|(claim, mut payload)| payload.get_mut(claim).map(Value::take));
        let list = match list {
            Some(Value::Array(list)) => list,
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_),
            )
            | None => Vec::new(),
        };
        list.into_iter()
            .filter_map(|group| group.as_str()?.parse().ok())
    }
}

impl Head {
    /// Takes what is meant for access, and what does not say what it is meant for, as most do not.
    fn check_kind(&self) -> Result<(), BadJwt> {
        let taken = ["jwt", "at+jwt", "application/at+jwt"];
        let is_taken = self
            .typ
            .as_ref()
            .is_none_or(|typ| taken.contains(&typ.to_ascii_lowercase().as_str()));
        if is_taken && self.crit.is_none() {
            Ok(())
        } else {
            Err(BadJwt::Kind)
        }
    }
}

impl Claims {
    /// Whether it is for us and for now, and until when.
    fn check(&self, issuer: &Issuer, now: Timestamp) -> Result<Timestamp, BadJwt> {
        let now = now.0 / 1000;
        if !self.aud.0.contains(&issuer.audience) {
            return Err(BadJwt::Audience);
        }
        let until = self.exp.saturating_add(SKEW);
        if until <= now {
            return Err(BadJwt::Expired);
        }
        let begin = self.nbf.max(self.iat).unwrap_or(0);
        if begin > now.saturating_add(SKEW) {
            return Err(BadJwt::Early);
        }
        Ok(Timestamp(until.saturating_mul(1000)))
    }
}

/// Bytes in base64 as web tokens have it: without padding, and in the one spelling they have.
fn bytes(text: &str) -> Result<Vec<u8>, BadJwt> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| BadJwt::Form)
}

/// A property that comes twice is refused: two readers could take one each.
fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, BadJwt> {
    serde_json::from_slice(bytes).map_err(|_| BadJwt::Form)
}
