//! The model's file: what is in it, what is not, and what happens when it is not ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use skep_engine::provider::Provider;
use skep_fixtures::canary::{self, ROTATED};
use skep_providers::model::{Model, StoreError, WORLD_FORMAT};
use skep_providers::secrets::{SecretBytes, Secrets, fingerprint};
use skep_schema::address::{Address, Kind};
use skep_schema::event::Outcome;
use skep_schema::plan::{Plan, SecretText};

use crate::support::{STACK, apply, changes, config, file, plan, secret, service, values};

fn open(path: &Path) -> Result<Model, StoreError> {
    Model::open(Some(path.to_owned()), STACK, values([("db", ROTATED)]))
}

fn with_secrets() -> Plan {
    let api = service("api", "reg/api:1", |api| {
        api.secrets =
            BTreeMap::from([("/run/secrets/db".to_owned(), file("shop_db-*".to_owned()))]);
        let url = SecretText {
            template: "pg://${secret.db}@db".to_owned(),
            fingerprint: None,
        };
        api.secret_env = BTreeMap::from([("URL".to_owned(), url)]);
    });
    plan([config("conf", "x"), secret("db"), api])
}

#[tokio::test(start_paused = true)]
async fn a_swarm_in_a_file_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new/folder/swarm.json");
    let model = open(&path).expect("the folder is made");
    assert_eq!(
        apply(&model, &with_secrets()).await.report.outcome,
        Outcome::Done
    );
    let (world, bytes) = (
        model.world().expect("readable"),
        fs::read(&path).expect("written"),
    );
    drop(model);
    let model = open(&path).expect("written by the same build");
    assert_eq!(model.world().expect("readable"), world);
    let again = apply(&model, &with_secrets()).await;
    assert_eq!((again.changes.changes.len(), again.calls.len()), (0, 0));
    assert_eq!(
        fs::read(&path).expect("still there"),
        bytes,
        "looking writes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn no_form_of_a_secret_is_in_the_file_or_in_debug_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    let model = open(&path).expect("a new file");
    let applied = apply(&model, &with_secrets()).await;
    assert_eq!(applied.report.outcome, Outcome::Done);
    let written = fs::read(&path).expect("written");
    let shown = format!(
        "{model:?} {:?} {:?} {:?}",
        applied.report,
        applied.changes,
        model.world()
    );
    canary::assert_absent("the file", &written);
    canary::assert_absent("debug output", shown.as_bytes());
    assert!(
        String::from_utf8_lossy(&written).contains("shop_db-"),
        "the secret itself is there, without its value"
    );
}

#[test]
fn what_is_no_model_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    drop(open(&path).expect("a new file"));
    let whole = fs::read(&path).expect("written");
    let text = String::from_utf8(whole.clone()).expect("it is text");
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to).into_bytes()
    };
    let broken = [
        Vec::new(),
        b"{}".to_vec(),
        b"\xff\xfe".to_vec(),
        b"[1, 2]".to_vec(),
        whole[..whole.len() / 10].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 2].to_vec(),
        edited("\"clock\"", "\"watch\""),
        edited("\"services\": {}", "\"services\": { \"a\": {} }"),
    ];
    for bytes in broken {
        fs::write(&path, &bytes).expect("writable");
        let error = open(&path).expect_err("it is no model");
        assert!(matches!(error, StoreError::Broken { .. }), "{error}");
        assert!(
            error.to_string().contains("remove it or name another file"),
            "{error}"
        );
        assert_eq!(
            fs::read(&path).expect("still there"),
            bytes,
            "it was overwritten"
        );
    }
    fs::write(&path, edited(WORLD_FORMAT, "skep.model/2")).expect("writable");
    let error = open(&path).expect_err("another format");
    assert!(
        matches!(&error, StoreError::Foreign { format, .. } if format == "skep.model/2"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_went_away_is_an_error_and_no_empty_swarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    let model = open(&path).expect("a new file");
    apply(&model, &with_secrets()).await;
    fs::remove_file(&path).expect("it is there");
    let error = model
        .observe(&with_secrets())
        .await
        .expect_err("nothing can be seen");
    assert!(error.to_string().contains("cannot reach"), "{error}");
    assert!(!path.exists());
}

#[test]
fn two_processes_do_not_lose_each_others_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    drop(open(&path).expect("a new file"));
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let model = open(path).expect("a model");
                for number in 0..10 {
                    let name = format!("c-{writer}-{number}");
                    let made =
                        model.by_hand(|world| world.create_config(&name, BTreeMap::new(), b"x"));
                    made.expect("the file is there").expect("the name is free");
                }
            });
        }
    });
    let world = open(&path).expect("a model").world().expect("readable");
    assert_eq!(world.configs.len(), 40);
    let versions: std::collections::BTreeSet<u64> =
        world.configs.values().map(|c| c.meta.version).collect();
    assert_eq!(versions.len(), 40, "no version was given twice");
}

#[tokio::test(start_paused = true)]
async fn another_view_of_the_file_sees_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    let (one, two) = (
        open(&path).expect("a new file"),
        open(&path).expect("the same"),
    );
    apply(&one, &with_secrets()).await;
    assert!(changes(&two, &with_secrets()).await.is_empty());
    apply(&two, &plan([])).await;
    assert_eq!(changes(&one, &with_secrets()).await.changes.len(), 3);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    drop(open(&path).expect("a new file"));
    assert_eq!(
        fs::metadata(&path).expect("written").permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_value_of_a_secret_gets_a_new_name_and_restarts_who_mounts_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    apply(&open(&path).expect("a new file"), &with_secrets()).await;
    let next = values([("db", "another value")]);
    let model = Model::open(Some(path), STACK, next).expect("the same file");
    let applied = apply(&model, &with_secrets()).await;
    assert_eq!(applied.report.outcome, Outcome::Done);
    let key = model
        .world()
        .expect("readable")
        .key()
        .expect("an apply prepared it");
    let address = Address::new(Kind::Secret, "db");
    let print = fingerprint(
        &key,
        STACK,
        &address,
        &SecretBytes::new(b"another value".to_vec()),
    );
    let sent: Vec<&str> = applied
        .calls
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    assert_eq!(sent, [&format!("shop_db-{print}"), "shop_api"]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_value_is_an_error_that_names_its_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swarm.json");
    let secrets = Secrets::read(&with_secrets(), folder.path(), |_| None);
    let model = Model::open(Some(path), STACK, secrets).expect("a new file");
    let applied = apply(&model, &with_secrets()).await;
    assert_eq!(applied.report.outcome, Outcome::Partial);
    let report = format!("{:?}", applied.report);
    assert!(
        report.contains("the environment variable `DB` is not set; set `DB` where skep runs"),
        "{report}"
    );
}
