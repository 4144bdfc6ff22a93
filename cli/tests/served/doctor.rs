//! `skep doctor --server`.

use super::lab::{SPEC, Served};
use super::support::{Project, json};

#[test]
fn a_daemon_that_is_well_has_nothing_in_its_way() {
    let served = Served::start(SPEC);
    let ran = served.ask(&["doctor"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with("nothing is in the way\n"),
        "{}",
        ran.stdout
    );
    let report = json(&served.ask(&["doctor", "-o", "json"]));
    let findings = report["findings"].as_array().expect("findings");
    let checks: Vec<&str> = findings
        .iter()
        .filter_map(|f| f["check"].as_str())
        .collect();
    let wanted = [
        "daemon", "clock", "access", "version", "store", "lease", "drain", "target", "source",
        "audit", "stacks",
    ];
    assert_eq!(checks, wanted, "{findings:#?}");
}

#[test]
fn a_source_that_is_broken_fails_and_says_what_to_do() {
    let served = Served::start(SPEC);
    served
        .project
        .write("skep.kdl", "project shop edition=1\nservce web\n");
    served.until(|ran| ran.stdout.contains("  source"));
    let ran = served.ask(&["doctor"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let mut lines = ran
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("FAIL"));
    let failed = lines.next().unwrap_or_default();
    assert!(
        failed.contains("source") && failed.contains("shop: "),
        "{}",
        ran.stdout
    );
    assert!(
        lines.next().is_some_and(|line| line.contains("fix: ")),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_daemon_that_is_not_there_is_a_finding() {
    let project = Project::empty();
    let ran = project.skep(&["doctor", "--server", "unix:///nonexistent/skep.sock"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("FAIL  daemon  "), "{}", ran.stdout);
    assert!(ran.stdout.contains("skep serve"), "{}", ran.stdout);
    let odd = project.skep(&["doctor", "--server", "ftp://skep.example.com"]);
    assert_eq!(odd.code, 64, "{}", odd.stderr);
}
