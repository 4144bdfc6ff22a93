//! Images that are pinned to digests.

use skep_engine::drive::look;
use skep_providers::swarm::Swarm;
use skep_schema::change::ChangeSet;
use skep_schema::plan::{Plan, Service};

use crate::lab::{Lab, service};

/// No task runs, so that no node needs the image.
fn plan(lab: &Lab, image: &str, user: &str) -> Plan {
    let pinned = Service {
        image: image.to_owned(),
        replicas: Some(0),
        user: Some(user.to_owned()),
        ..lab.sleeper("pinned")
    };
    lab.plan([service("pinned", pinned)])
}

async fn changes(swarm: &Swarm, plan: &Plan) -> ChangeSet {
    let seen = look(swarm, plan).await.expect("the swarm can be read");
    seen.changes
}

fn pinned(tag: &str, letter: &str) -> String {
    format!("bb:{tag}@sha256:{}", letter.repeat(64))
}

#[tokio::test]
async fn another_tag_for_the_same_digest_writes_nothing_and_another_digest_does() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let first = plan(&lab, &pinned("1", "a"), "1");
    lab.arrive(&swarm, &first).await;
    let image = || {
        let found = lab.inspect("service", &lab.name("pinned"));
        found["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].clone()
    };
    assert_eq!(image(), pinned("1", "a"), "the engine keeps it as it is");
    assert!(changes(&swarm, &first).await.is_empty());

    let renamed = plan(&lab, &pinned("2", "a"), "1");
    assert!(changes(&swarm, &renamed).await.is_empty());
    let other = plan(&lab, &pinned("2", "a"), "2");
    lab.arrive(&swarm, &other).await;
    assert_eq!(image(), pinned("1", "a"), "only the user is written");
    assert!(changes(&swarm, &other).await.is_empty());

    let moved = plan(&lab, &pinned("2", "b"), "2");
    let found = changes(&swarm, &moved).await;
    assert_eq!(found.changes.len(), 1);
    assert_eq!(found.changes[0].fields.len(), 1);
    assert_eq!(found.changes[0].fields[0].path, ["image"]);
    lab.arrive(&swarm, &moved).await;
    assert_eq!(image(), pinned("2", "b"));
}
