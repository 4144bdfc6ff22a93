//! What a change set tells in advance is what the engine does: every property of a service, changed
//! alone, on services of their own that change at the same time.

mod properties;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::lab::{Lab, at, config, network, secret, service, values};
use jiff::{SignedDuration, Timestamp};
use rows::{Measured, Row};
use serde_json::json;
use skep_engine::drive::look;
use skep_engine::provider::{Provider, ProviderError};
use skep_providers::swarm::Swarm;
use skep_schema::address::Address;
use skep_schema::change::{Action, Change, ChangeSet, Effect, FieldChange};
use skep_schema::plan::{
    Mode, Network, Order, Payload, Plan, PlanNode, Secret, SecretSource, Service,
};
use skep_schema::units::Duration;
use tokio::task::JoinSet;

#[test]
fn every_property_of_a_service_has_a_row() {
    let known = properties::all();
    let rows: BTreeSet<&str> = rows::all().iter().map(|row| row.property).collect();
    let forgotten: Vec<&String> = known
        .iter()
        .filter(|path| !rows.contains(path.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "no row changes {forgotten:?}");
    let unknown: Vec<&&str> = rows
        .iter()
        .filter(|row| !known.iter().any(|path| properties::is_within(path, row)))
        .collect();
    assert!(unknown.is_empty(), "no service has {unknown:?}");
}

#[tokio::test]
async fn what_was_told_in_advance_is_what_the_engine_does() {
    let lab = Lab::new();
    let secrets = values(&[("db", "x"), ("s-1", "y"), ("s-2", "z")]);
    let swarm = Arc::new(lab.swarm_with(secrets).await);
    let rows = rows::all();
    lab.arrive(&swarm, &lab.plan(surroundings(&lab))).await;
    let before_plan = plan(&lab, &rows, State::Before);
    for (address, outcome) in write(&swarm, &before_plan).await.1 {
        assert_eq!(outcome, Ok(()), "{address}");
    }
    settle(&lab, &before_plan);
    let before = services(&lab);
    let after_plan = plan(&lab, &rows, State::After);
    let (told, outcomes) = write(&swarm, &after_plan).await;
    std::thread::sleep(std::time::Duration::from_secs(2));
    settle(&lab, &after_plan);
    let after = services(&lab);
    let wrong: Vec<String> = rows
        .iter()
        .enumerate()
        .filter_map(|(i, row)| {
            let address = row_address(i);
            let change = told.get(&address).expect("every row changes something");
            let seen =
                |all: &BTreeMap<Address, Seen>| all.get(&address).cloned().unwrap_or_default();
            let case = Case {
                row,
                change,
                outcome: &outcomes[&address],
                before: seen(&before),
                after: seen(&after),
            };
            case.contradiction(&lab)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_engine_refuses_another_name_or_mode_in_place() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    lab.arrive(&swarm, &plan).await;
    let tasks = lab.tasks("api");
    for (member, value) in [
        ("Name", json!(lab.name("other"))),
        ("Mode", json!({"Global": {}})),
    ] {
        let mut found = lab.inspect("service", &lab.name("api"));
        found["Spec"][member] = value;
        let path = format!(
            "/services/{}/update?version={}",
            lab.name("api"),
            found["Version"]["Index"]
        );
        let (status, said) = lab.request("POST", &path, &found["Spec"].to_string());
        assert!(!status.contains(" 200 "), "{member}: {status} {said}");
    }
    assert_eq!(lab.tasks("api"), tasks);
}

#[tokio::test]
async fn a_volume_that_exists_keeps_its_options() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let with = |size: &str| {
        let mut api = lab.sleeper("api");
        rows::sized_volume(&mut api, lab.name("data"), size);
        lab.plan([service("api", api)])
    };
    lab.arrive(&swarm, &with("size=1m")).await;
    lab.arrive(&swarm, &with("size=2m")).await;
    let volume = lab.inspect("volume", &lab.name("data"));
    assert_eq!(volume["Options"]["o"], "size=1m");
}

/// No node is labelled like this.
const NOWHERE: &str = "node.labels.skep==nowhere";

type Outcomes = BTreeMap<Address, Result<(), ProviderError>>;

#[derive(Clone, Copy)]
enum State {
    Before,
    After,
}

fn row_address(i: usize) -> Address {
    at(&format!("service.r{i}"))
}

/// What the services of the rows refer to.
fn surroundings(lab: &Lab) -> Vec<(Address, Payload)> {
    let net = Network {
        name: lab.name("net"),
        driver: "overlay".to_owned(),
        ..Network::default()
    };
    let key = |name: &str| Secret {
        name: lab.name(name),
        source: SecretSource::Env("X".to_owned()),
        labels: BTreeMap::new(),
    };
    vec![
        network("net", net),
        config("c-1", lab.name("c-1"), "one"),
        config("c-2", lab.name("c-2"), "two"),
        secret("s-1", key("s-1")),
        secret("s-2", key("s-2")),
        secret("db", key("db")),
    ]
}

fn plan(lab: &Lab, rows: &[Row], state: State) -> Plan {
    let services = rows.iter().enumerate().map(|(i, row)| {
        let mut made = lab.sleeper(&format!("r{i}"));
        made.update.order = Some(Order::StartFirst);
        made.update.monitor = Some(Duration::milliseconds(500));
        if row.measured == Measured::Waiting {
            made.placement.constraints = [NOWHERE.to_owned()].into();
            made.update.order = None;
        }
        (row.base)(&mut made, lab);
        match state {
            State::Before => {}
            State::After => (row.edit)(&mut made, lab),
        }
        service(&format!("r{i}"), made)
    });
    lab.plan(surroundings(lab).into_iter().chain(services))
}

/// Writes every change, a few at a time, without waiting for any to arrive.
async fn write(swarm: &Arc<Swarm>, plan: &Plan) -> (ChangeSet, Outcomes) {
    let look = look(&**swarm, plan).await.expect("the swarm can be read");
    let mut outcomes = Outcomes::new();
    for some in look.changes.changes.chunks(8) {
        let mut writes = JoinSet::new();
        for change in some.iter().cloned() {
            let swarm = Arc::clone(swarm);
            writes.spawn(async move { (change.address.clone(), swarm.apply(&change).await) });
        }
        outcomes.extend(writes.join_all().await);
    }
    (look.changes, outcomes)
}

/// A service as it is, with its tasks, those that ended among them.
#[derive(Clone, Debug, Default)]
struct Seen {
    id: String,
    is_updating: bool,
    tasks: Vec<Task>,
}

#[derive(Clone, Debug)]
struct Task {
    id: String,
    state: String,
    is_wanted: bool,
    /// When it came into its state.
    since: Timestamp,
}

fn services(lab: &Lab) -> BTreeMap<Address, Seen> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut tasks: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for task in lab.ask("/tasks").as_array().expect("a list") {
        let status = &task["Status"];
        tasks
            .entry(text(&task["ServiceID"]))
            .or_default()
            .push(Task {
                id: text(&task["ID"]),
                state: text(&status["State"]),
                is_wanted: task["DesiredState"] == "running",
                since: text(&status["Timestamp"])
                    .parse()
                    .expect("the engine's own time"),
            });
    }
    let all = lab.ask("/services");
    let ours = all.as_array().expect("a list").iter().filter_map(|found| {
        let labels = &found["Spec"]["Labels"];
        if labels["skep.stack"] != lab.stack {
            return None;
        }
        let id = text(&found["ID"]);
        let seen = Seen {
            tasks: tasks.remove(&id).unwrap_or_default(),
            is_updating: found["UpdateStatus"]["State"] == "updating",
            id,
        };
        Some((at(labels["skep.address"].as_str()?), seen))
    });
    ours.collect()
}

impl Seen {
    fn wanted(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.is_wanted)
    }

    /// Whether the engine has done what it can for a service of `tasks` tasks.
    fn is_settled(&self, tasks: usize, waits: bool) -> bool {
        let is_stuck = |task: &Task| task.state == "pending" && task.age() > PATIENCE;
        let all_there = self.wanted().count() >= tasks;
        let all_run = self.wanted().all(|task| task.state == "running");
        all_there && (waits || (all_run && !self.is_updating) || self.wanted().any(is_stuck))
    }
}

