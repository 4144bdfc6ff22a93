//! What was applied before: history and the way back, drift, and the guards that stand before an
//! apply.

mod support;

use serde_json::Value;
use skep_fixtures::canary::ROTATED;
use support::{MODEL, Project, Ran, json, on_model};

/// Applies without a question, and wants it to work.
fn apply(project: &Project) {
    let ran = on_model(project, &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

fn app(replicas: u32, image: &str) -> Project {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        &format!("project x edition=1\nservice app replicas={replicas} {{ image \"{image}\" }}\n"),
    );
    project
}

/// What somebody does to the swarm without Skep.
fn by_hand(project: &Project, act: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(project.model()).expect("the model is there");
    let mut world: Value = serde_json::from_str(&text).expect("it is JSON");
    act(&mut world);
    project.write(".skep/model.json", &world.to_string());
}

fn endings(project: &Project) -> Vec<String> {
    let history = json(&on_model(project, &["history", "-o", "json"]));
    assert_eq!(history["format"], "skep.history/1");
    let revisions = history["revisions"].as_array().expect("a list");
    revisions
        .iter()
        .map(|entry| {
            let ending = entry["ending"]["outcome"].as_str().unwrap_or("no end");
            format!("r{} {ending}", entry["revision"]["number"])
        })
        .collect()
}

#[test]
fn each_apply_is_a_revision_and_one_that_changes_nothing_is_none() {
    let project = app(2, "app:1");
    assert_eq!(endings(&project), [""; 0]);
    apply(&project);
    apply(&project);
    project.edit("skep.kdl", "app:1", "app:model-fail");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 8);
    assert_eq!(endings(&project), ["r2 rolled-back", "r1 done"]);
    let shown = on_model(&project, &["show"]).stdout;
    assert!(shown.contains("failed   service.app"), "{shown}");
    assert!(shown.contains("\"app:1\" -> \"app:model-fail\""), "{shown}");
    let missing = on_model(&project, &["show", "r7"]);
    assert!(missing.code == 1 && missing.stderr.contains("skep history"));
}

