use std::fmt::Write;

use skep_compiler::compile;
use skep_compiler::source::{File, SourceSet};
use skep_schema::plan::Plan;

use super::*;

/// Services whose texts try to get out of where they stand.
fn plan(version: u32) -> Plan {
    let mut spec = "project shop edition=1\n".to_owned();
    for n in 0..60 {
        let _ = writeln!(
            spec,
            "config c{n} text=#\"\"\"\n```` <details> {version}\n| a | b |\n</details> ```\n{}\n\"\"\"#\n\
             service s{n} {{ image \"app:{version}\"; config c{n} target=\"/c\"; env A=\"|`<!-- {version} -->\" }}",
            "line\n".repeat(n % 7)
        );
    }
    let mut set = SourceSet::default();
    set.files
        .insert("skep.kdl".to_owned(), File::Bytes(spec.as_bytes().into()));
    let compiled = compile(&set);
    compiled
        .plan
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn heading() -> Heading {
    Heading {
        stack: "shop@prod".to_owned(),
        against: "revision ".to_owned() + &"#x|@".repeat(300),
        next: Some("skep apply -p 'a=`b``'".to_owned()),
    }
}

/// The texts outside fences, and how many fences there are.
fn outside(text: &str) -> (Vec<&str>, usize) {
    let (mut open, mut fences, mut lines) = (None, 0, Vec::new());
    for line in text.lines() {
        match open {
            None => match line.strip_suffix("diff").filter(|f| f.starts_with("```")) {
                Some(fence) => {
                    open = Some(fence);
                    fences += 1;
                }
                None => lines.push(line),
            },
            Some(fence) if line == fence => open = None,
            Some(_) => {}
        }
    }
    assert_eq!(open, None, "a fence that does not end");
    (lines, fences)
}

fn number_before(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    let words: Vec<&str> = before.split_whitespace().rev().take(3).collect();
    words.last()?.trim_start_matches("fit:**").parse().ok()
}

#[test]
fn whatever_the_budget_the_comment_fits_and_nothing_in_it_is_cut() {
    let (before, after) = (plan(1), plan(2));
    let changes = ChangeSet::between(&before, &after);
    assert!(changes.changes.len() >= 120);
    let whole = markdown(&changes, &heading(), usize::MAX);
    let (_, all) = outside(&whole);
    assert!(!whole.contains("Shortened"), "{whole}");
    for budget in (LEAST..whole.len() + 500).step_by(97) {
        let text = markdown(&changes, &heading(), budget);
        assert!(text.len() <= budget, "{} of {budget}", text.len());
        let (lines, fences) = outside(&text);
        let of = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
        assert_eq!((of("<details>"), of("</details>")), (fences, fences));
        let rows: Vec<_> = lines.iter().filter(|line| line.starts_with('|')).collect();
        assert!(rows.iter().all(|row| row.ends_with('|')), "{text}");
        let listed = rows.len().saturating_sub(2);
        let said = |word| number_before(&text, word);
        assert_eq!(
            said(" changes listed").unwrap_or(changes.changes.len()),
            listed
        );
        assert_eq!(said(" diffs shown").unwrap_or(all), fences);
        assert!(text.starts_with("<!-- skep:plan stack=shop@prod -->\n"));
        assert!(text.contains("Change set `w1:"));
    }
}

#[test]
fn what_is_dangerous_is_kept_longest() {
    let (before, mut after) = (plan(1), plan(2));
    let gone = "service.s59".parse().expect("an address");
    after.nodes.remove(&gone);
    let changes = ChangeSet::between(&before, &after);
    let text = markdown(&changes, &heading(), LEAST);
    assert!(text.contains("| - | `service.s59` |"), "{text}");
    assert!(text.contains("**Shortened to fit:** "), "{text}");
}

#[test]
fn a_command_with_backticks_stays_one_span() {
    assert_eq!(code("skep apply"), "`skep apply`");
    assert_eq!(code("a `b``"), "``` a `b`` ```");
}
