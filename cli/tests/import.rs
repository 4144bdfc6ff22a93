//! `skep import compose` before files of others.

mod support;

use serde_json::Value;
use skep_fixtures::described::assert_described;
use support::Project;

const STACK: &str = "\
services:
  web:
    image: nginx:${TAG:-1.27}
    environment: {DB_PASSWORD: never-shown}
    configs: [page]
    deploy: {replicas: 2}
configs:
  page: {file: ./page.html}
";

fn folder() -> Project {
    let project = Project::empty();
    project.write("in/stack.yml", STACK);
    project.write("in/page.html", "<h1>hello</h1>\n");
    project
}

#[test]
fn what_is_written_is_a_project_of_its_own() {
    let project = folder();
    let words = [
        "import",
        "compose",
        "in/stack.yml",
        "--stack",
        "shop",
        "--out",
        "out",
    ];
    let ran = project.skep(&words);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(
        ran.stderr
            .ends_with("imported shop: 4 keys exact, 1 approximated, 0 dropped\n"),
        "{}",
        ran.stderr
    );
    let written = Project::copy_of(&project.path().join("out"));
    let checked = written.skep(&["check"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let planned = written.skep(&["compile", "-o", "json"]);
    assert!(planned.stdout.contains("shop_web"), "{}", planned.stdout);
    let formatted = written.skep(&["fmt", "--check"]);
    assert_eq!(formatted.code, 0, "{}", formatted.stderr);
    assert!(!format!("{}{}{}", ran.stderr, checked.stderr, planned.stdout).contains("never-shown"));
    let again = project.skep(&words);
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("is already there"),
        "{}",
        again.stderr
    );
}

#[test]
fn the_report_is_for_people_and_for_programs() {
    let project = folder();
    let table = project.skep(&["import", "compose", "in/stack.yml", "--report"]);
    let first = table.stdout.lines().next();
    assert_eq!((table.code, first), (0, Some("approximated, 1 key")));
    assert!(
        table.stdout.contains("  TAG is param.tag\n"),
        "{}",
        table.stdout
    );
    let json = project.skep(&["import", "compose", "in/stack.yml", "-o", "json"]);
    assert_described("import", &json.stdout);
    let report: Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!(report["project"], "in");
    assert_eq!(report["copies"]["page.html"], "page.html");
}

#[test]
fn strict_and_refused_files_fail() {
    let project = folder();
    let strict = project.skep(&["import", "compose", "in/stack.yml", "--strict"]);
    assert_eq!(strict.code, 1);
    project.write("in/broken.yml", "services:\n  web: [a\n");
    let broken = project.skep(&["import", "compose", "in/broken.yml"]);
    assert_eq!((broken.code, broken.stdout.as_str()), (1, ""));
    assert!(
        broken.stderr.starts_with("error: broken.yml:"),
        "{}",
        broken.stderr
    );
    let missing = project.skep(&["import", "compose", "in/nothing.yml"]);
    assert_eq!(missing.code, 1);
}

#[test]
fn variables_come_from_the_file_beside_or_the_one_named() {
    let project = folder();
    project.write("in/.env", "TAG=from-beside\n");
    project.write("other.env", "TAG=from-named\n");
    let beside = project.skep(&["import", "compose", "in/stack.yml"]);
    assert!(
        beside.stdout.contains("param tag default=from-beside"),
        "{}",
        beside.stdout
    );
    let named = project.skep(&[
        "import",
        "compose",
        "in/stack.yml",
        "--env-file",
        "other.env",
    ]);
    assert!(
        named.stdout.contains("param tag default=from-named"),
        "{}",
        named.stdout
    );
}

#[test]
fn a_project_can_begin_with_a_compose_file() {
    let project = folder();
    let words = ["init", "new", "--from", "in/stack.yml", "--name", "shop"];
    let ran = project.skep(&words);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("imported shop: 4 keys exact"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("cd new"), "{}", ran.stderr);
    let written = Project::copy_of(&project.path().join("new"));
    assert_eq!(written.skep(&["check"]).code, 0);
    let ignored = std::fs::read_to_string(written.path().join(".gitignore"));
    assert_eq!(ignored.expect("it is there"), ".skep/\n");
    let again = project.skep(&words);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(
        again.stderr.contains("is already there"),
        "{}",
        again.stderr
    );
}
