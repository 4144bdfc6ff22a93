//! The waves of an update that were told in advance are those the engine goes through.

use jiff::Timestamp;
use serde_json::Value;
use skep_engine::drive::look;
use skep_schema::change::{Change, Waves};
use skep_schema::plan::{FailureAction, Order, Plan, Rollout};
use skep_schema::units::Duration;

use crate::lab::{Lab, at, service};

const NAMES: [&str; 4] = ["single", "pairs", "together", "gentle"];

/// Three tasks each, whose updates take their time in different ways.
fn plan(lab: &Lab, image: &str) -> Plan {
    let rollout = |name: &str| {
        let slow = Rollout {
            delay: Some(Duration::seconds(2)),
            monitor: Some(Duration::seconds(1)),
            ..Rollout::default()
        };
        match name {
            "pairs" => Rollout {
                parallelism: Some(2),
                order: Some(Order::StartFirst),
                ..slow
            },
            "together" => Rollout {
                parallelism: Some(0),
                on_failure: Some(FailureAction::Continue),
                monitor: Some(Duration::seconds(3)),
                ..slow
            },
            "gentle" => Rollout {
                delay: None,
                order: Some(Order::StartFirst),
                ..slow
            },
            _ => slow,
        }
    };
    lab.plan(NAMES.map(|name| {
        let mut made = lab.sleeper(name);
        image.clone_into(&mut made.image);
        made.replicas = Some(3);
        made.update = rollout(name);
        service(name, made)
    }))
}

fn time(value: &Value) -> Timestamp {
    let text = value.as_str().expect("a time is a text");
    text.parse().expect("the engine's own time")
}

/// One slot: when its old task ended, and when its new one was made and when it ran.
struct Slot {
    ended: Timestamp,
    made: Timestamp,
    ran: Timestamp,
}

fn slots(lab: &Lab, id: &Value) -> Vec<Slot> {
    let all = lab.ask("/tasks");
    let ours = || {
        let tasks = all.as_array().expect("a list").iter();
        tasks.filter(|task| task["ServiceID"] == *id)
    };
    let slot = |new: &Value| {
        let is_old = |task: &&Value| task["Slot"] == new["Slot"] && task["ID"] != new["ID"];
        let old = ours().find(is_old).expect("every slot had a task");
        Slot {
            ended: time(&old["Status"]["Timestamp"]),
            made: time(&new["CreatedAt"]),
            ran: time(&new["Status"]["Timestamp"]),
        }
    };
    let wanted = ours().filter(|task| task["DesiredState"] == "running");
    let mut slots: Vec<Slot> = wanted.map(slot).collect();
    slots.sort_by_key(|slot| slot.made);
    slots
}

/// Asserts that the update of `name` went as it was told.
fn went_as_told(lab: &Lab, name: &str, told: Waves, delay: Duration) {
    let found = lab.inspect("service", &lab.name(name));
    let status = &found["UpdateStatus"];
    let took = time(&status["CompletedAt"]).duration_since(time(&status["StartedAt"]));
    assert!(took.unsigned_abs() >= told.least.as_std(), "{name}: {took}");
    let slots = slots(lab, &found["ID"]);
    assert_eq!(slots.len() as u64, told.tasks, "{name}");
    for slot in &slots {
        let is_new_first = slot.ran < slot.ended;
        assert_eq!(is_new_first, told.order == Order::StartFirst, "{name}");
    }
    let at_once = usize::try_from(told.at_once).expect("a handful");
    for (first, next) in slots.iter().zip(slots.iter().skip(at_once)) {
        let apart = next.made.duration_since(first.made);
        assert!(apart.unsigned_abs() >= delay.as_std(), "{name}: {apart}");
    }
}

#[tokio::test]
async fn an_update_goes_in_the_waves_that_were_told_and_no_faster() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    lab.arrive(&swarm, &plan(&lab, "skep-test/http:1")).await;
    let next = plan(&lab, "skep-test/http:2");
    let changes = look(&swarm, &next)
        .await
        .expect("the swarm can be read")
        .changes;
    lab.arrive(&swarm, &next).await;
    for name in NAMES {
        let address = at(&format!("service.{name}"));
        let told = changes.get(&address).and_then(Change::waves);
        let after = next.nodes[&address].payload.as_service();
        let delay = after.expect("it is one").update.delay;
        let told = told.expect("a new image restarts");
        went_as_told(&lab, name, told, delay.unwrap_or(Duration(0)));
    }
}
