//! External objects that nobody has made.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::event::Outcome;
use skep_schema::place::Because;
use skep_schema::plan::{Payload, Plan, Secret, SecretSource, Service};

use crate::support::{Node, apply, changes, file, model, network, node, plan, service, values};

fn given() -> Vec<Node> {
    let pass = Payload::Secret(Secret {
        name: "pass".to_owned(),
        source: SecretSource::External,
        labels: BTreeMap::new(),
    });
    vec![
        network("data", |network| {
            "db_data".clone_into(&mut network.name);
            network.external = true;
        }),
        network("host", |network| {
            "host".clone_into(&mut network.name);
            network.external = true;
        }),
        node(Address::new(Kind::Secret, "pass"), pass),
    ]
}

fn beside() -> Plan {
    let uses = |api: &mut Service| {
        api.networks.insert("db_data".to_owned(), BTreeSet::new());
        api.secrets
            .insert("/run/secrets/pass".to_owned(), file("pass".to_owned()));
    };
    let mut nodes = given();
    nodes.push(service("api", "bb:1", uses));
    plan(nodes)
}

#[tokio::test]
async fn what_nobody_made_is_a_concern_until_somebody_did() {
    let model = model(values([]));
    let missed = changes(&model, &beside()).await.concerns;
    let because: Vec<Because> = missed.iter().map(|concern| concern.because).collect();
    assert_eq!(because, [Because::Absent; 2]);
    let other = model.of_stack("db", values([("pass", "x")]));
    let mut theirs = plan([network("data", |network| {
        "db_data".clone_into(&mut network.name);
    })]);
    theirs.stack = "db".to_owned();
    assert_eq!(apply(&other, &theirs).await.report.outcome, Outcome::Done);
    let missed = changes(&model, &beside()).await.concerns;
    assert_eq!(missed.len(), 1, "{missed:?}");
    assert!(missed[0].message.contains("no secret is called `pass`"));
}
