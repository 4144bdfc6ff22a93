//! `skep.lock`: what names from elsewhere mean, so that a plan names programs and not wishes, and is
//! made from what was reviewed.
//!
//! KDL in one fixed form, so that a change of it can be reviewed: a version, a line an image in order
//! of reference, a line a module in order of repository.

mod images;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::image::ImageDigest;
use skep_schema::module::{ModuleName, Pin};
use skep_schema::span::Span;

pub use images::Images;
pub(crate) use images::{image_of_gateway, images};

use crate::context::{Context, Root};
use crate::source::{File, LOCK};

/// The version of the form that this compiler reads and writes.
const VERSION: i128 = 1;

const HEAD: &str = "\
// What names from elsewhere meant when they were last asked for.
// Written by `skep lock`, and meant to be committed.
";

/// What a lock file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// By reference, as the spec has it.
    pub images: BTreeMap<String, ImageDigest>,
    pub modules: BTreeMap<ModuleName, Pin>,
}

/// The text of the file.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}lock version={VERSION}")?;
        for (image, digest) in &self.images {
            writeln!(f, "image \"{image}\" digest=\"{digest}\"")?;
        }
        for (module, Pin { commit, digest }) in &self.modules {
            write!(
                f,
                "module \"{}\" rev=\"{}\"",
                module.repository(),
                module.rev()
            )?;
            if !module.folder().is_empty() {
                write!(f, " path=\"{}\"", module.folder())?;
            }
            writeln!(f, " commit=\"{commit}\" digest=\"{digest}\"")?;
        }
        Ok(())
    }
}

/// Reads the lock file, where there is one. Of one that is broken nothing counts.
pub(crate) fn load(cx: &mut Context<'_>, root: &Root) {
    match cx.lock_of(root) {
        File::Absent => {}
        File::Bytes(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let file = cx.add_text(root, LOCK, text);
                match read::read(file, text.into()) {
                    Ok(lock) => cx.lock = Some(Arc::new(lock)),
                    Err(broken) => cx.report(*broken),
                }
            }
            Err(_) => unreadable(cx, root, "it is no UTF-8 text"),
        },
        File::Unreadable(why) => unreadable(cx, root, &why),
    }
}

fn unreadable(cx: &mut Context<'_>, root: &Root, why: &str) {
    let file = cx.add_text(root, LOCK, "");
    let broken = broken(
        Span::new(file, 0, 0),
        format!("`{LOCK}` cannot be read: {why}"),
    );
    cx.report(broken);
}

fn broken(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::BrokenLock, span, message)
        .help("mend the line, or delete the file and run `skep lock`")
}
