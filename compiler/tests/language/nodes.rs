//! Nodes of all kinds: their shapes, and what is said of wrong ones.

use insta::assert_snapshot;

use crate::support::{one, said, settled, spec};

#[test]
fn an_unknown_node_is_an_error() {
    assert_snapshot!(said("servce x\nzebra y\nenvironmnt z\n"), @r#"
    SK2001 skep.kdl:2:1 there is no node `servce`
      | servce
      ^ did you mean `service`?
      = write `service`
    SK2001 skep.kdl:3:1 there is no node `zebra`
      | zebra
      = there are `node`, `network`, `volume`, `secret`, `config`, `certificate`, `registry`, `service`, `gateway`, `route`, `flow`, `project`, `param`, `component`, `use`, `environment` and 8 more
    SK2001 skep.kdl:4:1 there is no node `environmnt`
      | environmnt
      ^ did you mean `environment`?
      = write `environment`
    "#);
}

#[test]
fn kinds_of_later_versions_are_named_as_such() {
    assert_snapshot!(said("record x\nalert y\ncertificate c { acme x }\nservice s { image \"a:1\"; serverless { min 0 } }\n"), @r#"
    SK2012 skep.kdl:2:1 `record` is planned, and not in this version
      | record
      = take it out for now
    SK2012 skep.kdl:3:1 `alert` is planned, and not in this version
      | alert
      = take it out for now
    SK2012 skep.kdl:4:17 `acme` is planned, and not in this version
      | acme
      = take it out for now
    SK2012 skep.kdl:5:26 `serverless` is planned, and not in this version
      | serverless
      = take it out for now
    "#);
}

#[test]
fn two_nodes_of_one_name_are_told_with_both_places() {
    assert_snapshot!(said("volume v\nnetwork v\nvolume v\nvolume v { label a=1 }\n"), @r#"
    SK2013 skep.kdl:4:8 two nodes are called `volume v`
      | v
      ^ again here
      - skep.kdl:2:8 first here
      = rename one of them, or take it away
    SK2013 skep.kdl:5:8 two nodes are called `volume v`
      | v
      ^ again here
      - skep.kdl:2:8 first here
      = rename one of them, or take it away
    "#);
}

#[test]
fn two_routes_of_one_host_are_the_same() {
    assert_snapshot!(said(r#"
gateway g { proxy caddy; listen 80 }
service a { image "a:1"; port http 80 }
route shop.example.com { match "/" { to a } }
route SHOP.example.com { match "/" { to a } }
"#), @r#"
    SK2013 skep.kdl:6:7 two nodes are called `route shop.example.com`
      | SHOP.example.com
      ^ again here
      - skep.kdl:5:7 first here
      = rename one of them, or take it away
    "#);
}

#[test]
fn a_scalar_is_a_property_or_a_child() {
    let properties = spec("network n internal=#true mtu=1400 driver=overlay\n");
    let children = spec("network n { internal; mtu 1400; driver overlay }\n");
    assert_eq!(properties, children);
    assert_snapshot!(properties, @r#"network n {"name":"n","driver":"overlay","internal":true,"mtu":1400}"#);
}

#[test]
fn something_written_twice_is_an_error() {
    assert_snapshot!(said("network n mtu=1 mtu=2 { mtu 3; driver overlay; driver overlay }\nvolume v { label a=1 a=2 { a 3 } }\n"), @r#"
    SK2008 skep.kdl:2:17 `mtu` is written twice
      | mtu
      ^ again here
      - skep.kdl:2:11 first here
      = keep one of them
    SK2008 skep.kdl:2:25 `mtu` is written twice
      | mtu
      ^ again here
      - skep.kdl:2:11 first here
      = keep one of them
    SK2008 skep.kdl:2:48 `driver` is written twice
      | driver
      ^ again here
      - skep.kdl:2:32 first here
      = keep one of them
    SK2008 skep.kdl:3:22 `a` is written twice
      | a
      ^ again here
      - skep.kdl:3:18 first here
      = keep one of them
    SK2008 skep.kdl:3:28 `a` is written twice
      | a
      ^ again here
      - skep.kdl:3:18 first here
      = keep one of them
    "#);
}

#[test]
fn unknown_words_and_values_are_errors() {
    assert_snapshot!(said(r#"
service s extra {
    image "a:1" "b:1"
    replcas 3
    restart onfailure
    port http eighty
    port
    limits cpu=lots memory="1G" pids=-1
    health { every 10 }
    env A=#null { B; C 1 2 }
    mount volume=v
    image x=1
    replicas { x 1 }
}
"#), @r#"
    SK2009 skep.kdl:3:11 one value too many for `service`
      | extra
    SK2009 skep.kdl:4:17 `image` takes one value
      | "b:1"
      ^ one too many
    SK2002 skep.kdl:5:5 `service` knows no `replcas`
      | replcas
      ^ did you mean `replicas`?
      = write `replicas`
    SK2007 skep.kdl:6:13 `onfailure` is not one of `any`, `on-failure`, `none`
      | onfailure
      ^ did you mean `on-failure`?
      = write `on-failure`
    SK2005 skep.kdl:7:15 `eighty` is no port
      | eighty
      = a port is a number from 1 to 65535
    SK2003 skep.kdl:8:5 `port` needs `NAME`
      | port
      ^ `NAME` is missing
      = write `port NAME NUMBER`
    SK2006 skep.kdl:9:16 `lots` is no share of processors such as 0.5, 2 or "250m"
      | lots
    SK2006 skep.kdl:9:28 `1G` may mean powers of 1024 or of 1000
      | "1G"
      = write "1GiB" or "1GB"
    SK2005 skep.kdl:9:38 -1 is not between 0 and 18446744073709551615
      | -1
    SK2006 skep.kdl:10:20 `10` has no unit of time
      | 10
      = write "10s" or "10ms" or "10m"
    SK2004 skep.kdl:11:11 an environment variable cannot be null
      | #null
      = leave it out, write "", or pass a parameter: (var)param.name
    SK2003 skep.kdl:11:19 `B` needs a value
      | B
      = a value that comes from outside is a parameter: write (var)param.name
    SK2003 skep.kdl:11:22 `C` needs a value
      | C 1 2
      = a value that comes from outside is a parameter: write (var)param.name
    SK2003 skep.kdl:12:5 `mount` needs `to`
      | mount volume=v
      ^ `to` is missing
      = write `to=...`: where it appears in the container
    SK2008 skep.kdl:13:5 `image` is written twice
      | image
      ^ again here
      - skep.kdl:4:5 first here
      = keep one of them
    SK2001 skep.kdl:14:16 `replicas` takes no children
      | x
    "#);
}

#[test]
fn a_node_without_its_name_is_an_error() {
    assert_snapshot!(said("volume\nroute { match \"/\" { to x } }\nservice \"a b\" { image \"a:1\" }\nregistry\n"), @r#"
    SK2003 skep.kdl:2:1 `volume` needs `NAME`
      | volume
      ^ `NAME` is missing
      = write `volume NAME`
    SK2003 skep.kdl:3:1 `route` needs `HOST`
      | route
      ^ `HOST` is missing
      = write `route HOST`
    SK2005 skep.kdl:4:9 `a b` is not a name
      | "a b"
      = use letters, digits, `-` and `_`, at most 63, with a letter or digit at both ends
    SK2003 skep.kdl:5:1 `registry` needs `HOST`
      | registry
      ^ `HOST` is missing
      = write `registry HOST`
    "#);
}

#[test]
fn a_node_that_could_not_be_read_gives_no_second_error() {
    assert_snapshot!(said(r#"
gateway g { listen 80 }
service "a b" { image "a:1" }
service s { image "a:1"; port http 80; needs "a b"; mount volume=v to=5 }
volume v 5
route x.example.com { gateway g; match "/" { to s } }
"#), @r#"
    SK2003 skep.kdl:3:1 `gateway g` needs `proxy`
      | gateway g
      ^ `proxy` is missing
      = write `proxy=...`: which proxy
    SK2005 skep.kdl:4:9 `a b` is not a name
      | "a b"
      = use letters, digits, `-` and `_`, at most 63, with a letter or digit at both ends
    SK2004 skep.kdl:5:71 expected an absolute path, found a whole number
      | 5
      ^ this is a whole number
    SK2009 skep.kdl:6:10 one value too many for `volume`
      | 5
    "#);
}

#[test]
fn a_value_that_is_wrong_is_not_missing_as_well() {
    assert_snapshot!(said("service s { image \"not an image\" }\nsecret t { from env=#null }\n"), @r#"
    SK2005 skep.kdl:2:19 `not an image` is no image reference
      | "not an image"
      = write it as registry.example.com/team/app:1.2
    SK2004 skep.kdl:3:21 expected a string, number or boolean, found null
      | #null
      ^ this is null
    "#);
}

#[test]
fn after_a_mistake_of_writing_the_same_line_is_not_blamed_again() {
    assert_snapshot!(said("service s {\n    image \"a:1\n    replicas = 3\n    init\n}\nvolume v { labl x=1 }\n"), @r#"
    SK1002 skep.kdl:3:11 this string is not closed on its line
      | "a:1
      = end it with a quote; text of several lines stands between two lines of `"""`
    SK1009 skep.kdl:4:14 a node takes its value without `=`
      | =
      = write `name value` or `name { .. }`; `key=value` only stands behind a node's name
    SK2002 skep.kdl:7:12 `volume` knows no `labl`
      | labl
      ^ did you mean `label`?
      = write `label`
    "#);
}

#[test]
fn a_poisoned_node_keeps_its_name() {
    let compiled = settled(one(
        "volume v 5\nservice s { image \"a:1\"; mount volume=v to=\"/x\" }\n",
    ));
    let all: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|d| d.message.clone())
        .collect();
    assert_eq!(all.len(), 1, "{all:?}");
}
