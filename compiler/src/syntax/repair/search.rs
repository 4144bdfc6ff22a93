//! Walks over the lines and braces of a text and keeps both in mind.

use super::{Action, Place, Repair};
use crate::syntax::lex::{Kind, Lexer, Token};
use crate::syntax::tree::NONE;

/// With more repairs than this the indentation is no guide.
const ENOUGH: usize = 64;

/// The repairs that make the braces of `text` match, in order of place. `None` when the
/// indentation does not say: there would be more of them than braces amiss, and too many lines.
pub(in crate::syntax) fn find(text: &str) -> Option<Vec<Repair>> {
    let mut search = Search::new(text);
    search.run();
    let most = search
        .surplus
        .unsigned_abs()
        .max(search.lines / 16)
        .min(ENOUGH);
    let mut repairs = search.repairs;
    repairs.sort_by_key(|repair| repair.at);
    (repairs.len() <= most).then_some(repairs)
}

/// Whether braces and indentation say the same all over a text.
pub(in crate::syntax) fn is_tidy(text: &str) -> bool {
    let mut search = Search::new(text);
    search.run();
    search.repairs.is_empty() && search.surplus == 0
}

/// An open block.
#[derive(Clone, Copy)]
struct Block {
    /// Its `{`, or [`NONE`].
    open: u32,
    /// The indentation and the number of the line it opens on; -1 for the file.
    indent: i32,
    line: usize,
    /// Whether something stands in it.
    filled: bool,
    /// The last node in it that starts a line.
    last: Option<Sibling>,
}

#[derive(Clone, Copy)]
struct Sibling {
    indent: i32,
    end: u32,
    /// The block it had, and the `}` that closed it.
    closed: Option<(u32, i32, usize, u32)>,
}

struct Search<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    stack: Vec<Block>,
    repairs: Vec<Repair>,
    /// Opening braces minus closing ones.
    surplus: isize,
    lines: usize,
    indent: i32,
    line_start: usize,
    /// Whether only blanks stood on the line so far.
    fresh: bool,
    continued: bool,
    /// The token before, on the same line.
    before: Option<Kind>,
    content_end: u32,
}

impl<'a> Search<'a> {
    fn new(text: &'a str) -> Self {
        let file = Block {
            open: NONE,
            indent: -1,
            line: usize::MAX,
            filled: true,
            last: None,
        };
        Self {
            text,
            lexer: Lexer::new(text),
            stack: vec![file],
            repairs: Vec::new(),
            surplus: 0,
            lines: 1,
            indent: 0,
            line_start: 0,
            fresh: true,
            continued: false,
            before: None,
            content_end: 0,
        }
    }

    fn run(&mut self) {
        while self.repairs.len() <= ENOUGH {
            let token = self.lexer.next();
            match token.kind {
                Kind::Eof => return self.end(token),
                Kind::Space | Kind::BlockComment | Kind::LineComment | Kind::UnclosedComment => {}
                Kind::Newline => self.newline(token),
                Kind::Backslash => self.continued = true,
                _ => self.token(token),
            }
        }
    }

    fn newline(&mut self, token: Token) {
        self.line_start = token.end as usize;
        if !self.continued {
            self.lines += 1;
            self.fresh = true;
            self.before = None;
        }
        self.continued = false;
    }

    fn token(&mut self, token: Token) {
        self.continued = false;
        if self.fresh {
            self.indent = columns(&self.text[self.line_start..token.start as usize]);
        }
        match token.kind {
            Kind::CloseBrace => self.close(token),
            Kind::OpenBrace => self.open(token),
            _ if self.fresh => self.node(token),
            _ => {}
        }
        self.fresh = false;
        self.before = Some(token.kind);
        self.top().filled = true;
        self.content_end = token.end;
        if token.kind != Kind::CloseBrace {
            let end = token.end;
            if let Some(last) = self.top().last.as_mut() {
                last.end = end;
            }
        }
    }

    fn top(&mut self) -> &mut Block {
        self.stack
            .last_mut()
            .expect("the file's own block is never taken off")
    }

