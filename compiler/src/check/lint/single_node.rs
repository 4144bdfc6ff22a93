//! Data on one node, tasks on any.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Mount, Service, ServiceMode, Spec, Volume};

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values() {
        cx.about(&service.uses);
        if is_placed(&service.node) {
            continue;
        }
        for mount in service.node.mount.iter().filter(|m| is_local(spec, m)) {
            cx.report(
                Diagnostic::new(Code::WanderingData, mount.span, "this volume is another one on every node")
                    .label("a task that moves finds it empty")
                    .help("tie the service to its data: placement { constraint \"node.labels.NAME==VALUE\" }"),
            );
        }
    }
}

fn is_placed(service: &Service) -> bool {
    let global = service
        .mode
        .as_ref()
        .is_some_and(|m| m.value == ServiceMode::Global);
    global
        || service
            .placement
            .as_ref()
            .is_some_and(|p| !p.constraint.is_empty())
}

fn is_local(spec: &Spec, mount: &Mount) -> bool {
    let Some(name) = &mount.volume else {
        return false;
    };
    let Some(volume) = spec.volumes.get(name.value.as_str()) else {
        return false;
    };
    let Volume {
        driver,
        option,
        external,
        ..
    } = &*volume.node;
    let shared = option
        .get("type")
        .is_some_and(|t| t.value.0.starts_with("nfs") || t.value.0 == "cifs");
    let own_driver = driver.as_ref().is_some_and(|d| d.value.0 != "local");
    !shared && !own_driver && external.is_none()
}
