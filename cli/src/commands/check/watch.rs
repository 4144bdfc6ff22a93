//! `skep check --watch`

use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

use skep_compiler::Checked;
use skep_project::Watch;

use super::{Options, tell};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::paint::CLEAR;
use crate::session::Session;

/// How often the files' times are looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Checks, and again whenever a file changed, until it is interrupted.
pub(super) fn run(session: &Session<'_>, options: &Options) -> Result<Exit, Failure> {
    let (mut watch, first) = Watch::start(session.project.clone(), session.inputs())?;
    show(session, options, &first)?;
    loop {
        thread::sleep(PAUSE);
        if let Some(checked) = watch.look()? {
            show(session, options, &checked)?;
        }
    }
}

fn show(session: &Session<'_>, options: &Options, checked: &Checked) -> Result<(), Failure> {
    if std::io::stderr().is_terminal() {
        eprint!("{CLEAR}");
    }
    tell(session, options, checked)?;
    Ok(())
}
