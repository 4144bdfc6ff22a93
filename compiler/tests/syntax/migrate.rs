//! KDL 1 to KDL 2, with the `kdl` crate's reader of KDL 1 as the oracle.

use std::panic::catch_unwind;

use kdl::KdlDocument;
use proptest::prelude::*;
use skep_compiler::syntax::{Migrated, migrate};
use skep_schema::span::FileId;

use crate::cases::old_cases;
use crate::read;
use skep_fuzz::oracle::{tree, tree_by_kdl};

fn migrated(text: &str) -> Migrated {
    migrate(FileId(0), text)
}

#[test]
fn each_spelling_of_kdl_1_becomes_the_one_of_kdl_2() {
    for (old, new) in [
        ("node true false null", "node #true #false #null"),
        (
            "/- kdl-version 1\nnode null",
            "/- kdl-version 2\nnode #null",
        ),
        ("/-kdl-version 1  ", "/-kdl-version 2  "),
        ("node key=true", "node key=#true"),
        ("node (bool)true", "node (bool)#true"),
        ("node r\"C:\\dir\"", "node #\"C:\\dir\"#"),
        ("node r#\"say \"x\"\"#", "node #\"say \"x\"\"#"),
        ("node r\"one\ntwo\"", "node #\"\"\"\none\ntwo\n\"\"\"#"),
        ("node r\"\"", "node #\"\"#"),
        ("node \"a\\/b\" \"\\\\/\"", "node \"a/b\" \"\\\\/\""),
        ("node \"one\n  two\"", "node \"\"\"\none\n  two\n\"\"\""),
        ("node \"one\n \n\"", "node \"one\\n \\n\""),
        ("node \"one\r\ntwo\"", "node \"one\\r\\ntwo\""),
        ("node \"left\u{2066}\"", "node \"left\\u{2066}\""),
        ("inf 1; nan 2", "\"inf\" 1; \"nan\" 2"),
        ("a#b c#d=1", "\"a#b\" \"c#d\"=1"),
        ("(a#b)node", "(\"a#b\")node"),
        ("a\u{FEFF}1", "a 1"),
        ("a \\ // why\n true\nb true", "a \\ // why\n #true\nb #true"),
        (
            "a /* true */ /-true { b null; }",
            "a /* true */ /-#true { b #null; }",
        ),
    ] {
        match migrated(old) {
            Migrated::Changed(text) => assert_eq!(text, new, "{old}"),
            other => panic!("{old}: {other:?}"),
        }
        assert!(matches!(migrated(new), Migrated::Already), "{new}");
    }
}

#[test]
fn a_text_that_is_half_done_is_finished() {
    let half = "a #true true\nb #\"raw\"# r\"old\"\nc \"\"\"\n  true\n  \"\"\" null\nd word\n";
    let Migrated::Changed(whole) = migrated(half) else {
        panic!("it is KDL in the end");
    };
    let done = "a #true #true\nb #\"raw\"# #\"old\"#\nc \"\"\"\n  true\n  \"\"\" #null\nd word\n";
    assert_eq!(whole, done);
}

#[test]
fn what_is_neither_is_told_where_it_stands() {
    let text = "a r\"one\ntwo\"\nb true {\n";
    let Migrated::Broken(faults) = migrated(text) else {
        panic!("a brace is missing");
    };
    assert_eq!(faults.len(), 1, "{faults:?}");
    let at = faults[0].primary.span.start as usize;
    assert_eq!(&text[at..=at], "{");
}

#[test]
fn comments_and_layout_stay() {
    let old = "// head\n\n  node   \"a\"\t1.50 0xFF  { // in\n\n/* a /* b */ true */ child  yes=true ; }\n/-gone r\"x\" {\n}\n// end";
    let Migrated::Changed(new) = migrated(old) else {
        panic!("it is KDL 1");
    };
    let wanted = old
        .replace("yes=true", "yes=#true")
        .replace("r\"x\"", "#\"x\"#");
    assert_eq!(new, wanted);
}

/// On which the `kdl` crate's own translation ends the process.
#[test]
fn blocks_in_blocks_are_no_matter() {
    let deep = |depth: usize| format!("{}{}\n", "a true {\n".repeat(depth), "}\n".repeat(depth));
    assert!(matches!(migrated(&deep(200)), Migrated::Changed(_)));
    assert!(matches!(migrated(&deep(200_000)), Migrated::Broken(_)));
    let comments = format!("{}true", "/*".repeat(1_000_000));
    assert!(matches!(migrated(&comments), Migrated::Broken(_)));
    let strings = "a r####\"x\"### ".repeat(50_000);
    assert!(matches!(migrated(&strings), Migrated::Broken(_)));
}

#[test]
fn the_official_suite_of_kdl_1_keeps_its_values() {
    let mut compared = 0;
    for case in old_cases() {
        let theirs = catch_unwind(|| KdlDocument::parse_v1(&case.text));
        let Ok(Ok(theirs)) = theirs else { continue };
        let new = match migrated(&case.text) {
            Migrated::Already => case.text,
            Migrated::Changed(new) => new,
            Migrated::Broken(faults) => panic!("{}: {faults:?}", case.name),
        };
        let ours = tree(&read(&new).document);
        assert_eq!(ours, tree_by_kdl(&theirs), "{}: {new}", case.name);
        compared += 1;
    }
    assert!(compared >= 150, "only {compared} cases were compared");
}

fn any_of(all: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(all).prop_map(str::to_owned)
}

