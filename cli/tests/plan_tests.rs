//! `skep test`: expectations, failing compiles, snapshots of plans.

mod support;

use support::{Project, json, snapshot};

const SPEC: &str = r#"project shop edition=1

param replicas type=int default=1 max=9
service api replicas=(var)param.replicas {
    image "registry.example.com/api:1.0"
    limits memory="512MiB"
    env LOG=info EVERY="1m"
}
service cache { image "registry.example.com/cache:1.0"; read-only }
environment prod { set replicas 3 }
environment dev { remove service cache }
"#;

fn project(tests: &str) -> Project {
    let project = Project::empty();
    project.write("skep.kdl", &format!("{SPEC}{tests}"));
    project
}

#[test]
fn expectations_hold_for_values_presence_order_and_counts() {
    let project = project(
        r#"
test "prod is replicated" {
    environment prod
    expect service.api replicas at-least=2 at-most=3
    expect service.api limits.memory is="0.5GiB"
    expect service.api limits.cpu exists=#false
    expect service.api env has=LOG
    expect service.api env.LOG is=info
    expect service.api mode is=replicated
    expect service.cache read-only is=#true
    expect "service.*" image has="registry.example.com/"
    count "service.*" is=2
}
test "dev has no cache" { environment dev; expect service.cache exists=#false; count "service.*" at-most=1 }
test "too many are refused" { set replicas 10; fails SK4006 }
test "a use without an image is refused" { given { service bare }; fails SK2003 }
test "what is given is there" { given { volume extra }; expect volume.extra }
"#,
    );
    let ran = project.skep(&["test"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with("5 tests: 5 passed, 0 failed\n"),
        "{}",
        ran.stderr
    );
    let compiled = project.skep(&["compile", "-o", "json"]);
    assert!(
        !compiled.stdout.contains("volume.extra"),
        "{}",
        compiled.stdout
    );
}

#[test]
fn what_does_not_hold_is_shown_with_the_place_it_was_written_at() {
    let project = project(
        r#"
test "a wish" {
    environment "*"
    expect service.api replicas at-least=2
    expect service.api env.EVERY is="60s"
    expect service.api limits.memory at-most="256MiB"
    expect service.api update.parallelism at-least=2
    expect service.api limits.pids exists=#true
    count "service.*" is=2
}
"#,
    );
    let ran = project.skep(&["test"]);
    assert_eq!(ran.code, 1);
    snapshot("tests", "what-does-not-hold", &ran.stderr);
}

#[test]
fn a_test_that_cannot_make_sense_is_found_by_check() {
    let project = project(
        r#"
test "a slip" {
    environment prud
    expect service.api limits.memry exists=#true
    expect servce.api
    expect service.api update.order is=start-frist
    expect service.api replicas is=many
    expect service.api command is=x
    expect service.api read-only at-least=1
}
test "nothing" { environment prod }
test "both" { fails SK4006; snapshot }
"#,
    );
    let ran = project.skep(&["check"]);
    assert_eq!(ran.code, 1);
    snapshot("tests", "what-makes-no-sense", &ran.stderr);
}

#[test]
fn a_snapshot_is_written_compared_and_shown_as_a_change_of_the_plan() {
    let project = project("\ntest \"as reviewed\" { environment prod; snapshot }\n");
    let ran = project.skep(&["test"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("SK3603"), "{}", ran.stderr);

    assert_eq!(project.skep(&["test", "--update"]).code, 0);
    let kept = project.path().join("snapshots/shop@prod.json");
    let first = std::fs::read_to_string(&kept).expect("the snapshot was written");
    assert!(!first.contains("skep.kdl"), "{first}");
    assert_eq!(project.skep(&["test"]).code, 0);

    project.edit("skep.kdl", "project shop", "// A line more.\nproject shop");
    assert_eq!(project.skep(&["test"]).code, 0);

    project.edit("skep.kdl", "512MiB", "1GiB");
    let ran = project.skep(&["test"]);
    assert_eq!(ran.code, 1);
    snapshot("tests", "another-plan", &ran.stderr);
    let report = json(&project.skep(&["test", "-o", "json"]));
    assert_eq!(report["format"], "skep.tests/1");
    assert_eq!(report["failed"], 1);
    assert_eq!(report["tests"][0]["changes"]["summary"]["update"], 1);

    assert_eq!(project.skep(&["test", "--update"]).code, 0);
    let second = std::fs::read_to_string(&kept).expect("the snapshot is there");
    assert_ne!(first, second);
    assert_eq!(project.skep(&["test"]).code, 0);
}

#[test]
fn tests_are_listed_chosen_and_told_to_pipelines() {
    let project = project(
        r#"
test "a < b & \"c\"" { environment prod dev; count "service.*" is=2 }
test "other" { expect service.api }
"#,
    );
    let listed = project.skep(&["test", "--list"]);
    assert_eq!(listed.stdout.lines().count(), 3, "{}", listed.stdout);
    assert_eq!(project.skep(&["test", "-e", "prod"]).code, 0);
    assert_eq!(project.skep(&["test", "other"]).code, 0);
    assert_eq!(project.skep(&["test", "nothing like it"]).code, 1);
    let junit = project.skep(&["test", "-o", "junit"]);
    assert_eq!(junit.code, 1);
    snapshot("tests", "junit", &junit.stdout);
}

#[test]
fn a_project_without_tests_has_nothing_that_fails() {
    let ran = project("").skep(&["test"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("there are no tests"), "{}", ran.stderr);
}

#[test]
fn a_snapshot_that_no_test_has_is_told_and_taken_away_on_update() {
    let project = project("\ntest \"as reviewed\" { environment prod dev; snapshot }\n");
    assert_eq!(project.skep(&["test", "--update"]).code, 0);
    project.write("snapshots/notes.json", "{}");
    let kept = |name: &str| project.path().join("snapshots").join(name).exists();
    project.edit("skep.kdl", "environment prod dev", "environment prod");

    let chosen = project.skep(&["test", "reviewed"]);
    assert!(!chosen.stderr.contains("shop@dev.json"), "not all were run");
    let ran = project.skep(&["test", "-o", "json"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr
            .contains("no test has snapshots/shop@dev.json any more")
    );
    assert_eq!(
        json(&ran)["stale"],
        serde_json::json!(["snapshots/shop@dev.json"])
    );
    assert!(kept("shop@dev.json"));

    let ran = project.skep(&["test", "--update"]);
    assert!(
        ran.stderr.contains("removed snapshots/shop@dev.json"),
        "{}",
        ran.stderr
    );
    assert!(!kept("shop@dev.json") && kept("shop@prod.json") && kept("notes.json"));
}
