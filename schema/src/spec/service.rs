//! Services.

use super::config::{ConfigUse, SecretUse};
use super::values::{
    EnvValue, File, Image, Ip, NetworkRef, Path, PortRef, Ports, Scalar, SecretRef, ServiceRef,
    Text, VolumeRef,
};
use crate::plan::{Condition, Endpoint, FailureAction, Need, Order, Protocol, PublishMode};
use crate::units::{Bytes, Cpu, Duration, FileMode, Ratio};
use crate::{node, one_of};

one_of! {
    /// How many tasks a service has.
    ServiceMode {
        /// As many as `replicas` says.
        Replicated "replicated",
        /// One on every node that fits.
        Global "global",
        /// Runs to its end, again only when it changes.
        Once "once",
    }

    /// What fetches a URL inside the container.
    Fetcher { Wget "wget", Curl "curl" }
}

one_of!(@words Condition { Any "any", OnFailure "on-failure", None "none" });
one_of!(@words Endpoint { Vip "vip", Dnsrr "dnsrr" });
one_of!(@words FailureAction { Pause "pause", Continue "continue", Rollback "rollback" });
one_of!(@words Order { StartFirst "start-first", StopFirst "stop-first" });
one_of!(@words Protocol { Tcp "tcp", Udp "udp", Sctp "sctp" });
one_of!(@words PublishMode { Ingress "ingress", Host "host" });
one_of!(@read Need { Started "started", Healthy "healthy", Complete "complete" });

