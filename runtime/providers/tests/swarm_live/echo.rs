//! What the engine makes of a spec, and that it reads back as it was meant.

use std::collections::{BTreeMap, BTreeSet};

use skep_engine::drive::look;
use skep_engine::provider::{Kept, Provider};
use skep_schema::plan::{
    Condition, Dns, Endpoint, FailureAction, FileRef, Health, HealthTest, Limits, LogDriver, Mode,
    Mount, MountSource, Network, Order, Placement, Plan, PoolRange, PublishMode, Published,
    Reserve, Restart, Rollout, Service, Stop, Ulimit,
};
use skep_schema::units::{Bytes, Cpu, Duration, FileMode, Ratio};

use crate::lab::{BUSYBOX, Lab, config, network, service};

fn text(text: &str) -> String {
    text.to_owned()
}

fn texts<const N: usize>(all: [(&str, &str); N]) -> BTreeMap<String, String> {
    all.map(|(key, value)| (text(key), text(value))).into()
}

fn set<const N: usize>(all: [&str; N]) -> BTreeSet<String> {
    all.map(text).into()
}

fn file(source: &str) -> FileRef {
    FileRef {
        source: text(source),
        uid: text("7"),
        gid: text("8"),
        mode: FileMode(0o400),
    }
}

/// All that API 1.41 keeps. No task runs, so that nodes need not have what is asked for.
#[expect(clippy::too_many_lines, reason = "a list of every property there is")]
fn rich(lab: &Lab) -> Service {
    let volume = MountSource::Volume {
        name: lab.name("data"),
        driver: None,
        options: texts([("type", "tmpfs"), ("device", "tmpfs")]),
        labels: texts([("l", "v")]),
        no_copy: true,
        subpath: None,
    };
    let tmpfs = MountSource::Tmpfs {
        size: Some(Bytes(1 << 20)),
        mode: Some(FileMode(0o700)),
    };
    let bind = MountSource::Bind {
        path: text("/srv"),
        propagation: Some(text("rshared")),
    };
    let rollout = Rollout {
        parallelism: Some(0),
        delay: Some(Duration::seconds(3)),
        order: Some(Order::StartFirst),
        on_failure: Some(FailureAction::Continue),
        monitor: Some(Duration::seconds(7)),
        max_failure_ratio: Some(Ratio(123_456)),
    };
    let mut service = Service {
        name: lab.name("rich"),
        image: text(BUSYBOX),
        entrypoint: vec![text("/bin/sh"), text("-c")],
        command: vec![text("sleep 1d"), String::new()],
        mode: Mode::Replicated,
        replicas: Some(0),
        env: texts([("B", "2"), ("A", "with = and \"quotes\""), ("EMPTY", "")]),
        user: Some(text("1000:1000")),
        groups: vec![text("27"), text("4")],
        workdir: Some(text("/tmp")),
        hostname: Some(text("{{.Service.Name}}")),
        domainname: Some(text("example.test")),
        tty: true,
        stdin: true,
        init: true,
        read_only: true,
        hosts: BTreeMap::from([(text("db.test"), set(["10.1.0.1", "10.1.0.2"]))]),
        dns: Dns {
            servers: vec![text("1.1.1.1")],
            search: vec![text("test")],
            options: vec![text("ndots:2")],
        },
        endpoint: Endpoint::Dnsrr,
        networks: BTreeMap::from([
            (lab.name("front"), set(["api", "web"])),
            (lab.name("back"), set([])),
        ]),
        ..Service::default()
    };
    let published = Published {
        target: 80,
        mode: PublishMode::Host,
    };
    service.publish = BTreeMap::from([
        (text("18080/tcp"), published),
        (text("18080/udp"), published),
    ]);
    service.configs = BTreeMap::from([(text("/etc/app.conf"), file(&lab.name("conf-v1")))]);
    service.mounts = [("/data", volume), ("/scratch", tmpfs), ("/srv", bind)]
        .map(|(path, from)| {
            (
                text(path),
                Mount {
                    from,
                    read_only: path == "/srv",
                },
            )
        })
        .into();
    service.health = Some(Health {
        test: HealthTest::Command(vec![text("true")]),
        every: Some(Duration::seconds(9)),
        timeout: Some(Duration::milliseconds(1500)),
        retries: Some(4),
        start: Some(Duration::seconds(2)),
        start_every: None,
    });
    service.limits = Limits {
        cpu: Some(Cpu(500_000_001)),
        memory: Some(Bytes(64 << 20)),
        pids: Some(50),
    };
    let generic = texts([("gpu", "2"), ("fpga", "left")]);
    service.reserve = Reserve {
        cpu: Some(Cpu(1_000_000)),
        memory: Some(Bytes(8 << 20)),
        generic,
    };
    service.placement = Placement {
        constraints: set(["node.labels.disk==ssd", "node.hostname!=a b"]),
        spread: vec![text("node.labels.zone"), text("node.labels.rack")],
        max_per_node: Some(3),
        platforms: set(["linux/amd64", "linux/arm64"]),
    };
    service.restart = Restart {
        condition: Some(Condition::OnFailure),
        delay: Some(Duration(0)),
        max: Some(5),
        window: Some(Duration::seconds(60)),
    };
    service.stop = Stop {
        signal: Some(text("SIGINT")),
        grace: Some(Duration(0)),
    };
    service.update = rollout;
    service.rollback = Rollout {
        on_failure: Some(FailureAction::Pause),
        ..rollout
    };
    service.sysctls = texts([("net.core.somaxconn", "1024")]);
    service.ulimits = BTreeMap::from([(text("nofile"), Ulimit { soft: 64, hard: -1 })]);
    service.cap_add = set(["CAP_NET_ADMIN"]);
    service.cap_drop = set(["ALL"]);
    service.security.selinux =
        texts([("type", "t"), ("level", "s0"), ("user", "u"), ("role", "r")]);
    service.isolation = Some(text("process"));
    service.log = Some(LogDriver {
        driver: text("json-file"),
        options: texts([("max-size", "1m")]),
    });
    service.labels = texts([("com.example.team", "shop"), ("empty", "")]);
    service.container_labels = texts([("in", "side")]);
    service
}

