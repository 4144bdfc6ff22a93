//! A session as text.

use std::collections::BTreeMap;

/// What an editor finds and does.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) about: String,
    pub(crate) files: BTreeMap<String, String>,
    /// What `initialize` is sent beside the folder, as JSON.
    pub(crate) client: String,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Default)]
pub(crate) struct Step {
    /// All of the line behind `===`.
    pub(crate) line: String,
    /// The lines below it.
    pub(crate) body: String,
}

impl Script {
    pub(crate) fn read(text: &str) -> Self {
        let mut script = Self::default();
        let mut body = &mut script.about;
        for line in text.lines() {
            if let Some(file) = line.strip_prefix("--- ") {
                body = script.files.entry(file.to_owned()).or_default();
            } else if line == "=== client" {
                body = &mut script.client;
            } else if let Some(step) = line.strip_prefix("=== ") {
                script.steps.push(Step {
                    line: step.to_owned(),
                    body: String::new(),
                });
                body = &mut script
                    .steps
                    .last_mut()
                    .expect("it was put there just now")
                    .body;
            } else {
                body.push_str(line);
                body.push('\n');
            }
        }
        script
    }
}

/// Where a piece of text with marks in it stands: `|` is both ends, `[` and `]` one each.
pub(crate) fn find(text: &str, marked: &str) -> std::ops::Range<usize> {
    let (before, inside, after) = if let Some((before, after)) = marked.split_once('|') {
        (before, "", after)
    } else {
        let (before, rest) = marked.split_once('[').expect("a mark");
        let (inside, after) = rest.rsplit_once(']').expect("the other mark");
        (before, inside, after)
    };
    let unescape = |part: &str| part.replace("\\n", "\n");
    let (before, inside, after) = (unescape(before), unescape(inside), unescape(after));
    let piece = format!("{before}{inside}{after}");
    let found: Vec<usize> = text.match_indices(&piece).map(|(at, _)| at).collect();
    assert_eq!(
        found.len(),
        1,
        "`{piece}` stands {} times in\n{text}",
        found.len()
    );
    let start = found[0] + before.len();
    start..start + inside.len()
}
