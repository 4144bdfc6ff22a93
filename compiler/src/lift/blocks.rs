//! The blocks of a service.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::plan::{
    Dns, Health, HealthTest, Limits, LogDriver, Placement, PublishMode, Published, Reserve,
    Restart, Rollout, Security, Stop, Ulimit,
};
use skep_schema::units::Duration;

use super::write::{
    block, flag, head, list, map, number, property, quantity, quoted, row, string, text,
};
use crate::edition::Edition;
use crate::lower::engine;

pub(super) fn published(all: &BTreeMap<String, Published>) -> Vec<String> {
    let mut ports: Vec<(u16, &str, &Published)> = all
        .iter()
        .filter_map(|(key, published)| {
            let (port, protocol) = key.split_once('/')?;
            Some((port.parse().ok()?, protocol, published))
        })
        .collect();
    ports.sort_by_key(|(port, protocol, _)| (*port, *protocol));
    let line = |(port, protocol, published): (u16, &str, &Published)| {
        let Published { target, mode } = published;
        let mode = match mode {
            PublishMode::Ingress => "",
            PublishMode::Host => " mode=host",
        };
        let protocol = property("protocol", (protocol != "tcp").then_some(protocol));
        format!("publish {port} to={target}{mode}{protocol}")
    };
    ports.into_iter().map(line).collect()
}

pub(super) fn checked(health: &Health) -> Option<String> {
    let Health {
        test,
        every,
        timeout,
        retries,
        start,
        start_every,
    } = health;
    let test = match test {
        HealthTest::None => return Some("health { none }".to_owned()),
        HealthTest::Command(words) => list("command", words),
        HealthTest::Shell(line) => Some(format!("shell {}", quoted(line))),
    };
    let usual = &Edition::newest().values.health;
    // 0 is what the image says, and where that says nothing, what the engine does.
    let time = |key: &str, time: Option<Duration>, usual: Duration| {
        let time = Some(time.unwrap_or(Duration(0))).filter(|time| *time != usual);
        quantity(key, time)
    };
    let retries = Some(retries.unwrap_or(0)).filter(|retries| *retries != usual.retries);
    let times = [
        time("every", *every, usual.every),
        time("timeout", *timeout, usual.timeout),
        number("retries", retries),
        quantity("start", *start),
        quantity("start-every", *start_every),
    ];
    row(
        "health",
        test.into_iter().chain(times.into_iter().flatten()),
    )
}

pub(super) fn limited(limits: Limits) -> Option<String> {
    let Limits { cpu, memory, pids } = limits;
    let all = [
        number("cpu", cpu),
        quantity("memory", memory),
        number("pids", pids),
    ];
    row("limits", all.into_iter().flatten())
}

pub(super) fn reserved(reserve: &Reserve) -> Option<String> {
    let Reserve {
        cpu,
        memory,
        generic,
    } = reserve;
    let all = [
        number("cpu", *cpu),
        quantity("memory", *memory),
        map("generic", generic),
    ];
    block("reserve", all.into_iter().flatten())
}

pub(super) fn placed(placement: &Placement) -> Option<String> {
    let Placement {
        constraints,
        spread,
        max_per_node,
        platforms,
    } = placement;
    let each = |key: &'static str, texts: Vec<&String>| {
        let lines = texts
            .into_iter()
            .map(move |text| format!("{key} {}", quoted(text)));
        lines.collect::<Vec<_>>()
    };
    let mut all = each("constraint", constraints.iter().collect());
    all.extend(each("spread", spread.iter().collect()));
    all.extend(number("max-per-node", *max_per_node));
    all.extend(each("platform", platforms.iter().collect()));
    block("placement", all)
}

pub(super) fn restarted(restart: Restart) -> Option<String> {
    let Restart {
        condition,
        delay,
        max,
        window,
    } = restart;
    let head = match condition {
        None => "restart".to_owned(),
        Some(condition) => format!("restart {}", condition.word()),
    };
    let all = [
        quantity("delay", delay),
        number("max", max),
        quantity("window", window),
    ];
    let is_usual = condition.is_none();
    row(&head, all.into_iter().flatten()).or_else(|| (!is_usual).then_some(head))
}

pub(super) fn stopped(stop: &Stop) -> Option<String> {
    let Stop { signal, grace } = stop;
    let all = [text("signal", signal.as_ref()), quantity("grace", *grace)];
    row("stop", all.into_iter().flatten())
}

/// What all services have, so that each says of its updates only what is not as the engine does it.
pub(super) fn as_the_engine_does() -> String {
    let (order, action) = (engine::ORDER.word(), engine::ON_FAILURE.word());
    format!(
        "defaults service {{\nupdate order={order} on-failure={action}\nrollback order={order}\n}}"
    )
}

pub(super) fn rolled(key: &str, rollout: Rollout) -> Option<String> {
    let Rollout {
        parallelism,
        delay,
        order,
        on_failure,
        monitor,
        max_failure_ratio,
    } = rollout;
    let order = order.filter(|order| *order != engine::ORDER);
    let on_failure = on_failure.filter(|action| *action != engine::ON_FAILURE);
    let all = [
        number("parallelism", parallelism),
        quantity("delay", delay),
        order.map(|order| format!("order {}", order.word())),
        on_failure.map(|action| format!("on-failure {}", action.word())),
        quantity("monitor", monitor),
        number("max-failure-ratio", max_failure_ratio),
    ];
    row(key, all.into_iter().flatten())
}

pub(super) fn resolved(dns: &Dns) -> Option<String> {
    let Dns {
        servers,
        search,
        options,
    } = dns;
    let options = options.iter().map(|option| match option.split_once(':') {
        Some((key, value)) => format!("option {{ {} {} }}", string(key), string(value)),
        None => format!("option {{ {} \"\" }}", string(option)),
    });
    let lists = [list("server", servers), list("search", search)];
    block("dns", lists.into_iter().flatten().chain(options))
}

pub(super) fn ulimit(name: &str, limit: Ulimit) -> String {
    let Ulimit { soft, hard } = limit;
    let soft = if soft == hard {
        String::new()
    } else {
        format!(" soft={soft}")
    };
    format!("{}{soft} hard={hard}", head("ulimit", name))
}

pub(super) fn capabilities(add: &BTreeSet<String>, drop: &BTreeSet<String>) -> Option<String> {
    row(
        "cap",
        [list("add", add), list("drop", drop)].into_iter().flatten(),
    )
}

pub(super) fn secured(security: &Security) -> Option<String> {
    let Security {
        no_new_privileges,
        seccomp,
        apparmor,
        selinux,
        credential_spec,
    } = security;
    let credential_spec = credential_spec
        .as_deref()
        .and_then(|spec| spec.split_once(':'));
    let all = [
        flag("no-new-privileges", *no_new_privileges),
        text("seccomp", seccomp.as_ref()),
        text("apparmor", apparmor.as_ref()),
        map("selinux", selinux),
        credential_spec.map(|(kind, name)| format!("credential-spec {kind}={}", quoted(name))),
    ];
    block("security", all.into_iter().flatten())
}

pub(super) fn logged(log: &LogDriver) -> String {
    let LogDriver { driver, options } = log;
    let head = match driver.as_str() {
        "" => "log".to_owned(),
        named => head("log", named),
    };
    block(&head, map("option", options)).unwrap_or(head)
}
