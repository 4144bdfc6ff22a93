//! Lints: what works, and will hurt. One file each; the list below is all there is to register.

mod deadlock;
mod image;
mod monitor;
mod no_target;
mod pause;
mod secret_env;
mod single_node;
mod socket;
mod unlocked;
pub(super) mod unused;

use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

type Lint = fn(&Spec, &Graph, &mut Context<'_>);

pub(super) const ALL: &[Lint] = &[
    deadlock::lint,
    image::lint,
    monitor::lint,
    no_target::lint,
    pause::lint,
    secret_env::lint,
    single_node::lint,
    socket::lint,
    unlocked::lint,
];
