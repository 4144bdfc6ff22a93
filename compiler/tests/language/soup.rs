//! Whatever comes in, diagnostics or a plan come out, in bounded time.

use proptest::prelude::*;
use skep_compiler::check;
use skep_compiler::source::{File, SourceSet};

use crate::support::{one, settled};

/// Words that the compiler reacts to, and what holds them together.
const WORDS: &[&str] = &[
    "project",
    "t",
    "edition=1",
    "include",
    "import",
    "param",
    "x",
    "type=int",
    "type=map",
    "default=1",
    "component",
    "c",
    "use",
    "service",
    "s",
    "image",
    "\"a:1\"",
    "env",
    "A=1",
    "patch",
    "*",
    "remove",
    "add",
    "environment",
    "e",
    "set",
    "defaults",
    "flow",
    "f",
    "task",
    "route",
    "gateway",
    "network",
    "n",
    "volume",
    "append",
    "(var)param.x",
    "(spread)param.x",
    "(fmt)\"${param.x}${name}\"",
    "(fmt)\"${\"",
    "(secret)s",
    "(file)\"skep.kdl\"",
    "name",
    "{",
    "}",
    "{",
    "}",
    ";",
    "\n",
    "\n",
    "=",
    "(",
    ")",
    "\"",
    "#true",
    "#null",
    "5",
    "-1",
    "0.5",
    "\"std:redis\"",
    "as=r",
    "r.redis",
    "\"*.kdl\"",
    "each=x",
    "health",
    "http",
    "\"/\"",
    "port",
    "mount",
    "to=\"/x\"",
    "volume=n",
    "(var)name",
    "optional=#true",
    "match=\"(\"",
    "one-of=\"a b\"",
];

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), 0..80)
        .prop_map(|words| words.join(" "))
}

fn compile_all(set: SourceSet) {
    let mut set = set;
    loop {
        let checked = check(&set);
        if checked.wanted.is_empty() {
            break;
        }
        set.settle(&checked.wanted);
    }
    settled(set);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_words_give_diagnostics_or_a_plan(text in soup()) {
        compile_all(one(&text));
    }

    #[test]
    fn any_bytes_give_diagnostics_or_a_plan(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut set = SourceSet::default();
        set.files.insert("skep.kdl".to_owned(), File::Bytes(bytes.into()));
        compile_all(set);
    }
}

#[test]
fn deep_nesting_stays_within_a_small_stack() {
    let deep = format!("volume v {}{}", "{ a ".repeat(5_000), "}".repeat(5_000));
    let used = format!(
        "component c {{ volume (var)name {}{} }}\nuse c one\n",
        "{ a ".repeat(5_000),
        "}".repeat(5_000)
    );
    let run = move || {
        compile_all(one(&deep));
        compile_all(one(&used));
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("no panic");
}

#[test]
fn many_mistakes_are_told_in_bounded_time() {
    let lines: Vec<String> = (0..5_000)
        .map(|n| format!("servce s{n} {{ imge (var)param.x{n} }}"))
        .collect();
    let text = lines.join("\n");
    let compiled = settled(one(&text));
    assert!(compiled.diagnostics.len() >= 5_000);
}
