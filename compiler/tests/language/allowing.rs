//! Lints that the author lets stand.

use skep_compiler::source::SourceSet;
use skep_compiler::{Allowed, Checked, check};

use crate::support::{HEAD, one, said, settled};

/// Codes that are reported, and those that are allowed with their reasons.
fn outcome(text: &str) -> (Vec<String>, Vec<String>) {
    let spec = format!("{HEAD}{text}");
    let Checked {
        diagnostics,
        allowed,
        ..
    } = check(&SourceSet::of([("skep.kdl", spec.as_str())]));
    let told = diagnostics.iter().map(|d| d.code.to_string()).collect();
    let of = |a: &Allowed| format!("{} {} {}", a.code, a.silenced.len(), a.reason);
    (told, allowed.iter().map(of).collect())
}

fn pair(told: &[&str], allowed: &[&str]) -> (Vec<String>, Vec<String>) {
    let own = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
    (own(told), own(allowed))
}

const TWO: &str = "service a { image \"a\"; ALLOW }\nservice b { image \"b\" }\n";

#[test]
fn it_holds_for_the_node_it_is_written_in() {
    let text = TWO.replace("ALLOW", "allow SK5001 \"built here\"");
    assert_eq!(outcome(&text), pair(&["SK5001"], &["SK5001 1 built here"]));
}

#[test]
fn at_the_top_it_holds_for_the_project() {
    let text = format!("allow SK5001 \"built here\"\n{}", TWO.replace("ALLOW", ""));
    assert_eq!(outcome(&text), pair(&[], &["SK5001 2 built here"]));
}

#[test]
fn inside_a_block_it_holds_for_that_block() {
    let with = |place: &str| {
        let text = "service a { image \"a:1\"; update { on-failure pause; IN }; rollback { OUT } }";
        let allow = "allow SK5005 \"we watch it\"";
        outcome(
            &text
                .replace(place, allow)
                .replace("IN", "")
                .replace("OUT", ""),
        )
    };
    assert_eq!(with("IN"), pair(&[], &["SK5005 1 we watch it"]));
    assert_eq!(
        with("OUT"),
        pair(&["SK5005", "SK5023"], &["SK5005 0 we watch it"])
    );
}

#[test]
fn a_component_allows_for_all_its_uses() {
    let text = "component c { service (var)name { image \"a\"; allow SK5001 \"built here\" } }\n\
                use c one\nuse c two\n";
    assert_eq!(outcome(text), pair(&[], &["SK5001 1 built here"]));
}

const MAKER: &str = "component c { service (var)name { image \"a\" } }\n";

#[test]
fn in_a_use_it_holds_for_what_that_use_makes() {
    let allow = "{ allow SK5001 \"built here\" }";
    let first = format!("{MAKER}use c one {allow}\nuse c two\n");
    assert_eq!(outcome(&first), pair(&["SK5001"], &["SK5001 1 built here"]));
    let second = format!("{MAKER}use c one\nuse c two {allow}\n");
    assert_eq!(
        outcome(&second),
        pair(&["SK5001"], &["SK5001 1 built here"])
    );
    let both = format!("{MAKER}use c one {allow}\nuse c two {allow}\n");
    let built = "SK5001 1 built here";
    assert_eq!(outcome(&both), pair(&[], &[built, built]));
}

#[test]
fn what_is_left_names_the_use_that_does_not_allow_it() {
    let spec = format!("{HEAD}{MAKER}use c one {{ allow SK5001 \"built here\" }}\nuse c two\n");
    let found = check(&SourceSet::of([("skep.kdl", spec.as_str())])).diagnostics;
    let labels = found.iter().flat_map(|d| &d.secondary);
    let uses: Vec<&str> = labels
        .filter(|label| label.text == "used here")
        .map(|label| &spec[label.span.start as usize..label.span.end as usize])
        .collect();
    assert_eq!(uses, ["use c two"]);
}

#[test]
fn in_a_use_it_holds_for_every_item_and_for_uses_inside() {
    let items = format!("{MAKER}use c {{ each one two; allow SK5001 \"built here\" }}\n");
    assert_eq!(outcome(&items), pair(&[], &["SK5001 1 built here"]));
    let inner = format!(
        "{MAKER}component d {{ use c (var)name }}\n\
         use d one {{ allow SK5001 \"built here\" }}\nuse d two\n"
    );
    assert_eq!(outcome(&inner), pair(&["SK5001"], &["SK5001 1 built here"]));
}

#[test]
fn in_a_use_it_is_missed_where_it_allows_nothing() {
    let text = "component c { service (var)name { image \"a:1\" } }\n\
                use c one { allow SK5001 \"built here\" }\n";
    assert_eq!(outcome(text), pair(&["SK5023"], &["SK5001 0 built here"]));
}

#[test]
fn one_environment_that_needs_it_is_enough() {
    let text = "service a { image \"a:1\"; allow SK5001 \"built here\" }\n\
                environment dev { patch service a { image \"a\"; allow SK5001 \"built anew\" } }\n";
    assert_eq!(
        outcome(text),
        pair(&["SK5023"], &["SK5001 0 built here", "SK5001 1 built anew"])
    );
}

#[test]
fn what_is_no_lint_is_refused() {
    let refused = |allow: &str| said(&format!("service a {{ image \"a:1\"; {allow} }}"));
    for (allow, why) in [
        (
            "allow SK3001 \"x\"",
            "SK3001 is an error, which cannot be allowed",
        ),
        ("allow SK5999 \"x\"", "there is no code `SK5999`"),
        ("allow SK5001 \" \"", "the reason says nothing"),
        ("allow SK5001", "needs `REASON`"),
        ("allow latest \"x\"", "`service` knows no `allow`"),
    ] {
        let said = refused(allow);
        assert!(said.contains(why), "{allow}: {said}");
    }
}

#[test]
fn addresses_of_a_route_are_no_lints() {
    let text = "gateway g { proxy nginx; listen 80 }\nservice a { image \"a:1\"; port http 80 }\n\
                route x.example.com { match \"/\" { to a port=http; allow \"10.0.0.0/8\" } }\n";
    assert_eq!(outcome(text), pair(&[], &[]));
}

#[test]
fn an_allowance_changes_no_plan() {
    let digest = |text: &str| settled(one(text)).plan.map(|plan| plan.digest);
    let without = TWO.replace("ALLOW", "");
    let with = TWO.replace("ALLOW", "allow SK5001 \"built here\"");
    assert_eq!(digest(&with), digest(&without));
    assert!(digest(&with).is_some());
}
