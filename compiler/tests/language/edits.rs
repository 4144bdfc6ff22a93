//! Edits whose place is hard to find.

use skep_compiler::edit::{Object, Property, Refusal, Written, apply, insert, rename, set};
use skep_fuzz::text::read;
use skep_schema::address::{Address, Kind};

use crate::support::{HEAD, one};

/// The text after a line was put into `volume v`.
fn put_in(text: &str, line: &str) -> String {
    let written = Written::of(&one(text));
    let volume = Address::new(Kind::Volume, "v");
    let site = insert(&written, Some(&volume), None, line).expect("there is a volume");
    let after = apply(&format!("{HEAD}{text}"), &site.splices).expect("one splice fits");
    after.strip_prefix(HEAD).expect("the head stays").to_owned()
}

/// Found by the target `edits`: the comment took the closing brace in.
#[test]
fn a_comment_at_the_end_of_a_line_leaves_the_block_closed() {
    for (text, after) in [
        (
            "volume v { driver a }\n",
            "volume v { driver a \nlabel b=1 // why\n}\n",
        ),
        ("volume v {}\n", "volume v {\nlabel b=1 // why\n}\n"),
        ("volume v\n", "volume v { label b=1 // why\n}\n"),
    ] {
        assert_eq!(put_in(text, "label b=1 // why"), after, "{text}");
    }
}

/// Found by the law of edits: the line ran into what is dropped.
#[test]
fn a_line_before_what_is_dropped_ends() {
    let after = put_in("volume v { /- driver a }\n", "label b=1");
    assert_eq!(after, "volume v { label b=1;  /- driver a }\n");
    assert_eq!(read(&after).diagnostics, []);
}

/// Found by the target `edits`: the backslashes that the address has were left as they are.
#[test]
fn a_name_that_needs_quotes_is_spelt_in_addresses_and_paths() {
    let text = "route a.test { redirect \"/\" to=\"/b\" }\nnetwork n\n\
                moved from=network.m to=network.n\n\
                service s { image \"s:1\"; env { A (var)network.n.name; B (fmt)\"${network.n.name}\" } }\n";
    let set = one(text);
    let from = Address::new(Kind::Network, "n");
    let splices = rename(&Written::of(&set), &from, "a\"b\\", Object::Kept).expect("it is free");
    let after = apply(&format!("{HEAD}{text}"), &splices).expect("they do not overlap");
    assert_eq!(read(&after).diagnostics, [], "{after}");
    for spelt in [
        r#"network "a\"b\\""#,
        r#"moved from="network.n" to="network.\"a\\\"b\\\\\"""#,
        r#"(var)"network.\"a\\\"b\\\\\".name""#,
        r#"(fmt)"${network.\"a\\\"b\\\\\".name}""#,
    ] {
        assert!(after.contains(spelt), "{spelt} in\n{after}");
    }
}

/// Found by the target `edits`: it was written as `a=1 -1=5`.
#[test]
fn a_key_that_needs_quotes_is_spelt_among_properties() {
    let text = "volume v { label a=1 }\n";
    let of = Property {
        address: Address::new(Kind::Volume, "v"),
        path: vec!["label".to_owned(), "-1".to_owned()],
    };
    let sites = set(&Written::of(&one(text)), &of, &["5".to_owned()]).expect("it can be set");
    let after = apply(&format!("{HEAD}{text}"), &sites[0].splices).expect("one splice fits");
    assert!(after.contains("label a=1 \"-1\"=5 }"), "{after}");
}

/// Found by the target `edits`: what stands between a spread value and the others was replaced as well.
#[test]
fn values_that_are_written_in_several_places_are_not_set_as_one() {
    let spread = "param l type=list { default a b }\nnetwork n\n\
                  service s { image \"s:1\"; command (spread)param.l c }\n";
    let appended = "service s { image \"s:1\"; command a b }\nnetwork n\n\
                    environment prod { patch service s { append command c } }\n";
    for text in [spread, appended] {
        let mut sources = one(text);
        sources.inputs.environment = text.contains("prod").then(|| "prod".to_owned());
        let of = Property {
            address: Address::new(Kind::Service, "s"),
            path: vec!["command".to_owned()],
        };
        let refused = set(&Written::of(&sources), &of, &["z".to_owned()]).unwrap_err();
        let Refusal::No { message, help } = refused else {
            panic!("{refused}");
        };
        assert_eq!(
            message,
            "the values of `command` are written in several places"
        );
        assert_eq!(help, "change them there by hand: skep.kdl:2, skep.kdl:4");
    }
}
