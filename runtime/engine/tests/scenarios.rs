//! Applies as text: a script in, what the engine does and tells out.
//!
//! `have` was applied before, `want` is to be, `edit` differs between both and `same` is in both.
//! `needs` and `port=` follow the address. All other lines say how nodes behave and what is done to the apply.

mod sim;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use insta::assert_snapshot;
use sim::{Fault, Hand, Manner, World, run};
use skep_engine::apply::{Effect, Limits};
use skep_schema::address::{Address, Kind};
use skep_schema::change::ChangeSet;
use skep_schema::event::{ApplyReport, Event, NodeOutcome, Timestamp};
use skep_schema::inventory::Verdict;
use skep_schema::plan::{
    Config, Content, Need, Network, Origin, Payload, Plan, PlanNode, PublishMode, Published,
    Service, SwarmNode, Target, Volume,
};
use skep_schema::value::Value;

#[derive(Default)]
struct Script {
    base: BTreeMap<Address, PlanNode>,
    target: BTreeMap<Address, PlanNode>,
    manners: BTreeMap<Address, Manner>,
    down: Vec<Address>,
    hand: Hand,
    limits: Limits,
}

/// Runs a script and returns its transcript; after a crash it starts anew until it is done.
fn play(text: &str) -> String {
    let mut script = Script::default();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .for_each(|line| script.read(line));
    let target = Plan::new("shop", None, script.target);
    let mut world = World::of(&Plan::new("shop", None, script.base), script.manners);
    script.down.iter().for_each(|address| world.down(address));
    let mut out = String::new();
    let mut hand = script.hand;
    loop {
        let changes = ChangeSet::toward(&target, &world.inventory());
        let mut tell = |at: Timestamp, effect: &Effect| line(&mut out, at, effect);
        let report = run(
            &mut world,
            &target,
            &changes,
            script.limits,
            &hand,
            &mut tell,
        );
        assert_eq!(world.wrong, Vec::<String>::new());
        match report {
            Some(report) => break close(&mut out, &report),
            None => out.push_str("  -- the process is gone; another one looks and begins --\n"),
        }
        hand = Hand::default();
    }
    let left = ChangeSet::toward(&target, &world.inventory()).changes.len();
    writeln!(out, "  left to do: {left}").expect("text");
    out
}

