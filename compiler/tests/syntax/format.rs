//! The formatter keeps what a document says and all of its comments, and formats once for all.

use proptest::prelude::*;

use crate::cases::{cases, specs};
use crate::documents::document;
use crate::read;
use skep_fuzz::text::formatted;
use skep_schema::diagnostic::Code;

fn check(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
}

#[test]
fn the_official_suite_keeps_trees_and_comments() {
    for case in cases().into_iter().filter(|case| !case.must_fail()) {
        formatted(&case.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_documents_keep_trees_and_comments(text in document()) {
        formatted(&text);
    }
}

#[test]
fn the_specs_of_this_repository_keep_trees_and_comments() {
    let good: Vec<_> = specs()
        .into_iter()
        .filter(|text| read(text).diagnostics.is_empty())
        .collect();
    assert!(!good.is_empty());
    for text in good {
        formatted(&text);
    }
}

#[test]
fn good_style_stays_as_it_is() {
    let shop = include_str!("shop.kdl");
    check(shop, shop);
}

#[test]
fn levels_are_indented_and_nodes_stand_on_their_own_lines() {
    check(
        "a{b{c 1\nd}};e x =  1   y= 2\n  f",
        "a {\n    b {\n        c 1\n        d\n    }\n}\ne x=1 y=2\nf\n",
    );
}

#[test]
fn one_line_blocks_stay_while_they_fit() {
    check("volumes {create;delete ;}", "volumes { create; delete }\n");
    check("a { b { c; d } }", "a { b { c; d } }\n");
    let value = "x".repeat(60);
    check(
        &format!("a {{ b {value}; c {{ d {value}; e }} }}"),
        &format!("a {{\n    b {value}\n    c {{ d {value}; e }}\n}}\n"),
    );
}

#[test]
fn a_block_ends_at_column_100_at_most() {
    let fits = format!("a {{ {} }}", "b".repeat(94));
    assert_eq!(fits.len(), 100);
    check(&fits, &format!("{fits}\n"));
    let long = "b".repeat(95);
    check(
        &format!("a {{ {long} }}"),
        &format!("a {{\n    {long}\n}}\n"),
    );
}

#[test]
fn comments_stay_where_they_are() {
    check(
        "a { // why\nb//so\n  // last\n}",
        "a { // why\n    b //so\n    // last\n}\n",
    );
    check(
        "a /* x */1{/* y */\nb} // z",
        "a /* x */ 1 { /* y */\n    b\n} // z\n",
    );
    check("a; // one\n/* two */ b", "a // one\n/* two */ b\n");
    check("/- a {b}\nc /-1 /-{d}", "/-a { b }\nc /-1 /-{ d }\n");
    check("/- // x\na\nb", "/- // x\n    a\nb\n");
}

#[test]
fn blank_lines_group_but_do_not_pile_up() {
    check(
        "\n\na\n\n\n\nb {\n\nc\n\n\nd\n\n}\n\n\n",
        "a\n\nb {\n    c\n\n    d\n}\n",
    );
}

#[test]
fn continued_lines_stay_continued() {
    check(
        "a 1 \\\n2 \\ // why\n  3",
        "a 1 \\\n    2 \\ // why\n    3\n",
    );
    check(
        "a \\\n\nb \\ // end\n\nc \\\n{ d }",
        "a\n\nb // end\n\nc { d }\n",
    );
    check("a \\ // x\n\\ // y\nb", "a \\ // x\n    \\ // y\n    b\n");
}

#[test]
fn line_ends_become_line_feeds() {
    check(
        "\u{FEFF}a\r\nb \"\"\"\r\n  x\r\n  \"\"\"\r\n",
        "a\nb \"\"\"\n  x\n  \"\"\"\n",
    );
}

#[test]
fn empty_blocks_and_empty_texts_are_short() {
    check("a {\n\n}\nb { }", "a {}\nb {}\n");
    check(" \n\n", "");
}

/// Found by the target `text`: `''//` was read, and its formatted form `'' //` was not.
#[test]
fn quotes_of_another_kind_end_before_a_comment() {
    for text in ["''//x\n", "''/* x */\n"] {
        let codes: Vec<Code> = read(text).diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::ForeignQuotes], "{text:?}");
    }
}

/// Found by the target `text`: of `\r\r\n` in a comment a line end of Windows was made, and the second
/// time none.
#[test]
fn a_carriage_return_alone_is_a_line_end() {
    check("a /* x\r\r\n */ 1\n", "a /* x\n\n */ 1\n");
    check(
        "a \"\"\"\n x\r\r\n y\n \"\"\"\n",
        "a \"\"\"\n x\n\n y\n \"\"\"\n",
    );
}
