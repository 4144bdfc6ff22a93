use skep_engine::lock::{Held, Holder};
use skep_providers::swarm::Greeting;
use skep_schema::doctor::{DOCTOR_FORMAT, DoctorReport};
use skep_schema::event::Timestamp;

use super::*;
use crate::exit::Exit;
use crate::output::doctor::human;
use crate::output::paint::{Colour, Paint};

/// A project that compiles, an engine that answers, a swarm of three with nothing wrong.
fn fine() -> Facts {
    Facts {
        project: Ok("/srv/shop".to_owned()),
        git: Git::Inside,
        spec: Some(Spec {
            stack: Some("shop@prod".to_owned()),
            nodes: 12,
            is_pinned: true,
            wants_ingress: true,
            ..Spec::default()
        }),
        docker: Ok("/root/.docker/config.json".to_owned()),
        logins: [("ghcr.io".to_owned(), Ok(true))].into(),
        engine: Some(Engine {
            name: "context prod".to_owned(),
            answer: Ok(Greeting {
                engine: "28.0.1".to_owned(),
                api: "1.48".to_owned(),
                clock: Some(Timestamp(1_000_000)),
                ingress: Some(true),
            }),
            asked: (Timestamp(999_900), Timestamp(1_000_100)),
        }),
        swarm: Some(Ok(Swarm {
            name: "the swarm at context prod (q6mi7lp2, 3 nodes)".to_owned(),
            machines: ["a", "b", "c"].map(manager).into(),
            last: Some((7, Some(Outcome::Done))),
            ..Swarm::default()
        })),
    }
}

fn manager(host: &str) -> Machine {
    Machine {
        host: host.to_owned(),
        role: Role::Manager,
        ..Machine::default()
    }
}

fn seen(facts: &mut Facts) -> &mut Swarm {
    let swarm = facts.swarm.as_mut().expect("a swarm");
    swarm.as_mut().expect("that was seen")
}

fn told(facts: &Facts) -> String {
    let report = DoctorReport {
        format: DOCTOR_FORMAT.to_owned(),
        stack: None,
        findings: all(facts),
    };
    human(&report, Paint::choose(Colour::Never, &std::io::stdout()))
}

/// The lines that are not ok.
#[track_caller]
fn check(facts: &Facts, expect: &str) {
    let told = told(facts);
    let bad = told.lines().filter(|line| !line.starts_with("ok "));
    let bad: Vec<&str> = bad.map(str::trim_end).collect();
    assert_eq!(bad.join("\n").trim(), expect.trim(), "{told}");
}

#[test]
fn where_nothing_is_wrong_every_line_is_ok() {
    check(&fine(), "nothing is in the way");
    assert_eq!(
        told(&fine()),
        "\
ok    project        found in /srv/shop
ok    spec           it compiles: 12 nodes
ok    pins           skep.lock is up to date
ok    git            the project is in a repository
ok    docker config  /root/.docker/config.json can be read
ok    login          there is one for ghcr.io
ok    engine         context prod answers: Docker 28.0.1, API 1.48
ok    clock          this machine and the engine agree on the time
ok    ingress        the swarm has its ingress network
ok    swarm          the swarm at context prod (q6mi7lp2, 3 nodes) answers
ok    managers       3 managers, 1 may be lost
ok    machines       3 machines for tasks
ok    lock           nobody is applying
ok    history        r7 was applied

nothing is in the way
"
    );
}

#[test]
fn an_engine_that_does_not_answer_is_told_once() {
    let mut facts = fine();
    let failure = || {
        Failure::new(
            Exit::Unreachable,
            "unix:///run/docker.sock: there is no socket",
        )
        .help("to try things out without Docker: --target model")
    };
    facts.engine.as_mut().expect("an engine").answer = Err(failure());
    facts.swarm = Some(Err(failure()));
    check(
        &facts,
        "
FAIL  engine         unix:///run/docker.sock: there is no socket
                     fix: to try things out without Docker: --target model

1 failure, 0 warnings",
    );
}

#[test]
fn a_worker_answers_and_is_no_swarm() {
    let mut facts = fine();
    let message = "tcp://w1:2375: this node is a worker of its swarm; use a manager";
    facts.swarm = Some(Err(Failure::new(Exit::Unreachable, message)));
    check(
        &facts,
        "
FAIL  swarm          tcp://w1:2375: this node is a worker of its swarm; use a manager
                     fix: name a manager with --host or --context, or make this engine one

1 failure, 0 warnings",
    );
}

