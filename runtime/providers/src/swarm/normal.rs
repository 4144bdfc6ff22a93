//! One form for all spellings of the same: what is compared, and how what was read gets the plan's
//! own spelling back where they mean the same.

use std::collections::BTreeSet;

use skep_schema::image::Reference;
use skep_schema::plan::{
    Condition, FailureAction, Health, Limits, LogDriver, Mode, Mount, MountSource, Order,
    Placement, Reserve, Restart, Rollout, Security, Service, Stop,
};
use skep_schema::units::{Bytes, Cpu, Duration, FileMode, Ratio};

use super::write_service::hostname;

/// What the engine does where a spec says nothing.
const RESTART_DELAY: Duration = Duration::seconds(5);
const STOP_GRACE: Duration = Duration::seconds(10);
const MONITOR: Duration = Duration::seconds(5);

/// The service with its defaults left out.
#[expect(clippy::too_many_lines, reason = "every field decides, one line each")]
pub(crate) fn service(service: &Service) -> Service {
    let Service {
        name,
        image,
        entrypoint,
        command,
        mode,
        replicas,
        env,
        secret_env,
        user,
        groups,
        workdir,
        hostname: _,
        domainname: _,
        tty,
        stdin,
        init,
        read_only,
        hosts,
        dns,
        networks,
        endpoint,
        publish,
        secrets,
        configs,
        mounts,
        health,
        limits,
        reserve,
        placement,
        restart,
        stop,
        update,
        rollback,
        sysctls,
        ulimits,
        cap_add,
        cap_drop,
        security,
        isolation,
        oom_score,
        log,
        labels,
        container_labels,
    } = service;
    Service {
        name: name.clone(),
        image: Reference::read(image).full(),
        entrypoint: entrypoint.clone(),
        command: command.clone(),
        mode: *mode,
        replicas: (*mode != Mode::Global).then(|| replicas.unwrap_or(1)),
        env: env.clone(),
        secret_env: secret_env.clone(),
        user: user.clone().filter(|user| !user.is_empty()),
        groups: groups.clone(),
        workdir: workdir.clone().filter(|path| !path.is_empty()),
        hostname: hostname(service).filter(|name| !name.is_empty()),
        domainname: None,
        tty: *tty,
        stdin: *stdin,
        init: *init,
        read_only: *read_only,
        hosts: hosts
            .iter()
            .filter(|(_, ips)| !ips.is_empty())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        dns: dns.clone(),
        networks: networks.clone(),
        endpoint: *endpoint,
        publish: publish.clone(),
        secrets: secrets.clone(),
        configs: configs.clone(),
        mounts: mounts
            .iter()
            .map(|(path, m)| (path.clone(), mount_of(m)))
            .collect(),
        health: health.as_ref().map(health_of),
        limits: limits_of(*limits),
        reserve: reserve_of(reserve),
        placement: placement_of(placement),
        restart: restart_of(*restart),
        stop: stop_of(stop),
        update: rollout_of(*update),
        rollback: rollout_of(*rollback),
        sysctls: sysctls.clone(),
        ulimits: ulimits.clone(),
        cap_add: capabilities(cap_add),
        cap_drop: capabilities(cap_drop),
        security: security_of(security),
        isolation: isolation
            .clone()
            .filter(|isolation| isolation != "default" && !isolation.is_empty()),
        oom_score: oom_score.filter(|score| *score != 0),
        log: log.clone().filter(|log| *log != LogDriver::default()),
        labels: labels.clone(),
        container_labels: container_labels.clone(),
    }
}

