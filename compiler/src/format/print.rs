//! Writes pieces out.

use super::piece::{Block, Piece, What};
use crate::syntax::MAX_DEPTH;

/// A block that was on one line stays there up to this column.
const WIDTH: usize = 100;

const INDENT: &str = "    ";

pub(super) fn print(text: &str, pieces: &[Piece]) -> String {
    let mut printer = Printer {
        text,
        out: String::with_capacity(text.len() + text.len() / 8),
        column: 0,
        blocks: Vec::new(),
        before: None,
        lines: None,
    };
    for at in 0..pieces.len() {
        printer.piece(pieces, at);
    }
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

struct Printer<'a> {
    text: &'a str,
    out: String,
    column: usize,
    /// The blocks around, and how they are laid out.
    blocks: Vec<Layout>,
    before: Option<What>,
    /// The line ends in the break before, if there was one.
    lines: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Inline,
    Lines,
}

impl Printer<'_> {
    fn piece(&mut self, pieces: &[Piece], at: usize) {
        let piece = pieces[at];
        match piece.what {
            What::Break(lines) => return self.node_end(lines),
            What::OpenBrace(block) => {
                self.separate(piece);
                let layout = self.layout(block, pieces, at);
                self.write("{");
                self.blocks.push(layout);
            }
            What::CloseBrace => {
                self.close();
                self.write("}");
            }
            What::Continuation => self.continuation(piece),
            _ => {
                self.separate(piece);
                self.write_piece(piece);
            }
        }
        self.before = Some(piece.what);
        self.lines = None;
    }

    fn is_inline(&self) -> bool {
        self.blocks.last() == Some(&Layout::Inline)
    }

    fn node_end(&mut self, lines: u32) {
        if self.is_inline() {
            self.write(";");
            self.before = Some(What::Break(0));
        } else {
            self.lines = Some(self.lines.unwrap_or(0).saturating_add(lines));
        }
    }

    fn layout(&self, block: Block, pieces: &[Piece], at: usize) -> Layout {
        let inline = match block {
            Block::Empty => true,
            Block::Inline => self.is_inline() || self.fits(pieces, at),
            Block::Lines => false,
        };
        if inline {
            Layout::Inline
        } else {
            Layout::Lines
        }
    }

    /// Whether the block that opens at `at` ends before the last column when it is on one line.
    fn fits(&self, pieces: &[Piece], at: usize) -> bool {
        let mut column = self.column + 1;
        let mut depth = 1;
        for pair in pieces[at..].windows(2) {
            let piece = pair[1];
            column += match piece.what {
                What::Break(_) => 1,
                _ => gap(pair[0].what, piece.what).len() + self.slice(piece).chars().count(),
            };
            match piece.what {
                What::OpenBrace(_) => depth += 1,
                What::CloseBrace => depth -= 1,
                _ => {}
            }
            if depth == 0 || column > WIDTH {
                break;
            }
        }
        column <= WIDTH
    }

    fn close(&mut self) {
        let layout = self.blocks.pop().unwrap_or(Layout::Lines);
        match (layout, self.before) {
            (_, Some(What::OpenBrace(Block::Empty))) => {}
            (Layout::Inline, _) => self.write(" "),
            (Layout::Lines, _) => self.new_line(self.blocks.len()),
        }
    }

    /// Writes what stands between the piece before and this one.
    fn separate(&mut self, piece: Piece) {
        let Some(before) = self.before else { return };
        let depth = self.blocks.len();
        let opened = matches!(before, What::OpenBrace(_));
        if self.is_inline() {
            self.write(gap(before, piece.what));
        } else if self.lines.is_none() && before == What::LineComment {
            self.new_line(depth + 1);
        } else if self.lines.is_none() && !opened
            || piece.last_on_line && self.lines.unwrap_or(0) == 0
        {
            self.write(gap(before, piece.what));
        } else {
            if self.lines.unwrap_or(0) > 1 && !opened {
                self.out.push('\n');
            }
            self.new_line(depth);
        }
    }

    fn continuation(&mut self, piece: Piece) {
        if self.before != Some(What::Continuation) {
            self.write(" ");
        }
        self.write("\\");
        if piece.end > piece.start {
            self.write(" ");
            self.write_piece(piece);
        }
        self.new_line(self.blocks.len() + 1);
    }

    fn new_line(&mut self, depth: usize) {
        self.out.push('\n');
        self.column = 0;
        for _ in 0..depth.min(MAX_DEPTH) {
            self.write(INDENT);
        }
    }

    fn slice(&self, piece: Piece) -> &str {
        &self.text[piece.start as usize..piece.end as usize]
    }

    fn write_piece(&mut self, piece: Piece) {
        let text = &self.text[piece.start as usize..piece.end as usize];
        match piece.what {
            What::LineComment | What::Continuation => self.write(text.trim_end()),
            _ if text.contains('\r') => self.write(&text.replace("\r\n", "\n").replace('\r', "\n")),
            _ => self.write(text),
        }
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(last) => self.column = text[last + 1..].chars().count(),
            None => self.column += text.chars().count(),
        }
    }
}

/// The space between two pieces on one line.
fn gap(before: What, next: What) -> &'static str {
    match (before, next) {
        (What::Slashdash, What::LineComment) => " ",
        (
            What::OpenParen
            | What::CloseParen
            | What::Equals
            | What::Slashdash
            | What::Continuation,
            _,
        )
        | (_, What::CloseParen | What::Equals)
        | (What::OpenBrace(Block::Empty), What::CloseBrace) => "",
        _ => " ",
    }
}
