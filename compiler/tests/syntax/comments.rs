//! The comments of a text, found without the reader's help.

/// All comments in sorted order, without the spaces at their lines' ends, and `/-` as a comment of its own.
pub(crate) fn comments(text: &str) -> Vec<String> {
    let mut comments = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match rest.as_bytes() {
            [b'"' | b'#', ..] => string_len(rest),
            [b'/', b'/', ..] => Some(rest.find(is_newline).unwrap_or(rest.len())),
            [b'/', b'*', ..] => Some(block_len(rest)),
            [b'/', b'-', ..] => Some(2),
            _ => None,
        };
        let taken = &rest[..len.unwrap_or(first.len_utf8())];
        if taken.starts_with('/') {
            comments.push(taken.replace("\r\n", "\n").trim_end().to_owned());
        }
        rest = &rest[taken.len()..];
    }
    comments.sort();
    comments
}

fn is_newline(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

fn block_len(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
            }
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
}

/// The length of the string at the start of a well-formed text, or `None` for a keyword.
fn string_len(rest: &str) -> Option<usize> {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let opened = &rest[hashes..];
    let quotes = if opened.starts_with("\"\"\"") {
        3
    } else {
        usize::from(opened.starts_with('"'))
    };
    if quotes == 0 {
        return None;
    }
    let end = format!("{}{}", "\"".repeat(quotes), "#".repeat(hashes));
    let mut at = hashes + quotes;
    loop {
        if hashes == 0 && rest[at..].starts_with('\\') {
            at += 1;
        } else if rest[at..].starts_with(&end) {
            return Some(at + end.len());
        }
        at += rest[at..]
            .chars()
            .next()
            .expect("a well-formed string ends")
            .len_utf8();
    }
}
