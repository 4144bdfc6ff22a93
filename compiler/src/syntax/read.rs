//! Builds the tree from the tokens, whatever they are, and says what is wrong with them.

mod block;
mod entry;
mod slip;
mod string;
mod word;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::{FileId, Span};

use super::faults::Faults;
use super::lex::{Kind, Lexer, Token};
use super::repair::{Action, Repair};
use super::tree::{Mark, NONE, NodeRow, Tree};

pub(super) struct Outcome {
    pub(super) tree: Tree,
    pub(super) faults: Faults,
    pub(super) braces: Braces,
}

/// Reads `text`, with the braces that `repairs` leaves out or puts in.
pub(super) fn read(file: FileId, text: &str, repairs: &[Repair]) -> Outcome {
    let mut reader = Reader {
        text,
        lexer: Lexer::new(text),
        token: Token {
            kind: Kind::Newline,
            start: 0,
            end: 0,
        },
        spaced: true,
        consumed: 0,
        tree: Tree::for_text(text.len()),
        frames: vec![Frame {
            owner: None,
            dropped: None,
            last: NONE,
        }],
        faults: Faults::new(file),
        repairs,
        braces: Braces::Fit,
        too_deep: false,
        comma_node: NONE,
        in_list: false,
        quoteless: 0,
    };
    reader.document();
    Outcome {
        tree: reader.tree,
        faults: reader.faults,
        braces: reader.braces,
    }
}

struct Reader<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The next token that is no space, comment or line continuation.
    token: Token,
    /// Whether such stood before `token`.
    spaced: bool,
    /// The end of the last token that is part of a node.
    consumed: u32,
    tree: Tree,
    /// The blocks that are open; the first one is the file.
    frames: Vec<Frame>,
    faults: Faults,
    /// Those that are still ahead.
    repairs: &'a [Repair],
    braces: Braces,
    too_deep: bool,
    /// The node whose commas were reported.
    comma_node: u32,
    /// Whether a `[` was reported whose `]` is ahead.
    in_list: bool,
    /// Up to here no closing quote of another kind is to be found.
    quoteless: u32,
}

/// What is known of the braces so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Braces {
    Fit,
    /// They do when read as the indentation says.
    Mended,
    /// One has no partner, for no other reason that was reported.
    Unfit,
    /// Something unclosed took the rest of the file, and braces with it.
    Swallowed,
}

/// A block that is open.
struct Frame {
    /// `None` for the file, and for a block without a node's name before it.
    owner: Option<OpenNode>,
    /// For a block that `/-` drops.
    dropped: Option<Mark>,
    /// The last node read in it.
    last: u32,
}

/// A node that is being read.
#[derive(Clone, Copy)]
struct OpenNode {
    row: u32,
    dropped: Option<Mark>,
    blocks: Blocks,
}

/// What blocks a node has had so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blocks {
    None,
    Dropped,
    Kept,
}

impl<'a> Reader<'a> {
    fn document(&mut self) {
        self.advance();
        self.skip_lines();
        loop {
            self.repair();
            match self.token.kind {
                Kind::Eof if self.frames.len() == 1 => return,
                Kind::Eof => self.end_of_file(),
                Kind::CloseBrace => self.close_block(),
                _ => self.node(),
            }
        }
    }

    /// Moves on to the next token that is no space, comment or line continuation.
    fn advance(&mut self) {
        self.spaced = self.lexer.skip_spaces();
        loop {
            let token = self.lexer.next();
            match token.kind {
                Kind::Space | Kind::BlockComment => {}
                Kind::UnclosedComment => self.unclosed_comment(token),
                Kind::Backslash if self.continues_line() => {}
                Kind::OpenBrace | Kind::CloseBrace if self.leaves_out(token) => {}
                _ => {
                    self.token = token;
                    return;
                }
            }
            self.spaced = true;
        }
    }

    /// Hands over the current token as part of a node.
    fn take(&mut self) -> Token {
        let token = self.token;
        self.consumed = token.end;
        self.advance();
        token
    }

    /// Behind a `\`: whether the line ends after spaces and comments only. Then they are skipped.
    fn continues_line(&mut self) -> bool {
        let mut ahead = self.lexer.clone();
        loop {
            match ahead.next().kind {
                Kind::Space | Kind::BlockComment | Kind::LineComment => {}
                Kind::Newline | Kind::Eof => break,
                _ => return false,
            }
        }
        self.lexer = ahead;
        true
    }

