//! The lines under a change: properties, texts, causes. The same for a terminal and for markdown.

use similar::{ChangeTag, TextDiff};
use skep_schema::address::Segment;
use skep_schema::change::{Action, Author, Change, ChangeSet, FieldChange, Reason};
use skep_schema::place::Lacking;
use skep_schema::value::Value;

use super::words::count;

/// A line and the sign in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sign: Sign,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Added,
    Removed,
    Changed,
    /// Around a change, or about it.
    Plain,
}

impl Sign {
    pub(super) const fn plain(self) -> char {
        match self {
            Sign::Added => '+',
            Sign::Removed => '-',
            Sign::Changed => '~',
            Sign::Plain => ' ',
        }
    }
}

/// Lines of a long text shown at most, before the middle is left out.
const MOST: usize = 40;
/// Unchanged lines shown around a changed one.
const AROUND: usize = 2;

/// What differs, property by property. A new or deleted node shows none: its heading says it.
pub(super) fn lines(change: &Change) -> Vec<Line> {
    let mut lines = properties(change);
    lines.extend(change.evicts.iter().map(|(address, tasks)| Line {
        sign: Sign::Plain,
        text: format!(
            "{} of {address} must leave {}: its constraints are not met there any more",
            count(*tasks, "task"),
            host(change)
        ),
    }));
    lines
}

/// What would keep a change from getting anywhere.
pub(super) fn concerns(changes: &ChangeSet, of: &Change) -> Vec<Line> {
    let mut lines = Vec::new();
    for concern in changes.concerns.iter().filter(|c| c.address == of.address) {
        let mut tell = |text: String| {
            lines.push(Line {
                sign: Sign::Plain,
                text,
            });
        };
        tell(format!("warning: {}", concern.message));
        for line in Lacking::lines(&concern.machines) {
            tell(format!("  {line}"));
        }
        tell(format!("  help: {}", concern.help()));
    }
    lines
}

/// The machine a change of labels is about.
fn host(change: &Change) -> &str {
    let node = change.before.as_ref().or(change.after.as_ref());
    node.and_then(|node| node.payload.physical_name())
        .unwrap_or_default()
}

fn properties(change: &Change) -> Vec<Line> {
    match change.action {
        Action::Create | Action::Delete | Action::Forget => Vec::new(),
        Action::Update | Action::Replace | Action::Adopt => change
            .fields
            .iter()
            .filter(|f| !is_content_name(change, f))
            .flat_map(|changed| attributed(change, changed, field(changed)))
            .collect(),
    }
}

/// A content name changes because the content does, which is shown itself.
fn is_content_name(change: &Change, field: &FieldChange) -> bool {
    change.action == Action::Replace && field.path == ["name"] && change.fields.len() > 1
}

/// Says of a property that somebody else changed it, unless all of the node is told so.
fn attributed(of: &Change, change: &FieldChange, mut lines: Vec<Line>) -> Vec<Line> {
    let told = match change.by {
        Author::Spec => "",
        Author::Outside | Author::Both if of.reason == Reason::Drift => "",
        Author::Outside => "  (changed outside)",
        Author::Both => "  (changed outside and in the spec)",
    };
    if let Some(first) = lines.first_mut() {
        first.text.push_str(told);
    }
    lines
}

fn field(change: &FieldChange) -> Vec<Line> {
    let path = path(&change.path);
    if change.secret {
        let told = if is_known(change) {
            "changed"
        } else {
            "unknown"
        };
        return vec![Line {
            sign: Sign::Changed,
            text: format!("{path}  (secret, {told})"),
        }];
    }
    match (&change.before, &change.after) {
        (Some(Value::Text(before)), Some(Value::Text(after))) if change.path == ["image"] => {
            vec![Line {
                sign: Sign::Changed,
                text: format!("{path}  {}", image(before, after)),
            }]
        }
        (Some(Value::Text(before)), Some(Value::Text(after)))
            if before.contains('\n') || after.contains('\n') =>
        {
            text_diff(&path, before, after)
        }
        (Some(before), Some(after)) => {
            vec![Line {
                sign: Sign::Changed,
                text: format!("{path}  {} -> {}", show(before), show(after)),
            }]
        }
        (None, Some(after)) => vec![Line {
            sign: Sign::Added,
            text: format!("{path}  {}", show(after)),
        }],
        (Some(before), None) => vec![Line {
            sign: Sign::Removed,
            text: format!("{path}  {}", show(before)),
        }],
        (None, None) => Vec::new(),
    }
}

/// With digests that a person can tell apart.
fn image(before: &str, after: &str) -> String {
    let short = super::image::difference(before, after);
    let plain = || format!("{} -> {}", quote(before), quote(after));
    short.map_or_else(plain, |text| {
        let mut safe = String::new();
        text.chars().for_each(|c| push_safe(&mut safe, c));
        safe
    })
}

/// Whether anybody here could compare the secret's value: a fingerprint is there, or is in the name.
fn is_known(change: &FieldChange) -> bool {
    change.after.as_ref().is_none_or(|after| match after {
        Value::Map(text) => text.contains_key("fingerprint"),
        Value::Text(name) => !name.ends_with('*'),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::List(_) => true,
    })
}

fn path(segments: &[String]) -> String {
    segments
        .iter()
        .map(|s| Segment(s).to_string())
        .collect::<Vec<_>>()
        .join(".")
}

/// A value in the language's spelling, with nothing in it that a terminal would obey.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("#{flag}"),
        Value::Int(int) => int.to_string(),
        Value::Text(text) => quote(text),
        Value::List(list) => format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(" ")),
        Value::Map(map) => {
            let inside: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{key}={}", show(value)))
                .collect();
            format!("{{{}}}", inside.join(" "))
        }
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => push_safe(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// Control and direction-changing characters are shown by number.
fn push_safe(out: &mut String, c: char) {
    use std::fmt::Write;
    let bidi =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    if c.is_control() || bidi {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

fn text_diff(path: &str, before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut all = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        if !all.is_empty() {
            all.push(Line {
                sign: Sign::Plain,
                text: "...".to_owned(),
            });
        }
        all.extend(
            group
                .iter()
                .flat_map(|op| diff.iter_changes(op))
                .map(|change| {
                    let sign = match change.tag() {
                        ChangeTag::Equal => Sign::Plain,
                        ChangeTag::Delete => Sign::Removed,
                        ChangeTag::Insert => Sign::Added,
                    };
                    let mut text = String::new();
                    change
                        .value()
                        .trim_end_matches('\n')
                        .chars()
                        .for_each(|c| push_safe(&mut text, c));
                    Line { sign, text }
                }),
        );
    }
    let changed = all.iter().filter(|l| l.sign != Sign::Plain).count();
    let mut lines = vec![Line {
        sign: Sign::Changed,
        text: format!("{path}  ({})", count(changed as u64, "changed line")),
    }];
    lines.extend(shorten(all));
    lines
}

fn shorten(mut lines: Vec<Line>) -> Vec<Line> {
    if lines.len() > MOST {
        let left_out = lines.len() - MOST;
        let text = format!("... {left_out} more lines ...");
        lines.splice(
            MOST / 2..MOST / 2 + left_out,
            [Line {
                sign: Sign::Plain,
                text,
            }],
        );
    }
    lines
}

/// Why a change that is not the author's own happens: `because config.api-toml changed`.
pub(super) fn cause(change: &Change) -> Option<String> {
    let all: Vec<String> = change.caused_by.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| format!("because of {}", all.join(", ")))
}
