//! What the daemon shows of stacks, services and routes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access::{Role, Scope, StackName};
use super::audit::Author;
use super::stack::{Consent, StackStatus};
use crate::address::Address;
use crate::change::ChangeSet;
use crate::digest::DigestText;
use crate::event::Timestamp;
use crate::inventory::Readiness;
use crate::report::Standing;

/// What every reader must check before the rest: `skep.stacks/1`.
pub const STACKS_FORMAT: &str = "skep.stacks/1";
/// What every reader must check before the rest: `skep.services/1`.
pub const SERVICES_FORMAT: &str = "skep.services/1";
/// What every reader must check before the rest: `skep.routes/1`.
pub const ROUTES_FORMAT: &str = "skep.routes/1";
/// What every reader must check before the rest: `skep.patch/1`.
pub const PATCH_FORMAT: &str = "skep.patch/1";
/// What every reader must check before the rest: `skep.me/1`.
pub const ME_FORMAT: &str = "skep.me/1";
/// What every reader must check before the rest: `skep.daemon-health/1`.
pub const DAEMON_HEALTH_FORMAT: &str = "skep.daemon-health/1";
/// What every reader must check before the rest: `skep.audit-check/1`.
pub const AUDIT_CHECK_FORMAT: &str = "skep.audit-check/1";

/// The stacks that may be seen, in order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StackList {
    /// Always [`STACKS_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = STACKS_FORMAT)))]
    pub format: String,
    pub stacks: Vec<StackStatus>,
    /// Their services, in order of stack and name, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceView>,
}

/// Services as they were last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServiceList {
    /// Always [`SERVICES_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = SERVICES_FORMAT)))]
    pub format: String,
    /// In order of stack and name.
    pub services: Vec<ServiceView>,
}

/// A service as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ServiceView {
    pub stack: String,
    pub address: Address,
    /// What the target calls it.
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// What a plan would do to it.
    pub sync: Standing,
    /// Nothing for what is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
    /// When it was seen.
    pub at: Timestamp,
}

impl ServiceView {
    /// How its tasks are, as people read it.
    pub fn tasks(&self) -> String {
        let there = self.readiness.as_ref();
        there.map_or_else(|| "not there".to_owned(), Readiness::words)
    }
}

/// Routes as the plans have them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RouteList {
    /// Always [`ROUTES_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = ROUTES_FORMAT)))]
    pub format: String,
    /// In order of stack and host.
    pub routes: Vec<RouteView>,
}

/// A route as its plan has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct RouteView {
    pub stack: String,
    pub address: Address,
    /// The nodes it leads to, and the gateway it goes through.
    pub needs: Vec<Address>,
}

/// Somebody agrees to changes that were shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ApprovalRequest {
    /// The id of the changes.
    pub changes: DigestText,
    #[serde(default)]
    pub consent: Consent,
}

/// What a patch of a service comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct PatchReport {
    /// Always [`PATCH_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = PATCH_FORMAT)))]
    pub format: String,
    pub stack: String,
    /// Unified differences of the files that change, by their path in the project.
    pub files: BTreeMap<String, String>,
    /// Whether the files were changed, as only those of a folder can be.
    pub written: bool,
    /// What an apply of the changed project would do.
    pub changes: ChangeSet,
}

/// Who asks, and what he may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Me {
    /// Always [`ME_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = ME_FORMAT)))]
    pub format: String,
    pub who: Author,
    pub roles: Vec<HeldRole>,
}

/// A role, and where it is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HeldRole {
    pub role: Role,
    pub stacks: Scope,
}

/// How the daemon itself is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct DaemonHealth {
    /// Always [`DAEMON_HEALTH_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = DAEMON_HEALTH_FORMAT)))]
    pub format: String,
    pub version: String,
    /// Whether it takes requests that change something.
    pub ready: bool,
    /// When it began.
    pub since: Timestamp,
    /// The number of the last event.
    pub events: u64,
    pub checks: Vec<HealthCheck>,
}

/// One thing that has to be well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct HealthCheck {
    pub name: String,
    pub ok: bool,
    /// A lowercase fragment.
    pub detail: String,
}

/// What a walk along the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct AuditCheck {
    /// Always [`AUDIT_CHECK_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = AUDIT_CHECK_FORMAT)))]
    pub format: String,
    pub whole: bool,
    /// A lowercase sentence.
    pub found: String,
}

/// What a request that asks for nothing but to be done is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Taken {
    /// What was asked for, in a word.
    pub taken: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackName>,
}