    fn leaves_out(&mut self, token: Token) -> bool {
        while let [first, rest @ ..] = self.repairs {
            match first.action {
                Action::LeaveOut if first.at == token.start => {
                    self.repairs = rest;
                    return true;
                }
                _ if first.at < token.start => self.repairs = rest,
                _ => return false,
            }
        }
        false
    }

    fn skip_lines(&mut self) {
        while matches!(self.token.kind, Kind::Newline | Kind::LineComment) {
            self.advance();
        }
    }

    /// Gives up on the rest of the line, up to a brace.
    fn skip_line(&mut self) {
        while !matches!(
            self.token.kind,
            Kind::Newline | Kind::LineComment | Kind::Eof | Kind::OpenBrace | Kind::CloseBrace
        ) {
            self.advance();
        }
    }

    fn node(&mut self) {
        let start = self.token.start;
        let dropped = match self.token.kind {
            Kind::Slashdash => match self.slashdash() {
                Some(mark) => Some(mark),
                None => return self.end_line(),
            },
            _ => None,
        };
        let annotation = self.annotation();
        let Some(name) = self.name(annotation.is_some()) else {
            return self.end_line();
        };
        let annotation = self.tree.add_word(annotation);
        let entries = self.tree.entry_count();
        let row = self.tree.add_node(NodeRow {
            name,
            annotation,
            start,
            end: self.consumed,
            head_end: self.consumed,
            open: NONE,
            close: NONE,
            block: false,
            entries_start: entries,
            entries_end: entries,
            subtree_end: NONE,
        });
        if dropped.is_none() {
            self.frame().last = row;
        }
        self.body(OpenNode {
            row,
            dropped,
            blocks: Blocks::None,
        });
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("the file's own frame is never taken off")
    }

    /// Takes `/-` and what may stand between it and what it drops.
    fn slashdash(&mut self) -> Option<Mark> {
        let token = self.take();
        let mark = self.tree.mark();
        self.skip_lines();
        match self.token.kind {
            Kind::Eof | Kind::CloseBrace | Kind::Semicolon | Kind::Slashdash => {
                let message = "`/-` with nothing to drop after it";
                let help = "put `/-` right before a node, an entry or a block, or remove it";
                self.report(Code::NothingToDrop, token, message, help);
                None
            }
            _ => Some(mark),
        }
    }

    /// Reads entries and blocks up to the node's end, or up to a block that opens.
    fn body(&mut self, mut node: OpenNode) {
        loop {
            match self.token.kind {
                Kind::Newline | Kind::LineComment | Kind::Semicolon => {
                    self.advance();
                    self.skip_lines();
                    return self.finish(node);
                }
                Kind::Eof | Kind::CloseBrace => return self.finish(node),
                Kind::OpenBrace => {
                    if !self.template_braces(node) {
                        return self.open_block(node, None);
                    }
                }
                Kind::Slashdash => {
                    let Some(mark) = self.slashdash() else {
                        continue;
                    };
                    if self.token.kind == Kind::OpenBrace {
                        return self.open_block(node, Some(mark));
                    }
                    self.entry_in_place(&mut node);
                    self.entry(node);
                    self.tree.drop_since(mark);
                    self.tree.nodes[node.row as usize].entries_end = self.tree.entry_count();
                }
                _ if node.blocks == Blocks::Kept => return self.missing_terminator(node),
                _ => {
                    self.entry_in_place(&mut node);
                    self.entry_apart(node);
                }
            }
        }
    }

    fn finish(&mut self, node: OpenNode) {
        let flat = self.frames.len() >= super::MAX_DEPTH;
        let behind = if flat {
            node.row + 1
        } else {
            self.tree.node_count()
        };
        let end = self.consumed;
        let row = &mut self.tree.nodes[node.row as usize];
        row.end = end.max(row.end);
        row.subtree_end = behind;
        if let Some(mark) = node.dropped {
            self.old_version(node.row);
            self.tree.drop_since(mark);
        }
    }

    fn slice(&self, token: Token) -> &'a str {
        self.text
            .get(token.start as usize..token.end as usize)
            .unwrap_or_default()
    }

    fn span(&self, token: Token) -> Span {
        self.faults.span(token.start, token.end)
    }

    fn report(
        &mut self,
        code: Code,
        token: Token,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.span(token);
        self.faults
            .add(Diagnostic::new(code, span, message).help(help));
    }

    fn unclosed_comment(&mut self, token: Token) {
        self.braces = Braces::Swallowed;
        let opener = Token {
            end: token.start + 2,
            ..token
        };
        let help = "end it with `*/`; comments nest, so each `/*` needs its own";
        self.report(
            Code::UnclosedComment,
            opener,
            "this comment is never closed",
            help,
        );
    }
}