#[test]
fn clocks_may_differ_by_what_a_lease_bears() {
    let mut facts = fine();
    let mut at = |millis| {
        let engine = facts.engine.as_mut().expect("an engine");
        engine.answer.as_mut().expect("an answer").clock = Some(Timestamp(millis));
        let finding = clock(engine).expect("a finding");
        finding.message
    };
    let fine = "this machine and the engine agree on the time";
    assert_eq!(at(1_000_100 + SKEW), fine);
    assert_eq!(at(999_900 - SKEW), fine);
    assert_eq!(
        at(1_000_100 + 61_000),
        "the engine is 1 min ahead of this machine"
    );
    assert_eq!(
        at(999_900 - 120_000),
        "the engine is 2 min behind this machine"
    );
}

#[test]
fn machines_that_take_no_task_are_named() {
    let mut facts = fine();
    let machines = &mut seen(&mut facts).machines;
    machines[0].availability = Availability::Drain;
    machines[1].state = MachineState::Down;
    check(
        &facts,
        "
warn  managers       1 of 3 managers are away: one more, and nothing can be changed
                     fix: start them, or `docker node demote` those that will not come back
warn  machines       `a` is drained
                     fix: docker node update --availability active a
warn  machines       `b` is down
                     fix: start it, or `docker node rm b` if it will not come back

3 warnings, nothing is in the way",
    );
    for machine in &mut seen(&mut facts).machines {
        machine.state = MachineState::Ready;
        machine.availability = Availability::Pause;
    }
    assert!(told(&facts).contains("FAIL  machines       none of the machines takes a task\n"));
}

#[test]
fn an_even_number_of_managers_bears_no_more() {
    let mut facts = fine();
    seen(&mut facts).machines.pop();
    check(
        &facts,
        "
warn  managers       2 managers bear no more losses than 1 would
                     fix: have an odd number: docker node promote, or demote

1 warning, nothing is in the way",
    );
}

#[test]
fn what_the_project_lacks_comes_with_a_way_to_get_it() {
    let mut facts = fine();
    facts.git = Git::Missing;
    facts.docker = Err("/root/.docker/config.json: it cannot be read: no JSON".to_owned());
    facts.logins = [(
        "ghcr.io".to_owned(),
        Err("`docker-credential-x` gave no login: gone".to_owned()),
    )]
    .into();
    let spec = facts.spec.as_mut().expect("a spec");
    spec.unpinned = ["redis:7".to_owned()].into();
    spec.programs = [("sops".to_owned(), false), ("age".to_owned(), true)].into();
    let why = (
        "the environment variable `PW` is not set".to_owned(),
        "set `PW` where skep runs".to_owned(),
    );
    spec.secrets
        .insert("secret.pw".parse().expect("an address"), Some(why));
    check(
        &facts,
        "
warn  pins           skep.lock lacks `redis:7`
                     fix: skep lock
FAIL  secrets        `secret.pw` has no value here: the environment variable `PW` is not set
                     fix: set `PW` where skep runs
FAIL  programs       `sops`, which gives values of secrets, is not installed
                     fix: install `sops`, or change `from command=..` of the secret
warn  git            there is no `git`, which `--base REV` and imports from git need
                     fix: install git
FAIL  docker config  /root/.docker/config.json: it cannot be read: no JSON
                     fix: mend the file; DOCKER_CONFIG names the folder of another
warn  login          that for ghcr.io cannot be had: `docker-credential-x` gave no login: gone
                     fix: docker login ghcr.io

3 failures, 3 warnings",
    );
}

#[test]
fn what_an_apply_left_behind_is_told() {
    let mut facts = fine();
    let held = Held {
        holder: Holder {
            who: "ann@laptop".to_owned(),
            purpose: "apply".to_owned(),
            process: String::new(),
            nonce: String::new(),
        },
        since: Timestamp(0),
        until: Timestamp(1),
    };
    let seen = seen(&mut facts);
    seen.lock = Some(Lock {
        held,
        is_over: true,
    });
    seen.last = Some((8, None));
    seen.orphans = vec!["service.old".parse().expect("an address")];
    seen.unsettled = [(
        "service.api".parse().expect("an address"),
        "1 of 3 running".to_owned(),
    )]
    .into();
    check(
        &facts,
        "
warn  orphans        of the stack and not in the spec: `service.old`
                     fix: an apply removes them; `forget` in the spec lets them stay
warn  tasks          `service.api` has not arrived: 1 of 3 running
                     fix: skep status
warn  lock           ann@laptop left it behind, and it has run out
                     fix: none is needed: the next apply takes it. What was begun: skep plan
warn  history        r8 has no ending: it runs, or its process was killed
                     fix: skep plan says what is left, `skep rollback` goes back

4 warnings, nothing is in the way",
    );
}

#[test]
fn a_port_on_all_machines_needs_the_ingress_network() {
    let mut facts = fine();
    let engine = facts.engine.as_mut().expect("an engine");
    engine.answer.as_mut().expect("an answer").ingress = Some(false);
    assert!(told(&facts).contains("FAIL  ingress "));
    facts.spec.as_mut().expect("a spec").wants_ingress = false;
    check(&facts, "nothing is in the way");
}
