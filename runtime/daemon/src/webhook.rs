//! Calls from outside that say a repository has changed.
//!
//! Whoever calls is nobody: all that a call can do is to have the repository asked. It is believed when
//! its bytes are signed with a secret that both sides know, and nothing of it is read before that.

mod secret;

use hyper::HeaderMap;
use ring::hmac;
use serde::Deserialize;
use skep_schema::event::Timestamp;
use skep_schema::plan::Content;
use skep_schema::spec::WebhookForm;
use subtle::ConstantTimeEq as _;

pub(crate) use secret::{NoSecret, Secret};

/// A longer call is none, in bytes: those of a push of thousands of commits are shorter.
pub(crate) const LONGEST: usize = 1 << 20;

/// How far the clock of who signs may be from ours, in milliseconds. Older calls may be repeated ones.
const CLOCKS: u64 = 5 * 60 * 1000;

/// A call that was signed with the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// What tells this call from all others. It is part of what was signed, so that a call that is sent
    /// again under another name is known all the same.
    pub(crate) delivery: String,
    /// The branch or tag that the call is about, where it says.
    about: Option<String>,
}

/// Why a call is not believed. It says nothing that would help to make a better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is longer than {} KiB", LONGEST >> 10)]
    TooLong,
    #[error("it is not signed in the form that is expected")]
    Unsigned,
    #[error("its signature is not that of what it says")]
    Forged,
    #[error("it was signed more than five minutes from now")]
    Stale,
}

/// A signature with what was signed.
struct Signed {
    /// What stands before the body.
    head: Vec<u8>,
    /// Any of these will do.
    tags: Vec<Vec<u8>>,
    delivery: Option<String>,
}

/// What is read of a call.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    about: Option<String>,
}

impl Verified {
    /// Whether the call may be about a branch or tag: it is, or it does not say.
    pub(crate) fn concerns(&self, rev: &str) -> bool {
        let Some(about) = &self.about else {
            return true;
        };
        let bare = |start| about.strip_prefix(start);
        let name = bare("refs/heads/").or_else(|| bare("refs/tags/"));
        name.unwrap_or(about) == rev
    }
}

/// Looks whether a call is signed with one of the secrets, in time that tells nothing of them.
///
/// # Errors
/// It is not, or is too old or too long to say.
pub(crate) fn verify(
    form: WebhookForm,
    secrets: &[Secret],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, Refused> {
    if body.len() > LONGEST {
        return Err(Refused::TooLong);
    }
    let delivery = match form {
        WebhookForm::Github => signed(&of_hub(headers, &[])?, secrets, body)?,
        WebhookForm::Gitea | WebhookForm::Forgejo => {
            let others = ["x-forgejo-signature", "x-gitea-signature"];
            signed(&of_hub(headers, &others)?, secrets, body)?
        }
        WebhookForm::Gitlab if headers.contains_key("webhook-signature") => {
            signed(&standard(headers, now)?, secrets, body)?
        }
        WebhookForm::Gitlab => token(headers, secrets)?,
        WebhookForm::Standard => signed(&standard(headers, now)?, secrets, body)?,
        WebhookForm::Plain => signed(&plain(headers, now)?, secrets, body)?,
    };
    let payload: Option<Payload> = serde_json::from_slice(body).ok();
    Ok(Verified {
        delivery: delivery.unwrap_or_else(|| blake3::hash(body).to_hex().to_string()),
        about: payload.and_then(|payload| payload.about),
    })
}

/// The one value of a header. Where there are several, two readers could take different ones.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, Refused> {
    let mut all = headers.get_all(name).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Err(Refused::Unsigned);
    };
    value.to_str().map_err(|_| Refused::Unsigned)
}

