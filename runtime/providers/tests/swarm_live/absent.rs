//! External objects that nobody has made.

use std::collections::BTreeMap;

use skep_engine::drive::look;
use skep_schema::address::Kind;
use skep_schema::inventory::Absent;
use skep_schema::plan::{Config, Network, Payload, Plan, Secret, SecretSource};

use crate::lab::{Lab, at, network, secret};

/// Of each kind one that nobody has made, and the engine's own network `host`.
fn beside(lab: &Lab) -> Plan {
    let external = |name: String| Network {
        name,
        external: true,
        ..Network::default()
    };
    let motd = Payload::Config(Config {
        name: lab.name("motd"),
        content: None,
        labels: BTreeMap::new(),
        external: true,
    });
    let pass = Secret {
        name: lab.name("pass"),
        source: SecretSource::External,
        labels: BTreeMap::new(),
    };
    lab.plan([
        network("data", external(lab.name("data"))),
        network("host", external("host".to_owned())),
        (at("config.motd"), motd),
        secret("pass", pass),
    ])
}

fn make(lab: &Lab, kind: &str, name: &str) {
    match kind {
        "network" => lab.docker(&["network", "create", "--driver", "overlay", name]),
        other => lab.docker(&[other, "create", name, "/etc/hostname"]),
    };
}

#[tokio::test]
async fn what_nobody_made_is_seen_with_what_is_near_until_somebody_does() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = beside(&lab);
    for (kind, word, name) in [
        (Kind::Network, "network", lab.name("data")),
        (Kind::Config, "config", lab.name("motd")),
        (Kind::Secret, "secret", lab.name("pass")),
    ] {
        let seen = look(&swarm, &plan).await.expect("the swarm can be read");
        let wanted = (kind, name.clone());
        assert!(seen.inventory.absent.contains_key(&wanted), "{word}");
        let near = format!("{name}2");
        make(&lab, word, &near);
        let seen = look(&swarm, &plan).await.expect("the swarm can be read");
        assert_eq!(
            seen.inventory.absent.get(&wanted),
            Some(&Some(near.clone()))
        );
        make(&lab, word, &name);
        let seen = look(&swarm, &plan).await.expect("the swarm can be read");
        assert!(!seen.inventory.absent.contains_key(&wanted), "{word}");
        lab.docker(&[word, "rm", &near]);
    }
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    assert_eq!(seen.inventory.absent, Absent::new());
    for (word, name) in [("network", "data"), ("config", "motd"), ("secret", "pass")] {
        lab.docker(&[word, "rm", &lab.name(name)]);
    }
}
