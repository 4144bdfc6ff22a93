//! Texts made to break a reader: each gives a tree and a bounded list of mistakes, on a small stack.

use std::thread;

use skep_compiler::format::format;
use skep_compiler::syntax::{MAX_BYTES, MAX_DEPTH, MAX_DIAGNOSTICS, Nodes, Parsed};
use skep_schema::diagnostic::Code;

use crate::read;

/// Short texts that hurt when they are repeated.
const REPEATED: [&str; 79] = [
    "a {",
    "a {\n",
    "a /-{",
    "a /-{}",
    "a {}",
    "}",
    "} ",
    "}\n",
    "{",
    "{ ",
    "{\n",
    "{}",
    "{}\n",
    "/*",
    "/* */",
    "/*/",
    "*/",
    "//",
    "//\n",
    "/-",
    "/- ",
    "/-\n",
    "(",
    ")",
    "(a",
    "(a)",
    "[",
    "]",
    "[1, ",
    "a [",
    "a [1,",
    "\"",
    "\"\n",
    "\"\\\n",
    "\\\"\\\n",
    "\"a\"b",
    "a\"b\";",
    "\"\"\"",
    "\"\"\"\n",
    "\"\"\"x\n",
    "a \"\"\"\n\"\"\"\n",
    "#",
    "#\"",
    "#\"\n",
    "#\"\"\"",
    "#\"\"\"\n",
    "#a",
    "# a\n",
    "=",
    "a=",
    "a =",
    "a=b",
    "a==",
    "\"a\"==",
    "a \"b\"= =",
    ";",
    "a;",
    ",",
    "a,",
    "a, ",
    ":",
    "a:",
    "a: ",
    "'",
    "'a ",
    "\u{201C}a ",
    "r\"",
    "r#\"",
    "${",
    "a${",
    "a {{",
    "{{a}}",
    "http://",
    "a/",
    "\\",
    "\\\n",
    "\\//\n",
    "1,",
    "true ",
];

#[test]
fn repeated_fragments_end_in_a_bounded_list_of_mistakes() {
    on_a_small_stack(|| {
        for fragment in REPEATED {
            survive(&fragment.repeat(20_000));
            survive(&format!("a {}", fragment.repeat(2_000)));
            survive(&format!("a \"\\u{{{}\"", fragment.repeat(200)));
        }
    });
}

#[test]
fn a_hundred_thousand_levels_are_read_flat_below_the_last() {
    on_a_small_stack(|| {
        let levels = 100_000;
        for closed in [true, false] {
            let close = if closed {
                "}".repeat(levels)
            } else {
                String::new()
            };
            let parsed = survive(&format!("{}{close}", "a {".repeat(levels)));
            assert_eq!(parsed.document.node_count(), levels);
            assert_eq!(depth(parsed.document.roots()), MAX_DEPTH);
            assert!(
                parsed
                    .diagnostics
                    .iter()
                    .any(|diagnostic| diagnostic.code == Code::TooDeep)
            );
            assert_eq!(parsed.diagnostics.len(), if closed { 1 } else { 2 });
        }
    });
}

#[test]
fn valid_blocks_may_be_dropped_inside_each_other() {
    on_a_small_stack(|| {
        let levels = 200;
        let text = format!("{}{}", "a /-{".repeat(levels), "}".repeat(levels));
        let parsed = survive(&text);
        assert_eq!(parsed.diagnostics, []);
        assert_eq!(parsed.document.node_count(), 1);
    });
}

#[test]
fn a_file_may_have_16_mib_and_no_more() {
    on_a_small_stack(|| {
        assert_eq!(survive(&" ".repeat(MAX_BYTES)).diagnostics, []);
        let parsed = survive(&" ".repeat(MAX_BYTES + 1));
        assert_eq!(parsed.diagnostics.len(), 1);
        assert_eq!(parsed.diagnostics[0].code, Code::FileTooLarge);
    });
}

#[test]
fn long_words_numbers_and_lists_are_read() {
    on_a_small_stack(|| {
        for text in [
            "a".repeat(1 << 20),
            format!("a {}", "1".repeat(1 << 20)),
            format!("a {}", "1_".repeat(1 << 20)),
            format!("a 0x{}", "f".repeat(1 << 20)),
            format!("a 1.{}e999999999", "9".repeat(1 << 20)),
            format!("a {}", "k=1 ".repeat(100_000)),
            format!("a {}", "1 ".repeat(100_000)),
            format!("a \"{}\"", "\\u{D800}\\n".repeat(100_000)),
            format!("a \"\"\"\n{}\"\"\"", "  x\n".repeat(100_000)),
            format!("a \"\"\"\n{}\n  \"\"\"", " x\n".repeat(100_000)),
            "\u{0}\u{FEFF}\u{202E}\n".repeat(100_000),
            "\r\u{B}\u{C}\u{85}\u{2028}".repeat(100_000),
        ] {
            survive(&text);
        }
    });
}

#[test]
fn many_mistakes_are_told_up_to_a_limit() {
    on_a_small_stack(|| {
        let parsed = survive(&"a 10s\n".repeat(100_000));
        assert_eq!(parsed.diagnostics.len(), MAX_DIAGNOSTICS);
        assert_eq!(parsed.document.node_count(), 100_000);
        let last = parsed.diagnostics.last().map(|diagnostic| diagnostic.code);
        assert_eq!(last, Some(Code::TooManyMistakes));
    });
}

#[test]
fn every_part_of_a_good_spec_is_survived() {
    on_a_small_stack(|| {
        let good = include_str!("shop.kdl");
        for at in (0..good.len())
            .filter(|at| good.is_char_boundary(*at))
            .step_by(3)
        {
            survive(&good[..at]);
            survive(&good[at..]);
        }
    });
}

#[test]
fn a_document_is_shared_between_threads() {
    let parsed = read("a 1\nb 2");
    let document = &parsed.document;
    let counts = thread::scope(|scope| {
        [0, 1]
            .map(|_| scope.spawn(|| document.roots().count()))
            .map(thread::ScopedJoinHandle::join)
    });
    assert!(
        counts
            .into_iter()
            .all(|count| count.is_ok_and(|count| count == 2))
    );
}

/// Reads, walks and formats a text, and holds what comes out to its limits.
fn survive(text: &str) -> Parsed {
    let parsed = read(text);
    assert!(parsed.diagnostics.len() <= MAX_DIAGNOSTICS);
    assert!(parsed.document.node_count() <= text.len());
    for diagnostic in &parsed.diagnostics {
        let (start, end) = (
            diagnostic.primary.span.start as usize,
            diagnostic.primary.span.end as usize,
        );
        assert!(text.get(start..end).is_some(), "{diagnostic:?}");
    }
    assert!(depth(parsed.document.roots()) <= MAX_DEPTH);
    if parsed.diagnostics.is_empty() {
        assert_eq!(read(&format(&parsed.document)).diagnostics, []);
    }
    parsed
}

fn depth(roots: Nodes<'_>) -> usize {
    let mut levels = vec![roots];
    let mut deepest = 0;
    while let Some(level) = levels.last_mut() {
        match level.next() {
            Some(node) => {
                node.entries().for_each(|entry| _ = entry.value());
                deepest = deepest.max(levels.len());
                levels.push(node.children());
            }
            None => _ = levels.pop(),
        }
    }
    deepest
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(test)
        .expect("a thread");
    thread.join().expect("the test held");
}
