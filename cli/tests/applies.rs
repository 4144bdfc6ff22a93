//! Applies to the model swarm: what they change, what they leave, and how they end.

mod support;

use serde_json::Value;
use support::{Project, json, on_model, snapshot};

#[test]
fn applying_twice_writes_nothing_the_second_time() {
    let project = Project::fixture("shop");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let before = std::fs::read(project.model()).expect("the model is there");
    let second = on_model(&project, &["apply", "--yes"]);
    assert_eq!(second.code, 0);
    assert!(second.stderr.contains("nothing to do"), "{}", second.stderr);
    assert_eq!(
        std::fs::read(project.model()).expect("the model is there"),
        before
    );
}

#[test]
fn a_changed_variable_updates_exactly_one_service() {
    let project = Project::fixture("shop");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    project.edit(
        "skep.kdl",
        "env LOG=info QUEUE=orders",
        "env LOG=debug QUEUE=orders",
    );
    let plan = on_model(&project, &["plan", "-o", "json"]);
    let changes = json(&plan);
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(changes["changes"][0]["address"], "service.worker");
    assert_eq!(
        changes["changes"][0]["fields"][0]["path"],
        serde_json::json!(["env", "LOG"])
    );
}

#[test]
fn changed_config_content_ripples_to_the_service_that_mounts_it_and_to_no_other() {
    let project = Project::fixture("shop");
    snapshot(
        "cli",
        "plan_of_a_first_deploy",
        &on_model(&project, &["plan"]).stdout,
    );
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    project.edit("conf/api.toml", "workers = 4", "workers = 8");
    snapshot(
        "cli",
        "plan_after_a_config_changed",
        &on_model(&project, &["plan"]).stdout,
    );
    let markdown = on_model(&project, &["plan", "-o", "markdown"]).stdout;
    let (told, digests) = markdown
        .split_once("Change set `w1:")
        .expect("the digests come last");
    // They cover fingerprints by a key that is new in every swarm.
    assert!(digests.contains("`, plan `w1:"), "{digests}");
    snapshot("cli", "plan_after_a_config_changed_markdown", told);
    let changes = json(&on_model(&project, &["plan", "-o", "json"]));
    let touched: Vec<&str> = changes["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| c["address"].as_str())
        .collect();
    assert_eq!(touched, ["config.api-toml", "service.api"]);
}

#[test]
fn a_removed_service_is_deleted_last() {
    let project = Project::fixture("shop");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let spec = std::fs::read_to_string(project.path().join("skep.kdl")).expect("the spec is there");
    let (before, rest) = spec.split_once("service worker {").expect("a worker");
    let (_, after) = rest.split_once("\n}\n").expect("its end");
    project.write(
        "skep.kdl",
        &format!("{before}{after}").replace("LOG info", "LOG debug"),
    );
    let changes = json(&on_model(&project, &["plan", "-o", "json"]));
    let last = changes["changes"]
        .as_array()
        .and_then(|c| c.last())
        .expect("changes");
    assert_eq!(
        (&last["address"], &last["action"]),
        (&Value::from("service.worker"), &Value::from("delete"))
    );
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    assert!(
        !on_model(&project, &["status"])
            .stdout
            .contains("service.worker")
    );
}

#[test]
fn a_kept_plan_is_applied_as_it_was_and_refused_when_it_is_stale() {
    let project = Project::fixture("shop");
    let file = project.path().join("changes.json").display().to_string();
    assert_eq!(on_model(&project, &["plan", "--out", &file]).code, 0);
    assert_eq!(on_model(&project, &["apply", &file, "--yes"]).code, 0);
    assert_eq!(on_model(&project, &["apply", &file, "--yes"]).code, 0);
    project.edit("skep.kdl", "LOG=info QUEUE=orders", "LOG=warn QUEUE=orders");
    let stale = on_model(&project, &["apply", &file, "--yes"]);
    assert_eq!(stale.code, 3, "{}", stale.stderr);
    assert!(stale.stderr.contains("service.worker"), "{}", stale.stderr);
}

#[test]
fn a_secret_without_a_value_stops_the_apply_before_anything_is_written() {
    let project = Project::fixture("shop");
    let ran = project.skep_with(
        &["--target", "model", "apply", "--yes"],
        &[("SHOP_DB_PASSWORD", "")],
    );
    let unset = std::process::Command::new(env!("CARGO_BIN_EXE_skep"))
        .env_clear()
        .arg("-C")
        .arg(project.path())
        .args(["--target", "model", "apply", "--yes"])
        .output()
        .expect("the binary can be run");
    assert_eq!(unset.status.code(), Some(1));
    let said = String::from_utf8_lossy(&unset.stderr);
    assert!(said.contains("SHOP_DB_PASSWORD"), "{said}");
    assert_ne!(ran.code, 0, "an empty secret is no secret: {}", ran.stderr);
}

#[test]
fn a_failing_service_is_reported_with_its_last_lines() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        "project x edition=1\nservice good { image \"app:1\" }\nservice bad { image \"app:model-fail\" }\n",
    );
    let ran = on_model(&project, &["apply", "--yes", "--timeout", "1m"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("service.bad"), "{}", ran.stderr);
    assert!(ran.stderr.contains("exit code 3"), "{}", ran.stderr);
    assert!(ran.stderr.contains("    | "), "{}", ran.stderr);
    let report = json(&on_model(
        &project,
        &["apply", "--yes", "--timeout", "1m", "-o", "json"],
    ));
    assert_eq!(report["format"], "skep.apply/1");
}

#[test]
fn an_update_that_the_engine_takes_back_is_8() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        "project x edition=1\nservice app replicas=2 { image \"app:1\" }\n",
    );
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    project.edit("skep.kdl", "app:1", "app:model-fail");
    let ran = on_model(&project, &["apply", "--yes"]);
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    assert!(ran.stderr.contains("was rolled back"), "{}", ran.stderr);
}

#[test]
fn what_did_not_work_is_no_success_when_it_is_applied_again() {
    let project = Project::empty();
    let spec = "project x edition=1\nservice app { image \"app:model-fail\" }\n";
    project.write("skep.kdl", spec);
    let first = on_model(&project, &["apply", "--yes"]);
    let again = on_model(&project, &["apply", "--yes", "-o", "json"]);
    assert!(first.code != 0 && again.code != 0, "{}", again.stderr);
    assert!(
        json(&again)["nodes"]["service.app"]["failed"].is_object(),
        "{}",
        again.stdout
    );
}

#[test]
fn what_had_not_arrived_is_waited_for_by_the_next_apply() {
    let project = Project::empty();
    let spec = "project x edition=1\nservice app { image \"app:model-slow\" }\n";
    project.write("skep.kdl", spec);
    let short = on_model(&project, &["apply", "--yes", "--timeout", "0s"]);
    assert_eq!(short.code, 7, "{}", short.stderr);
    let waited = on_model(&project, &["apply", "--yes", "--progress", "plain"]);
    assert_eq!(waited.code, 0, "{}", waited.stderr);
    assert!(
        waited.stderr.contains("0 of 1 running"),
        "{}",
        waited.stderr
    );
}

#[test]
fn destroying_leaves_nothing_of_the_stack() {
    let project = Project::fixture("shop");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    project.edit("conf/api.toml", "workers = 4", "workers = 8");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let ran = on_model(&project, &["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let left = std::fs::read_to_string(project.model()).expect("the model is there");
    assert!(!left.contains("shop_"), "{left}");
}