/// `seen` is normal; where it means the same as `wanted` it becomes it, property by property.
pub(crate) fn spelled_like(seen: Service, wanted: &Service) -> Service {
    let normal = service(wanted);
    if seen == normal {
        return wanted.clone();
    }
    let mut spelled = super::adopt::meaningless(seen, wanted);
    macro_rules! adopt {
        ($($field:ident)*) => {$(
            if spelled.$field == normal.$field {
                spelled.$field.clone_from(&wanted.$field);
            }
        )*};
    }
    if spelled.hostname == normal.hostname {
        spelled.domainname.clone_from(&wanted.domainname);
    }
    adopt! {
        image replicas user workdir hostname hosts mounts health limits reserve placement restart stop
        update rollback cap_add cap_drop security isolation oom_score
    }
    if is_same_program(&spelled, wanted) {
        spelled.image.clone_from(&wanted.image);
    }
    spelled
}

/// Whether both name one digest, under whatever tag.
pub(crate) fn is_same_program(one: &Service, other: &Service) -> bool {
    Reference::read(&one.image).is_same_program(Reference::read(&other.image))
}

/// A file's path in the container; the engine puts relative ones into a folder of their kind.
pub(crate) fn path(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{folder}{path}")
    }
}

fn mount_of(mount: &Mount) -> Mount {
    let Mount { from, read_only } = mount;
    let from = match from {
        MountSource::Volume {
            name,
            driver,
            options,
            labels,
            no_copy,
            subpath,
        } => MountSource::Volume {
            name: name.clone(),
            driver: driver
                .clone()
                .filter(|driver| driver != "local" && !driver.is_empty()),
            options: options.clone(),
            labels: labels.clone(),
            no_copy: *no_copy,
            subpath: subpath.clone().filter(|path| !path.is_empty()),
        },
        MountSource::Bind { path, propagation } => MountSource::Bind {
            path: path.clone(),
            propagation: propagation
                .clone()
                .filter(|propagation| propagation != "rprivate" && !propagation.is_empty()),
        },
        MountSource::Tmpfs { size, mode } => MountSource::Tmpfs {
            size: size.filter(|size| *size != Bytes(0)),
            mode: mode.filter(|mode| *mode != FileMode(0)),
        },
        MountSource::Npipe { path } => MountSource::Npipe { path: path.clone() },
    };
    Mount {
        from,
        read_only: *read_only,
    }
}

/// In a health check 0 means what the image says.
fn health_of(health: &Health) -> Health {
    let Health {
        test,
        every,
        timeout,
        retries,
        start,
        start_every,
    } = health;
    Health {
        test: test.clone(),
        every: every.filter(some_time),
        timeout: timeout.filter(some_time),
        retries: retries.filter(|retries| *retries != 0),
        start: start.filter(some_time),
        start_every: start_every.filter(some_time),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form `Option::filter` wants"
)]
fn some_time(duration: &Duration) -> bool {
    *duration != Duration(0)
}

fn limits_of(limits: Limits) -> Limits {
    let Limits { cpu, memory, pids } = limits;
    Limits {
        cpu: cpu.filter(|cpu| *cpu != Cpu(0)),
        memory: memory.filter(|memory| *memory != Bytes(0)),
        pids: pids.filter(|pids| *pids != 0),
    }
}

fn reserve_of(reserve: &Reserve) -> Reserve {
    let Reserve {
        cpu,
        memory,
        generic,
    } = reserve;
    Reserve {
        cpu: cpu.filter(|cpu| *cpu != Cpu(0)),
        memory: memory.filter(|memory| *memory != Bytes(0)),
        generic: generic.clone(),
    }
}

fn placement_of(placement: &Placement) -> Placement {
    let Placement {
        constraints,
        spread,
        max_per_node,
        platforms,
    } = placement;
    Placement {
        constraints: constraints.iter().map(|text| constraint(text)).collect(),
        spread: spread.clone(),
        max_per_node: max_per_node.filter(|most| *most != 0),
        platforms: platforms.clone(),
    }
}

fn restart_of(restart: Restart) -> Restart {
    let Restart {
        condition,
        delay,
        max,
        window,
    } = restart;
    Restart {
        condition: condition.filter(|condition| *condition != Condition::Any),
        delay: delay.filter(|delay| *delay != RESTART_DELAY),
        max: max.filter(|max| *max != 0),
        window: window.filter(some_time),
    }
}

