//! What an author reads: slips from other formats, and what is said about them.

use skep_compiler::syntax::NodeRef;
use skep_schema::diagnostic::{Code, Diagnostic, Fix};
use skep_schema::span::{FileId, Sources};

use crate::read;

/// Codes whose examples cannot be small, or are left out of their text.
const WITHOUT_EXAMPLE: [Code; 4] = [
    Code::ForbiddenCharacter,
    Code::TooDeep,
    Code::FileTooLarge,
    Code::TooManyMistakes,
];

#[test]
fn explained_examples_are_true() {
    let reading = Code::ALL
        .iter()
        .filter(|code| code.as_str().starts_with("SK1"));
    for code in reading.filter(|code| !WITHOUT_EXAMPLE.contains(code)) {
        let mut examples = code
            .info()
            .explain
            .split("```kdl\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next());
        let wrong = examples.next().expect("a wrong example");
        let told = read(wrong).diagnostics;
        assert!(
            !told.is_empty() && told.iter().all(|diagnostic| diagnostic.code == *code),
            "{code}: {told:?}"
        );
        for right in examples {
            assert_eq!(read(right).diagnostics, [], "{code}: {right}");
        }
    }
}

#[test]
fn every_safe_fix_leaves_a_good_text() {
    for (wrong, right) in [
        ("a true", "a #true"),
        ("a x=-inf", "a x=#-inf"),
        ("a true=1", "a \"true\"=1"),
        ("a 10s", "a \"10s\""),
        (
            "a nginx/unit:1.34@sha256:ab",
            "a \"nginx/unit:1.34@sha256:ab\"",
        ),
        ("a to=/data", "a to=\"/data\""),
        (
            "a https://example.com/x?y=z b",
            "a \"https://example.com/x?y=z\" b",
        ),
        ("a C:\\temp", "a #\"C:\\temp\"#"),
        ("a {{.Node.Hostname}}-x", "a \"{{.Node.Hostname}}-x\""),
        ("10.0.0.0/8", "\"10.0.0.0/8\""),
        ("a: 1", "a 1"),
        ("\"a\": 1", "\"a\" 1"),
        ("a: {\n}", "a {\n}"),
        ("a b: {\n}", "a b {\n}"),
        ("a = 1", "a 1"),
        ("a={\n}", "a {\n}"),
        ("a 'b c'", "a \"b c\""),
        ("a \u{201C}b c\u{201D} d", "a \"b c\" d"),
        ("a # why", "a // why"),
        ("# why", "// why"),
        ("a r\"\\d\"", "a #\"\\d\"#"),
        ("a r#\"\"\\d\"\"#", "a #\"\"\\d\"\"#"),
        ("a \"\\/\"", "a \"/\""),
        ("a .5", "a 0.5"),
        ("a 1.", "a 1.0"),
        ("a b\"c\"", "a b \"c\""),
        ("a\n{\n}", "a {\n}"),
        ("a (fmt\"x\"", "a (fmt)\"x\""),
    ] {
        let told = read(wrong).diagnostics;
        assert_eq!(told.len(), 1, "{wrong}: {told:?}");
        assert_eq!(mended(wrong, &told[0].fixes[0]), right, "{wrong}");
        assert_eq!(read(right).diagnostics, [], "{right}");
    }
}

#[test]
fn lists_become_arguments() {
    for (wrong, right) in [
        ("a [1, 2]", "a 1 2"),
        ("a [\"b\",\"c\", d]", "a \"b\" \"c\" d"),
        ("a 1, 2, 3", "a 1 2 3"),
        ("a \"b\", \"c\"", "a \"b\" \"c\""),
        ("a b, c", "a b c"),
    ] {
        let told = read(wrong);
        assert_eq!(told.diagnostics.len(), 1, "{wrong}: {:?}", told.diagnostics);
        let fixed = mended(wrong, &told.diagnostics[0].fixes[0]);
        assert_eq!(
            fixed.split_whitespace().collect::<Vec<_>>().join(" "),
            right
        );
        let args = |text: &str| read(text).document.roots().flat_map(NodeRef::args).count();
        assert_eq!(args(wrong), args(right), "{wrong}");
    }
}

fn mended(text: &str, fix: &Fix) -> String {
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|(span, _)| span.start);
    let mut mended = text.to_owned();
    for (span, replacement) in edits.iter().rev() {
        mended.replace_range(span.start as usize..span.end as usize, replacement);
    }
    mended
}

