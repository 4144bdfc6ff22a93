//! `-o sarif`, `gitlab`, `rdjson` and `junit`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use skep_fixtures::described::mistakes_by;

use super::support::{Project, json, snapshot};
use super::{INSIDE, MISTAKES, in_a_repository};

fn checked(project: &Project, words: &[&str]) -> super::support::Ran {
    let ran = project.skep_in(INSIDE, &[&["check"], words].concat(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran
}

fn described(name: &str, schema: &str, value: &Value) {
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let wrong = mistakes_by(&schema, value);
    assert!(wrong.is_empty(), "{name}: {}\n{value:#}", wrong.join("\n"));
}

#[test]
fn sarif_is_as_the_standard_says() {
    let project = in_a_repository();
    let log = json(&checked(&project, &["-o", "sarif"]));
    described("sarif", include_str!("sarif.schema.json"), &log);
    let run = &log["runs"][0];
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|rule| &rule["id"])
        .collect();
    let results = run["results"].as_array().expect("results");
    for result in results {
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(artifact["uri"], "deploy/my%20stack/skep.kdl");
        assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
    }
    let fix = results
        .iter()
        .find_map(|r| r["fixes"].get(0))
        .expect("a fix");
    let replacement = &fix["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "network");
    assert_eq!(replacement["deletedRegion"]["startColumn"], 23);
}

#[test]
fn every_mistake_of_the_catalogue_makes_valid_reports() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/diagnostics");
    let files = std::fs::read_dir(folder).expect("the catalogue can be read");
    let specs = files
        .map(|file| file.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "kdl"));
    let project = Project::empty();
    for spec in specs {
        let bytes = std::fs::read(&spec).expect("a fixture can be read");
        std::fs::write(project.path().join("skep.kdl"), bytes).expect("it can be written");
        let name = spec.display().to_string();
        let log = json(&project.skep(&["check", "-o", "sarif"]));
        described(&name, include_str!("sarif.schema.json"), &log);
        let report = json(&project.skep(&["check", "-o", "rdjson"]));
        described(&name, include_str!("rdjson.schema.json"), &report);
    }
}

#[test]
fn a_finding_keeps_its_fingerprint_when_lines_come_before_it() {
    let project = in_a_repository();
    let prints = || {
        let report = json(&checked(&project, &["-o", "gitlab"]));
        described("gitlab", include_str!("gitlab.schema.json"), &report);
        let all = report.as_array().into_iter().flatten();
        all.map(|f| f["fingerprint"].to_string())
            .collect::<Vec<_>>()
    };
    let before = prints();
    assert!(before.len() > 1);
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len());
    let more = MISTAKES.replace("service web", "// one\n// two\n\nservice web");
    project.write("deploy/my stack/skep.kdl", &more);
    assert_eq!(prints(), before);
    project.write(
        "deploy/my stack/skep.kdl",
        &MISTAKES.replace("netwrk", "netwrkk"),
    );
    assert_ne!(prints(), before);
}

#[test]
fn suggestions_for_reviewdog_count_bytes() {
    let project = in_a_repository();
    let report = json(&checked(&project, &["-o", "rdjson"]));
    described("rdjson", include_str!("rdjson.schema.json"), &report);
    let first = &report["diagnostics"][0];
    assert_eq!(first["location"]["path"], "deploy/my stack/skep.kdl");
    assert_eq!(first["location"]["range"]["start"]["column"], 24);
    assert_eq!(first["suggestions"][0]["text"], "network");
    assert_eq!(first["suggestions"][0]["range"]["end"]["column"], 30);
}

#[test]
fn junit_fails_what_the_check_fails_for() {
    let project = in_a_repository();
    let plain = checked(&project, &["-o", "junit"]).stdout;
    snapshot("cli", "check_as_junit", &plain);
    let failures = |text: &str| text.matches("<failure ").count();
    let denied = checked(&project, &["-o", "junit", "--deny", "warnings"]).stdout;
    assert!(failures(&denied) > failures(&plain), "{denied}");
    let clean = Project::fixture("shop")
        .skep(&["check", "-o", "junit"])
        .stdout;
    assert_eq!(failures(&clean), 0, "{clean}");
}

#[test]
fn no_form_holds_a_path_of_this_machine() {
    let project = in_a_repository();
    for form in [
        "sarif", "github", "gitlab", "junit", "rdjson", "json", "concise",
    ] {
        let ran = checked(&project, &["-o", form]);
        assert!(!ran.stdout.contains("PROJECT"), "{form}: {}", ran.stdout);
    }
}
