//! What people and programs are shown.

pub(crate) mod changes;
pub(crate) mod diagnostics;
pub(crate) mod lock;
pub(crate) mod paint;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod tests;
pub(crate) mod time;
