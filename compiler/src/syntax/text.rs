//! What quoted strings say: escapes resolved, multi-line strings freed of their indentation.

use std::borrow::Cow;
use std::ops::Range;

use super::bytes::{Glyph, blank_end, glyph, line_end, space_end};

/// A string's mistake, at a byte range of the body it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `\` before a character that it does not escape.
    Escape(Range<usize>),
    /// `\u` without one to six hexadecimal digits in braces, or beyond Unicode.
    Unicode(Range<usize>),
    /// Text behind the opening `"""`.
    Opening(Range<usize>),
    /// Text in front of the closing `"""`.
    Closing(Range<usize>),
    /// A line that does not start with the closing line's indentation.
    Indentation(Range<usize>),
}

/// Resolves the escapes of a single-line string's body. The first wrong escape is returned as well;
/// it stands for itself in the text.
pub(crate) fn unescape(body: &str) -> (String, Option<Fault>) {
    let mut text = String::with_capacity(body.len());
    let mut fault = None;
    let mut at = 0;
    while let Some(found) = body[at..].find('\\') {
        text.push_str(&body[at..at + found]);
        at += found;
        match escape(body, at) {
            Ok((plain, end)) => {
                text.extend(plain);
                at = end;
            }
            Err(wrong) => {
                text.push('\\');
                at += 1;
                fault = fault.or(Some(wrong));
            }
        }
    }
    text.push_str(&body[at..]);
    (text, fault)
}

/// The character that the escape at `at` stands for, if any, and the place behind it.
fn escape(body: &str, at: usize) -> Result<(Option<char>, usize), Fault> {
    let after = at + 1;
    let blanks = blank_end(body.as_bytes(), after);
    if blanks > after {
        return Ok((None, blanks));
    }
    let letter = body[after..].chars().next();
    let plain = match letter {
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('b') => '\u{8}',
        Some('f') => '\u{C}',
        Some('s') => ' ',
        Some(same @ ('"' | '\\')) => same,
        Some('u') => return unicode(body, at),
        _ => return Err(Fault::Escape(at..after + letter.map_or(0, char::len_utf8))),
    };
    Ok((Some(plain), after + 1))
}

fn unicode(body: &str, at: usize) -> Result<(Option<char>, usize), Fault> {
    let digits = body[at + 2..].strip_prefix('{');
    let end = digits
        .and_then(|digits| digits.bytes().take(7).position(|byte| byte == b'}'))
        .filter(|end| *end > 0);
    let (Some(digits), Some(end)) = (digits, end) else {
        return Err(Fault::Unicode(at..at + 2));
    };
    let behind = at + 3 + end + 1;
    let hex = digits[..end].bytes().all(|byte| byte.is_ascii_hexdigit());
    let scalar = u32::from_str_radix(&digits[..end], 16)
        .ok()
        .and_then(char::from_u32);
    match scalar {
        Some(scalar) if hex => Ok((Some(scalar), behind)),
        _ => Err(Fault::Unicode(at..behind)),
    }
}

/// The value of what stands between `"""` and `"""`. `escapes` tells quoted from raw strings.
pub(crate) fn dedent(body: &str, escapes: Escapes) -> (String, Option<Fault>) {
    if escapes == Escapes::Raw {
        return strip(body);
    }
    let joined = join_lines(body);
    let (stripped, fault) = strip(&joined);
    if let Some(fault) = fault {
        let moved = joined.len() != body.len();
        return (
            stripped,
            Some(if moved { fault.anywhere(body) } else { fault }),
        );
    }
    let (text, fault) = unescape(&stripped);
    // A place in the stripped text means nothing to the caller, so look the escape up in the source.
    (text, fault.map(|_| first_wrong_escape(body)))
}

impl Fault {
    /// The same mistake when it is not known where in `body` it is.
    fn anywhere(self, body: &str) -> Self {
        let all = 0..body.len();
        match self {
            Self::Escape(_) => Self::Escape(all),
            Self::Unicode(_) => Self::Unicode(all),
            Self::Opening(_) => Self::Opening(all),
            Self::Closing(_) => Self::Closing(all),
            Self::Indentation(_) => Self::Indentation(all),
        }
    }
}

