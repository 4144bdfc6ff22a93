use super::*;
use crate::plan::{LogDriver, Mode, PublishMode, Published};
use crate::units::{Bytes, Cpu};

/// `a` is a manager in zone a, `b` a worker with an SSD.
fn machine(host: &str) -> Machine {
    let own = if host == "a" {
        ("zone", "a")
    } else {
        ("disk", "ssd")
    };
    Machine {
        id: format!("id-{host}"),
        host: host.to_owned(),
        address: format!("192.0.2.{}", host.len()),
        role: if host == "a" {
            Role::Manager
        } else {
            Role::Worker
        },
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        labels: BTreeMap::from([(own.0.to_owned(), own.1.to_owned())]),
        cpu: 2_000_000_000,
        memory: 4 << 30,
        generic: BTreeMap::from([("gpu".to_owned(), 1)]),
        ..Machine::default()
    }
}

fn service(edit: impl FnOnce(&mut Service)) -> Service {
    let mut service = Service {
        name: "web".to_owned(),
        ..Service::default()
    };
    edit(&mut service);
    service
}

fn constrained(constraint: &str) -> Service {
    service(|web| {
        web.placement.constraints.insert(constraint.to_owned());
    })
}

fn told(machine: &Machine, service: &Service) -> Vec<String> {
    let obstacles = machine.host().obstacles(service, &machine.load);
    obstacles.iter().map(ToString::to_string).collect()
}

#[test]
fn a_constraint_is_about_one_property_of_a_node() {
    for (constraint, expected) in [
        ("node.role==manager", "a"),
        ("node.role != manager", "b"),
        ("node.hostname==B", "b"),
        ("node.id==id-a", "a"),
        ("node.ip==192.0.2.1", "ab"),
        ("node.platform.os==linux", "ab"),
        ("node.platform.arch==x86_64", "ab"),
        ("node.labels.disk==ssd", "b"),
        ("node.labels.disk!=ssd", "a"),
        ("node.labels.moon==full", ""),
        ("engine.labels.os!=x", "ab"),
        ("planet==earth", ""),
        ("planet!=earth", ""),
    ] {
        let fits = ["a", "b"].map(machine);
        let fits = fits
            .iter()
            .filter(|m| m.host().suits(&constrained(constraint)));
        let hosts: String = fits.map(|machine| machine.host.as_str()).collect();
        assert_eq!(hosts, expected, "{constraint}");
    }
}

#[test]
fn what_is_no_constraint_is_told_in_the_engines_words() {
    let words = |text| Constraint::parse(text).err().map(|why| why.to_string());
    assert_eq!(
        words("node.role").as_deref(),
        Some("constraint expected one operator from ==, !=")
    );
    assert_eq!(words("1x==a").as_deref(), Some("key '1x' is invalid"));
    assert_eq!(words("node.role==").as_deref(), Some("value '' is invalid"));
}

#[test]
fn an_obstacle_says_what_is_there_and_what_was_wanted() {
    for (constraint, expected) in [
        (
            "node.labels.zone==b",
            "has the label `zone=a` (constraint `node.labels.zone==b`)",
        ),
        (
            "node.labels.disk==ssd",
            "lacks the label `disk=ssd` (constraint `node.labels.disk==ssd`)",
        ),
        (
            "node.role==worker",
            "is `manager` (constraint `node.role==worker`)",
        ),
        (
            "node.labels.zone!=a",
            "is `a` (constraint `node.labels.zone!=a`)",
        ),
        (
            "planet==earth",
            "does not meet the constraint `planet==earth`",
        ),
    ] {
        assert_eq!(told(&machine("a"), &constrained(constraint)), [expected]);
    }
}

#[test]
fn a_machine_that_is_away_or_closed_says_so() {
    let mut closed = machine("a");
    closed.availability = Availability::Drain;
    assert_eq!(told(&closed, &service(|_| {})), ["is drained"]);
    closed.availability = Availability::Pause;
    assert_eq!(told(&closed, &service(|_| {})), ["is paused"]);
    closed.state = MachineState::Down;
    assert_eq!(told(&closed, &service(|_| {})), ["is down"]);
}

