//! The bytes of a secret reach the engine and nobody else.

use std::collections::BTreeMap;

use skep_engine::drive::look;
use skep_engine::provider::Provider;
use skep_schema::plan::{FileRef, Plan, Secret, SecretSource, SecretText};
use skep_schema::units::FileMode;

use crate::lab::{Lab, at, secret, service, values};

const VALUE: &str = "correct-horse-battery";

fn plan(lab: &Lab) -> Plan {
    let mut api = lab.shell(
        "api",
        "echo password is $PASSWORD; cat /run/secrets/db; sleep 100000",
    );
    let open = format!("{}-*", lab.name("db"));
    let file = FileRef {
        source: open.clone(),
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: FileMode(0o400),
    };
    api.secrets.insert("/run/secrets/db".to_owned(), file);
    let template = "pg://${secret.db}@db".to_owned();
    api.secret_env.insert(
        "PASSWORD".to_owned(),
        SecretText {
            template,
            fingerprint: None,
        },
    );
    let db = Secret {
        name: open,
        source: SecretSource::Env("DB".to_owned()),
        labels: BTreeMap::new(),
    };
    lab.plan([secret("db", db), service("api", api)])
}

#[tokio::test]
async fn a_secret_is_filled_in_and_read_back_as_a_fingerprint() {
    let lab = Lab::new();
    let swarm = lab.swarm_with(values(&[("db", VALUE)])).await;
    lab.arrive(&swarm, &plan(&lab)).await;
    let spec = lab.inspect("service", &lab.name("api"));
    let env = &spec["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"];
    assert_eq!(env[0], format!("PASSWORD=pg://{VALUE}@db"));
    assert!(!spec["Spec"]["Labels"].to_string().contains(VALUE));
    let seen = look(&swarm, &plan(&lab))
        .await
        .expect("the swarm can be read");
    assert!(seen.changes.is_empty(), "{:?}", seen.changes.changes);
    let text = format!("{:?}", (&seen.inventory, &seen.plan, &swarm));
    assert!(!text.contains(VALUE));
    assert_eq!(lab.names("secret").len(), 1);
}

#[tokio::test]
async fn another_value_is_another_secret_and_another_fingerprint() {
    let lab = Lab::new();
    lab.arrive(&lab.swarm_with(values(&[("db", VALUE)])).await, &plan(&lab))
        .await;
    let swarm = lab.swarm_with(values(&[("db", "another")])).await;
    let seen = look(&swarm, &plan(&lab))
        .await
        .expect("the swarm can be read");
    let changed: Vec<String> = seen
        .changes
        .changes
        .iter()
        .map(|change| change.address.to_string())
        .collect();
    assert_eq!(changed, ["secret.db", "service.api"]);
    assert!(!format!("{:?}", seen.changes).contains(VALUE));
    lab.arrive(&swarm, &plan(&lab)).await;
    let spec = lab.inspect("service", &lab.name("api"));
    assert_eq!(
        spec["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"][0],
        "PASSWORD=pg://another@db"
    );
}

#[tokio::test]
async fn a_log_line_with_a_secret_is_blackened() {
    let lab = Lab::new();
    let swarm = lab.swarm_with(values(&[("db", VALUE)])).await;
    let mut broken = plan(&lab);
    let node = broken
        .nodes
        .get_mut(&at("service.api"))
        .expect("it is in the plan");
    let skep_schema::plan::Payload::Service(api) = &mut node.payload else {
        panic!("it is a service")
    };
    api.command[2] = "echo password is $PASSWORD; exit 1".to_owned();
    let failure = lab.fail(&swarm, &broken, "service.api").await;
    assert_eq!(failure.tasks[0].log, ["password is pg://(secret)@db"]);
}

#[tokio::test]
async fn without_its_value_a_secret_cannot_be_made() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let failure = lab.fail(&swarm, &plan(&lab), "secret.db").await;
    assert!(failure.message.contains("secret.db"), "{}", failure.message);
    assert!(lab.names("secret").is_empty() && lab.names("service").is_empty());
}

#[tokio::test]
async fn preparing_twice_makes_one_key() {
    let lab = Lab::new();
    let (one, two) = (lab.swarm().await, lab.swarm().await);
    let (first, second) = tokio::join!(one.prepare(), two.prepare());
    assert_eq!((first, second), (Ok(()), Ok(())));
    let writes = one.writes();
    one.prepare().await.expect("the key is there");
    assert_eq!(one.writes(), writes);
    assert_eq!(
        lab.docker(&["config", "ls", "--quiet", "--filter", "label=skep.key=1"])
            .lines()
            .count(),
        1
    );
}
