//! Lines and columns as editors count them, and bytes as we do.

use std::ops::Range;

use gen_lsp_types as lsp;

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

/// A text with the places where its lines begin.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = (0..bytes.len()).filter(|at| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Self {
            text,
            starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(),
            encoding,
        }
    }

    /// The byte of a position. One behind a line's end is its end, one behind the last line the
    /// text's.
    pub(crate) fn offset(&self, position: lsp::Position) -> usize {
        let Some(start) = self.starts.get(position.line as usize) else {
            return self.text.len();
        };
        let line = self.line(position.line as usize);
        let wanted = position.character as usize;
        let mut units = 0;
        for (at, c) in line.char_indices() {
            if units >= wanted {
                return start + at;
            }
            units += self.width(c);
        }
        start + line.len()
    }

    pub(crate) fn bytes(&self, range: lsp::Range) -> Range<usize> {
        let start = self.offset(range.start);
        start..self.offset(range.end).max(start)
    }

    /// The position of a byte; inside a character it is that of the character.
    pub(crate) fn position(&self, offset: usize) -> lsp::Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let before = self.text[start..].char_indices();
        let before = before.take_while(|(at, c)| start + at + c.len_utf8() <= offset);
        lsp::Position {
            line: count(line),
            character: count(before.map(|(_, c)| self.width(c)).sum()),
        }
    }

    pub(crate) fn range(&self, bytes: &Range<usize>) -> lsp::Range {
        lsp::Range {
            start: self.position(bytes.start),
            end: self.position(bytes.end),
        }
    }

    /// A line without its end.
    fn line(&self, line: usize) -> &'t str {
        let end = self.starts.get(line + 1).copied();
        let text = &self.text[self.starts[line]..end.unwrap_or(self.text.len())];
        text.trim_end_matches(['\n', '\r'])
    }

    fn width(&self, c: char) -> usize {
        match self.encoding {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Lines};
    use gen_lsp_types::Position;

    const TEXT: &str = "a\u{e9}\u{1f41d}b\r\n\nc\rd";

    fn columns(encoding: Encoding) -> Vec<(u32, u32)> {
        let lines = Lines::of(TEXT, encoding);
        let places = TEXT.char_indices().map(|(at, _)| at).chain([TEXT.len()]);
        let places = places.map(|at| lines.position(at));
        places.map(|p| (p.line, p.character)).collect()
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let tail = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1)];
        for (encoding, line) in [
            (
                Encoding::Utf8,
                [(0, 0), (0, 1), (0, 3), (0, 7), (0, 8), (0, 9)],
            ),
            (
                Encoding::Utf16,
                [(0, 0), (0, 1), (0, 2), (0, 4), (0, 5), (0, 6)],
            ),
            (
                Encoding::Utf32,
                [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5)],
            ),
        ] {
            assert_eq!(
                columns(encoding),
                [line.as_slice(), &tail].concat(),
                "{encoding:?}"
            );
        }
    }

    #[test]
    fn a_position_leads_back_to_its_byte() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let lines = Lines::of(TEXT, encoding);
            for (at, c) in TEXT
                .char_indices()
                .filter(|(_, c)| !matches!(c, '\r' | '\n'))
            {
                assert_eq!(lines.offset(lines.position(at)), at, "{encoding:?} {c:?}");
            }
        }
    }

    #[test]
    fn what_lies_outside_is_the_nearest_end() {
        let lines = Lines::of(TEXT, Encoding::Utf16);
        let at = |line, character| lines.offset(Position { line, character });
        assert_eq!([at(0, 99), at(1, 5), at(3, 9), at(9, 0)], [8, 10, 14, 14]);
        assert_eq!(at(0, 3), 3 + 4, "the second half of a pair is behind it");
    }
}
