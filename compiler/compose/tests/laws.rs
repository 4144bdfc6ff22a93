//! What holds for any text: an import ends soon, in a project that the compiler takes or in a reason
//! why there is none.

use std::path::Path;

use proptest::prelude::*;
use skep_compiler::source::File;
use skep_compiler::{format, syntax};
use skep_compose::{Imported, Request, import};
use skep_schema::diagnostic::Severity;
use skep_schema::span::FileId;

/// A text as a stack file, with every option that adds something; nothing else is there to be read.
fn imported(text: &str) -> Imported {
    let mut request = Request {
        fallback: "stack".to_owned(),
        compose: vec!["stack.yml".to_owned()],
        adopt: true,
        routes: true,
        ..Request::default()
    };
    let file = File::Bytes(text.as_bytes().into());
    request.files.insert("stack.yml".to_owned(), file);
    loop {
        let imported = import(&request);
        if imported.wanted.is_empty() {
            return imported;
        }
        let absent = imported.wanted.into_iter().map(|path| (path, File::Absent));
        request.files.extend(absent);
    }
}

fn holds(text: &str) {
    let first = imported(text);
    let refused = !first.report.refusals.is_empty();
    assert_eq!(refused, first.text.is_empty(), "{text}");
    let errors = first
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    assert_eq!(
        errors.map(|d| &d.message).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "{text}\n{}",
        first.text
    );
    let private = |c: char| ('\u{f0000}'..='\u{ffffd}').contains(&c);
    let said = format!("{}{:?}", first.text, first.report.findings);
    assert!(refused || !said.contains(private), "{text}\n{}", first.text);
    let parsed = syntax::parse(FileId(0), first.text.as_str().into());
    assert_eq!(format::format(&parsed.document), first.text);
    assert_eq!(first.text.lines().count(), first.lines.len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "an import is pure, its fixtures lie on the disk"
)]
fn fixtures() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/compose");
    let entries = std::fs::read_dir(folder)
        .expect("there are fixtures")
        .flatten();
    let mut all: Vec<_> = entries.map(|entry| entry.path()).collect();
    all.sort();
    let texts = all.iter().filter(|path| path.is_file());
    texts
        .map(|path| std::fs::read_to_string(path).expect("a fixture is text"))
        .collect()
}

/// A fixture with lines left out, written twice, or exchanged with those of another.
fn damaged(seed: &[(usize, u8)]) -> String {
    let all = fixtures();
    let (which, _) = seed.first().copied().unwrap_or_default();
    let mut lines: Vec<String> = all[which % all.len()].lines().map(str::to_owned).collect();
    for (at, what) in seed {
        let other: Vec<&str> = all[at % all.len()].lines().collect();
        let at = at % lines.len().max(1);
        match what % 4 {
            0 if !lines.is_empty() => drop(lines.remove(at)),
            1 if !lines.is_empty() => lines.insert(at, lines[at].clone()),
            2 => lines.insert(at, other[at % other.len()].to_owned()),
            _ if !lines.is_empty() => {
                let cut: String = lines[at].chars().take(usize::from(*what)).collect();
                lines[at] = cut;
            }
            _ => {}
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends_in_a_project_or_a_reason(text in "(?s).{0,200}") {
        holds(&text);
    }

    #[test]
    fn anything_in_a_service_ends_so_as_well(
        key in "(image|ports|volumes|environment|deploy|command|networks|labels|healthcheck|user)",
        value in "[\\[\\]{}a-z0-9:/.,'\"$\\-_&*!|> ]{0,40}",
    ) {
        holds(&format!("services:\n  web:\n    image: a:1\n    {key}: {value}\n"));
    }

    #[test]
    fn damaged_files_end_so_as_well(seed in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        holds(&damaged(&seed));
    }
}

#[test]
fn texts_that_grow_without_end_are_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (last, next) in ('a'..'i').zip('b'..'j') {
        let all = vec![format!("*{last}"); 10].join(", ");
        bomb.push_str(&format!("{next}: &{next} [{all}]\n"));
    }
    let deep = "[".repeat(100_000);
    let merged = "x: &x {a: &y {b: *y}}\n";
    for text in [&bomb, &deep] {
        assert_eq!(imported(text).report.refusals.len(), 1);
    }
    holds(merged);
    let keys: String = (0..50_000).map(|n| format!("x-{n}: 1\n")).collect();
    assert_eq!(imported(&keys).report.findings.len(), 50_000);
}