fn networks(lab: &Lab) -> [(skep_schema::address::Address, skep_schema::plan::Payload); 2] {
    let front = Network {
        name: lab.name("front"),
        driver: text("overlay"),
        attachable: true,
        internal: true,
        encrypted: true,
        subnets: BTreeSet::from([PoolRange {
            subnet: text("172.31.77.0/24"),
            gateway: Some(text("172.31.77.9")),
        }]),
        options: texts([("com.docker.network.driver.mtu", "1400")]),
        labels: texts([("net", "label")]),
        external: false,
    };
    let back = Network {
        name: lab.name("back"),
        driver: text("overlay"),
        ..Network::default()
    };
    [network("front", front), network("back", back)]
}

fn whole(lab: &Lab) -> Plan {
    let conf = config("conf", lab.name("conf-v1"), "listen 80\n");
    lab.plan(
        networks(lab)
            .into_iter()
            .chain([conf, service("rich", rich(lab))]),
    )
}

#[tokio::test]
async fn a_rich_stack_reads_back_as_it_was_meant() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = whole(&lab);
    lab.arrive(&swarm, &plan).await;
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    assert!(seen.changes.is_empty(), "{:#?}", seen.changes.changes);
    for (address, node) in &plan.nodes {
        assert_eq!(
            seen.inventory.nodes[address].payload, node.payload,
            "{address}"
        );
        assert_eq!(
            seen.inventory.nodes[address].digest.as_ref(),
            Some(&node.digest),
            "{address}"
        );
    }
}

#[tokio::test]
async fn an_applied_plan_sends_no_write() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = whole(&lab);
    lab.arrive(&swarm, &plan).await;
    let (writes, version) = (swarm.writes(), lab.version("rich"));
    lab.arrive(&swarm, &plan).await;
    swarm
        .collect(&plan, &Kept::new())
        .await
        .expect("there is nothing to collect");
    assert_eq!((swarm.writes(), lab.version("rich")), (writes, version));
}

