//! Why a secret's value is not at hand, and what to do about it.

use std::fmt;

use super::LONGEST;

/// A source that gave no value. The texts name the source, never what came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    NotSet {
        variable: String,
    },
    NoFile {
        path: String,
        reason: String,
    },
    NotStarted {
        command: String,
        reason: String,
    },
    /// `code` is nothing when a signal ended it.
    Ended {
        command: String,
        code: Option<i32>,
    },
    TooSlow {
        command: String,
        seconds: u64,
    },
    Empty {
        from: String,
    },
    TooLong {
        from: String,
    },
    /// Its value is the swarm's alone.
    External,
    /// Only these folders are looked into, see [`Secrets::confined`](super::Secrets::confined).
    NotInFolders {
        path: String,
        folders: Vec<String>,
    },
    /// A command of somebody else's plan.
    NotRun {
        command: String,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::NotSet { variable } => {
                write!(f, "the environment variable `{variable}` is not set")
            }
            Missing::NoFile { path, reason } => {
                write!(f, "the file `{path}` cannot be read: {reason}")
            }
            Missing::NotStarted { command, reason } => {
                write!(f, "the command `{command}` cannot be run: {reason}")
            }
            Missing::Ended {
                command,
                code: Some(code),
            } => write!(f, "the command `{command}` ended with {code}"),
            Missing::Ended {
                command,
                code: None,
            } => write!(f, "the command `{command}` was ended by a signal"),
            Missing::TooSlow { command, seconds } => {
                write!(f, "the command `{command}` took more than {seconds} s")
            }
            Missing::Empty { from } => write!(f, "{from} gave no bytes"),
            Missing::TooLong { from } => write!(f, "{from} gave more than {LONGEST} bytes"),
            Missing::External => f.write_str("it is external, so only the swarm knows it"),
            Missing::NotInFolders { path, folders } if folders.is_empty() => {
                write!(f, "there is no folder to look for `{path}` in")
            }
            Missing::NotInFolders { path, folders } => {
                write!(
                    f,
                    "there is no folder with `{path}` among {}",
                    folders.join(", ")
                )
            }
            Missing::NotRun { command } => write!(f, "the command `{command}` is not run here"),
        }
    }
}

impl Missing {
    /// One line that says what to change.
    pub fn help(&self) -> String {
        match self {
            Missing::NotSet { variable } => format!("set `{variable}` where skep runs"),
            Missing::NoFile { path, .. } => {
                format!("write the value to `{path}`, or name another file")
            }
            Missing::NotStarted { .. } => "install the command, or name another one".to_owned(),
            Missing::Ended { .. } | Missing::TooSlow { .. } => {
                "run it by hand: what it says is not shown here, since it may hold the value"
                    .to_owned()
            }
            Missing::Empty { .. } => {
                "the engine takes no empty secret, so give it a value".to_owned()
            }
            Missing::TooLong { .. } => {
                "the engine takes no longer secret, so mount a file instead".to_owned()
            }
            Missing::External => "read it from its file in the container instead".to_owned(),
            Missing::NotInFolders { path, .. } => {
                format!(
                    "write the value to `{path}` in the folder that the settings name for secrets"
                )
            }
            Missing::NotRun { .. } => "let the secret come from a file or a variable".to_owned(),
        }
    }
}
