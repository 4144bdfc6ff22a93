//! What edition 1 decides where a spec is silent, and what the engine does anyway.
//!
//! Decisions never change inside an edition. Whatever equals the engine's own behaviour is left out
//! of a plan, so that spelling a default out changes no digest and restarts nothing.

use skep_schema::plan::{
    Condition, FailureAction, Mode, Mount, MountSource, Order, PublishMode, Service,
};
use skep_schema::units::{Duration, Ratio};

/// A decision of the edition that differs from the engine's own default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The property, as it is written.
    pub property: &'static str,
    pub value: &'static str,
    /// What the engine would do.
    pub engine: &'static str,
    pub why: &'static str,
}

/// All decisions of edition 1.
pub const EDITION_1: &[Decision] = &[
    Decision {
        property: "service.update.on-failure",
        value: "rollback",
        engine: "pause",
        why: "a paused update leaves a service half old and half broken until somebody looks",
    },
    Decision {
        property: "service.update.order",
        value: "start-first, unless a task would be in its own way",
        engine: "stop-first",
        why: "the old task answers until the new one is healthy; a port in host mode, the host's \
              network, a writable volume or bind, `max-per-node` and `mode=global` forbid two at once",
    },
    Decision {
        property: "service.rollback.order",
        value: "start-first, unless a task would be in its own way",
        engine: "stop-first",
        why: "a rollback out of an update that no node could take waits a minute with stop-first",
    },
    Decision {
        property: "service.update.on-failure, with mode=once",
        value: "continue",
        engine: "pause",
        why: "the engine takes a task that ends, even with 0, for a failed update",
    },
    Decision {
        property: "service.restart, with mode=once",
        value: "none",
        engine: "any",
        why: "it runs to its end once for every change",
    },
    Decision {
        property: "service.health.every, timeout, retries",
        value: "30s, 30s, 3",
        engine: "those of the image, or the same",
        why: "a check that the spec writes does not depend on what the image brings",
    },
    Decision {
        property: "service.network",
        value: "default",
        engine: "none",
        why: "the services of a stack reach each other by name without a word",
    },
    Decision {
        property: "route.redirect.status",
        value: "308, and 301 with Traefik",
        engine: "none",
        why: "for good, and the method of the request stays where the proxy can say so",
    },
    Decision {
        property: "gateway.update.on-failure",
        value: "rollback",
        engine: "pause",
        why: "a proxy that does not start with its new config goes back to the old one",
    },
    Decision {
        property: "gateway.health",
        value: "a connection to its first port, where the image is the edition's own",
        engine: "none",
        why: "a proxy that refuses its config then fails the update and is rolled back",
    },
];

/// What the engine does where a service says nothing; held to a real one by the live tests in
/// `runtime/providers/tests/swarm_live/defaults.rs`.
pub(super) mod engine {
    use super::{Condition, Duration, FailureAction, Order, Ratio};

    pub(in super::super) const RESTART: Condition = Condition::Any;
    pub(in super::super) const RESTART_DELAY: Duration = Duration::seconds(5);
    pub(in super::super) const RESTART_MAX: u32 = 0;
    pub(in super::super) const RESTART_WINDOW: Duration = Duration(0);
    pub(in super::super) const STOP_GRACE: Duration = Duration::seconds(10);
    pub(in super::super) const PARALLELISM: u32 = 1;
    pub(in super::super) const DELAY: Duration = Duration(0);
    pub(in super::super) const ORDER: Order = Order::StopFirst;
    pub(in super::super) const ON_FAILURE: FailureAction = FailureAction::Pause;
    pub(in super::super) const MONITOR: Duration = Duration::seconds(5);
    pub(in super::super) const MAX_FAILURE_RATIO: Ratio = Ratio(0);
}

pub(super) const HEALTH_EVERY: Duration = Duration::seconds(30);
pub(super) const HEALTH_TIMEOUT: Duration = Duration::seconds(30);
pub(super) const HEALTH_RETRIES: u32 = 3;

/// How a gateway on the edition's own image is watched: soon, because its update waits for it.
pub(super) const GATEWAY_EVERY: Duration = Duration::seconds(5);
pub(super) const GATEWAY_TIMEOUT: Duration = Duration::seconds(3);

pub(super) const fn restart(mode: Mode) -> Condition {
    match mode {
        Mode::Replicated | Mode::Global => Condition::Any,
        Mode::Once => Condition::None,
    }
}

pub(super) const fn on_failure(mode: Mode) -> FailureAction {
    match mode {
        Mode::Replicated | Mode::Global => FailureAction::Rollback,
        Mode::Once => FailureAction::Continue,
    }
}

/// The order in which an old and a new task change places, for a service lowered so far.
pub(super) fn order(service: &Service) -> Order {
    let alone = service.mode != Mode::Replicated
        || service.placement.max_per_node.is_some()
        || service.networks.contains_key("host")
        || service
            .publish
            .values()
            .any(|published| published.mode == PublishMode::Host)
        || service.mounts.values().any(is_written);
    if alone {
        Order::StopFirst
    } else {
        Order::StartFirst
    }
}

/// Whether two tasks could write to the same place.
fn is_written(mount: &Mount) -> bool {
    match mount.from {
        MountSource::Volume { .. } | MountSource::Bind { .. } => !mount.read_only,
        MountSource::Tmpfs { .. } | MountSource::Npipe { .. } => false,
    }
}
