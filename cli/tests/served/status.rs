//! `skep status --server`.

use super::lab::{SPEC, Served};
use super::support::json;

#[test]
fn a_stack_is_shown_with_all_that_is_known_of_it() {
    let served = Served::start(SPEC);
    let ran = served.until(|ran| ran.stdout.contains("1/1 running"));
    let told = |words: &[&str]| {
        let mut lines = ran.stdout.lines();
        let is_there = lines.any(|line| words.iter().all(|word| line.contains(word)));
        assert!(is_there, "{words:?}: {}", ran.stdout);
    };
    told(&["shop  in sync, since "]);
    told(&["kept", "apply auto, drift report"]);
    told(&["wanted", ", from "]);
    told(&["applied", "r1, the last apply was done "]);
    told(&["service.web  as in the spec", "1/1 running"]);
    assert_eq!(ran.stderr, "");
}

#[test]
fn programs_get_what_the_api_says() {
    let served = Served::start(SPEC);
    let list = json(&served.ask(&["status", "-o", "json"]));
    assert_eq!(list["format"], "skep.stacks/1");
    let stack = &list["stacks"][0];
    assert_eq!(stack["stack"], "shop");
    assert_eq!(stack["policy"]["apply"], "auto");
    assert_eq!(stack["applied"], stack["plan"]);
    assert_eq!(list["services"][0]["address"], "service.web");
    let one = json(&served.ask(&["status", "shop", "-o", "json"]));
    assert_eq!(one["stacks"], list["stacks"]);
}

#[test]
fn a_stack_that_is_not_kept_is_told_as_such() {
    let served = Served::start(SPEC);
    let ran = served.ask(&["status", "blog@prod"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("no stack `blog@prod`"),
        "{}",
        ran.stderr
    );
    let alone = served.project.skep(&["status", "shop"]);
    assert_eq!(alone.code, 64, "a name is a daemon's: {}", alone.stderr);
}

#[test]
fn the_exit_code_says_whether_all_is_well() {
    let served = Served::start(SPEC);
    served.until(|ran| ran.stdout.contains("1/1 running"));
    assert_eq!(served.ask(&["status", "--exit-code"]).code, 0);
    served
        .project
        .write("skep.kdl", "project shop edition=1\nservce web\n");
    let broken = served.until(|ran| ran.stdout.contains("  source"));
    assert!(broken.stdout.contains("shop  in sync"), "{}", broken.stdout);
    assert_eq!(served.ask(&["status", "--exit-code"]).code, 1);
    assert_eq!(served.ask(&["status"]).code, 0);
}
