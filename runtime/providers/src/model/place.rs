//! Which node can take a task.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::plan::{self, PublishMode};

use super::world::{Node, Slot, Task, TaskState, World};

/// `node.labels.disk==ssd`
pub(crate) struct Constraint<'a> {
    key: &'a str,
    wanted: bool,
    value: &'a str,
}

impl<'a> Constraint<'a> {
    /// The engine's own words when it is none.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let split = [("==", true), ("!=", false)]
            .into_iter()
            .find_map(|(operator, wanted)| {
                text.split_once(operator)
                    .map(|(key, value)| (key, wanted, value))
            });
        let (key, wanted, value) =
            split.ok_or_else(|| "constraint expected one operator from ==, !=".to_owned())?;
        let (key, value) = (key.trim(), value.trim());
        if !is_key(key) {
            return Err(format!("key '{key}' is invalid"));
        }
        if value.is_empty() {
            return Err(format!("value '{value}' is invalid"));
        }
        Ok(Self { key, wanted, value })
    }

    fn is_met_by(&self, host: &str, node: &Node) -> bool {
        let (os, arch) = node
            .platform
            .split_once('/')
            .unwrap_or((&node.platform, ""));
        let label = |prefix: &str| {
            self.key
                .strip_prefix(prefix)
                .map(|key| node.labels.get(key).map_or("", |v| v))
        };
        let found = match self.key.to_ascii_lowercase().as_str() {
            "node.id" => Some(node.id.as_str()),
            "node.hostname" => Some(host),
            "node.ip" => Some(node.address.as_str()),
            "node.role" => Some(node.role.word()),
            "node.platform.os" => Some(os),
            "node.platform.arch" => Some(arch),
            _ if self.key.starts_with("engine.labels.") => Some(""),
            _ => label("node.labels."),
        };
        found.is_some_and(|found| found.eq_ignore_ascii_case(self.value) == self.wanted)
    }
}

fn is_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Why a node cannot take a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    Constraints,
    Platform,
    HostPort,
    MaxPerNode,
    Resources,
}

impl Obstacle {
    fn explain(self, nodes: usize) -> String {
        let on = if nodes == 1 {
            "1 node".to_owned()
        } else {
            format!("{nodes} nodes")
        };
        match self {
            Obstacle::Constraints => format!("scheduling constraints not satisfied on {on}"),
            Obstacle::Platform => format!("unsupported platform on {on}"),
            Obstacle::HostPort => format!("host-mode port already in use on {on}"),
            Obstacle::MaxPerNode => "max replicas per node limit exceed".to_owned(),
            Obstacle::Resources => format!("insufficient resources on {on}"),
        }
    }
}

/// Whether the service may run on the node at all, whatever else runs there.
pub(crate) fn is_eligible(spec: &plan::Service, host: &str, node: &Node) -> bool {
    static_obstacle(spec, host, node).is_none()
}

fn static_obstacle(spec: &plan::Service, host: &str, node: &Node) -> Option<Obstacle> {
    let mut constraints = spec
        .placement
        .constraints
        .iter()
        .filter_map(|text| Constraint::parse(text).ok());
    let platforms = &spec.placement.platforms;
    if !constraints.all(|constraint| constraint.is_met_by(host, node)) {
        Some(Obstacle::Constraints)
    } else if !platforms.is_empty() && !platforms.contains(&node.platform) {
        Some(Obstacle::Platform)
    } else {
        None
    }
}

/// What the tasks on one node take up.
#[derive(Default)]
struct Load {
    tasks: usize,
    of_service: BTreeMap<String, usize>,
    cpu: u64,
    memory: u64,
    generic: BTreeMap<String, u64>,
    host_ports: BTreeSet<String>,
}

impl Load {
    fn add(&mut self, task: &Task) {
        let spec = &task.template;
        self.tasks += 1;
        *self.of_service.entry(task.service.clone()).or_default() += 1;
        self.cpu = self.cpu.saturating_add(cpu(spec));
        self.memory = self.memory.saturating_add(memory(spec));
        for (kind, wanted) in &spec.reserve.generic {
            *self.generic.entry(kind.clone()).or_default() += count(wanted);
        }
        self.host_ports.extend(host_ports(spec).cloned());
    }

    fn of(&self, service: &str) -> usize {
        self.of_service.get(service).copied().unwrap_or(0)
    }

    fn obstacle(&self, task: &Task, node: &Node) -> Option<Obstacle> {
        let spec = &task.template;
        if host_ports(spec).any(|port| self.host_ports.contains(port)) {
            Some(Obstacle::HostPort)
        } else if most(spec).is_some_and(|most| self.of(&task.service) >= most) {
            Some(Obstacle::MaxPerNode)
        } else if !self.has_room(spec, node) {
            Some(Obstacle::Resources)
        } else {
            None
        }
    }

