//! Labels of machines on a real engine, which has one machine that all tests share: each test has
//! keys of its own.

use skep_engine::drive::look;
use skep_engine::provider::{Provider as _, ProviderError};
use skep_providers::model::World;
use skep_schema::address::Address;
use skep_schema::change::{Effect, Reason};
use skep_schema::event::Outcome;
use skep_schema::inventory::{Availability, Readiness, Verdict};
use skep_schema::place::Because;
use skep_schema::plan::{Payload, Plan, PublishMode, Published, Service, SwarmNode};
use skep_schema::units::Cpu;
use tokio::sync::Mutex;

use crate::lab::{Lab, at, service};

/// One at a time writes labels: by hand nobody tries again when a race for the version is lost.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// The host name of the engine's machine.
fn host(lab: &Lab) -> String {
    let names = lab.docker(&["node", "ls", "--format", "{{.Hostname}}"]);
    names.lines().next().expect("a swarm has a node").to_owned()
}

fn label(lab: &Lab, pairs: &[(&str, &str)]) -> (Address, Payload) {
    let pair = |(key, value): &(&str, &str)| (lab.name(key), (*value).to_owned());
    let node = SwarmNode {
        host: host(lab),
        assert: false,
        labels: pairs.iter().map(pair).collect(),
    };
    (at("node.machine"), Payload::Node(node))
}

/// By hand, as somebody else would.
fn relabel(lab: &Lab, option: &str, label: &str) {
    lab.docker(&["node", "update", option, label, &host(lab)]);
}

/// Ids of all tasks of the one service, in order.
fn tasks(lab: &Lab) -> Vec<String> {
    let name = lab.name("web");
    let text = lab.docker(&["service", "ps", "--quiet", "--no-trunc", &name]);
    text.lines().map(str::to_owned).collect()
}

fn labels(lab: &Lab) -> serde_json::Value {
    lab.inspect("node", "self")["Spec"]["Labels"].clone()
}

fn on_speed(lab: &Lab, speed: &str) -> Service {
    let mut web = lab.sleeper("web");
    let constraint = format!("node.labels.{}=={speed}", lab.name("speed"));
    web.placement.constraints.insert(constraint);
    web
}

async fn clear(lab: &Lab, stack: &Plan) {
    let nothing = Plan {
        nodes: [].into(),
        ..stack.clone()
    };
    lab.arrive(&lab.swarm().await, &nothing).await;
}

#[tokio::test]
async fn a_label_is_set_kept_put_right_and_taken_off() {
    let _alone = MACHINE.lock().await;
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([
        label(&lab, &[("speed", "fast")]),
        service("web", on_speed(&lab, "fast")),
    ]);
    lab.arrive(&swarm, &plan).await;
    let key = lab.name("speed");
    assert_eq!(labels(&lab)[&key], "fast");
    let seen = look(&swarm, &plan).await.expect("it can be seen");
    assert!(seen.changes.is_empty(), "{:?}", seen.changes);

    // The constraint still fits, so this evicts nothing.
    relabel(&lab, "--label-add", &format!("{}=x", lab.name("own")));
    relabel(&lab, "--label-add", &format!("{key}=FAST"));
    let seen = look(&swarm, &plan).await.expect("it can be seen");
    assert_eq!(seen.changes.changes[0].reason, Reason::Drift);
    assert!(seen.changes.changes[0].evicts.is_empty());
    lab.arrive(&swarm, &plan).await;
    assert_eq!(labels(&lab)[&key], "fast");

    clear(&lab, &plan).await;
    let left = labels(&lab);
    assert_eq!(left.get(&key), None);
    assert_eq!(left.get(format!("skep.node.{}", lab.stack)), None);
    assert_eq!(left[lab.name("own")], "x");
    relabel(&lab, "--label-rm", &lab.name("own"));
}

