//! What belongs to others and stands in our way: ports, subnets, and room on machines.

use serde_json::json;
use skep_schema::inventory::{Foreign, Holder, Use};
use skep_schema::plan::{Plan, PublishMode};

use super::Swarm;
use super::fault::Fault;
use super::http::Ask;
use super::labels::{Labels, STACK, taken};
use super::machine::{published, takes_room};
use super::view::View;
use super::wire::{Network, Service, Task};

impl Swarm {
    /// Tasks of other stacks that take up what a service of the plan may want. Nothing is asked
    /// where no service wants anything, or nobody else has any of it.
    pub(crate) async fn neighbours(
        &self,
        services: &[Service],
        plan: &Plan,
    ) -> Result<Vec<Task>, Fault> {
        let payloads = plan.nodes.values().map(|node| &node.payload);
        let wants = |wanted: Use| {
            wanted
                != Use {
                    tasks: 1,
                    ..Use::default()
                }
        };
        let mut ours = payloads.filter_map(|payload| payload.as_service().ok());
        if ours.any(|service| wants(Use::of(service))) {
            self.tasks_of_others(services).await
        } else {
            Ok(Vec::new())
        }
    }

    pub(crate) async fn tasks_of_others(&self, services: &[Service]) -> Result<Vec<Task>, Fault> {
        let others = services.iter().filter(|service| {
            service.labels().get(STACK) != Some(&self.scope.stack) && takes_room(service)
        });
        let ids: Vec<&str> = others.map(|service| service.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let filters = json!({"service": ids, "desired-state": ["running"]});
        self.http.json(Ask::get("/tasks").filters(&filters)).await
    }
}

/// `view` is of the whole swarm.
pub(crate) fn foreign(stack: &str, view: &View) -> Foreign {
    let mut foreign = Foreign::default();
    for service in &view.others {
        let of = whose("service", service.name(), &service.labels());
        for (word, mode) in [
            ("host", PublishMode::Host),
            ("ingress", PublishMode::Ingress),
        ] {
            let ports = published(&service.spec, word).into_iter();
            let held = ports.map(|port| {
                let of = of.clone();
                (port, Holder { mode, of })
            });
            foreign.ports.extend(held);
        }
    }
    let is_other = |labels: &Labels| labels.get(STACK).is_none_or(|owner| owner != stack);
    let others = view.networks.iter().filter(|n| is_other(&n.labels));
    foreign.subnets = others.flat_map(subnets).collect();
    foreign
}

fn subnets(network: &Network) -> impl Iterator<Item = (String, String)> {
    let of = whose("network", &network.name, &network.labels);
    let ranges = network.ipam.config.iter();
    ranges.map(move |range| (range.subnet.clone(), of.clone()))
}

/// `service blog_web of stack blog`
pub(crate) fn whose(kind: &str, name: &str, labels: &Labels) -> String {
    match taken(labels).owner {
        Some(owner) => format!("{kind} {name} of {owner}"),
        None => format!("{kind} {name}"),
    }
}
