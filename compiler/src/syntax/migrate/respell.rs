//! One word or string of KDL 1 in KDL 2's spelling. A spelling is taken only if it reads back as the
//! value that it stands for.

use std::sync::Arc;

use skep_schema::span::FileId;

use super::Role;
use crate::syntax::forbidden::is_forbidden;
use crate::syntax::text::unescape;
use crate::syntax::{Scalar, parse};

/// A bare word; `None` where it is the same in KDL 2, or no word of KDL 1.
pub(super) fn word(text: &str, role: Role) -> Option<String> {
    match (role, text) {
        (Role::Value, "true" | "false" | "null") => Some(format!("#{text}")),
        (Role::Value, _) => None,
        (Role::Name, _) => (!is_number(text) && !is_bare(text)).then(|| escaped(text)),
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    unsigned.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether KDL 2 takes it without quotes wherever a name may stand.
fn is_bare(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let reserved = ["true", "false", "null", "inf", "nan"];
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(plain) {
        return !reserved.contains(&text);
    }
    let parsed = parse(FileId(0), format!("({text}){text} {text}=0").into());
    let node = parsed.document.roots().next();
    let name = node.map(|node| node.name().text.to_owned());
    parsed.diagnostics.is_empty() && name.as_deref() == Some(text)
}

/// A string in quotes, quotes included; `None` where it is the same in KDL 2.
pub(super) fn quoted(source: &str) -> Option<String> {
    let body = source.get(1..source.len().checked_sub(1)?)?;
    let new = body_in_quotes(body, |_| None);
    let (value, _) = unescape(&new);
    if !value_has_lines(body) {
        return (new != body).then(|| format!("\"{new}\""));
    }
    let lines = format!("\"\"\"\n{new}\n\"\"\"");
    if reads_as(&lines, &value) {
        return Some(lines);
    }
    Some(format!("\"{}\"", body_in_quotes(body, line_end_escape)))
}

/// A raw string's body with that many `#` around it.
pub(super) fn raw(body: &str, hashes: usize) -> String {
    let marks = "#".repeat(hashes.max(1));
    let line = format!("{marks}\"{body}\"{marks}");
    if reads_as(&line, body) {
        return line;
    }
    let lines = format!("{marks}\"\"\"\n{body}\n\"\"\"{marks}");
    if reads_as(&lines, body) {
        lines
    } else {
        escaped(body)
    }
}

/// A body without `\/`, which KDL 2 does not know, and with escapes for what may not stand in it.
fn body_in_quotes(body: &str, line_end: fn(char) -> Option<&'static str>) -> String {
    let mut new = String::with_capacity(body.len());
    let mut all = body.chars().peekable();
    while let Some(c) = all.next() {
        match (c, line_end(c)) {
            ('\\', _) if all.peek() == Some(&'/') => {}
            ('\\', _) => {
                new.push('\\');
                new.extend(all.next());
            }
            (_, Some(escape)) => new.push_str(escape),
            (c, None) if is_forbidden(c) => new.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            (c, None) => new.push(c),
        }
    }
    new
}

/// A text in quotes on one line.
fn escaped(text: &str) -> String {
    let doubled = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", body_in_quotes(&doubled, line_end_escape))
}

fn line_end_escape(c: char) -> Option<&'static str> {
    match c {
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        '\u{B}' => Some("\\u{b}"),
        '\u{C}' => Some("\\f"),
        '\u{85}' => Some("\\u{85}"),
        '\u{2028}' => Some("\\u{2028}"),
        '\u{2029}' => Some("\\u{2029}"),
        _ => None,
    }
}

fn value_has_lines(body: &str) -> bool {
    body.chars().any(|c| line_end_escape(c).is_some())
}

/// Whether a spelling is one string of this value.
fn reads_as(spelling: &str, value: &str) -> bool {
    let parsed = parse(FileId(0), Arc::from(format!("- {spelling}")));
    let node = parsed.document.roots().next();
    let first = node.and_then(|node| node.args().next());
    parsed.diagnostics.is_empty() && first.is_some_and(|arg| arg.value() == Scalar::Str(value))
}
