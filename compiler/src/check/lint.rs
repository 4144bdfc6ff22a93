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

use skep_schema::diagnostic::{Applicability, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

type Lint = fn(&Spec, &Graph, &mut Context<'_>);

pub(super) const ALL: &[Lint] = &[
    deadlock::lint,
    ends_for_good::lint,
    image::lint,
    ingress_addresses::lint,
    monitor::lint,
    no_target::lint,
    nowhere::lint,
    out_of_reach::lint,
    pause::lint,
    proxy_labels::lint,
    secret_env::lint,
    side_door::lint,
    single_node::lint,
    slow_rollback::lint,
    socket::lint,
    two_writers::lint,
    unlocked::lint,
];

/// Lints about what is missing: where something is wrong already, it may stand in what could not be
/// read.
pub(super) const OF_WHOLE: &[Lint] = &[
    clear_password::lint,
    forgetful_database::lint,
    proxy_labels::without_port,
    unused::lint,
];

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
