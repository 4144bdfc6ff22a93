//! Blocks: what opens and closes them, and what is wrong when nothing does.

use skep_schema::diagnostic::{Code, Diagnostic};

use super::{Blocks, Braces, Frame, OpenNode, Reader};
use crate::syntax::MAX_DEPTH;
use crate::syntax::faults::GUESS;
use crate::syntax::lex::{Kind, Token};
use crate::syntax::repair::Action;
use crate::syntax::tree::{Mark, NONE};

impl Reader<'_> {
    pub(super) fn open_block(&mut self, mut node: OpenNode, dropped: Option<Mark>) {
        let brace = self.token;
        self.check_depth(brace);
        match dropped {
            Some(_) if node.blocks == Blocks::None => node.blocks = Blocks::Dropped,
            Some(_) => {}
            None => self.keep_block(&mut node, brace),
        }
        self.push_block(Some(node), dropped);
    }

    fn keep_block(&mut self, node: &mut OpenNode, brace: Token) {
        if node.blocks == Blocks::Kept {
            let help = "put everything in one block, or start a new node on a new line";
            self.report(
                Code::MisplacedBlock,
                brace,
                "a node has only one block",
                help,
            );
        }
        node.blocks = Blocks::Kept;
        let row = &mut self.tree.nodes[node.row as usize];
        row.block = true;
        row.open = brace.start;
    }

    /// Takes the `{`.
    fn push_block(&mut self, owner: Option<OpenNode>, dropped: Option<Mark>) {
        self.take();
        self.frames.push(Frame {
            owner,
            dropped,
            last: NONE,
        });
        self.skip_lines();
    }

    fn check_depth(&mut self, brace: Token) {
        if self.frames.len() == MAX_DEPTH && !self.too_deep {
            self.too_deep = true;
            let message = format!("blocks nest deeper than {MAX_DEPTH} levels here");
            let help = "what is deeper is read as if it stood on this level; unnest it";
            self.report(Code::TooDeep, brace, message, help);
        }
    }

    /// At a `{` where a node's name should be.
    pub(super) fn nameless_block(&mut self) {
        let last = self.frame().last;
        if last != NONE && self.is_brace_below(last) {
            return self.brace_below(last);
        }
        let help = "write the node's name before `{`, or remove the braces";
        self.report(
            Code::MisplacedBlock,
            self.token,
            "a block without a node's name before it",
            help,
        );
        self.push_block(None, None);
    }

    /// Whether the `{` here is likely the block of the node on the line above.
    fn is_brace_below(&self, last: u32) -> bool {
        let node = self.tree.nodes[last as usize];
        let between = &self.text[node.end as usize..self.token.start as usize];
        !node.block && !self.faults.full() && !between.contains(';')
    }

    fn brace_below(&mut self, row: u32) {
        let brace = self.token;
        let node = &mut self.tree.nodes[row as usize];
        node.block = true;
        node.open = brace.start;
        let gap = self.faults.span(node.end, brace.start);
        let diagnostic = Diagnostic::new(
            Code::MisplacedBlock,
            self.span(brace),
            "`{` stands on the line below its node",
        )
        .help("a line end ends the node, so put `{` on the node's own line");
        let movable = self.text[gap.start as usize..gap.end as usize]
            .trim()
            .is_empty();
        self.faults.add(if movable {
            diagnostic.fix("move `{` up", gap, " ")
        } else {
            diagnostic
        });
        self.push_block(
            Some(OpenNode {
                row,
                dropped: None,
                blocks: Blocks::Kept,
            }),
            None,
        );
    }

    /// At a `}`.
    pub(super) fn close_block(&mut self) {
        if self.frames.len() == 1 {
            return self.surplus_brace();
        }
        let brace = self.take();
        match self.pop_frame() {
            Some((node, Kept::Yes)) => {
                self.tree.nodes[node.row as usize].close = brace.start;
                self.body(node);
            }
            Some((node, Kept::No)) => self.body(node),
            None => self.end_line(),
        }
    }

    /// Ends the innermost block and returns its node.
    fn pop_frame(&mut self) -> Option<(OpenNode, Kept)> {
        let frame = self.frames.pop()?;
        let Some(mark) = frame.dropped else {
            return frame.owner.map(|node| (node, Kept::Yes));
        };
        self.tree.drop_since(mark);
        frame.owner.map(|node| (node, Kept::No))
    }

    /// Skips what may stand between a brace that belongs to no node and the next node.
    pub(super) fn end_line(&mut self) {
        if self.token.kind == Kind::Semicolon {
            self.advance();
        }
        self.skip_lines();
    }

    fn surplus_brace(&mut self) {
        if self.braces == Braces::Fit {
            let help = "remove it, or add the `{` it belongs to";
            self.report(
                Code::UnmatchedBrace,
                self.token,
                "this `}` closes nothing",
                help,
            );
            self.braces = Braces::Unfit;
        }
        self.advance();
        self.end_line();
    }

    /// Ends the innermost block without a `}`.
    fn close_unwritten(&mut self) {
        if let Some((node, _)) = self.pop_frame() {
            self.finish(node);
        }
    }

    pub(super) fn end_of_file(&mut self) {
        if self.braces == Braces::Fit {
            self.braces = Braces::Unfit;
            self.unclosed_block();
        }
        self.close_unwritten();
    }

    fn unclosed_block(&mut self) {
        let owner = self.frame().owner;
        let open = owner
            .map(|node| self.tree.nodes[node.row as usize].open)
            .filter(|open| *open != NONE);
        let brace = match open {
            Some(start) => Token {
                kind: Kind::OpenBrace,
                start,
                end: start + 1,
            },
            None => self.token,
        };
        self.report(
            Code::UnmatchedBrace,
            brace,
            "this block is never closed",
            "add the `}` it needs",
        );
    }

    /// Puts in the braces that are known to be missing before the current token.
    pub(super) fn repair(&mut self) {
        while let [first, rest @ ..] = self.repairs {
            let here = first.at == self.token.start;
            match first.action {
                _ if first.at > self.token.start => return,
                Action::LeaveOut if here => return,
                Action::Close if here && self.frames.len() > 1 => self.close_unwritten(),
                Action::Open if here => self.open_unwritten(),
                Action::LeaveOut | Action::Close | Action::Open => {}
            }
            self.repairs = rest;
        }
    }

    /// Takes what follows as the children of the node before it.
    fn open_unwritten(&mut self) {
        let last = self.frame().last;
        if last == NONE {
            return;
        }
        self.tree.nodes[last as usize].block = true;
        let owner = Some(OpenNode {
            row: last,
            dropped: None,
            blocks: Blocks::Kept,
        });
        self.frames.push(Frame {
            owner,
            dropped: None,
            last: NONE,
        });
    }

    /// Something follows a block on its line.
    pub(super) fn missing_terminator(&mut self, node: OpenNode) {
        // An unclosed string is a mistake of its own, told when it is read.
        if self.token.kind == Kind::UnclosedString {
            return self.finish(node);
        }
        let gap = self.faults.span(self.consumed, self.token.start);
        let diagnostic = Diagnostic::new(
            Code::MisplacedBlock,
            self.span(self.token),
            "a node ends with its block",
        )
        .help(
            "start the next node on a new line, or put `;` before it; entries go before the block",
        )
        .offer("put `;` between", GUESS, vec![(gap, "; ".to_owned())]);
        self.faults.add(diagnostic);
        self.finish(node);
    }

    /// Refuses an entry behind a block that `/-` drops, and reads on as if it stood before it.
    pub(super) fn entry_in_place(&mut self, node: &mut OpenNode) {
        if node.blocks != Blocks::None {
            let message = "entries go before all blocks of a node, dropped ones too";
            self.report(
                Code::MisplacedBlock,
                self.token,
                message,
                "move the entry before the block",
            );
            node.blocks = Blocks::None;
        }
    }
}

/// Whether a block counts, or `/-` drops it.
enum Kept {
    Yes,
    No,
}
