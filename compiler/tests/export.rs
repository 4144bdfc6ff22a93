//! What is written as YAML is read back as the same tree.

use proptest::prelude::*;
use serde_json::{Value, json};
use skep_compiler::export::yaml::{Map, Yaml, document};

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("a reader takes it")
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Bool(so) => json!(so),
        Yaml::Int(number) => json!(number),
        Yaml::Ratio(ratio) => json!(f64::from(ratio.0) / 1e6),
        Yaml::Text(text) => json!(text),
        Yaml::List(items) => items.iter().map(value).collect(),
        Yaml::Map(map) => tree(map),
    }
}

fn tree(map: &Map) -> Value {
    let entries = map.0.iter();
    Value::Object(entries.map(|(k, v)| (k.clone(), value(v))).collect())
}

/// Texts that some reader takes for something else, and any others.
fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "on",
        "Yes",
        "y",
        "~",
        "null",
        "NaN",
        ".inf",
        "1e3",
        "0o12",
        "0x1f",
        "012",
        "1_000",
        "1:30",
        ":a",
        "a:",
        "a: b",
        "- a",
        "-",
        "?",
        "#",
        "a #b",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "{a",
        "[a",
        "a,b",
        "'",
        "\"",
        "---",
        "...",
        "=",
        "<<",
        "",
        " ",
        " a",
        "a ",
        "2026-11-21",
        "a\n",
        "\na",
        "a\n\nb\n",
        "a\n b",
        " a\nb",
        "a\nb \n",
        "a\n\n",
        "# a\nb",
        "a\r\nb",
        "\t",
        "a\tb",
        "a\n\tb",
        "--- \na",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\u{1f41d}",
        "\u{0}",
        "$",
        "${A}",
        "true",
        "0",
        "-1",
        "+1",
        ".5",
        "1.",
        "infinity",
    ]);
    prop_oneof![
        odd.prop_map(str::to_owned),
        "\\PC{0,20}",
        any::<String>(),
        "([ a-z:#-]{0,8}\n){1,4}[a-z]{0,3}"
    ]
}

fn any_tree() -> impl Strategy<Value = Yaml> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Yaml::Bool),
        any::<i64>().prop_map(Yaml::Int),
        text().prop_map(Yaml::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Yaml::List),
            any_map(inner).prop_map(Yaml::Map),
        ]
    })
}

fn any_map(inner: impl Strategy<Value = Yaml>) -> impl Strategy<Value = Map> {
    let map = prop::collection::btree_map(text(), inner, 1..4);
    map.prop_map(|map| Map(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn every_tree_is_read_back_as_it_was(map in any_map(any_tree())) {
        let text = document(&map);
        prop_assert_eq!(read(&text), tree(&map), "{}", text);
    }
}

#[test]
fn no_reader_takes_a_text_for_anything_else() {
    for (text, written) in [
        ("on", "k: \"on\"\n"),
        ("1e3", "k: \"1e3\"\n"),
        ("0o12", "k: \"0o12\"\n"),
        (":80", "k: \":80\"\n"),
        ("redis:7.4", "k: redis:7.4\n"),
        ("a\nb\n", "k: |\n  a\n  b\n"),
        ("a\nb", "k: |-\n  a\n  b\n"),
    ] {
        let mut map = Map::default();
        map.put("k", text);
        assert_eq!(document(&map), written);
    }
}
