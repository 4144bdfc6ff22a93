//! `skep set`, `unset`, `insert`, `remove`, `splice`: the bytes that change, and no others.

mod support;

use support::{Project, json, on_model, snapshot};

const SPEC: &str = r#"// The shop.
project shop edition=1

param level type=string default=info   // how much is logged
param tag type=string

component web {
    param image
    param copies type=int default=1
    service (var)name replicas=(var)param.copies {
        image (var)param.image
        limits { memory "256MiB" }   // in the component
    }
}

service api replicas=1 { // one is enough
    image "registry.example.com/api:1.0"

    /* not more */ limits memory="512MiB"
    env LOG=(var)param.level MODE=plain
    port http 8080
    read-only
    needs cache
}
service cache { image "registry.example.com/cache:1.0"; stop { grace "20s" } }
use web front { image (fmt)"registry.example.com/web:${param.tag}"; copies 2 }
use web back { image "registry.example.com/back:1.0" }

environment prod {
    set tag "1.1"
    patch service api { replicas 3 }
}
environment dev {
}
volume spare   // for later
"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("skep.kdl", SPEC);
    project
}

fn text(project: &Project) -> String {
    std::fs::read_to_string(project.path().join("skep.kdl")).expect("the spec can be read")
}

/// Makes an edit, and takes it back with the command that it names.
fn made_and_undone(words: &[&str]) -> String {
    let project = project();
    let ran = project.skep(&[&words[..1], &["-o", "json"], &words[1..]].concat());
    assert_eq!(ran.code, 0, "{words:?}: {}", ran.stderr);
    let after = text(&project);
    let diff = similar::TextDiff::from_lines(SPEC, &after);
    let shown = diff.unified_diff().context_radius(0).to_string();
    assert_formatting_changes_no_plan(&after);
    let undo = json(&ran)["undo"].clone();
    let undo: Vec<String> = serde_json::from_value(undo).expect("an undo is a command");
    let undo: Vec<&str> = undo.iter().skip(1).map(String::as_str).collect();
    let undone = project.skep(&undo);
    assert_eq!(undone.code, 0, "{undo:?}: {}", undone.stderr);
    assert_eq!(text(&project), SPEC, "{undo:?}");
    format!("skep {}\n{shown}\n", words.join(" "))
}

fn assert_formatting_changes_no_plan(spec: &str) {
    let project = project();
    project.write("skep.kdl", spec);
    let digest =
        || json(&project.skep(&["compile", "-o", "json", "-p", "tag=1"]))["digest"].clone();
    let before = digest();
    assert!(before.is_string(), "{spec}");
    assert_eq!(project.skep(&["fmt"]).code, 0);
    assert_eq!(digest(), before, "{spec}");
}

#[test]
fn an_edit_changes_the_bytes_it_names_and_its_undo_restores_them() {
    let edits: &[&[&str]] = &[
        &["set", "service.api.replicas", "2"],
        &["set", "service.api.replicas", "4", "-e", "prod"],
        &["set", "service.api.limits.memory", "1GiB"],
        &["set", "service.api.limits.cpu", "0.5"],
        &["set", "service.api.env.MODE", "a \"b\""],
        &["set", "service.api.env.NEW", "5"],
        &["set", "service.api.env.LOG", "debug"],
        &[
            "set",
            "service.api.command",
            "--",
            "serve",
            "--level",
            "debug",
        ],
        &["set", "service.api.read-only", "false"],
        &["set", "service.api.stop.grace", "5s"],
        &["set", "service.api.port.admin", "9000"],
        &["set", "service.cache.stop.grace", "5s"],
        &["set", "service.cache.replicas", "2"],
        &["set", "service.front.replicas", "3"],
        &["set", "service.back.replicas", "3", "--at", "skep.kdl:27"],
        &[
            "set",
            "service.front.limits.memory",
            "1GiB",
            "--at",
            "skep.kdl:12",
        ],
        &["set", "service.front.image", "registry.example.com/web:2"],
        &[
            "set",
            "service.cache.replicas",
            "2",
            "-e",
            "dev",
            "--at",
            "skep.kdl:33",
        ],
        &[
            "set",
            "service.api.limits.pids",
            "9",
            "-e",
            "prod",
            "--at",
            "skep.kdl:31",
        ],
        &["unset", "service.api.limits.memory"],
        &["unset", "service.api.env.MODE"],
        &["unset", "service.api.read-only"],
        &["unset", "service.cache.stop.grace"],
        &["insert", "volume data"],
        &["insert", "--into", "service.cache", "user \"1000\""],
        &["remove", "volume.spare"],
        &["remove", "volume.spare", "-e", "dev", "--at", "skep.kdl:33"],
    ];
    let all: String = edits.iter().map(|words| made_and_undone(words)).collect();
    snapshot("edits", "made", &all);
}

