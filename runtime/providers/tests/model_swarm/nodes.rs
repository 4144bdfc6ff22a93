//! Labels of machines, and what they do to tasks.

use std::collections::{BTreeMap, BTreeSet};

use skep_engine::drive::look;
use skep_engine::provider::{Provider as _, ProviderError};
use skep_providers::model::{Model, TaskState, World};
use skep_schema::address::{Address, Kind};
use skep_schema::change::{Effect, Reason};
use skep_schema::event::Outcome;
use skep_schema::inventory::{Availability, MachineState, Readiness};
use skep_schema::place::{Because, NodeFault};
use skep_schema::plan::{Need, Payload, Plan, Service, SwarmNode};

use crate::support::{Node, apply, changes, model, node, plan, service, values};

fn labels(host: &str, pairs: &[(&str, &str)]) -> Node {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let payload = SwarmNode {
        host: host.to_owned(),
        assert: false,
        labels: pairs.iter().map(pair).collect(),
    };
    node(Address::new(Kind::Node, host), Payload::Node(payload))
}

fn on_ssd(spec: &mut Service) {
    let constraint = "node.labels.speed==fast".to_owned();
    spec.placement.constraints = BTreeSet::from([constraint]);
}

/// Two tasks on the machines called fast, of which node-1 is the only one.
fn fast() -> Plan {
    let mut plan = plan([
        labels("node-1", &[("speed", "fast")]),
        service("web", "bb:1", on_ssd),
    ]);
    let web = plan.nodes.get_mut(&Address::new(Kind::Service, "web"));
    let needs = BTreeMap::from([(Address::new(Kind::Node, "node-1"), Need::Exists)]);
    web.expect("it is in the plan").needs = needs;
    plan
}

fn labels_of(model: &Model, host: &str) -> BTreeMap<String, String> {
    let world = model.world().expect("in memory");
    world.nodes[host].labels.clone()
}

fn write(world: &mut World, host: &str, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
    let node = &world.nodes[host];
    let (mut labels, version, availability) =
        (node.labels.clone(), node.version, node.availability);
    edit(&mut labels);
    world
        .update_node(host, version, labels, availability)
        .expect("the version is right");
}

fn by_hand(model: &Model, host: &str, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
    model
        .by_hand(|world| write(world, host, edit))
        .expect("in memory");
}

#[tokio::test]
async fn a_service_waits_for_the_label_it_asks_for() {
    let model = model(values([]));
    let applied = apply(&model, &fast()).await;
    assert_eq!(applied.report.outcome, Outcome::Done);
    let kinds: Vec<Kind> = applied.calls.iter().map(|call| call.kind).collect();
    assert_eq!(kinds, [Kind::Node, Kind::Service]);
    assert!(changes(&model, &fast()).await.is_empty());
    assert!(apply(&model, &fast()).await.calls.is_empty());
}

#[tokio::test]
async fn what_leaves_the_spec_is_taken_off_and_all_else_stays() {
    let model = model(values([]));
    let before = labels_of(&model, "node-1");
    apply(&model, &fast()).await;
    let after = apply(&model, &plan([])).await;
    assert_eq!(after.report.outcome, Outcome::Done);
    assert_eq!(labels_of(&model, "node-1"), before);
}

#[tokio::test]
async fn a_label_changed_outside_is_drift_and_put_right() {
    let model = model(values([]));
    let plan = plan([labels("node-1", &[("speed", "fast")])]);
    apply(&model, &plan).await;
    by_hand(&model, "node-1", |labels| {
        labels.insert("speed".to_owned(), "slow".to_owned());
        labels.insert("mine".to_owned(), "1".to_owned());
    });
    let drift = changes(&model, &plan).await;
    assert_eq!(drift.changes[0].reason, Reason::Drift);
    apply(&model, &plan).await;
    let labels = labels_of(&model, "node-1");
    assert_eq!(
        (labels["speed"].as_str(), labels["mine"].as_str()),
        ("fast", "1")
    );
}

#[tokio::test]
async fn another_stacks_label_is_refused_by_name_and_never_written() {
    let model = model(values([]));
    apply(&model, &fast()).await;
    let other = model.of_stack("blog", values([]));
    let blog = |value| Plan {
        stack: "blog".to_owned(),
        ..plan([labels("node-1", &[("speed", value)])])
    };
    let seen = look(&other, &blog("slow")).await.expect("it can be seen");
    let faults = NodeFault::all(&seen.plan, &seen.inventory.cluster);
    assert!(
        faults[0]
            .to_string()
            .contains("stack shop gave node-1 `speed=fast`")
    );
    let applied = apply(&other, &blog("slow")).await;
    assert_eq!(applied.report.outcome, Outcome::Failed);
    assert_eq!(labels_of(&model, "node-1")["speed"], "fast");
    // The same value can be shared; the last one takes it off.
    apply(&other, &blog("fast")).await;
    apply(&model, &plan([])).await;
    assert_eq!(labels_of(&model, "node-1")["speed"], "fast");
    let nothing = Plan {
        stack: "blog".to_owned(),
        ..plan([])
    };
    apply(&other, &nothing).await;
    assert_eq!(labels_of(&model, "node-1").get("speed"), None);
}

