//! The spec that stands for compose files while a project is compiled.

use std::sync::Arc;

use skep_compiler::source::Derived;
use skep_schema::span::{FileId, Sources, Span};

use crate::{Imported, Purpose, Request};

pub(crate) fn derived(request: &Request, imported: Imported) -> Derived {
    let Imported {
        text,
        lines,
        sources,
        said,
        values,
        in_clear,
        report,
        diagnostics: _,
        compiled: _,
        wanted: _,
    } = imported;
    let text = match request.purpose {
        Purpose::Keep | Purpose::Project { .. } => text,
        Purpose::Part => without_head(&text),
    };
    Derived {
        lines: places(&text, &lines),
        text: text.into_bytes().into(),
        originals: originals(&sources, &in_clear),
        diagnostics: said,
        read: request.files.clone(),
        copies: report.copies,
        values,
    }
}

/// A place for every line: what no key says is said by what it stands in, or by the file as a whole.
fn places(text: &str, lines: &[Option<Span>]) -> Arc<[Span]> {
    let whole = Span::new(FileId(0), 0, 0);
    let mut above = whole;
    let mut all = Vec::with_capacity(lines.len() + 1);
    for (index, line) in text.lines().enumerate() {
        let known = lines.get(index).copied().flatten();
        let is_nested = line.starts_with(' ') || line == "}";
        above = known.unwrap_or(if is_nested { above } else { whole });
        all.push(above);
    }
    all.push(whole);
    all.into()
}

/// The texts in the order of their numbers, with secrets made unreadable: diagnostics show lines of them.
fn originals(sources: &Sources, in_clear: &[Span]) -> Vec<(String, Arc<str>)> {
    let all = sources.iter().map(|(file, path, text)| {
        let own = in_clear.iter().filter(|span| span.file == file);
        let hidden = own.fold(text.to_owned(), |text, span| hide(&text, *span));
        (path.to_owned(), Arc::from(hidden))
    });
    all.collect()
}

/// The text with what follows the key at `span` covered, byte by byte: the rest of its line, and lines
/// below that are indented further.
fn hide(text: &str, span: Span) -> String {
    let start = span.start as usize;
    let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let depth = indent(&text[line..]);
    let mut end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let from = text[start..end]
        .find([':', '='])
        .map_or(end, |at| start + at + 1);
    while let Some(next) = text.get(end + 1..).and_then(|rest| rest.lines().next()) {
        if next.trim().is_empty() || indent(next) <= depth {
            break;
        }
        end += 1 + next.len();
    }
    let cover = |c: char| match c {
        c if c.is_whitespace() => c.to_string(),
        c => "*".repeat(c.len_utf8()),
    };
    let covered: String = text[from..end].chars().map(cover).collect();
    format!("{}{covered}{}", &text[..from], &text[end..])
}

/// The text without its project, of which there is one already; the lines stay where they are.
fn without_head(text: &str) -> String {
    let end = text.find('\n').unwrap_or(text.len());
    format!("// part of the project{}", &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_covered_to_the_end_of_its_value() {
        for (text, key, covered) in [
            ("a:\n  K: x y\n  b: c\n", "K", "a:\n  K: * *\n  b: c\n"),
            ("- K=ä\n- b\n", "K=", "- K=**\n- b\n"),
            (
                "  K: |\n    x\n    y\n  b: c",
                "K",
                "  K: *\n    *\n    *\n  b: c",
            ),
            ("K: ${P:-x}", "${P", "K: ${P:***"),
            ("K", "K", "K"),
        ] {
            let start = u32::try_from(text.find(key).expect("it is there")).expect("it is short");
            let span = Span::new(FileId(0), start, start + 1);
            assert_eq!(hide(text, span), covered);
        }
    }
}