#[test]
fn what_others_reserved_is_not_left() {
    let mut full = machine("a");
    let other = service(|other| {
        other.reserve.cpu = Some(Cpu(1_500_000_000));
        other.reserve.memory = Some(Bytes(3 << 30));
        other
            .reserve
            .generic
            .insert("gpu".to_owned(), "1".to_owned());
    });
    full.load.add("other", &Use::of(&other));
    let wants = service(|web| {
        web.reserve.cpu = Some(Cpu(1_000_000_000));
        web.reserve.memory = Some(Bytes(2 << 30));
        web.reserve.generic = BTreeMap::from([
            ("gpu".to_owned(), "1".to_owned()),
            ("fpga".to_owned(), "1".to_owned()),
        ]);
    });
    assert_eq!(
        told(&full, &wants),
        [
            "has 0.5 of 2 CPUs left, and a task reserves 1",
            "has 1GiB of 4GiB memory left, and a task reserves 2GiB",
            "offers no `fpga`",
            "has 0 of 1 `gpu` left, and a task reserves 1",
        ]
    );
    full.load = full.load.without(|name| name == "other");
    assert_eq!(told(&full, &wants), ["offers no `fpga`"]);
}

/// A service with one published port.
fn on_port_80(mode: PublishMode) -> Service {
    let published = Published { target: 80, mode };
    service(|web| web.publish = BTreeMap::from([("80/tcp".to_owned(), published)]))
}

#[test]
fn a_port_of_the_machine_is_named_with_its_holder() {
    let mut taken = machine("a");
    let edge = on_port_80(PublishMode::Host);
    taken.load.add("shop_edge", &Use::of(&edge));
    assert_eq!(
        told(&taken, &edge),
        ["has its port 80/tcp in use by `shop_edge`"]
    );
    assert_eq!(told(&taken, &on_port_80(PublishMode::Ingress)), [""; 0]);
}

#[test]
fn a_crowd_is_counted_by_service() {
    let one = service(|web| web.placement.max_per_node = Some(1));
    let mut crowded = machine("a");
    crowded.load.add("other", &Use::of(&one));
    assert_eq!(told(&crowded, &one), [""; 0]);
    crowded.load.add("web", &Use::of(&one));
    assert_eq!(
        told(&crowded, &one),
        ["already has 1 task of it (max-per-node 1)"]
    );
}

#[test]
fn processors_are_compared_as_images_spell_them() {
    let wants = |platform: &str| {
        service(|web| web.placement.platforms = BTreeSet::from([platform.to_owned()]))
    };
    assert_eq!(told(&machine("a"), &wants("linux/amd64")), [""; 0]);
    assert_eq!(
        told(&machine("a"), &wants("linux/arm64")),
        ["is linux/amd64, for which the image is not made"]
    );
}

#[test]
fn a_log_driver_is_missed_only_where_the_machine_tells_its_plugins() {
    let logs = service(|web| {
        web.log = Some(LogDriver {
            driver: "loki".to_owned(),
            options: BTreeMap::new(),
        });
    });
    assert_eq!(told(&machine("a"), &logs), [""; 0]);
    let plugins = BTreeSet::from([("Log".to_owned(), "journald".to_owned())]);
    let telling = Machine {
        plugins: Some(plugins),
        ..machine("a")
    };
    assert_eq!(told(&telling, &logs), ["has no log driver `loki`"]);
}

#[test]
fn the_first_obstacle_is_the_one_the_engine_counts() {
    let impossible = service(|web| {
        web.mode = Mode::Replicated;
        web.reserve.cpu = Some(Cpu(50_000_000_000));
        web.placement
            .constraints
            .insert("node.labels.zone==z".to_owned());
    });
    let obstacles = machine("a").host().obstacles(&impossible, &Load::default());
    let filters: Vec<Filter> = obstacles.iter().map(Obstacle::filter).collect();
    assert_eq!(filters, [Filter::Resources, Filter::Constraints]);
}