/// `X-Hub-Signature-256: sha256=..`, or the same number alone under another name.
fn of_hub(headers: &HeaderMap, others: &[&str]) -> Result<Signed, Refused> {
    const HUB: &str = "x-hub-signature-256";
    let tag = if headers.contains_key(HUB) {
        one(headers, HUB)?.strip_prefix("sha256=")
    } else {
        let there = others.iter().find(|name| headers.contains_key(**name));
        Some(one(headers, there.ok_or(Refused::Unsigned)?)?)
    };
    let tag = tag.and_then(bytes_of_hex).ok_or(Refused::Unsigned)?;
    Ok(Signed {
        head: Vec::new(),
        tags: vec![tag],
        delivery: None,
    })
}

/// The form of Standard Webhooks, in which GitLab signs as well: `webhook-id`, `webhook-timestamp`, and
/// in `webhook-signature` one or several of `v1,..`.
fn standard(headers: &HeaderMap, now: Timestamp) -> Result<Signed, Refused> {
    let (id, time) = (
        one(headers, "webhook-id")?,
        one(headers, "webhook-timestamp")?,
    );
    let tags = one(headers, "webhook-signature")?.split(' ');
    let tags = tags.filter_map(|tag| Content::decode(tag.strip_prefix("v1,")?).ok());
    let is_name = !id.is_empty() && id.len() <= 256 && !id.contains('.');
    if !is_name {
        return Err(Refused::Unsigned);
    }
    timely(time, now)?;
    Ok(Signed {
        head: format!("{id}.{time}.").into_bytes(),
        tags: tags.take(8).collect(),
        delivery: Some(id.to_owned()),
    })
}

/// `X-Skep-Signature: t=SECONDS,v1=..`: what is signed is the time, a dot and the body.
fn plain(headers: &HeaderMap, now: Timestamp) -> Result<Signed, Refused> {
    let words = one(headers, "x-skep-signature")?.split_once(',');
    let (time, tag) = words.ok_or(Refused::Unsigned)?;
    let time = time.strip_prefix("t=").ok_or(Refused::Unsigned)?;
    let tag = tag.strip_prefix("v1=").and_then(bytes_of_hex);
    let tag = tag.ok_or(Refused::Unsigned)?;
    timely(time, now)?;
    Ok(Signed {
        head: format!("{time}.").into_bytes(),
        delivery: Some(hex(&tag)),
        tags: vec![tag],
    })
}

/// Refuses what was signed at another time than now, in seconds since 1970.
fn timely(time: &str, now: Timestamp) -> Result<(), Refused> {
    let digits = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: Option<u64> = time.parse().ok().filter(|_| digits);
    let millis = seconds.and_then(|seconds| seconds.checked_mul(1000));
    let at = millis.ok_or(Refused::Unsigned)?;
    if at.abs_diff(now.0) > CLOCKS {
        return Err(Refused::Stale);
    }
    Ok(())
}

/// The name of a call whose signature is right, where it has one that was signed.
fn signed(signed: &Signed, secrets: &[Secret], body: &[u8]) -> Result<Option<String>, Refused> {
    let Signed {
        head,
        tags,
        delivery,
    } = signed;
    let whole = [head, body].concat();
    let right = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.key());
        let mut tags = tags.iter();
        tags.any(|tag| hmac::verify(&key, &whole, tag).is_ok())
    };
    if secrets.iter().any(right) {
        Ok(delivery.clone())
    } else {
        Err(Refused::Forged)
    }
}

/// `X-Gitlab-Token` is the secret itself, and signs nothing. A secret that is for signing is never taken
/// for one.
fn token(headers: &HeaderMap, secrets: &[Secret]) -> Result<Option<String>, Refused> {
    let token = one(headers, "x-gitlab-token")?;
    let told = blake3::hash(token.as_bytes());
    let mut tokens = secrets.iter().filter_map(Secret::token);
    let same = |token: &[u8]| blake3::hash(token).as_bytes().ct_eq(told.as_bytes()).into();
    if tokens.any(same) {
        Ok(None)
    } else {
        Err(Refused::Forged)
    }
}

/// 32 bytes in small or large hexadecimal digits.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..64).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
