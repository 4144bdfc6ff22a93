//! What the model swarm consists of: plain data, as it stands in the model's file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use skep_schema::digest::Digest;
use skep_schema::inventory::{Availability, MachineState, Role};
use skep_schema::plan;

use super::rollout::Rollout;

/// What every reader must check before the rest: `skep.model/1`.
pub const WORLD_FORMAT: &str = "skep.model/1";

/// A whole swarm. Time in it is virtual: [`World::advance`] moves it, and it stands still as soon
/// as no time would change anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct World {
    /// Always [`WORLD_FORMAT`].
    pub format: String,
    /// The swarm's id.
    pub swarm: String,
    /// Everything that looks random is derived from it.
    pub(crate) seed: String,
    /// Fingerprints secrets; nothing until an apply prepared the swarm.
    pub(crate) key: Option<String>,
    /// Grows with every write; an object's version is the index of its last one.
    pub index: u64,
    /// Milliseconds since the swarm was made.
    pub clock: u64,
    /// By host name.
    pub nodes: BTreeMap<String, Node>,
    /// By name, as all objects are: the engine keeps names unique.
    pub networks: BTreeMap<String, Network>,
    pub configs: BTreeMap<String, Config>,
    pub secrets: BTreeMap<String, Secret>,
    pub services: BTreeMap<String, Service>,
    /// By the name of their service, in the order in which they were made. Those of a service that
    /// is gone stay until they have stopped.
    pub(crate) tasks: BTreeMap<String, Tasks>,
}

/// All tasks of one service by their numbers.
pub(crate) type Tasks = BTreeMap<u64, Task>;

/// A machine of the swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Node {
    pub id: String,
    pub role: Role,
    pub address: String,
    /// `linux/amd64`
    pub platform: String,
    pub labels: BTreeMap<String, String>,
    /// Billionths of a processor.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    pub generic: BTreeMap<String, u64>,
    #[serde(default)]
    pub availability: Availability,
    #[serde(default)]
    pub state: MachineState,
    /// The index of the last write.
    #[serde(default)]
    pub version: u64,
}

/// What all objects have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Meta {
    pub id: String,
    pub version: u64,
    /// On the world's clock, as all times are.
    pub created: u64,
    pub updated: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Network {
    pub meta: Meta,
    /// With all labels, ours included.
    pub spec: plan::Network,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    pub meta: Meta,
    pub labels: BTreeMap<String, String>,
    pub content: plan::Content,
}

/// A secret without its value, which the model never keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Secret {
    pub meta: Meta,
    pub labels: BTreeMap<String, String>,
    /// Of the value, under the swarm's seed.
    pub(crate) print: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    pub meta: Meta,
    /// With all labels, ours included.
    pub spec: Box<plan::Service>,
    /// What a rollback goes back to.
    pub previous: Option<Box<plan::Service>>,
    pub status: Option<UpdateStatus>,
    pub(crate) rollout: Option<Rollout>,
    /// Whether the engine still has to give it addresses or ports, and so to write it once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unallocated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UpdateStatus {
    pub state: UpdateState,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateState {
    Updating,
    Paused,
    Completed,
    RollbackStarted,
    RollbackPaused,
    RollbackCompleted,
}

/// One container of a service, or one that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Task {
    pub id: String,
    pub service: String,
    pub slot: Slot,
    pub node: Option<String>,
    /// What it was made from: what of the service's spec makes a task what it is.
    pub template: Box<plan::Service>,
    pub desired: Desired,
    pub state: TaskState,
    pub created: u64,
    /// When `state` was entered.
    pub since: u64,
    /// A task that replaces a failed one does not start earlier.
    pub(crate) not_before: u64,
    /// When it began to run, if it ever did.
    pub(crate) ran_from: Option<u64>,
    /// The engine's words about its end, or about why it cannot begin.
    pub error: String,
    pub exit_code: Option<i64>,
    pub log: Vec<String>,
}

/// A place of a service that holds one running task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    Number(u32),
    /// Of a global service.
    Node(String),
}

/// What the swarm wants of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desired {
    Ready,
    Running,
    Shutdown,
    /// Stop, and leave nothing behind.
    Remove,
}

/// How far a task has come; all from `Complete` on have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    Pending,
    Preparing,
    Ready,
    Starting,
    Running,
    Complete,
    Shutdown,
    Failed,
    Rejected,
}

impl TaskState {
    pub fn has_ended(self) -> bool {
        self >= TaskState::Complete
    }

    /// Ended by itself, and not because the swarm wanted it.
    pub fn has_failed(self) -> bool {
        matches!(self, TaskState::Failed | TaskState::Rejected)
    }
}

impl Task {
    /// When it began to run, if it ever did.
    pub const fn ran_from(&self) -> Option<u64> {
        self.ran_from
    }

    /// Whether it is the one, or one of those, that fill their slot.
    pub(crate) fn is_wanted(&self) -> bool {
        self.desired <= Desired::Running
    }
}

