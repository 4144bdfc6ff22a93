//! Characters that may stand nowhere in a KDL file.

use skep_schema::diagnostic::{Code, Diagnostic};

use super::bytes::line_end;
use super::faults::Faults;
use super::lex::offset;

/// Reports the first forbidden character of each line.
pub(super) fn check(text: &str, faults: &mut Faults) {
    let bytes = text.as_bytes();
    let mut at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    while let Some(found) = next(text, at) {
        if faults.full() {
            return;
        }
        report(text, found, faults);
        at = line_end(bytes, found);
    }
}

fn report(text: &str, at: usize, faults: &mut Faults) {
    let Some(found) = text[at..].chars().next() else {
        return;
    };
    let span = faults.span(offset(at), offset(at + found.len_utf8()));
    let message = format!(
        "the character U+{:04X} may not stand in a KDL file",
        u32::from(found)
    );
    let help = format!(
        "remove it, or write it as `\\u{{{:X}}}` in a quoted string",
        u32::from(found)
    );
    faults.add(Diagnostic::new(Code::ForbiddenCharacter, span, message).help(help));
}

/// The place of the first forbidden character from `at` on.
fn next(text: &str, mut at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    loop {
        at += skip_plain(&bytes[at..]);
        let found = text.get(at..)?.chars().next()?;
        if is_forbidden(found) {
            return Some(at);
        }
        at += found.len_utf8();
    }
}

/// The number of bytes in front that cannot start a forbidden character, as far as that is quick to
/// say: whole chunks are looked at without a branch.
fn skip_plain(bytes: &[u8]) -> usize {
    let chunks = bytes.chunks_exact(32).take_while(|chunk| {
        !chunk
            .iter()
            .fold(false, |any, byte| any | is_suspect(*byte))
    });
    let plain = chunks.count() * 32;
    let rest = &bytes[plain..];
    plain
        + rest
            .iter()
            .position(|byte| is_suspect(*byte))
            .unwrap_or(rest.len())
}

#[expect(
    clippy::needless_bitwise_bool,
    reason = "branches would keep chunks from being looked at whole"
)]
const fn is_suspect(byte: u8) -> bool {
    (byte < 0x20) & (byte.wrapping_sub(9) > 4) | (byte == 0x7F) | (byte == 0xE2) | (byte == 0xEF)
}

pub(super) const fn is_forbidden(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}'
            | '\u{E}'..='\u{1F}'
            | '\u{7F}'
            | '\u{200E}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
    )
}
