//! A text on its way to being read in parts.
//!
//! What comes out is what reading the text as one gives, or nothing. The parts of a file keep their
//! number and their numbers as long as it is known: one whose text went to a neighbour is empty.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use skep_schema::span::{FileId, Sources};

use super::reading::{Part, Reading, shapes};
use crate::syntax::cut::{PART, begins_node, cuts};
use crate::syntax::{MAX_BYTES, MAX_DIAGNOSTICS, Place, parse_part};

/// Up to so much text all is parsed on the thread that asks.
pub(super) const FEW_BYTES: usize = 64 * 1024;

/// Parts that can only be read together may become so large; then the file is cut anew.
const LARGEST: usize = 8 * PART;

/// Bytes that are compared at once.
const CHUNK: usize = 4096;

#[derive(Debug)]
pub(super) struct Sheet {
    file: FileId,
    text: Arc<str>,
    /// The parts' numbers, and where they end.
    numbers: Vec<FileId>,
    ends: Vec<usize>,
    /// Nothing where a part is still to be read.
    parts: Vec<Option<Arc<Part>>>,
}

impl Sheet {
    /// A text that is read as one.
    pub(super) fn whole(file: FileId, text: Arc<str>) -> Self {
        Self {
            file,
            numbers: vec![file],
            ends: vec![text.len()],
            parts: vec![None],
            text,
        }
    }

    /// A text that was not read before.
    pub(super) fn cut(sources: &mut Sources, file: FileId, text: Arc<str>) -> Self {
        let mut ends = cuts(&text, shapes);
        if ends.is_empty() || text.len() > MAX_BYTES {
            return Self::whole(file, text);
        }
        ends.push(text.len());
        let numbers = ends.iter().map(|_| sources.add_part(file, 0..0));
        Self {
            file,
            numbers: numbers.collect(),
            parts: vec![None; ends.len()],
            ends,
            text,
        }
    }

    /// A text that was read before it was edited, without the parts that the edit touched. Nothing
    /// where it is so much longer that it is better cut anew.
    pub(super) fn edited(known: &Reading, file: FileId, text: Arc<str>) -> Option<Self> {
        if known.parts.len() == 1 || text.len() > MAX_BYTES {
            return None;
        }
        let mut sheet = Self::known(known, file, text);
        let (old, new) = (&*known.bytes, sheet.text.as_bytes());
        let before = same_before(old, new);
        let behind = same_behind(&old[before..], &new[before..]);
        let open = sheet.touched(before..old.len() - behind);
        let was = sheet.bytes(&open).len();
        for end in &mut sheet.ends[open.end - 1..] {
            *end = *end + sheet.text.len() - old.len();
        }
        let is = sheet.bytes(&open).len();
        sheet.parts[open.clone()].fill(None);
        sheet.divide(&open);
        (is <= LARGEST.max(2 * was)).then_some(sheet)
    }

    /// All parts as they were.
    fn known(known: &Reading, file: FileId, text: Arc<str>) -> Self {
        let parts = &known.parts;
        let lengths = parts.iter().map(|part| part.document.text().len());
        let mut end = 0;
        Self {
            file,
            text,
            numbers: parts.iter().map(|part| part.document.file()).collect(),
            ends: lengths
                .map(|length| {
                    end += length;
                    end
                })
                .collect(),
            parts: parts.iter().cloned().map(Some).collect(),
        }
    }

    /// The parts that some bytes stand in; where there are none, the part of the byte before.
    fn touched(&self, bytes: Range<usize>) -> Range<usize> {
        let part_of = |byte: usize| self.ends.partition_point(|end| *end <= byte);
        if bytes.is_empty() {
            let part = part_of(bytes.start.saturating_sub(1));
            let part = part.min(self.ends.len() - 1);
            return part..part + 1;
        }
        part_of(bytes.start)..part_of(bytes.end - 1) + 1
    }

    fn bytes(&self, parts: &Range<usize>) -> Range<usize> {
        let start = parts.start.checked_sub(1);
        start.map_or(0, |before| self.ends[before])..self.ends[parts.end - 1]
    }

    /// Whether parts begin as one must that has others in front of it.
    fn begins(&self, parts: &Range<usize>) -> bool {
        let text = &self.text[self.bytes(parts)];
        parts.start == 0 || text.is_empty() || begins_node(text)
    }

    /// Cuts some parts anew, or makes the first of them all that they are.
    fn divide(&mut self, open: &Range<usize>) {
        let bytes = self.bytes(open);
        let mut ends = cuts(&self.text[bytes.clone()], shapes);
        if ends.len() >= open.len() {
            return self.unite(open);
        }
        for end in &mut ends {
            *end += bytes.start;
        }
        ends.resize(open.len(), bytes.end);
        self.ends[open.clone()].copy_from_slice(&ends);
    }

    fn unite(&mut self, open: &Range<usize>) {
        let end = self.ends[open.end - 1];
        self.ends[open.clone()].fill(end);
    }