    fn has_room(&self, spec: &plan::Service, node: &Node) -> bool {
        let left = |kind: &String| {
            let has = node.generic.get(kind).copied().unwrap_or(0);
            has.saturating_sub(self.generic.get(kind).copied().unwrap_or(0))
        };
        self.cpu.saturating_add(cpu(spec)) <= node.cpu
            && self.memory.saturating_add(memory(spec)) <= node.memory
            && spec
                .reserve
                .generic
                .iter()
                .all(|(kind, wanted)| count(wanted) <= left(kind))
    }
}

impl World {
    /// Gives every task that waits for a node one, or the scheduler's words why there is none.
    pub(crate) fn schedule(&mut self) {
        let waiting = |task: &Task| task.state == TaskState::Pending && task.is_wanted();
        let pending: Vec<(String, u64)> = self
            .tasks
            .iter()
            .flat_map(|(name, tasks)| tasks.iter().map(move |(number, task)| (name, number, task)))
            .filter(|(_, _, task)| waiting(task))
            .map(|(name, number, _)| (name.clone(), *number))
            .collect();
        let mut loads = if pending.is_empty() {
            BTreeMap::new()
        } else {
            self.loads()
        };
        let clock = self.clock;
        for (name, number) in pending {
            let Some(task) = self.task(&name, number) else {
                continue;
            };
            let (placed, dangling) = (self.place(task, &loads), self.dangling(&task.template));
            let Some(task) = self.task_mut(&name, number) else {
                continue;
            };
            match placed {
                Ok(host) => {
                    loads.entry(host.clone()).or_default().add(task);
                    task.node = Some(host);
                    task.error = dangling.clone().unwrap_or_default();
                    let state = if dangling.is_some() {
                        TaskState::Rejected
                    } else {
                        TaskState::Preparing
                    };
                    task.enter(state, clock);
                }
                Err(error) => task.error = error,
            }
        }
    }

    /// What a spec names and is gone: the engine guards present specs, not those of a rollback.
    fn dangling(&self, spec: &plan::Service) -> Option<String> {
        let configs = spec.configs.values().map(|file| file.source.as_str());
        let secrets = spec.secrets.values().map(|file| file.source.as_str());
        let networks = spec.networks.keys().map(String::as_str);
        let missing = [
            (
                "config",
                configs
                    .into_iter()
                    .find(|name| !self.configs.contains_key(*name)),
            ),
            (
                "secret",
                secrets
                    .into_iter()
                    .find(|name| !self.secrets.contains_key(*name)),
            ),
            (
                "network",
                networks.into_iter().find(|name| !self.has_network(name)),
            ),
        ];
        missing
            .iter()
            .find_map(|(kind, name)| name.map(|name| format!("{kind} {name} not found")))
    }

    fn loads(&self) -> BTreeMap<String, Load> {
        let mut loads: BTreeMap<String, Load> = BTreeMap::new();
        for task in self.tasks().filter(|task| !task.state.has_ended()) {
            if let Some(host) = &task.node {
                loads.entry(host.clone()).or_default().add(task);
            }
        }
        loads
    }

    /// The node that fits and has the fewest tasks of the service, and then the fewest at all.
    fn place(&self, task: &Task, loads: &BTreeMap<String, Load>) -> Result<String, String> {
        let nobody = Load::default();
        let mut obstacles: BTreeMap<Obstacle, usize> = BTreeMap::new();
        let mut best: Option<((usize, usize), &str)> = None;
        for (host, node) in self.nodes.iter().filter(|(host, _)| task.slot.admits(host)) {
            let load = loads.get(host).unwrap_or(&nobody);
            let obstacle =
                static_obstacle(&task.template, host, node).or_else(|| load.obstacle(task, node));
            if let Some(obstacle) = obstacle {
                *obstacles.entry(obstacle).or_default() += 1;
                continue;
            }
            let weight = (load.of(&task.service), load.tasks);
            if best.is_none_or(|(least, _)| weight < least) {
                best = Some((weight, host));
            }
        }
        best.map(|(_, host)| host.to_owned())
            .ok_or_else(|| no_suitable_node(&obstacles))
    }
}

impl Slot {
    fn admits(&self, host: &str) -> bool {
        match self {
            Slot::Number(_) => true,
            Slot::Node(only) => only == host,
        }
    }
}

fn no_suitable_node(obstacles: &BTreeMap<Obstacle, usize>) -> String {
    let mut counted: Vec<_> = obstacles.iter().collect();
    counted.sort_by_key(|(_, nodes)| std::cmp::Reverse(**nodes));
    let words: Vec<String> = counted
        .into_iter()
        .map(|(obstacle, nodes)| obstacle.explain(*nodes))
        .collect();
    match words.as_slice() {
        [] => "no suitable node".to_owned(),
        [_, ..] => format!("no suitable node ({})", words.join("; ")),
    }
}

