//! One row for each property, and more where the effect depends on the values.

mod files;

use std::collections::BTreeSet;

use skep_schema::plan::{
    Condition, Endpoint, FailureAction, Health, HealthTest, LogDriver, Mode, Order, PublishMode,
    Published, SecretText, Service, Ulimit,
};
use skep_schema::units::{Bytes, Cpu, Duration, Ratio};

use crate::lab::Lab;

pub(crate) use files::sized_volume;

type Edit = fn(&mut Service, &Lab);

/// One change of one property.
pub(crate) struct Row {
    /// As in the paths of a change; `*` is a name of the author's.
    pub(crate) property: &'static str,
    /// Makes a sleeping service with one task, which starts new tasks first, into what is there before.
    pub(crate) base: Edit,
    pub(crate) edit: Edit,
    pub(crate) measured: Measured,
}

/// How far the change can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// The engine does what was told in advance.
    Exactly,
    /// The engine does nothing where a restart was told in advance, because only it knows.
    Less,
    /// No task can run where the tests do: its tasks wait for a node, and count all the same.
    Waiting,
    /// Came with this minor version of the API; an older engine never gets to see it.
    Since(u32),
}

fn row(property: &'static str, edit: Edit) -> Row {
    Row {
        property,
        base: |_, _| (),
        edit,
        measured: Measured::Exactly,
    }
}

impl Row {
    fn from(self, base: Edit) -> Self {
        Self { base, ..self }
    }

    fn measured(self, measured: Measured) -> Self {
        Self { measured, ..self }
    }

    fn waiting(self) -> Self {
        self.measured(Measured::Waiting)
    }
}

