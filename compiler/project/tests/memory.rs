//! A check that remembers says what a first check says, whatever was changed in between.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use skep_compiler::source::{File, SourceSet};
use skep_compiler::syntax::parse;
use skep_compiler::{Checked, Memory, check};
use skep_schema::span::FileId;

/// Nodes that refer to each other, and some that are wrong.
const NODES: &[&str] = &[
    "network back",
    "network back { subnet \"10.9.0.0/24\" }",
    "network front { internal }",
    "network default { subnet \"10.0.0.0/24\" }",
    "volume data",
    "volume data { driver nfs }",
    "secret key { from env=KEY }",
    "config app { text \"a\" }",
    "config app { text \"b\" }",
    "config app { template \"app.tera\" }",
    "service a { image \"a:1\" }",
    "service a { image \"a:1\"; network back; port http 80; publish 80 to=http }",
    "service a { image \"a:1\"; network back; port web 81; health { http \"/\" port=web } }",
    "service a { image a; network back; env { PEER (var)service.b.host } }",
    "service a { external stack=other }",
    "service a { image \"a:1\"; name \"shop_B\" }",
    "service a { imagee \"a:1\" }",
    "service a { image \"a:1\"; allow SK5001 \"on purpose\" }",
    "service b { image \"b:1\"; needs a }",
    "service b { image \"b:1\"; needs a when=healthy; publish 80 to=80 }",
    "service b { image \"b:1\"; needs c; env { P (fmt)\"${service.a.port.http}\" } }",
    "service b { image b; config app target=\"/app\"; secret key; mount volume=data to=\"/d\" }",
    "service b { image b; allow SK5001 \"a moving tag is wanted here\" }",
    "service c { image \"c:1\"; needs b; env-file \"c.env\" }",
    "service c { image \"c:1\"; needs a; placement { constraint \"node.labels.x==y\" } }",
    "service c { image \"c:1\" ; nedes a }",
    "service c mode=once { image (fmt)\"c:${param.tag}\" }",
    "node w1 { labels x=y }",
    "gateway g { proxy caddy; network back; listen 80 }",
    "gateway g { proxy nginx; network front; listen 8080 }",
    "route x.localhost { match \"/\" { to a port=http } }",
    "route x.localhost { gateway g; match \"/\" { to b port=80 } }",
    "route y.localhost { tls cert; match \"/\" { to c } }",
    "certificate cert { secret cert=key key=key }",
    "use pair p { tag \"1\" }",
    "use pair q",
    "use nothing n",
    "moved from=service.old to=service.a",
    "moved from=service.a to=service.b",
    "forget service.gone",
    "adopt network.back name=\"other_back\"",
    "policy { deny floating-tags }",
    "allow SK5001 \"all of it\"",
    "servise c { image \"c:1\" }",
    "environmnt d { }",
    "param late default=x",
    "service d { image \"d:1\"",
    "}",
    "/- service a { image \"a:1\" }",
    "env \"x\" {",
];

/// What shapes the others.
const HEADS: &[&str] = &[
    "",
    "param tag default=\"1\"",
    "param tag\nenvironment prod { set tag \"2\" }",
    "param tag default=\"1\"\nenvironment prod { patch service * { replicas 2 } }",
    "param tag default=\"1\"\nenvironment prod { set tag \"2\"; add network extra; remove service c }",
    "param tag default=\"1\"\ndefaults service { network back }",
    "param tag default=\"1\"\nenvironment prod { patch service a { image \"a:2\"; remove port http }; \
     patch service * { image \"z:1\" } }\nenvironment dev { patch service b { image \"b:1\" } }",
    "param tag default=\"1\"\nenvironment prod { add service e { image \"e:1\"; needs a }; \
     patch service e replicas=2; patch network back internal=#true }",
];

const PAIR: &str = "component pair {\n  param tag default=\"1\"\n  service (fmt)\"${name}-x\" { \
                    image (fmt)\"x:${param.tag}\"; network back }\n  service (fmt)\"${name}-y\" { \
                    image y; needs (fmt)\"${name}-x\" }\n}";

const FILES: &[&str] = &["one.kdl", "two.kdl", "three.kdl"];

