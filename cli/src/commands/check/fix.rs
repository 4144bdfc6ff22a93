//! `skep check --fix`: makes the fixes of diagnostics in the project's files.

use skep_compiler::Checked;
use skep_compiler::mend::{Mend, Mended, Reach, mend};
use skep_compiler::source::{File, SourceSet};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::session::{Session, print};
use skep_project::difference;

/// Writes the fixed files, and hands out what is wrong with them.
pub(super) fn make(
    session: &Session<'_>,
    set: &SourceSet,
    checked: Checked,
    reach: Reach,
) -> Result<Checked, Failure> {
    let mended = fixed(session, set, checked, reach)?;
    let changed = changes(set, &mended.set);
    for (path, before, after) in &changed {
        session.project.rewrite(path, before, after)?;
    }
    if !mended.made.is_empty() {
        let mistakes = count(mended.made.len() as u64, "mistake");
        eprintln!(
            "fixed {mistakes} in {}:",
            count(changed.len() as u64, "file")
        );
    }
    tell(&mended);
    Ok(mended.checked)
}

/// Shows what would be written.
pub(super) fn show(
    session: &Session<'_>,
    set: &SourceSet,
    checked: Checked,
    reach: Reach,
) -> Result<Exit, Failure> {
    let mended = fixed(session, set, checked, reach)?;
    let changed = changes(set, &mended.set);
    for (path, before, after) in &changed {
        print(&difference(path, before, after))?;
    }
    if mended.made.is_empty() {
        eprintln!("nothing to fix");
    } else {
        eprintln!("would fix {}:", count(mended.made.len() as u64, "mistake"));
    }
    tell(&mended);
    Ok(if changed.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn fixed(
    session: &Session<'_>,
    set: &SourceSet,
    checked: Checked,
    reach: Reach,
) -> Result<Mended, Failure> {
    let again = |set| session.project.check_again(set);
    Ok(mend(set.clone(), checked, reach, again)?)
}

fn tell(mended: &Mended) {
    for made in &mended.made {
        eprintln!("  {}", line(made));
    }
    for (mend, why) in &mended.refused {
        eprintln!("left alone, since it would bring an error: {}", line(mend));
        eprintln!("  {why}");
    }
}

fn line(mend: &Mend) -> String {
    let Mend {
        code,
        file,
        line,
        title,
    } = mend;
    format!("{file}:{line}: {code}: {title}")
}

/// The files whose texts differ: path, before, after.
fn changes<'s>(before: &'s SourceSet, after: &'s SourceSet) -> Vec<(&'s str, &'s str, &'s str)> {
    let text = |set: &'s SourceSet, path: &str| match set.files.get(path) {
        Some(File::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
        Some(File::Absent | File::Unreadable(_)) | None => None,
    };
    let all = before.files.keys();
    all.filter_map(|path| {
        let (old, new) = text(before, path).zip(text(after, path))?;
        (old != new).then_some((path.as_str(), old, new))
    })
    .collect()
}
