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
pub(crate) mod tests;
pub(crate) mod time;
pub(crate) mod xml;

use std::path::Path;

use similar::TextDiff;

/// What changes in a file, as a unified diff.
pub(crate) fn difference(path: &Path, before: &str, after: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&name, &name)
        .to_string()
}
