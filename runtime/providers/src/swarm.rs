//! Docker Swarm as a place where plans come true.
//!
//! Ownership is told by labels on the engine's objects, equality by comparing normalised payloads;
//! nothing is remembered here that a look would not show. Reads are raw JSON with our own types;
//! bollard carries the writes that hold no secret.

mod absent;
pub(crate) mod adopt;
mod collect;
mod convergence;
mod create;
mod delete;
pub(crate) mod dial;
#[cfg(test)]
mod echo;
mod edit;
mod endpoint;
mod fault;
mod find;
mod follow;
pub(crate) mod foreign;
mod forget;
mod greeting;
pub(crate) mod http;
pub(crate) mod json;
mod key;
pub(crate) mod labels;
mod logs;
pub(crate) mod machine;
mod managers;
mod network;
pub(crate) mod normal;
mod observe;
mod provider;
mod read_mount;
pub(crate) mod read_service;
pub(crate) mod records;
pub(crate) mod relabel;
mod running;
pub(crate) mod same;
mod service;
mod stir;
mod strays;
pub(crate) mod survey;
mod unreachable;
mod update;
mod version;
mod view;
mod wire;
mod write_mount;
pub(crate) mod write_service;

use skep_engine::provider::ProviderError;
use skep_schema::address::Address;
use skep_schema::plan::Plan;

use crate::docker::credentials::Credentials;
use crate::secrets::{Redact, Secrets};

pub use endpoint::Endpoint;
pub use greeting::{Greeting, greet};

use dial::Dial;
use endpoint::Place;
use fault::Fault;
use http::{Ask, Http};
use labels::Owner;
use managers::Managers;
use version::Version;
use wire::Info;

/// Whose objects are looked at and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The owner's name, `shop@prod`.
    pub stack: String,
}

impl Scope {
    pub fn of(plan: &Plan) -> Self {
        Self {
            stack: plan.stack.clone(),
        }
    }
}

/// One stack's view of a swarm, through one of its managers.
pub struct Swarm {
    http: Http,
    docker: bollard::Docker,
    /// What people call the engine.
    name: String,
    /// The swarm's own id.
    id: String,
    managers: Managers,
    version: Version,
    scope: Scope,
    credentials: Credentials,
    secrets: Secrets,
    redact: Redact,
    key: key::Known,
    latest: view::Latest,
}

impl std::fmt::Debug for Swarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Swarm")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Swarm {
    /// Connects and makes sure that there is a swarm to speak to.
    ///
    /// # Errors
    /// Nothing answers, the engine is too old, or it is no manager of a swarm.
    pub async fn connect(
        endpoint: Endpoint,
        scope: Scope,
        secrets: Secrets,
    ) -> Result<Self, ProviderError> {
        let Endpoint {
            name,
            place,
            credentials,
        } = endpoint;
        let unreachable = |message: String| ProviderError::Unreachable {
            target: name.clone(),
            message,
        };
        let Reached {
            http,
            version,
            info,
        } = reach(place).await.map_err(&unreachable)?;
        manager(&info).map_err(&unreachable)?;
        let managers = Managers::of(&info.swarm);
        if managers::is_leaderless(&info.swarm) {
            return Err(managers.leaderless(&name));
        }
        Ok(Self {
            docker: http.bollard(),
            http,
            redact: Redact::of(&secrets),
            name,
            id: info.swarm.cluster.id,
            managers,
            version,
            scope,
            credentials,
            secrets,
            key: key::Known::default(),
            latest: view::Latest::default(),
        })
    }

    /// Requests sent so far that can have changed something.
    pub fn writes(&self) -> u64 {
        self.http.writes()
    }

    /// Requests sent so far that only ask.
    pub fn reads(&self) -> u64 {
        self.http.reads()
    }

    fn owner(&self, address: &Address) -> Owner {
        Owner {
            stack: self.scope.stack.clone(),
            address: address.clone(),
        }
    }

    /// What the caller is told about a request that brought nothing. The engine's words may repeat
    /// what it was sent.
    fn error(&self, fault: Fault, address: Option<&Address>) -> ProviderError {
        match fault.error(&self.name, address) {
            ProviderError::Unreachable { target, message } => ProviderError::Unreachable {
                target,
                message: self.managers.instead(self.redact.text(&message)),
            },
            ProviderError::Leaderless { target, message: _ } => self.managers.leaderless(&target),
            ProviderError::Rejected { message } => rejected(self.redact.text(&message)),
            ProviderError::Denied { message } => ProviderError::Denied {
                message: self.redact.text(&message),
            },
            conflict @ ProviderError::Conflict { .. } => conflict,
        }
    }
}