#[test]
fn where_there_is_a_choice_it_is_told_and_nothing_is_written() {
    let project = project();
    let mut all = String::new();
    for words in [
        &["set", "service.cache.replicas", "2", "-e", "dev"][..],
        &["set", "service.back.replicas", "3"],
        &["set", "service.front.limits.memory", "1GiB"],
        &["set", "service.api.limits.memory", "1GiB", "-e", "prod"],
        &["remove", "service.cache", "-e", "dev"],
    ] {
        let ran = project.skep(words);
        assert_eq!(ran.code, 1, "{words:?}");
        all.push_str(&format!("skep {}\n{}\n", words.join(" "), ran.stderr));
    }
    snapshot("edits", "choices", &all);
    assert_eq!(text(&project), SPEC);
}

#[test]
fn what_would_be_wrong_is_refused_and_nothing_is_written() {
    let project = project();
    for (words, says) in [
        (&["set", "service.api.replicas", "many"][..], "SK2004"),
        (
            &["set", "service.api.replicsa", "2"],
            "did you mean `replicas`?",
        ),
        (
            &["set", "service.apu.replicas", "2"],
            "did you mean `service.api`?",
        ),
        (&["set", "service.api", "2"], "a node, and no property"),
        (&["set", "service.api.limits", "2"], "is a block"),
        (
            &["set", "service.api.replicas", "2", "-e", "test"],
            "no environment `test`",
        ),
        (&["unset", "service.api.image"], "nothing is written"),
        (&["unset", "service.api.user"], "has no `user`"),
        (&["remove", "service.cache"], "SK3001"),
        (&["remove", "service.front"], "made by a component"),
        (&["insert", "service { broken"], "SK1"),
        (&["splice", "skep.kdl:99990..99991="], "at byte 99990"),
    ] {
        let ran = project.skep(words);
        assert_eq!(ran.code, 1, "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{words:?}: {}", ran.stderr);
    }
    assert_eq!(text(&project), SPEC);
}

#[test]
fn a_dry_run_shows_a_diff_and_writes_nothing() {
    let project = project();
    let ran = project.skep(&["set", "service.api.replicas", "2", "--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("\n-service api replicas=1 { // one is enough\n+service api replicas=2 {"),
        "{}",
        ran.stdout
    );
    assert_eq!(text(&project), SPEC);
}

#[test]
fn files_that_are_included_are_edited_where_they_are() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        "project shop edition=1 { include \"parts/*.kdl\" }\n",
    );
    project.write(
        "parts/api.kdl",
        "service api {\r\n    image \"registry.example.com/api:1\"\r\n}\r\n",
    );
    let ran = project.skep(&["set", "service.api.image", "registry.example.com/api:2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr, "edited parts/api.kdl:2\n");
    let new = std::fs::read_to_string(project.path().join("parts/api.kdl"))
        .expect("the part can be read");
    assert_eq!(
        new,
        "service api {\r\n    image \"registry.example.com/api:2\"\r\n}\r\n"
    );
}

#[test]
fn a_rename_reaches_all_that_names_a_node_and_nothing_restarts() {
    let project = Project::fixture("shop");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let mut all = String::new();
    for (from, to) in [
        ("service.api", "service.backend"),
        ("service.db", "service.database"),
        ("secret.db-password", "secret.password"),
        ("config.api-toml", "config.settings"),
        ("network.data", "network.inner"),
    ] {
        let shown = project.skep(&["rename", from, to, "--diff"]);
        assert_eq!(shown.code, 0, "{from}: {}", shown.stderr);
        all.push_str(&format!("skep rename {from} {to}\n{}\n", shown.stdout));
        let before = every_kdl(&project);
        let ran = project.skep(&["rename", from, to, "-o", "json"]);
        assert_eq!(ran.code, 0, "{from}: {}", ran.stderr);
        let plan = json(&on_model(&project, &["plan", "-o", "json"]));
        for what in ["create", "update", "replace", "delete"] {
            assert_eq!(plan["summary"][what], 0, "{from} {what}: {plan}");
        }
        let undo: Vec<String> =
            serde_json::from_value(json(&ran)["undo"].clone()).expect("an undo is a command");
        let undo: Vec<&str> = undo.iter().skip(1).map(String::as_str).collect();
        assert_eq!(project.skep(&undo).code, 0);
        assert_eq!(every_kdl(&project), before, "{undo:?}");
    }
    snapshot("edits", "renames", &all);
}

fn every_kdl(project: &Project) -> Vec<String> {
    let files = std::fs::read_dir(project.path()).expect("the project can be listed");
    let mut files: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    files.sort();
    let specs = files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "kdl"));
    specs
        .map(|path| std::fs::read_to_string(path).expect("a spec can be read"))
        .collect()
}

