//! Every field of every kind obeys its rule: the table is walked, so no field can be left out.

use std::collections::BTreeSet;

use skep_schema::lang::{Field, Key, Node, NodeInfo, Overlay, Shape, scalar_text};
use skep_schema::spec::KINDS;

use super::{Layer, patch};
use crate::context::Context;
use crate::expand::merge::Kind;
use crate::expand::scope::{Params, Scope};
use crate::expand::value;
use crate::source::SourceSet;
use crate::syntax::parse;

/// All blocks of the language that an overlay can reach, each once, by the words that lead there.
fn blocks() -> Vec<(String, &'static NodeInfo)> {
    let mut all: Vec<(String, &'static NodeInfo)> = Vec::new();
    let mut open: Vec<(String, &'static NodeInfo)> = KINDS
        .iter()
        .map(|info| (info.word.to_owned(), *info))
        .collect();
    while let Some((path, info)) = open.pop() {
        if all.iter().any(|(_, known)| std::ptr::eq(*known, info)) {
            continue;
        }
        for field in info.fields {
            let inner = field.shape.inner();
            open.extend(inner.map(|inner| (format!("{path} {}", field.word), inner)));
        }
        all.push((path, info));
    }
    all
}

/// A node whose block is a text.
fn block(text: &str) -> Node {
    let set = SourceSet::of([("skep.kdl", "")]);
    let mut cx = Context::new(&set);
    let file = cx.add_source("skep.kdl", text);
    let parsed = parse(file, format!("x {{ {text} }}").as_str().into());
    assert!(
        parsed.diagnostics.is_empty(),
        "{text}: {:?}",
        parsed.diagnostics
    );
    let params = Params::new();
    let root = parsed.document.roots().next().expect("there is a node");
    value::node(&mut cx, &Scope::fixed(&params), root)
}

/// A node again as text, on one line.
fn print(node: &Node) -> String {
    let value =
        |arg: &skep_schema::lang::Arg| scalar_text(&arg.value).expect("plain values").to_string();
    let mut out = node.name.value.to_string();
    for arg in &node.args {
        out += &format!(" {}", value(arg));
    }
    for prop in &node.props {
        out += &format!(" {}={}", prop.key.value, value(&prop.value));
    }
    if !node.children.is_empty() {
        let children: Vec<String> = node.children.iter().map(print).collect();
        out += &format!(" {{ {} }}", children.join("; "));
    }
    out
}

/// One block laid over another, and what is said of it.
fn laid(base: &str, over: &str, info: &'static NodeInfo, kind: Kind) -> (String, usize) {
    let set = SourceSet::of([("skep.kdl", "")]);
    let mut cx = Context::new(&set);
    let mut node = block(base);
    match kind {
        Kind::Node => Layer::new(Kind::Node).lay(&mut cx, &mut node, block(over), info),
        Kind::Patch => drop(patch(&mut cx, &mut node, block(over), info)),
    }
    (print(&node), cx.decoder.diagnostics.len())
}

struct Case {
    base: String,
    over: String,
    want: String,
    orders: bool,
}

fn case(base: &str, over: &str, want: &str, word: &str, orders: bool) -> Case {
    let filled = |text: &str| text.replace('W', word);
    let want = filled(want);
    Case {
        base: filled(base),
        over: filled(over),
        want: if want.is_empty() {
            "x".to_owned()
        } else {
            format!("x {{ {want} }}")
        },
        orders,
    }
}

/// What has to become of a field, with `W` for its word. Words nobody knows stand for what is
/// inside a block.
fn cases(field: &Field) -> Vec<Case> {
    let word = field.word;
    let plain = |base, over, want| case(base, over, want, word, false);
    let order = |base, over, want| case(base, over, want, word, true);
    match field.shape.overlay() {
        Overlay::Replace => vec![
            plain("W a", "W b", "W b"),
            plain("", "W b", "W b"),
            plain("W a", "", "W a"),
            order("W a", "remove W", ""),
        ],
        Overlay::ReplaceAll => vec![
            plain("W a b", "W c", "W c"),
            plain("W a; W b", "W c; W d", "W c; W d"),
            order("W a b", "remove W", ""),
        ],
        Overlay::Entries => vec![
            plain("W A=1 B=2", "W B=3 C=4", "W { A 1; B 3; C 4 }"),
            plain("W { A 1 }; W B 2", "W { B 3 }", "W { A 1; B 3 }"),
            order("W A=1 B=2", "remove W A", "W { B 2 }"),
            order("W A=1 B=2", "remove W", ""),
            order("W A=1 B=2", "replace W C=3", "W C=3"),
        ],
        Overlay::Inside(_) => vec![
            plain("W { aa 1 }", "W { bb 2 }", "W { aa 1; bb 2 }"),
            order("W { aa 1 }", "remove W", ""),
            order("W { aa 1 }", "replace W { bb 2 }", "W { bb 2 }"),
        ],
        Overlay::Keyed(_, key) => keyed(key, word),
    }
}

fn keyed(key: Key, word: &str) -> Vec<Case> {
    let key_of = |name: &str| match key {
        Key::Name | Key::NameAnd(_) | Key::None => format!("W {name} {{"),
        Key::Prop(prop) => format!("W {{ {prop} {name};"),
    };
    let (one, two, three) = (key_of("k1"), key_of("k2"), key_of("k3"));
    let both = format!("{one} aa 1 }}; {two} aa 2 }}");
    let text = |base: &str, over: &str, want: &str, orders| case(base, over, want, word, orders);
    let mut all = vec![
        text(
            &both,
            &format!("{two} bb 3 }}"),
            &format!("{one} aa 1 }}; {two} aa 2; bb 3 }}"),
            false,
        ),
        text(
            &both,
            &format!("{three} aa 3 }}"),
            &format!("{both}; {three} aa 3 }}"),
            false,
        ),
        text(&both, "remove W k1", &format!("{two} aa 2 }}"), true),
        text(&both, "remove W", "", true),
        text(
            &both,
            &format!("replace {two} bb 3 }}"),
            &format!("{one} aa 1 }}; {two} bb 3 }}"),
            true,
        ),
    ];
    if let Key::NameAnd(second) = key {
        let same = format!("W k {{ {second} p; aa 1 }}; W k {{ {second} q; aa 2 }}");
        let want = format!("W k {{ {second} p; aa 1 }}; W k {{ {second} q; aa 2; bb 3 }}");
        all.push(text(
            &same,
            &format!("W k {{ {second} q; bb 3 }}"),
            &want,
            false,
        ));
        all.push(text("", &same, &same, false));
    }
    all
}

/// Whether a word is an order in such a block, and none of its own words.
fn is_order(info: &NodeInfo, over: &str) -> bool {
    let word = over.split(' ').next().unwrap_or_default();
    info.field(word).is_none()
}

#[test]
fn every_field_obeys_its_rule() {
    let mut fields = 0;
    for (path, info) in blocks() {
        let fields_of = info.fields.iter();
        for field in fields_of.filter(|f| !is_positional(f.shape)) {
            fields += 1;
            for Case {
                base,
                over,
                want,
                orders,
            } in cases(field)
            {
                if orders && !is_order(info, &over) {
                    continue;
                }
                let said = format!("{path} {}: `{over}` over `{base}`", field.word);
                assert_eq!(
                    laid(&base, &over, info, Kind::Patch),
                    (want.clone(), 0),
                    "{said}"
                );
                if !orders {
                    assert_eq!(laid(&base, &over, info, Kind::Node), (want, 0), "{said}");
                }
            }
        }
    }
    assert!(fields > 300, "the walk found {fields} fields");
}

#[test]
fn positional_values_replace_those_in_their_places() {
    let mut found = BTreeSet::new();
    for (path, info) in blocks() {
        let count = |f: fn(&Shape) -> bool| info.fields.iter().filter(|i| f(&i.shape)).count();
        let all = count(|shape| matches!(shape, Shape::Args { .. })) > 0;
        let places = count(|shape| matches!(shape, Shape::Arg { .. }));
        let (over, want) = match (all, places) {
            (true, _) => ("9", "9"),
            (false, 2) => ("8 9", "8 9"),
            (false, 1) => ("8", "8 2"),
            (false, _) => continue,
        };
        found.insert((all, places));
        let (mut base, mut upper) = (block(""), block(""));
        base.args = block("v 1 2").children.remove(0).args;
        upper.args = block(&format!("v {over}")).children.remove(0).args;
        let set = SourceSet::of([("skep.kdl", "")]);
        let mut cx = Context::new(&set);
        patch(&mut cx, &mut base, upper, info);
        assert_eq!(print(&base), format!("x {want}"), "{path}");
    }
    assert!(found.len() >= 3, "{found:?}");
}

#[test]
fn append_adds_to_lists_and_to_nothing_else() {
    for (path, info) in blocks() {
        for field in info.fields.iter().filter(|f| !is_positional(f.shape)) {
            let word = field.word;
            let (base, over) = (format!("{word} a b"), format!("append {word} c"));
            let want = match (field.shape.overlay(), field.shape.inner()) {
                (Overlay::ReplaceAll, None) => (format!("x {{ {word} a b c }}"), 0),
                (Overlay::ReplaceAll, Some(_)) => (format!("x {{ {word} a b; {word} c }}"), 0),
                (
                    Overlay::Replace | Overlay::Entries | Overlay::Inside(_) | Overlay::Keyed(..),
                    _,
                ) => (laid(&base, "", info, Kind::Patch).0, 1),
            };
            let is_word = |word: &str| info.field(word).is_some();
            assert!(
                !is_word("append") && !is_word("replace"),
                "{path} has words that are orders"
            );
            assert_eq!(laid(&base, &over, info, Kind::Patch), want, "{path} {word}");
        }
    }
}

#[test]
fn only_headers_have_a_word_that_is_an_order() {
    let of_words = blocks()
        .into_iter()
        .filter(|(_, info)| info.field("remove").is_some());
    let words: BTreeSet<&str> = of_words.map(|(_, info)| info.word).collect();
    assert_eq!(words, BTreeSet::from(["header"]));
}

/// Values without a word of their own replace each other in their places.
const fn is_positional(shape: Shape) -> bool {
    matches!(shape, Shape::Arg { .. } | Shape::Args { .. } | Shape::Rest)
}
