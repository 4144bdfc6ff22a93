//! The swarm's key, with which fingerprints of secrets are made.
//!
//! It lies in a config, which only managers can read: whoever can has the secrets anyway. One key
//! serves all stacks of the swarm.

use std::sync::OnceLock;

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::plan::Content;

use super::fault::{Fault, Meaning};
use super::http::Ask;
use super::labels::{KEY, STACK};
use super::wire::Stored;
use super::{Swarm, rejected};
use crate::secrets::new_key;

const NAME: &str = "skep-key";

/// The key, once it was seen. It never changes while the swarm lives.
#[derive(Default)]
pub(crate) struct Known(OnceLock<[u8; 32]>);

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() {
            "(key)"
        } else {
            "(no key yet)"
        })
    }
}

impl Swarm {
    /// The key; nothing where nobody has applied anything yet.
    pub(crate) async fn key(&self) -> Result<Option<[u8; 32]>, ProviderError> {
        if let Some(key) = self.key.0.get() {
            return Ok(Some(*key));
        }
        let Some(found) = self
            .key_object()
            .await
            .map_err(|fault| self.error(fault, None))?
        else {
            return Ok(None);
        };
        let bytes = found
            .spec
            .data
            .as_deref()
            .and_then(|data| Content::decode(data).ok());
        let key = bytes
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .filter(|_| found.spec.labels.contains_key(KEY));
        match key {
            Some(key) => Ok(Some(*self.key.0.get_or_init(|| key))),
            None => Err(ProviderError::Denied {
                message: format!(
                    "the config `{NAME}` holds no key of Skep's: somebody else made it"
                ),
            }),
        }
    }

    /// Makes the key unless it is there. Two who try at once end up with one key.
    pub(crate) async fn make_key(&self) -> Result<(), ProviderError> {
        if self.key().await?.is_some() {
            return Ok(());
        }
        let key = new_key().ok_or_else(|| rejected("the system has no randomness for a key"))?;
        let body = json!({"Name": NAME, "Labels": {KEY: "1"}, "Data": Content::encode(&key)});
        match self.http.send(Ask::post("/configs/create", &body)).await {
            Ok(_) => {}
            Err(fault) if fault.meaning() == Some(Meaning::Exists) => {}
            Err(fault) => return Err(self.error(fault, None)),
        }
        self.key().await.map(|_| ())
    }

    /// Removes the key if no stack is left that could need it, and says whether it did.
    ///
    /// # Errors
    /// The engine could not be asked, or would not remove it.
    pub async fn forget_key_if_unused(&self) -> Result<bool, ProviderError> {
        let removed = async {
            let Some(key) = self.key_object().await? else {
                return Ok(false);
            };
            for path in ["/services", "/configs", "/secrets", "/networks"] {
                let left: Vec<serde_json::Value> = self
                    .http
                    .json(Ask::get(path).filters(&json!({"label": [STACK]})))
                    .await?;
                if !left.is_empty() {
                    return Ok(false);
                }
            }
            self.docker
                .delete_config(&key.id)
                .await
                .map_err(super::http::of_bollard)?;
            Ok(true)
        };
        removed
            .await
            .map_err(|fault: Fault| self.error(fault, None))
    }

    async fn key_object(&self) -> Result<Option<Stored>, Fault> {
        let ask = Ask::get("/configs").filters(&json!({"name": [NAME]}));
        let found: Vec<Stored> = self.http.json(ask).await?;
        Ok(found.into_iter().find(|config| config.spec.name == NAME))
    }
}
