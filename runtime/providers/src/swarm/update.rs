//! Changing what is there, as little as can be, and only if it is what the change was made against.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, PlanNode, Service};

use super::edit::edited;
use super::fault::{Fault, Meaning};
use super::find::{Claim, Found, Standing};
use super::http::Ask;
use super::labels::{Labels, VALUE};
use super::survey::spelled_like;
use super::write_service::{Completion, write};
use super::{Swarm, network};
use crate::secrets::fingerprint;

type Outcome = Result<(), ProviderError>;

/// The engine writes a service itself while it updates it, so that a race may be lost more than once.
pub(crate) const RACES: usize = 5;

impl Swarm {
    /// Writes until nobody else was faster, as long as the object is what the change was made
    /// against. An answer that was lost is looked for in the object.
    pub(crate) async fn update(
        &self,
        address: &Address,
        claim: &Claim<'_>,
        before: &PlanNode,
        after: &PlanNode,
    ) -> Outcome {
        let conflict = || ProviderError::Conflict {
            address: address.clone(),
        };
        for _ in 0..RACES {
            let found = match self.standing_of(address, after, claim).await? {
                Standing::Absent => return Err(conflict()),
                Standing::Wanted(_) => return Ok(()),
                Standing::Other(found) => found,
            };
            if spelled_like(found.object.payload.clone(), Some(&before.payload)) != before.payload {
                return Err(conflict());
            }
            match self.send_update(address, after, &found).await? {
                Ok(()) => return Ok(()),
                Err(fault) if may_try_again(&fault) => {}
                Err(fault) => return Err(self.error(fault, Some(address))),
            }
        }
        Err(conflict())
    }

    async fn send_update(
        &self,
        address: &Address,
        after: &PlanNode,
        found: &Found,
    ) -> Result<Result<(), Fault>, ProviderError> {
        let labels = |own: &Labels| -> Labels {
            let kept = found.our_labels().into_iter();
            kept.chain(self.owner(address).labels(&after.digest))
                .chain(own.clone())
                .collect()
        };
        Ok(match &after.payload {
            Payload::Service(service) => {
                self.update_service(address, service, after, found).await?
            }
            Payload::Config(config) => {
                self.relabel("/configs", &config.name, &labels(&config.labels), found)
                    .await
            }
            Payload::Secret(secret) => {
                let mut labels = labels(&secret.labels);
                labels.extend(self.value_mark(address).await?);
                self.relabel("/secrets", &secret.name, &labels, found).await
            }
            Payload::Network(_) => return Err(network::cannot_change(address)),
            Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => Ok(()),
        })
    }

    /// The label that says which value a secret is taken to hold, where the value is at hand.
    async fn value_mark(
        &self,
        address: &Address,
    ) -> Result<Option<(String, String)>, ProviderError> {
        let key = self.key().await?;
        let print = key.zip(self.secrets.get(address)).map(|(key, value)| {
            let stack = &self.scope.stack;
            fingerprint(&key, stack, address, value)
        });
        Ok(print.map(|print| (VALUE.to_owned(), print)))
    }

    /// Configs and secrets can change in nothing but labels; their data may be left out.
    pub(crate) async fn relabel(
        &self,
        path: &str,
        name: &str,
        labels: &Labels,
        found: &Found,
    ) -> Result<(), Fault> {
        let id = &found.object.id;
        let mut body = json!({"Name": name, "Labels": labels});
        if let (Kind::Config, Payload::Config(config)) = (found.object.kind, &found.object.payload)
            && let Some(bytes) = config
                .content
                .as_ref()
                .and_then(|content| content.bytes().ok())
        {
            body["Data"] = json!(skep_schema::plan::Content::encode(&bytes));
        }
        let ask = Ask::post(format!("{path}/{id}/update"), &body)
            .query("version", found.version.to_string());
        self.http.send(ask).await.map(|_| ())
    }

    async fn update_service(
        &self,
        address: &Address,
        service: &Service,
        after: &PlanNode,
        found: &Found,
    ) -> Result<Result<(), Fault>, ProviderError> {
        let completion = self
            .completion(address, service, after, Some(found))
            .await?;
        let Payload::Service(seen) =
            spelled_like(found.object.payload.clone(), Some(&after.payload))
        else {
            return Err(ProviderError::Conflict {
                address: address.clone(),
            });
        };
        let spec = edited(
            &found.spec,
            &as_found(&seen, found, &completion),
            &write(service, &completion),
        );
        let ask = Ask::post(format!("/services/{}/update", found.object.id), &spec)
            .query("version", found.version.to_string())
            .registry_auth(self.credentials.header(&service.image).await);
        Ok(self.http.send(ask).await.map(|_| ()))
    }
}

/// What was read, written again: it differs from the new form exactly where something changes.
fn as_found(seen: &Service, found: &Found, new: &Completion) -> Value {
    let mut ids = new.ids.clone();
    for (pointer, id, name, known) in [
        ("Configs", "/ConfigID", "/ConfigName", &mut ids.configs),
        ("Secrets", "/SecretID", "/SecretName", &mut ids.secrets),
    ] {
        let pointer = format!("/TaskTemplate/ContainerSpec/{pointer}");
        for file in super::json::list(&found.spec, &pointer) {
            let text = |pointer| super::json::text(file, pointer).map(str::to_owned);
            known.extend(text(name).zip(text(id)));
        }
    }
    let variables = seen.secret_env.keys();
    let secret_env: BTreeMap<String, String> = variables
        .filter_map(|name| Some((name.clone(), found.variable(name)?)))
        .collect();
    write(
        seen,
        &Completion {
            ids,
            labels: found.our_labels(),
            secret_env,
        },
    )
}

/// Lost races and lost answers alike: the next look tells what became of the write.
pub(crate) fn may_try_again(fault: &Fault) -> bool {
    match fault {
        Fault::Lost(_) => true,
        Fault::NoConnection(_) => false,
        Fault::Refused(refusal) => refusal.meaning() == Meaning::OutOfSequence,
    }
}
