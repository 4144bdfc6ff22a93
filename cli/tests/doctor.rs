//! `skep doctor` on the model swarm, and where there is no engine.

mod support;

use serde_json::Value;
use support::{Project, json, on_model};

/// What a check found: its state, message and fix.
fn found<'r>(report: &'r Value, check: &str) -> Vec<&'r Value> {
    let all = report["findings"].as_array().into_iter().flatten();
    all.filter(|finding| finding["check"] == check).collect()
}

#[test]
fn a_project_that_can_be_applied_has_nothing_in_its_way() {
    let project = Project::fixture("shop");
    let ran = on_model(&project, &["doctor"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with("nothing is in the way\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stderr, "");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let report = json(&on_model(&project, &["doctor", "-o", "json"]));
    assert_eq!(report["format"], "skep.doctor/1");
    assert_eq!(report["stack"], "shop");
    assert_eq!(found(&report, "history")[0]["message"], "r1 was applied");
}

#[test]
fn a_secret_without_a_value_fails_and_its_value_is_never_shown() {
    let project = Project::fixture("shop");
    let with = on_model(&project, &["doctor", "-o", "json"]);
    let message = &found(&json(&with), "secrets")[0]["message"].clone();
    assert_eq!(message, "1 secret with a value at hand");
    let without = project.skep_with(
        &["--target", "model", "doctor", "-o", "json"],
        &[("SHOP_DB_PASSWORD", "")],
    );
    assert_eq!(without.code, 1, "{}", without.stdout);
    let report = json(&without);
    let finding = found(&report, "secrets")[0];
    assert_eq!(finding["state"], "fail");
    assert!(finding["fix"].is_string(), "{finding}");
}

#[test]
fn what_is_left_in_the_target_and_not_in_the_spec_is_an_orphan() {
    let project = Project::empty();
    let spec = "project x edition=1\nservice a { image \"app:1\" }\n";
    project.write(
        "skep.kdl",
        &format!("{spec}service b {{ image \"app:1\" }}\n"),
    );
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    project.write("skep.kdl", spec);
    let report = json(&on_model(&project, &["doctor", "-o", "json"]));
    let finding = found(&report, "orphans")[0];
    assert_eq!(finding["state"], "warn");
    assert!(
        finding["message"]
            .as_str()
            .is_some_and(|m| m.contains("`service.b`")),
        "{finding}"
    );
}

#[test]
fn an_external_object_that_nobody_made_fails() {
    let project = Project::empty();
    let spec = "project x edition=1\nnetwork shared external=#true\nservice a { image \"app:1\"; network shared }\n";
    project.write("skep.kdl", spec);
    let ran = on_model(&project, &["doctor", "-o", "json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report = json(&ran);
    assert_eq!(found(&report, "place")[0]["state"], "fail");
}

#[test]
fn without_an_engine_the_rest_is_looked_at_all_the_same() {
    let project = Project::fixture("shop");
    let host = [
        "doctor",
        "--host",
        "unix:///nonexistent/docker.sock",
        "-o",
        "json",
    ];
    let ran = project.skep(&host);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let report = json(&ran);
    assert_eq!(found(&report, "engine")[0]["state"], "fail");
    assert_eq!(found(&report, "spec")[0]["state"], "ok");
    assert!(found(&report, "swarm").is_empty(), "told once");
}

#[test]
fn a_folder_without_a_project_and_a_project_with_mistakes_are_told_as_such() {
    let project = Project::empty();
    let ran = on_model(&project, &["doctor"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("skep init"), "{}", ran.stdout);
    project.write(
        "skep.kdl",
        "project x edition=1\nservice a { imge \"app:1\" }\n",
    );
    let broken = json(&on_model(&project, &["doctor", "-o", "json"]));
    assert_eq!(found(&broken, "spec")[0]["fix"], "skep check");
}
