//! Exports, through the program.

mod support;

use support::{Project, json};

#[test]
fn an_export_is_a_stack_file_with_its_configs_beside_it() {
    let project = Project::fixture("shop");
    let ran = project.skep(&["export", "compose", "--out", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let out = project.path().join("out");
    let stack = std::fs::read_to_string(out.join("stack.yml")).expect("it was written");
    assert!(stack.contains("file: \"./configs/api-toml\""), "{stack}");
    let config = std::fs::read(out.join("configs/api-toml")).expect("it was written");
    let source = std::fs::read(project.path().join("conf/api.toml")).expect("it is there");
    assert_eq!(config, source);
    assert_eq!(project.skep(&["export", "compose"]).stdout, stack);
}

#[test]
fn a_strict_export_of_what_is_not_exact_fails_and_writes_nothing() {
    let project = Project::fixture("shop");
    let ran = project.skep(&["export", "compose", "--strict", "--out", "out"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(!project.path().join("out").exists());
    let exact = Project::fixture("platform");
    let ran = exact.skep(&["export", "compose", "--strict"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn the_report_names_nodes_and_properties() {
    let project = Project::fixture("shop");
    let report = json(&project.skep(&["export", "compose", "-o", "json"]));
    assert_eq!(report["format"], "skep.export/1");
    let findings = report["findings"].as_array().expect("it has findings");
    let lost = findings
        .iter()
        .find(|one| one["key"] == "service.api.needs.service.db");
    assert_eq!(lost.expect("the order is lost")["grade"], "dropped");
    let table = project.skep(&["export", "compose", "--report"]).stdout;
    assert!(table.starts_with("dropped: 5\n"), "{table}");
}

#[test]
fn manifests_are_one_file_and_their_report_has_the_commands_that_are_missing() {
    let project = Project::fixture("shop");
    let ran = project.skep(&["export", "kubernetes", "--out", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let out = project.path().join("out");
    let text = std::fs::read_to_string(out.join("kubernetes.yaml")).expect("it was written");
    let files = std::fs::read_dir(&out).expect("it was made").count();
    assert_eq!(
        (text.matches("kind: Deployment").count(), files),
        (4, 1),
        "{text}"
    );
    assert_eq!(project.skep(&["export", "kubernetes"]).stdout, text);
    let table = project.skep(&["export", "kubernetes", "--report"]).stdout;
    let command = "printf %s \"$SHOP_DB_PASSWORD\" | kubectl create secret generic db-password";
    assert!(table.contains(command), "{table}");
    let strict = project.skep(&["export", "kubernetes", "--strict", "--out", "no"]);
    assert_eq!((strict.code, strict.stdout.as_str()), (1, ""));
    assert!(!project.path().join("no").exists());
}