#[test]
fn a_rename_follows_overlays_tests_and_components_and_is_refused_where_it_cannot() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        r#"project shop edition=1
service api { image "registry.example.com/api:1.0" }
service other { image "registry.example.com/api:1.0"; env API="service.api" }
component side { service (fmt)"${name}-side" { image "registry.example.com/side:1.0"; needs api } }
use side x
environment prod { patch service api { replicas 3 } }
environment dev { patch service "*" { replicas 1 }; remove service other }
test "prod" { environment prod; expect service.api replicas is=3; expect "service.api" }
"#,
    );
    let ran = project.skep(&["rename", "service.api", "service.web", "--new"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let after =
        std::fs::read_to_string(project.path().join("skep.kdl")).expect("the spec can be read");
    snapshot("edits", "renamed-everywhere", &after);
    assert_eq!(project.skep(&["test"]).code, 0);
    for (words, says) in [
        (
            ["rename", "service.web", "service.other"],
            "there is a `service.other` already",
        ),
        (["rename", "service.x-side", "service.y"], "skep.kdl:5"),
        (
            ["rename", "service.wbe", "service.y"],
            "did you mean `service.web`?",
        ),
    ] {
        let ran = project.skep(&words);
        assert_eq!(ran.code, 1, "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{words:?}: {}", ran.stderr);
    }
    assert_eq!(
        project.skep(&["rename", "service.web", "volume.web"]).code,
        64
    );
}

#[test]
fn a_use_is_renamed_with_all_that_it_makes_and_nothing_restarts() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        r#"project shop edition=1
network edge
component store {
    volume (fmt)"${name}-data"
    service (var)name {
        image "registry.example.com/store:1.0"
        network edge
        mount volume=(fmt)"${name}-data" to="/data"
    }
}
use store cache
use store twice
use store twice
service api { image "registry.example.com/api:1.0"; network edge; needs cache }
"#,
    );
    let spec =
        || std::fs::read_to_string(project.path().join("skep.kdl")).expect("the spec can be read");
    let ran = project.skep(&["rename", "use.twice", "use.once"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("2 uses are called `twice`"),
        "{}",
        ran.stderr
    );
    project.edit("skep.kdl", "use store twice\nuse store twice\n", "");
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let before = spec();
    let ran = project.skep(&["rename", "use.cache", "use.sessions", "-o", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let after = spec();
    for line in [
        "use store sessions\n",
        "needs sessions }\n",
        "moved from=\"volume.cache-data\" to=\"volume.sessions-data\"\n",
        "moved from=\"service.cache\" to=\"service.sessions\"\n",
    ] {
        assert!(after.contains(line), "{line}{after}");
    }
    let plan = json(&on_model(&project, &["plan", "-o", "json"]));
    for what in ["create", "update", "replace", "delete"] {
        assert_eq!(plan["summary"][what], 0, "{what}: {plan}");
    }
    let undo: Vec<String> = serde_json::from_value(json(&ran)["undo"].clone()).expect("a command");
    let undo: Vec<&str> = undo.iter().skip(1).map(String::as_str).collect();
    assert_eq!(project.skep(&undo).code, 0);
    assert_eq!(spec(), before);
    for (words, code, says) in [
        (
            ["use.cache", "use.api"],
            1,
            "there is a `service.api` already",
        ),
        (
            ["use.cahce", "use.other"],
            1,
            "no use of a component is called `cahce`",
        ),
        (["use.cache", "service.other"], 64, "cannot become"),
    ] {
        let ran = project.skep(&[&["rename"], &words[..]].concat());
        assert_eq!(ran.code, code, "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn an_undo_is_refused_where_its_file_was_changed_before_its_place() {
    let project = project();
    let ran = project.skep(&["remove", "volume.spare", "-o", "json"]);
    let undo: Vec<String> = serde_json::from_value(json(&ran)["undo"].clone()).expect("a command");
    let undo: Vec<&str> = undo.iter().skip(1).map(String::as_str).collect();
    let after = text(&project);
    let moved = format!("// one line more\n{after}");
    project.write("skep.kdl", &moved);
    let refused = project.skep(&undo);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("was changed after the edit"),
        "{}",
        refused.stderr
    );
    assert_eq!(text(&project), moved);
    project.write("skep.kdl", &after);
    assert_eq!(project.skep(&undo).code, 0);
    assert_eq!(text(&project), SPEC);
    assert_eq!(project.skep(&undo).code, 1, "it was taken back already");
    assert_eq!(text(&project), SPEC);
}

#[test]
fn an_undo_bears_changes_behind_its_place() {
    let project = project();
    let ran = project.skep(&["set", "service.api.replicas", "5", "-o", "json"]);
    let undo: Vec<String> = serde_json::from_value(json(&ran)["undo"].clone()).expect("a command");
    let undo: Vec<&str> = undo.iter().skip(1).map(String::as_str).collect();
    project.write("skep.kdl", &format!("{}// later\n", text(&project)));
    let undone = project.skep(&undo);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
    assert_eq!(text(&project), format!("{SPEC}// later\n"));
}

const ITEMS: &str = r#"project shop edition=1

param regions type=map { default north=1 south=2 }

component web {
    param image
    param copies type=int default=1
    param port type=int default=80
    service (var)name replicas=(var)param.copies {
        image (var)param.image
        port http (var)param.port
        limits { memory "256MiB" }
    }
}
use web {
    each {
        front tag="1.0" copies=2
        back tag="1.1" copies=1
    }
    image (fmt)"registry.example.com/${each}:${each.tag}"
    copies (var)each.copies
}
use web (fmt)"region-${each}" {
    each (spread)param.regions
    image "registry.example.com/region:1"
    copies (var)each.value
}
environment prod { set regions north=3 south=4 east=5 }
"#;

#[test]
fn a_value_of_an_item_is_edited_in_the_item() {
    let mut all = String::new();
    for words in [
        &["set", "service.front.replicas", "5"][..],
        &["set", "service.front.image", "registry.example.com/front:2"],
        &["set", "service.front.limits.memory", "1GiB"],
        &["set", "service.region-north.replicas", "6"],
        &["set", "service.region-east.replicas", "6", "-e", "prod"],
        &["set", "service.region-north.image", "x:1", "-e", "prod"],
        &["remove", "service.front"],
        &["rename", "service.front", "service.first"],
    ] {
        let project = Project::empty();
        project.write("skep.kdl", ITEMS);
        let ran = project.skep(words);
        all.push_str(&format!("skep {}\n", words.join(" ")));
        let after = text(&project);
        let diff = similar::TextDiff::from_lines(ITEMS, &after);
        for change in diff
            .iter_all_changes()
            .filter(|c| c.tag() != similar::ChangeTag::Equal)
        {
            all.push_str(&format!("{}{change}", change.tag()));
        }
        if ran.code != 0 {
            all.push_str(&ran.stderr);
        }
        all.push('\n');
    }
    snapshot("edits", "items", &all);
}
