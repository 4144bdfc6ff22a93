//! What keeps the pods of a service running.

use skep_schema::address::Kind;
use skep_schema::plan::{Condition, Mode, Restart, Rollout, Service};

use super::Export;
use super::object::{matching, selected};
use crate::export::finding::About;
use crate::export::yaml::Map;

/// The object that makes pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    /// Pods that are all alike.
    Deployment,
    /// One on every machine.
    DaemonSet,
    /// Pods that have a volume each, and so a name.
    StatefulSet,
    /// Pods that end.
    Job,
}

impl Workload {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::DaemonSet => "DaemonSet",
            Self::StatefulSet => "StatefulSet",
            Self::Job => "Job",
        }
    }

    const fn api(self) -> &'static str {
        match self {
            Self::Deployment | Self::DaemonSet | Self::StatefulSet => "apps/v1",
            Self::Job => "batch/v1",
        }
    }
}

impl Export<'_> {
    pub(super) fn kind_of(&self, service: &Service) -> Workload {
        match service.mode {
            Mode::Global => Workload::DaemonSet,
            Mode::Once => Workload::Job,
            Mode::Replicated if self.claims.has_own(service) => Workload::StatefulSet,
            Mode::Replicated => Workload::Deployment,
        }
    }

    pub(super) fn workload(&mut self, about: About<'_>, service: &Service) {
        let workload = self.kind_of(service);
        let name = self.name(Kind::Service, &service.name);
        let called = match workload {
            // The pods of a job are never changed: another job has another name.
            Workload::Job => format!("{name}-{}", super::names::hash(about.node)),
            Workload::Deployment | Workload::DaemonSet | Workload::StatefulSet => name.clone(),
        };
        let spec = match workload {
            Workload::Job => self.job(about, service, &name),
            Workload::Deployment | Workload::DaemonSet | Workload::StatefulSet => {
                self.lasting(about, service, workload, &name)
            }
        };
        let notes = self.notes(about, "label", &service.labels);
        let mut map = self.noted(workload.api(), workload.word(), &called, &notes);
        map.put("spec", spec);
        self.objects.push(map);
    }

    /// Pods that are started anew when they end.
    fn lasting(
        &mut self,
        about: About<'_>,
        service: &Service,
        workload: Workload,
        name: &str,
    ) -> Map {
        let mut spec = Map::default();
        if workload != Workload::DaemonSet {
            spec.put_some("replicas", service.replicas);
        }
        spec.put("selector", matching(selected(name)));
        if workload == Workload::StatefulSet {
            spec.put("serviceName", name);
            spec.put("podManagementPolicy", "Parallel");
            self.pods_with_volumes(about, service);
        }
        self.rollout(about, service, workload, &mut spec);
        self.always(about, service.restart);
        let template = self.template(about, service, name, None);
        spec.put("template", template);
        if workload == Workload::StatefulSet {
            spec.put("volumeClaimTemplates", self.own_claims(service));
        }
        spec
    }

    fn pods_with_volumes(&mut self, about: About<'_>, service: &Service) {
        if service.replicas.is_some_and(|replicas| replicas > 1) {
            self.findings.near(
                about,
                "mount",
                "every pod has a volume of its own, where tasks on one machine shared one",
                "see that the program does not count on sharing it",
            );
        }
    }

    fn always(&mut self, about: About<'_>, restart: Restart) {
        let Restart {
            condition,
            delay,
            max,
            window,
        } = restart;
        let next = "let the program stay, or say mode=once";
        if let Some(Condition::OnFailure | Condition::None) = condition {
            let reason = "kubernetes starts a pod of a service again however it ended";
            self.findings.near(about, "restart.condition", reason, next);
        }
        if max.is_some_and(|max| max > 0) {
            let reason = "kubernetes never gives up starting a pod of a service";
            self.findings.dropped(about, "restart.max", reason, next);
        }
        self.waits(about, delay.is_some(), window.is_some());
    }

    fn waits(&mut self, about: About<'_>, delay: bool, window: bool) {
        let reason = "kubernetes waits longer after each failure, from 10s to 5m";
        for (property, said) in [("restart.delay", delay), ("restart.window", window)] {
            if said {
                self.findings.dropped(about, property, reason, "");
            }
        }
    }

    /// Pods that end with 0 once.
    fn job(&mut self, about: About<'_>, service: &Service, name: &str) -> Map {
        let Restart {
            condition,
            delay,
            max,
            window,
        } = service.restart;
        self.waits(about, delay.is_some(), window.is_some());
        if let Some(Condition::Any) | None = condition {
            let reason = "a job that has ended well is not started again";
            self.findings.near(about, "restart.condition", reason, "");
        }
        if service.update != Rollout::default() || service.rollback != Rollout::default() {
            let reason = "a job is never changed: another one is made beside it";
            let next = "remove old jobs with `kubectl delete job`";
            for property in ["update", "rollback"] {
                self.findings.near(about, property, reason, next);
            }
        }
        let tries = match (condition, max) {
            (Some(Condition::None), _) => 0,
            (Some(Condition::OnFailure | Condition::Any) | None, Some(max)) if max > 0 => max,
            // Swarm tries for ever; this is as near as a job comes.
            (Some(Condition::OnFailure | Condition::Any) | None, _) => i32::MAX.unsigned_abs(),
        };
        let mut spec = Map::default();
        let count = service.replicas.filter(|count| *count != 1);
        spec.put_some("completions", count);
        spec.put_some("parallelism", count);
        spec.put("backoffLimit", tries);
        let template = self.template(about, service, name, Some("Never"));
        spec.put("template", template);
        spec
    }
}
