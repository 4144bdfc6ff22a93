//! The compiled result: every node lowered to what its target needs.

mod bind;
mod identity;
mod needs;
mod payload;
mod policy;
mod service;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::digest::{Digest, DigestText};
use crate::value::Value;

pub use bind::Fingerprints;
pub use identity::{Carried, Identity};
pub use payload::{
    Config, Content, Network, NotBase64, Payload, PoolRange, Secret, SecretSource, SwarmNode,
    Volume, WrongKind,
};
pub use policy::{Listed, Policy, Rule, Verdict, Violation, violations};
pub use service::{
    Condition, Dns, Endpoint, FailureAction, FileRef, Health, HealthTest, Limits, LogDriver, Mode,
    Mount, MountSource, Order, Placement, Protocol, PublishMode, Published, Reserve, Restart,
    Rollout, SecretText, Security, Service, Stop, Ulimit,
};
pub use words::{Holds, NoSuchWord, holds};

/// What every reader must check before the rest: `skep.plan/1`.
pub const PLAN_FORMAT: &str = "skep.plan/1";

/// A stack as it shall be. It holds no live state and no secret, so it can be committed,
/// reviewed without credentials and snapshot-tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// Always [`PLAN_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = PLAN_FORMAT)))]
    pub format: String,
    /// The owner of everything in the plan: `shop` or `shop@prod`.
    pub stack: String,
    pub project: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The values of the project's parameters this plan was compiled with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
    /// Over the addresses and digests of all nodes.
    pub digest: DigestText,
    pub nodes: BTreeMap<Address, PlanNode>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub identity: Identity,
    /// The rules it was compiled under, all of which hold; an apply holds it to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
}

/// One node, lowered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanNode {
    pub target: Target,
    /// What must be there, and in which state, before this node is written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub needs: BTreeMap<Address, Need>,
    /// Refuse to delete or replace this node.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub protect: bool,
    pub payload: Payload,
    /// Over the kind and the payload: neither order, spelling, origin nor `needs` count.
    pub digest: DigestText,
    pub origin: Origin,
}

/// Where a node lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// An object of the swarm.
    Swarm,
    /// Nowhere of its own: it shapes other nodes, or the daemon acts on it.
    Declared,
}

/// How far a needed node must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// It exists.
    Exists,
    /// Its tasks run.
    Started,
    /// Its tasks run and their health checks pass.
    Healthy,
    /// It ran to its end with exit code 0.
    Complete,
}

/// Where a node was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Origin {
    /// Relative to the project, with forward slashes; empty for what the compiler adds by itself.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// For a node from a component: where the component was used, `skep.kdl:40`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<String>,
    /// For a node from a use with `each`: the item it was made for, `skep.kdl:42`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_at: Option<String>,
    /// For a node that was imported from another project: the stack that makes it, `db@prod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

impl Origin {
    /// `app.kdl:12`, or nothing for what has no place.
    pub fn place(&self) -> String {
        if self.file.is_empty() {
            String::new()
        } else {
            format!("{}:{}", self.file, self.line)
        }
    }
}

impl PlanNode {
    /// A node with its digest worked out.
    pub fn new(address: &Address, target: Target, payload: Payload, origin: Origin) -> Self {
        let digest = payload.digest(address.kind);
        Self {
            target,
            needs: BTreeMap::new(),
            protect: false,
            payload,
            digest,
            origin,
        }
    }
}

impl Plan {
    /// Its secrets, and where the value of each comes from.
    pub fn secret_sources(&self) -> impl Iterator<Item = (&Address, &SecretSource)> {
        let nodes = self.nodes.iter();
        nodes.filter_map(|(address, node)| match &node.payload {
            Payload::Secret(secret) => Some((address, &secret.source)),
            Payload::Network(_)
            | Payload::Node(_)
            | Payload::Volume(_)
            | Payload::Config(_)
            | Payload::Service(_)
            | Payload::Declared(_) => None,
        })
    }

    /// A plan of these nodes with its digest worked out.
    pub fn new(
        project: &str,
        environment: Option<&str>,
        nodes: BTreeMap<Address, PlanNode>,
    ) -> Self {
        let digest = Self::digest_of(&nodes);
        Self {
            format: PLAN_FORMAT.to_owned(),
            stack: stack_name(project, environment),
            project: project.to_owned(),
            environment: environment.map(str::to_owned),
            params: BTreeMap::new(),
            digest,
            nodes,
            identity: Identity::default(),
            policies: Vec::new(),
        }
    }

    /// The plan in which nothing exists: the base of a first deploy.
    pub fn empty(project: &str, environment: Option<&str>) -> Self {
        Self::new(project, environment, BTreeMap::new())
    }

    /// What is not as its digest says: somebody edited a plan by hand. `place` is where it was found.
    pub fn altered(&self, place: &str) -> Option<String> {
        let mut nodes = self.nodes.iter();
        let altered =
            nodes.find(|(address, node)| node.payload.digest(address.kind) != node.digest);
        if let Some((address, _)) = altered {
            return Some(format!(
                "`{address}` in {place} is not what its digest was taken of"
            ));
        }
        let is_whole = Self::digest_of(&self.nodes) == self.digest;
        (!is_whole).then(|| format!("the nodes in {place} are not those its digest was taken of"))
    }

    /// The digest over addresses and node digests, in order of address.
    pub fn digest_of(nodes: &BTreeMap<Address, PlanNode>) -> DigestText {
        let all: BTreeMap<String, &DigestText> = nodes
            .iter()
            .map(|(address, node)| (address.to_string(), &node.digest))
            .collect();
        Digest::of_any("plan", &all)
            .expect("texts have a canonical form")
            .into()
    }
}

/// `shop` or `shop@prod`.
pub fn stack_name(project: &str, environment: Option<&str>) -> String {
    environment.map_or_else(|| project.to_owned(), |e| format!("{project}@{e}"))
}

/// The start of all names in the swarm: `shop` or `shop-prod`.
pub fn name_prefix(project: &str, environment: Option<&str>) -> String {
    environment.map_or_else(|| project.to_owned(), |e| format!("{project}-{e}"))
}
