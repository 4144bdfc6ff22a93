//! Projects made from the table of kinds itself: every field of every kind, with any value.

use std::fmt::Write;

use proptest::prelude::*;
use skep_compiler::check;
use skep_schema::lang::{Field, NodeInfo, Shape};
use skep_schema::spec::KINDS;

use crate::support::{one, settled};

const VALUES: &[&str] = &[
    "a",
    "b",
    "5",
    "-1",
    "0.5",
    "#true",
    "#null",
    "\"\"",
    "\"10s\"",
    "\"1GiB\"",
    "\"/x\"",
    "80",
    "*",
    "\"a:1\"",
    "\"10.0.0.0/8\"",
    "\"10.1.2.3\"",
    "\"x.example.com\"",
    "\"http://x/y\"",
    "\"{{.Node.ID}}\"",
    "0o440",
    "auto",
    "caddy",
    "haproxy",
    "nginx",
    "traefik",
    "host",
    "once",
    "global",
    "(var)param.p",
    "(var)param.u",
    "(fmt)\"${param.p}-${service.a.host}\"",
    "(var)service.a.port.a",
    "(secret)a",
    "(spread)param.m",
    "(spread)param.l",
    "(file)\"skep.kdl\"",
    "\"skep.kdl\"",
];

const DECLARED: &str = r"
param p default=a
param u
param m type=map { default { a 1; b x } }
param l type=list { default a b }
";

/// Decisions, one byte each; zero when they run out, which ends everything soon.
struct Tape<'t> {
    bytes: std::slice::Iter<'t, u8>,
}

impl Tape<'_> {
    fn next(&mut self) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte))
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.next() % from.len()]
    }
}

fn values(out: &mut String, tape: &mut Tape<'_>, most: usize) {
    for _ in 0..=tape.next() % most {
        write!(out, " {}", tape.pick(VALUES)).expect("strings take everything");
    }
}

fn body(out: &mut String, info: &'static NodeInfo, tape: &mut Tape<'_>, depth: usize) {
    out.push_str(" {");
    for _ in 0..tape.next() % 6 {
        field(out, tape.pick(info.fields), tape, depth);
        out.push_str("; ");
    }
    out.push('}');
}

fn field(out: &mut String, field: &'static Field, tape: &mut Tape<'_>, depth: usize) {
    match tape.next() % 12 {
        0 => out.push_str("remove "),
        1 => out.push_str("append "),
        _ => {}
    }
    out.push_str(field.word);
    match field.shape {
        Shape::Node { info } | Shape::Nodes { info, .. } if depth < 6 => {
            values(out, tape, 3);
            body(out, info, tape, depth + 1);
        }
        Shape::Map { .. } => out.push_str(" { a 1; B (secret)a; c (fmt)\"${service.a.host}\" }"),
        Shape::Flag if tape.next().is_multiple_of(2) => {}
        Shape::Arg { .. }
        | Shape::Args { .. }
        | Shape::Value { .. }
        | Shape::Flag
        | Shape::List { .. }
        | Shape::Set { .. }
        | Shape::Node { .. }
        | Shape::Nodes { .. }
        | Shape::Any
        | Shape::Rest => values(out, tape, 2),
    }
}

fn node(out: &mut String, tape: &mut Tape<'_>) {
    let info = *tape.pick(KINDS);
    let (before, after) = *tape.pick(&[
        ("", ""),
        ("", ""),
        ("", ""),
        ("environment e { patch ", " }"),
        ("environment e { add ", " }"),
        ("defaults ", ""),
        ("component c { param p; ", " }\nuse c a p=b"),
    ]);
    out.push_str(before);
    out.push_str(info.word);
    values(out, tape, 3);
    body(out, info, tape, 0);
    out.push_str(after);
    out.push('\n');
}

fn project(bytes: &[u8]) -> String {
    let mut tape = Tape {
        bytes: bytes.iter(),
    };
    let mut out = DECLARED.to_owned();
    while tape.bytes.len() > 0 {
        node(&mut out, &mut tape);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_project_of_the_table_gives_diagnostics_or_a_plan(
        bytes in proptest::collection::vec(any::<u8>(), 1..400),
    ) {
        let text = project(&bytes);
        let mut set = one(&text);
        loop {
            let checked = check(&set);
            if checked.wanted.is_empty() {
                break;
            }
            set.settle(&checked.wanted);
        }
        set.inputs.environment = Some("e".to_owned());
        let compiled = settled(set);
        prop_assert!(compiled.plan.is_none() || compiled.diagnostics.iter().all(|d| d.code.as_str() >= "SK5"));
    }
}
