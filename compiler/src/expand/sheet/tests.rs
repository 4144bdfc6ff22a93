//! Whatever is edited, parts are what the whole is.

use proptest::prelude::*;
use skep_schema::diagnostic::Diagnostic;
use skep_schema::span::Span;

use super::*;
use crate::syntax::{Document, NodeRef, parse};

/// What texts are made of: nodes, what holds parts together, and mistakes.
const LINES: &[&str] = &[
    "service a {\n  image \"a:1\"\n  env A=1 B=\"two\"\n}\n",
    "service b replicas=2 { image \"b:1\"; needs a }\r\n",
    "// a comment of some length that stands in front of what comes\n",
    "param tag default=\"1\"\n",
    "network back\n\n\n",
    "component pair {\n  param x\n  service (fmt)\"${name}-x\" { image x }\n}\n",
    "config page {\n  text \"\"\"\nserver {\nparam inside\n}\n\"\"\"\n}\n",
    "config raw { text #\"\"\"\nproject \"x\"\n  \"\"\"#; }\n",
    "/* over\nparam one\nservice two {\nlines */ volume data\n",
    "service long \\\nname=1 \\ // why\n  \\\n\nroute x\n",
    "/- service gone {\n  image \"x\"\n}\n",
    "/-\nservice below\n",
    "  indented { }\n",
    "list [1, 2\n3]\nwith a, b\n",
    "old \"text\nover lines\"\n",
    "wrong = 1\nkey: 2\nflag true\n",
];

/// What is typed.
const TYPED: &[&str] = &[
    "",
    "",
    "x",
    " ",
    "\n",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "#\"",
    "/*",
    "*/",
    "/-",
    "//",
    "\\",
    "\\\n",
    "\r\n",
    "\r",
    "\u{FEFF}",
    "\u{2028}",
    "é",
    "[",
    "]",
    "'",
    "=",
    ";",
    "  ",
    "{ a 1 }\n",
    "project a\n",
    "service c { image c }\n",
    "kdl-version 1\n",
];

#[derive(Clone, Debug)]
struct Typed {
    /// A share of the text, or of its parts.
    at: u16,
    near: Option<i8>,
    gone: usize,
    text: usize,
}

fn typed() -> impl Strategy<Value = Typed> {
    let gone = prop_oneof![4 => 0..3_usize, 1 => 0..400_usize];
    (
        any::<u16>(),
        prop::option::of(-2..=2_i8),
        gone,
        0..TYPED.len(),
    )
        .prop_map(|(at, near, gone, text)| Typed {
            at,
            near,
            gone,
            text,
        })
}

impl Typed {
    fn into(&self, known: &Reading) -> String {
        let text = std::str::from_utf8(&known.bytes).expect("it was a text");
        let share = |of: usize| usize::from(self.at) * of / 65_536;
        let middle = match self.near {
            None => share(text.len() + 1),
            Some(by) => {
                let before = &known.parts[..share(known.parts.len() + 1)];
                let start: usize = before.iter().map(|p| p.document.text().len()).sum();
                start.saturating_add_signed(by.into())
            }
        };
        let start = text.floor_char_boundary(middle);
        let end = text.ceil_char_boundary((start + self.gone).min(text.len()));
        [&text[..start], TYPED[self.text], &text[end..]].concat()
    }
}

fn after(known: Option<&Reading>, text: &str, sources: &mut Sources) -> Reading {
    let shared: Arc<str> = text.into();
    let file = sources.put("a.kdl", Arc::clone(&shared));
    let edited = known.and_then(|known| Sheet::edited(known, file, Arc::clone(&shared)));
    let sheet = edited.unwrap_or_else(|| Sheet::cut(sources, file, shared));
    let parts = read(vec![sheet], sources).remove(0);
    Reading {
        path: "a.kdl".to_owned(),
        bytes: text.as_bytes().into(),
        parts,
    }
}

