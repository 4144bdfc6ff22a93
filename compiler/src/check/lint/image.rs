//! Images whose tag moves.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    let services = spec.services.values().map(|s| (&s.node.image, &s.uses));
    let gateways = spec.gateways.values().map(|g| (&g.node.image, &g.uses));
    for (image, uses) in services.chain(gateways) {
        let Some(image) = image else { continue };
        cx.about(uses);
        let reference = image.value.reference();
        let what = match reference.tag() {
            _ if reference.digest().is_some() || is_locked(image.value.as_str(), cx) => continue,
            None => "has no tag, which means `latest`",
            Some("latest") => "is `latest`",
            Some(_) => continue,
        };
        cx.report(
            Diagnostic::new(Code::FloatingImage, image.span, format!("the image {what}"))
                .label("tomorrow this may be another program")
                .help("write the version you mean, such as redis:7.4"),
        );
    }
}

/// What is locked stays the same program until somebody asks for another.
fn is_locked(image: &str, cx: &Context<'_>) -> bool {
    cx.lock
        .as_ref()
        .is_some_and(|lock| lock.images.contains_key(image))
}
