//! A change set on a terminal: verdict first and last, grouped by risk.

use std::fmt::Write;

use anstyle::AnsiColor;
use skep_schema::change::{Change, ChangeSet};

use super::Heading;
use super::detail::{Line, Sign, cause, concerns, lines};
use super::words::{Risk, course, effect, identity, moves, reason, sign, verdict};
use crate::output::paint::Paint;

/// The whole text, with a final line end.
pub(crate) fn terminal(changes: &ChangeSet, heading: &Heading, paint: Paint) -> String {
    let mut out = String::new();
    let verdict = verdict(&changes.summary);
    let _ = writeln!(
        out,
        "{} against {}",
        paint.bold(&heading.stack),
        heading.against
    );
    let _ = writeln!(out, "{}", paint.bold(&verdict));
    if changes.changes.is_empty() {
        return out;
    }
    let widest = |texts: &mut dyn Iterator<Item = String>| {
        texts.map(|t| t.chars().count()).max().unwrap_or(0)
    };
    let columns = Columns {
        address: widest(&mut changes.changes.iter().map(|c| c.address.to_string())).min(44),
        effect: widest(&mut changes.changes.iter().map(effect)).min(64),
    };
    for risk in Risk::ALL {
        let group: Vec<&Change> = changes
            .changes
            .iter()
            .filter(|c| Risk::of(c) == risk)
            .collect();
        if !group.is_empty() {
            let _ = writeln!(out, "\n{}", paint.colour(risk.colour(), risk.heading()));
            for change in group {
                one(&mut out, change, risk, &columns, paint);
                for line in concerns(changes, change) {
                    let _ = writeln!(out, "     {}", detail(&line, paint).trim_end());
                }
            }
        }
    }
    for line in moves(changes) {
        let _ = writeln!(out, "\n{line}");
    }
    let _ = writeln!(out, "\n{}", paint.bold(&verdict));
    if let Some(next) = &heading.next {
        let _ = writeln!(out, "Apply exactly this: {next}");
    }
    out
}

/// Widths, so that what belongs together stands below each other.
struct Columns {
    address: usize,
    effect: usize,
}

fn one(out: &mut String, change: &Change, risk: Risk, columns: &Columns, paint: Paint) {
    let (width, wide) = (columns.address, columns.effect);
    let place = change
        .after
        .as_ref()
        .or(change.before.as_ref())
        .map(|n| n.origin.place())
        .unwrap_or_default();
    let head = format!(
        " {} {:<width$}  {:<wide$}",
        paint.colour(risk.colour(), sign(change.action)),
        paint.bold(change.address.to_string()),
        effect(change),
    );
    let _ = writeln!(
        out,
        "{}",
        format!("{head}  {}", paint.dim(place)).trim_end()
    );
    for text in reason(change)
        .map(str::to_owned)
        .into_iter()
        .chain(identity(change))
        .chain(cause(change))
        .chain(course(change))
    {
        let _ = writeln!(out, "     {text}");
    }
    for line in lines(change) {
        let _ = writeln!(out, "     {}", detail(&line, paint).trim_end());
    }
}

fn detail(line: &Line, paint: Paint) -> String {
    let Line { sign, text } = line;
    match sign {
        Sign::Added => paint
            .colour(AnsiColor::Green, format!("+ {text}"))
            .to_string(),
        Sign::Removed => paint
            .colour(AnsiColor::Red, format!("- {text}"))
            .to_string(),
        Sign::Changed => format!("~ {text}"),
        Sign::Plain => format!("  {text}"),
    }
}
