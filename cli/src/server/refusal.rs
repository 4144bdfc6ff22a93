//! A daemon's no, with the places that it is about.

use std::path::Path;

use skep_schema::api::refusal::{PatchPlace, Refusal};

use crate::output::diagnostics::located;
use crate::output::paint::Paint;

/// What stands above the daemon's words: what is wrong in the files, and where something could be written.
/// Nothing for most refusals. `root` is a project at hand, whose files are shown where they have the places.
pub(super) fn places(refusal: &Refusal, root: Option<&Path>, paint: Paint) -> String {
    let text = |file: &str| std::fs::read_to_string(root?.join(file)).ok();
    let mut out = located(&refusal.diagnostics, &text, paint);
    let width = refusal.places.iter().map(|place| place.at.chars().count());
    let width = width.max().unwrap_or(0);
    for PatchPlace { at, text } in &refusal.places {
        out.push_str(&format!("  {at:width$}  {text}\n"));
    }
    out
}