/// A change of one of the files.
#[derive(Clone, Debug)]
enum Step {
    /// Another list of nodes.
    Write(usize, Vec<usize>),
    /// Bytes taken out, by their place as a part of 1,000, and something put there.
    Type(usize, usize, usize, &'static str),
    Head(usize),
    Template(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let file = 0..FILES.len();
    let nodes = prop::collection::vec(0..NODES.len(), 0..6);
    let typed = prop::sample::select(vec!["", "x", " ", "{", "}", "\"", "\n", "b"]);
    prop_oneof![
        6 => (file.clone(), nodes).prop_map(|(file, nodes)| Step::Write(file, nodes)),
        6 => (file, 0..1000_usize, 0..3_usize, typed).prop_map(|(f, at, n, t)| Step::Type(f, at, n, t)),
        1 => (0..HEADS.len()).prop_map(Step::Head),
        1 => (0..2_usize).prop_map(Step::Template),
    ]
}

fn start() -> SourceSet {
    let mut set = SourceSet::of([
        ("c.env", "A=1\nA=2\n"),
        ("app.tera", "{{ service.a.host }}"),
    ]);
    for file in FILES {
        put(&mut set, file, "");
    }
    head(&mut set, "");
    set
}

fn put(set: &mut SourceSet, path: &str, text: &str) {
    let file = File::Bytes(text.as_bytes().into());
    set.files.insert(path.to_owned(), file);
}

fn head(set: &mut SourceSet, rest: &str) {
    let include = FILES.join("\" \"");
    let text = format!("project shop edition=1\ninclude \"{include}\"\n{PAIR}\n{rest}\n");
    put(set, "skep.kdl", &text);
}

fn text_of(set: &SourceSet, path: &str) -> String {
    match &set.files[path] {
        File::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        File::Absent | File::Unreadable(_) => String::new(),
    }
}

fn take(set: &mut SourceSet, step: &Step) {
    match step {
        Step::Write(file, nodes) => {
            let lines: Vec<&str> = nodes.iter().map(|node| NODES[*node]).collect();
            put(set, FILES[*file], &lines.join("\n"));
        }
        Step::Type(file, at, gone, typed) => {
            let text = typed_over(&text_of(set, FILES[*file]), *at, *gone, typed);
            put(set, FILES[*file], &text);
        }
        Step::Head(which) => head(set, HEADS[*which]),
        Step::Template(which) => put(
            set,
            "app.tera",
            ["{{ service.a.host }}", "{{ service.b.port.http }}"][*which],
        ),
    }
}

fn typed_over(text: &str, at: usize, gone: usize, typed: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = letters.len() * at / 1000;
    let rest = letters.iter().skip(at + gone);
    letters[..at]
        .iter()
        .copied()
        .chain(typed.chars())
        .chain(rest.copied())
        .collect()
}

/// All that a check says, with places in lines and columns.
fn told(checked: &Checked) -> String {
    let located = |d: &skep_schema::diagnostic::Diagnostic| d.locate(&checked.sources);
    let said: Vec<_> = checked.diagnostics.iter().map(located).collect();
    let allowed: Vec<_> = checked
        .allowed
        .iter()
        .map(|allowed| {
            let silenced: Vec<_> = allowed.silenced.iter().map(located).collect();
            (allowed.code, &allowed.reason, &allowed.node, silenced)
        })
        .collect();
    let (files, nodes, wanted) = (checked.files, checked.nodes, &checked.wanted);
    format!("{said:#?}\n{allowed:#?}\n{files} {nodes} {wanted:?}")
}

/// Both checks, until nothing is wanted any more.
fn same(memory: &mut Memory, set: &mut SourceSet) -> Result<(), TestCaseError> {
    loop {
        let warm = memory.check(set);
        let cold = check(set);
        prop_assert_eq!(told(&warm), told(&cold));
        if cold.wanted.is_empty() {
            return Ok(());
        }
        set.settle(&cold.wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_remembered_changes_nothing(steps in prop::collection::vec(step(), 1..12)) {
        let mut set = start();
        let mut memory = Memory::default();
        for step in &steps {
            take(&mut set, step);
            same(&mut memory, &mut set)?;
        }
    }
}

/// The projects of the catalogue of mistakes, with their nodes in two files of their own.
fn catalogue() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/diagnostics");
    let files = fs::read_dir(folder).expect("the catalogue is there");
    let mut all: Vec<(String, Vec<String>)> = files
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == "kdl"))
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| parted(&text))
        .collect();
    all.sort();
    all
}

/// The lines that shape a project, and its other nodes.
fn parted(text: &str) -> (String, Vec<String>) {
    const SHAPING: &[&str] = &[
        "project",
        "param",
        "component",
        "environment",
        "defaults",
        "test",
    ];
    let document = parse(FileId(0), text.into()).document;
    let mut head = String::new();
    let mut nodes = Vec::new();
    for root in document.roots() {
        let span = root.span();
        let node = &text[span.start as usize..span.end as usize];
        if SHAPING.contains(&root.name().text) {
            head.push_str(node);
            head.push('\n');
        } else {
            nodes.push(node.to_owned());
        }
    }
    (head, nodes)
}

#[test]
fn mistakes_that_come_and_go_are_told_and_forgotten() {
    let all = catalogue();
    assert!(all.len() > 100, "{}", all.len());
    for (head, nodes) in all {
        let Some(rest) = head.strip_prefix("project ") else {
            continue;
        };
        let mut set = SourceSet::default();
        let text = format!("project {rest}\ninclude \"a.kdl\" \"b.kdl\"\n");
        put(&mut set, "skep.kdl", &text);
        put(&mut set, "a.kdl", "");
        put(&mut set, "b.kdl", "");
        let mut memory = Memory::default();
        let few = nodes.len().min(4);
        for without in (0..few).chain([nodes.len()]) {
            let left = |parity: usize| {
                let kept = nodes.iter().enumerate();
                let kept = kept.filter(|(n, _)| n % 2 == parity && *n != without);
                kept.map(|(_, node)| format!("{node}\n"))
                    .collect::<String>()
            };
            put(&mut set, "a.kdl", &left(0));
            same(&mut memory, &mut set).unwrap_or_else(|why| panic!("{text}{nodes:?}: {why}"));
            put(&mut set, "b.kdl", &left(1));
            same(&mut memory, &mut set).unwrap_or_else(|why| panic!("{text}{nodes:?}: {why}"));
        }
    }
}
