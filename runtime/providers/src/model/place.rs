//! Which node can take a task.

use std::collections::BTreeMap;

use skep_schema::plan::{self, PublishMode};

use super::world::{Node, Task, World};

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

impl World {
    /// The host for a task of the service, or why there is none, in the scheduler's words.
    /// `only` narrows the choice to one host.
    pub(crate) fn place(
        &self,
        service: &str,
        spec: &plan::Service,
        only: Option<&str>,
    ) -> Result<String, String> {
        let mut obstacles: BTreeMap<Obstacle, usize> = BTreeMap::new();
        let mut best: Option<((usize, usize), &str)> = None;
        for (host, node) in self
            .nodes
            .iter()
            .filter(|(host, _)| only.is_none_or(|only| only == *host))
        {
            let tasks: Vec<&Task> = self.tasks_on(host).collect();
            if let Some(obstacle) = obstacle(service, spec, host, node, &tasks) {
                *obstacles.entry(obstacle).or_default() += 1;
                continue;
            }
            let load = (
                tasks.iter().filter(|task| task.service == service).count(),
                tasks.len(),
            );
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, host));
            }
        }
        best.map(|(_, host)| host.to_owned())
            .ok_or_else(|| no_suitable_node(&obstacles))
    }

    fn tasks_on(&self, host: &str) -> impl Iterator<Item = &Task> {
        self.tasks
            .values()
            .filter(move |task| task.node.as_deref() == Some(host) && !task.state.has_ended())
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

fn obstacle(
    service: &str,
    spec: &plan::Service,
    host: &str,
    node: &Node,
    tasks: &[&Task],
) -> Option<Obstacle> {
    static_obstacle(spec, host, node).or_else(|| {
        if shares_host_port(spec, tasks) {
            Some(Obstacle::HostPort)
        } else if is_full(service, spec, tasks) {
            Some(Obstacle::MaxPerNode)
        } else if !has_room(spec, node, tasks) {
            Some(Obstacle::Resources)
        } else {
            None
        }
    })
}

fn shares_host_port(spec: &plan::Service, tasks: &[&Task]) -> bool {
    let on_host = |spec: &plan::Service, port: &str| {
        spec.publish
            .get(port)
            .is_some_and(|published| published.mode == PublishMode::Host)
    };
    let mut ports = spec.publish.keys().filter(|port| on_host(spec, port));
    ports.any(|port| tasks.iter().any(|task| on_host(&task.template, port)))
}

fn is_full(service: &str, spec: &plan::Service, tasks: &[&Task]) -> bool {
    let limit = spec
        .placement
        .max_per_node
        .filter(|limit| *limit > 0)
        .and_then(|limit| usize::try_from(limit).ok());
    limit.is_some_and(|limit| tasks.iter().filter(|task| task.service == service).count() >= limit)
}

fn has_room(spec: &plan::Service, node: &Node, tasks: &[&Task]) -> bool {
    let cpu = |spec: &plan::Service| spec.reserve.cpu.map_or(0, |cpu| cpu.0);
    let memory = |spec: &plan::Service| spec.reserve.memory.map_or(0, |memory| memory.0);
    let taken = |of: &dyn Fn(&plan::Service) -> u64| {
        tasks.iter().map(|task| of(&task.template)).sum::<u64>()
    };
    taken(&cpu).saturating_add(cpu(spec)) <= node.cpu
        && taken(&memory).saturating_add(memory(spec)) <= node.memory
        && spec.reserve.generic.iter().all(|(kind, wanted)| {
            let of = |spec: &plan::Service| count(spec.reserve.generic.get(kind));
            let has = node.generic.get(kind).copied().unwrap_or(0);
            taken(&of).saturating_add(count(Some(wanted))) <= has
        })
}

/// A named resource counts as one.
fn count(resource: Option<&String>) -> u64 {
    resource.map_or(0, |text| text.parse().unwrap_or(1))
}