    fn read(&self, part: usize) -> Option<Arc<Part>> {
        let number = self.numbers[part];
        if self.numbers.len() == 1 {
            return Some(Arc::new(Part::whole(number, Arc::clone(&self.text))));
        }
        if !self.begins(&(part..part + 1)) {
            return None;
        }
        let bytes = self.bytes(&(part..part + 1));
        let place = if bytes.end == self.text.len() {
            Place::Last
        } else {
            Place::Before
        };
        let piece = parse_part(number, self.text[bytes].into(), place)?;
        Some(Arc::new(Part::of(piece)))
    }

    /// Reads what could not be read yet, together with as many of its neighbours as that takes.
    fn mend(&mut self) -> Option<()> {
        while let Some(first) = self.parts.iter().position(Option::is_none) {
            let rest = self.parts[first..].iter();
            let mut open = first..first + rest.take_while(|part| part.is_none()).count();
            let most = LARGEST.max(2 * self.bytes(&open).len());
            while !self.read_together(&mut open)? {
                if self.bytes(&open).len() > most {
                    return None;
                }
            }
        }
        Some(())
    }

    /// Tries to read some parts again; takes in more of them where that fails.
    fn read_together(&mut self, open: &mut Range<usize>) -> Option<bool> {
        if !self.begins(open) {
            open.start -= 1;
            return Some(false);
        }
        self.divide(open);
        if self.read_all(open) {
            return Some(true);
        }
        self.unite(open);
        if self.read_all(open) {
            return Some(true);
        }
        let more = open.len().min(self.parts.len() - open.end);
        open.end += more;
        (more > 0).then_some(false)
    }

    /// Reads some parts as they are cut now. Whether that can be done.
    fn read_all(&mut self, open: &Range<usize>) -> bool {
        let all: Option<Vec<_>> = open.clone().map(|part| self.read(part)).collect();
        let read = all.is_some();
        for (part, read) in open.clone().zip(all.into_iter().flatten()) {
            self.parts[part] = Some(read);
        }
        read
    }

    /// The parts, where they are what the whole would be read as.
    fn finish(mut self, sources: &mut Sources) -> Vec<Arc<Part>> {
        let mended = self.mend();
        let parts: Vec<Arc<Part>> = self.parts.iter().flatten().cloned().collect();
        if self.numbers.len() == 1 {
            return parts;
        }
        if mended.is_none() || !are_apart(&parts) {
            return vec![Arc::new(Part::whole(self.file, self.text))];
        }
        for (part, number) in self.numbers.iter().enumerate() {
            let bytes = self.bytes(&(part..part + 1));
            sources.move_part(*number, offset(bytes.start)..offset(bytes.end));
        }
        parts
    }
}

/// Reads all sheets, side by side where there is much to read.
pub(super) fn read(mut sheets: Vec<Sheet>, sources: &mut Sources) -> Vec<Vec<Arc<Part>>> {
    let open: Vec<(usize, usize)> = sheets
        .iter()
        .enumerate()
        .flat_map(|(sheet, of)| {
            let unread = (0..of.parts.len()).filter(|part| of.parts[*part].is_none());
            unread.map(move |part| (sheet, part))
        })
        .collect();
    let bytes = |(sheet, part): &(usize, usize)| sheets[*sheet].bytes(&(*part..part + 1)).len();
    let few = open.iter().map(bytes).sum::<usize>() <= FEW_BYTES;
    let read = |(sheet, part): &(usize, usize)| sheets[*sheet].read(*part);
    let parts: Vec<Option<Arc<Part>>> = if few {
        open.iter().map(read).collect()
    } else {
        open.par_iter().map(read).collect()
    };
    for ((sheet, part), read) in open.into_iter().zip(parts) {
        sheets[sheet].parts[part] = read;
    }
    sheets
        .into_iter()
        .map(|sheet| sheet.finish(sources))
        .collect()
}

/// Whether nothing that the reader does with a file as a whole makes a difference.
fn are_apart(parts: &[Arc<Part>]) -> bool {
    let mistakes: usize = parts.iter().map(|part| part.mistakes()).sum();
    let mended = parts.iter().filter(|part| part.is_mended()).count();
    let fits = |part: &Arc<Part>| part.is_mended() || part.is_tidy();
    mistakes + 1 < MAX_DIAGNOSTICS && (mended == 0 || mended == 1 && parts.par_iter().all(fits))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a larger text is not read in parts")
}

/// How many bytes in front are the same.
fn same_before(old: &[u8], new: &[u8]) -> usize {
    let chunks = old.chunks_exact(CHUNK).zip(new.chunks_exact(CHUNK));
    let far = CHUNK * chunks.take_while(|(old, new)| old == new).count();
    let rest = old[far..].iter().zip(&new[far..]);
    far + rest.take_while(|(old, new)| old == new).count()
}

/// How many bytes at the end are the same.
fn same_behind(old: &[u8], new: &[u8]) -> usize {
    let chunks = old.rchunks_exact(CHUNK).zip(new.rchunks_exact(CHUNK));
    let far = CHUNK * chunks.take_while(|(old, new)| old == new).count();
    let rest = old[..old.len() - far].iter().rev();
    let rest = rest.zip(new[..new.len() - far].iter().rev());
    far + rest.take_while(|(old, new)| old == new).count()
}
