//! An issuer's keys, kept by one task: it alone asks the issuer, so that a thousand tokens with a made-up
//! key lead to one question a minute.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use skep_schema::api::subject::IssuerUrl;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::BadJwt;
use super::fetch::Fetch;
use super::keys::{Key, KeySet};

/// After this keys are asked for again: one that the issuer took back is gone by then.
const FRESH: Duration = Duration::from_hours(1);
/// So long keys are used when the issuer does not answer.
const STALE: Duration = Duration::from_hours(24);
/// Between two questions, whatever was answered.
const FLOOR: Duration = Duration::from_mins(1);
/// Between two questions when the first was not answered.
const RETRY: Duration = Duration::from_secs(5);
/// Tokens that wait for an answer at a time; more are told that there is none.
const WAITING: usize = 256;

/// A view of the keys, and a way to ask for others.
pub(super) struct Keyring {
    seen: watch::Receiver<Option<Seen>>,
    asks: mpsc::Sender<oneshot::Sender<()>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// What the issuer answered last, and when.
#[derive(Clone, Debug)]
struct Seen {
    keys: Arc<KeySet>,
    at: Instant,
}

impl Keyring {
    /// Starts the task. It ends with the keyring, and asks for nothing before it is asked.
    pub(super) fn start(issuer: IssuerUrl, fetch: Fetch) -> Self {
        let (publish, seen) = watch::channel(None);
        let (asks, asked) = mpsc::channel(WAITING);
        let keeper = Keeper {
            issuer,
            fetch,
            publish,
            next: Instant::now(),
        };
        tokio::spawn(keeper.run(asked));
        Self { seen, asks }
    }

    /// The key with an id. One that is not known, or known for too long, is asked for.
    pub(super) async fn key(&self, kid: &str) -> Result<Key, BadJwt> {
        let fresh = self.read(|seen| {
            let key = seen.keys.get(kid)?;
            (seen.at.elapsed() < FRESH).then(|| key.clone())
        });
        if let Some(key) = fresh {
            return Ok(key);
        }
        self.ask().await?;
        if self.read(|seen| Some(seen.at)).is_none() {
            return Err(BadJwt::Unreachable);
        }
        self.read(|seen| seen.keys.get(kid).cloned())
            .ok_or(BadJwt::Key)
    }

    /// Reads keys that are not too old to be used at all.
    fn read<T>(&self, look: impl Fn(&Seen) -> Option<T>) -> Option<T> {
        let seen = self.seen.borrow();
        look(seen.as_ref().filter(|seen| seen.at.elapsed() < STALE)?)
    }

    async fn ask(&self) -> Result<(), BadJwt> {
        let (done, answered) = oneshot::channel();
        self.asks.try_send(done).map_err(|_| BadJwt::Unreachable)?;
        answered.await.map_err(|_| BadJwt::Unreachable)
    }
}

/// The task's own.
struct Keeper {
    issuer: IssuerUrl,
    fetch: Fetch,
    publish: watch::Sender<Option<Seen>>,
    /// Nothing is asked before this.
    next: Instant,
}

impl Keeper {
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<()>>) {
        while let Some(done) = asked.recv().await {
            if Instant::now() >= self.next {
                self.refresh().await;
            }
            // Who asked may be gone.
            done.send(()).ok();
        }
    }

    async fn refresh(&mut self) {
        match self.keys().await {
            Ok(keys) => {
                let at = Instant::now();
                let keys = Arc::new(keys);
                self.publish.send_replace(Some(Seen { keys, at }));
                self.next = at + FLOOR;
            }
            Err(error) => {
                tracing::warn!(issuer = %self.issuer, %error, "the keys of an issuer cannot be had");
                self.next = Instant::now() + RETRY;
            }
        }
    }

    async fn keys(&self) -> Result<KeySet, String> {
        let base = self.issuer.as_str().trim_end_matches('/');
        let discovery = format!("{base}/.well-known/openid-configuration");
        let discovery = (self.fetch)(discovery).await?;
        let jwks = jwks_address(&discovery, &self.issuer)?;
        let document = (self.fetch)(jwks).await?;
        KeySet::read(&document).ok_or_else(|| "what it published is no set of keys".to_owned())
    }
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// Where an issuer says its keys are. What is published for another issuer says nothing about this one.
fn jwks_address(document: &[u8], issuer: &IssuerUrl) -> Result<String, String> {
    let read: Discovery = serde_json::from_slice(document)
        .map_err(|_| "what it published is no description of an issuer".to_owned())?;
    if read.issuer != issuer.as_str() {
        return Err("what it published is about another issuer".to_owned());
    }
    if !read.jwks_uri.starts_with("https://") {
        return Err("its keys are not behind `https://`".to_owned());
    }
    Ok(read.jwks_uri)
}
