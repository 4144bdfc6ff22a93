//! The swarm provider against a real engine: `cargo xtask test` runs this and brings the engine.

mod echo;
mod effects;
mod failures;
mod faults;
mod lab;
mod line;
mod ownership;
mod removal;
mod secrets;
mod updates;