fn stop_of(stop: &Stop) -> Stop {
    let Stop { signal, grace } = stop;
    Stop {
        signal: signal.clone().filter(|signal| !signal.is_empty()),
        grace: grace.filter(|grace| *grace != STOP_GRACE),
    }
}

fn rollout_of(rollout: Rollout) -> Rollout {
    let Rollout {
        parallelism,
        delay,
        order,
        on_failure,
        monitor,
        max_failure_ratio,
    } = rollout;
    Rollout {
        parallelism: parallelism.filter(|parallelism| *parallelism != 1),
        delay: delay.filter(some_time),
        order: order.filter(|order| *order != Order::StopFirst),
        on_failure: on_failure.filter(|action| *action != FailureAction::Pause),
        monitor: monitor.filter(|monitor| some_time(monitor) && *monitor != MONITOR),
        max_failure_ratio: max_failure_ratio.filter(|ratio| *ratio != Ratio(0)),
    }
}

/// Spaces mean something only inside the wanted value.
pub(crate) fn constraint(text: &str) -> String {
    let split = ["==", "!="]
        .iter()
        .find_map(|operator| Some((text.split_once(operator)?, operator)));
    split.map_or_else(
        || text.to_owned(),
        |((key, wanted), operator)| format!("{}{operator}{}", key.trim(), wanted.trim()),
    )
}

fn capabilities(all: &BTreeSet<String>) -> BTreeSet<String> {
    all.iter().map(|name| capability(name)).collect()
}

/// `CAP_NET_ADMIN`
pub(crate) fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "ALL" || name.starts_with("CAP_") {
        name
    } else {
        format!("CAP_{name}")
    }
}

fn security_of(security: &Security) -> Security {
    let Security {
        no_new_privileges,
        seccomp,
        apparmor,
        selinux,
        credential_spec,
    } = security;
    let told = |profile: &String| profile != "default" && !profile.is_empty();
    Security {
        no_new_privileges: *no_new_privileges,
        seccomp: seccomp.clone().filter(told),
        apparmor: apparmor.clone().filter(told),
        selinux: selinux
            .iter()
            .filter(|(_, v)| *v != "false")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        credential_spec: credential_spec.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_spelled_like_the_plan() {
        let wanted = Service {
            image: "bb:1".to_owned(),
            hostname: Some("a".to_owned()),
            domainname: Some("test".to_owned()),
            restart: Restart {
                condition: Some(Condition::Any),
                ..Restart::default()
            },
            update: Rollout {
                parallelism: Some(1),
                ..Rollout::default()
            },
            ..Service::default()
        };
        let seen = service(&wanted);
        assert_ne!(seen, wanted);
        assert_eq!(spelled_like(seen.clone(), &wanted), wanted);
        let drifted = Service {
            user: Some("x".to_owned()),
            ..seen
        };
        assert_eq!(
            spelled_like(drifted, &wanted),
            Service {
                user: Some("x".to_owned()),
                ..wanted
            }
        );
    }

    #[test]
    fn another_tag_for_the_same_digest_is_spelled_like_the_plan() {
        let of = |image: &str| Service {
            image: image.to_owned(),
            ..Service::default()
        };
        let wanted = of("bb:2@sha256:00");
        let seen = service(&of("bb:1@sha256:00"));
        assert_eq!(spelled_like(seen, &wanted), wanted);
        let moved = service(&of("bb:2@sha256:11"));
        assert_eq!(
            spelled_like(moved, &wanted).image,
            "docker.io/library/bb:2@sha256:11"
        );
    }

    #[test]
    fn all_at_once_is_no_default() {
        let with = |parallelism| {
            rollout_of(Rollout {
                parallelism,
                ..Rollout::default()
            })
        };
        assert_eq!(with(Some(1)), with(None));
        assert_ne!(with(Some(0)), with(None));
    }
}
