//! One mistake, one diagnostic, near the mistake: a good spec is spoilt in one place at a time.

use crate::read;
use skep_fuzz::oracle::tree;

const GOOD: &str = include_str!("shop.kdl");

/// How often each kind of mistake is made.
const ROUNDS: usize = 60;

#[test]
fn the_spec_to_spoil_is_good() {
    assert_eq!(read(GOOD).diagnostics, []);
}

#[test]
fn one_brace_mistake_is_told_once_and_near() {
    let told = spoil(&[
        ("delete }", |text, dice| delete(text, "}", dice)),
        ("delete {", |text, dice| delete(text, "{", dice)),
        ("insert } at a line's end", |text, dice| {
            append(text, "}", dice)
        }),
        ("insert { at a line's end", |text, dice| {
            append(text, " {", dice)
        }),
    ]);
    told.check(98);
}

#[test]
fn one_other_mistake_is_told_once_and_near() {
    let told = spoil(&[
        ("delete a quote", |text, dice| delete(text, "\"", dice)),
        ("insert a quote at a line's end", |text, dice| {
            append(text, "\"", dice)
        }),
        ("delete =", |text, dice| delete(text, "=", dice)),
        ("a bare 10s", |text, dice| replace_value(text, "10s", dice)),
        ("a bare true", |text, dice| {
            replace_value(text, "true", dice)
        }),
        ("a list", |text, dice| replace_value(text, "[1, 2]", dice)),
        ("an unquoted image", |text, dice| {
            replace_value(text, "nginx/unit:1", dice)
        }),
        ("an old raw string", |text, dice| {
            replace_value(text, r#"r"a\b""#, dice)
        }),
        ("single quotes", |text, dice| {
            replace_value(text, "'a b'", dice)
        }),
        ("a colon behind a name", colon),
    ]);
    told.check(98);
}

/// A file with a brace gone is read as the author meant it, so that nothing else in it is called wrong.
#[test]
fn a_deleted_brace_of_a_block_costs_no_node() {
    let good = tree(&read(GOOD).document);
    let closing = GOOD.match_indices('}').map(|(at, _)| at);
    let opening = GOOD.match_indices("{\n").map(|(at, _)| at);
    let mut seen = 0;
    for at in closing.chain(opening) {
        let parsed = read(&format!("{}{}", &GOOD[..at], &GOOD[at + 1..]));
        if !parsed.diagnostics.is_empty() {
            assert_eq!(
                tree(&parsed.document),
                good,
                "without the brace in line {}",
                line_of(GOOD, at) + 1
            );
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} braces");
}

/// A text spoilt in one place, and the line of that place.
type Spoilt = (String, usize);

type Mistake = fn(&str, &mut Dice) -> Spoilt;

/// How many diagnostics each mistake had, and whether the first was near.
struct Told {
    counts: Vec<usize>,
    near: usize,
}

fn spoil(mistakes: &[(&str, Mistake)]) -> Told {
    let mut told = Told {
        counts: Vec::new(),
        near: 0,
    };
    let mut dice = Dice(0x5EED_0F5C_EB00_0001);
    for (name, mistake) in mistakes {
        let before = told.near;
        let from = told.counts.len();
        for _ in 0..ROUNDS {
            let (text, line) = mistake(GOOD, &mut dice);
            told.add(&text, line);
        }
        let counts = &told.counts[from..];
        println!(
            "{name}: {} of {} near, most {:?}",
            told.near - before,
            counts.len(),
            counts.iter().max()
        );
    }
    told
}

impl Told {
    fn add(&mut self, text: &str, line: usize) {
        let diagnostics = read(text).diagnostics;
        let Some(first) = diagnostics.first() else {
            assert!(
                text.parse::<kdl::KdlDocument>().is_ok(),
                "accepted what is no KDL:\n{text}"
            );
            return;
        };
        let told = line_of(text, first.primary.span.start as usize);
        if told.abs_diff(line) <= 1 {
            self.near += 1;
        }
        self.counts.push(diagnostics.len());
    }

    fn check(mut self, near_percent: usize) {
        self.counts.sort_unstable();
        let total = self.counts.len();
        assert!(total >= ROUNDS, "only {total} mistakes");
        let (median, most) = (self.counts[total / 2], self.counts[total * 95 / 100]);
        assert_eq!(median, 1, "median number of diagnostics");
        assert!(most <= 2, "95th percentile of diagnostics: {most}");
        assert!(
            self.near * 100 >= near_percent * total,
            "{} of {total} near",
            self.near
        );
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count()
}

fn delete(text: &str, what: &str, dice: &mut Dice) -> Spoilt {
    let places: Vec<_> = text.match_indices(what).map(|(at, _)| at).collect();
    let at = places[dice.below(places.len())];
    (
        format!("{}{}", &text[..at], &text[at + what.len()..]),
        line_of(text, at),
    )
}

fn append(text: &str, what: &str, dice: &mut Dice) -> Spoilt {
    let ends: Vec<_> = text
        .match_indices('\n')
        .map(|(at, _)| at)
        .filter(|at| *at > 0 && text.as_bytes()[at - 1] != b'\n')
        .collect();
    let at = ends[dice.below(ends.len())];
    (
        format!("{}{what}{}", &text[..at], &text[at..]),
        line_of(text, at),
    )
}

/// Puts `what` in the place of a quoted string on one line.
fn replace_value(text: &str, what: &str, dice: &mut Dice) -> Spoilt {
    let starts: Vec<_> = text
        .match_indices([' ', '='])
        .map(|(at, _)| at + 1)
        .filter(|at| is_string(&text[*at..]))
        .collect();
    let at = starts[dice.below(starts.len())];
    let end = at + 1 + text[at + 1..].find('"').expect("a closing quote") + 1;
    (
        format!("{}{what}{}", &text[..at], &text[end..]),
        line_of(text, at),
    )
}

fn is_string(rest: &str) -> bool {
    rest.starts_with('"') && !rest.starts_with("\"\"\"")
}

fn colon(text: &str, dice: &mut Dice) -> Spoilt {
    let names: Vec<_> = text
        .match_indices("    ")
        .map(|(at, _)| at)
        .filter(|at| is_named(&text[at + 4..]))
        .collect();
    let at = names[dice.below(names.len())] + 4;
    let end = at + text[at..].find(' ').expect("a value");
    (
        format!("{}:{}", &text[..end], &text[end..]),
        line_of(text, at),
    )
}

fn is_named(rest: &str) -> bool {
    let name = rest.split([' ', '\n']).next().unwrap_or_default();
    rest[name.len()..].starts_with(" \"")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && !name.is_empty()
}

/// A fixed sequence of numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("48 bits fit") % limit
    }
}