/// All nodes with their entries, each with its place.
fn nodes(document: &Document, whole: &impl Fn(Span) -> Span) -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    while let Some(node) = open.pop() {
        let spans = [
            Some(node.span()),
            Some(node.head_span()),
            node.open_brace(),
            node.close_brace(),
        ];
        let entries = node.entries().map(|entry| {
            (
                entry.key().map(|key| key.text),
                entry.value(),
                whole(entry.span()),
                whole(entry.value_span()),
            )
        });
        all.push(format!(
            "{:?} {} {:?} {:?} {:?}",
            node.annotation().map(|word| word.text),
            node.name().text,
            spans.map(|span| span.map(whole)),
            whole(node.name().span),
            entries.collect::<Vec<_>>(),
        ));
        open.extend(node.children());
    }
    all.sort();
    all
}

fn same(reading: &Reading, sources: &Sources) {
    let text = std::str::from_utf8(&reading.bytes).expect("it is a text");
    let whole = parse(FileId(0), text.into());
    let place = |span| sources.whole(span);
    let mut parts: Vec<String> = reading
        .parts
        .iter()
        .flat_map(|part| nodes(&part.document, &place))
        .collect();
    parts.sort();
    assert_eq!(parts, nodes(&whole.document, &|span| span), "{text}");
    let mut told: Vec<Diagnostic> = reading.diagnostics().cloned().collect();
    for diagnostic in &mut told {
        diagnostic.place(place);
    }
    Diagnostic::sort(&mut told);
    assert_eq!(
        format!("{told:#?}"),
        format!("{:#?}", whole.diagnostics),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_what_the_whole_is(
        lines in prop::collection::vec(prop_oneof![3 => 0..6_usize, 1 => 0..LINES.len()], 1..60),
        edits in prop::collection::vec(typed(), 0..12),
    ) {
        let text: String = lines.iter().map(|line| LINES[*line]).collect();
        let mut sources = Sources::default();
        let mut reading = after(None, &text, &mut sources);
        same(&reading, &sources);
        for typed in &edits {
            reading = after(Some(&reading), &typed.into(&reading), &mut sources);
            same(&reading, &sources);
        }
    }
}

/// How many parts were read again for an edit of a text of ten; nothing where all were.
fn read_again(from: &str, to: &str) -> Option<usize> {
    let node = |n: usize| {
        format!(
            "service s{n} {{\n  // {}\n  image \"s\"\n}}\n",
            "x".repeat(PART)
        )
    };
    let text: String = (0..10).map(node).collect();
    let mut sources = Sources::default();
    let before = after(None, &text, &mut sources);
    assert_eq!(before.parts.len(), 10);
    let after = after(Some(&before), &text.replacen(from, to, 1), &mut sources);
    same(&after, &sources);
    let pairs = before.parts.iter().zip(&after.parts);
    let others = pairs.filter(|(old, new)| !Arc::ptr_eq(old, new)).count();
    (after.parts.len() == 10).then_some(others)
}

#[test]
fn one_part_is_read_again_for_what_stays_in_it() {
    for (from, to) in [
        ("service s4", "service s44"),
        ("s4 {", "s4 { {"),
        ("s4 {", "s4 "),
        ("s4 {", "s4 = {"),
        ("s4 {\n", "s4 {\n  /* \n */\n"),
        ("s4 {\n", "s4 {\n  env A=\n"),
        ("s9 {\n", "s9 {\n  env \"a\n"),
    ] {
        assert_eq!(read_again(from, to), Some(1), "{to}");
    }
}

#[test]
fn few_parts_are_read_again_for_what_reaches_out_of_one() {
    assert_eq!(read_again("}\nservice s5", "}\n service s5"), Some(2));
    assert_eq!(read_again("}\nservice s5", "} // \\\nservice s5"), Some(2));
    assert_eq!(read_again("service s5", "/- service s5"), Some(2));
}

#[test]
fn all_is_read_again_for_what_takes_the_rest() {
    for to in ["s4 {\n  /*", "s4 {\n text #\"\"\"\n"] {
        assert_eq!(read_again("s4 {\n", to), None, "{to}");
    }
}
