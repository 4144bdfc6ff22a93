//! The editions of the language: what each decides where a spec is silent.
//!
//! Decisions never change inside an edition. A new edition is one more entry of [`EDITIONS`]: nothing
//! else in the compiler knows a number of one.

use skep_schema::plan::{Condition, FailureAction, Mode, Order};
use skep_schema::units::Duration;

use crate::proxy::Proxy;

/// An edition of the language.
#[derive(Debug)]
pub struct Edition {
    /// As in `project NAME edition=1`.
    pub number: u16,
    /// Its decisions as people are told them.
    pub decisions: &'static [Decision],
    pub(crate) values: Values,
}

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

/// The decisions as the compiler uses them.
#[derive(Debug)]
pub(crate) struct Values {
    /// What becomes of an update that fails, and of one of a service that runs once.
    on_failure: FailureAction,
    on_failure_once: FailureAction,
    /// How tasks change places where they are not in each other's way.
    pub(crate) order: Order,
    /// When a task that ended is started again, and one of a service that runs once.
    restart: Condition,
    restart_once: Condition,
    pub(crate) health: Watch,
    /// Of gateways on the edition's own images: soon, because their update waits for it.
    pub(crate) gateway_health: Watch,
    /// The status of a redirect, and with Traefik, which has no 308.
    redirect: u16,
    redirect_traefik: u16,
}

/// How often a task is looked at.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) every: Duration,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
}

/// All editions, the oldest first.
pub const EDITIONS: &[Edition] = &[Edition {
    number: 1,
    decisions: DECISIONS_1,
    values: Values {
        on_failure: FailureAction::Rollback,
        on_failure_once: FailureAction::Continue,
        order: Order::StartFirst,
        restart: Condition::Any,
        restart_once: Condition::None,
        health: Watch {
            every: Duration::seconds(30),
            timeout: Duration::seconds(30),
            retries: 3,
        },
        gateway_health: Watch {
            every: Duration::seconds(5),
            timeout: Duration::seconds(3),
            retries: 3,
        },
        redirect: 308,
        redirect_traefik: 301,
    },
}];

impl Edition {
    /// The edition of a number; nothing where this compiler knows none.
    pub fn of(number: u16) -> Option<&'static Self> {
        EDITIONS.iter().find(|edition| edition.number == number)
    }

    /// The one that a project without a known edition is read in.
    pub(crate) fn newest() -> &'static Self {
        EDITIONS.last().expect("there is an edition")
    }
}

impl Values {
    pub(crate) const fn on_failure(&self, mode: Mode) -> FailureAction {
        match mode {
            Mode::Replicated | Mode::Global => self.on_failure,
            Mode::Once => self.on_failure_once,
        }
    }

    pub(crate) const fn restart(&self, mode: Mode) -> Condition {
        match mode {
            Mode::Replicated | Mode::Global => self.restart,
            Mode::Once => self.restart_once,
        }
    }

    /// For good, and the method stays where the proxy can say so.
    pub(crate) const fn redirect(&self, proxy: Proxy) -> u16 {
        match proxy {
            Proxy::Traefik => self.redirect_traefik,
            Proxy::Caddy | Proxy::Nginx | Proxy::Haproxy => self.redirect,
        }
    }
}

/// What edition 1 decides, for people.
const DECISIONS_1: &[Decision] = &[
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
