//! One use for several instances.

use std::fmt::Write;

use insta::assert_snapshot;

use crate::support::{inputs, one, said, settled, spec, spec_in, spec_of};

const WEB: &str = r#"
component web {
    param image default="web:1"
    param replicas type=int default=1
    param host type=hostname optional=#true
    service (var)name replicas=(var)param.replicas { image (var)param.image; hostname (var)param.host }
}
"#;

fn with_web(text: &str) -> String {
    format!("{WEB}{text}")
}

#[test]
fn a_list_makes_an_instance_for_each_item() {
    assert_snapshot!(spec(&with_web("use web { each api shop; image (fmt)\"reg/${each}:1\" }\n")), @r#"
    service api {"name":"api","image":"reg/api:1","replicas":1}
    service shop {"name":"shop","image":"reg/shop:1","replicas":1}
    "#);
}

#[test]
fn a_number_is_an_item_and_the_use_may_name_the_instance() {
    assert_snapshot!(spec(&with_web("use web (fmt)\"n${each}\" replicas=(var)each { each 1 2 }\n")), @r#"
    service n1 {"name":"n1","image":"web:1","replicas":1}
    service n2 {"name":"n2","image":"web:1","replicas":2}
    "#);
}

#[test]
fn a_map_has_a_value_for_each_key() {
    let same = spec(&with_web(
        "use web { each api=2 shop=3; replicas (var)each.value }\n",
    ));
    assert_snapshot!(same, @r#"
    service api {"name":"api","image":"web:1","replicas":2}
    service shop {"name":"shop","image":"web:1","replicas":3}
    "#);
    assert_eq!(
        spec(&with_web(
            "use web { each { api 2; shop 3 }; replicas (var)each.value }\n"
        )),
        same
    );
    assert_eq!(
        spec(&with_web(
            "param n type=map { default api=2 shop=3 }\nuse web { each (spread)param.n; replicas (var)each.value }\n"
        )),
        same
    );
    assert_eq!(
        spec(&with_web(
            "param n type=map { default api=2 shop=3 }\nuse web each=(var)param.n { replicas (var)each.value }\n"
        )),
        same
    );
}

#[test]
fn a_row_has_a_value_for_each_of_its_keys() {
    assert_snapshot!(spec(&with_web(r#"
use web replicas=(var)each.n {
    each {
        api n=2 host="api.example.com"
        shop { n 3; host (fmt)"${each-host}.example.com" }
    }
    image (fmt)"${each.name}:1"
    host (var)each.host
}
param each-host default=shop
"#).replace("${each-host}", "${param.each-host}")), @r#"
    service api {"name":"api","image":"api:1","replicas":2,"hostname":"api.example.com"}
    service shop {"name":"shop","image":"shop:1","replicas":3,"hostname":"shop.example.com"}
    "#);
}

#[test]
fn an_environment_may_set_the_list() {
    let text = with_web(
        "param tenants type=list { default a b }\nuse web each=(var)param.tenants\nenvironment prod { set tenants x }\nenvironment none { set tenants (spread)param.no }\n",
    );
    assert_snapshot!(spec_in("prod", &text), @r#"service x {"name":"x","image":"web:1","replicas":1}"#);
}

#[test]
fn a_list_of_nothing_makes_nothing() {
    assert_snapshot!(spec(&with_web("param tenants type=list { default }\nuse web each=(var)param.tenants\nvolume v\n")), @r#"volume v {"name":"v"}"#);
    let mut set = one(&with_web(
        "param tenants type=list { default a }\nuse web each=(var)param.tenants\nvolume v\n",
    ));
    set.inputs = inputs(None, &[("tenants", "")]);
    assert_snapshot!(spec_of(&settled(set)), @r#"volume v {"name":"v"}"#);
    let mut set = one(&with_web(
        "param tenants type=list optional=#true\nuse web each=(var)param.tenants\nvolume v\n",
    ));
    set.inputs = inputs(None, &[]);
    assert_snapshot!(spec_of(&settled(set)), @r#"volume v {"name":"v"}"#);
}

#[test]
fn components_hand_their_items_on() {
    assert_snapshot!(spec(&with_web(r#"
component pair {
    param tag
    use web (fmt)"${name}-${each}" { each left right; image (fmt)"${each}:${param.tag}" }
}
use pair { each a b; tag (fmt)"of-${each}" }
"#)), @r#"
    service a-left {"name":"a-left","image":"left:of-a","replicas":1}
    service a-right {"name":"a-right","image":"right:of-a","replicas":1}
    service b-left {"name":"b-left","image":"left:of-b","replicas":1}
    service b-right {"name":"b-right","image":"right:of-b","replicas":1}
    "#);
}

#[test]
fn every_node_knows_its_use_and_its_item() {
    let text = with_web(
        "component pair {\n    use web (fmt)\"${name}-${each}\" { each left right }\n}\nuse pair {\n    each a\n}\n",
    );
    let compiled = settled(one(&text));
    let mut out = String::new();
    for (name, service) in &compiled.spec.services {
        for used in &service.uses {
            let item = used.item.map(|item| compiled.sources.slice(item));
            writeln!(out, "{name}: {} {item:?}", compiled.sources.slice(used.at))
                .expect("strings take everything");
        }
    }
    let plan = compiled.plan.expect("nothing is wrong");
    for (address, node) in &plan.nodes {
        writeln!(
            out,
            "{address} {} {:?} {:?}",
            node.origin.place(),
            node.origin.used_at,
            node.origin.item_at
        )
        .expect("strings take everything");
    }
    assert_snapshot!(out, @r#"
    a-left: use pair Some("a")
    a-left: use web (fmt)"${name}-${each}" Some("left")
    a-right: use pair Some("a")
    a-right: use web (fmt)"${name}-${each}" Some("right")
    network.default  None None
    service.a-left skep.kdl:7 Some("skep.kdl:12") Some("skep.kdl:10")
    service.a-right skep.kdl:7 Some("skep.kdl:12") Some("skep.kdl:10")
    "#);
}

#[test]
fn items_are_told_apart() {
    assert_snapshot!(said(&with_web("use web { each api shop api }\nuse web { each x=1 { x 2 } }\nuse web each=a { each b }\nuse web fixed { each c d }\n")), @r#"
    SK2008 skep.kdl:9:25 `api` is in `each` twice
      | api
      ^ again here
      - skep.kdl:9:16 first here
      = keep one of them
    SK2008 skep.kdl:10:22 `x` is in `each` twice
      | x 2
      ^ again here
      - skep.kdl:10:16 first here
      = keep one of them
    SK2008 skep.kdl:11:18 `each` is written twice
      | each
      ^ again here
      - skep.kdl:11:9 first here
      = keep one of them
    SK2013 skep.kdl:12:9 `web` is used twice as `fixed`
      | fixed
      - skep.kdl:12:24 for this item
      = build the name from the item: (fmt)"${each}-..."
    "#);
}

#[test]
fn what_is_no_item_is_refused() {
    assert_snapshot!(said(&with_web(r#"
use web { each #null (secret)s "a b" (fmt)"${service.x.host}" }
use web { each { a 1 2; b name=x; c n=1 { n 2 }; d { n 1 2 }; e 1 value=2 } }
use web { each }
use web each=(var)param.no
"#)), @r#"
    SK2004 skep.kdl:10:16 an item of `each` cannot be null
      | #null
      = an item is a text or a number: it names an instance
    SK2004 skep.kdl:10:30 an item of `each` cannot be a secret
      | s
      = an item is a text or a number: it names an instance
    SK2005 skep.kdl:10:32 `a b` is not a name
      | "a b"
      = use letters, digits, `-` and `_`, at most 63, with a letter or digit at both ends
    SK2004 skep.kdl:10:38 an item of `each` cannot be a string with references
      | (fmt)"${service.x.host}"
      = an item is a text or a number: it names an instance
    SK2009 skep.kdl:11:22 one value too many for an item
      | 2
      = give values names, item KEY=VALUE, and read them as each.KEY
    SK2008 skep.kdl:11:27 `name` is taken: it is what the item is called
      | name
      = the first word of an item is its name; call this something else
    SK2008 skep.kdl:11:43 this is written twice
      | n
      = keep one of them
    SK2004 skep.kdl:11:54 `n` takes one value
      | n 1 2
    SK2008 skep.kdl:11:67 this is written twice
      | value
      = keep one of them
    SK2003 skep.kdl:12:11 `each` has no items
      | each
      = write them out, each ITEM ITEM, or name a list that may be empty: each (spread)param.NAME
    SK4001 skep.kdl:13:19 there is no parameter `no`
      | param.no
      = declare it: param no type=string
    "#);
}

#[test]
fn each_means_something_in_a_use_with_items_only() {
    assert_snapshot!(said(&with_web(r#"
component c { volume (fmt)"${each}" }
use c { each a }
use web b { image (var)each }
volume (var)each.name
use web { each d { f n=1; g m=2 }; image (var)each.n }
use web { each h; image (var)each.n.m; eachh 1 }
use web { eech h }
"#)), @r#"
    SK4001 skep.kdl:10:30 `each` means something in the arguments of its use only
      | each
      - skep.kdl:11:14 for this item
      - skep.kdl:11:1 used here
      - skep.kdl:12:24 and here
      - skep.kdl:13:13 and here
      = give the component a parameter, and pass it in the use
    SK2004 skep.kdl:14:42 expected a string, found a whole number
      | (var)each.n
      - skep.kdl:14:20 for this item
      = write "1"
    SK4001 skep.kdl:14:47 the item `d` has no `n`
      | each.n
      - skep.kdl:14:16 for this item
      = write `n` into every item of `each`
    SK4001 skep.kdl:14:47 the item `g` has no `n`
      | each.n
      - skep.kdl:14:27 for this item
      = write `n` into every item of `each`
    SK4001 skep.kdl:15:30 `each.n.m` leads nowhere
      | each.n.m
      - skep.kdl:15:16 for this item
      = write each, or each.KEY
    SK4004 skep.kdl:15:40 the component `web` has no parameter `eachh`
      | eachh
      ^ did you mean `each`?
      - skep.kdl:15:16 for this item
      = write `each`
    SK2003 skep.kdl:16:1 `use web` needs `NAME`
      | use web
      ^ `NAME` is missing
      = write `use COMPONENT NAME`
    "#);
}

#[test]
fn a_mistake_shows_with_its_item() {
    assert_snapshot!(said(&with_web("use web {\n    each { a n=2; b n=x }\n    replicas (var)each.n\n}\n")), @r"
    SK2004 skep.kdl:11:14 expected a whole number, found a string
      | (var)each.n
      ^ this is a string
      - skep.kdl:10:19 for this item
    ");
}

#[test]
fn items_have_a_limit() {
    let many = (0..1001).fold(String::new(), |mut all, n| {
        write!(all, " n{n}").expect("strings take everything");
        all
    });
    let said = said(&with_web(&format!("use web {{ each{many} }}\n")));
    assert!(
        said.contains("`each` has 1001 items, and 1000 at most"),
        "{said}"
    );
    let fits = many
        .rsplit_once(' ')
        .expect("there are several")
        .0
        .to_owned();
    assert_eq!(
        crate::support::said(&with_web(&format!("use web {{ each{fits} }}\n"))),
        ""
    );
}

#[test]
fn an_unknown_list_is_no_mistake_of_its_own() {
    let mut set = one(&with_web(
        "param tenants type=list\nuse web each=(var)param.tenants\nroute x.example.com { match \"/\" { to api } }\ngateway g { proxy caddy; listen 80 }\n",
    ));
    set.inputs.allow_unset_params = true;
    assert_snapshot!(crate::support::errors(&settled(set)), @"");
}

#[test]
fn no_parameter_is_called_each() {
    assert_snapshot!(said("component c { param each default=x; volume (var)name }\nuse c a\n"), @r"
    SK2005 skep.kdl:2:21 no parameter can be called `each`
      | each
      = in a use it is the list of items; choose another name
    ");
}
