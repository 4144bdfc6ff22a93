//! Names that stay what they were: of what is renamed and of what is taken over.

use skep_schema::plan::Plan;

use crate::support::{in_environment, plan, plan_of};

/// The name in the swarm of each node.
fn names(plan: &Plan) -> Vec<String> {
    let named = plan.nodes.iter().map(|(address, node)| {
        let name = node.payload.physical_name().unwrap_or("-");
        format!("{address} {name}")
    });
    named.collect()
}

const BEFORE: &str = r#"
    network back { internal }
    volume data
    secret db { from env=DB }
    config conf text="a"
    service api {
        image "app:1"
        network back
        secret db target="/db"
        config conf target="/conf"
        mount volume=data to="/data"
    }
    service client { image "app:1"; network back; env { API (fmt)"http://${service.api.host}" } }
"#;

const AFTER: &str = r#"
    network rear { internal }
    volume files
    secret password { from env=DB }
    config settings text="a"
    service web {
        image "app:1"
        network rear
        secret password target="/db"
        config settings target="/conf"
        mount volume=files to="/data"
    }
    service client { image "app:1"; network rear; env { API (fmt)"http://${service.web.host}" } }
    moved from="network.back" to="network.rear"
    moved from="volume.data" to="volume.files"
    moved from="secret.db" to="secret.password"
    moved from="config.conf" to="config.settings"
    moved from="service.api" to="service.front"
    moved from="service.front" to="service.web"
"#;

#[test]
fn a_renamed_node_is_what_it_was() {
    let (before, after) = (plan(BEFORE), plan(AFTER));
    let payload = |plan: &Plan, address: &str| {
        let address = address.parse().expect("an address");
        serde_json::to_value(&plan.nodes[&address].payload).expect("plain data")
    };
    let pairs = [
        ("network.back", "network.rear"),
        ("volume.data", "volume.files"),
        ("secret.db", "secret.password"),
        ("config.conf", "config.settings"),
        ("service.api", "service.web"),
        ("service.client", "service.client"),
    ];
    for (old, new) in pairs {
        assert_eq!(payload(&before, old), payload(&after, new), "{new}");
    }
}

#[test]
fn a_component_and_an_environment_can_say_it_too() {
    let spec = r#"
        component app {
            service (fmt)"${name}-web" { image "app:1" }
            moved from=(fmt)"service.${name}-api" to=(fmt)"service.${name}-web"
        }
        use app shop
        service db { image "app:1" }
        environment prod { add adopt "service.db" name="old_db" }
    "#;
    let plan = plan_of(in_environment(spec, &[], Some("prod")));
    let expected = [
        "network.default shop-prod_default",
        "service.db old_db",
        "service.shop-web shop-prod_shop-api",
    ];
    assert_eq!(names(&plan), expected);
}

#[test]
fn what_is_adopted_has_the_name_it_has() {
    let plan = plan(
        r#"
        volume data
        config conf text="a"
        service api { image "app:1"; config conf target="/c"; mount volume=data to="/data" }
        adopt "network.default" name="blog_default"
        adopt "volume.data" name="blog_data"
        adopt "config.conf" name="blog_conf"
        adopt "service.api"
        forget "service.legacy"
        "#,
    );
    let expected = [
        "network.default blog_default",
        "volume.data blog_data",
        "config.conf blog_conf",
        "service.api shop_api",
    ];
    assert_eq!(names(&plan), expected);
    let identity = serde_json::to_string(&plan.identity).expect("plain data");
    assert_eq!(
        identity,
        r#"{"forget":["service.legacy"],"adopt":["network.default","volume.data","config.conf","service.api"]}"#
    );
}
