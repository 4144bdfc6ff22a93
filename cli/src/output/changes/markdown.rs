//! A change set under a pull request: found again by a marker, and never too long to post.

use std::fmt::Write;

use skep_schema::change::{Change, ChangeSet};

use super::Heading;
use super::detail::{Sign, cause, concerns, lines};
use super::words::{Risk, effect, identity, moves, reason, sign, verdict};

/// Bytes of a comment where nobody says another number: below the smallest common limit of 65,536
/// characters.
pub(crate) const BUDGET: usize = 60_000;

/// The smallest budget that has room for what stands in every comment.
pub(crate) const LEAST: usize = 2_000;

/// Bytes that are kept for the line that says what was left out.
const NOTE: usize = 300;

/// Letters of a base's name that are shown at most.
const NAME: usize = 200;

/// The whole comment, no longer than the budget in bytes. Its first line lets a bot find and replace an
/// earlier one of the same stack.
pub(crate) fn markdown(changes: &ChangeSet, heading: &Heading, budget: usize) -> String {
    let foot = foot(changes, heading, budget / 4);
    let mut page = Page {
        text: head(changes, heading),
        budget: budget.saturating_sub(foot.len() + NOTE),
    };
    let listed = table(&mut page, changes);
    let shown = details(&mut page, changes);
    let told = Fitted::count(
        moves(changes)
            .iter()
            .map(|line| page.put(&format!("{line}\n\n"))),
    );
    let missing = [
        (listed, "changes listed"),
        (shown, "diffs shown"),
        (told, "renames told"),
    ];
    page.text.push_str(&note(&missing));
    page.text + &foot
}

/// A text that only grows by pieces which fit whole, so that no table, fence or fold is cut.
struct Page {
    text: String,
    /// In bytes.
    budget: usize,
}

impl Page {
    fn left(&self) -> usize {
        self.budget.saturating_sub(self.text.len())
    }

    /// Whether the piece was put.
    fn put(&mut self, piece: &str) -> bool {
        let fits = piece.len() <= self.left();
        if fits {
            self.text.push_str(piece);
        }
        fits
    }
}

/// How many pieces of a kind fitted, and how many there were.
#[derive(Clone, Copy)]
struct Fitted {
    put: usize,
    of: usize,
}

impl Fitted {
    fn count(pieces: impl Iterator<Item = bool>) -> Self {
        pieces.fold(Self { put: 0, of: 0 }, |all, was_put| Self {
            put: all.put + usize::from(was_put),
            of: all.of + 1,
        })
    }
}

fn head(changes: &ChangeSet, heading: &Heading) -> String {
    let against: String = heading.against.chars().take(NAME).collect();
    format!(
        "<!-- skep:plan stack={} -->\n### skep plan `{}`: {}\n\nAgainst {}.\n\n",
        heading.stack.replace("--", "- -"),
        heading.stack,
        escape(&verdict(&changes.summary)),
        escape(&against)
    )
}

/// What is left out is counted; a comment with all in it has no such line.
fn note(missing: &[(Fitted, &str)]) -> String {
    let short = missing.iter().filter(|(fitted, _)| fitted.put < fitted.of);
    let counts: Vec<String> = short
        .map(|(Fitted { put, of }, what)| format!("{put} of {of} {what}"))
        .collect();
    if counts.is_empty() {
        return String::new();
    }
    format!(
        "**Shortened to fit:** {}; `skep plan -o json` has all of it.\n\n",
        counts.join(", ")
    )
}

/// A command that is longer than `most` bytes is not told.
fn foot(changes: &ChangeSet, heading: &Heading, most: usize) -> String {
    let mut out = format!("Change set `{}`, plan `{}`.\n", changes.id, changes.to);
    if let Some(next) = heading.next.as_ref().filter(|next| next.len() <= most) {
        let _ = writeln!(out, "Apply exactly this: {}", code(next));
    }
    out
}

fn by_risk(changes: &ChangeSet) -> Vec<&Change> {
    let mut all: Vec<&Change> = changes.changes.iter().collect();
    all.sort_by_key(|c| Risk::of(c));
    all
}

/// A row for each change, in half of what is left at most.
fn table(page: &mut Page, changes: &ChangeSet) -> Fitted {
    let mut rows = Page {
        text: "| | node | effect | why |\n|---|---|---|---|\n".to_owned(),
        budget: page.left() / 2,
    };
    let fitted = Fitted::count(by_risk(changes).into_iter().map(|c| rows.put(&row(c))));
    if fitted.put > 0 {
        page.put(&format!("{}\n", rows.text));
    }
    fitted
}

fn row(change: &Change) -> String {
    let told = identity(change);
    let why = reason(change)
        .map(str::to_owned)
        .or_else(|| (!told.is_empty()).then(|| told.join("; ")))
        .or_else(|| cause(change))
        .unwrap_or_default();
    let effect = escape(&effect(change));
    let effect = if Risk::of(change) <= Risk::Downtime {
        format!("**{effect}**")
    } else {
        effect
    };
    format!(
        "| {} | `{}` | {effect} | {} |\n",
        sign(change.action),
        cell(&change.address.to_string()),
        escape(&why)
    )
}

fn details(page: &mut Page, changes: &ChangeSet) -> Fitted {
    let blocks = by_risk(changes).into_iter().map(|c| block(changes, c));
    let blocks: Vec<String> = blocks.filter(|block| !block.is_empty()).collect();
    Fitted::count(blocks.iter().map(|block| page.put(block)))
}

/// One folded diff, with its signs in the first column so that hosts colour them.
fn block(changes: &ChangeSet, change: &Change) -> String {
    let mut lines = lines(change);
    lines.extend(concerns(changes, change));
    if lines.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(
        lines
            .iter()
            .map(|l| longest_run(&l.text))
            .max()
            .unwrap_or(0)
            .max(2)
            + 1,
    );
    let mut out = format!(
        "<details><summary>{}</summary>\n\n{fence}diff\n",
        html(&change.address.to_string())
    );
    for line in lines {
        let sign = match line.sign {
            Sign::Added => '+',
            Sign::Removed => '-',
            Sign::Changed => '!',
            Sign::Plain => ' ',
        };
        let _ = writeln!(out, "{sign} {}", line.text);
    }
    let _ = writeln!(out, "{fence}\n\n</details>\n");
    out
}

/// A code span, longer than any run of backticks in it.
fn code(text: &str) -> String {
    let marks = "`".repeat(longest_run(text) + 1);
    let space = if marks.len() > 1 { " " } else { "" };
    format!("{marks}{space}{}{space}{marks}", text.replace('\n', " "))
}

/// The longest run of backticks: a fence must be longer.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text that stays text: no markup, no mentions, no issue links, no table borders.
fn escape(text: &str) -> String {
    html(text)
        .replace('|', "\\|")
        .replace('*', "\\*")
        .replace('_', "\\_")
        .replace('`', "\\`")
        .replace('@', "@\u{200b}")
        .replace('#', "#\u{200b}")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('`', "'")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