#[test]
fn a_rollback_goes_to_what_was_and_is_a_revision_itself() {
    let project = app(2, "app:1");
    apply(&project);
    let before = on_model(&project, &["show", "r1", "-o", "plan"]).stdout;
    project.edit("skep.kdl", "app:1", "app:2");
    project.write("more.kdl", "service extra { image \"extra:1\" }\n");
    project.edit("skep.kdl", "edition=1", "edition=1\ninclude \"more.kdl\"");
    apply(&project);
    let ran = on_model(&project, &["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("back to r1"), "{}", ran.stderr);
    assert_eq!(endings(&project), ["r3 done", "r2 done", "r1 done"]);
    project.write("r1.json", &before);
    let file = project.path().join("r1.json").display().to_string();
    let left = on_model(&project, &["apply", "--yes", &file, "-o", "json"]);
    assert_eq!(
        json(&left)["nodes"],
        serde_json::json!({}),
        "{}",
        left.stderr
    );
    assert_eq!(on_model(&project, &["plan", "--detailed-exitcode"]).code, 2);
}

#[test]
fn a_rollback_needs_no_spec_that_compiles() {
    let project = app(2, "app:1");
    apply(&project);
    project.edit("skep.kdl", "app:1", "app:2");
    apply(&project);
    project.edit("skep.kdl", "image", "imge");
    assert_eq!(on_model(&project, &["rollback", "--yes"]).code, 0);
}

const OTHER: &[(&str, &str)] = &[("SHOP_DB_PASSWORD", ROTATED)];

fn with_other(project: &Project, args: &[&str]) -> Ran {
    project.skep_with(&[MODEL, args].concat(), OTHER)
}

/// The name of the secret that the database mounts.
fn mounted(project: &Project) -> String {
    let text = std::fs::read_to_string(project.model()).expect("the model is there");
    let world: Value = serde_json::from_str(&text).expect("it is JSON");
    let uses = &world["services"]["shop_db"]["spec"]["secrets"]["/run/secrets/db-password"];
    uses["source"].as_str().expect("it is mounted").to_owned()
}

#[test]
fn a_secret_goes_back_to_the_value_it_had() {
    let project = Project::fixture("shop");
    apply(&project);
    let first = mounted(&project);
    let ran = with_other(&project, &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_ne!(mounted(&project), first);
    let ran = with_other(&project, &["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        mounted(&project),
        first,
        "the old value was kept in the swarm"
    );
}

#[test]
fn a_value_that_is_gone_is_told_before_anything_is_written() {
    let project = Project::fixture("shop");
    apply(&project);
    let first = mounted(&project);
    assert_eq!(with_other(&project, &["apply", "--yes"]).code, 0);
    by_hand(&project, |world| {
        let secrets = world["secrets"].as_object_mut().expect("a map");
        assert!(secrets.remove(&first).is_some());
        let services = world["services"].as_object_mut().expect("a map");
        for service in services.values_mut() {
            service["previous"] = Value::Null;
        }
    });
    let ran = with_other(&project, &["rollback", "--yes"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("the value that `secret.db-password` had in r1"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        on_model(&project, &["rollback", "--yes"]).code,
        0,
        "the old value is at hand"
    );
}

#[test]
fn losing_the_journal_loses_no_more_than_what_it_told() {
    let project = Project::fixture("shop");
    apply(&project);
    by_hand(&project, |world| {
        let configs = world["configs"].as_object_mut().expect("a map");
        configs.retain(|name, _| !name.starts_with("skep-rev-"));
    });
    let history = on_model(&project, &["history"]);
    assert!(
        history.code == 0 && history.stdout.is_empty(),
        "{}",
        history.stderr
    );
    assert_eq!(on_model(&project, &["plan", "--detailed-exitcode"]).code, 0);
    assert_eq!(
        on_model(&project, &["drift", "--detailed-exitcode"]).code,
        0
    );
    assert_eq!(on_model(&project, &["destroy", "--yes"]).code, 0);
}

#[test]
fn revisions_are_compared_like_plans() {
    let project = app(2, "app:1");
    apply(&project);
    project.edit("skep.kdl", "replicas=2", "replicas=3");
    apply(&project);
    let ran = on_model(&project, &["diff", "r1", "r2", "-o", "json"]);
    let changes = json(&ran);
    assert_eq!(changes["changes"][0]["fields"][0]["path"][0], "replicas");
    let ran = on_model(&project, &["diff", "r1", "r9"]);
    assert!(ran.code == 1 && ran.stderr.contains("r9"), "{}", ran.stderr);
}

#[test]
fn what_others_changed_is_told_apart_from_what_the_spec_changed() {
    let project = app(2, "app:1");
    apply(&project);
    assert_eq!(
        on_model(&project, &["drift", "--detailed-exitcode"]).code,
        0
    );
    by_hand(&project, |world| {
        let spec = &mut world["services"]["x_app"]["spec"];
        spec["replicas"] = 5.into();
        spec["env"]["HACK"] = "1".into();
    });
    project.edit("skep.kdl", "replicas=2", "replicas=3");
    project.edit("skep.kdl", "image", "workdir \"/srv\"; image");
    let drift = on_model(&project, &["drift", "--detailed-exitcode"]);
    assert_eq!(drift.code, 2);
    assert!(
        drift.stdout.contains("replicas  2 -> 5"),
        "{}",
        drift.stdout
    );
    assert!(
        drift
            .stdout
            .contains("to keep it, in service.app: env HACK=\"1\""),
        "{}",
        drift.stdout
    );
    assert!(!drift.stdout.contains("workdir"), "{}", drift.stdout);
    let plan = on_model(&project, &["plan"]).stdout;
    let line = |word: &str| {
        plan.lines()
            .find(|l| l.contains(word))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(line("HACK").ends_with("(changed outside)"), "{plan}");
    assert!(
        line("replicas").ends_with("(changed outside and in the spec)"),
        "{plan}"
    );
    assert!(line("workdir").ends_with("\"/srv\""), "{plan}");
    apply(&project);
    assert_eq!(
        on_model(&project, &["drift", "--detailed-exitcode"]).code,
        0
    );
}

#[test]
fn what_others_removed_is_drift_too() {
    let project = app(1, "app:1");
    apply(&project);
    by_hand(&project, |world| {
        world["services"] = Value::Object(serde_json::Map::new());
    });
    let drift = on_model(&project, &["drift"]).stdout;
    assert!(
        drift.contains("- service.app  somebody removed it  skep.kdl:2"),
        "{drift}"
    );
    let plan = on_model(&project, &["plan"]).stdout;
    assert!(plan.contains("removed outside Skep"), "{plan}");
}

#[test]
fn many_deletes_and_an_empty_spec_need_a_word() {
    let project = Project::empty();
    let services = |n: u32| -> String {
        let all: Vec<String> = (0..n)
            .map(|i| format!("service s{i} {{ image \"app:1\" }}\n"))
            .collect();
        format!("project x edition=1\n{}", all.concat())
    };
    project.write("skep.kdl", &services(8));
    apply(&project);
    project.write("skep.kdl", &services(3));
    let ran = on_model(&project, &["apply", "--yes"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("--allow-deletes 5"), "{}", ran.stderr);
    let plan = on_model(&project, &["plan"]);
    assert_eq!(plan.code, 0);
    assert!(plan.stderr.contains("--allow-deletes 5"), "{}", plan.stderr);
    assert_eq!(
        on_model(&project, &["apply", "--yes", "--allow-deletes", "5"]).code,
        0
    );
    project.write("skep.kdl", &services(0));
    let ran = on_model(&project, &["apply", "--yes"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("skep destroy"), "{}", ran.stderr);
}

#[test]
fn what_failed_is_not_tried_again_by_itself() {
    let project = app(2, "app:1");
    apply(&project);
    project.edit("skep.kdl", "app:1", "app:model-fail");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 8);
    let again = on_model(&project, &["apply", "--yes"]);
    assert_eq!(again.code, 6, "{}", again.stderr);
    assert!(again.stderr.contains("failed in r2"), "{}", again.stderr);
    assert_eq!(on_model(&project, &["apply", "--yes", "--retry"]).code, 8);
    project.edit("skep.kdl", "app:model-fail", "app:2");
    apply(&project);
}

#[test]
fn a_stale_plan_says_what_is_otherwise() {
    let project = app(2, "app:1");
    apply(&project);
    project.edit("skep.kdl", "app:1", "app:2");
    let file = project.path().join("changes.json").display().to_string();
    assert_eq!(on_model(&project, &["plan", "--out", &file]).code, 0);
    by_hand(&project, |world| {
        world["services"]["x_app"]["spec"]["replicas"] = 5.into();
    });
    let stale = on_model(&project, &["apply", &file, "--yes"]);
    assert_eq!(stale.code, 3, "{}", stale.stderr);
    assert!(
        stale
            .stderr
            .contains("service.app: update of replicas, which was otherwise"),
        "{}",
        stale.stderr
    );
}

#[test]
fn a_lock_that_somebody_has_is_5_and_can_be_taken_away() {
    let project = app(1, "app:1");
    apply(&project);
    assert_eq!(on_model(&project, &["lock", "status"]).code, 0);
    by_hand(&project, |world| {
        let configs = world["configs"].as_object_mut().expect("a map");
        let lock = configs
            .iter_mut()
            .find(|(name, _)| name.starts_with("skep-lock-"));
        let state = serde_json::json!({"held": {
            "holder": {"who": "ann@far", "purpose": "apply", "process": "1 far", "nonce": "n"},
            "since": 1, "until": u64::MAX,
        }});
        lock.expect("an apply made it").1["labels"]["skep.record-state"] = state.to_string().into();
    });
    project.edit("skep.kdl", "app:1", "app:2");
    assert_eq!(on_model(&project, &["lock", "status"]).code, 5);
    let ran = on_model(&project, &["apply", "--yes", "--lock-timeout", "1s"]);
    assert_eq!(ran.code, 5);
    assert!(
        ran.stderr.contains("ann@far") && ran.stderr.contains("skep lock release"),
        "{}",
        ran.stderr
    );
    assert_eq!(on_model(&project, &["lock", "release"]).code, 0);
    apply(&project);
}

#[test]
fn what_was_protected_stays_protected_when_it_leaves_the_spec() {
    let project = Project::empty();
    let both = "project x edition=1\nservice app { image \"app:1\" }\nservice db { image \"db:1\"; protect }\n";
    project.write("skep.kdl", both);
    apply(&project);
    project.write(
        "skep.kdl",
        "project x edition=1\nservice app { image \"app:1\" }\n",
    );
    for command in ["apply", "destroy"] {
        let ran = on_model(&project, &[command, "--yes"]);
        assert_eq!(ran.code, 77, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("--unprotect service.db"),
            "{}",
            ran.stderr
        );
        let ran = on_model(&project, &[command, "--yes", "--unprotect", "service.db"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        project.write("skep.kdl", both);
        apply(&project);
    }
}
