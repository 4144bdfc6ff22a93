//! The whole daemon on a model swarm, from what it is told to what it tells.

mod api;
mod keeping;
mod killed;
mod lab;
mod matrix;
mod patching;
#[cfg(feature = "postgres")]
mod sharing;
mod watching;
