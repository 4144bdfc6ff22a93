//! Digests that must not change by accident: a new one shows every service as "written by
//! another Skep" and loses who caused a difference. A change on purpose raises the format.

mod arbitrary;
mod stack;

use arbitrary::plan;
use proptest::prelude::*;
use skep_schema::address::Kind;
use skep_schema::digest::Digest;
use skep_schema::plan::{Mode, Need, Payload, SecretSource, Volume};
use skep_schema::units::{Cpu, Duration};
use skep_schema::value::Value;
use stack::{config, file, ingress, network, put, service};

fn rich() -> Payload {
    service("api", |s| {
        s.command = vec!["serve".to_owned(), "--port=8080".to_owned()];
        s.mode = Mode::Replicated;
        s.replicas = Some(3);
        put(&mut s.env, "LEVEL", "info".to_owned());
        put(&mut s.publish, "80/tcp", ingress(8080));
        put(&mut s.configs, "/etc/app.toml", file("shop_conf-abc"));
        s.limits.cpu = Some(Cpu(500_000_000));
        s.stop.grace = Some(Duration::seconds(60));
    })
}

proptest! {
    /// The digest is taken without the tree, and is that of the tree.
    #[test]
    fn a_payload_and_its_value_have_one_digest(plan in plan()) {
        for (address, node) in &plan.nodes {
            let of_value = Digest::of(address.kind.word(), &node.payload.value());
            prop_assert_eq!(&node.payload.digest(address.kind), &of_value.into());
        }
    }
}

#[test]
fn a_member_is_hashed_in_order_of_its_name() {
    #[derive(serde::Serialize)]
    struct Turned {
        // Only behind the first eight letters do they differ.
        container_two: Inner,
        container_one: u8,
        b: u8,
        a: Option<&'static str>,
        aa: (i64, char),
    }
    #[derive(serde::Serialize)]
    struct Inner {
        y: bool,
        x: &'static str,
    }
    let turned = Turned {
        container_two: Inner { y: true, x: "1" },
        container_one: 2,
        b: 1,
        a: None,
        aa: (-1, 'x'),
    };
    let value = Value::of(&turned).expect("it is canonical");
    assert_eq!(Digest::of_any("t", &turned), Ok(Digest::of("t", &value)));
    assert!(Digest::of_any("t", &1.5).is_err());
    assert!(Digest::of_any("t", &std::collections::BTreeMap::from([(1, 2)])).is_err());
}

#[test]
fn values_keep_their_digests() {
    let deep = Value::List(vec![
        Value::Null,
        Value::Bool(true),
        Value::Map([("a".to_owned(), Value::Int(-1))].into()),
    ]);
    let found = [
        Value::Null,
        Value::Text(String::new()),
        Value::Int(1),
        Value::Text("1".to_owned()),
        deep,
    ]
    .map(|value| Digest::of("test", &value).to_string());
    assert_eq!(
        found,
        [
            "w1:pupwnsmyoqa6xvtwfjtmwb7vjl",
            "w1:wsp5d5knzga5f5lcrq4shx7e7y",
            "w1:rfye4ot66c4lim5rhteso4uanj",
            "w1:v4bwcpouj6s22vdxbej7kl3de2",
            "w1:6hmxcwh7p2i55nrmzkyxw7lwgs",
        ]
    );
}

#[test]
fn payloads_keep_their_digests() {
    let disk = Payload::Volume(Volume {
        name: "shop_disk".to_owned(),
        ..Volume::default()
    });
    let secret = Payload::Secret(skep_schema::plan::Secret {
        name: "shop_db-*".to_owned(),
        source: SecretSource::Env("DB".to_owned()),
        labels: [].into(),
    });
    let found = [
        rich().digest(Kind::Service),
        rich().digest(Kind::Gateway),
        network("a", "10.1.0.0/24").digest(Kind::Network),
        config("abc").digest(Kind::Config),
        disk.digest(Kind::Volume),
        secret.digest(Kind::Secret),
    ]
    .map(|digest| digest.to_string());
    assert_eq!(
        found,
        [
            "w1:3dwqjewhdwlpmijbjalnnyxb7f",
            "w1:fypa2kkokkdbqdl3dzz5qtwe6c",
            "w1:b3wz2locqtltp2opim72fyurpc",
            "w1:fl3lomfi2q5nkt6tucmh5dbn24",
            "w1:f72f6krp62jwu3we7z54neie67",
            "w1:pjgbax4evnrtf7b4452uuw6u27",
        ]
    );
}

#[test]
fn neither_needs_nor_origin_count() {
    let plan = || stack::plan([("service.api", rich()), ("config.conf", config("abc"))]);
    let mut other = stack::needing(plan(), [("service.api", "config.conf")]);
    let node = other.nodes.get_mut(&stack::at("service.api")).expect("api");
    node.needs.insert(stack::at("config.conf"), Need::Exists);
    node.origin.line = 7;
    node.protect = true;
    assert_eq!(
        skep_schema::plan::Plan::digest_of(&other.nodes),
        plan().digest
    );
}
