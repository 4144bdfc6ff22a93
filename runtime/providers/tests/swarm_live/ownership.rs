//! Nothing is touched that does not carry the whole owner label.

use skep_engine::drive::look;
use skep_engine::provider::{Provider, ProviderError};
use skep_schema::address::Kind;
use skep_schema::inventory::Taken;

use crate::lab::{BUSYBOX, Lab, at, config, service};

#[tokio::test]
async fn a_foreign_object_is_seen_as_such_and_stays_as_it_is() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let name = lab.name("api");
    lab.docker(&[
        "service",
        "create",
        "--quiet",
        "--detach",
        "--no-resolve-image",
        "--name",
        &name.to_uppercase(),
        "--label",
        "com.docker.stack.namespace=blog",
        "--replicas",
        "0",
        BUSYBOX,
    ]);
    let before = lab.inspect("service", &name.to_uppercase());
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    let owner = Some("docker stack blog".to_owned());
    assert_eq!(
        seen.inventory.taken.get(&(Kind::Service, name.clone())),
        Some(&Taken {
            owner,
            adoptable: true
        })
    );
    assert_eq!(seen.taken.len(), 1);
    let outcome = swarm.apply(&seen.changes.changes[0]).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { message }) if message.contains("blog")),
        "{outcome:?}"
    );
    assert_eq!(lab.inspect("service", &name.to_uppercase()), before);
    lab.docker(&["service", "rm", &name.to_uppercase()]);
}

#[tokio::test]
async fn half_an_owner_label_is_none() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([
        service("api", lab.sleeper("api")),
        config("c", lab.name("c-1"), "x"),
    ]);
    lab.arrive(&swarm, &plan).await;
    lab.docker(&[
        "service",
        "update",
        "--quiet",
        "--detach",
        "--label-rm",
        "skep.address",
        &lab.name("api"),
    ]);
    let version = lab.version("api");
    let empty = lab.plan([]);
    // The change is the one that was planned while it was still ours.
    let all = look(&swarm, &empty).await.expect("the swarm can be read");
    assert!(
        all.changes.get(&at("service.api")).is_none(),
        "what is not ours is not planned away"
    );
    let mut change = all.changes.changes[0].clone();
    change.address = at("service.api");
    change.before = Some(Box::new(plan.nodes[&at("service.api")].clone()));
    let outcome = swarm.apply(&change).await;
    assert!(
        matches!(outcome, Err(ProviderError::Denied { .. })),
        "{outcome:?}"
    );
    assert_eq!(lab.version("api"), version);
}

#[tokio::test]
async fn another_stacks_config_is_taken() {
    let (lab, other) = (Lab::new(), Lab::new());
    let name = lab.name("shared");
    other
        .arrive(
            &other.swarm().await,
            &other.plan([config("c", name.clone(), "theirs")]),
        )
        .await;
    let plan = lab.plan([config("c", name.clone(), "ours")]);
    let swarm = lab.swarm().await;
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    let owner = Some(format!("stack {}", other.stack));
    assert_eq!(
        seen.inventory.taken.get(&(Kind::Config, name)),
        Some(&Taken {
            owner,
            adoptable: false
        })
    );
    assert!(matches!(
        swarm.apply(&seen.changes.changes[0]).await,
        Err(ProviderError::Denied { .. })
    ));
    assert!(
        swarm
            .observe(&lab.plan([]))
            .await
            .expect("the swarm can be read")
            .nodes
            .is_empty()
    );
}
