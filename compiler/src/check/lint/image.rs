//! Images whose tag moves.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::At;
use skep_schema::spec::{Image, Service, Spec};

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn of_service(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    if let Some(image) = &service.image {
        report(image, cx);
    }
}

pub(super) fn of_gateways(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for gateway in spec.gateways.values() {
        cx.about(&gateway.uses);
        if let Some(image) = &gateway.node.image {
            report(image, cx);
        }
    }
}

fn report(image: &At<Image>, cx: &mut Context<'_>) {
    let reference = image.value.reference();
    let what = match reference.tag() {
        _ if reference.digest().is_some() || is_locked(image.value.as_str(), cx) => return,
        None => "has no tag, which means `latest`",
        Some("latest") => "is `latest`",
        Some(_) => return,
    };
    cx.report(
        Diagnostic::new(Code::FloatingImage, image.span, format!("the image {what}"))
            .label("tomorrow this may be another program")
            .help("write the version you mean, such as redis:7.4"),
    );
}

/// What is locked stays the same program until somebody asks for another.
fn is_locked(image: &str, cx: &Context<'_>) -> bool {
    cx.lock
        .as_ref()
        .is_some_and(|lock| lock.images.contains_key(image))
}
