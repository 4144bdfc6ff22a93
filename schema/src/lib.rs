//! Skep's words: plain values and pure functions over them.
pub mod diagnostic;
pub mod span;
