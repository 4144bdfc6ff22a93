//! The swarm provider against a real engine: `cargo xtask test` runs this and brings the engine.

mod absent;
mod connections;
mod defaults;
mod echo;
mod effects;
mod failures;
mod faults;
mod front;
mod images;
mod lab;
mod nodes;
mod ownership;
mod pki;
mod removal;
mod secrets;
mod updates;
mod waves;
