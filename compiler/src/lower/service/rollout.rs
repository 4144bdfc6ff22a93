//! How a service starts, stops and changes.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{self, Condition, FailureAction, Mode};
use skep_schema::spec::{Restart, Rollout, Stop};

use crate::lower::Lower;
use crate::lower::defaults::{engine, is_alone};
use crate::lower::plain::{scalar, unless, value};

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Forward,
    Back,
}

impl Lower<'_, '_, '_> {
    /// How `service`, lowered but for this, is changed or taken back.
    pub(crate) fn rollout(
        &mut self,
        service: &plan::Service,
        written: Option<&Rollout>,
        way: Way,
    ) -> plan::Rollout {
        let edition = match way {
            Way::Forward => self.edition.values.on_failure(service.mode),
            Way::Back => engine::ON_FAILURE,
        };
        let on_failure = written.and_then(|written| value(written.on_failure.as_ref()));
        if let (Way::Back, Some(FailureAction::Rollback), Some(written)) =
            (way, on_failure, written)
        {
            self.error(
                Diagnostic::new(
                    Code::SwarmCannot,
                    written.span,
                    "a failed rollback cannot be rolled back",
                )
                .help("write on-failure pause or on-failure continue"),
            );
        }
        let order = written.and_then(|written| value(written.order.as_ref()));
        plan::Rollout {
            parallelism: unless(
                written.and_then(|w| value(w.parallelism.as_ref())),
                &engine::PARALLELISM,
            ),
            delay: unless(
                written.and_then(|w| value(w.delay.as_ref())),
                &engine::DELAY,
            ),
            order: unless(
                order.or_else(|| (!is_alone(service)).then_some(self.edition.values.order)),
                &engine::ORDER,
            ),
            on_failure: unless(on_failure.or(Some(edition)), &engine::ON_FAILURE),
            monitor: unless(
                written.and_then(|w| value(w.monitor.as_ref())),
                &engine::MONITOR,
            ),
            max_failure_ratio: unless(
                written.and_then(|w| value(w.max_failure_ratio.as_ref())),
                &engine::MAX_FAILURE_RATIO,
            ),
        }
    }

    pub(super) fn restart(&mut self, mode: Mode, written: Option<&Restart>) -> plan::Restart {
        let condition = written.and_then(|written| value(written.condition.as_ref()));
        if let (Mode::Once, Some(Condition::Any), Some(written)) = (mode, condition, written) {
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    written.span,
                    "a service that runs once is not started again",
                )
                .help("write restart on-failure, or take mode=once away"),
            );
        }
        plan::Restart {
            condition: unless(
                condition.or(Some(self.edition.values.restart(mode))),
                &engine::RESTART,
            ),
            delay: unless(
                written.and_then(|w| value(w.delay.as_ref())),
                &engine::RESTART_DELAY,
            ),
            max: unless(
                written.and_then(|w| value(w.max.as_ref())),
                &engine::RESTART_MAX,
            ),
            window: unless(
                written.and_then(|w| value(w.window.as_ref())),
                &engine::RESTART_WINDOW,
            ),
        }
    }
}

/// A signal is never left out as a default: without one the engine takes the image's own.
pub(super) fn stop(stop: Option<&Stop>) -> plan::Stop {
    let signal = stop
        .and_then(|stop| scalar(stop.signal.as_ref()))
        .map(|signal| full_signal(&signal));
    plan::Stop {
        signal,
        grace: unless(
            stop.and_then(|stop| value(stop.grace.as_ref())),
            &engine::STOP_GRACE,
        ),
    }
}

/// `INT` is `SIGINT`; numbers stay as they are.
fn full_signal(signal: &str) -> String {
    let upper = signal.to_ascii_uppercase();
    let number = upper.chars().all(|c| c.is_ascii_digit());
    if number || upper.starts_with("SIG") {
        upper
    } else {
        format!("SIG{upper}")
    }
}