impl World {
    /// A swarm of three nodes in which nothing exists.
    pub fn new(seed: [u8; 32]) -> Self {
        let seed = hex(&seed);
        let swarm = id(&seed, "swarm");
        let nodes = (1..=3)
            .map(|number| (format!("node-{number}"), node(&seed, number)))
            .collect();
        Self {
            format: WORLD_FORMAT.to_owned(),
            swarm,
            seed,
            key: None,
            index: 10,
            clock: 0,
            nodes,
            networks: BTreeMap::new(),
            configs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }

    /// All tasks, service after service, the oldest first.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().flat_map(BTreeMap::values)
    }

    pub(crate) fn tasks_of(&self, service: &str) -> impl DoubleEndedIterator<Item = &Task> {
        self.tasks
            .get(service)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    pub(crate) fn task(&self, service: &str, number: u64) -> Option<&Task> {
        self.tasks.get(service)?.get(&number)
    }

    pub(crate) fn task_mut(&mut self, service: &str, number: u64) -> Option<&mut Task> {
        self.tasks.get_mut(service)?.get_mut(&number)
    }

    /// The key that fingerprints secrets, once [`World::prepare`] made it.
    pub fn key(&self) -> Option<[u8; 32]> {
        self.key.as_deref().and_then(unhex)
    }

    /// Makes the key if there is none; whether it did.
    pub(crate) fn prepare(&mut self) -> bool {
        let made = self.key.is_none();
        if made {
            self.key = unhex(&self.seed)
                .map(|seed| hex(blake3::keyed_hash(&seed, b"skep-key").as_bytes()));
            self.index += 1;
        }
        made
    }

    /// The head of an object that is made now.
    pub(crate) fn meta(&mut self) -> Meta {
        self.index += 1;
        let id = id(&self.seed, &self.index.to_string());
        Meta {
            id,
            version: self.index,
            created: self.clock,
            updated: self.clock,
        }
    }

    /// What of a secret's value is kept.
    pub(crate) fn print(&self, bytes: &[u8]) -> String {
        let seed = unhex(&self.seed).unwrap_or_default();
        Digest::keyed(&seed, "model", bytes).to_string()
    }
}

impl Meta {
    /// Marks a write at `index`.
    pub(crate) const fn touch(&mut self, index: u64, clock: u64) {
        self.version = index;
        self.updated = clock;
    }
}

/// Twenty-five letters, as the engine's ids have.
pub(crate) fn id(seed: &str, what: &str) -> String {
    let digest = Digest::of_bytes("id", format!("{seed} {what}").as_bytes()).to_string();
    digest
        .chars()
        .skip_while(|letter| *letter != ':')
        .skip(1)
        .take(25)
        .collect()
}

/// One manager at the edge and two workers, each in a zone of its own, one with an SSD and one
/// with GPUs: something for every constraint people tend to write.
fn node(seed: &str, number: u64) -> Node {
    let own = match number {
        1 => ("edge", "true"),
        2 => ("disk", "ssd"),
        _ => ("disk", "hdd"),
    };
    let zone = (
        "zone",
        ["a", "b", "c"][usize::try_from(number - 1).unwrap_or_default() % 3],
    );
    let labels = [own, zone].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let gpus = (number == 3).then(|| ("gpu".to_owned(), 2));
    Node {
        id: id(seed, &format!("node {number}")),
        role: if number == 1 {
            Role::Manager
        } else {
            Role::Worker
        },
        address: format!("192.0.2.{number}"),
        platform: "linux/amd64".to_owned(),
        labels: labels.into(),
        cpu: 8_000_000_000,
        memory: 16 << 30,
        generic: gpus.into_iter().collect(),
        availability: Availability::Active,
        state: MachineState::Ready,
        version: 10,
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

impl World {
    /// Whether it could have come about by calls and the passing of time; a file edited by hand
    /// may hold anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        if unhex(&self.seed).is_none()
            || self.key.as_deref().is_some_and(|key| unhex(key).is_none())
        {
            return Err("its seed or key is no hexadecimal number of 32 bytes".to_owned());
        }
        let misnamed = |name: &str, within: &str| {
            format!("the object `{within}` stands under the name `{name}`")
        };
        for (name, service) in &self.services {
            if *name != service.spec.name {
                return Err(misnamed(name, &service.spec.name));
            }
        }
        for (name, network) in &self.networks {
            if *name != network.spec.name {
                return Err(misnamed(name, &network.spec.name));
            }
        }
        match self.tasks().find(|task| !task.is_in_time(self.clock)) {
            None => Ok(()),
            Some(task) => Err(format!("the task `{}` is from the future", task.id)),
        }
    }
}

impl Task {
    fn is_in_time(&self, clock: u64) -> bool {
        self.created <= self.since
            && self.since <= clock
            && self.ran_from.is_none_or(|from| from <= self.since)
    }
}