#[tokio::test]
async fn what_is_evicted_is_what_was_told() {
    let model = model(values([]));
    apply(&model, &fast()).await;
    let mut other = fast();
    let moved = labels("node-1", &[("speed", "slow")]);
    other.nodes.insert(moved.0, moved.1);
    let seen = changes(&model, &other).await;
    let web = Address::new(Kind::Service, "web");
    assert_eq!(seen.changes[0].evicts, BTreeMap::from([(web.clone(), 2)]));
    assert_eq!(seen.changes[0].effect, Effect::Downtime);
    apply(&model, &other).await;
    model
        .by_hand(|world| world.advance(60_000))
        .expect("in memory");
    let world = model.world().expect("in memory");
    let evicted = world
        .tasks()
        .filter(|task| task.state == TaskState::Rejected);
    assert_eq!(evicted.count(), 2);
    let seen = look(&model, &other).await.expect("it can be seen");
    let Readiness::Failed(failure) = &seen.inventory.nodes[&web].readiness else {
        unreachable!("no machine is fast any more")
    };
    assert_eq!(
        failure.message,
        "no suitable node (scheduling constraints not satisfied on 3 nodes); node-1 has the label \
         `speed=slow` (constraint `node.labels.speed==fast`); each of node-2, node-3 lacks the label \
         `speed=fast` (constraint `node.labels.speed==fast`)"
    );
}

#[tokio::test]
async fn a_node_that_becomes_another_machine_leaves_the_old_one() {
    let model = model(values([]));
    let at = |host: &str| {
        let (_, mut node) = labels(host, &[("speed", "fast")]);
        let address = Address::new(Kind::Node, "edge");
        node.digest = node.payload.digest(Kind::Node);
        plan([(address, node)])
    };
    apply(&model, &at("node-1")).await;
    let before = labels_of(&model, "node-1");
    assert_eq!(before["speed"], "fast");
    apply(&model, &at("node-2")).await;
    assert_eq!(labels_of(&model, "node-1").get("speed"), None);
    assert_eq!(labels_of(&model, "node-2")["speed"], "fast");
    assert!(changes(&model, &at("node-2")).await.is_empty());
}

#[tokio::test]
async fn a_drained_machine_loses_its_tasks_and_takes_none() {
    let model = model(values([]));
    apply(&model, &fast()).await;
    model
        .by_hand(|world| {
            let node = &world.nodes["node-1"];
            let (labels, version) = (node.labels.clone(), node.version);
            world
                .update_node("node-1", version, labels, Availability::Drain)
                .expect("the version is right");
            world.advance(60_000)
        })
        .expect("in memory");
    let world = model.world().expect("in memory");
    let waiting: Vec<&str> = world
        .tasks()
        .filter(|task| task.state == TaskState::Pending)
        .map(|task| task.error.as_str())
        .collect();
    let words = "no suitable node (scheduling constraints not satisfied on 2 nodes; 1 node not \
                 available for new tasks)";
    assert_eq!(waiting, [words; 2]);
}

#[tokio::test]
async fn a_machine_that_is_down_takes_nothing() {
    let model = model(values([]));
    model
        .by_hand(|world| world.set_state("node-1", MachineState::Down))
        .expect("in memory")
        .expect("it is there");
    let concerns = changes(&model, &fast()).await.concerns;
    assert_eq!(concerns[0].because, Because::NoMachine);
    assert_eq!(concerns[0].machines[0].reasons, ["is down"]);
}

#[tokio::test]
async fn a_label_written_meanwhile_is_a_conflict_and_a_lost_race_is_tried_again() {
    let model = model(values([]));
    let plan = plan([labels("node-1", &[("speed", "fast")])]);
    let seen = look(&model, &plan).await.expect("it can be seen");
    // Another label does not matter, though it costs the version.
    by_hand(&model, "node-1", |labels| {
        labels.insert("mine".to_owned(), "1".to_owned());
    });
    let change = &seen.changes.changes[0];
    model.apply(change).await.expect("it is as it was");
    by_hand(&model, "node-1", |labels| {
        labels.insert("speed".to_owned(), "slow".to_owned());
    });
    let outcome = model.apply(change).await;
    assert!(
        matches!(outcome, Err(ProviderError::Conflict { .. })),
        "{outcome:?}"
    );
}
