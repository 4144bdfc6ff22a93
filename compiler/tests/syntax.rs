//! The KDL reader and formatter against the official suite, the `kdl` crate, hostile texts and honest mistakes.

#[path = "syntax/agreement.rs"]
mod agreement;
#[path = "syntax/cases.rs"]
mod cases;
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
#[path = "syntax/suite.rs"]
mod suite;

use skep_fuzz::text::read;
