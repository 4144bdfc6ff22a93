//! `skep schema`

use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::print;

const EXAMPLES: &str = "\
Examples:
  skep schema plan > plan.schema.json    what `skep compile -o json` writes
  skep schema changes                    what `skep plan -o json` writes
  skep schema stack                      what a daemon says of a stack; all of its API: docs/api
  skep schema language                   the nodes, fields and types of the language

The schemas are JSON Schema 2020-12. They bear properties that they do not name: a newer skep may
write more under the same version, and never less.";

/// Print the JSON Schema of a form of data, or the language as data
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// What to describe
    #[arg(value_enum, value_name = "NAME")]
    name: Name,
}

macro_rules! names {
    ($($(#[doc = $doc:literal])* $name:ident $file:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        enum Name { $($(#[doc = $doc])* $name),* }

        impl Name {
            const fn text(self) -> &'static str {
                match self {
                    $(Name::$name => include_str!(concat!("../../../docs/schema/", $file, ".json"))),*
                }
            }
        }
    };
}

names! {
    /// A plan: `compile -o json`, `show -o plan`
    Plan "plan"
    /// What an apply would do: `plan -o json`, `plan --out`, `diff -o json`
    Changes "changes"
    /// How an apply ended: `apply -o json`, `rollback -o json`, `destroy -o json`
    Apply "apply"
    /// One line of `--progress json`
    Event "event"
    /// What runs: `status -o json`
    Status "status"
    /// What others changed: `drift -o json`
    Drift "drift"
    /// What was applied: `history -o json`
    History "history"
    /// One revision: `show -o json`
    Revision "revision"
    /// What is wrong: `check -o json`
    Check "check"
    /// How tests ended: `test -o json`
    Tests "tests"
    /// An edit and its undo: `set -o json` and its like
    Edit "edit"
    /// What a look at project and target found: `doctor -o json`
    Doctor "doctor"
    /// What an import made: `import compose -o json`
    Import "import"
    /// The files of an export, and what they do not say: `export compose -o json`
    Export "export"
    /// The dependency graph: `graph -o json`
    Graph "graph"
    /// A stack that a daemon keeps, as its API says it
    Stack "stack"
    /// All of them: `status --server .. -o json`
    Stacks "stacks"
    /// One line of `events -o json`
    StackEvent "stack-event"
    /// How all stacks stand, where events begin
    Snapshot "snapshot"
    /// Events that are kept no more
    Lagged "lagged"
    /// Somebody's yes to changes of a stack
    Approval "approval"
    /// Services of a daemon's stacks
    Services "services"
    /// Routes of a daemon's stacks
    Routes "routes"
    /// A line that a task wrote, as a daemon hands it on
    Log "log"
    /// What a patch of a service comes to
    Patch "patch"
    /// How a daemon says no
    Refusal "refusal"
    /// Who asks a daemon, and what he may
    Me "me"
    /// How a daemon itself is
    DaemonHealth "daemon-health"
    /// Whether a daemon's audit is whole
    AuditCheck "audit-check"
    /// A token that was made
    Token "token"
    /// All tokens of a daemon
    Tokens "tokens"
    /// What a daemon sends by a call
    Notice "notice"
    /// The language itself: every node, how it is written, and what its values can be
    Language "language"
    /// The schema of the language as data
    LanguageSchema "language-schema"
}

pub(crate) fn run(options: &Options) -> Result<Exit, Failure> {
    print(options.name.text())?;
    Ok(Exit::Done)
}