    /// At the first token of a line that is no brace.
    fn node(&mut self, token: Token) {
        while self.top().indent >= self.indent {
            self.unclosed(token.start);
        }
        let indent = self.indent;
        if let Some(last) = self.top().last.filter(|last| last.indent < indent) {
            self.deeper(last, token);
        }
        self.top().last = Some(Sibling {
            indent,
            end: token.end,
            closed: None,
        });
    }

    /// The innermost block goes on where its indentation has ended.
    fn unclosed(&mut self, before: u32) {
        let Some(block) = self.stack.pop() else {
            return;
        };
        let brace = Place {
            start: block.open,
            end: block.open.saturating_add(1),
        };
        let end = Place {
            start: self.content_end.saturating_sub(1),
            end: self.content_end,
        };
        self.repairs.push(if block.filled || block.open == NONE {
            Repair {
                at: before,
                action: Action::Close,
                fault: end,
                partner: block.open,
            }
        } else {
            Repair {
                at: block.open,
                action: Action::LeaveOut,
                fault: brace,
                partner: NONE,
            }
        });
    }

    /// The line is indented deeper than the node above it, which has no block open.
    fn deeper(&mut self, last: Sibling, token: Token) {
        let (open, indent, line) = if let Some((open, indent, line, close)) = last.closed {
            self.leave_out(close, open);
            (open, indent, line)
        } else {
            let fault = Place {
                start: last.end.saturating_sub(1),
                end: last.end,
            };
            self.repairs.push(Repair {
                at: token.start,
                action: Action::Open,
                fault,
                partner: NONE,
            });
            (NONE, last.indent, usize::MAX)
        };
        self.stack.push(Block {
            open,
            indent,
            line,
            filled: true,
            last: None,
        });
    }

    fn leave_out(&mut self, brace: u32, partner: u32) {
        let fault = Place {
            start: brace,
            end: brace + 1,
        };
        self.repairs.push(Repair {
            at: brace,
            action: Action::LeaveOut,
            fault,
            partner,
        });
    }

    fn open(&mut self, token: Token) {
        self.surplus += 1;
        let nameless = matches!(
            self.before,
            Some(Kind::OpenBrace | Kind::CloseBrace | Kind::Semicolon)
        );
        if nameless || self.fresh && !self.fits_below(token) {
            return self.leave_out(token.start, NONE);
        }
        let block = Block {
            open: token.start,
            indent: self.indent,
            line: self.lines,
            filled: false,
            last: None,
        };
        self.stack.push(block);
    }

    /// Whether a `{` at a line's start can be the block of the node above.
    fn fits_below(&mut self, _: Token) -> bool {
        let indent = self.indent;
        self.top()
            .last
            .is_some_and(|last| last.indent == indent && last.closed.is_none())
    }

    fn close(&mut self, token: Token) {
        self.surplus -= 1;
        if self.fresh {
            self.close_deeper(token);
        }
        let line = self.lines;
        let fresh = self.fresh;
        let indent = self.indent;
        let top = *self.top();
        let elsewhere = !fresh && top.line != line;
        if self.stack.len() == 1 || elsewhere || fresh && indent > top.indent {
            return self.leave_out(token.start, if elsewhere { top.open } else { NONE });
        }
        self.stack.pop();
        if let Some(last) = self.top().last.as_mut() {
            last.closed = Some((top.open, top.indent, top.line, token.start));
            last.end = token.end;
        }
    }

    /// At a `}` that starts a line: ends the blocks that are indented deeper, if it fits one of the others.
    fn close_deeper(&mut self, token: Token) {
        let indent = self.indent;
        if self
            .stack
            .binary_search_by_key(&indent, |block| block.indent)
            .is_ok()
        {
            while self.top().indent > indent {
                self.unclosed(token.start);
            }
        }
    }

    fn end(&mut self, token: Token) {
        while self.stack.len() > 1 {
            self.unclosed(token.start);
        }
    }
}

/// The width of a line's indentation, with tabs at every fourth column.
fn columns(blanks: &str) -> i32 {
    blanks.chars().fold(0, |column, blank| {
        if blank == '\t' {
            (column / 4 + 1) * 4
        } else {
            column + 1
        }
    })
}
