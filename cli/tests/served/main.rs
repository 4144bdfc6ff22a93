//! The commands that ask a daemon: before one that keeps a project on a model swarm, and before one of our
//! own making for what that does not do when it is asked.

mod doctor;
mod editing;
mod fake;
mod lab;
mod logs;
mod refusals;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod watching;