#[tokio::test]
async fn a_label_that_changes_evicts_what_was_told_and_the_reasons_name_the_machine() {
    let _alone = MACHINE.lock().await;
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = |speed: &str| {
        lab.plan([
            label(&lab, &[("speed", speed)]),
            service("web", on_speed(&lab, "fast")),
        ])
    };
    lab.arrive(&swarm, &plan("fast")).await;
    let (evicted, containers) = (tasks(&lab), lab.tasks("web"));
    let seen = look(&swarm, &plan("slow")).await.expect("it can be seen");
    let change = &seen.changes.changes[0];
    assert_eq!(change.evicts, [(at("service.web"), 1)].into());
    assert_eq!(change.effect, Effect::Downtime);
    lab.arrive(&swarm, &plan("slow")).await;
    let id = &evicted[0];
    lab.wait_until("the task is evicted", || {
        lab.ask(&format!("/tasks/{id}"))["Status"]["Err"]
            == "assigned node no longer meets constraints"
    });
    let mut message = String::new();
    for _ in 0..40 {
        let seen = look(&swarm, &plan("slow")).await.expect("it can be seen");
        if let Readiness::Failed(failure) = &seen.inventory.nodes[&at("service.web")].readiness {
            assert_eq!(failure.verdict, Verdict::Unschedulable);
            message.clone_from(&failure.message);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let key = lab.name("speed");
    let told = format!(
        "; {} has the label `{key}=slow` (constraint `node.labels.{key}==fast`)",
        host(&lab)
    );
    assert!(message.ends_with(&told), "{message}");

    // Back again, the task comes back by itself.
    lab.arrive(&swarm, &plan("fast")).await;
    lab.wait_until("a task runs again", || {
        !lab.tasks("web").is_empty() && lab.tasks("web") != containers
    });
    clear(&lab, &plan("fast")).await;
}

#[tokio::test]
async fn another_stacks_label_is_not_written() {
    let _alone = MACHINE.lock().await;
    let (lab, other) = (Lab::new(), Lab::new());
    let plan = lab.plan([label(&lab, &[("speed", "fast")])]);
    lab.arrive(&lab.swarm().await, &plan).await;
    let wanted = SwarmNode {
        host: host(&lab),
        assert: false,
        labels: [(lab.name("speed"), "slow".to_owned())].into(),
    };
    let theirs = other.plan([(at("node.machine"), Payload::Node(wanted))]);
    let failure = other
        .fail(&other.swarm().await, &theirs, "node.machine")
        .await;
    assert_eq!(failure.verdict, Verdict::Denied);
    assert!(failure.message.contains(&lab.stack), "{}", failure.message);
    assert_eq!(labels(&lab)[lab.name("speed")], "fast");
    clear(&lab, &plan).await;
}

#[tokio::test]
async fn a_stale_change_of_a_label_is_a_conflict() {
    let _alone = MACHINE.lock().await;
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([label(&lab, &[("speed", "fast")])]);
    let seen = look(&swarm, &plan).await.expect("it can be seen");
    let key = lab.name("speed");
    relabel(&lab, "--label-add", &format!("{key}=slow"));
    let outcome = swarm.apply(&seen.changes.changes[0]).await;
    assert!(
        matches!(outcome, Err(ProviderError::Conflict { .. })),
        "{outcome:?}"
    );
    relabel(&lab, "--label-rm", &key);
}

#[tokio::test]
async fn what_no_machine_can_take_is_known_before_it_is_written() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let concern = async |edit: &dyn Fn(&mut Service)| {
        let mut web = lab.sleeper("web");
        edit(&mut web);
        let plan = lab.plan([service("web", web)]);
        let seen = look(&swarm, &plan).await.expect("it can be seen");
        let concern = seen.changes.concerns.into_iter().next();
        concern.map(|concern| (concern.because, concern.machines))
    };
    assert_eq!(concern(&|_| {}).await, None);
    let (because, machines) = concern(&|web| web.reserve.cpu = Some(Cpu(5_000_000_000_000)))
        .await
        .expect("no machine is that large");
    assert_eq!(because, Because::NoMachine);
    assert!(machines[0].reasons[0].ends_with("and a task reserves 5000"));
    let (_, machines) = concern(&|web| {
        web.log = Some(skep_schema::plan::LogDriver {
            driver: "nowhere".to_owned(),
            options: [].into(),
        });
    })
    .await
    .expect("no machine has it");
    assert_eq!(machines[0].reasons, ["has no log driver `nowhere`"]);
}

#[tokio::test]
async fn a_port_that_somebody_else_has_is_known_before_it_is_written() {
    let (lab, other) = (Lab::new(), Lab::new());
    let on_port = |lab: &Lab| {
        let mut web = lab.sleeper("web");
        let mode = PublishMode::Host;
        web.endpoint = skep_schema::plan::Endpoint::Dnsrr;
        web.publish = [("17973/tcp".to_owned(), Published { target: 80, mode })].into();
        lab.plan([service("web", web)])
    };
    lab.arrive(&lab.swarm().await, &on_port(&lab)).await;
    let seen = look(&other.swarm().await, &on_port(&other))
        .await
        .expect("it can be seen");
    let reason = format!("has its port 17973/tcp in use by `{}`", lab.name("web"));
    assert_eq!(seen.changes.concerns[0].machines[0].reasons, [reason]);
}

#[tokio::test]
async fn start_first_without_room_hangs_as_it_was_told() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut web = lab.sleeper("web");
    web.placement.max_per_node = Some(1);
    web.placement
        .constraints
        .insert(format!("node.hostname=={}", host(&lab)));
    web.update.order = Some(skep_schema::plan::Order::StartFirst);
    lab.arrive(&swarm, &lab.plan([service("web", web.clone())]))
        .await;
    web.env.insert("A".to_owned(), "1".to_owned());
    let plan = lab.plan([service("web", web)]);
    let seen = look(&swarm, &plan).await.expect("it can be seen");
    assert_eq!(seen.changes.concerns[0].because, Because::Deadlock);
    let report = lab.drive(&swarm, &plan, &seen.changes).await;
    assert_ne!(report.outcome, Outcome::Done, "{report:?}");
}

/// The calls that write a node have no line in the script of calls, whose objects are all made by
/// it; so what the model says to them is compared here.
#[tokio::test]
async fn the_model_refuses_node_updates_in_the_engines_words() {
    let lab = Lab::new();
    let mut world = World::new([0; 32]);
    let said = |host: &str, version: u64| {
        let body = r#"{"Role": "manager", "Availability": "active", "Labels": {}}"#;
        let path = format!("/nodes/{host}/update?version={version}");
        let (status, answer) = lab.request("POST", &path, body);
        (
            status,
            answer["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let mut modelled = |host: &str, version: u64| {
        let refusal = world
            .update_node(host, version, [].into(), Availability::Active)
            .expect_err("it is refused");
        (refusal.status, refusal.message)
    };
    for (mine, theirs, version) in [("node-1", host(&lab), 1), ("nope", "nope".to_owned(), 1)] {
        let (status, words) = modelled(mine, version);
        let (head, told) = said(&theirs, version);
        assert_eq!(words, told);
        assert!(head.contains(&format!(" {status} ")), "{head}");
    }
}