node! {
    /// A program that runs in the swarm.
    Service "service" {
        /// The name within the project; other services reach it under this name.
        name: arg(super::Name) "NAME";
        /// The image to run.
        image: value(Image) "image" effect RollingRestart;
        /// Arguments for the image's entry point.
        command: list(Text) "command" effect RollingRestart;
        /// The program itself, instead of the image's own entry point.
        entrypoint: list(Text) "entrypoint" effect RollingRestart;
        /// How many tasks run.
        replicas: value(u32) "replicas" default "1" effect NoRestart;
        /// Replicated, one on every node, or once.
        mode: value(ServiceMode) "mode" default "replicated" effect Downtime;
        /// Environment variables.
        env: map(EnvValue) "env" effect RollingRestart;
        /// Files in dotenv form whose variables are added; keys of `env` win.
        env_file: set(File) "env-file" effect RollingRestart;
        /// Ports the program listens on, by name.
        port: nodes(ServicePort) "port";
        /// Ports open to the outside of the swarm.
        publish: nodes(Publish) "publish" key (name "to") effect RollingRestart;
        /// Networks it joins; without one, the stack's `default`.
        network: nodes(Attachment) "network" effect RollingRestart;
        /// One virtual address, or every task's address under the service's name.
        endpoint: value(Endpoint) "endpoint" default "vip" effect RollingRestart;
        /// Secrets it sees as files.
        secret: nodes(SecretUse) "secret" key (name "target") effect RollingRestart;
        /// Configs it sees as files.
        config: nodes(ConfigUse) "config" key (name "target") effect RollingRestart;
        /// Volumes, host folders and memory it mounts.
        mount: nodes(Mount) "mount" key "to" effect RollingRestart;
        /// Services that must have come so far before this one is written.
        needs: nodes(Needs) "needs";
        /// How the engine finds out that a task works.
        health: node(Health) "health" effect RollingRestart;
        /// What a task may use at most.
        limits: node(Limits) "limits" effect RollingRestart;
        /// What a node must have free for a task.
        reserve: node(Reserve) "reserve" effect RollingRestart;
        /// Which nodes it runs on.
        placement: node(Placement) "placement" effect RollingRestart;
        /// What happens when a task ends.
        restart: node(Restart) "restart" effect RollingRestart;
        /// How a task is asked to end.
        stop: node(Stop) "stop" effect RollingRestart;
        /// How a change is rolled out.
        update: node(Rollout) "update" effect NoRestart;
        /// How a failed change is taken back.
        rollback: node(Rollout) "rollback" effect NoRestart;
        /// The user the program runs as.
        user: value(Scalar) "user" effect RollingRestart;
        /// Further groups of that user.
        groups: list(Scalar) "groups" effect RollingRestart;
        /// The folder the program starts in.
        workdir: value(Path) "workdir" effect RollingRestart;
        /// The host name inside the container; engine templates pass.
        hostname: value(Scalar) "hostname" effect RollingRestart;
        /// The domain name inside the container.
        domainname: value(Scalar) "domainname" effect RollingRestart;
        /// Give it a terminal.
        tty: flag(bool) "tty" effect RollingRestart;
        /// Keep its standard input open.
        stdin: flag(bool) "stdin" effect RollingRestart;
        /// Run a small init that reaps processes and passes signals on.
        init: flag(bool) "init" effect RollingRestart;
        /// The container's own file system cannot be written.
        read_only: flag(bool) "read-only" effect RollingRestart;
        /// Lines of the container's hosts file.
        host: nodes(HostLine) "host" effect RollingRestart;
        /// Name servers, search domains and resolver options.
        dns: node(Dns) "dns" effect RollingRestart;
        /// Kernel settings of the container.
        sysctl: map(Scalar) "sysctl" effect RollingRestart;
        /// Limits of the kernel on the program.
        ulimit: nodes(Ulimit) "ulimit" effect RollingRestart;
        /// Kernel capabilities added and dropped.
        cap: node(Capabilities) "cap" effect RollingRestart;
        /// Restrictions on the program.
        security: node(Security) "security" effect RollingRestart;
        /// The isolation of Windows containers.
        isolation: value(Isolation) "isolation" effect RollingRestart;
        /// How readily the kernel ends it when memory runs out, -1000 to 1000.
        oom_score: value(i64) "oom-score" effect RollingRestart;
        /// Where its output goes.
        log: node(Log) "log" effect RollingRestart;
        /// Labels on the service; changing them restarts nothing.
        labels: map(Text) "labels" effect NoRestart;
        /// Labels on the containers.
        container_labels: map(Text) "container-labels" effect RollingRestart;
        /// Refuse to delete or replace it.
        protect: flag(bool) "protect";
        /// Another stack's service, or one that nobody declares: named here to be referred to.
        external: node(External) "external";
        /// Its name in the swarm, instead of the derived one.
        physical: value(super::Name) "name" effect Downtime;
    }

    /// A port the program listens on.
    ServicePort "port" {
        /// What other nodes call it.
        name: arg(super::Name) "NAME";
        /// The number, inside the container.
        number: arg(super::Port) "NUMBER";
        /// The protocol.
        protocol: value(Protocol) "protocol" default "tcp";
    }

    /// A port open to the outside.
    Publish "publish" {
        /// The port outside, or a range.
        port: arg(Ports) "PORT";
        /// The port inside: its name or number.
        to: need(PortRef) "to";
        /// On every node through the mesh, or only where a task runs.
        mode: value(PublishMode) "mode" default "ingress";
        /// The protocol, where `to` is a number.
        protocol: value(Protocol) "protocol";
    }

    /// A network the service joins.
    Attachment "network" {
        /// Which network.
        name: arg(NetworkRef) "NAME";
        /// Further names it has there.
        alias: list(super::Host) "alias";
    }

    /// Something that must have come so far first.
    Needs "needs" {
        /// Which service.
        name: arg(ServiceRef) "NAME";
        /// Its tasks run, are healthy, or have ended with 0.
        when: value(Need) "when" default "started";
    }

    /// Something mounted: exactly one of `volume`, `bind`, `tmpfs` and `npipe`.
    Mount "mount" {
        /// A volume of the project.
        volume: value(VolumeRef) "volume";
        /// A folder or file of the node, absolute; engine templates pass.
        bind: value(Scalar) "bind";
        /// Memory.
        tmpfs: flag(bool) "tmpfs";
        /// A named pipe of a Windows node.
        npipe: value(Scalar) "npipe";
        /// Where it appears in the container.
        to: need(Path) "to";
        /// It cannot be written.
        read_only: flag(bool) "read-only";
        /// The size of a tmpfs.
        size: value(Bytes) "size";
        /// The permissions of a tmpfs.
        mode: value(FileMode) "mode";
        /// How mounts below a bind are shared.
        propagation: value(Propagation) "propagation";
        /// Do not fill a new volume with what the image has there.
        no_copy: flag(bool) "no-copy";
        /// A folder inside the volume.
        subpath: value(Scalar) "subpath";
        /// Mount options of a tmpfs.
        option: set(Scalar) "option";
    }

    /// How the engine finds out that a task works: one of `http`, `tcp`, `command`, `shell`, `none`.
    Health "health" {
        /// Fetch a URL of the container.
        http: node(HttpProbe) "http";
        /// Connect to a port of the container.
        tcp: node(TcpProbe) "tcp";
        /// Run a program; 0 is healthy.
        command: list(Scalar) "command";
        /// Run a shell line; 0 is healthy.
        shell: value(Scalar) "shell";
        /// Switch off the image's own check.
        none: flag(bool) "none";
        /// The time between two checks.
        every: value(Duration) "every" default "30s";
        /// How long a check may take.
        timeout: value(Duration) "timeout" default "30s";
        /// Failures in a row that make a task unhealthy.
        retries: value(u32) "retries" default "3";
        /// How long failures do not count after the start.
        start: value(Duration) "start" default "0s";
        /// The time between two checks during the start.
        start_every: value(Duration) "start-every" since 1;
    }

    /// A fetch from inside the container.
    HttpProbe "http" {
        /// The path.
        path: arg(super::UrlPath) "PATH";
        /// The port, by name or number; the only one where it is left out.
        port: value(PortRef) "port";
        /// The status that is healthy; any 2xx or 3xx where it is left out.
        status: value(u16) "status";
        /// A text the answer must contain.
        body: value(Scalar) "body";
        /// The program of the image that fetches; wget, then curl, where it is left out.
        with: value(Fetcher) "with";
    }

    /// A connection from inside the container.
    TcpProbe "tcp" {
        /// The port, by name or number; the only one where it is left out.
        port: value(PortRef) "port";
    }

    /// What a task may use at most.
    Limits "limits" {
        /// Processors.
        cpu: value(Cpu) "cpu";
        /// Memory.
        memory: value(Bytes) "memory";
        /// Processes and threads.
        pids: value(u64) "pids";
    }

    /// What a node must have free for a task.
    Reserve "reserve" {
        /// Processors.
        cpu: value(Cpu) "cpu";
        /// Memory.
        memory: value(Bytes) "memory";
        /// Resources that nodes advertise by name.
        generic: map(Scalar) "generic";
    }

    /// Which nodes a service runs on.
    Placement "placement" {
        /// Conditions such as `node.role==worker`; all must hold.
        constraint: set(Scalar) "constraint";
        /// Spread tasks over the values of a node label.
        spread: set(Scalar) "spread";
        /// The most tasks on one node.
        max_per_node: value(u32) "max-per-node";
        /// Platforms such as `linux/amd64`.
        platform: set(Scalar) "platform";
    }

    /// What happens when a task ends.
    Restart "restart" {
        /// Whether it is started again.
        condition: opt_arg(Condition) "CONDITION" default "any";
        /// The time before that.
        delay: value(Duration) "delay" default "5s";
        /// How often at most; 0 is without limit.
        max: value(u32) "max" default "0";
        /// The time in which restarts are counted.
        window: value(Duration) "window";
    }

    /// How a task is asked to end.
    Stop "stop" {
        /// The signal; without one the image's own, or `SIGTERM`.
        signal: value(Scalar) "signal";
        /// How long it may take before it is killed.
        grace: value(Duration) "grace" default "10s";
    }

    /// How a change is rolled out or taken back.
    Rollout "update" {
        /// Tasks changed at a time; 0 is all.
        parallelism: value(u32) "parallelism" default "1";
        /// The time between two of them.
        delay: value(Duration) "delay" default "0s";
        /// Start the new task before or after the old one stops.
        order: value(Order) "order";
        /// What happens when too many fail.
        on_failure: value(FailureAction) "on-failure" default "rollback";
        /// How long a new task is watched.
        monitor: value(Duration) "monitor" default "5s";
        /// How many may fail, as a share.
        max_failure_ratio: value(Ratio) "max-failure-ratio" default "0";
    }

    /// A line of the hosts file.
    HostLine "host" {
        /// The name.
        name: arg(super::Host) "NAME";
        /// Its addresses.
        addresses: args(Ip) "IP";
    }

    /// How names are resolved inside the container.
    Dns "dns" {
        /// Name servers.
        server: set(Ip) "server";
        /// Search domains.
        search: set(super::Host) "search";
        /// Options such as `ndots=2`.
        option: map(Scalar) "option";
    }

    /// A limit of the kernel.
    Ulimit "ulimit" {
        /// Its name, `nofile`.
        name: arg(Scalar) "NAME";
        /// The limit at the start; the same as `hard` where it is left out.
        soft: value(i64) "soft";
        /// The most it can be raised to.
        hard: value(i64) "hard";
    }

    /// Kernel capabilities.
    Capabilities "cap" {
        /// Added, such as `NET_BIND_SERVICE`.
        add: set(Scalar) "add";
        /// Dropped; `ALL` drops all that are not added.
        drop: set(Scalar) "drop";
    }

    /// Restrictions on the program.
    Security "security" {
        /// The program cannot gain privileges.
        no_new_privileges: flag(bool) "no-new-privileges";
        /// `default`, `unconfined`, or a profile as JSON text.
        seccomp: value(Scalar) "seccomp";
        /// `default` or `disabled`.
        apparmor: value(AppArmor) "apparmor";
        /// `SELinux`: `user`, `role`, `type`, `level`, `disable`.
        selinux: map(Scalar) "selinux";
        /// The credential spec of Windows: `config=`, `file=` or `registry=`.
        credential_spec: map(Scalar) "credential-spec";
    }

    /// Where output goes.
    Log "log" {
        /// The log driver; without one the engine's own.
        driver: opt_arg(Scalar) "DRIVER";
        /// Options of the driver.
        option: map(Scalar) "option";
    }

    /// Something that exists outside this stack.
    External "external" {
        /// The stack that owns it.
        stack: value(Scalar) "stack";
    }
}

one_of! {
    /// AppArmor profiles the engine takes for services.
    AppArmor { Default "default", Disabled "disabled" }

    /// Isolation of Windows containers.
    Isolation { Default "default", Process "process", Hyperv "hyperv" }

    /// How mounts below a bind are shared.
    Propagation {
        Private "private", Rprivate "rprivate", Shared "shared",
        Rshared "rshared", Slave "slave", Rslave "rslave",
    }
}

/// The secret a value of `env` names, where it is nothing but that secret.
pub fn secret_of(value: &EnvValue) -> Option<SecretRef> {
    match value {
        EnvValue::Secret(name) => Some(SecretRef(name.clone())),
        EnvValue::Text(_) => None,
    }
}
