//! Colour, where it is wanted. It only ever adds: every meaning also has a sign or a word.

use std::fmt;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

/// Goes to the top of an empty screen.
pub(crate) const CLEAR: &str = "\x1b[2J\x1b[H";

/// When to colour, as asked for on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// Whether this output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// The flag wins, then `NO_COLOR`, then `CLICOLOR_FORCE` and `FORCE_COLOR`, then the terminal.
    pub(crate) fn choose(wanted: Colour, stream: &impl IsTerminal) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
        let on = match wanted {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if set("NO_COLOR") => false,
            Colour::Auto if set("CLICOLOR_FORCE") || set("FORCE_COLOR") => true,
            Colour::Auto => {
                stream.is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
            }
        };
        Self { on }
    }

    pub(crate) const fn is_on(self) -> bool {
        self.on
    }

    pub(crate) fn bold<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.style(Style::new().bold(), text)
    }

    pub(crate) fn dim<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.style(Style::new().dimmed(), text)
    }

    pub(crate) fn colour<T: fmt::Display>(self, colour: AnsiColor, text: T) -> Painted<T> {
        self.style(Style::new().fg_color(Some(colour.into())), text)
    }

    fn style<T: fmt::Display>(self, style: Style, text: T) -> Painted<T> {
        Painted {
            style: if self.on { style } else { Style::new() },
            text,
        }
    }
}

/// A text in a style; padding applies to the text and not to the codes around it.
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}
