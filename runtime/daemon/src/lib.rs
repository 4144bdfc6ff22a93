//! The daemon: keeps stacks as they are declared, and tells everyone what happens.

mod audit;
mod auth;
mod clock;
mod condition;
mod crier;
mod daemon;
mod door;
mod ear;
mod home;
mod http;
mod journal;
mod lease;
mod listen;
pub mod logs;
mod main_loop;
mod metrics;
mod notify;
mod reign;
pub mod settings;
mod source;
mod stack;
mod store;
#[cfg(test)]
mod tests;
mod traces;
mod views;
mod webhook;

pub use daemon::{Daemon, DaemonError};
pub use listen::ListenError;
pub use settings::{Settings, SettingsError};
