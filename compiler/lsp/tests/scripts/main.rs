//! Every file under `fixtures/lsp` is a session: a project, and what an editor does with it. All that
//! the server says is kept as a snapshot.
//!
//! ```text
//! What the session is about.
//! --- skep.kdl
//! the text of a file
//! === client
//! { "what": "the editor can do" }
//! === open skep.kdl
//! === edit skep.kdl: needs [db] => cache
//! === hover skep.kdl: needs d|b
//! === rangeFormatting skep.kdl: [the text to format]
//! === apply
//! ```
//!
//! `|` is the cursor and `[..]` a selection, in a piece of the file's text that stands there once. `apply`
//! makes the edits that the last answer has, or those of the action whose title follows. Each step
//! shows what was said until the server had nothing more to say.

mod editor;
mod same;
mod script;
mod shown;

use std::path::Path;

use editor::Editor;
use script::Script;

datatest_stable::harness! {
    { test = session, root = "../../fixtures/lsp", pattern = r"\.txt$" },
    { test = same::told_as_by_check, root = "../../fixtures/diagnostics", pattern = r"^SK\d{4}[^/]*\.kdl$" },
}

fn session(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let script = Script::read(&std::fs::read_to_string(file)?);
    let mut editor = Editor::start(&script);
    let mut transcript = format!("{}\n", script.about);
    for step in &script.steps {
        transcript.push_str(&format!("=== {}\n", step.line));
        transcript.push_str(&editor.perform(step));
    }
    editor.leave();
    let name = file
        .file_stem()
        .ok_or("a script has a name")?
        .to_string_lossy();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/lsp"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(&*name, transcript));
    Ok(())
}
