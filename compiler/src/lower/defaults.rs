//! What the engine does where a spec is silent.
//!
//! Whatever equals the engine's own behaviour is left out of a plan, so that spelling a default out
//! changes no digest and restarts nothing.

use skep_schema::plan::{
    Condition, FailureAction, Mode, Mount, MountSource, Order, PublishMode, Service,
};
use skep_schema::units::{Duration, Ratio};

/// What the engine does where a service says nothing; held to a real one by the live tests in
/// `runtime/providers/tests/swarm_live/defaults.rs`.
pub(crate) mod engine {
    use super::{Condition, Duration, FailureAction, Order, Ratio};

    pub(crate) const RESTART: Condition = Condition::Any;
    pub(crate) const RESTART_DELAY: Duration = Duration::seconds(5);
    pub(crate) const RESTART_MAX: u32 = 0;
    pub(crate) const RESTART_WINDOW: Duration = Duration(0);
    pub(crate) const STOP_GRACE: Duration = Duration::seconds(10);
    pub(crate) const PARALLELISM: u32 = 1;
    pub(crate) const DELAY: Duration = Duration(0);
    pub(crate) const ORDER: Order = Order::StopFirst;
    pub(crate) const ON_FAILURE: FailureAction = FailureAction::Pause;
    pub(crate) const MONITOR: Duration = Duration::seconds(5);
    pub(crate) const MAX_FAILURE_RATIO: Ratio = Ratio(0);
}

/// Whether two tasks of a service, lowered so far, would be in each other's way.
pub(super) fn is_alone(service: &Service) -> bool {
    service.mode != Mode::Replicated
        || service.placement.max_per_node.is_some()
        || service.networks.contains_key("host")
        || service
            .publish
            .values()
            .any(|published| published.mode == PublishMode::Host)
        || service.mounts.values().any(is_written)
}

/// Whether two tasks could write to the same place.
fn is_written(mount: &Mount) -> bool {
    match mount.from {
        MountSource::Volume { .. } | MountSource::Bind { .. } => !mount.read_only,
        MountSource::Tmpfs { .. } | MountSource::Npipe { .. } => false,
    }
}
