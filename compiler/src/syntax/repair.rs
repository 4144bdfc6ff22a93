//! Finds the brace that is wrong in a file whose braces do not match, by the lines' indentation.
//!
//! Braces alone only tell that one is missing somewhere. Where indentation and braces first
//! contradict each other is, nearly always, where the author slipped.

mod search;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;

use super::faults::{Faults, GUESS};
use super::tree::NONE;

pub(super) use search::{find, is_tidy};

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