fn host_ports(spec: &plan::Service) -> impl Iterator<Item = &String> {
    spec.publish
        .iter()
        .filter(|(_, published)| published.mode == PublishMode::Host)
        .map(|(port, _)| port)
}

fn most(spec: &plan::Service) -> Option<usize> {
    spec.placement
        .max_per_node
        .filter(|most| *most > 0)
        .and_then(|most| usize::try_from(most).ok())
}

fn cpu(spec: &plan::Service) -> u64 {
    spec.reserve.cpu.map_or(0, |cpu| cpu.0)
}

fn memory(spec: &plan::Service) -> u64 {
    spec.reserve.memory.map_or(0, |memory| memory.0)
}

/// A named resource counts as one.
fn count(resource: &str) -> u64 {
    resource.parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use skep_schema::plan::{Placement, Published, Service};
    use skep_schema::units::Bytes;

    use super::*;

    /// Hosts of the usual three that meet a constraint.
    fn hosts(constraint: &str) -> Vec<String> {
        let world = World::new([0; 32]);
        let constraint = Constraint::parse(constraint).expect(constraint);
        let fits = world
            .nodes
            .iter()
            .filter(|(host, node)| constraint.is_met_by(host, node));
        fits.map(|(host, _)| host.clone()).collect()
    }

    #[test]
    fn a_constraint_is_about_one_property_of_a_node() {
        for (constraint, expected) in [
            ("node.role==manager", vec!["node-1"]),
            ("node.role != manager", vec!["node-2", "node-3"]),
            ("node.hostname==NODE-2", vec!["node-2"]),
            ("node.ip==192.0.2.3", vec!["node-3"]),
            (
                "node.platform.os==linux",
                vec!["node-1", "node-2", "node-3"],
            ),
            ("node.platform.arch!=amd64", vec![]),
            ("node.labels.disk==ssd", vec!["node-2"]),
            ("node.labels.disk!=ssd", vec!["node-1", "node-3"]),
            ("node.labels.moon==full", vec![]),
            ("engine.labels.os!=x", vec!["node-1", "node-2", "node-3"]),
            ("planet==earth", vec![]),
            ("planet!=earth", vec![]),
        ] {
            assert_eq!(hosts(constraint), expected, "{constraint}");
        }
    }

    #[test]
    fn what_is_no_constraint_is_told_in_the_engines_words() {
        let words = |text| Constraint::parse(text).err();
        assert_eq!(
            words("node.role"),
            Some("constraint expected one operator from ==, !=".to_owned())
        );
        assert_eq!(words("1x==a"), Some("key '1x' is invalid".to_owned()));
        assert_eq!(words("node.role=="), Some("value '' is invalid".to_owned()));
    }

    /// What the scheduler says of a service that has no room.
    fn complaint(edit: impl FnOnce(&mut Service)) -> String {
        let mut spec = Service {
            name: "web".to_owned(),
            image: "bb:1".to_owned(),
            replicas: Some(4),
            ..Service::default()
        };
        edit(&mut spec);
        let mut world = World::new([0; 32]);
        world.create_service(spec).expect("the name is free");
        world.advance(5_000);
        world
            .tasks()
            .find(|task| task.state == TaskState::Pending)
            .expect("one finds no node")
            .error
            .clone()
    }

    #[test]
    fn each_obstacle_has_its_words() {
        let port = Published {
            target: 80,
            mode: PublishMode::Host,
        };
        assert_eq!(
            complaint(|web| web.publish = BTreeMap::from([("80/tcp".to_owned(), port)])),
            "no suitable node (host-mode port already in use on 3 nodes)"
        );
        assert_eq!(
            complaint(|web| web.placement = Placement {
                max_per_node: Some(1),
                ..Placement::default()
            }),
            "no suitable node (max replicas per node limit exceed)"
        );
        assert_eq!(
            complaint(|web| web.reserve.memory = Some(Bytes(9 << 30))),
            "no suitable node (insufficient resources on 3 nodes)"
        );
        assert_eq!(
            complaint(
                |web| web.reserve.generic = BTreeMap::from([("gpu".to_owned(), "1".to_owned())])
            ),
            "no suitable node (insufficient resources on 3 nodes)"
        );
        assert_eq!(
            complaint(|web| web.placement.platforms = BTreeSet::from(["linux/arm64".to_owned()])),
            "no suitable node (unsupported platform on 3 nodes)"
        );
        assert_eq!(
            complaint(|web| {
                web.placement.constraints = BTreeSet::from(["node.role==worker".to_owned()]);
                web.placement.max_per_node = Some(1);
            }),
            "no suitable node (max replicas per node limit exceed; scheduling constraints not satisfied on 1 node)"
        );
    }
}
