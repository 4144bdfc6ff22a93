//! How pods are replaced.

use skep_schema::plan::{FailureAction, Order, Rollout, Service};
use skep_schema::units::{Duration, Ratio};

use super::Export;
use super::text::seconds;
use super::workload::Workload;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

/// After so many seconds an update that makes no progress has failed, unless it is said.
const USUAL_DEADLINE: i64 = 600;

impl Export<'_> {
    pub(super) fn rollout(
        &mut self,
        about: About<'_>,
        service: &Service,
        workload: Workload,
        spec: &mut Map,
    ) {
        let Rollout {
            parallelism,
            delay,
            order,
            on_failure,
            monitor,
            max_failure_ratio,
        } = service.update;
        let at_once = amount(parallelism);
        let starts_first = order == Some(Order::StartFirst);
        match workload {
            Workload::Deployment => spec.put("strategy", strategy(starts_first, at_once)),
            Workload::DaemonSet => spec.put("updateStrategy", strategy(starts_first, at_once)),
            Workload::StatefulSet => self.one_by_one(about, starts_first, parallelism),
            Workload::Job => {}
        }
        pace(workload, delay.max(monitor), spec);
        let reason = "each pod is watched for so long before the next one is replaced";
        for (property, time) in [("update.delay", delay), ("update.monitor", monitor)] {
            if time.is_some() {
                self.findings.near(about, property, reason, "");
            }
        }
        self.failure(about, on_failure, max_failure_ratio);
        self.way_back(about, service);
    }

    /// A pod with a name of its own cannot be there twice.
    fn one_by_one(&mut self, about: About<'_>, starts_first: bool, parallelism: Option<u32>) {
        if starts_first {
            let reason = "a pod with a volume of its own has to end before the next one starts";
            self.findings.near(about, "update.order", reason, "");
        }
        if parallelism.is_some_and(|count| count != 1) {
            let reason = "pods with volumes of their own are replaced one by one";
            self.findings.near(about, "update.parallelism", reason, "");
        }
    }

    fn failure(
        &mut self,
        about: About<'_>,
        on_failure: Option<FailureAction>,
        ratio: Option<Ratio>,
    ) {
        let next = "watch `kubectl rollout status`, and go back with `kubectl rollout undo`";
        let reason = match on_failure {
            Some(FailureAction::Rollback) => {
                "kubernetes stops an update that fails, and does not undo it"
            }
            Some(FailureAction::Continue) => "kubernetes stops an update that fails",
            // It stops, as kubernetes does.
            Some(FailureAction::Pause) | None => "",
        };
        if !reason.is_empty() {
            self.findings.near(about, "update.on-failure", reason, next);
        }
        if ratio.is_some_and(|ratio| ratio.0 > 0) {
            let reason = "kubernetes goes on only when a pod is ready";
            self.findings
                .dropped(about, "update.max-failure-ratio", reason, next);
        }
    }

    fn way_back(&mut self, about: About<'_>, service: &Service) {
        let same_way = Rollout {
            order: service.update.order,
            ..Rollout::default()
        };
        if service.rollback != same_way && service.rollback != service.update {
            let reason = "`kubectl rollout undo` goes the way of an update";
            self.findings.dropped(about, "rollback", reason, "");
        }
    }
}

/// So many pods at once, by number or all of them.
fn amount(parallelism: Option<u32>) -> Yaml {
    match parallelism {
        Some(0) => "100%".into(),
        Some(count) => count.into(),
        None => 1_u32.into(),
    }
}

/// A pod counts only when it was ready for so long, and until then no other is replaced.
fn pace(workload: Workload, longest: Option<Duration>, spec: &mut Map) {
    let Some(longest) = longest.filter(|time| time.0 > 0) else {
        return;
    };
    spec.put("minReadySeconds", seconds(longest));
    if workload == Workload::Deployment && seconds(longest) >= USUAL_DEADLINE {
        // It has to be longer than what each pod is watched for.
        let deadline = seconds(longest).saturating_add(USUAL_DEADLINE);
        spec.put("progressDeadlineSeconds", deadline.min(i64::from(i32::MAX)));
    }
}

fn strategy(starts_first: bool, at_once: Yaml) -> Map {
    let none = Yaml::from(0_u32);
    let (more, fewer) = if starts_first {
        (at_once, none)
    } else {
        (none, at_once)
    };
    let mut rolling = Map::default();
    rolling.put("maxSurge", more);
    rolling.put("maxUnavailable", fewer);
    let mut map = Map::default();
    map.put("type", "RollingUpdate");
    map.put("rollingUpdate", rolling);
    map
}
