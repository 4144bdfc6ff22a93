//! New text in the place of some bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use skep_schema::span::{Sources, Span};

use super::Refusal;
use crate::source::{File, SourceSet};

/// One change of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Splice {
    /// Relative to the project, with forward slashes.
    pub file: String,
    /// The first byte that goes, and the first that stays.
    pub start: usize,
    pub end: usize,
    /// What stands there instead; nothing where the bytes only go.
    pub text: String,
}

/// Two splices that want the same bytes, or one that wants bytes that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict(pub Splice);

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Splice { file, start, .. }) = self;
        write!(f, "another change of `{file}` is at byte {start} already")
    }
}

impl std::error::Error for Conflict {}

impl Splice {
    pub fn new(file: impl Into<String>, range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            start: range.start,
            end: range.end,
            text: text.into(),
        }
    }

    /// The splice that replaces a span, as the fixes of diagnostics do.
    pub fn at(span: Span, sources: &Sources, text: impl Into<String>) -> Self {
        Self::new(
            sources.path(span.file),
            span.start as usize..span.end as usize,
            text,
        )
    }
}

/// The sources with some splices made; nothing where they do not fit together, or want a file that is
/// not there as text.
pub fn spliced<'s>(
    set: &SourceSet,
    splices: impl IntoIterator<Item = &'s Splice>,
) -> Option<SourceSet> {
    let mut by_file: BTreeMap<&str, Vec<Splice>> = BTreeMap::new();
    for splice in splices {
        let of_file = by_file.entry(&splice.file).or_default();
        of_file.push(splice.clone());
    }
    let mut next = set.clone();
    for (file, splices) in by_file {
        let text = apply(set.text(file)?, &splices).ok()?;
        let bytes: Arc<[u8]> = text.into_bytes().into();
        next.files.insert(file.to_owned(), File::Bytes(bytes));
    }
    Some(next)
}

/// The texts of the files that splices are for, which have to be this project's own.
///
/// # Errors
/// One is not: it belongs to another project, ships with Skep, or is written in another language.
pub fn editable(set: &SourceSet, splices: &[Splice]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut all = BTreeMap::new();
    for Splice { file, .. } in splices {
        if set.derived.contains_key(file) {
            return Err(of_compose(file));
        }
        let bytes = set.files.get(file);
        let Some(File::Bytes(bytes)) = bytes.filter(|_| set.is_own(file)) else {
            return Err(Refusal::no(
                format!("`{file}` is no file of this project"),
                "what comes from elsewhere is changed there, or by a patch of an environment",
            ));
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        all.insert(file.clone(), text);
    }
    Ok(all)
}

fn of_compose(file: &str) -> Refusal {
    Refusal::no(
        format!("this is written in `{file}`, a compose file, which Skep does not edit"),
        format!("edit it by hand; or go on in KDL: skep import compose {file} --out FOLDER"),
    )
}

/// Applies all splices of one text at once; their places are those in the text as it is given, and
/// their order does not matter. The same splice twice is made once; of two insertions in one place
/// the one whose text sorts first comes first.
///
/// # Errors
/// Two of them overlap, or one lies outside the text or inside a character.
pub fn apply(text: &str, splices: &[Splice]) -> Result<String, Conflict> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for splice in ordered(splices) {
        let kept = text.get(at..splice.start);
        let (Some(kept), Some(_)) = (kept, text.get(splice.start..splice.end)) else {
            return Err(Conflict(splice.clone()));
        };
        out.push_str(kept);
        out.push_str(&splice.text);
        at = splice.end;
    }
    out.push_str(&text[at..]);
    Ok(out)
}

/// The splices that take back others, for the texts that those leave. `text_of` gives a file's text
/// as it was before.
///
/// # Errors
/// As for [`apply`].
pub fn inverse<'t>(
    splices: &[Splice],
    text_of: impl Fn(&str) -> &'t str,
) -> Result<Vec<Splice>, Conflict> {
    let mut ends: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut all = Vec::new();
    for splice in ordered(splices) {
        let (before, after) = ends.entry(&splice.file).or_default();
        let gone = text_of(&splice.file).get(splice.start..splice.end);
        let kept = splice.start.checked_sub(*before);
        let (Some(gone), Some(kept)) = (gone, kept) else {
            return Err(Conflict(splice.clone()));
        };
        let start = *after + kept;
        let end = start + splice.text.len();
        all.push(Splice::new(&splice.file, start..end, gone));
        (*before, *after) = (splice.end, end);
    }
    Ok(all)
}

fn ordered(splices: &[Splice]) -> Vec<&Splice> {
    let mut all: Vec<&Splice> = splices.iter().collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice(range: Range<usize>, text: &str) -> Splice {
        Splice::new("a.kdl", range, text)
    }

    #[test]
    fn splices_are_applied_at_once_and_taken_back() {
        let text = "service web image=\"a\"\n";
        let all = [
            splice(18..21, "\"bcd\""),
            splice(0..7, "x"),
            splice(8..8, "é "),
        ];
        let after = apply(text, &all).expect("they do not overlap");
        assert_eq!(after, "x é web image=\"bcd\"\n");
        let back = inverse(&all, |_| text).expect("they do not overlap");
        assert_eq!(apply(&after, &back).as_deref(), Ok(text));
    }

    #[test]
    fn the_same_splice_twice_is_made_once() {
        let all = [splice(0..1, "b"), splice(0..1, "b")];
        assert_eq!(apply("a", &all).as_deref(), Ok("b"));
    }

    #[test]
    fn what_overlaps_or_lies_outside_is_refused() {
        for all in [
            vec![splice(0..3, ""), splice(2..4, "")],
            vec![splice(3..9, "")],
            vec![splice(5..6, "")],
        ] {
            assert!(apply("abcdé", &all).is_err(), "{all:?}");
        }
    }
}
