//! What the report says.

use skep_schema::address::Kind;
use skep_schema::plan::{MountSource, Payload};

use crate::given::{fixtures, project, timed};

#[test]
fn no_export_says_less_than_its_findings_tell() {
    for given in fixtures() {
        let findings = given.exported().findings;
        for (address, node) in &given.plan.nodes {
            let told = |part: &str| {
                let key = format!("{address}{part}");
                findings.iter().any(|finding| finding.key.starts_with(&key))
            };
            let waits = node.needs.keys().any(|needed| {
                let needed = given.plan.nodes.get(needed).map(|node| &node.payload);
                matches!(needed, Some(Payload::Service(_)))
            });
            if address.kind == Kind::Service {
                assert_eq!(told(".needs."), waits, "{address}");
            }
            if matches!(
                address.kind,
                Kind::Flow | Kind::Secret | Kind::Certificate | Kind::Registry
            ) {
                assert!(told(""), "{address}");
            }
        }
    }
}

#[test]
fn a_rule_for_some_leads_nowhere() {
    let given = timed();
    let text = given.text();
    let (_, admin) = text.split_once("value: /admin").expect("the rule is there");
    let (admin, _) = admin.split_once("- matches").expect("another one follows");
    assert!(!admin.contains("backendRefs"), "{admin}");
}

#[test]
fn no_value_of_a_secret_and_no_dollar_gets_lost_in_a_variable() {
    let text = timed().text();
    assert!(
        text.contains("value: \"pg://app:$(SKEP_SECRET_TOKEN)@db/$$(X)\""),
        "{text}"
    );
    assert!(text.contains("value: \"$$$5 $$(NODE)\""), "{text}");
    assert!(text.contains("- \"$$(X)\""), "{text}");
}

#[test]
fn names_that_fall_together_are_told_apart() {
    let given = project(
        "project p edition=1\nnetwork n\nservice a_b { image \"a:1\"; network n; port http 80 }\n\
         service a-b { image \"b:1\"; network n { alias c }; port http 80 }\n\
         service c { image \"c:1\"; network n; port http 80 }",
    );
    let findings = given.exported().findings;
    let told = |key: &str| findings.iter().any(|finding| finding.key == key);
    assert!(told("service.a_b.name"), "{findings:?}");
    assert!(told("service.a-b.network.p_n.alias.c"), "{findings:?}");
    let text = given.text();
    assert_eq!(text.matches("kind: Service\n").count(), 3, "{text}");
}

#[test]
fn a_label_that_is_no_annotation_is_told_and_left_out() {
    let long = format!("traefik.http.middlewares.{}.redirectscheme", "x".repeat(50));
    let given = project(&format!(
        "project p edition=1\nservice a {{ image \"a:1\"; labels \"{long}\"=\"1\" tier=web }}"
    ));
    let findings = given.exported().findings;
    let told = findings
        .iter()
        .find(|f| f.key.starts_with("service.a.label."));
    assert!(told.is_some_and(|f| f.key.ends_with(&long)), "{findings:?}");
    let text = given.text();
    assert!(text.contains("annotations:\n    tier: web\nspec"), "{text}");
}

#[test]
fn a_route_with_many_rules_is_several_objects() {
    let rules: String = (0..40)
        .map(|n| format!("match \"/p{n}\" {{ to a port=http }}\n"))
        .collect();
    let given = project(&format!(
        "project p edition=1\nnetwork n\ngateway g {{ proxy caddy; network n; listen 80 }}\n\
         service a {{ image \"a:1\"; network n; port http 80 }}\nroute a.example.com {{ {rules} }}"
    ));
    let objects = given.objects();
    let routes = objects
        .iter()
        .filter(|object| object["kind"] == "HTTPRoute");
    let counts: Vec<usize> = routes
        .map(|route| route["spec"]["rules"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(counts, [16, 16, 8]);
}

#[test]
fn nothing_asks_for_what_only_privileged_pods_may_have() {
    let given = project(
        "project p edition=1\nservice a { image \"a:1\"; mount bind=\"/a\" to=\"/a\" propagation=rshared }",
    );
    let text = given.text();
    assert!(text.contains("mountPropagation: HostToContainer"), "{text}");
    let findings = given.exported().findings;
    let told = |key: &str| findings.iter().any(|finding| finding.key == key);
    assert!(told("service.a.mount.\"/a\".propagation"), "{findings:?}");
}

#[test]
fn a_volume_without_a_name_is_as_old_as_its_pod() {
    let mut given = project(
        "project p edition=1\nvolume v\nservice a { image \"a:1\"; mount volume=v to=\"/v\" }",
    );
    assert!(
        given.text().contains("kind: StatefulSet"),
        "{}",
        given.text()
    );
    for node in given.plan.nodes.values_mut() {
        if let Payload::Service(service) = &mut node.payload {
            for mount in service.mounts.values_mut() {
                if let MountSource::Volume { name, .. } = &mut mount.from {
                    name.clear();
                }
            }
        }
    }
    let text = given.text();
    assert!(
        text.contains("kind: Deployment") && text.contains("emptyDir: {}"),
        "{text}"
    );
}

#[test]
fn long_names_are_cut_and_told_apart_with_room_for_what_follows() {
    let long = "a".repeat(60);
    let given = project(&format!(
        "project p edition=1\nservice {long}1 mode=once {{ image \"a:1\" }}\n\
         service {long}2 mode=once {{ image \"a:1\" }}\nvolume v\n\
         service {long}3 {{ image \"a:1\"; mount volume=v to=\"/v\" }}"
    ));
    for object in given.objects() {
        let name = object["metadata"]["name"].as_str().expect("it has a name");
        let most = if object["kind"] == "StatefulSet" {
            52
        } else {
            63
        };
        assert!(name.len() <= most, "{name}");
    }
    let jobs = given.text().matches("kind: Job").count();
    assert_eq!(jobs, 2);
}
