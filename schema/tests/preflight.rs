//! What a look at the machines of a swarm says about changes before they are made.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::change::{ChangeSet, Effect};
use skep_schema::inventory::{
    Claim, Cluster, Foreign, Holder, Inventory, Machine, Observed, Readiness, Use, labelled,
};
use skep_schema::place::{Because, Concern, NodeFault};
use skep_schema::plan::{
    Need, Network, Order, Origin, Payload, Plan, PlanNode, PoolRange, PublishMode, Published,
    Service, SwarmNode, Target,
};

fn machine(host: &str, labels: &[(&str, &str)]) -> Machine {
    Machine {
        id: format!("id-{host}"),
        host: host.to_owned(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        labels: texts(labels),
        cpu: 2_000_000_000,
        memory: 4 << 30,
        ..Machine::default()
    }
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

fn service(edit: impl FnOnce(&mut Service)) -> Service {
    let mut service = Service {
        name: "shop_web".to_owned(),
        image: "bb:1".to_owned(),
        replicas: Some(1),
        ..Service::default()
    };
    edit(&mut service);
    service
}

fn in_zone_a(web: &mut Service) {
    let constraint = "node.labels.zone==a".to_owned();
    web.placement.constraints = BTreeSet::from([constraint]);
}

fn labels(host: &str, labels: &[(&str, &str)]) -> SwarmNode {
    SwarmNode {
        host: host.to_owned(),
        assert: false,
        labels: texts(labels),
    }
}

fn plan(payloads: Vec<(Kind, &str, Payload)>) -> Plan {
    let nodes = payloads.into_iter().map(|(kind, name, payload)| {
        let address = Address::new(kind, name);
        let node = PlanNode::new(&address, Target::Swarm, payload, Origin::default());
        (address, node)
    });
    Plan::new("shop", None, nodes.collect())
}

fn of(service: Service) -> Plan {
    plan(vec![(
        Kind::Service,
        "web",
        Payload::Service(Box::new(service)),
    )])
}

fn cluster(machines: Vec<Machine>) -> Cluster {
    Cluster {
        machines,
        ..Cluster::default()
    }
}

/// What stands in the way when nothing of the plan is there yet.
fn concerns(plan: &Plan, cluster: Cluster) -> Vec<Concern> {
    let inventory = Inventory {
        cluster,
        ..Inventory::default()
    };
    ChangeSet::toward(plan, &inventory).concerns
}

/// The change of a service that runs, with all its tasks on these machines.
fn change(before: &Service, after: Service, mut machines: Vec<Machine>) -> Vec<Concern> {
    for machine in &mut machines {
        machine.load.add(&before.name, &Use::of(before));
    }
    let inventory = Inventory {
        nodes: running(before),
        cluster: cluster(machines),
        ..Inventory::default()
    };
    ChangeSet::toward(&of(after), &inventory).concerns
}

fn running(service: &Service) -> BTreeMap<Address, Observed> {
    let tasks = u64::from(service.replicas.unwrap_or(1));
    let observed = Observed {
        payload: Payload::Service(Box::new(service.clone())),
        digest: None,
        readiness: Readiness::Ready {
            running: tasks,
            desired: tasks,
        },
        was: None,
    };
    BTreeMap::from([(Address::new(Kind::Service, "web"), observed)])
}

fn because(concerns: &[Concern]) -> Vec<Because> {
    concerns.iter().map(|concern| concern.because).collect()
}

#[test]
fn no_machine_for_a_new_service_is_told_machine_by_machine() {
    let machines = vec![machine("w1", &[]), machine("w2", &[("zone", "b")])];
    let found = concerns(&of(service(in_zone_a)), cluster(machines));
    assert_eq!(because(&found), [Because::NoMachine]);
    let told: Vec<_> = found[0]
        .machines
        .iter()
        .map(|lacking| (lacking.host.as_str(), lacking.reasons.as_slice()))
        .collect();
    let reasons = [
        ["lacks the label `zone=a` (constraint `node.labels.zone==a`)".to_owned()],
        ["has the label `zone=b` (constraint `node.labels.zone==a`)".to_owned()],
    ];
    assert_eq!(told, [("w1", &reasons[0][..]), ("w2", &reasons[1][..])]);
}

#[test]
fn a_label_that_the_same_plan_sets_counts() {
    let node = Payload::Node(labels("w1", &[("zone", "a")]));
    let web = Payload::Service(Box::new(service(in_zone_a)));
    let plan = plan(vec![(Kind::Node, "w1", node), (Kind::Service, "web", web)]);
    let machines = vec![machine("w1", &[])];
    let inventory = Inventory {
        nodes: labelled(&machines, "shop", &plan),
        cluster: cluster(machines),
        ..Inventory::default()
    };
    assert_eq!(ChangeSet::toward(&plan, &inventory).concerns, []);
}

#[test]
fn room_for_some_of_the_tasks_is_a_warning() {
    let web = service(|web| {
        web.replicas = Some(3);
        web.placement.max_per_node = Some(1);
    });
    let found = concerns(
        &of(web),
        cluster(vec![machine("w1", &[]), machine("w2", &[])]),
    );
    assert_eq!(because(&found), [Because::NoRoom]);
    assert_eq!(found[0].message, "there is room for 2 of its 3 tasks");
    assert!(!found[0].because.is_grave());
}

#[test]
fn a_machine_without_a_limit_has_room_for_all() {
    let web = service(|web| web.replicas = Some(1000));
    assert_eq!(concerns(&of(web), cluster(vec![machine("w1", &[])])), []);
}

#[test]
fn what_the_old_task_holds_is_free_for_the_new_one_unless_that_starts_first() {
    let mode = PublishMode::Host;
    let before = service(|web| {
        web.publish = BTreeMap::from([("80/tcp".to_owned(), Published { target: 80, mode })]);
    });
    let after = |order| Service {
        image: "bb:2".to_owned(),
        update: skep_schema::plan::Rollout {
            order,
            ..before.update
        },
        ..before.clone()
    };
    let one = || vec![machine("w1", &[])];
    assert_eq!(change(&before, after(None), one()), []);
    let first = after(Some(Order::StartFirst));
    assert_eq!(
        because(&change(&before, first.clone(), one())),
        [Because::Deadlock]
    );
    // A machine that is free takes the new task.
    let mut machines = one();
    machines[0].load.add(&before.name, &Use::of(&before));
    machines.push(machine("w2", &[]));
    let inventory = Inventory {
        nodes: running(&before),
        cluster: cluster(machines),
        ..Inventory::default()
    };
    assert_eq!(ChangeSet::toward(&of(first), &inventory).concerns, []);
}

#[test]
fn a_change_that_starts_no_task_is_no_concern() {
    let before = service(in_zone_a);
    let mut after = before.clone();
    after.labels = texts(&[("team", "a")]);
    assert_eq!(change(&before, after, vec![machine("w1", &[])]), []);
}

#[test]
fn ports_and_subnets_of_others_are_named_with_their_owner() {
    let ingress = |port: &str, mode| {
        let published = Published { target: 80, mode };
        of(service(|web| {
            web.publish = BTreeMap::from([(port.to_owned(), published)]);
        }))
    };
    let holder = |mode| Holder {
        mode,
        of: "service blog_web of stack blog".to_owned(),
    };
    let (mesh, host) = (PublishMode::Ingress, PublishMode::Host);
    for (mine, theirs, is_taken) in [
        (mesh, mesh, true),
        (mesh, host, true),
        (host, mesh, true),
        (host, host, false),
    ] {
        let foreign = Foreign {
            ports: BTreeMap::from([("80/tcp".to_owned(), holder(theirs))]),
            ..Foreign::default()
        };
        let cluster = Cluster {
            foreign,
            ..cluster(vec![machine("w1", &[])])
        };
        let found = concerns(&ingress("80/tcp", mine), cluster.clone());
        assert_eq!(
            because(&found),
            vec![Because::PortTaken; usize::from(is_taken)]
        );
        assert_eq!(concerns(&ingress("80/udp", mine), cluster), []);
    }
}

#[test]
fn a_subnet_overlaps_where_one_holds_the_other() {
    for (mine, theirs, overlaps) in [
        ("10.0.0.128/25", "10.0.0.0/24", true),
        ("10.0.0.0/8", "10.9.0.0/24", true),
        ("10.0.1.0/24", "10.0.0.0/24", false),
        ("0.0.0.0/0", "10.0.0.0/24", true),
        ("fd00::/64", "10.0.0.0/24", false),
        ("fd00::/64", "fd00::/48", true),
        ("nonsense", "10.0.0.0/24", false),
    ] {
        let network = Payload::Network(Network {
            name: "shop_data".to_owned(),
            subnets: BTreeSet::from([PoolRange {
                subnet: mine.to_owned(),
                gateway: None,
            }]),
            ..Network::default()
        });
        let plan = plan(vec![(Kind::Network, "data", network)]);
        let cluster = Cluster {
            foreign: Foreign {
                subnets: texts(&[(theirs, "network ingress")]),
                ..Foreign::default()
            },
            ..cluster(vec![machine("w1", &[])])
        };
        let found = concerns(&plan, cluster);
        assert_eq!(!found.is_empty(), overlaps, "{mine} {theirs}");
    }
}

/// A service that refers to the external network `db_data`, which the stack `db` makes.
fn beside_db(more: Vec<(Kind, &str, Payload)>) -> Plan {
    let network = |name: &str, external| Network {
        name: name.to_owned(),
        external,
        ..Network::default()
    };
    let data = Address::new(Kind::Network, "data");
    let web = Address::new(Kind::Service, "web");
    let mut all = vec![
        (
            Kind::Network,
            "data",
            Payload::Network(network("db_data", true)),
        ),
        (
            Kind::Network,
            "idle",
            Payload::Network(network("idle", true)),
        ),
        (
            Kind::Service,
            "web",
            Payload::Service(Box::new(service(|_| {}))),
        ),
    ];
    all.extend(more);
    let mut plan = plan(all);
    plan.nodes.get_mut(&data).expect("it is there").origin = Origin {
        file: "skep.kdl".to_owned(),
        line: 2,
        stack: Some("db".to_owned()),
        ..Origin::default()
    };
    let web = plan.nodes.get_mut(&web).expect("it is there");
    web.needs = BTreeMap::from([(data, Need::Exists)]);
    plan
}

/// The concerns about a plan of whose external networks these are not there.
fn without(plan: &Plan, names: &[(&str, Option<&str>)]) -> Vec<Concern> {
    let absent = names.iter().map(|(name, near)| {
        let near = near.map(str::to_owned);
        ((Kind::Network, (*name).to_owned()), near)
    });
    let inventory = Inventory {
        absent: absent.collect(),
        ..Inventory::default()
    };
    ChangeSet::toward(plan, &inventory).concerns
}

#[test]
fn what_a_change_refers_to_and_nobody_made_is_named_with_its_stack() {
    let plan = beside_db(Vec::new());
    let found = without(&plan, &[("db_data", Some("db_date")), ("idle", None)]);
    assert_eq!(because(&found), [Because::Absent]);
    assert_eq!(found[0].address, Address::new(Kind::Service, "web"));
    assert_eq!(
        found[0].message,
        "`network.data` (skep.kdl:2) is not there: no network is called `db_data`"
    );
    assert_eq!(
        found[0].help(),
        "apply the stack `db` first, which makes it; there is `db_date`"
    );
    assert!(found[0].because.is_grave());
    assert_eq!(without(&plan, &[]), []);
}

#[test]
fn what_runs_already_misses_nothing() {
    let plan = beside_db(Vec::new());
    let inventory = Inventory {
        nodes: running(&service(|_| {})),
        absent: BTreeMap::from([((Kind::Network, "db_data".to_owned()), None)]),
        ..Inventory::default()
    };
    assert_eq!(ChangeSet::toward(&plan, &inventory).concerns, []);
}

#[test]
fn what_the_same_plan_makes_is_not_missed() {
    let own = Network {
        name: "db_data".to_owned(),
        ..Network::default()
    };
    let plan = beside_db(vec![(Kind::Network, "own", Payload::Network(own))]);
    assert_eq!(without(&plan, &[("db_data", None)]), []);
}

/// The machine as a stack has labelled it.
fn claimed(stack: &str, set: &[(&str, &str)], labels: &[(&str, &str)]) -> Machine {
    let address = Address::new(Kind::Node, "w1");
    let digest = Payload::Node(SwarmNode::default()).digest(Kind::Node);
    let claim = Claim {
        address,
        digest,
        set: texts(set),
    };
    Machine {
        claims: BTreeMap::from([(stack.to_owned(), claim)]),
        ..machine("w1", labels)
    }
}

#[test]
fn labels_of_others_are_neither_seen_nor_taken_off() {
    let wanted = labels("w1", &[("zone", "a")]);
    let machine = claimed("shop", &[("zone", "a")], &[("zone", "a"), ("disk", "ssd")]);
    let seen = machine.as_node("shop", Some(&wanted));
    assert_eq!(seen, wanted);
    let gone = machine.as_node("shop", None);
    assert_eq!(gone, wanted, "what we set is ours to take off");
    let left = machine.relabelled(&gone, &SwarmNode::default());
    assert_eq!(left, texts(&[("disk", "ssd")]));
}

#[test]
fn a_label_that_was_there_before_is_never_taken_off() {
    let machine = machine("w1", &[("zone", "a")]);
    let wanted = labels("w1", &[("zone", "a"), ("disk", "ssd")]);
    let seen = machine.as_node("shop", Some(&wanted));
    let set = machine.claimed("shop", &seen, &wanted);
    assert_eq!(set, texts(&[("disk", "ssd")]));
}

#[test]
fn a_label_somebody_changed_since_is_no_longer_ours_to_take_off() {
    let machine = claimed("shop", &[("zone", "a")], &[("zone", "b")]);
    assert_eq!(machine.as_node("shop", None), labels("w1", &[]));
    let wanted = labels("w1", &[("zone", "a")]);
    assert_eq!(
        machine.as_node("shop", Some(&wanted)),
        labels("w1", &[("zone", "b")]),
        "but as long as it is declared it is put right"
    );
}

#[test]
fn a_shared_label_is_claimed_by_both_and_stays_with_the_last() {
    let machine = claimed("blog", &[("zone", "a")], &[("zone", "a")]);
    let wanted = labels("w1", &[("zone", "a")]);
    let seen = machine.as_node("shop", Some(&wanted));
    assert_eq!(seen, labels("w1", &[]), "it has to be claimed first");
    assert_eq!(
        machine.claimed("shop", &seen, &wanted),
        texts(&[("zone", "a")])
    );
    let mut both = machine;
    both.claims
        .extend(claimed("shop", &[("zone", "a")], &[]).claims);
    assert_eq!(both.as_node("shop", Some(&wanted)), wanted);
    assert_eq!(both.as_node("shop", None), labels("w1", &[]));
}

fn faults(node: SwarmNode, machines: Vec<Machine>) -> Vec<String> {
    let plan = plan(vec![(Kind::Node, "w1", Payload::Node(node))]);
    let faults = NodeFault::all(&plan, &cluster(machines));
    faults
        .iter()
        .map(|fault| format!("{fault}; help: {}", fault.help()))
        .collect()
}

#[test]
fn what_the_cluster_cannot_give_is_refused_with_the_way_out() {
    let wanted = || labels("w1", &[("zone", "a")]);
    assert_eq!(
        faults(wanted(), vec![machine("w2", &[]), machine("w3", &[])]),
        ["`node.w1`: no machine of the swarm is called `w1`; help: the swarm has w2, w3"]
    );
    let asserted = || SwarmNode {
        assert: true,
        ..wanted()
    };
    assert_eq!(
        faults(asserted(), vec![machine("w1", &[("zone", "b")])]),
        [
            "`node.w1` wants `zone=a`, and w1 has `zone=b`; help: docker node update --label-add \
          zone=a w1; or let Skep do it: `mode=set`"
        ]
    );
    assert_eq!(
        faults(asserted(), vec![machine("w1", &[("zone", "a")])]),
        [""; 0]
    );
    assert_eq!(
        faults(
            wanted(),
            vec![claimed("blog", &[("zone", "b")], &[("zone", "b")])]
        ),
        [
            "`node.w1` wants `zone=a`, and stack blog gave w1 `zone=b`; help: agree with stack blog \
          on one value, or use another label; if that stack is no more: docker node update \
          --label-rm skep.node.blog w1"
        ]
    );
}

#[test]
fn a_machine_that_joined_again_is_the_one_that_is_ready() {
    let former = Machine {
        id: "id-former".to_owned(),
        state: skep_schema::inventory::MachineState::Down,
        ..machine("w1", &[])
    };
    let wanted = labels("w1", &[("zone", "a")]);
    assert_eq!(
        faults(wanted.clone(), vec![former, machine("w1", &[])]),
        [""; 0]
    );
    let twins = vec![machine("w1", &[]), machine("w1", &[])];
    assert_eq!(faults(wanted, twins).len(), 1);
}

#[test]
fn a_label_that_goes_evicts_what_asks_for_it() {
    let web = service(|web| {
        in_zone_a(web);
        web.replicas = Some(2);
    });
    let mut labelled_machine = claimed("shop", &[("zone", "a")], &[("zone", "a")]);
    labelled_machine.load.add(&web.name, &Use::of(&web));
    for (tasks_elsewhere, effect) in [(false, Effect::Downtime), (true, Effect::RollingRestart)] {
        let mut machine = labelled_machine.clone();
        if !tasks_elsewhere {
            machine.load.add(&web.name, &Use::of(&web));
        }
        let node = Payload::Node(labels("w1", &[("zone", "b")]));
        let service = Payload::Service(Box::new(web.clone()));
        let plan = plan(vec![
            (Kind::Node, "w1", node),
            (Kind::Service, "web", service),
        ]);
        let machines = vec![machine];
        let mut nodes = running(&web);
        nodes.extend(labelled(&machines, "shop", &plan));
        let inventory = Inventory {
            nodes,
            cluster: cluster(machines),
            ..Inventory::default()
        };
        let changes = ChangeSet::toward(&plan, &inventory);
        let change = &changes.changes[0];
        let leave = if tasks_elsewhere { 1 } else { 2 };
        assert_eq!(change.effect, effect);
        assert_eq!(
            change.evicts,
            BTreeMap::from([(Address::new(Kind::Service, "web"), leave)])
        );
        assert_eq!(changes.summary.tasks_restarted, leave);
    }
}