/// What may stand in a string, the awkward parts most of all.
fn piece() -> impl Strategy<Value = String> {
    any_of(&[
        "a",
        "#",
        "'",
        "/",
        "{",
        "}",
        ";",
        "=",
        "//",
        "/*",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\u{85}",
        "\u{2028}",
        "\u{c}",
        "ä",
        "\u{1F41D}",
        "true",
        "r",
        "  ",
        "\n\n",
        "\n \n",
        "\u{2066}",
        "\u{b}",
    ])
}

fn quoted() -> impl Strategy<Value = String> {
    let escape = any_of(&[
        "\\n",
        "\\r",
        "\\t",
        "\\\\",
        "\\/",
        "\\\"",
        "\\b",
        "\\f",
        "\\u{1F41D}",
        "\\u{0}",
    ]);
    prop::collection::vec(prop_oneof![piece(), escape], 0..6)
        .prop_map(|all| format!("\"{}\"", all.concat()))
}

fn raw() -> impl Strategy<Value = String> {
    let piece = prop_oneof![piece(), any_of(&["\\", "\"", "\"\"\"", "\\n"])];
    (0..3usize, prop::collection::vec(piece, 0..6))
        .prop_map(|(hashes, all)| ("#".repeat(hashes), all.concat()))
        .prop_filter("the body would end it", |(marks, body)| {
            !body.contains(&format!("\"{marks}"))
        })
        .prop_map(|(marks, body)| format!("r{marks}\"{body}\"{marks}"))
}

fn number() -> impl Strategy<Value = String> {
    any_of(&[
        "0", "-1", "+12_000", "1.5", "1e10", "-2.5E-3", "0xFf", "0o17", "-0b10_1",
    ])
}

fn name() -> impl Strategy<Value = String> {
    let bare = any_of(&[
        "a", "node", "inf", "-inf", "nan", "a#b", "#", "##x", "r", "r#x", "-", "--", ".", "a.b",
        "+x", "ä", "true-ish", "_", "'q'", "$x", "a:b", "~", "!", "a<", "key:", "*",
    ]);
    prop_oneof![4 => bare, 1 => quoted(), 1 => raw()]
}

fn annotation() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 1 => name().prop_map(|name| format!("({name})"))]
}

fn value() -> impl Strategy<Value = String> {
    let keyword = any_of(&["true", "false", "null"]);
    let value = prop_oneof![keyword, number(), quoted(), raw()];
    (annotation(), value).prop_map(|(annotation, value)| annotation + &value)
}

/// The comments of the documents below. No string of theirs can spell one, since no piece of a
/// string has the word `bees`: `"\/\/ true"` would be a comment to who counts words.
const COMMENTS: [&str; 6] = [
    "// true of bees",
    "/* true of bees */",
    "// null bees",
    "// so bees",
    "/* r\" of bees */",
    "// end of bees",
];

fn entry() -> impl Strategy<Value = String> {
    let property = (name(), value()).prop_map(|(name, value)| format!("{name}={value}"));
    let entry = prop_oneof![value(), property];
    let space = any_of(&[
        " ",
        "  ",
        "\t",
        " /* true of bees */ ",
        " \\\n  ",
        " \\ // so bees\n ",
        " /-",
        "\u{FEFF}",
        "\u{3000}",
    ]);
    (space, entry).prop_map(|(space, entry)| space + &entry)
}

fn node() -> impl Strategy<Value = String> {
    let leaf = (annotation(), name(), prop::collection::vec(entry(), 0..4))
        .prop_map(|(annotation, name, entries)| annotation + &name + &entries.concat());
    leaf.prop_recursive(3, 12, 3, |inner| {
        let end = any_of(&["\n", ";", " // true of bees\n", ";\n\n", "\r\n"]);
        let nodes = prop::collection::vec(
            (
                any_of(&["", "  ", "/-", "// null bees\n", "/* r\" of bees */"]),
                inner,
                end,
            ),
            1..4,
        );
        let nodes = nodes.prop_map(|all| {
            all.into_iter()
                .map(|(a, b, c)| a + &b + &c)
                .collect::<String>()
        });
        (name(), prop::collection::vec(entry(), 0..2), nodes)
            .prop_map(|(name, entries, nodes)| format!("{name}{} {{\n{nodes}}}", entries.concat()))
    })
}

fn document() -> impl Strategy<Value = String> {
    let end = any_of(&["\n", ";", "\n\n// end of bees\n"]);
    prop::collection::vec((node(), end), 1..4)
        .prop_map(|all| all.into_iter().map(|(node, end)| node + &end).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_global_rejects: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_are_the_same_and_a_second_time_changes_nothing(text in document()) {
        let theirs = catch_unwind(|| KdlDocument::parse_v1(&text)).ok().and_then(Result::ok);
        prop_assume!(theirs.is_some());
        let new = match migrated(&text) {
            Migrated::Already => text.clone(),
            Migrated::Changed(new) => new,
            Migrated::Broken(faults) => return Err(TestCaseError::fail(format!("{text:?}: {faults:?}"))),
        };
        let ours = tree(&read(&new).document);
        prop_assert_eq!(&ours, &tree_by_kdl(&theirs.expect("it was read")), "{:?} became {:?}", text, new);
        prop_assert!(matches!(migrated(&new), Migrated::Already), "{:?}", new);
        for comment in COMMENTS {
            prop_assert_eq!(text.matches(comment).count(), new.matches(comment).count());
        }
    }

    #[test]
    fn any_text_has_an_end(text in "[-a-z0-9#\"r\\\\/*(){};= \n\u{FEFF}é]{0,60}") {
        if let Migrated::Changed(new) = migrated(&text) {
            prop_assert!(matches!(migrated(&new), Migrated::Already), "{:?} became {:?}", text, new);
        }
    }
}
