//! What is written of routes, gateways and flows is in no payload of a swarm, so it is taken away where it is
//! written.

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::{File, ROOT, SourceSet};
use skep_compiler::syntax::{NodeRef, parse};
use skep_compiler::{Compiled, compile};
use skep_schema::address::Kind;
use skep_schema::plan::Payload;
use skep_schema::span::FileId;

use crate::given::{Given, sources, timed_sources};

const KINDS: &[&str] = &["route", "gateway", "flow"];

/// Where the parts of a node begin, and the words that lead to them.
fn parts(node: NodeRef<'_>, way: &str, all: &mut Vec<(usize, String)>) {
    for child in node.children() {
        let label = child.args().next().map_or("", |arg| arg.spelling());
        let way = format!("{way} {} {label}", child.name().text);
        parts(child, &way, all);
        all.push((child.span().start as usize, way));
    }
    for prop in node.props() {
        let key = prop.key().map_or("", |key| key.text);
        all.push((prop.span().start as usize, format!("{way} {key}")));
    }
}

/// What an export says, wherever that was written.
fn said(given: &Given) -> (BTreeMap<String, Vec<u8>>, BTreeSet<String>) {
    let exported = given.exported();
    let findings = exported.findings.into_iter();
    let lines = findings.map(|f| format!("{}: {} {} {}", f.key, f.grade.word(), f.reason, f.next));
    (exported.files, lines.collect())
}

/// What a swarm and its daemon are told: a default that is written out tells them nothing.
fn meant(compiled: &Compiled) -> String {
    let plan = compiled.plan.as_ref();
    let nodes = plan.into_iter().flat_map(|plan| &plan.nodes);
    let told = nodes.filter(|(address, node)| {
        address.kind == Kind::Flow || !matches!(node.payload, Payload::Declared(_))
    });
    let payloads: Vec<_> = told.map(|(_, node)| &node.payload).collect();
    format!("{payloads:?} {:?}", compiled.proxies)
}

/// Whether the report speaks of the node as a whole, or of a property on the way.
fn is_told(findings: &BTreeSet<String>, node: NodeRef<'_>, way: &[&str]) -> bool {
    let name = node.args().next().map_or("", |name| name.spelling());
    findings.iter().any(|line| {
        let key = line.split_once(": ").map_or("", |(key, _)| key);
        let is_of_node = key.contains(name.trim_matches('"'));
        let last = key.rsplit_once('.').map_or("", |(_, last)| last);
        is_of_node && (way.contains(&last) || key == format!("flow.{name}"))
    })
}

/// The parts of a project that can be switched off without a trace, and how many were.
fn untraced(set: &SourceSet, text: &str) -> (Vec<String>, usize) {
    let before = compile(set);
    let meaning = meant(&before);
    let before = Given::of(before).expect("it has a plan");
    let expected = said(&before);
    let document = parse(FileId(0), text.into()).document;
    let (mut lost, mut seen) = (Vec::new(), 0);
    for node in document
        .roots()
        .filter(|node| KINDS.contains(&node.name().text))
    {
        let mut all = Vec::new();
        parts(node, "", &mut all);
        for (at, way) in all {
            let words: Vec<&str> = way.split_whitespace().collect();
            let off = format!("{}/-{}", &text[..at], &text[at..]);
            let mut set = set.clone();
            let file = File::Bytes(off.as_bytes().into());
            set.files.insert(ROOT.to_owned(), file);
            let after = compile(&set);
            if meant(&after) == meaning || is_told(&expected.1, node, &words) {
                continue;
            }
            let Some(after) = Given::of(after) else {
                continue;
            };
            seen += 1;
            if said(&after) == expected {
                let place = text[..at].lines().count();
                lost.push(format!("{}:{place}:{way}", before.plan.stack));
            }
        }
    }
    (lost, seen)
}

#[test]
fn what_is_written_of_routes_and_flows_reaches_the_manifests_or_the_report() {
    let (mut lost, mut seen) = (Vec::new(), 0);
    for set in sources().into_iter().chain([timed_sources()]) {
        let Some(File::Bytes(bytes)) = set.files.get(ROOT) else {
            continue;
        };
        let text = String::from_utf8(bytes.to_vec()).expect("a spec is text");
        let (more, count) = untraced(&set, &text);
        lost.extend(more);
        seen += count;
    }
    assert_eq!(lost, Vec::<String>::new());
    assert!(seen > 90, "{seen}");
}