/// Whether `\` means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    Raw,
    Resolve,
}

fn first_wrong_escape(body: &str) -> Fault {
    unescape(body).1.unwrap_or(Fault::Escape(0..body.len()))
}

/// Drops each `\` with the blanks it escapes, which comes before the indentation is looked at.
fn join_lines(body: &str) -> Cow<'_, str> {
    if !body.contains('\\') {
        return Cow::Borrowed(body);
    }
    let mut text = String::with_capacity(body.len());
    let mut at = 0;
    while let Some(found) = body[at..].find('\\') {
        let escape = at + found;
        text.push_str(&body[at..escape]);
        at = blank_end(body.as_bytes(), escape + 1);
        if at == escape + 1 {
            at += body[at..].chars().next().map_or(0, char::len_utf8);
            text.push_str(&body[escape..at]);
        }
    }
    text.push_str(&body[at..]);
    Cow::Owned(text)
}

/// Takes the last line's indentation off all lines and joins them with line feeds.
fn strip(body: &str) -> (String, Option<Fault>) {
    let bytes = body.as_bytes();
    let first = line_end(bytes, 0);
    if first != 0 || body.is_empty() {
        return (body.to_owned(), Some(Fault::Opening(0..first)));
    }
    let last = last_line(bytes);
    let prefix = &body[last..];
    if space_end(bytes, last) != bytes.len() {
        return (body.to_owned(), Some(Fault::Closing(last..bytes.len())));
    }
    let mut text = String::with_capacity(body.len());
    let mut fault = None;
    let mut at = newline_end(bytes, 0);
    while at < last {
        let end = line_end(bytes, at);
        let line = &body[at..end];
        let blank = space_end(bytes, at) == end;
        match line.strip_prefix(prefix) {
            Some(rest) if !blank => text.push_str(rest),
            None if !blank => {
                text.push_str(line);
                fault = fault.or(Some(Fault::Indentation(at..end)));
            }
            _ => {}
        }
        at = newline_end(bytes, end);
        if at < last {
            text.push('\n');
        }
    }
    (text, fault)
}

/// Where the last line starts.
fn last_line(bytes: &[u8]) -> usize {
    let mut start = 0;
    loop {
        let end = line_end(bytes, start);
        if end == bytes.len() {
            return start;
        }
        start = newline_end(bytes, end);
    }
}

fn newline_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at).map(|_| glyph(bytes, at)) {
        Some(Glyph::Newline(len)) => at + len,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_what_they_stand_for() {
        assert_eq!(
            unescape(r#"a\n\t\"\\\s\u{1F41D}"#),
            ("a\n\t\"\\ \u{1F41D}".to_owned(), None)
        );
        assert_eq!(unescape("a \\\n   b").0, "a b");
    }

    #[test]
    fn a_wrong_escape_keeps_the_text_and_tells_the_first_place() {
        assert_eq!(
            unescape(r"\d+\.\d+"),
            (r"\d+\.\d+".to_owned(), Some(Fault::Escape(0..2)))
        );
        assert_eq!(unescape(r"ab\u{D800}").1, Some(Fault::Unicode(2..10)));
        assert_eq!(unescape(r"\u{0000001}").1, Some(Fault::Unicode(0..2)));
    }

    #[test]
    fn the_closing_line_decides_the_indentation() {
        assert_eq!(
            dedent("\n    a\n\n      b\n    ", Escapes::Resolve),
            ("a\n\n  b".to_owned(), None)
        );
        assert_eq!(
            dedent("\r\n\ta\r\n\t", Escapes::Raw),
            ("a".to_owned(), None)
        );
        assert_eq!(
            dedent("\n  a\n b\n  ", Escapes::Raw).1,
            Some(Fault::Indentation(5..7))
        );
        assert_eq!(
            dedent("one line", Escapes::Raw).1,
            Some(Fault::Opening(0..8))
        );
        assert_eq!(dedent("\na", Escapes::Raw).1, Some(Fault::Closing(1..2)));
    }
}
