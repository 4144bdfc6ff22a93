//! Components and their uses.

use std::fmt::Write;

use insta::assert_snapshot;

use crate::support::{errors, said, settled, several, spec, spec_of};

const WEB: &str = r#"
component web {
    doc "A web service"
    param image
    param replicas type=int default=2 max=5
    param env type=map optional=#true
    service (var)name replicas=(var)param.replicas {
        image (var)param.image
        env (spread)param.env NAME=(fmt)"${name}-1"
    }
    volume (fmt)"${name}-data"
}
"#;

fn with_web(text: &str) -> String {
    format!("{WEB}{text}")
}

#[test]
fn a_use_stands_for_the_body_with_its_arguments() {
    assert_snapshot!(spec(&with_web("use web a image=\"a:1\" { env { X 1 } }\nuse web b { image \"b:1\"; replicas 4 }\n")), @r#"
    volume a-data {"name":"a-data"}
    volume b-data {"name":"b-data"}
    service a {"name":"a","image":"a:1","replicas":2,"env":{"X":"1","NAME":"a-1"}}
    service b {"name":"b","image":"b:1","replicas":4,"env":{"NAME":"b-1"}}
    "#);
}

#[test]
fn arguments_are_evaluated_where_they_are_written() {
    assert_snapshot!(spec(&with_web("param tag default=five\nuse web a { image (fmt)\"a:${param.tag}\" }\n")), @r#"
    volume a-data {"name":"a-data"}
    service a {"name":"a","image":"a:five","replicas":2,"env":{"NAME":"a-1"}}
    "#);
}

#[test]
fn a_component_sees_nothing_of_the_project() {
    assert_snapshot!(said(r"
param tag default=x
component c { volume (var)name { label a=(var)param.tag b=(var)env.name } }
use c one
"), @r#"
    SK4001 skep.kdl:4:47 the component has no parameter `tag`
      | param.tag
      - skep.kdl:5:1 used here
      = declare it: param tag type=string
    SK4001 skep.kdl:4:64 `env.name` cannot be seen from inside a component
      | env.name
      - skep.kdl:5:1 used here
      = give the component a parameter, and pass it in the use
    "#);
}

#[test]
fn arguments_are_checked_against_the_parameters() {
    assert_snapshot!(said(&with_web("use web a imge=\"a:1\"\nuse web b image=\"b:1\" replicas=9\nuse web c image=1 { image \"x\" }\nuse web d extra image=\"d:1\"\n")), @r#"
    SK4004 skep.kdl:14:11 the component `web` has no parameter `imge`
      | imge
      ^ did you mean `image`?
      = write `image`
    SK4006 skep.kdl:15:32 `replicas` is at most 5
      | 9
      - skep.kdl:6:11 declared here
    SK2004 skep.kdl:16:17 expected a string, found a whole number
      | 1
      = write "1"
    SK2008 skep.kdl:16:21 `image` is given twice
      | image
      ^ again here
      - skep.kdl:16:11 first here
      = keep one of them
    SK2009 skep.kdl:17:11 one value too many for `use`
      | extra
      = arguments have names: use COMPONENT NAME { PARAM VALUE }
    "#);
}

#[test]
fn a_component_must_be_declared() {
    assert_snapshot!(said(&with_web("use wep a\nuse other b\nuse web\n")), @r#"
    SK4007 skep.kdl:14:5 there is no component `wep`
      | wep
      ^ did you mean `web`?
      = write `web`
    SK4007 skep.kdl:15:5 there is no component `other`
      | other
      = declare it, component other { ... }, or import it
    SK2003 skep.kdl:16:1 `use web` needs `NAME`
      | use web
      ^ `NAME` is missing
      = write `use COMPONENT NAME`
    "#);
}

#[test]
fn a_mistake_in_a_component_shows_once_with_all_its_uses() {
    assert_snapshot!(said("component c { volume (var)name { labl a=1 } }\nuse c one\nuse c two\n"), @r#"
    SK2002 skep.kdl:2:34 `volume` knows no `labl`
      | labl
      ^ did you mean `label`?
      - skep.kdl:3:1 used here
      - skep.kdl:4:1 used here
      = write `label`
    "#);
}

#[test]
fn a_component_that_nothing_uses_is_looked_at_all_the_same() {
    assert_snapshot!(said(r#"
component c {
    param image
    param n type=int
    service (var)name replicas=(var)param.n { imge "a:1"; image (var)param.image; env A=(var)param.x }
    use d (fmt)"${name}-d"
    environment x
}
"#), @r#"
    SK2002 skep.kdl:6:47 `service` knows no `imge`
      | imge
      ^ did you mean `image`?
      = write `image`
    SK4001 skep.kdl:6:94 the component has no parameter `x`
      | param.x
      = declare it: param x type=string
    SK2001 skep.kdl:8:5 `environment` cannot stand in a component
      | environment
      = a component holds the nodes that each use makes
    "#);
}

#[test]
fn a_component_cannot_use_itself() {
    assert_snapshot!(said("component a { use b x }\ncomponent b { use a x }\nuse a one\n"), @r#"
    SK4008 skep.kdl:3:19 these components use each other: a -> b -> a
      | a
      - skep.kdl:2:15 used here
      - skep.kdl:4:1 used here
      = a component cannot contain itself; take this use away
    "#);
}

#[test]
fn uses_are_nested_and_keep_all_places() {
    let set = several(&[(
        "skep.kdl",
        "project t edition=1\ncomponent inner { volume (var)name }\ncomponent outer { use inner (fmt)\"${name}-in\" }\nuse outer one\n",
    )]);
    let compiled = settled(set);
    assert_snapshot!(spec_of(&compiled), @r#"volume one-in {"name":"one-in"}"#);
    let places: Vec<&str> = compiled.spec.volumes["one-in"]
        .uses
        .iter()
        .map(|span| compiled.sources.slice(span.at))
        .collect();
    assert_eq!(places, ["use outer one", "use inner (fmt)\"${name}-in\""]);
}

#[test]
fn nesting_has_an_end() {
    let mut text = String::from("component c0 { volume x }\n");
    for depth in 1..20 {
        writeln!(text, "component c{depth} {{ use c{} x }}", depth - 1)
            .expect("strings take everything");
    }
    text.push_str("use c19 x\n");
    let said = said(&text);
    assert_eq!(
        said.lines().next(),
        Some("SK4009 skep.kdl:6:20 uses are nested deeper than 16")
    );
}

#[test]
fn expansion_has_a_budget() {
    let mut text = String::from("component c0 { volume (var)name { label a=1 } }\n");
    for depth in 1..12 {
        let uses: Vec<String> = (0..6)
            .map(|n| format!("use c{} (fmt)\"${{name}}{n}\"", depth - 1))
            .collect();
        let uses = uses.join("; ");
        writeln!(text, "component c{depth} {{ {uses} }}").expect("strings take everything");
    }
    text.push_str("use c11 x\n");
    let said = said(&text);
    assert!(said.contains("SK4009"), "{said}");
    assert!(said.contains("more than 100000 nodes"), "{said}");
}

#[test]
fn one_component_is_used_once_under_one_name() {
    assert_snapshot!(said(&with_web("use web a image=\"a:1\"\nuse web a image=\"b:1\"\n")), @r#"
    SK2013 skep.kdl:15:9 `web` is used twice as `a`
      | a
      ^ again here
      - skep.kdl:14:9 first here
      = give one of them another name
    "#);
}

#[test]
fn fixed_names_in_a_component_collide_when_it_is_used_twice() {
    assert_snapshot!(said("component c { network edge }\nuse c one\nuse c two\n"), @r#"
    SK2013 skep.kdl:2:23 two nodes are called `network edge`
      | edge
      ^ again here
      - skep.kdl:3:1 used here first
      - skep.kdl:4:1 used here
      = build the name from the instance's: (fmt)"${name}-..."
    "#);
}

#[test]
fn what_shapes_a_project_cannot_stand_in_a_component() {
    assert_snapshot!(said("component c { environment x; project y edition=1; volume (var)name }\nuse c one\n"), @r#"
    SK2001 skep.kdl:2:15 `environment` cannot stand in a component
      | environment
      - skep.kdl:3:1 used here
      = a component holds the nodes that each use makes
    SK2001 skep.kdl:2:30 `project` cannot stand in a component
      | project
      - skep.kdl:3:1 used here
      = a component holds the nodes that each use makes
    "#);
}

#[test]
fn components_come_from_a_folder_under_a_name() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1 { import \"./parts\" as=p }\nuse p.disk one\nuse p.pair two\n",
        ),
        ("parts/disk.kdl", "component disk { volume (var)name }\n"),
        (
            "parts/pair.kdl",
            "component pair { use disk (fmt)\"${name}-a\"; use disk (fmt)\"${name}-b\" }\n",
        ),
    ]);
    assert_snapshot!(spec_of(&settled(set)), @r#"
    volume one {"name":"one"}
    volume two-a {"name":"two-a"}
    volume two-b {"name":"two-b"}
    "#);
}

#[test]
fn an_import_that_cannot_be_followed_says_why() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1 {\n    import \"std:observabilty\"\n    import \"./none\"\n    import \"git+https://x\"\n    import \"./parts\" as=p\n    import \"./parts\" as=p\n}\n",
        ),
        (
            "parts/a.kdl",
            "component a { volume (var)name }\nnetwork n\n",
        ),
    ]);
    assert_snapshot!(errors(&settled(set)), @r#"
    SK4013 skep.kdl:2:12 there are no standard components called `observabilty`
      | "std:observabilty"
      ^ did you mean `std:observability`?
      = write "std:observability"
    SK4013 skep.kdl:3:12 the folder `none` holds no .kdl file
      | "./none"
    SK4013 skep.kdl:4:12 `git+https://x` cannot be imported
      | "git+https://x"
      = write "std:NAME", "./FOLDER", "../PROJECT" or "git:REPOSITORY" rev="TAG"
    SK2013 skep.kdl:6:12 two imports are called `p`
      | "./parts"
      - skep.kdl:5:12 first here
      = name one of them: as=NAME
    SK4013 parts/a.kdl:2:1 `network` cannot be imported
      | network n
      - skep.kdl:5:12 imported here
      = only components can; `include` takes whole files
    "#);
}

#[test]
fn standard_components_are_known_by_their_own_name() {
    let names: Vec<&str> = skep_stdlib::components().map(|(name, _)| name).collect();
    for name in names {
        let set = several(&[(
            "skep.kdl",
            &format!("project t edition=1 {{ import \"std:{name}\" }}\n"),
        )]);
        assert_eq!(errors(&settled(set)), "", "std:{name}");
    }
}

/// Found by the target `compile`: such a project had neither a plan nor an error.
#[test]
fn a_component_that_nothing_uses_hides_no_mistake() {
    let text = "component pair { service (fmt)\"${name}-x\" { image \"x:1\" } }\n\
                service web { image \"web:1\"; needs nowhere }\n";
    let told = said(text);
    assert!(told.contains("no service is called `nowhere`"), "{told}");
}
