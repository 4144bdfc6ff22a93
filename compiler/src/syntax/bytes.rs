//! Which characters KDL reads as words, spaces and line ends, decided byte by byte.

/// May stand in a bare word without a closer look.
const WORD: u8 = 1;
/// Says nothing by itself inside a quoted string.
const QUOTED: u8 = 2;
/// Cannot end a line.
const LINE: u8 = 4;

const CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = class(byte);
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

const fn class(byte: u8) -> u8 {
    match byte {
        b'\n' | b'\r' | 0x0B | 0x0C | 0xC2 | 0xE2 => 0,
        0xE1 | 0xE3 | b' ' | b'\t' | b'/' | b'(' | b')' | b'{' | b'}' | b';' | b'[' | b']'
        | b'#' | b'=' => QUOTED | LINE,
        b'\\' | b'"' => LINE,
        _ => WORD | QUOTED | LINE,
    }
}

/// What stands at a place where a word might go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Space(usize),
    Newline(usize),
    /// Anything else, with its length in bytes.
    Other(usize),
}

/// Looks at the character at `at`, which must lie inside `bytes` and on a character's start.
pub(crate) fn glyph(bytes: &[u8], at: usize) -> Glyph {
    match &bytes[at..] {
        [b' ' | b'\t', ..] => Glyph::Space(1),
        [b'\r', b'\n', ..] | [0xC2, 0x85, ..] => Glyph::Newline(2),
        [b'\n' | b'\r' | 0x0B | 0x0C, ..] => Glyph::Newline(1),
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => Glyph::Newline(3),
        [0xC2, 0xA0, ..] => Glyph::Space(2),
        [0xE2, 0x80, 0x80..=0x8A | 0xAF, ..]
        | [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => Glyph::Space(3),
        rest @ [lead, ..] => Glyph::Other(width(*lead).min(rest.len())),
        [] => Glyph::Other(0),
    }
}

const fn width(lead: u8) -> usize {
    match lead {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

/// The end of the bare word that starts at `at`.
pub(crate) fn word_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip(bytes, at, WORD);
        match bytes.get(at) {
            Some(0xC2 | 0xE1..=0xE3) => match glyph(bytes, at) {
                Glyph::Other(len) => at += len,
                Glyph::Space(_) | Glyph::Newline(_) => return at,
            },
            _ => return at,
        }
    }
}

/// The place of the next `"`, `\` or line end, or the end of the text.
pub(crate) fn quoted_stop(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip(bytes, at, QUOTED);
        match bytes.get(at) {
            Some(0xC2 | 0xE2) => match glyph(bytes, at) {
                Glyph::Other(len) | Glyph::Space(len) => at += len,
                Glyph::Newline(_) => return at,
            },
            _ => return at,
        }
    }
}

/// The place of the next line end, or the end of the text.
pub(crate) fn line_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip(bytes, at, LINE);
        match bytes.get(at) {
            Some(0xC2 | 0xE2) => match glyph(bytes, at) {
                Glyph::Other(len) | Glyph::Space(len) => at += len,
                Glyph::Newline(_) => return at,
            },
            _ => return at,
        }
    }
}

fn skip(bytes: &[u8], at: usize, class: u8) -> usize {
    let plain = |byte: &u8| CLASS[*byte as usize] & class != 0;
    bytes[at..]
        .iter()
        .position(|byte| !plain(byte))
        .map_or(bytes.len(), |found| at + found)
}

/// The end of the run of spaces that starts at `at`; line ends stop it.
pub(crate) fn space_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        match bytes.get(at) {
            Some(b'\t' | 0xC2 | 0xE1..=0xE3) => match glyph(bytes, at) {
                Glyph::Space(len) => at += len,
                Glyph::Newline(_) | Glyph::Other(_) => return at,
            },
            _ => return at,
        }
    }
}

/// The end of the run of spaces and line ends that starts at `at`.
pub(crate) fn blank_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match glyph(bytes, at) {
            Glyph::Space(len) | Glyph::Newline(len) => at += len,
            Glyph::Other(_) => break,
        }
    }
    at
}
