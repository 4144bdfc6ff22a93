//! From what is shown to how it ended.

use skep_engine::drive::Look;
use skep_engine::perform::Work;
use skep_schema::event::ApplyReport;

use super::{Answer, Connection, Form, Manner, Session, confirm, print, to_json};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::output::report;

/// What is shown and asked before something is done.
pub(crate) struct Offer {
    pub(crate) against: String,
    pub(crate) question: String,
    /// The command that needs no answer.
    pub(crate) instead: &'static str,
    /// Somebody has seen it already.
    pub(crate) is_known: bool,
}

impl Offer {
    pub(crate) fn carry_out(
        self,
        session: &Session<'_>,
        target: &Connection,
        manner: &Manner,
        seen: &Look,
        work: &Work<'_>,
    ) -> Result<Exit, Failure> {
        let heading = Heading {
            stack: work.plan.stack.clone(),
            against: self.against,
            next: None,
        };
        if !self.is_known || seen.changes.is_empty() {
            eprint!("{}", terminal(&seen.changes, &heading, session.err));
        }
        if seen.changes.is_empty() {
            return finish(manner.output, &session.settle(target, manner, seen));
        }
        if !manner.yes {
            confirm(&self.question, &Answer::Yes, self.instead)?;
        }
        finish(manner.output, &session.perform(target, manner, work)?)
    }
}

/// Shows how it ended, and turns that into the exit code.
pub(crate) fn finish(form: Form, report: &ApplyReport) -> Result<Exit, Failure> {
    eprint!("{}", report::text(report));
    if form == Form::Json {
        print(&to_json(report))?;
    }
    Ok(report.outcome.into())
}
