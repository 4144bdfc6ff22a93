//! Which node can take a task.

use std::collections::BTreeMap;

use skep_schema::inventory::{Load, Use};
use skep_schema::place::Filter;
use skep_schema::plan;

use super::world::{Node, Slot, Task, TaskState, World};

/// Whether the service may run on the node at all, whatever else runs there.
pub(crate) fn is_eligible(spec: &plan::Service, host: &str, node: &Node) -> bool {
    node.as_host(host).suits(spec)
}

/// In the scheduler's own words.
fn explain(filter: Filter, nodes: usize) -> String {
    let (one, many) = match filter {
        Filter::Ready if nodes == 1 => return "1 node not available for new tasks".to_owned(),
        Filter::Ready => return format!("{nodes} nodes not available for new tasks"),
        Filter::MaxPerNode => return "max replicas per node limit exceed".to_owned(),
        Filter::Resources => ("insufficient resources", nodes),
        Filter::Plugins => ("missing plugin", nodes),
        Filter::Constraints => ("scheduling constraints not satisfied", nodes),
        Filter::Platform => ("unsupported platform", nodes),
        Filter::HostPort => ("host-mode port already in use", nodes),
    };
    let nodes = if many == 1 { "node" } else { "nodes" };
    format!("{one} on {many} {nodes}")
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
                    let taken = Use::of(&task.template);
                    loads
                        .entry(host.clone())
                        .or_default()
                        .add(&task.service, &taken);
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

    pub(super) fn loads(&self) -> BTreeMap<String, Load> {
        let mut loads: BTreeMap<String, Load> = BTreeMap::new();
        for task in self.tasks().filter(|task| !task.state.has_ended()) {
            if let Some(host) = &task.node {
                let taken = Use::of(&task.template);
                loads
                    .entry(host.clone())
                    .or_default()
                    .add(&task.service, &taken);
            }
        }
        loads
    }

    /// The node that fits and has the fewest tasks of the service, and then the fewest at all.
    fn place(&self, task: &Task, loads: &BTreeMap<String, Load>) -> Result<String, String> {
        let nobody = Load::default();
        let mut filters: BTreeMap<Filter, usize> = BTreeMap::new();
        let mut best: Option<((u64, u64), &str)> = None;
        for (host, node) in self.nodes.iter().filter(|(host, _)| task.slot.admits(host)) {
            let load = loads.get(host).unwrap_or(&nobody);
            let obstacles = node.as_host(host).obstacles(&task.template, load);
            if let Some(obstacle) = obstacles.first() {
                *filters.entry(obstacle.filter()).or_default() += 1;
                continue;
            }
            let weight = (load.tasks_of(&task.service), load.total.tasks);
            if best.is_none_or(|(least, _)| weight < least) {
                best = Some((weight, host));
            }
        }
        best.map(|(_, host)| host.to_owned())
            .ok_or_else(|| no_suitable_node(&filters))
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

fn no_suitable_node(filters: &BTreeMap<Filter, usize>) -> String {
    let mut counted: Vec<_> = filters.iter().collect();
    counted.sort_by_key(|(_, nodes)| std::cmp::Reverse(**nodes));
    let words: Vec<String> = counted
        .into_iter()
        .map(|(filter, nodes)| explain(*filter, *nodes))
        .collect();
    match words.as_slice() {
        [] => "no suitable node".to_owned(),
        [_, ..] => format!("no suitable node ({})", words.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use skep_schema::plan::{Placement, PublishMode, Published, Service};
    use skep_schema::units::Bytes;

    use super::*;

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
