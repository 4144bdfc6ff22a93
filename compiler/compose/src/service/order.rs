//! The order in which a service reads best, and what docker ignores.

use crate::kdl::Item;

const ORDER: &[&str] = &[
    "name",
    "image",
    "entrypoint",
    "command",
    "user",
    "groups",
    "workdir",
    "hostname",
    "env",
    "env-file",
    "network",
    "endpoint",
    "publish",
    "mount",
    "secret",
    "config",
    "needs",
    "health",
    "placement",
    "limits",
    "reserve",
    "restart",
    "stop",
    "update",
    "rollback",
    "tty",
    "stdin",
    "init",
    "read-only",
    "host",
    "dns",
    "sysctl",
    "ulimit",
    "cap",
    "security",
    "isolation",
    "oom-score",
    "log",
    "labels",
    "container-labels",
];

/// Puts the children of a service in order; what has one name keeps its order.
pub(super) fn sort(service: &mut Item) {
    let rank = |item: &Item| {
        ORDER
            .iter()
            .position(|name| *name == item.name)
            .unwrap_or(ORDER.len())
    };
    service.children.sort_by_key(rank);
}

const SWARM: &str = "Swarm services have no such setting, and `docker stack deploy` ignores it";
const ALONE: &str = "only `docker compose` knows it; Swarm has nothing like it";

/// Keys that compose knows and a service of Swarm cannot have, with why and what to do instead.
pub(super) fn ignored(key: &str) -> Option<(&'static str, &'static str)> {
    Some(match key {
        "build" => (
            "images are built before a deploy; `docker stack deploy` ignores it",
            "build and push the image, and name it in `image`",
        ),
        "devices" | "device_cgroup_rules" | "gpus" => (
            SWARM,
            "mount what the program needs with `mount bind=`, or reserve a generic resource of the nodes",
        ),
        "privileged" => (SWARM, "add what the program needs with `cap { add .. }`"),
        "network_mode" => (SWARM, "write `network host` for the network of the machine"),
        "links" | "external_links" => (SWARM, "services on one network reach each other by name"),
        "domainname" => (
            "`docker stack deploy` ignores it",
            "write `domainname` if it is wanted",
        ),
        "shm_size" => (SWARM, "write `mount tmpfs to=\"/dev/shm\" size=..`"),
        "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "cgroup_parent" | "cgroupns_mode" => (
            SWARM,
            "run it outside of Swarm if it must share these with the machine",
        ),
        "mac_address" | "blkio_config" | "cpu_count" | "cpu_percent" | "cpu_period"
        | "cpu_quota" | "cpu_rt_period" | "cpu_rt_runtime" | "cpu_shares" | "cpuset"
        | "mem_swappiness" | "memswap_limit" | "oom_kill_disable" | "runtime" | "storage_opt" => {
            (SWARM, "set it for the engine of the nodes if it must be")
        }
        "volumes_from" => (SWARM, "mount the same volume in both services"),
        "volume_driver" => (
            SWARM,
            "write the driver at the volume: `volume NAME driver=..`",
        ),
        "pull_policy" => (ALONE, "`skep lock` pins what a tag means"),
        "annotations" | "label_file" => (ALONE, "write `container-labels`"),
        "attach" | "develop" | "models" | "provider" | "use_api_socket" | "post_start"
        | "pre_stop" => (ALONE, "do it outside, or in the image"),
        _ => return None,
    })
}