#[tokio::test]
async fn spelling_a_default_out_changes_nothing() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plain = lab.sleeper("api");
    lab.arrive(&swarm, &lab.plan([service("api", plain.clone())]))
        .await;
    let writes = swarm.writes();
    let mut spelled = Service {
        image: format!("docker.io/{BUSYBOX}"),
        isolation: Some(text("default")),
        ..plain
    };
    spelled.restart.condition = Some(Condition::Any);
    spelled.update.parallelism = Some(1);
    spelled.rollback.order = Some(Order::StopFirst);
    lab.arrive(&swarm, &lab.plan([service("api", spelled)]))
        .await;
    assert_eq!(swarm.writes(), writes);
}

/// What came after API 1.41: the minor version, the words of a refusal, and a service with it.
fn newer(lab: &Lab) -> Vec<(u32, &'static str, Service)> {
    let with = |change: fn(&mut Service)| {
        let mut service = Service {
            replicas: Some(0),
            ..lab.sleeper("new")
        };
        change(&mut service);
        service
    };
    let volume = |subpath| MountSource::Volume {
        name: lab.name("data"),
        driver: None,
        options: BTreeMap::new(),
        labels: BTreeMap::new(),
        no_copy: false,
        subpath,
    };
    let mut deep = with(|_| {});
    let from = volume(Some(text("a/b")));
    let mount = Mount {
        from,
        read_only: false,
    };
    deep.mounts.insert(text("/data"), mount);
    vec![
        (
            44,
            "no-new-privileges",
            with(|s| s.security.no_new_privileges = true),
        ),
        (
            44,
            "seccomp",
            with(|s| s.security.seccomp = Some(text("unconfined"))),
        ),
        (
            44,
            "seccomp",
            with(|s| s.security.seccomp = Some(text("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"))),
        ),
        (
            44,
            "apparmor",
            with(|s| s.security.apparmor = Some(text("disabled"))),
        ),
        (
            44,
            "start-every",
            with(|s| {
                s.health = Some(Health {
                    test: HealthTest::Shell(text("true")),
                    every: None,
                    timeout: None,
                    retries: None,
                    start: Some(Duration::seconds(3)),
                    start_every: Some(Duration::seconds(1)),
                });
            }),
        ),
        (45, "subpath", deep),
        (46, "oom-score", with(|s| s.oom_score = Some(-7))),
    ]
}

#[tokio::test]
async fn what_the_engine_would_forget_is_refused() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let nothing = lab.plan([]);
    let cluster = swarm
        .observe(&nothing)
        .await
        .expect("the swarm can be read")
        .cluster;
    let minor: Option<u32> = cluster
        .api
        .strip_prefix("1.")
        .and_then(|minor| minor.parse().ok());
    let minor = minor.expect("the API has a version");
    for (since, words, demanding) in newer(&lab) {
        let plan = lab.plan([service("new", demanding)]);
        if minor < since {
            let failure = lab.fail(&swarm, &plan, "service.new").await;
            let said = failure.message;
            assert!(
                said.contains(words) && said.contains(&cluster.api),
                "{said}"
            );
            assert!(lab.names("service").is_empty());
        } else {
            lab.arrive(&swarm, &plan).await;
            let seen = look(&swarm, &plan).await.expect("the swarm can be read");
            assert!(
                seen.changes.is_empty(),
                "{words}: {:#?}",
                seen.changes.changes
            );
            lab.arrive(&swarm, &nothing).await;
        }
    }
}

#[tokio::test]
async fn the_hosts_network_is_known_by_its_name() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let networks = BTreeMap::from([(text("host"), BTreeSet::new())]);
    let plan = lab.plan([service(
        "edge",
        Service {
            networks,
            replicas: Some(0),
            ..lab.sleeper("edge")
        },
    )]);
    lab.arrive(&swarm, &plan).await;
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    assert!(seen.changes.is_empty(), "{:#?}", seen.changes.changes);
}
