//! Plans are the same wherever, whenever and in whichever order they are made.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use skep_fuzz::project::DECLARATIONS;
use skep_schema::plan::{Origin, Plan};

use crate::support::plan;

/// The same declarations with the words of some of them the other way round.
const TURNED: &[(&str, &str)] = &[
    ("internal; encrypted;", "encrypted; internal;"),
    (
        "\"10.9.0.0/24\" \"10.8.0.0/24\"",
        "\"10.8.0.0/24\" \"10.9.0.0/24\"",
    ),
    ("option b=2 a=1", "option { a 1; b 2 }"),
    ("listen 80; listen 8443 tls;", "listen 8443 tls; listen 80;"),
    (
        "\"10.0.0.0/8\" \"192.168.0.0/16\"",
        "\"192.168.0.0/16\" \"10.0.0.0/8\"",
    ),
    (
        "network edge; network data { alias w2 w1 };",
        "network data { alias w1 w2 }; network edge;",
    ),
    ("env B=2 A=1;", "env { A 1; B \"2\" };"),
    (
        "\"node.role==worker\" \"node.labels.a==1\"",
        "\"node.labels.a == 1\" \"node.role == worker\"",
    ),
    ("set Y=1 X=2; remove B A", "remove A B; set X=2 Y=1"),
    (
        "allow \"10.0.0.0/8\" \"1.2.3.4\"",
        "allow \"1.2.3.4\" \"10.0.0.0/8\"",
    ),
    (
        "redirect \"/y\" to=\"/z\"; redirect \"/x\" to=\"/z\"",
        "redirect \"/x\" to=\"/z\"; redirect \"/y\" to=\"/z\"",
    ),
    ("a.test c.test b.test", "a.test b.test c.test"),
];

/// A plan without the places of its nodes, which do move.
fn placeless(text: &str) -> Plan {
    let mut plan = plan(text);
    plan.nodes
        .values_mut()
        .for_each(|node| node.origin = Origin::default());
    plan
}

fn digests(plan: &Plan) -> Vec<String> {
    plan.nodes
        .iter()
        .map(|(address, node)| format!("{address} {}", node.digest))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_writing_says_nothing(
        order in Just((0..DECLARATIONS.len()).collect::<Vec<_>>()).prop_shuffle(),
        turned in proptest::collection::vec(proptest::bool::ANY, TURNED.len()),
    ) {
        let mut text = order.iter().map(|index| DECLARATIONS[*index]).collect::<Vec<_>>().join("\n");
        for ((from, to), _) in TURNED.iter().zip(&turned).filter(|(_, turn)| **turn) {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let usual = placeless(&DECLARATIONS.join("\n"));
        let other = placeless(&text);
        prop_assert_eq!(digests(&usual), digests(&other));
        let bytes = |plan: &Plan| serde_json::to_string(plan).expect("a plan is JSON");
        prop_assert!(bytes(&usual) == bytes(&other), "equal digests, other bytes");
    }
}

/// These move only with a decision: everybody's plans move with them.
#[test]
fn digests_stay_what_they_are() {
    let plan = plan(
        r#"
        network edge
        network data { internal; mtu 1400 }
        volume pgdata
        secret password { from env=PASSWORD }
        config page text="hello"
        service db { image "postgres:17"; network data; port sql 5432; mount volume=pgdata to="/d"; health { tcp } }
        service web replicas=2 {
            image "web:1"; network edge; network data; port http 8080
            env LOG=info; secret password; config page; needs db when=healthy
            limits memory="64MiB"; placement { constraint "node.role==worker" }
        }
        service once mode=once { image "web:1" }
        "#,
    );
    assert_eq!(
        digests(&plan),
        [
            "network.data w1:5o3tcmwlb623ukimvhj5cnfe76",
            "network.default w1:xhmdi7iqhe4tu6gg2o7yu5ycgc",
            "network.edge w1:6q5lypcq2nscmvlcgn77s4crse",
            "volume.pgdata w1:gndcb3kpacc52ircpbx4dz43ma",
            "secret.password w1:7gbndyjf4r47tbk7wyu5jf6332",
            "config.page w1:usmr3nrek3eikmscjqwl2v3wl5",
            "service.db w1:xhd6qm3cnslbpp6uljyg5tmi26",
            "service.once w1:ixb36fvx4iktma3wtpj3vftk5g",
            "service.web w1:qkwahz2hwy5nxpnybc5z54ajci",
        ]
    );
    assert_eq!(plan.digest.as_str(), "w1:37bbfeno6ozpokzw5xhvulrru5");
}
