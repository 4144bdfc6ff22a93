//! Values and names as KDL spells them.

use skep_schema::lang::{Shape, Type};

use crate::syntax;
use crate::syntax::Scalar;
use skep_schema::span::FileId;

/// Values beside each other, each as what the property takes.
pub(super) fn values(texts: &[String], shape: Option<Shape>) -> String {
    let all: Vec<String> = texts.iter().map(|text| value(text, shape)).collect();
    all.join(" ")
}

/// A value: a number or a boolean where the property takes one, else a string.
pub(super) fn value(text: &str, shape: Option<Shape>) -> String {
    let ty = shape.and_then(Shape::ty);
    match (ty, text) {
        (Some(Type::Bool) | None, "true" | "false" | "#true" | "#false") => {
            format!("#{}", text.trim_start_matches('#'))
        }
        (Some(Type::Str | Type::Text | Type::Name | Type::Image), _) => string(text),
        (_, _) if is_number(text) => text.to_owned(),
        (_, _) => string(text),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match digits.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(digits),
    }
}

/// A string: bare where KDL reads it so, else in quotes.
pub(crate) fn string(text: &str) -> String {
    if is_bare(text) {
        return text.to_owned();
    }
    quoted(text)
}

/// A string in quotes, whatever it says.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether the reader takes it as one bare word, and everybody else would.
fn is_bare(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if !text.starts_with(char::is_alphabetic) || !text.chars().all(plain) {
        return false;
    }
    let parsed = syntax::parse(FileId(0), format!("n {text}").into());
    let read = parsed.document.roots().next();
    let first = read.and_then(|node| node.args().next());
    parsed.diagnostics.is_empty() && first.is_some_and(|arg| arg.value() == Scalar::Str(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_they_were() {
        for text in [
            "api",
            "a b",
            "true",
            "",
            "10s",
            "a\"b\\c\n",
            "ä-ö",
            "-x",
            "inf",
            "\u{1}",
        ] {
            let parsed = syntax::parse(FileId(0), format!("n {}", string(text)).into());
            assert!(parsed.diagnostics.is_empty(), "{text:?}");
            let node = parsed.document.roots().next().expect("a node");
            let arg = node.args().next().expect("a value");
            assert_eq!(arg.value(), Scalar::Str(text));
        }
    }
}
