//! `deny.toml` holds without `cargo deny` being installed: licences and banned crates.

use std::collections::BTreeSet;
use std::path::Path;

use super::metadata::{Workspace, string};
use super::{assert_none, text};

#[test]
fn every_dependency_has_a_licence_on_the_list() {
    let allowed = list("[licenses]", "allow = [");
    let allowed: BTreeSet<&str> = allowed.iter().map(String::as_str).collect();
    let workspace = Workspace::read();
    let bad = workspace
        .packages()
        .filter(|p| !is_allowed(string(&p["license"]), &allowed));
    let findings: Vec<_> = bad
        .map(|p| format!("{} is {}", p["name"], p["license"]))
        .collect();
    assert_none(&findings, "licences that deny.toml does not allow:");
}

#[test]
fn no_banned_crate_comes_in() {
    let banned = list("[bans]", "deny = [");
    assert!(!banned.is_empty(), "deny.toml bans nothing");
    let workspace = Workspace::read();
    let names = workspace
        .packages()
        .map(|package| string(&package["name"]).to_owned());
    let findings: Vec<_> = names.filter(|name| banned.contains(name)).collect();
    assert_none(&findings, "crates that deny.toml bans:");
}

/// The strings of an array in `deny.toml`, which names crates as `{ crate = "x", reason = ".." }`.
fn list(section: &str, start: &str) -> Vec<String> {
    let file = text(Path::new("deny.toml"));
    let array = file
        .split_once(section)
        .and_then(|(_, rest)| rest.split_once(start));
    let array = array
        .and_then(|(_, rest)| rest.split_once("\n]"))
        .map(|(array, _)| array);
    let lines = array.into_iter().flat_map(str::lines).map(str::trim);
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(first_string)
        .collect()
}

fn first_string(line: &str) -> Option<String> {
    line.split('"').nth(1).map(str::to_owned)
}

/// An SPDX expression holds if the parts on the list make it true. `WITH` belongs to its licence.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let joined = spaced.replace(" WITH ", "+WITH+");
    let mut words = joined.split_whitespace().peekable();
    either(&mut words, allowed)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut holds = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        holds |= both(words, allowed);
    }
    holds
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut holds = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    match words.next() {
        Some("(") => {
            let holds = either(words, allowed);
            words.next_if_eq(&")").is_some() && holds
        }
        Some(licence) => allowed.contains(licence.replace("+WITH+", " WITH ").as_str()),
        None => false,
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "MIT AND ISC",
        "(GPL-3.0 OR MIT) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND GPL-3.0",
        "Apache-2.0",
        "(MIT",
    ] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
