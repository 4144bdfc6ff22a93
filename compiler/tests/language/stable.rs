//! Same meaning, same spec: order never counts.

use proptest::prelude::*;
use skep_schema::address::Kind;
use skep_schema::spec::Likeness::{Moved, Other, Same};

use crate::support::{one, settled, several, spec_of};

const NODES: &[&str] = &[
    "param tag default=one\n",
    "volume v { label tag=(var)param.tag }\n",
    "network n\n",
    "component c { param x type=int default=1; service (var)name replicas=(var)param.x { image \"a:1\"; network n } }\n",
    "use c one\n",
    "use c two x=3\n",
    "service three { image \"b:1\"; needs one }\n",
    "defaults service { env A=low }\n",
    "environment prod { set tag two; patch service \"*\" { env B=high }; add volume w; remove service three }\n",
    "secret s { from env=S }\n",
];

/// The nodes in this order, each in the file that its digit says.
fn spec(order: &[usize], files: &[u8]) -> String {
    let mut texts = [String::new(), String::new(), String::new()];
    for node in order {
        texts[usize::from(files[*node])].push_str(NODES[*node]);
    }
    let root = format!(
        "project t edition=1 {{ include \"b.kdl\" \"a.kdl\" }}\n{}",
        texts[0]
    );
    let mut set = several(&[
        ("skep.kdl", &root),
        ("a.kdl", &texts[1]),
        ("b.kdl", &texts[2]),
    ]);
    set.inputs.environment = Some("prod".to_owned());
    let compiled = settled(set);
    let plan = compiled.plan.as_ref().map(|plan| plan.digest.to_string());
    format!("{}{plan:?}", spec_of(&compiled))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_nodes_and_files_never_changes_the_spec(
        order in Just((0..NODES.len()).collect::<Vec<_>>()).prop_shuffle(),
        files in proptest::collection::vec(0u8..3, NODES.len()),
    ) {
        let straight: Vec<usize> = (0..NODES.len()).collect();
        prop_assert_eq!(spec(&order, &files), spec(&straight, &[0; 10]));
    }
}

#[test]
fn of_two_services_of_one_name_an_environment_takes_away_the_first_wherever_they_stand() {
    let (first, second) = (
        "service a { image \"a:1\" }\n",
        "service a { image \"a:2\" }\n",
    );
    let head = "project t edition=1\ninclude \"a.kdl\"\nenvironment prod { remove service a }\n";
    let left = |root: &str, other: &str| {
        let mut set = several(&[("skep.kdl", &format!("{head}{root}")), ("a.kdl", other)]);
        set.inputs.environment = Some("prod".to_owned());
        spec_of(&settled(set))
    };
    let together = left(&format!("{first}{second}"), "");
    assert!(together.contains("a:2"), "{together}");
    assert_eq!(left(first, second), together);
}

#[test]
fn a_node_that_stands_elsewhere_is_told_from_one_that_says_something_else() {
    let spec = |text: &str| settled(one(text)).spec;
    let before = spec("network n\nservice a { image \"a:1\" }\n");
    for (after, network, service) in [
        ("network n\nservice a { image \"a:1\" }\n", Same, Same),
        ("network n\nservice a {  image \"a:1\" }\n", Same, Moved),
        ("\nnetwork n\nservice a { image \"a:1\" }\n", Moved, Moved),
        ("network n\nservice a { image \"a:2\" }\n", Same, Other),
        ("network n { internal }\n", Other, Other),
    ] {
        let after = spec(after);
        assert_eq!(before.likeness(&after, Kind::Network, "n"), network);
        assert_eq!(before.likeness(&after, Kind::Service, "a"), service);
    }
}
