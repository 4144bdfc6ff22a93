//! Asking a person, where there is one.

use std::io::{BufRead, IsTerminal, Write};

use crate::exit::Exit;
use crate::failure::Failure;

/// What has to be typed to agree.
pub(crate) enum Answer<'a> {
    /// `y` or `yes`
    Yes,
    /// A name, for what cannot be taken back.
    Name(&'a str),
}

/// Asks on standard error. Without a terminal, or in CI, nobody can answer: the command ends with
/// the way to say yes beforehand.
pub(crate) fn confirm(question: &str, wanted: &Answer<'_>, instead: &str) -> Result<(), Failure> {
    let ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    if ci || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::new(
            Exit::Unconfirmed,
            "this needs a yes, and nobody is there to ask",
        )
        .help(format!("say it beforehand: {instead}")));
    }
    match wanted {
        Answer::Yes => eprint!("{question} [y/N] "),
        Answer::Name(name) => eprint!("{question} Type `{name}` to go on: "),
    }
    drop(std::io::stderr().flush());
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|e| Failure::new(Exit::Unconfirmed, format!("standard input: {e}")))?;
    let typed = line.trim();
    let agreed = match wanted {
        Answer::Yes => typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes"),
        Answer::Name(name) => typed == *name,
    };
    if agreed {
        Ok(())
    } else {
        Err(Failure::new(
            Exit::Unconfirmed,
            "declined, nothing was changed",
        ))
    }
}
