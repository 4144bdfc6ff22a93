//! Images that the lock file does not have.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;
use crate::lock::images;
use crate::source::LOCK;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    let Some(lock) = &cx.lock else { return };
    // A file that only pins modules says nothing of images.
    if lock.images.is_empty() && !lock.modules.is_empty() {
        return;
    }
    let missing: Vec<_> = images(spec)
        .into_iter()
        .filter(|(image, _)| !lock.images.contains_key(image))
        .collect();
    for (image, places) in missing {
        let [first, others @ ..] = places.as_slice() else {
            continue;
        };
        let message = format!("`{image}` is not in {LOCK}");
        let found = Diagnostic::new(Code::NotLocked, *first, message)
            .label("its tag may mean another program tomorrow")
            .help("`skep lock images` asks the registry and writes it there");
        let found = others
            .iter()
            .fold(found, |found, place| found.and(*place, "and here"));
        cx.report(found);
    }
}
