//! Lints: what works, and will hurt. One file each; the list below is all there is to register.

mod clear_password;
mod deadlock;
mod ends_for_good;
mod forgetful_database;
mod image;
mod ingress_addresses;
mod monitor;
mod no_target;
mod nowhere;
mod out_of_reach;
mod pause;
mod proxy_labels;
mod secret_env;
mod side_door;
mod single_node;
mod slow_rollback;
mod socket;
mod two_writers;
mod unlocked;
mod unused;

pub use secret_env::looks_secret;

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Applicability, Diagnostic};
use skep_schema::spec::{Declared, Service, Spec};

use crate::context::Context;
use crate::due::Due;
use crate::graph::Graph;

type Lint = fn(&Spec, &Graph, &mut Context<'_>);

/// What it says of a service depends on no service that this one does not name.
type ServiceLint = fn(&Service, &Spec, &mut Context<'_>);

const ALL: &[Lint] = &[
    image::of_gateways,
    ingress_addresses::lint,
    no_target::lint,
    nowhere::of_gateways,
    side_door::lint,
    unlocked::lint,
];

const OF_SERVICE: &[ServiceLint] = &[
    deadlock::lint,
    ends_for_good::lint,
    image::of_service,
    monitor::lint,
    nowhere::of_service,
    out_of_reach::lint,
    pause::lint,
    proxy_labels::on_containers,
    secret_env::lint,
    single_node::lint,
    slow_rollback::lint,
    socket::lint,
    two_writers::lint,
];

/// Lints about what is missing: where something is wrong already, it may stand in what could not be
/// read.
const OF_WHOLE: &[Lint] = &[clear_password::lint, unused::lint];

const OF_WHOLE_SERVICE: &[ServiceLint] = &[forgetful_database::lint, proxy_labels::without_port];

/// What lints found out of services.
#[derive(Debug, Default)]
pub(crate) struct Linted {
    /// Those of which something was said, and has to be said again.
    remarkable: BTreeSet<String>,
    /// Those of which something was said to be missing.
    lacking: BTreeSet<String>,
    /// Those with labels that describe routers: two can contradict each other.
    routers: BTreeSet<String>,
    /// Whether the lints about what is missing looked at all that were not due.
    whole: bool,
}

impl Linted {
    /// The lints about what is missing were left out.
    pub(super) const fn put_off(&mut self) {
        self.whole = false;
    }
}

/// Looks for what is always unwise.
pub(super) fn lint(
    spec: &Spec,
    graph: &Graph,
    due: &Due,
    linted: &mut Linted,
    cx: &mut Context<'_>,
) {
    let mut due = due.clone();
    due.add(std::mem::take(&mut linted.remarkable));
    due.forget(&mut linted.routers);
    for (name, service) in due.of(&spec.services) {
        say(name, service, spec, OF_SERVICE, &mut linted.remarkable, cx);
        if proxy_labels::has_routers(&service.node) {
            linted.routers.insert(name.clone());
        }
    }
    let routers = linted.routers.iter();
    proxy_labels::routers(routers.filter_map(|name| spec.services.get(name)), cx);
    look(ALL, spec, graph, cx);
}

/// Looks for what is unwise in a spec without mistakes.
pub(super) fn lint_whole(
    spec: &Spec,
    graph: &Graph,
    due: &Due,
    linted: &mut Linted,
    cx: &mut Context<'_>,
) {
    let mut due = if linted.whole { due.clone() } else { Due::All };
    due.add(std::mem::take(&mut linted.lacking));
    for (name, service) in due.of(&spec.services) {
        say(
            name,
            service,
            spec,
            OF_WHOLE_SERVICE,
            &mut linted.lacking,
            cx,
        );
    }
    linted.whole = true;
    look(OF_WHOLE, spec, graph, cx);
}

/// Lints of the whole say themselves which node they are about.
fn look(lints: &[Lint], spec: &Spec, graph: &Graph, cx: &mut Context<'_>) {
    for lint in lints {
        cx.about(&[]);
        lint(spec, graph, cx);
    }
    cx.about(&[]);
}

fn say(
    name: &str,
    service: &Declared<Service>,
    spec: &Spec,
    lints: &[ServiceLint],
    remarkable: &mut BTreeSet<String>,
    cx: &mut Context<'_>,
) {
    let before = cx.decoder.diagnostics.len();
    cx.about(&service.uses);
    for lint in lints {
        lint(&service.node, spec, cx);
    }
    if cx.decoder.diagnostics.len() > before {
        remarkable.insert(name.to_owned());
    }
}

/// Offers to write one word instead of the marked one, where that word is what stands there and not
/// a parameter or something else that has it.
fn instead(found: Diagnostic, cx: &Context<'_>, word: &str, better: &str) -> Diagnostic {
    let span = found.primary.span;
    let quoted = format!("\"{word}\"");
    if ![word, quoted.as_str()].contains(&cx.sources.slice(span)) {
        return found;
    }
    let edits = vec![(span, better.to_owned())];
    found.offer(format!("write `{better}`"), Applicability::Safe, edits)
}
