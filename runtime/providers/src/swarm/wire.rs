//! The engine's objects as it lists them, as far as they are read.
//!
//! Own types, because bollard's lose data on the way in: the health check of a service, its
//! previous spec, and every unknown word of an enum together with the whole list around it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::labels::Labels;

/// Go writes `null` for what is empty.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Version {
    pub(crate) index: u64,
}

#[expect(clippy::struct_field_names, reason = "the engine's own names")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Service {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) created_at: Option<jiff::Timestamp>,
    pub(crate) updated_at: Option<jiff::Timestamp>,
    /// As it is, so that a write changes nothing but what it means to.
    pub(crate) spec: Value,
    pub(crate) previous_spec: Option<Value>,
    pub(crate) update_status: Option<UpdateStatus>,
    pub(crate) service_status: Option<ServiceStatus>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct UpdateStatus {
    pub(crate) state: Update,
    pub(crate) started_at: Option<jiff::Timestamp>,
    pub(crate) message: String,
}

/// Where a rolling update is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Update {
    Updating,
    Paused,
    Completed,
    RollbackStarted,
    RollbackPaused,
    RollbackCompleted,
    /// None, or one that a newer engine has a word for.
    #[default]
    #[serde(other)]
    None,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ServiceStatus {
    pub(crate) desired_tasks: u64,
    pub(crate) running_tasks: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Task {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) created_at: Option<jiff::Timestamp>,
    #[serde(rename = "ServiceID")]
    pub(crate) service: String,
    /// 0 for a task of a global service.
    pub(crate) slot: u64,
    #[serde(rename = "NodeID")]
    pub(crate) node: String,
    pub(crate) status: TaskStatus,
    pub(crate) desired_state: State,
    pub(crate) spec: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskStatus {
    pub(crate) timestamp: Option<jiff::Timestamp>,
    pub(crate) state: State,
    pub(crate) message: String,
    pub(crate) err: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) container_status: ContainerStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    pub(crate) container: String,
    pub(crate) exit_code: i64,
}

/// A task's life, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
pub(crate) enum State {
    /// Also what a newer engine has a word for.
    #[default]
    New,
    Pending,
    Assigned,
    Accepted,
    Preparing,
    Ready,
    Starting,
    Running,
    Complete,
    Shutdown,
    Failed,
    Rejected,
    Remove,
    Orphaned,
}

impl From<String> for State {
    fn from(word: String) -> Self {
        match word.as_str() {
            "pending" => State::Pending,
            "assigned" => State::Assigned,
            "accepted" => State::Accepted,
            "preparing" => State::Preparing,
            "ready" => State::Ready,
            "starting" => State::Starting,
            "running" => State::Running,
            "complete" => State::Complete,
            "shutdown" => State::Shutdown,
            "failed" => State::Failed,
            "rejected" => State::Rejected,
            "remove" => State::Remove,
            "orphaned" => State::Orphaned,
            _ => State::New,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Node {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) version: Version,
    /// As it is, so that a write changes nothing but the labels.
    pub(crate) spec: Value,
    pub(crate) description: NodeDescription,
    pub(crate) status: NodeStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeDescription {
    pub(crate) hostname: String,
    pub(crate) platform: Platform,
    pub(crate) resources: NodeResources,
    pub(crate) engine: NodeEngine,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Platform {
    pub(crate) architecture: String,
    #[serde(rename = "OS")]
    pub(crate) os: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NodeResources {
    /// Billionths of a processor.
    #[serde(rename = "NanoCPUs")]
    pub(crate) cpu: u64,
    #[serde(rename = "MemoryBytes")]
    pub(crate) memory: u64,
    #[serde(rename = "GenericResources", deserialize_with = "or_default")]
    pub(crate) generic: Vec<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeEngine {
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: Labels,
    #[serde(deserialize_with = "or_default")]
    pub(crate) plugins: Vec<Plugin>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Plugin {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(rename = "Name")]
    pub(crate) name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeStatus {
    pub(crate) state: String,
    pub(crate) addr: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Network {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) created: Option<jiff::Timestamp>,
    pub(crate) scope: String,
    pub(crate) driver: String,
    #[serde(rename = "IPAM")]
    pub(crate) ipam: Ipam,
    pub(crate) internal: bool,
    pub(crate) attachable: bool,
    #[serde(deserialize_with = "or_default")]
    pub(crate) options: Labels,
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: Labels,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Ipam {
    #[serde(deserialize_with = "or_default")]
    pub(crate) config: Vec<PoolRange>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PoolRange {
    pub(crate) subnet: String,
    pub(crate) gateway: String,
}

/// A config or a secret; the data of a secret is never given out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Stored {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) created_at: Option<jiff::Timestamp>,
    pub(crate) spec: StoredSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct StoredSpec {
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: Labels,
    /// Standard base64.
    pub(crate) data: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Info {
    pub(crate) swarm: SwarmInfo,
    /// `20.10.24`
    pub(crate) server_version: String,
    /// The machine's clock.
    pub(crate) system_time: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SwarmInfo {
    pub(crate) local_node_state: String,
    pub(crate) control_available: bool,
    pub(crate) error: String,
    pub(crate) nodes: u32,
    #[serde(rename = "NodeID")]
    pub(crate) node: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) remote_managers: Vec<Peer>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) cluster: ClusterInfo,
}

/// A manager, as the node that is asked knows it; that node is among them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Peer {
    #[serde(rename = "NodeID")]
    pub(crate) node: String,
    /// With the port of the swarm's own traffic.
    pub(crate) addr: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ClusterInfo {
    #[serde(rename = "ID")]
    pub(crate) id: String,
}

impl Task {
    /// One that its node's new labels evicted did nothing wrong.
    pub(crate) fn has_failed(&self) -> bool {
        let ended = matches!(
            self.status.state,
            State::Failed | State::Rejected | State::Orphaned
        );
        ended && self.status.err != "assigned node no longer meets constraints"
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.status.state >= State::Complete
    }

    /// Whether it takes up room on a node: until it has ended, even when it shall.
    pub(crate) fn holds_its_node(&self) -> bool {
        !self.node.is_empty() && !self.has_ended()
    }

    /// Whether the orchestrator wants it to go on, or to begin.
    pub(crate) fn is_wanted(&self) -> bool {
        self.desired_state <= State::Running
    }
}

impl Node {
    pub(crate) fn is_down(&self) -> bool {
        self.status.state == "down"
    }

    /// Whether the leader, which is new then, has not heard of it yet.
    pub(crate) fn is_unheard(&self) -> bool {
        self.status.state == "unknown"
    }
}

impl Service {
    pub(crate) fn labels(&self) -> Labels {
        super::json::texts(&self.spec, "/Labels")
    }

    pub(crate) fn name(&self) -> &str {
        super::json::text(&self.spec, "/Name").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_newer_engines_do_not_break_a_list() {
        let status: UpdateStatus =
            serde_json::from_str(r#"{"State":"dreaming","Message":"m"}"#).unwrap();
        assert_eq!(status.state, Update::None);
        let task: Task = serde_json::from_str(
            r#"{"DesiredState":"new-word","Status":{"ContainerStatus":null}}"#,
        )
        .unwrap();
        assert_eq!(task.desired_state, State::New);
    }

    #[test]
    fn null_is_empty() {
        let network: Network =
            serde_json::from_str(r#"{"Labels":null,"Options":null,"IPAM":{"Config":null}}"#)
                .unwrap();
        assert!(network.labels.is_empty() && network.ipam.config.is_empty());
    }
}