/// The diagnostics of a text as an author would read them, without colours and frames.
fn told(text: &str) -> String {
    let mut sources = Sources::default();
    sources.add("skep.kdl", text);
    read(text)
        .diagnostics
        .iter()
        .map(|diagnostic| line(diagnostic, &sources))
        .collect::<Vec<_>>()
        .join("\n")
}

fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let at = sources.position(FileId(0), diagnostic.primary.span.start);
    let mut lines = vec![format!(
        "{}:{} {} {}",
        at.line, at.column, diagnostic.code, diagnostic.message
    )];
    lines.extend(diagnostic.secondary.iter().map(|label| {
        let at = sources.position(FileId(0), label.span.start);
        format!("  at {}:{}: {}", at.line, at.column, label.text)
    }));
    lines.extend(diagnostic.help.iter().map(|help| format!("  help: {help}")));
    lines.extend(
        diagnostic
            .fixes
            .iter()
            .map(|fix| format!("  fix: {}", fix.title)),
    );
    lines.join("\n")
}

#[test]
fn a_bare_truth_value() {
    let text = "network data internal=true";
    insta::assert_snapshot!(told(text), @r##"
    1:23 SK1006 `true` is written `#true`
      help: write `#true` for the value, `"true"` for the word
      fix: write `#true`
    "##);
}

#[test]
fn a_duration_without_quotes() {
    let text = "stop { grace 10s }";
    insta::assert_snapshot!(told(text), @r##"
    1:14 SK1007 `10s` needs quotes
      help: what starts with a digit is a number unless it is quoted
      fix: quote it
    "##);
}

#[test]
fn an_image_without_quotes() {
    let text = "image registry.example.com/shop/web:1.2";
    insta::assert_snapshot!(told(text), @r##"
    1:7 SK1007 `registry.example.com/shop/web:1.2` needs quotes
      help: none of `/ \ ( ) { } [ ] ; " # =` stands in a word without quotes
      fix: quote it
    "##);
}

#[test]
fn a_yaml_key() {
    let text = "service web {\n    image: \"nginx:1.27\"\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:5 SK1008 `image:` ends in a colon
      help: a node's name and its value stand side by side, without `:`
      fix: remove the `:`
    "##);
}

#[test]
fn an_assignment() {
    let text = "service web {\n    env = { LOG info }\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:9 SK1009 a node takes its value without `=`
      help: write `name value` or `name { .. }`; `key=value` only stands behind a node's name
      fix: remove the `=`
    "##);
}

#[test]
fn a_json_list() {
    let text = "command [\"nginx\", \"-g\"]";
    insta::assert_snapshot!(told(text), @r##"
    1:9 SK1010 KDL has no lists in brackets
      help: values stand side by side, with spaces between them: `name 1 2 3`
      fix: write plain arguments
    "##);
}

#[test]
fn a_raw_string_of_kdl_1() {
    let text = "match r\"\\d+\"";
    insta::assert_snapshot!(told(text), @r##"
    1:7 SK1013 `r".."` is a raw string of KDL 1
      help: write `#".."#`
      fix: write a raw string of KDL 2
    "##);
}

#[test]
fn curly_quotes() {
    let text = "label \u{201C}team\u{201D}";
    insta::assert_snapshot!(told(text), @r##"
    1:7 SK1011 only `"` quotes a string
      help: write straight double quotes
      fix: write `"`
    "##);
}

#[test]
fn a_shell_comment() {
    let text = "service web # the front";
    insta::assert_snapshot!(told(text), @r##"
    1:13 SK1012 `#` starts no comment
      help: a comment starts with `//`
      fix: write `//`
    "##);
}

#[test]
fn a_reference_without_quotes() {
    let text = "image ${param.image}";
    insta::assert_snapshot!(told(text), @r##"
    1:7 SK1007 `${param.image}` needs quotes
      help: write `(fmt)".."` for a string with `${..}` in it
      fix: quote it
    "##);
}

#[test]
fn a_missing_closing_brace() {
    let text = "service web {\n    health {\n        http \"/\"\n    limits cpu=1\n}\nservice db {\n    image \"x\"\n}";
    insta::assert_snapshot!(told(text), @r##"
    3:16 SK1004 a `}` is missing after this line
      at 2:12: the block opens here
      help: close the block where its indentation ends
      fix: add `}`
    "##);
}

#[test]
fn a_missing_opening_brace() {
    let text = "service web\n    image \"x\"\n}\nservice db {\n    image \"x\"\n}";
    insta::assert_snapshot!(told(text), @r##"
    1:11 SK1004 a `{` is missing at the end of this line
      help: the lines below are indented as its children
      fix: add `{`
    "##);
}

#[test]
fn a_brace_too_many() {
    let text = "service web {\n    image \"x\" }\n    limits cpu=1\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:15 SK1004 this `}` does not fit the lines around it
      at 1:13: it would close the block that opens here
      help: remove it, or mend the indentation if it is right
      fix: remove it
    "##);
}

#[test]
fn a_brace_on_its_own_line() {
    let text = "service web\n{\n    image \"x\"\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:1 SK1005 `{` stands on the line below its node
      help: a line end ends the node, so put `{` on the node's own line
      fix: move `{` up
    "##);
}

#[test]
fn a_quote_that_is_missing() {
    let text = "service web {\n    image \"nginx:1.27\n    env { A \"x; B y }\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:11 SK1002 this string is not closed on its line
      help: end it with a quote; text of several lines stands between two lines of `"""`
      fix: add the quote
    3:13 SK1002 this string is not closed on its line
      help: end it with a quote; text of several lines stands between two lines of `"""`
      fix: add the quote
    "##);
}

#[test]
fn a_misaligned_multi_line_string() {
    let text = "config motd text=\"\"\"\n    Welcome.\n  Be kind.\n    \"\"\"";
    insta::assert_snapshot!(told(text), @r##"
    3:1 SK1015 this line is indented less than the closing quotes
      help: start every line with the same spaces or tabs as the line of the closing `"""`
    "##);
}

#[test]
fn an_escape_that_is_none() {
    let text = "match \"\\d+\"";
    insta::assert_snapshot!(told(text), @r##"
    1:8 SK1014 `\d` is no escape
      help: write `\\` for a backslash, or `#".."#` for a string without escapes
      fix: double the `\`
    "##);
}

#[test]
fn two_words_that_stick_together() {
    let text = "command sh\"-c\" \"ls\"";
    insta::assert_snapshot!(told(text), @r##"
    1:11 SK1017 no space before this value
      help: put a space between two values
      fix: add a space
    "##);
}

#[test]
fn a_property_without_its_value() {
    let text = "limits memory= cpu=1";
    insta::assert_snapshot!(told(text), @r##"
    1:8 SK1020 `memory=` without a value
      help: write the value behind `=`, or remove the property
    "##);
}

#[test]
fn half_an_annotation() {
    let text = "image (fmt\"x\"";
    insta::assert_snapshot!(told(text), @r##"
    1:7 SK1018 this `(` is never closed
      help: a type annotation is one name in parentheses
      fix: add `)`
    "##);
}

#[test]
fn a_dropped_nothing() {
    let text = "service web {\n    image \"x\" /-\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:15 SK1019 `/-` with nothing to drop after it
      help: put `/-` right before a node, an entry or a block, or remove it
    "##);
}

#[test]
fn three_mistakes_at_once() {
    let text = "service web {\n    replicas = 2\n    image nginx/unit\n    init true\n}";
    insta::assert_snapshot!(told(text), @r##"
    2:14 SK1009 a node takes its value without `=`
      help: write `name value` or `name { .. }`; `key=value` only stands behind a node's name
      fix: remove the `=`
    3:11 SK1007 `nginx/unit` needs quotes
      help: none of `/ \ ( ) { } [ ] ; " # =` stands in a word without quotes
      fix: quote it
    4:10 SK1006 `true` is written `#true`
      help: write `#true` for the value, `"true"` for the word
      fix: write `#true`
    "##);
}
