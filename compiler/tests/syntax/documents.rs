//! Documents to test with: small valid ones, in all the spellings KDL has for one thing.

use proptest::collection::vec;
use proptest::prelude::*;

/// A document's text: nodes three levels deep at most.
pub(crate) fn document() -> impl Strategy<Value = String> {
    let leaf = node(Just(String::new()).boxed());
    let middle = node(block(vec(leaf, 0..3).boxed()));
    let top = node(block(vec(middle, 0..3).boxed()));
    (
        prop_oneof![9 => Just(""), 1 => Just("\u{FEFF}")],
        vec(top, 0..5),
        filler(),
    )
        .prop_map(|(mark, nodes, end)| format!("{mark}{}{end}", nodes.concat()))
}

/// One node with its end, and what may stand before it.
fn node(children: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let head = (filler(), slashdash(), annotation(), word());
    let entries = vec(
        (space(), entry()).prop_map(|(space, entry)| space + &entry),
        0..4,
    );
    (head, entries, children, tail(), terminator())
        .prop_map(
            |((filler, dash, annotation, name), entries, children, tail, end)| {
                // The kdl crate does not let `;` end a node that `/-` drops.
                let end = if dash.is_empty() {
                    end
                } else {
                    "\n".to_owned()
                };
                format!(
                    "{filler}{dash}{annotation}{name}{}{children}{tail}{end}",
                    entries.concat()
                )
            },
        )
        .boxed()
}

fn block(nodes: BoxedStrategy<Vec<String>>) -> BoxedStrategy<String> {
    let block = (space(), slashdash(), nodes, filler(), prop::bool::ANY).prop_map(
        |(space, dash, nodes, end, close)| {
            let mut nodes = nodes.concat();
            // The last node of a block may go without its end.
            if close && nodes.ends_with(';') {
                nodes.pop();
            }
            format!("{space}{dash}{{{nodes}{end}}}")
        },
    );
    prop_oneof![1 => Just(String::new()), 2 => block].boxed()
}

fn entry() -> impl Strategy<Value = String> {
    let value = (annotation(), value())
        .prop_map(|(annotation, value)| annotation + &value)
        .boxed();
    let property = (word(), around_equals(), around_equals(), value.clone())
        .prop_map(|(key, before, after, value)| format!("{key}{before}={after}{value}"));
    (slashdash(), prop_oneof![value, property]).prop_map(|(dash, entry)| dash + &entry)
}

fn annotation() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(String::new()), 1 => word().prop_map(|word| format!("({word})"))]
}

fn value() -> BoxedStrategy<String> {
    prop_oneof![4 => word(), 3 => number(), 1 => keyword()].boxed()
}

fn keyword() -> impl Strategy<Value = String> {
    prop::sample::select(&["#true", "#false", "#null", "#inf", "#-inf", "#nan"])
        .prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<i32>().prop_map(|number| format!("{:+}", i64::from(number))),
        "[+-]?0x[0-9a-fA-F][0-9a-fA-F_]{0,8}",
        "[+-]?0o[0-7][0-7_]{0,8}",
        "[+-]?0b[01][01_]{0,8}",
        "[+-]?[0-9][0-9_]{0,6}\\.[0-9][0-9_]{0,6}([eE][+-]?[0-9]{1,2})?",
    ]
}

/// A string in any of its forms.
fn word() -> BoxedStrategy<String> {
    prop_oneof![
        8 => bare(),
        4 => "[ a-z{};=/()#\\[\\],:\u{e9}\u{1F41D}]{0,8}".prop_map(|text| format!("\"{text}\"")),
        2 => vec(escape(), 0..4).prop_map(|parts| format!("\"{}\"", parts.concat())),
        1 => "[ a-z\\\\\"{};/]{0,6}[a-z]".prop_filter_map("a quote too many", |text| raw(&text)),
        1 => (indentation(), vec("[ a-z{};/\"]{0,6}[a-z]", 0..3)).prop_map(|(indent, lines)| multiline("", &indent, &lines)),
        1 => (indentation(), vec("[ a-z{};\\\\]{0,6}[a-z]", 0..3)).prop_map(|(indent, lines)| multiline("#", &indent, &lines)),
    ]
    .boxed()
}

/// A word without quotes. Those that look like a slip are left out: the reader refuses them on purpose.
fn bare() -> impl Strategy<Value = String> {
    "[a-zA-Z_~!@$%^&*?|<>\u{e9}\u{1F41D}][a-z0-9_.!?@:-]{0,6}[a-z0-9]?|[-+]|[-+.][a-z]{1,3}"
        .prop_filter("a word on its own", |word| {
            !matches!(&**word, "true" | "false" | "null" | "inf" | "-inf" | "nan")
                && !word.ends_with(':')
        })
}

fn escape() -> impl Strategy<Value = String> {
    let escapes = &[
        "\\n",
        "\\r",
        "\\t",
        "\\\\",
        "\\\"",
        "\\b",
        "\\f",
        "\\s",
        "\\u{1F41D}",
        "\\u{0}",
        "\\ \n  ",
        "a",
    ];
    prop::sample::select(escapes).prop_map(str::to_owned)
}

fn raw(text: &str) -> Option<String> {
    (!text.starts_with("\"\"")).then(|| format!("##\"{text}\"##"))
}

fn indentation() -> impl Strategy<Value = String> {
    "[ \t]{0,4}"
}

fn multiline(marks: &str, indent: &str, lines: &[String]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| format!("{indent}{line}\n"))
        .collect();
    let lines = lines.concat().replace("\"\"\"", "\"");
    format!("{marks}\"\"\"\n{lines}{indent}\"\"\"{marks}")
}

/// What may stand between nodes.
fn filler() -> BoxedStrategy<String> {
    let part = prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just("    "),
        Just("\n\n\n"),
        Just("// a comment\n"),
        Just("\t//\n"),
        Just("/* a /* nested */ one */ "),
        Just("/* two\n   lines */\n"),
        Just("\\\n"),
        Just("\\ // after a backslash\n"),
    ];
    prop_oneof![3 => Just(String::new()), 2 => vec(part, 1..3).prop_map(|parts| parts.concat())]
        .boxed()
}

/// At least one space within a node.
fn space() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just(" "),
        1 => Just("  \t"),
        1 => Just(" /* here */ "),
        1 => Just("/**/"),
        1 => Just(" \\\n    "),
        1 => Just(" \\ // and so on\n    "),
        1 => Just("\u{a0}"),
    ]
    .prop_map(str::to_owned)
}

fn around_equals() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("/* = */"), 1 => Just(" \\\n ")]
        .prop_map(str::to_owned)
}

fn slashdash() -> impl Strategy<Value = String> {
    prop_oneof![
        16 => Just(""),
        2 => Just("/-"),
        1 => Just("/- "),
        1 => Just("/-\n"),
        1 => Just("/- // dropped\n  "),
        1 => Just("/-/* dropped */"),
    ]
    .prop_map(str::to_owned)
}

fn tail() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just(""), 1 => Just("  "), 1 => Just(" /* the end */"), 1 => Just(" \\\n")]
        .prop_map(str::to_owned)
}

fn terminator() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just("\n"), 2 => Just(";"), 1 => Just("\r\n"), 1 => Just(" // why\n"), 1 => Just("; ")].prop_map(str::to_owned)
}
