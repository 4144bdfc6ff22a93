//! The references of a flow: what of the stack its tasks use.

use skep_schema::address::{Address, Kind};
use skep_schema::spec::{Declared, EnvValue, Flow, Run, SecretUse, Task};

use super::{ENGINE_NETWORKS, Resolver};
use crate::graph::EdgeKind;

impl Resolver<'_, '_> {
    pub(super) fn flow(&mut self, name: &str, flow: &Declared<Flow>) {
        let from = Address::new(Kind::Flow, name);
        let flow = &flow.node;
        for trigger in &flow.triggers {
            if let Some(hook) = &trigger.webhook {
                self.refer(
                    &from,
                    Kind::Secret,
                    hook.secret.value.as_str(),
                    hook.secret.span,
                    EdgeKind::Uses,
                );
            }
            if let Some(service) = trigger.event.as_ref().and_then(|e| e.service.as_ref()) {
                self.refer(
                    &from,
                    Kind::Service,
                    service.value.as_str(),
                    service.span,
                    EdgeKind::Names,
                );
            }
        }
        let boxed = flow.boxes.iter().flat_map(|b| &b.tasks);
        let handled = flow.on.iter().flat_map(|h| &h.tasks);
        let last = flow.finally.iter().flat_map(|f| &f.tasks);
        for task in flow.tasks.iter().chain(boxed).chain(handled).chain(last) {
            self.task(&from, task);
        }
    }

    fn task(&mut self, from: &Address, task: &Task) {
        self.secrets(from, &task.secret);
        for (_, value) in task.env.iter() {
            if let EnvValue::Secret(name) = &value.value {
                self.refer(from, Kind::Secret, name, value.span, EdgeKind::Uses);
            }
        }
        if let Some(run) = &task.run {
            self.run(from, run);
        }
        let services = [
            task.exec.as_ref().map(|e| &e.service),
            task.call.as_ref().map(|c| &c.service),
        ];
        for service in services.into_iter().flatten() {
            self.refer(
                from,
                Kind::Service,
                service.value.as_str(),
                service.span,
                EdgeKind::Names,
            );
        }
        if let Some(secret) = task.checkout.as_ref().and_then(|c| c.secret.as_ref()) {
            self.refer(
                from,
                Kind::Secret,
                secret.value.as_str(),
                secret.span,
                EdgeKind::Uses,
            );
        }
        if let Some(other) = &task.flow {
            self.refer(
                from,
                Kind::Flow,
                &other.name.value.0,
                other.name.span,
                EdgeKind::Names,
            );
        }
    }

    fn run(&mut self, from: &Address, run: &Run) {
        self.secrets(from, &run.secret);
        for network in run
            .network
            .iter()
            .filter(|n| !ENGINE_NETWORKS.contains(&n.value.as_str()))
        {
            self.refer(
                from,
                Kind::Network,
                network.value.as_str(),
                network.span,
                EdgeKind::Uses,
            );
        }
        for volume in run.mount.iter().filter_map(|m| m.volume.as_ref()) {
            self.refer(
                from,
                Kind::Volume,
                volume.value.as_str(),
                volume.span,
                EdgeKind::Uses,
            );
        }
        for config in &run.config {
            self.refer(
                from,
                Kind::Config,
                config.name.value.as_str(),
                config.name.span,
                EdgeKind::Uses,
            );
        }
    }

    fn secrets(&mut self, from: &Address, uses: &[SecretUse]) {
        for secret in uses {
            self.refer(
                from,
                Kind::Secret,
                secret.name.value.as_str(),
                secret.name.span,
                EdgeKind::Uses,
            );
        }
    }
}
