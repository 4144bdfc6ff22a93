//! The model swarm as a place where plans come true.

mod circle;
mod failures;
mod support;
