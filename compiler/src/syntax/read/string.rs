//! Quoted strings.

use std::ops::Range;

use skep_schema::diagnostic::{Code, Diagnostic};

use super::{Braces, Reader};
use crate::syntax::faults::GUESS;
use crate::syntax::lex::{Kind, Token, offset};
use crate::syntax::text::{Escapes, Fault, dedent, unescape};
use crate::syntax::tree::{NONE, WordRow};

impl Reader<'_> {
    /// Takes the quoted string that stands here.
    pub(super) fn string(&mut self) -> WordRow {
        let token = self.take();
        match token.kind {
            Kind::Escaped => self.escaped(token),
            Kind::Multiline => self.multiline(token, 0, Escapes::Resolve),
            Kind::RawMultiline => self.multiline(token, hashes(self.slice(token)), Escapes::Raw),
            Kind::OldMultiline => self.old_multiline(token),
            Kind::UnclosedString => self.unclosed_string(token),
            Kind::UnclosedMultiline => self.unclosed_multiline(token),
            _ => plain(token),
        }
    }

    fn escaped(&mut self, token: Token) -> WordRow {
        let body = inner(self.slice(token), 1);
        let (text, fault) = unescape(body);
        if let Some(fault) = fault {
            self.string_fault(token.start + 1, body, &fault);
        }
        self.made(token, text)
    }

    fn multiline(&mut self, token: Token, hashes: u32, escapes: Escapes) -> WordRow {
        let delimiter = hashes + 3;
        let body = inner(self.slice(token), delimiter);
        let (text, fault) = dedent(body, escapes);
        if let Some(fault) = fault {
            self.string_fault(token.start + delimiter, body, &fault);
        }
        self.made(token, text)
    }

    pub(super) fn made(&mut self, token: Token, text: String) -> WordRow {
        let made = self.tree.make(text);
        WordRow {
            start: token.start,
            end: token.end,
            made,
        }
    }

    fn old_multiline(&mut self, token: Token) -> WordRow {
        let opening = self.faults.span(token.start, token.start + 1);
        let closing = self.faults.span(token.end - 1, token.end);
        let edits = vec![
            (opening, "\"\"\"\n".to_owned()),
            (closing, "\n\"\"\"".to_owned()),
        ];
        let message = "a string in plain quotes ends on its own line";
        let diagnostic = Diagnostic::new(Code::MultilineString, self.span(token), message)
            .help("text of several lines stands between two lines of `\"\"\"`")
            .offer("write a multi-line string", GUESS, edits);
        self.faults.add(diagnostic);
        let (text, _) = unescape(inner(self.slice(token), 1));
        self.made(token, text)
    }

    fn unclosed_string(&mut self, token: Token) -> WordRow {
        let source = self.slice(token);
        let quote = format!("\"{}", "#".repeat(hashes(source) as usize));
        let behind = self.faults.span(token.end, token.end);
        let message = "this string is not closed on its line";
        let diagnostic = Diagnostic::new(Code::UnclosedString, self.span(token), message)
            .help("end it with a quote; text of several lines stands between two lines of `\"\"\"`")
            .offer("add the quote", GUESS, vec![(behind, quote)]);
        self.faults.add(diagnostic);
        self.made(token, source.trim_start_matches(['#', '"']).to_owned())
    }

    fn unclosed_multiline(&mut self, token: Token) -> WordRow {
        self.braces = Braces::Swallowed;
        let source = self.slice(token);
        let opener = Token {
            end: token.start + hashes(source) + 3,
            ..token
        };
        let help = "end it with `\"\"\"` on a line of its own, and as many `#` as it starts with";
        self.report(
            Code::UnclosedString,
            opener,
            "this multi-line string is never closed",
            help,
        );
        self.made(token, source.trim_start_matches(['#', '"']).to_owned())
    }

    fn string_fault(&mut self, body_start: u32, body: &str, fault: &Fault) {
        let (range, code, message, help) = explain(fault);
        let span = self.faults.span(
            body_start + offset(range.start),
            body_start + offset(range.end),
        );
        let source = &body[range.clone()];
        let diagnostic = Diagnostic::new(code, span, message.replace("{}", source)).help(help);
        let before = self.faults.span(span.start, span.start);
        self.faults.add(match fault {
            Fault::Escape(_) if source == "\\/" => diagnostic.fix("remove the `\\`", span, "/"),
            Fault::Escape(_) => {
                diagnostic.offer("double the `\\`", GUESS, vec![(before, "\\".to_owned())])
            }
            Fault::Unicode(_) | Fault::Opening(_) | Fault::Closing(_) | Fault::Indentation(_) => {
                diagnostic
            }
        });
    }
}

/// Where, code, message and help; `{}` in the message is the source text.
fn explain(fault: &Fault) -> (&Range<usize>, Code, &'static str, &'static str) {
    match fault {
        Fault::Escape(range) => {
            let help = "write `\\\\` for a backslash, or `#\"..\"#` for a string without escapes";
            (range, Code::WrongEscape, "`{}` is no escape", help)
        }
        Fault::Unicode(range) => {
            let help = "write the code point as one to six hexadecimal digits: `\\u{1F41D}`";
            (range, Code::WrongEscape, "`{}` names no character", help)
        }
        Fault::Opening(range) => {
            let help = "start the text on the line below `\"\"\"`, or use plain quotes";
            (
                range,
                Code::MultilineString,
                "a multi-line string starts on the line after its opening quotes",
                help,
            )
        }
        Fault::Closing(range) => {
            let help = "put the closing `\"\"\"` on a line of its own";
            (
                range,
                Code::MultilineString,
                "text before the closing quotes of a multi-line string",
                help,
            )
        }
        Fault::Indentation(range) => {
            let help =
                "start every line with the same spaces or tabs as the line of the closing `\"\"\"`";
            (
                range,
                Code::MultilineString,
                "this line is indented less than the closing quotes",
                help,
            )
        }
    }
}

/// A word whose text is what stands in the source.
pub(super) fn plain(token: Token) -> WordRow {
    WordRow {
        start: token.start,
        end: token.end,
        made: NONE,
    }
}

fn hashes(source: &str) -> u32 {
    offset(source.bytes().take_while(|byte| *byte == b'#').count())
}

fn inner(source: &str, delimiter: u32) -> &str {
    let delimiter = delimiter as usize;
    source
        .get(delimiter..source.len() - delimiter)
        .unwrap_or_default()
}
