//! What a text consists of once spaces are gone and line ends are told apart by what they do.

use crate::syntax::lex::{Kind, Lexer, Token};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A name, key or value.
    Word,
    OpenParen,
    CloseParen,
    Equals,
    Slashdash,
    OpenBrace(Block),
    CloseBrace,
    LineComment,
    BlockComment,
    /// `\` that continues a node on the next line; its text is the comment behind it, if any.
    Continuation,
    /// The end of a node or of an empty line, with the number of line ends in it; none for `;`.
    Break(u32),
}

/// What is between two braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Empty,
    /// Could stand on one line.
    Inline,
    Lines,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) what: What,
    pub(super) start: u32,
    pub(super) end: u32,
    /// For a comment: whether nothing but comments follows on its line.
    pub(super) last_on_line: bool,
}

pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut scan = Scan {
        text,
        lexer: Lexer::new(text),
        pieces: Vec::new(),
        open: Vec::new(),
        in_node: false,
        dropping: false,
    };
    while scan.step() {}
    settle(scan.pieces)
}

struct Scan<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    pieces: Vec<Piece>,
    /// The pieces that open the blocks around.
    open: Vec<usize>,
    /// Whether a line end here would end a node.
    in_node: bool,
    /// Whether `/-` still waits for what it drops, so that line ends mean nothing.
    dropping: bool,
}

impl Scan<'_> {
    fn step(&mut self) -> bool {
        let token = self.lexer.next();
        match token.kind {
            Kind::Eof => return false,
            Kind::Space => {}
            Kind::Newline if self.dropping => {}
            Kind::Newline => self.end_node(1),
            Kind::Semicolon => self.end_node(0),
            Kind::LineComment => self.comment(What::LineComment, token),
            Kind::BlockComment | Kind::UnclosedComment => self.comment(What::BlockComment, token),
            Kind::Backslash => self.continuation(token),
            Kind::OpenBrace => self.open(token),
            Kind::CloseBrace => self.close(token),
            Kind::Slashdash => {
                self.add(What::Slashdash, token);
                self.dropping = true;
            }
            Kind::OpenParen => self.add(What::OpenParen, token),
            Kind::CloseParen => self.add(What::CloseParen, token),
            Kind::Equals => self.add(What::Equals, token),
            _ => self.add(What::Word, token),
        }
        true
    }

    /// Adds a part of a node.
    fn add(&mut self, what: What, token: Token) {
        self.in_node = true;
        self.dropping = false;
        self.push(what, token);
    }

    fn push(&mut self, what: What, token: Token) {
        let many_lines = match what {
            What::Break(lines) => lines > 0,
            What::LineComment | What::Continuation => true,
            _ => self.text[token.start as usize..token.end as usize].contains(['\n', '\r']),
        };
        if many_lines {
            self.spread();
        }
        self.pieces.push(Piece {
            what,
            start: token.start,
            end: token.end,
            last_on_line: false,
        });
    }

    /// The block around does not stand on one line.
    fn spread(&mut self) {
        if let Some(open) = self.open.last() {
            self.pieces[*open].what = What::OpenBrace(Block::Lines);
        }
    }

    fn comment(&mut self, what: What, token: Token) {
        self.push(what, token);
    }

    fn end_node(&mut self, lines: u32) {
        self.in_node = false;
        let here = Token {
            kind: Kind::Newline,
            start: 0,
            end: 0,
        };
        self.push(What::Break(lines), here);
    }

    /// At a `\`: what it does depends on whether a node is there to go on.
    fn continuation(&mut self, backslash: Token) {
        let mut comment = Token {
            start: backslash.end,
            ..backslash
        };
        loop {
            let token = self.lexer.next();
            match token.kind {
                Kind::BlockComment => self.comment(What::BlockComment, token),
                Kind::LineComment => comment = token,
                Kind::Newline | Kind::Eof => break,
                _ => {}
            }
        }
        let commented = comment.kind == Kind::LineComment;
        if self.in_node && !self.dropping {
            return self.push(What::Continuation, comment);
        }
        if commented {
            self.comment(What::LineComment, comment);
        }
        if !self.dropping {
            self.end_node(1);
        }
    }

    fn open(&mut self, token: Token) {
        self.add(What::OpenBrace(Block::Inline), token);
        self.open.push(self.pieces.len() - 1);
        self.in_node = false;
    }

    fn close(&mut self, token: Token) {
        if let Some(open) = self.open.pop() {
            let inner = &self.pieces[open + 1..];
            if inner
                .iter()
                .all(|piece| matches!(piece.what, What::Break(_)))
            {
                self.pieces.truncate(open + 1);
                self.pieces[open].what = What::OpenBrace(Block::Empty);
            } else if self.pieces[open].what == What::OpenBrace(Block::Lines) {
                self.spread();
            }
        }
        self.add(What::CloseBrace, token);
    }
}

/// Turns continuations with nothing to continue into plain line ends, joins line ends, and finds the
/// comments that end a line. What a piece is depends on what follows, so this goes backwards.
fn settle(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut settled: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut follows = Follows::NodeEnd;
    for piece in pieces.into_iter().rev() {
        match piece.what {
            What::Continuation => continuation(&mut settled, piece, follows),
            What::Break(lines) => line_end(&mut settled, piece, lines),
            What::LineComment | What::BlockComment => {
                let last_on_line = settled.last().is_none_or(ends_line);
                settled.push(Piece {
                    last_on_line,
                    ..piece
                });
            }
            _ => settled.push(piece),
        }
        follows = follows.before(piece.what);
    }
    settled.reverse();
    settled
}

/// What comes next, comments in a block and continuations aside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    NodeEnd,
    Brace,
    Entry,
}

impl Follows {
    fn before(self, what: What) -> Self {
        match what {
            What::BlockComment | What::Continuation => self,
            What::Break(_) | What::CloseBrace | What::LineComment => Self::NodeEnd,
            What::OpenBrace(_) => Self::Brace,
            What::Word | What::OpenParen | What::CloseParen | What::Equals | What::Slashdash => {
                Self::Entry
            }
        }
    }
}

/// `settled` is backwards: its last piece is the next one in the text.
fn continuation(settled: &mut Vec<Piece>, piece: Piece, follows: Follows) {
    let commented = piece.end > piece.start;
    let repeated = settled
        .last()
        .is_some_and(|next| next.what == What::Continuation);
    match follows {
        Follows::NodeEnd => {
            line_end(
                settled,
                Piece {
                    what: What::Break(1),
                    ..piece
                },
                1,
            );
            if commented {
                settled.push(Piece {
                    what: What::LineComment,
                    last_on_line: true,
                    ..piece
                });
            }
        }
        Follows::Brace | Follows::Entry if commented => settled.push(piece),
        Follows::Entry if !repeated => settled.push(piece),
        Follows::Brace | Follows::Entry => {}
    }
}

fn line_end(settled: &mut Vec<Piece>, piece: Piece, lines: u32) {
    match settled.last_mut() {
        Some(Piece {
            what: What::Break(more),
            ..
        }) => *more = more.saturating_add(lines),
        Some(Piece {
            what: What::CloseBrace,
            ..
        }) if lines == 0 => {}
        _ => settled.push(piece),
    }
}

fn ends_line(next: &Piece) -> bool {
    match next.what {
        What::Break(lines) => lines > 0,
        What::LineComment | What::CloseBrace => true,
        What::BlockComment => next.last_on_line,
        What::Word
        | What::OpenParen
        | What::CloseParen
        | What::Equals
        | What::Slashdash
        | What::OpenBrace(_)
        | What::Continuation => false,
    }
}
