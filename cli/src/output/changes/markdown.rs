//! A change set under a pull request: found again by a marker, and never too long to post.

use std::fmt::Write;

use skep_schema::change::{Change, ChangeSet};

use super::Heading;
use super::detail::{Sign, cause, concerns, lines};
use super::words::{Risk, count, effect, identity, moves, reason, sign, verdict};

/// Bytes kept below the smallest common limit of 65,536 characters.
const BUDGET: usize = 60_000;

/// The whole comment. Its first line lets a bot find and replace an earlier one of the same stack.
pub(crate) fn markdown(changes: &ChangeSet, heading: &Heading) -> String {
    let mut out = String::new();
    let verdict = escape(&verdict(&changes.summary));
    let _ = writeln!(
        out,
        "<!-- skep:plan stack={} -->",
        heading.stack.replace("--", "- -")
    );
    let _ = writeln!(out, "### skep plan `{}`: {verdict}\n", heading.stack);
    let _ = writeln!(out, "Against {}.\n", escape(&heading.against));
    if !changes.changes.is_empty() {
        table(&mut out, changes);
        details(&mut out, changes);
    }
    for line in moves(changes) {
        let _ = writeln!(out, "{line}\n");
    }
    let _ = writeln!(out, "Change set `{}`, plan `{}`.", changes.id, changes.to);
    if let Some(next) = &heading.next {
        let _ = writeln!(out, "Apply exactly this: `{next}`");
    }
    out
}

fn by_risk(changes: &ChangeSet) -> Vec<&Change> {
    let mut all: Vec<&Change> = changes.changes.iter().collect();
    all.sort_by_key(|c| Risk::of(c));
    all
}

fn table(out: &mut String, changes: &ChangeSet) {
    let _ = writeln!(out, "| | node | effect | why |\n|---|---|---|---|");
    let all = by_risk(changes);
    for (shown, change) in all.iter().enumerate() {
        if out.len() > BUDGET / 2 {
            let _ = writeln!(
                out,
                "| | {} more, see the JSON output | | |",
                all.len() - shown
            );
            break;
        }
        let told = identity(change);
        let why = reason(change)
            .map(str::to_owned)
            .or_else(|| (!told.is_empty()).then(|| told.join("; ")))
            .or_else(|| cause(change))
            .unwrap_or_default();
        let risk = Risk::of(change);
        let effect = if risk <= Risk::Downtime {
            format!("**{}**", escape(&effect(change)))
        } else {
            escape(&effect(change))
        };
        let _ = writeln!(
            out,
            "| {} | `{}` | {effect} | {} |",
            sign(change.action),
            cell(&change.address.to_string()),
            escape(&why)
        );
    }
    out.push('\n');
}

fn details(out: &mut String, changes: &ChangeSet) {
    let mut left_out = 0;
    for change in by_risk(changes) {
        let block = block(changes, change);
        if block.is_empty() {
            continue;
        }
        if out.len() + block.len() > BUDGET {
            left_out += 1;
        } else {
            out.push_str(&block);
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            out,
            "{} left out for length, see the JSON output.\n",
            count(left_out, "detail")
        );
    }
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
