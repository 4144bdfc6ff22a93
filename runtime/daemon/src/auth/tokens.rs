//! The daemon's tokens, as they are kept: who made them, what they are for, and a print of the secret.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use skep_schema::api::audit::{AuditRecord, Author, Matter};
use skep_schema::api::subject::Name;
use skep_schema::api::token::{
    LONGEST_LIFE, TOKEN_FORMAT, TOKENS_FORMAT, TokenId, TokenInfo, TokenList, TokenMade,
    TokenRequest,
};
use skep_schema::event::Timestamp;

use super::token::{self, Print};
use super::{NoRandom, Permit};
use crate::audit::{self, Occasion};
use crate::store::{Batch, Document, Expect, Shelf, Store, StoreError};

const DAY: u64 = 24 * 60 * 60 * 1000;
/// How exactly it is known when a token was used last.
const MINUTE: u64 = 60 * 1000;
/// Keys of the documents that say which token has a name. No id begins so.
const NAMED: &str = "name/";

/// All tokens of a store.
#[derive(Clone)]
pub(crate) struct Tokens {
    store: Arc<dyn Store>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

/// Why a token was not made or not revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("a token is good for 1 to {LONGEST_LIFE} days, not {0}")]
    Life(u16),
    #[error("the name of a token has 1 to 64 of the letters a-z, 0-9, `-`, `_` and `.`")]
    Name,
    #[error("there is a token `{0}`, and it is good still")]
    Taken(Name),
    #[error("there is no token `{0}`")]
    Unknown(TokenId),
    #[error(transparent)]
    Random(#[from] NoRandom),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token that was shown is not taken. Whoever shows it is told no more than that it is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadToken {
    #[error("this is no token of this daemon")]
    Unknown,
    #[error("the token has expired")]
    Expired,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the store has of a token.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Kept {
    /// Always [`KEPT_FORMAT`].
    format: String,
    info: TokenInfo,
    print: [u8; 32],
}

const KEPT_FORMAT: &str = "skep.kept-token/1";

impl Tokens {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Makes a token for whoever may. What is handed back has the secret, and nothing else ever has.
    pub(crate) async fn make(
        &self,
        request: TokenRequest,
        permit: &Permit,
        occasion: &Occasion,
        now: Timestamp,
    ) -> Result<TokenMade, TokenError> {
        check(&request)?;
        let free = self.free(&request.name, now).await?;
        let (id, text, print) = token::make()?;
        let info = info(id, request, permit.who().clone(), now);
        let record = audit::allowed(permit, occasion, vec![matter(&info)]);
        let batch = audit::append(Batch::default(), &record, now)
            .put(
                Shelf::Token,
                info.id.as_str(),
                Expect::Absent,
                body(&info, &print),
            )
            .put(
                Shelf::Token,
                named(&info.name),
                free,
                info.id.as_str().into(),
            );
        let taken = |error| match error {
            StoreError::Conflict { .. } => TokenError::Taken(info.name.clone()),
            other => other.into(),
        };
        self.store.commit(batch).await.map_err(taken)?;
        Ok(TokenMade {
            format: TOKEN_FORMAT.to_owned(),
            token: text,
            info,
        })
    }

    /// What the document of a name has to be so that a new token can have it.
    async fn free(&self, name: &Name, now: Timestamp) -> Result<Expect, TokenError> {
        let Some(held) = self.store.get(Shelf::Token, &named(name)).await? else {
            return Ok(Expect::Absent);
        };
        let id = String::from_utf8_lossy(&held.body).into_owned();
        let holder = match self.store.get(Shelf::Token, &id).await? {
            Some(document) => Some(kept(&document)?),
            None => None,
        };
        if holder.is_some_and(|kept| kept.info.expires > now) {
            return Err(TokenError::Taken(name.clone()));
        }
        Ok(Expect::Version(held.version))
    }

    /// Revokes a token: from now on it is no token.
    pub(crate) async fn revoke(
        &self,
        id: &TokenId,
        permit: &Permit,
        occasion: &Occasion,
        now: Timestamp,
    ) -> Result<TokenInfo, TokenError> {
        let document = self.store.get(Shelf::Token, id.as_str()).await?;
        let document = document.ok_or_else(|| TokenError::Unknown(id.clone()))?;
        let Kept { info, .. } = kept(&document)?;
        let record: AuditRecord = audit::allowed(permit, occasion, vec![matter(&info)]);
        let mut batch = audit::append(Batch::default(), &record, now);
        batch = batch.remove(Shelf::Token, id.as_str());
        let name = self.store.get(Shelf::Token, &named(&info.name)).await?;
        if name.is_some_and(|held| held.body == id.as_str().as_bytes()) {
            batch = batch.remove(Shelf::Token, named(&info.name));
        }
        self.store.commit(batch).await?;
        Ok(info)
    }

    pub(crate) async fn list(&self) -> Result<TokenList, StoreError> {
        let documents = self.store.list(Shelf::Token).await?;
        let of_token = documents.iter().filter(|one| !one.key.starts_with(NAMED));
        let infos = of_token.map(|one| kept(one).map(|kept| kept.info));
        Ok(TokenList {
            format: TOKENS_FORMAT.to_owned(),
            tokens: infos.collect::<Result<_, _>>()?,
        })
    }

    /// Whose token this is.
    pub(crate) async fn check(&self, text: &str, now: Timestamp) -> Result<TokenInfo, BadToken> {
        let shown = token::read(text).ok_or(BadToken::Unknown)?;
        let document = self.store.get(Shelf::Token, shown.id.as_str()).await?;
        let document = document.ok_or(BadToken::Unknown)?;
        let Kept { info, print, .. } = kept(&document)?;
        if !shown.is(&Print::of_bytes(print)) {
            return Err(BadToken::Unknown);
        }
        if info.expires <= now {
            return Err(BadToken::Expired);
        }
        self.used(&document, info.clone(), print, now).await;
        Ok(info)
    }

    /// Whether there is a token still.
    pub(crate) async fn has(&self, id: &TokenId) -> Result<bool, StoreError> {
        let kept = self.store.get(Shelf::Token, id.as_str()).await?;
        Ok(kept.is_some())
    }

    /// Notes that a token was used. Where that cannot be written the token is as good: only a token
    /// that was not changed meanwhile is written, so that none comes back that was just revoked.
    async fn used(&self, read: &Document, info: TokenInfo, print: [u8; 32], now: Timestamp) {
        let is_new = info.last_used.is_none_or(|last| now.since(last) >= MINUTE);
        if !is_new {
            return;
        }
        let last_used = Some(Timestamp(now.0 - now.0 % MINUTE));
        let info = TokenInfo { last_used, ..info };
        let body = body(&info, &Print::of_bytes(print));
        let expect = Expect::Version(read.version);
        let batch = Batch::default().put(Shelf::Token, read.key.as_str(), expect, body);
        if let Err(error) = self.store.commit(batch).await {
            tracing::debug!(token = %info.id, %error, "the use of a token is not noted");
        }
    }
}

fn check(request: &TokenRequest) -> Result<(), TokenError> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let name = request.name.as_str();
    if name.len() > 64 || !name.bytes().all(plain) {
        return Err(TokenError::Name);
    }
    if !(1..=LONGEST_LIFE).contains(&request.days) {
        return Err(TokenError::Life(request.days));
    }
    Ok(())
}

fn info(id: TokenId, request: TokenRequest, made_by: Author, now: Timestamp) -> TokenInfo {
    let TokenRequest {
        name,
        role,
        stacks,
        days,
    } = request;
    TokenInfo {
        id,
        name,
        role,
        stacks,
        made: now,
        made_by,
        expires: now.plus(u64::from(days) * DAY),
        last_used: None,
    }
}

fn matter(info: &TokenInfo) -> Matter {
    Matter::Token {
        id: info.id.clone(),
        role: info.role,
        stacks: info.stacks.clone(),
        expires: info.expires,
    }
}

fn named(name: &Name) -> String {
    format!("{NAMED}{name}")
}

fn body(info: &TokenInfo, print: &Print) -> Vec<u8> {
    let kept = Kept {
        format: KEPT_FORMAT.to_owned(),
        info: info.clone(),
        print: *print.bytes(),
    };
    serde_json::to_vec(&kept).expect("a token is plain data")
}

fn kept(document: &Document) -> Result<Kept, StoreError> {
    let broken = || StoreError::Broken(format!("the token `{}` cannot be read", document.key));
    let kept: Kept = serde_json::from_slice(&document.body).map_err(|_| broken())?;
    let is_ours = kept.format == KEPT_FORMAT && kept.info.id.as_str() == document.key;
    is_ours.then_some(kept).ok_or_else(broken)
}

#[cfg(test)]
mod tests;
