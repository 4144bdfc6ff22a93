//! The engine's nodes as machines, with what runs on them.

use std::collections::BTreeMap;

use serde_json::Value;
use skep_schema::inventory::{Availability, CLAIM, Claim, Load, Machine, MachineState, Role, Use};

use super::json::{list, number, text, texts};
use super::labels::Labels;
use super::view::View;
use super::wire::{Node, Service, Task};

/// All machines, in order of host name and id, with the tasks of the view and those of others.
/// `services` are those of the swarm besides the view's.
pub(crate) fn machines(view: &View, neighbours: &[Task], services: &[Service]) -> Vec<Machine> {
    let tasks = view.tasks.iter().chain(neighbours);
    let mut loads = loads(tasks, view.services.iter().chain(services));
    let mut machines: Vec<Machine> = view
        .nodes
        .values()
        .map(|node| Machine {
            load: loads.remove(&node.id).unwrap_or_default(),
            ..machine(node)
        })
        .collect();
    machines.sort_by(|one, other| (&one.host, &one.id).cmp(&(&other.host, &other.id)));
    machines
}

/// A machine on which nothing runs.
pub(crate) fn machine(node: &Node) -> Machine {
    let Node {
        id,
        version: _,
        spec,
        description,
        status,
    } = node;
    let (labels, claims) = apart(&texts(spec, "/Labels"));
    let plugins = description.engine.plugins.iter();
    Machine {
        id: id.clone(),
        host: description.hostname.clone(),
        address: status.addr.clone(),
        role: match text(spec, "/Role") {
            Some("manager") => Role::Manager,
            Some(_) | None => Role::Worker,
        },
        availability: match text(spec, "/Availability") {
            Some("drain") => Availability::Drain,
            Some("pause") => Availability::Pause,
            Some(_) | None => Availability::Active,
        },
        state: match status.state.as_str() {
            "ready" => MachineState::Ready,
            "down" => MachineState::Down,
            "disconnected" => MachineState::Disconnected,
            _ => MachineState::Unknown,
        },
        os: description.platform.os.clone(),
        arch: description.platform.architecture.clone(),
        labels,
        claims,
        engine_labels: description.engine.labels.clone(),
        cpu: description.resources.cpu,
        memory: description.resources.memory,
        generic: generic(&description.resources.generic),
        plugins: (!description.engine.plugins.is_empty()).then(|| {
            plugins
                .map(|plugin| (plugin.kind.clone(), plugin.name.clone()))
                .collect()
        }),
        load: Load::default(),
    }
}

/// The labels of a machine, and what stacks remember among them. A claim that cannot be read is
/// none, and goes when its stack writes the next.
pub(crate) fn apart(all: &Labels) -> (Labels, BTreeMap<String, Claim>) {
    let (mut labels, mut claims) = (Labels::new(), BTreeMap::new());
    for (key, value) in all {
        match key.strip_prefix(CLAIM) {
            Some(stack) => {
                let claim: Option<Claim> = serde_json::from_str(value).ok();
                claims.extend(claim.map(|claim| (stack.to_owned(), claim)));
            }
            None => drop(labels.insert(key.clone(), value.clone())),
        }
    }
    (labels, claims)
}

/// What runs, by the id of its node.
fn loads<'a>(
    tasks: impl Iterator<Item = &'a Task>,
    services: impl Iterator<Item = &'a Service>,
) -> BTreeMap<String, Load> {
    let services: BTreeMap<&str, (&str, Vec<String>)> = services
        .map(|service| {
            (
                service.id.as_str(),
                (service.name(), published(&service.spec, "host")),
            )
        })
        .collect();
    let mut loads: BTreeMap<String, Load> = BTreeMap::new();
    for task in tasks.filter(|task| task.holds_its_node()) {
        let Some((name, ports)) = services.get(task.service.as_str()) else {
            continue;
        };
        let reserved = "/Resources/Reservations";
        let part = |what: &str| number(&task.spec, &format!("{reserved}/{what}")).unwrap_or(0);
        let taken = Use {
            tasks: 1,
            cpu: part("NanoCPUs"),
            memory: part("MemoryBytes"),
            generic: generic(list(&task.spec, &format!("{reserved}/GenericResources"))),
            ports: ports.iter().cloned().collect(),
        };
        loads
            .entry(task.node.clone())
            .or_default()
            .add(name, &taken);
    }
    loads
}

/// Kinds to numbers; of named ones each counts.
fn generic(all: &[Value]) -> BTreeMap<String, u64> {
    let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
    for resource in all {
        let discrete = text(resource, "/DiscreteResourceSpec/Kind")
            .zip(number(resource, "/DiscreteResourceSpec/Value"));
        let named = text(resource, "/NamedResourceSpec/Kind").map(|kind| (kind, 1));
        if let Some((kind, many)) = discrete.or(named) {
            *numbers.entry(kind.to_owned()).or_default() += many;
        }
    }
    numbers
}

/// Ports that a service publishes in this mode, `80/tcp`.
pub(crate) fn published(spec: &Value, mode: &str) -> Vec<String> {
    let ports = list(spec, "/EndpointSpec/Ports").iter();
    ports
        .filter(|port| text(port, "/PublishMode").unwrap_or("ingress") == mode)
        .filter_map(|port| {
            let protocol = text(port, "/Protocol").unwrap_or("tcp");
            Some(format!("{}/{protocol}", number(port, "/PublishedPort")?))
        })
        .collect()
}

/// Whether a task of this service takes something that another may want.
pub(crate) fn takes_room(service: &Service) -> bool {
    let reserved = service.spec.pointer("/TaskTemplate/Resources/Reservations");
    let reserves = reserved
        .and_then(Value::as_object)
        .is_some_and(|reserved| !reserved.is_empty());
    reserves || !published(&service.spec, "host").is_empty()
}
