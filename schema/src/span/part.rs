//! Parts of files, with numbers of their own: a span in one keeps its meaning when the file changes
//! in front of it.

use std::ops::Range;

use super::{FileId, Sources, Span};

/// Numbers from here on are those of parts.
const FIRST: u32 = 1 << 31;

/// Where a part stands now.
#[derive(Clone, Debug)]
pub(super) struct Part {
    file: FileId,
    bytes: Range<u32>,
}

impl Sources {
    /// Gives a part of a file a number. Spans in it count from the part's first byte.
    pub fn add_part(&mut self, file: FileId, bytes: Range<u32>) -> FileId {
        let parts = u32::try_from(self.parts.len()).expect("fewer than 2^31 parts");
        self.parts.push(Part { file, bytes });
        FileId(FIRST + parts)
    }

    /// Says where a part stands after its file was given another text. A number that is no part's
    /// is left alone.
    pub fn move_part(&mut self, part: FileId, bytes: Range<u32>) {
        if let Some(part) = index(part).and_then(|at| self.parts.get_mut(at)) {
            part.bytes = bytes;
        }
    }

    /// The same place in the file that the part is of; a span in a file stays as it is.
    #[must_use]
    pub fn whole(&self, span: Span) -> Span {
        match self.part(span.file) {
            Some(part) => {
                let start = part.bytes.start;
                Span::new(part.file, start + span.start, start + span.end)
            }
            None => span,
        }
    }

    /// The same files without a word of parts.
    #[must_use]
    pub fn without_parts(&self) -> Self {
        Self {
            files: self.files.clone(),
            newest: self.newest.clone(),
            originals: self.originals.clone(),
            parts: Vec::new(),
        }
    }

    /// The file of a number, and the bytes of it that are meant.
    pub(super) fn meant(&self, file: FileId) -> (FileId, Option<Range<u32>>) {
        match self.part(file) {
            Some(part) => (part.file, Some(part.bytes.clone())),
            None => (file, None),
        }
    }

    fn part(&self, file: FileId) -> Option<&Part> {
        self.parts.get(index(file)?)
    }
}

fn index(file: FileId) -> Option<usize> {
    Some(file.0.checked_sub(FIRST)? as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_moves_takes_its_places_along() {
        let mut sources = Sources::default();
        let file = sources.add("a", "one\ntwo\nthree\n");
        let part = sources.add_part(file, 4..8);
        let word = Span::new(part, 0, 3);
        assert_eq!(sources.path(part), "a");
        assert_eq!((sources.text(part), sources.slice(word)), ("two\n", "two"));
        assert_eq!(sources.whole(word), Span::new(file, 4, 7));
        assert_eq!(sources.position(part, 0).line, 2);

        let longer = "zero\none\ntwo\nthree\n";
        assert_eq!(sources.put("a", longer.into()), file);
        sources.move_part(part, 9..13);
        assert_eq!(sources.slice(word), "two");
        assert_eq!(sources.whole(word), Span::new(file, 9, 12));
        assert_eq!(sources.position(part, 1).line, 3);
        assert_eq!(sources.position(part, 1).column, 2);
    }

    #[test]
    fn files_and_parts_rank_by_their_place() {
        let mut sources = Sources::default();
        let first = sources.add("a", "1\n2\n");
        let second = sources.add("b", "3\n");
        let behind = sources.add_part(first, 2..4);
        let front = sources.add_part(first, 0..2);
        let mut all = [second, behind, front];
        all.sort_by(|a, b| sources.rank(*a).cmp(&sources.rank(*b)));
        assert_eq!(all, [front, behind, second]);
        assert_eq!(sources.iter().count(), 2);
    }
}
