//! Finds the brace that is wrong in a file whose braces do not match, by the lines' indentation.
//!
//! Braces alone only tell that one is missing somewhere. Where indentation and braces first
//! contradict each other is, nearly always, where the author slipped.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;

use super::faults::{Faults, GUESS};
use super::lex::{Kind, Lexer, Token};
use super::tree::NONE;

/// What to do with a brace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Read over the brace at the place.
    LeaveOut,
    /// Close a block before the token at the place.
    Close,
    /// Open a block for the node before the token at the place.
    Open,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Repair {
    pub at: u32,
    pub action: Action,
    /// Where to point, and at what.
    fault: Place,
    /// The brace on the other side, or [`NONE`].
    partner: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    end: u32,
}

/// With more repairs than this the indentation is no guide.
const ENOUGH: usize = 64;

/// The repairs that make the braces of `text` match, in order of place. `None` when the
/// indentation does not say: there would be more of them than braces amiss, and too many lines.
pub(crate) fn find(text: &str) -> Option<Vec<Repair>> {
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

/// Says what is wrong with the braces of `text` that `repairs` mend.
pub(crate) fn report(text: &str, repairs: &[Repair], faults: &mut Faults) {
    for repair in repairs {
        let diagnostic = match repair.action {
            Action::LeaveOut => surplus(text, repair, faults),
            Action::Close => unclosed(text, repair, faults),
            Action::Open => unopened(repair, faults),
        };
        faults.add(diagnostic);
    }
}

fn surplus(text: &str, repair: &Repair, faults: &Faults) -> Diagnostic {
    let span = repair.fault.span(faults);
    let brace = &text[repair.fault.start as usize..repair.fault.end as usize];
    let message = format!("this `{brace}` does not fit the lines around it");
    let diagnostic = Diagnostic::new(Code::UnmatchedBrace, span, message)
        .help("remove it, or mend the indentation if it is right")
        .offer("remove it", GUESS, vec![(span, String::new())]);
    repair.point_at_partner(
        diagnostic,
        "it would close the block that opens here",
        faults,
    )
}

fn unclosed(text: &str, repair: &Repair, faults: &Faults) -> Diagnostic {
    let behind = faults.span(repair.fault.end, repair.fault.end);
    let line = |offset: u32| text[..offset as usize].rfind('\n').map_or(0, |at| at + 1);
    let opened_here = repair.partner != NONE && line(repair.partner) == line(repair.fault.end);
    let brace = match repair.partner {
        NONE => "\n}".to_owned(),
        _ if opened_here => " }".to_owned(),
        open => {
            let rest = &text[line(open)..];
            format!(
                "\n{}}}",
                &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
            )
        }
    };
    let message = "a `}` is missing after this line";
    let diagnostic = Diagnostic::new(Code::UnmatchedBrace, repair.fault.span(faults), message)
        .help("close the block where its indentation ends")
        .offer("add `}`", GUESS, vec![(behind, brace)]);
    repair.point_at_partner(diagnostic, "the block opens here", faults)
}

fn unopened(repair: &Repair, faults: &Faults) -> Diagnostic {
    let behind = faults.span(repair.fault.end, repair.fault.end);
    let message = "a `{` is missing at the end of this line";
    Diagnostic::new(Code::UnmatchedBrace, repair.fault.span(faults), message)
        .help("the lines below are indented as its children")
        .offer("add `{`", GUESS, vec![(behind, " {".to_owned())])
}

impl Place {
    fn span(self, faults: &Faults) -> Span {
        faults.span(self.start, self.end)
    }
}

impl Repair {
    fn point_at_partner(&self, diagnostic: Diagnostic, label: &str, faults: &Faults) -> Diagnostic {
        if self.partner == NONE {
            return diagnostic;
        }
        diagnostic.and(faults.span(self.partner, self.partner + 1), label)
    }
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
