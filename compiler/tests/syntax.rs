//! The KDL reader and formatter against the official suite, the `kdl` crate, hostile texts and honest mistakes.

#[path = "syntax/agreement.rs"]
mod agreement;
#[path = "syntax/cases.rs"]
mod cases;
#[path = "syntax/comments.rs"]
mod comments;
#[path = "syntax/documents.rs"]
mod documents;
#[path = "syntax/format.rs"]
mod format;
#[path = "syntax/hostile.rs"]
mod hostile;
#[path = "syntax/messages.rs"]
mod messages;
#[path = "syntax/migrate.rs"]
mod migrate;
#[path = "syntax/mistakes.rs"]
mod mistakes;
#[path = "syntax/oracle.rs"]
mod oracle;
#[path = "syntax/suite.rs"]
mod suite;

use skep_compiler::syntax::{Parsed, parse};
use skep_schema::span::FileId;

fn read(text: &str) -> Parsed {
    parse(FileId(0), text.into())
}