impl Task {
    fn age(&self) -> SignedDuration {
        Timestamp::now().duration_since(self.since)
    }
}

/// A task that finds no node for so long will not find one.
const PATIENCE: SignedDuration = SignedDuration::from_secs(3);

fn settle(lab: &Lab, plan: &Plan) {
    let deadline = Instant::now() + std::time::Duration::from_mins(3);
    loop {
        let all = services(lab);
        let is_open = |(address, node): &(&Address, &PlanNode)| {
            node.payload.as_service().is_ok_and(|service| {
                let waits = service.placement.constraints.contains(NOWHERE);
                let tasks = service.replicas.unwrap_or(1) as usize;
                !all.get(address)
                    .is_some_and(|seen| seen.is_settled(tasks, waits))
            })
        };
        let open: Vec<&Address> = plan
            .nodes
            .iter()
            .filter(is_open)
            .map(|(address, _)| address)
            .collect();
        if open.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "never at rest: {open:?}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

/// One row, before and after.
struct Case<'a> {
    row: &'a Row,
    change: &'a Change,
    outcome: &'a Result<(), ProviderError>,
    before: Seen,
    after: Seen,
}

/// What a change does, whether told or seen.
#[derive(Debug, PartialEq, Eq)]
struct Doing {
    is_new_service: bool,
    /// Tasks that stop.
    tasks: u64,
    /// There was a moment without a task.
    interrupts: Option<bool>,
}

impl Case<'_> {
    /// What differs between what was told and what was seen.
    fn contradiction(&self, lab: &Lab) -> Option<String> {
        let (told, seen) = (self.told(), self.seen());
        let is_right = match self.row.measured {
            Measured::Exactly | Measured::Waiting => self.outcome.is_ok() && told == seen,
            Measured::Less => self.outcome.is_ok() && told.tasks > 0 && seen.tasks == 0,
            Measured::Since(minor) if lab.minor() >= minor => self.outcome.is_ok() && told == seen,
            Measured::Since(_) => {
                matches!(self.outcome, Err(ProviderError::Rejected { .. })) && seen.tasks == 0
            }
        };
        let astray: Vec<String> = self
            .change
            .fields
            .iter()
            .map(path)
            .filter(|path| !self.names(path))
            .collect();
        (!is_right || !astray.is_empty()).then(|| {
            format!(
                "{} {:?} {:?}: told {told:?}, seen {seen:?}, {:?}, other properties {astray:?}",
                self.row.property, self.row.measured, self.change.effect, self.outcome
            )
        })
    }

    fn names(&self, path: &str) -> bool {
        // The mode decides whether there is a number of tasks.
        if self.row.property == "mode" && path == "replicas" {
            return true;
        }
        let mut words = path.split(' ');
        self.row
            .property
            .split(' ')
            .all(|name| words.next().is_some_and(|word| name == "*" || name == word))
    }

    fn told(&self) -> Doing {
        Doing {
            is_new_service: self.change.action == Action::Replace,
            tasks: self.change.tasks,
            interrupts: self
                .judges_gaps()
                .then_some(self.change.effect >= Effect::Downtime),
        }
    }

    fn seen(&self) -> Doing {
        let stays = |task: &&Task| self.after.wanted().any(|now| now.id == task.id);
        let stopped = self.before.wanted().filter(|task| !stays(task)).count();
        Doing {
            is_new_service: self.before.id != self.after.id,
            tasks: u64::try_from(stopped).expect("a handful"),
            interrupts: self.judges_gaps().then(|| self.has_gap()),
        }
    }

    /// Where something serves, and all that is at stake is that it does.
    fn judges_gaps(&self) -> bool {
        let serves = |service: &Service| service.mode != Mode::Once;
        let node = self.change.after.as_ref().expect("no row deletes");
        let service = node.payload.as_service().expect("every row is a service");
        serves(service)
            && self.row.measured != Measured::Waiting
            && self.change.effect != Effect::DataLoss
    }

    /// Whether there was a moment after the change in which no task ran, although one ran before.
    fn has_gap(&self) -> bool {
        let ends = |task: &&Task| {
            self.after
                .tasks
                .iter()
                .find(|now| now.id == task.id)
                .map(|now| now.since)
        };
        let stopped: Vec<Option<Timestamp>> = self
            .before
            .wanted()
            .filter(|task| !self.after.wanted().any(|now| now.id == task.id))
            .map(|task| ends(&task))
            .collect();
        if self.before.wanted().count() > stopped.len() || stopped.is_empty() {
            return false;
        }
        let last_end = stopped.into_iter().max().flatten();
        let first_start = self
            .after
            .wanted()
            .filter(|task| task.state == "running")
            .map(|task| task.since)
            .min();
        match (last_end, first_start) {
            (Some(end), Some(start)) => end < start,
            (None, _) | (_, None) => true,
        }
    }
}

/// The path of a change; secret variables apart from the others, as in the type.
fn path(field: &FieldChange) -> String {
    let path = field.path.join(" ");
    match path.strip_prefix("env ") {
        Some(name) if field.secret => format!("secret-env {name}"),
        Some(_) | None => path,
    }
}
