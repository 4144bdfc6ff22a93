//! How the process ends. One list, documented in `docs/exit-codes.md` and held to it by a test.

use std::process::ExitCode;

use skep_schema::event::Outcome;

macro_rules! exits {
    ($($(#[doc = $doc:literal])* $name:ident $code:literal)*) => {
        /// Exit codes that scripts may rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Exit { $($(#[doc = $doc])* $name = $code),* }

        #[cfg(test)]
        impl Exit {
            pub(crate) const ALL: &[(u8, &str)] = &[$(($code, concat!($($doc),*))),*];
        }
    };
}

exits! {
    /// Done, or nothing to do.
    Done 0
    /// Diagnostics, or a failed apply.
    Failed 1
    /// Changes are present; only with `--detailed-exitcode`, or with `--check` of `lock`.
    Changes 2
    /// The plan is stale: the target is not what it was made against.
    Stale 3
    /// Some nodes were applied, some were not.
    Partial 4
    /// Somebody else is applying.
    Locked 5
    /// A confirmation was needed and not given.
    Unconfirmed 6
    /// Timed out while converging.
    TimedOut 7
    /// A service was rolled back.
    RolledBack 8
    /// The command line was wrong.
    Usage 64
    /// The engine, the daemon, a registry or a repository cannot be reached.
    Unreachable 69
    /// A bug in Skep.
    Bug 70
    /// Not allowed.
    Denied 77
    /// Interrupted.
    Interrupted 130
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Exit::Done,
            Outcome::Failed => Exit::Failed,
            Outcome::Partial => Exit::Partial,
            Outcome::RolledBack => Exit::RolledBack,
            Outcome::TimedOut => Exit::TimedOut,
            Outcome::Cancelled => Exit::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_page_of_exit_codes_is_this_list() {
        let page = include_str!("../../docs/exit-codes.md");
        let rows: Vec<(u8, &str)> = page
            .lines()
            .filter_map(|line| {
                line.strip_prefix("| ")?
                    .strip_suffix(" |")?
                    .split_once(" | ")
            })
            .filter_map(|(code, text)| Some((code.parse().ok()?, text)))
            .collect();
        let list: Vec<(u8, &str)> = Exit::ALL
            .iter()
            .map(|(code, text)| (*code, text.trim()))
            .collect();
        assert_eq!(rows, list);
    }
}
