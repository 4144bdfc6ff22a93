//! The official KDL test suite, from the copy that the `kdl` crate ships in its sources.

use kdl::KdlDocument;

use crate::cases::{Case, cases};
use crate::read;
use skep_fuzz::oracle::{tree, tree_by_kdl};

/// Invalid inputs of this copy that are valid by now.
const VALID_BY_NOW: [(&str, &str); 1] = [(
    "zero_space_before_slashdash_arg_fail",
    "`/-` needs no space before it since kdl-org/kdl#499",
)];

/// Invalid inputs that the crate takes.
const TAKEN_BY_KDL: [(&str, &str); 2] = [
    (
        "multiline_raw_string_single_line_err_fail",
        "a multi-line raw string on one line",
    ),
    ("unicode_delete_fail", "the forbidden U+007F"),
];

#[test]
fn valid_cases_give_the_tree_that_the_kdl_crate_gives() {
    let cases: Vec<_> = cases()
        .into_iter()
        .filter(|case| !case.must_fail())
        .collect();
    assert!(cases.len() >= 230, "only {} cases were found", cases.len());
    for case in cases {
        let parsed = read(&case.text);
        assert_eq!(parsed.diagnostics, [], "{}", case.name);
        let theirs: KdlDocument = case.text.parse().expect("the crate reads its own suite");
        assert_eq!(
            tree(&parsed.document),
            tree_by_kdl(&theirs),
            "{}",
            case.name
        );
    }
}

#[test]
fn valid_cases_mean_what_the_suite_expects() {
    let mut compared = 0;
    for case in cases() {
        let Some(plain) = case.plain else { continue };
        assert_eq!(
            tree(&read(&case.text).document),
            tree(&read(&plain).document),
            "{}",
            case.name
        );
        compared += 1;
    }
    assert!(compared >= 230, "only {compared} cases were compared");
}

#[test]
fn invalid_cases_are_refused() {
    let cases: Vec<_> = cases().into_iter().filter(Case::must_fail).collect();
    assert!(cases.len() >= 85, "only {} cases were found", cases.len());
    for case in cases {
        let ours = read(&case.text).diagnostics.is_empty();
        assert_eq!(ours, is_listed(&VALID_BY_NOW, &case.name), "{}", case.name);
        let theirs = case.text.parse::<KdlDocument>().is_ok();
        assert_eq!(
            theirs,
            is_listed(&TAKEN_BY_KDL, &case.name),
            "{}",
            case.name
        );
    }
}

fn is_listed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == name)
}
