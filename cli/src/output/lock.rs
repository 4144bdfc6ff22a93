//! What became of a lock file, a line an image or a module.

use std::collections::BTreeSet;

use skep_compiler::lock::Lock;
use skep_schema::image::ImageDigest;
use skep_schema::module::{ModuleName, Pin};

use super::changes::count;

/// The images whose lines differ, in order: new ones, those whose tags moved, those nobody uses.
pub(crate) fn listing(old: &Lock, new: &Lock) -> String {
    let mut lines: Vec<(char, &str, String)> = Vec::new();
    for image in all(old, new) {
        match (old.images.get(image), new.images.get(image)) {
            (Some(before), Some(after)) if before != after => {
                let moved = format!("{} -> {}", before.short(), after.short());
                lines.push(('~', image, moved));
            }
            (None, Some(after)) => lines.push(('+', image, after.short())),
            (Some(_), None) => lines.push(('-', image, "not used any more".to_owned())),
            (Some(_) | None, None | Some(_)) => {}
        }
    }
    table(&lines)
}

/// What would have to be done, known without any registry.
pub(crate) fn overdue(missing: &BTreeSet<&str>, unused: &BTreeSet<&str>) -> String {
    let missing = missing
        .iter()
        .map(|image| ('+', *image, "missing".to_owned()));
    let unused = unused
        .iter()
        .map(|image| ('-', *image, "unused".to_owned()));
    table(&missing.chain(unused).collect::<Vec<_>>())
}

/// `3 images, 1 new, 2 moved`
pub(crate) fn summary(old: &Lock, new: &Lock) -> String {
    let is = |fits: &dyn Fn(Option<&ImageDigest>, Option<&ImageDigest>) -> bool| {
        let fits = |image: &&str| fits(old.images.get(*image), new.images.get(*image));
        all(old, new).into_iter().filter(fits).count()
    };
    let counts = [
        (is(&|old, new| old.is_none() && new.is_some()), "new"),
        (
            is(&|old, new| old.is_some() && new.is_some() && old != new),
            "moved",
        ),
        (is(&|_, new| new.is_none()), "dropped"),
    ];
    counted(count(new.images.len() as u64, "image"), &counts)
}

/// The modules whose lines differ, as [`listing`] has images.
pub(crate) fn modules_listing(old: &Lock, new: &Lock) -> String {
    let mut lines: Vec<(char, String, String)> = Vec::new();
    for (name, before, after) in modules(old, new) {
        let line = match (before, after) {
            (Some(before), Some(after)) if before != after => {
                let moved = format!("{} -> {}", before.commit.short(), after.commit.short());
                ('~', moved)
            }
            (None, Some(after)) => ('+', after.commit.short().to_owned()),
            (Some(_), None) => ('-', "not used any more".to_owned()),
            (Some(_) | None, None | Some(_)) => continue,
        };
        lines.push((line.0, name.to_string(), line.1));
    }
    let lines: Vec<(char, &str, String)> = lines
        .iter()
        .map(|(sign, name, text)| (*sign, name.as_str(), text.clone()))
        .collect();
    table(&lines)
}

/// `3 modules, 1 new, 2 moved`
pub(crate) fn modules_summary(old: &Lock, new: &Lock) -> String {
    let is = |fits: &dyn Fn(Option<&Pin>, Option<&Pin>) -> bool| {
        modules(old, new)
            .filter(|(_, old, new)| fits(*old, *new))
            .count()
    };
    let counts = [
        (is(&|old, new| old.is_none() && new.is_some()), "new"),
        (
            is(&|old, new| old.is_some() && new.is_some() && old != new),
            "moved",
        ),
        (is(&|_, new| new.is_none()), "dropped"),
    ];
    counted(count(new.modules.len() as u64, "module"), &counts)
}

fn modules<'l>(
    old: &'l Lock,
    new: &'l Lock,
) -> impl Iterator<Item = (&'l ModuleName, Option<&'l Pin>, Option<&'l Pin>)> {
    let both: BTreeSet<&ModuleName> = old.modules.keys().chain(new.modules.keys()).collect();
    both.into_iter()
        .map(|name| (name, old.modules.get(name), new.modules.get(name)))
}

fn counted(all: String, counts: &[(usize, &str)]) -> String {
    let some = counts.iter().filter(|(n, _)| *n > 0);
    let parts = std::iter::once(all).chain(some.map(|(n, word)| format!("{n} {word}")));
    parts.collect::<Vec<_>>().join(", ")
}

fn all<'l>(old: &'l Lock, new: &'l Lock) -> BTreeSet<&'l str> {
    let both = old.images.keys().chain(new.images.keys());
    both.map(String::as_str).collect()
}

fn table(lines: &[(char, &str, String)]) -> String {
    let widths = lines.iter().map(|(_, image, _)| image.chars().count());
    let width = widths.max().unwrap_or(0);
    lines
        .iter()
        .map(|(sign, image, text)| format!("{sign} {image:<width$}  {text}\n"))
        .collect()
}