fn rejected(message: impl Into<String>) -> ProviderError {
    ProviderError::Rejected {
        message: message.into(),
    }
}

/// An engine that answered.
struct Reached {
    http: Http,
    version: Version,
    info: Info,
}

/// Finds out who answers at a place, and in which version to speak to it.
async fn reach(place: Place) -> Result<Reached, String> {
    let dial = Dial::new(place).map_err(|error| error.to_string())?;
    let http = Http::new(dial);
    let version = negotiate(&http).await?;
    let http = http.speaking(version);
    let info = http.json(Ask::get("/info")).await;
    Ok(Reached {
        info: info.map_err(|fault| words(&fault))?,
        http,
        version,
    })
}

/// Asks which versions the engine speaks, in a request that has none itself.
async fn negotiate(http: &Http) -> Result<Version, String> {
    let answer = http
        .send(Ask::get("/_ping"))
        .await
        .map_err(|fault| words(&fault))?;
    let told = answer
        .headers
        .get("Api-Version")
        .and_then(|version| version.to_str().ok());
    let server = told
        .and_then(|version| version.parse().ok())
        .ok_or("what answers there does not say which Docker API it speaks")?;
    version::negotiate(server)
}

fn words(fault: &Fault) -> String {
    match fault {
        Fault::NoConnection(words) if words.contains("No such file") => {
            "there is no socket; is Docker running?".to_owned()
        }
        Fault::NoConnection(words) if words.contains("Connection refused") => {
            "nothing listens there; is Docker running?".to_owned()
        }
        Fault::NoConnection(words) if words.contains("Permission denied") => {
            "this user may not use the socket; root and the group `docker` may".to_owned()
        }
        Fault::Refused(refusal) if refusal.message.contains("to an HTTPS server") => {
            unreachable::NOT_DOCKER.to_owned()
        }
        Fault::NoConnection(_) | Fault::Lost(_) | Fault::Refused(_) => fault.to_string(),
    }
}

/// Only managers know the swarm.
fn manager(info: &Info) -> Result<(), String> {
    let swarm = &info.swarm;
    match (swarm.local_node_state.as_str(), swarm.control_available) {
        ("active", true) => Ok(()),
        ("active", false) => Err("this node is a worker of its swarm; use a manager".to_owned()),
        ("locked", _) => Err("the swarm is locked; `docker swarm unlock` opens it".to_owned()),
        ("error", _) => Err(format!(
            "the node cannot take part in its swarm: {}",
            swarm.error
        )),
        ("pending", _) => Err("the node is still joining its swarm".to_owned()),
        _ => Err("the engine is in no swarm; `docker swarm init` makes one".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_manager_will_do() {
        let info = |json: &str| manager(&serde_json::from_str(json).unwrap());
        assert_eq!(
            info(r#"{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}"#),
            Ok(())
        );
        let refused = [
            (
                r#"{"Swarm":{"LocalNodeState":"active","ControlAvailable":false}}"#,
                "worker",
            ),
            (
                r#"{"Swarm":{"LocalNodeState":"inactive","Cluster":null}}"#,
                "swarm init",
            ),
            (r#"{"Swarm":{"LocalNodeState":"locked"}}"#, "unlock"),
        ];
        for (json, word) in refused {
            assert!(info(json).unwrap_err().contains(word), "{json}");
        }
    }
}
