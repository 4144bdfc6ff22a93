//! What the daemon says of itself: a line for people, or an object for machines, on standard error.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// The forms of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    Human,
    Json,
}

/// What is logged unless `SKEP_LOG` says otherwise.
const USUAL: &str = "skep_daemon=info,warn";

/// Begins to log. Once a process, and only by whoever owns it.
pub fn begin(form: LogForm) {
    let filter = EnvFilter::try_from_env("SKEP_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_target(false);
    let begun = match form {
        LogForm::Human => lines.with_ansi(stderr().is_terminal()).try_init(),
        LogForm::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(error) = begun {
        eprintln!("warning: logging began already: {error}");
    }
}