impl Script {
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let address = |word: &str| word.parse::<Address>().expect(word);
        let number = |word: &str| word.parse::<u64>().expect(word);
        match words.as_slice() {
            ["have", node, needs @ ..] => self.node(node, needs, &[Side::Base]),
            ["want", node, needs @ ..] => self.node(node, needs, &[Side::Target]),
            ["same", node, needs @ ..] => self.node(node, needs, &[Side::Base, Side::Both]),
            ["edit", node, needs @ ..] => self.node(node, needs, &[Side::Base, Side::Target]),
            ["down", node] => self.down.push(address(node)),
            ["slow", node, checks] => self.manner(node).checks = number(checks),
            ["long", node, write] => self.manner(node).write = number(write),
            ["fail", node, "rolled-back"] => {
                self.manner(node).fault = Some(Fault::Fails(Verdict::RolledBack));
            }
            ["fail", node] => self.manner(node).fault = Some(Fault::Fails(Verdict::CrashLooping)),
            ["reject", node] => self.manner(node).fault = Some(Fault::Rejected),
            ["deny", node] => self.manner(node).fault = Some(Fault::Denied),
            ["race", node] => self.manner(node).fault = Some(Fault::Raced),
            ["race", node, "alike"] => self.manner(node).fault = Some(Fault::RacedAlike),
            ["stuck", node] => self.manner(node).fault = Some(Fault::Stuck),
            ["mute", node] => self.manner(node).fault = Some(Fault::Mute),
            ["lose", node, times] => {
                let times = u32::try_from(number(times)).expect("a few");
                self.manner(node).fault = Some(Fault::Lost(times));
            }
            ["leaderless", node, times] => {
                let times = u32::try_from(number(times)).expect("a few");
                self.manner(node).fault = Some(Fault::Leaderless(times));
            }
            ["cancel", at] => self.hand.cancels.push(number(at)),
            ["crash", "after", inputs] => self.hand.crash = usize::try_from(number(inputs)).ok(),
            ["writes", at_once] => {
                self.limits.writes = usize::try_from(number(at_once)).expect("a few");
            }
            ["deadline", millis] => self.limits.deadline = number(millis),
            other => unreachable!("no script has the line {other:?}"),
        }
    }

    fn manner(&mut self, node: &str) -> &mut Manner {
        self.manners.entry(node.parse().expect(node)).or_default()
    }

    fn node(&mut self, node: &str, needs: &[&str], sides: &[Side]) {
        let address: Address = node.parse().expect(node);
        let needs: Vec<&str> = needs
            .iter()
            .copied()
            .filter(|word| *word != "needs")
            .collect();
        for side in sides {
            let made = build(&address, &needs, *side);
            match side {
                Side::Base => self.base.insert(address.clone(), made),
                Side::Target | Side::Both => self.target.insert(address.clone(), made),
            };
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Base,
    Target,
    /// As in the base.
    Both,
}

fn build(address: &Address, needs: &[&str], side: Side) -> PlanNode {
    let version = match side {
        Side::Base | Side::Both => "1",
        Side::Target => "2",
    };
    let name = format!("shop_{}", address.name);
    let hashed = format!("{name}-{version}");
    let payload = match address.kind {
        Kind::Network => Payload::Network(Network {
            name: hashed,
            driver: "overlay".to_owned(),
            ..Network::default()
        }),
        Kind::Node => Payload::Node(SwarmNode {
            host: name,
            labels: BTreeMap::from([("version".to_owned(), version.to_owned())]),
            ..SwarmNode::default()
        }),
        Kind::Volume => Payload::Volume(Volume {
            name,
            ..Volume::default()
        }),
        Kind::Config => {
            let content = Some(Content::Text(version.to_owned()));
            Payload::Config(Config {
                name: hashed,
                content,
                labels: BTreeMap::new(),
                external: false,
            })
        }
        Kind::Service | Kind::Gateway => Payload::Service(Box::new(service(name, version, needs))),
        Kind::Param
        | Kind::Registry
        | Kind::Secret
        | Kind::Certificate
        | Kind::Route
        | Kind::Flow => Payload::Declared(Value::Text(version.to_owned())),
    };
    let target = if payload.object().is_some() {
        Target::Swarm
    } else {
        Target::Declared
    };
    let mut node = PlanNode::new(address, target, payload, Origin::default());
    node.needs = needs
        .iter()
        .filter(|word| !word.starts_with("port="))
        .map(|need| need_of(need))
        .collect();
    node
}

/// What a service needs shows in its payload where it is an object it is attached to.
fn service(name: String, version: &str, words: &[&str]) -> Service {
    let mut service = Service {
        name,
        image: format!("app:{version}"),
        ..Service::default()
    };
    for word in words {
        match word.split_once(['.', '=']) {
            Some(("port", port)) => {
                service.publish.insert(format!("{port}/tcp"), PUBLISHED);
            }
            Some(("network", name)) => {
                service
                    .networks
                    .insert(format!("shop_{name}-{version}"), BTreeSet::new());
            }
            _ => {}
        }
    }
    service
}

const PUBLISHED: Published = Published {
    target: 8080,
    mode: PublishMode::Ingress,
};

fn need_of(word: &str) -> (Address, Need) {
    let (address, level) = word.split_once('=').unwrap_or((word, "exists"));
    let level = match level {
        "exists" => Need::Exists,
        "healthy" => Need::Healthy,
        other => unreachable!("no need is called {other}"),
    };
    (address.parse().expect(word), level)
}

fn line(out: &mut String, at: Timestamp, effect: &Effect) {
    let words = match effect {
        Effect::Write(address) => format!("-> write {address}"),
        Effect::Check(address, at) => format!("-> check {address} at {}", seconds(at.0)),
        Effect::Collect => "-> collect".to_owned(),
        Effect::Finish(_) => return,
        Effect::Tell(event) => match event {
            Event::Begun { address, action } => format!("begun: {} {address}", action.word()),
            Event::Written { address } => format!("written: {address}"),
            Event::Waiting { address, detail } => format!("waiting: {address}, {detail}"),
            Event::Done { address, millis } => format!("done: {address} in {}", seconds(*millis)),
            Event::Failed { address, failure } => format!(
                "failed: {address}, {:?}: {}",
                failure.verdict, failure.message
            ),
            Event::Skipped { address, because } => {
                format!("skipped: {address} because of {because}")
            }
            Event::Cancelling => "cancelling".to_owned(),
            Event::Uncollected { message } => format!("uncollected: {message}"),
        },
    };
    writeln!(out, "{} {words}", seconds(at.0)).expect("text");
}

fn close(out: &mut String, report: &ApplyReport) {
    writeln!(out, "{} {:?}", seconds(report.millis), report.outcome).expect("text");
    for (address, node) in &report.nodes {
        let words = match node {
            NodeOutcome::Done { action, .. } => format!("done ({})", action.word()),
            NodeOutcome::Failed(failure) => format!("failed ({:?})", failure.verdict),
            NodeOutcome::Skipped { because } => format!("skipped because of {because}"),
            NodeOutcome::Unsettled { action } => format!("unsettled ({})", action.word()),
            NodeOutcome::NotBegun => "not begun".to_owned(),
        };
        writeln!(out, "  {address}: {words}").expect("text");
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

fn check(name: &str, script: &str) {
    let script = script
        .trim()
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\n");
    let transcript = play(&script);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots/apply");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(script);
    settings.bind(|| assert_snapshot!(name, transcript));
}

#[test]
fn a_service_begins_when_the_one_it_needs_is_healthy() {
    check(
        "a_service_begins_when_the_one_it_needs_is_healthy",
        "
        want network.net
        want config.conf
        want service.db needs network.net
        want service.web needs config.conf service.db=healthy
        slow service.db 3
        ",
    );
}

#[test]
fn nothing_to_do_writes_nothing() {
    check(
        "nothing_to_do_writes_nothing",
        "
        same service.web
        same network.net
        ",
    );
}

#[test]
fn a_need_that_only_has_to_exist_is_not_waited_for() {
    check(
        "a_need_that_only_has_to_exist_is_not_waited_for",
        "
        want service.db
        want service.web needs service.db
        slow service.db 2
        ",
    );
}

#[test]
fn a_failed_service_skips_what_needs_it_and_every_delete_but_no_other_branch() {
    check(
        "a_failed_service_skips_what_needs_it_and_every_delete_but_no_other_branch",
        "
        have service.old
        edit service.db
        want service.web needs service.db=healthy
        want gateway.edge needs service.web
        want service.mail
        fail service.db
        ",
    );
}

#[test]
fn a_refused_first_write_leaves_everything_as_it_was() {
    check(
        "a_refused_first_write_leaves_everything_as_it_was",
        "
        want service.web
        reject service.web
        ",
    );
}

#[test]
fn what_is_not_ours_is_denied() {
    check(
        "what_is_not_ours_is_denied",
        "
        have service.old
        edit service.web
        deny service.web
        ",
    );
}

#[test]
fn a_rolled_back_service_is_no_success() {
    check(
        "a_rolled_back_service_is_no_success",
        "
        edit service.web
        edit service.mail
        slow service.web 2
        fail service.web rolled-back
        ",
    );
}

#[test]
fn what_is_still_on_its_way_at_its_deadline_timed_out() {
    check(
        "what_is_still_on_its_way_at_its_deadline_timed_out",
        "
        want service.db
        want service.web needs service.db=healthy
        stuck service.db
        deadline 1800
        ",
    );
}

#[test]
fn a_write_that_is_never_answered_does_not_hold_the_apply_for_ever() {
    check(
        "a_write_that_is_never_answered_does_not_hold_the_apply_for_ever",
        "
        want config.conf
        want service.web needs config.conf
        mute config.conf
        deadline 2000
        ",
    );
}

#[test]
fn a_write_that_got_no_answer_is_tried_again() {
    check(
        "a_write_that_got_no_answer_is_tried_again",
        "
        want config.conf
        want service.web needs config.conf
        lose config.conf 2
        ",
    );
}

#[test]
fn an_engine_that_never_answers_is_given_up() {
    check(
        "an_engine_that_never_answers_is_given_up",
        "
        edit service.web
        lose service.web 99
        ",
    );
}

#[test]
fn a_lost_race_fails_when_the_result_differs() {
    check(
        "a_lost_race_fails_when_the_result_differs",
        "
        edit service.web
        race service.web
        ",
    );
}

#[test]
fn a_lost_race_is_fine_when_the_result_is_the_same() {
    check(
        "a_lost_race_is_fine_when_the_result_is_the_same",
        "
        edit service.web
        race service.web alike
        ",
    );
}

#[test]
fn deletes_come_last_and_against_the_needs() {
    check(
        "deletes_come_last_and_against_the_needs",
        "
        have service.api needs network.net
        have network.net
        have config.conf
        edit service.web
        want service.mail
        ",
    );
}

#[test]
fn a_failed_delete_stops_the_others() {
    check(
        "a_failed_delete_stops_the_others",
        "
        have network.a
        have network.b
        reject network.a
        writes 1
        ",
    );
}

#[test]
fn a_new_config_lies_beside_the_old_until_all_is_done() {
    check(
        "a_new_config_lies_beside_the_old_until_all_is_done",
        "
        edit config.conf
        edit service.web needs config.conf
        ",
    );
}

#[test]
fn a_change_waits_for_an_unchanged_service_that_is_not_up() {
    check(
        "a_change_waits_for_an_unchanged_service_that_is_not_up",
        "
        same service.db
        edit service.web needs service.db=healthy
        down service.db
        slow service.db 2
        ",
    );
}

#[test]
fn an_unchanged_service_that_is_broken_is_the_reason() {
    check(
        "an_unchanged_service_that_is_broken_is_the_reason",
        "
        same service.db
        edit service.web needs service.db=healthy
        have service.old
        fail service.db
        ",
    );
}

#[test]
fn one_write_at_a_time() {
    check(
        "one_write_at_a_time",
        "
        want config.a
        want config.b
        want config.c
        writes 1
        ",
    );
}

#[test]
fn what_has_no_object_is_not_written() {
    check(
        "what_has_no_object_is_not_written",
        "
        want volume.disk
        want flow.nightly
        want service.db needs volume.disk
        ",
    );
}

#[test]
fn a_port_is_handed_over() {
    check(
        "a_port_is_handed_over",
        "
        have service.web port=80
        want service.site port=80
        same service.db
        ",
    );
}

#[test]
fn a_port_is_not_handed_over_after_a_failure() {
    check(
        "a_port_is_not_handed_over_after_a_failure",
        "
        have service.web port=80
        want service.site port=80
        want service.mail
        reject service.mail
        long service.mail 10
        want config.first
        writes 1
        ",
    );
}

#[test]
fn cancelled_once_it_finishes_what_it_began() {
    check(
        "cancelled_once_it_finishes_what_it_began",
        "
        want service.db
        want service.web needs service.db=healthy
        have service.old
        slow service.db 2
        cancel 50
        ",
    );
}

#[test]
fn cancelled_twice_it_stops_waiting() {
    check(
        "cancelled_twice_it_stops_waiting",
        "
        want service.db
        want service.web needs service.db=healthy
        stuck service.db
        cancel 300
        cancel 700
        ",
    );
}

#[test]
fn an_election_may_take_its_time() {
    check(
        "an_election_may_take_its_time",
        "
        want config.conf
        want service.web
        leaderless config.conf 8
        leaderless service.web 5
        ",
    );
}

#[test]
fn a_deadline_that_passes_without_a_leader_says_so() {
    check(
        "a_deadline_that_passes_without_a_leader_says_so",
        "
        want config.conf
        same service.db
        down service.db
        want service.web needs service.db=healthy
        leaderless config.conf 100
        leaderless service.db 100
        deadline 5000
        ",
    );
}

#[test]
fn a_swarm_that_elects_nobody_is_given_up() {
    check(
        "a_swarm_that_elects_nobody_is_given_up",
        "
        want config.conf
        leaderless config.conf 100
        ",
    );
}

#[test]
fn cancelled_between_two_tries_it_does_not_try_again() {
    check(
        "cancelled_between_two_tries_it_does_not_try_again",
        "
        want config.conf
        lose config.conf 3
        cancel 400
        ",
    );
}

#[test]
fn cancelled_when_all_is_done_it_is_done() {
    check(
        "cancelled_when_all_is_done_it_is_done",
        "
        want config.conf
        cancel 105
        ",
    );
}

#[test]
fn after_a_crash_the_next_apply_does_the_rest() {
    check(
        "after_a_crash_the_next_apply_does_the_rest",
        "
        have service.old
        want config.conf
        want service.db needs config.conf
        want service.web needs service.db=healthy
        slow service.db 1
        crash after 4
        ",
    );
}

#[test]
fn a_delete_is_not_tried_again_after_a_failure() {
    check(
        "a_delete_is_not_tried_again_after_a_failure",
        "
        have service.web port=80
        want service.site port=80
        want service.mail
        lose service.web 1
        reject service.mail
        long service.mail 300
        ",
    );
}