pub(crate) fn all() -> Vec<Row> {
    [
        tasks(),
        process(),
        network(),
        files::files(),
        files::volumes(),
        files::other_mounts(),
        health(),
        resources(),
        placement(),
        policies(),
        rollouts(),
        kernel(),
        labels(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn put<V>(map: &mut std::collections::BTreeMap<String, V>, key: &str, value: V) {
    map.insert(text(key), value);
}

fn set<const N: usize>(all: [&str; N]) -> BTreeSet<String> {
    all.map(text).into()
}

const HTTP: &str = "skep-test/http:1";
const OTHER: &str = "skep-test/http:2";

fn tasks() -> Vec<Row> {
    vec![
        row("name", |s, _| s.name.push_str("-b")),
        row("image", |s, _| s.image = text(OTHER)).from(|s, _| s.image = text(HTTP)),
        row("image", |s, _| s.image = text(OTHER)).from(|s, _| {
            s.image = text(HTTP);
            s.replicas = Some(0);
        }),
        row("image", |s, _| s.image = text(OTHER)).from(|s, _| {
            s.image = text(HTTP);
            s.mode = Mode::Once;
        }),
        row("image", |s, _| s.image = text(OTHER)).from(|s, _| {
            s.image = text(HTTP);
            s.mode = Mode::Global;
            s.replicas = None;
        }),
        row("mode", |s, _| s.mode = Mode::Global).from(|s, _| s.replicas = None),
        row("mode", |s, _| s.mode = Mode::Once),
        row("mode", |s, _| s.mode = Mode::Replicated).from(|s, _| s.mode = Mode::Once),
        row("replicas", |s, _| s.replicas = Some(2)),
        row("replicas", |s, _| s.replicas = Some(1)).from(|s, _| s.replicas = Some(3)),
        row("replicas", |s, _| s.replicas = Some(0)),
        row("replicas", |s, _| s.replicas = Some(1)).from(|s, _| s.replicas = Some(0)),
    ]
}

fn process() -> Vec<Row> {
    vec![
        row("entrypoint", |s, _| s.entrypoint = vec![text("env")]),
        row("command", |s, _| s.command[2] = text("sleep 200000")),
        row("env", |s, _| put(&mut s.env, "A", text("1"))),
        row("env", |s, _| put(&mut s.env, "A", text("2")))
            .from(|s, _| put(&mut s.env, "A", text("1"))),
        row("secret-env", |s, _| secret_env(s, "b-${secret.db}"))
            .from(|s, _| secret_env(s, "a-${secret.db}")),
        row("user", |s, _| s.user = Some(text("1000"))),
        row("groups", |s, _| s.groups = vec![text("27")]),
        row("workdir", |s, _| s.workdir = Some(text("/tmp"))),
        row("hostname", |s, _| s.hostname = Some(text("host"))),
        row("domainname", |s, _| {
            s.domainname = Some(text("example.test"));
        })
        .from(|s, _| s.hostname = Some(text("host"))),
        row("tty", |s, _| s.tty = true),
        row("stdin", |s, _| s.stdin = true),
        row("init", |s, _| s.init = true),
        row("read-only", |s, _| s.read_only = true),
    ]
}

fn secret_env(service: &mut Service, template: &str) {
    let value = SecretText {
        template: text(template),
        fingerprint: None,
    };
    put(&mut service.secret_env, "URL", value);
}

/// The kernel of the tests has no IPVS: the addresses of `vip` and of ingress ports lead nowhere.
/// Tasks start and stop all the same, and no more than that is measured.
fn network() -> Vec<Row> {
    vec![
        row("hosts", |s, _| {
            put(&mut s.hosts, "db.test", set(["10.1.0.1"]));
        }),
        row("dns servers", |s, _| s.dns.servers = vec![text("10.1.0.1")]),
        row("dns search", |s, _| s.dns.search = vec![text("test")]),
        row("dns options", |s, _| s.dns.options = vec![text("ndots:2")]),
        row("networks", |s, lab| {
            put(&mut s.networks, &lab.name("net"), set([]));
        })
        .from(|s, _| s.endpoint = Endpoint::Dnsrr),
        row("networks", |s, lab| {
            put(&mut s.networks, &lab.name("net"), set(["b"]));
        })
        .from(|s, lab| {
            s.endpoint = Endpoint::Dnsrr;
            put(&mut s.networks, &lab.name("net"), set(["a"]));
        }),
        row("networks", |s, _| s.networks.clear()).from(|s, lab| {
            s.endpoint = Endpoint::Dnsrr;
            put(&mut s.networks, &lab.name("net"), set([]));
        }),
        row("endpoint", |s, _| s.endpoint = Endpoint::Dnsrr),
        row("endpoint", |s, _| s.endpoint = Endpoint::Vip).from(|s, lab| {
            s.endpoint = Endpoint::Dnsrr;
            put(&mut s.networks, &lab.name("net"), set([]));
        }),
        row("publish *", |s, _| {
            publish(s, "28101/tcp", 80, PublishMode::Host);
        }),
        row("publish * target", |s, _| {
            publish(s, "28102/tcp", 81, PublishMode::Host);
        })
        .from(|s, _| {
            s.update.order = None;
            publish(s, "28102/tcp", 80, PublishMode::Host);
        }),
        row("publish * mode", |s, _| {
            publish(s, "28103/tcp", 80, PublishMode::Ingress);
        })
        .from(|s, _| {
            s.update.order = None;
            publish(s, "28103/tcp", 80, PublishMode::Host);
        }),
        row("publish *", |s, _| s.publish.clear()).from(|s, _| {
            publish(s, "28104/tcp", 80, PublishMode::Host);
        }),
    ]
}

fn publish(service: &mut Service, port: &str, target: u16, mode: PublishMode) {
    put(&mut service.publish, port, Published { target, mode });
}

fn check(service: &mut Service) -> &mut Health {
    service.health.get_or_insert_with(|| Health {
        test: HealthTest::Shell(text("true")),
        every: Some(Duration::seconds(2)),
        timeout: None,
        retries: None,
        start: None,
        start_every: None,
    })
}

fn health() -> Vec<Row> {
    let checked: Edit = |s, _| {
        check(s);
    };
    vec![
        row("health", checked),
        row("health test", |s, _| check(s).test = HealthTest::None).from(checked),
        row("health every", |s, _| {
            check(s).every = Some(Duration::seconds(3));
        })
        .from(checked),
        row("health timeout", |s, _| {
            check(s).timeout = Some(Duration::seconds(2));
        })
        .from(checked),
        row("health retries", |s, _| check(s).retries = Some(5)).from(checked),
        row("health start", |s, _| {
            check(s).start = Some(Duration::milliseconds(100));
        })
        .from(checked),
        row("health start-every", |s, _| {
            check(s).start_every = Some(Duration::seconds(1));
        })
        .from(checked)
        .measured(Measured::Since(44)),
    ]
}

fn resources() -> Vec<Row> {
    vec![
        row("limits cpu", |s, _| s.limits.cpu = Some(Cpu(900_000_000))),
        row("limits memory", |s, _| {
            s.limits.memory = Some(Bytes(64 << 20));
        }),
        row("limits pids", |s, _| s.limits.pids = Some(50)),
        row("reserve cpu", |s, _| s.reserve.cpu = Some(Cpu(1_000_000))),
        row("reserve memory", |s, _| {
            s.reserve.memory = Some(Bytes(8 << 20));
        }),
        // The nodes of the tests have no generic resources.
        row("reserve generic", |s, _| {
            put(&mut s.reserve.generic, "gpu", text("1"));
        })
        .waiting(),
        row("ulimits * soft", |s, _| {
            put(&mut s.ulimits, "nofile", Ulimit { soft: 65, hard: 99 });
        })
        .from(|s, _| put(&mut s.ulimits, "nofile", Ulimit { soft: 64, hard: 99 })),
        row("ulimits * hard", |s, _| {
            put(&mut s.ulimits, "nofile", Ulimit { soft: 64, hard: 98 });
        })
        .from(|s, _| put(&mut s.ulimits, "nofile", Ulimit { soft: 64, hard: 99 })),
    ]
}

const MET: &str = "node.role==manager";
const UNMET: &str = "node.role==worker";

fn placement() -> Vec<Row> {
    vec![
        row("placement constraints", |s, _| {
            s.placement.constraints = set([MET]);
        })
        .measured(Measured::Less),
        row("placement constraints", |s, _| {
            s.placement.constraints = set([UNMET]);
        })
        .from(|s, _| s.update.order = None),
        row("placement constraints", |s, _| {
            s.placement.constraints.clear();
        })
        .from(|s, _| s.placement.constraints = set([MET])),
        row("placement spread", |s, _| {
            s.placement.spread = vec![text("node.labels.rack")];
        }),
        row("placement max-per-node", |s, _| {
            s.placement.max_per_node = Some(1);
        })
        .from(|s, _| s.replicas = Some(2)),
        row("placement platforms", |s, _| {
            s.placement.platforms = set(["windows/amd64"]);
        }),
    ]
}

fn policies() -> Vec<Row> {
    let log: Edit = |s, _| {
        s.log = Some(LogDriver {
            driver: text("json-file"),
            options: [].into(),
        });
    };
    vec![
        row("restart condition", |s, _| {
            s.restart.condition = Some(Condition::OnFailure);
        }),
        row("restart delay", |s, _| {
            s.restart.delay = Some(Duration::seconds(1));
        }),
        row("restart max", |s, _| s.restart.max = Some(5)),
        row("restart window", |s, _| {
            s.restart.window = Some(Duration::seconds(60));
        }),
        row("stop signal", |s, _| s.stop.signal = Some(text("SIGINT"))),
        row("stop grace", |s, _| {
            s.stop.grace = Some(Duration::seconds(1));
        }),
        row("log", log),
        row("log driver", |s, _| {
            s.log.as_mut().expect("the base has it").driver = text("none");
        })
        .from(log),
        row("log options", |s, _| {
            put(
                &mut s.log.as_mut().expect("the base has it").options,
                "max-size",
                text("1m"),
            );
        })
        .from(log),
    ]
}

fn rollouts() -> Vec<Row> {
    vec![
        row("update parallelism", |s, _| s.update.parallelism = Some(2)),
        row("update delay", |s, _| {
            s.update.delay = Some(Duration::seconds(1));
        }),
        row("update order", |s, _| {
            s.update.order = Some(Order::StopFirst);
        }),
        row("update on-failure", |s, _| {
            s.update.on_failure = Some(FailureAction::Continue);
        }),
        row("update monitor", |s, _| {
            s.update.monitor = Some(Duration::seconds(1));
        }),
        row("update max-failure-ratio", |s, _| {
            s.update.max_failure_ratio = Some(Ratio(500_000));
        }),
        row("rollback parallelism", |s, _| {
            s.rollback.parallelism = Some(2);
        }),
        row("rollback delay", |s, _| {
            s.rollback.delay = Some(Duration::seconds(1));
        }),
        row("rollback order", |s, _| {
            s.rollback.order = Some(Order::StartFirst);
        }),
        row("rollback on-failure", |s, _| {
            s.rollback.on_failure = Some(FailureAction::Continue);
        }),
        row("rollback monitor", |s, _| {
            s.rollback.monitor = Some(Duration::seconds(1));
        }),
        row("rollback max-failure-ratio", |s, _| {
            s.rollback.max_failure_ratio = Some(Ratio(500_000));
        }),
        // How the tasks of a restart follow each other.
        row("env", |s, _| put(&mut s.env, "A", text("1"))).from(|s, _| s.update.order = None),
        row("env", |s, _| put(&mut s.env, "A", text("1"))).from(|s, _| {
            s.update.order = None;
            s.replicas = Some(2);
        }),
        row("env", |s, _| put(&mut s.env, "A", text("1"))).from(|s, _| {
            s.update.order = None;
            s.update.parallelism = Some(0);
            s.replicas = Some(2);
        }),
        row("env", |s, _| put(&mut s.env, "A", text("1"))).from(|s, _| {
            s.update.order = None;
            s.mode = Mode::Global;
            s.replicas = None;
        }),
    ]
}

fn kernel() -> Vec<Row> {
    let since = |property, edit| row(property, edit).measured(Measured::Since(44));
    vec![
        row("sysctls", |s, _| {
            put(
                &mut s.sysctls,
                "net.ipv4.ip_unprivileged_port_start",
                text("80"),
            );
        }),
        row("cap-add", |s, _| s.cap_add = set(["CAP_NET_ADMIN"])),
        row("cap-drop", |s, _| s.cap_drop = set(["CAP_CHOWN"])),
        since("security no-new-privileges", |s, _| {
            s.security.no_new_privileges = true;
        }),
        since("security seccomp", |s, _| {
            s.security.seccomp = Some(text("unconfined"));
        }),
        since("security apparmor", |s, _| {
            s.security.apparmor = Some(text("disabled"));
        }),
        row("oom-score", |s, _| s.oom_score = Some(100)).measured(Measured::Since(46)),
        row("security selinux", |s, _| {
            put(&mut s.security.selinux, "type", text("t"));
        }),
        // What only Windows has.
        row("security credential-spec", |s, _| {
            s.security.credential_spec = Some(text("file:a.json"));
        })
        .waiting(),
        row("isolation", |s, _| s.isolation = Some(text("process"))).waiting(),
    ]
}

fn labels() -> Vec<Row> {
    vec![
        row("labels", |s, _| put(&mut s.labels, "team", text("shop"))),
        row("labels", |s, _| put(&mut s.labels, "team", text("shop")))
            .from(|s, _| s.mode = Mode::Once),
        row("container-labels", |s, _| {
            put(&mut s.container_labels, "team", text("shop"));
        }),
    ]
}
