//! Tasks on nodes that are gone, and the updates that wait for them.

use std::collections::BTreeSet;

use super::Case;
use crate::swarm::wire::{State, Task};

impl Case<'_> {
    /// Whether the engine's update waits for a task that cannot answer: it was placed on a node
    /// before that was known to be down, and another has its slot by now. The engine calls such an
    /// update complete only when the node is back.
    pub(super) fn is_stranded(&self) -> bool {
        self.left_behind()
            .any(|task| self.view.is_current(task) && task.desired_state > State::Running)
    }

    /// Names the nodes that are down and have tasks of the service.
    pub(super) fn out_of_reach(&self) -> String {
        let hosts: BTreeSet<&str> = self
            .left_behind()
            .filter_map(|task| self.view.nodes.get(&task.node))
            .map(|node| node.description.hostname.as_str())
            .collect();
        hosts
            .iter()
            .map(|host| format!("; node {host} is down"))
            .collect()
    }

    fn left_behind(&self) -> impl Iterator<Item = &Task> {
        self.tasks()
            .filter(|task| !task.has_ended() && self.view.is_lost(task))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skep_schema::inventory::Readiness;
    use skep_schema::plan::Service as Spec;

    use super::*;
    use crate::swarm::view::View;

    fn task(id: &str, slot: u64, node: &str, state: &str, desired: &str) -> serde_json::Value {
        json!({"ID": id, "ServiceID": "s", "Slot": slot, "NodeID": node, "DesiredState": desired,
            "Status": {"State": state, "Timestamp": "2026-01-01T00:00:00Z"}})
    }

    /// A service of two tasks in an update; `n3` is down, and `new-2` was placed there first.
    fn readiness(last: serde_json::Value) -> Readiness {
        readiness_at("ready", last)
    }

    fn readiness_at(state: &str, last: serde_json::Value) -> Readiness {
        let read = |value| serde_json::from_value(value).expect("it is in form");
        let tasks = vec![
            read(task("new-1", 1, "n1", "running", "running")),
            read(task("new-2", 2, "n3", "assigned", "shutdown")),
            read(last),
        ];
        let services = vec![
            serde_json::from_value(json!({"ID": "s", "UpdateStatus": {"State": "updating"}}))
                .expect("it is in form"),
        ];
        let node = |id: &str, state: &str| {
            let node =
                json!({"ID": id, "Description": {"Hostname": id}, "Status": {"State": state}});
            (
                id.to_owned(),
                serde_json::from_value(node).expect("it is in form"),
            )
        };
        let view = View {
            others: Vec::new(),
            services,
            tasks,
            current: ["new-1", "new-2", "again-2"].map(str::to_owned).into(),
            nodes: [node("n1", state), node("n3", "down")].into(),
            networks: Vec::new(),
            network_names: std::collections::BTreeMap::new(),
            now: "2026-01-01T00:01:00Z".parse().expect("it is a time"),
        };
        let spec = Spec {
            replicas: Some(2),
            ..Spec::default()
        };
        let case = Case {
            view: &view,
            service: &view.services[0],
            spec: &spec,
        };
        case.readiness().readiness
    }

    #[test]
    fn an_update_that_waits_for_a_lost_task_has_arrived_when_all_slots_run() {
        let all_run = readiness(task("again-2", 2, "n1", "running", "running"));
        assert_eq!(
            all_run,
            Readiness::Ready {
                running: 2,
                desired: 2
            }
        );
    }

    #[test]
    fn while_a_slot_does_not_run_it_is_said_which_node_is_missed() {
        let starting = readiness(task("again-2", 2, "n1", "starting", "running"));
        let Readiness::Progressing { detail, .. } = starting else {
            panic!("{starting:?}");
        };
        assert_eq!(detail, "1 of 2 running; node n3 is down");
        let old = readiness(task("old-2", 2, "n1", "running", "running"));
        let Readiness::Progressing { detail, .. } = old else {
            panic!("{old:?}");
        };
        assert_eq!(
            detail,
            "1 of 2 running, 1 of the spec before too; node n3 is down"
        );
    }

    #[test]
    fn a_new_leader_that_has_not_heard_of_its_nodes_is_waited_for() {
        let homeless = || {
            let mut task = task("again-2", 2, "", "pending", "running");
            task["Status"]["Err"] = json!("no suitable node");
            task["CreatedAt"] = json!("2026-01-01T00:00:00Z");
            task
        };
        let soon = readiness_at("unknown", homeless());
        assert!(matches!(soon, Readiness::Progressing { .. }), "{soon:?}");
        let never = readiness(homeless());
        assert!(matches!(never, Readiness::Failed(_)), "{never:?}");
    }
}
