//! What people and programs are shown.

pub(crate) mod changes;
pub(crate) mod diagnostics;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod lock;
pub(crate) mod paint;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod stacks;
pub(crate) mod tests;
pub(crate) mod time;
pub(crate) mod xml;
