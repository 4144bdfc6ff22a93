//! The model swarm as a place where plans come true.

mod absent;
mod circle;
mod failures;
mod faults;
mod fence;
mod file;
mod identity;
mod journal;
mod keeper;
mod kept;
mod lock;
mod nodes;
mod ownership;
mod rules;
mod support;
mod updates;
