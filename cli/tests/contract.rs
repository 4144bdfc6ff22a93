//! What scripts rely on: exit codes, streams, and the shape of what is printed.

mod support;

use support::{Project, json, on_model, snapshot};

#[test]
fn a_wrong_command_line_is_64_and_not_2() {
    let project = Project::fixture("shop");
    assert_eq!(project.skep(&["plan", "--no-such-flag"]).code, 64);
    assert_eq!(project.skep(&["no-such-command"]).code, 64);
    assert_eq!(project.skep(&["plan", "--target", "moon"]).code, 64);
}

#[test]
fn a_mistake_in_the_project_is_1_and_nothing_is_planned() {
    let project = Project::fixture("shop");
    project.edit(
        "skep.kdl",
        "image (fmt)\"registry.example.com/shop/web",
        "imge (fmt)\"registry.example.com/shop/web",
    );
    for command in [&["check"][..], &["compile"], &["plan"], &["apply", "--yes"]] {
        let ran = on_model(&project, command);
        assert_eq!(ran.code, 1, "{command:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("SK2002"), "{}", ran.stderr);
    }
    assert!(!project.model().exists());
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        "project x edition=1\nservice cache { image redis }\n",
    );
    assert_eq!(project.skep(&["check"]).code, 0);
    assert_eq!(project.skep(&["check", "--deny", "warnings"]).code, 1);
    assert_eq!(project.skep(&["check", "--deny", "SK5001"]).code, 1);
    assert_eq!(project.skep(&["check", "--deny", "SK5002"]).code, 0);
}

#[test]
fn a_plan_counts_by_action_and_says_with_its_exit_code_whether_there_is_something_to_do() {
    let project = Project::fixture("shop");
    let first = on_model(&project, &["plan", "-o", "json", "--detailed-exitcode"]);
    assert_eq!(first.code, 2);
    let changes = json(&first);
    assert_eq!(changes["format"], "skep.changes/1");
    assert_eq!(changes["summary"]["create"], 12);
    assert_eq!(changes["summary"]["delete"], 0);
    assert_eq!(on_model(&project, &["plan"]).code, 0);
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    let again = on_model(&project, &["plan", "-o", "json", "--detailed-exitcode"]);
    assert_eq!(again.code, 0);
    assert_eq!(json(&again)["summary"]["create"], 0);
    assert!(json(&again)["summary"]["noop"].as_u64() >= Some(12));
}

#[test]
fn without_a_yes_and_without_a_terminal_nothing_is_done() {
    let project = Project::fixture("shop");
    let ran = on_model(&project, &["apply"]);
    assert_eq!(ran.code, 6);
    assert!(ran.stderr.contains("skep apply --yes"), "{}", ran.stderr);
    assert!(
        !on_model(&project, &["status"])
            .stdout
            .contains("as in the spec")
    );
}

#[test]
fn an_engine_that_does_not_answer_is_69_and_the_way_round_is_named() {
    let project = Project::fixture("shop");
    let ran = project.skep_with(
        &["plan"],
        &[("DOCKER_HOST", "unix:///nonexistent/docker.sock")],
    );
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(ran.stderr.contains("--target model"), "{}", ran.stderr);
}

#[test]
fn only_data_goes_to_standard_output() {
    let project = Project::fixture("shop");
    assert_eq!(on_model(&project, &["apply", "--yes"]).stdout, "");
    let report = on_model(&project, &["apply", "--yes", "-o", "json"]);
    assert_eq!(json(&report)["outcome"], "done");
    assert_eq!(project.skep(&["check"]).stdout, "");
    let checked = json(&project.skep(&["check", "-o", "json"]));
    assert_eq!(checked["format"], "skep.check/1");
}

#[test]
fn a_plan_is_the_same_bytes_whatever_the_machine_is_like() {
    let project = Project::fixture("platform");
    let base = project.skep(&["compile", "-o", "json", "-e", "prod"]);
    assert_eq!(base.code, 0, "{}", base.stderr);
    for env in [
        &[("RAYON_NUM_THREADS", "1")][..],
        &[("RAYON_NUM_THREADS", "8")],
        &[
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "Pacific/Auckland"),
        ],
        &[("HOME", "/"), ("PWD", "/")],
    ] {
        assert_eq!(
            project
                .skep_with(&["compile", "-o", "json", "-e", "prod"], env)
                .stdout,
            base.stdout,
            "{env:?}"
        );
    }
    let elsewhere = Project::fixture("platform");
    assert_eq!(
        elsewhere
            .skep(&["compile", "-o", "json", "-e", "prod"])
            .stdout,
        base.stdout
    );
}

#[test]
fn a_compile_leaves_the_plan_and_every_proxy_config_as_files() {
    let project = Project::fixture("four-gateways");
    let out = project.path().join("out");
    let ran = project.skep(&["compile", "--out-dir", &out.display().to_string()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut names: Vec<String> = std::fs::read_dir(out.join("proxy"))
        .expect("a folder of configs")
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert!(out.join("plan.json").is_file());
    assert!(names.len() >= 4, "{names:?}");
    for gateway in ["caddy.", "haproxy.", "nginx.", "traefik."] {
        assert!(
            names.iter().any(|n| n.starts_with(gateway)),
            "{gateway} in {names:?}"
        );
    }
}

#[test]
fn plans_and_revisions_are_compared_without_any_target() {
    let project = Project::fixture("shop");
    let git = |args: &[&str]| {
        let ran = std::process::Command::new("git")
            .current_dir(project.path())
            .args(args)
            .output()
            .expect("git");
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    };
    git(&["init", "-q", "-b", "main"]);
    git(&[
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "add",
        "-A",
    ]);
    git(&[
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "commit",
        "-qm",
        "first",
    ]);
    let before = project.path().join("before.json");
    std::fs::write(&before, project.skep(&["compile", "-o", "json"]).stdout)
        .expect("the plan can be kept");
    project.edit("skep.kdl", "replicas=3", "replicas=5");
    for base in ["main", &before.display().to_string()] {
        let ran = project.skep(&["plan", "--base", base, "-o", "json", "--detailed-exitcode"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert_eq!(
            json(&ran)["summary"]["update_no_restart"],
            1,
            "{}",
            ran.stdout
        );
    }
    let after = project.path().join("after.json");
    std::fs::write(&after, project.skep(&["compile", "-o", "json"]).stdout)
        .expect("the plan can be kept");
    let diff = project.skep(&[
        "diff",
        &before.display().to_string(),
        &after.display().to_string(),
    ]);
    assert!(diff.stdout.contains("replicas  3 -> 5"), "{}", diff.stdout);
}

#[test]
fn formatting_is_checked_shown_and_done() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        "project x edition=1\nservice web   {\n  image \"app:1\" // pinned\n}\n",
    );
    assert_eq!(project.skep(&["fmt", "--check"]).code, 1);
    assert!(
        project
            .skep(&["fmt", "--diff"])
            .stdout
            .contains("+    image \"app:1\" // pinned")
    );
    assert_eq!(project.skep(&["fmt"]).code, 0);
    assert_eq!(project.skep(&["fmt", "--check"]).code, 0);
}

#[test]
fn codes_and_nodes_are_explained() {
    let project = Project::fixture("shop");
    assert!(
        project
            .skep(&["explain", "sk3001"])
            .stdout
            .starts_with("SK3001: ")
    );
    let node = project.skep(&["explain", "service.api"]).stdout;
    assert!(
        node.contains("skep.kdl:")
            && node.contains("service.db (healthy)")
            && node.contains("update.on-failure  rollback\n    not pause, as the engine: "),
        "{node}"
    );
    let wrong = project.skep(&["explain", "service.apii"]);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.stderr.contains("did you mean `service.api`?"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn the_graph_is_drawn_in_every_form() {
    let project = Project::fixture("shop");
    snapshot("cli", "graph_of_the_shop", &project.skep(&["graph"]).stdout);
    for (form, start) in [
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("svg", "<svg"),
    ] {
        assert!(
            project
                .skep(&["graph", "-o", form])
                .stdout
                .starts_with(start),
            "{form}"
        );
    }
    assert_eq!(
        json(&project.skep(&["graph", "-o", "json"]))["format"],
        "skep.graph/1"
    );
    let impact = project
        .skep(&["graph", "--impact", "config.api-toml"])
        .stdout;
    assert!(
        impact.contains("service.api") && !impact.contains("service.worker"),
        "{impact}"
    );
}

#[test]
fn a_new_project_checks_plans_and_applies_as_it_is() {
    let project = Project::empty();
    assert_eq!(project.skep(&["init", "--name", "hello"]).code, 0);
    let check = project.skep(&["check", "--deny", "warnings"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    assert_eq!(project.skep(&["init"]).code, 1);
    assert_eq!(project.skep(&["fmt", "--check"]).code, 0);
}

#[test]
fn every_template_is_a_project_without_a_mistake() {
    for template in ["web", "minimal"] {
        let project = Project::empty();
        let init = project.skep(&["init", "--name", "hello", "--template", template]);
        assert!(
            init.stderr.contains("skep plan --target model"),
            "{}",
            init.stderr
        );
        let check = project.skep(&["check", "--deny", "warnings"]);
        assert_eq!(check.code, 0, "{template}: {}", check.stderr);
        assert_eq!(project.skep(&["fmt", "--check"]).code, 0, "{template}");
        assert_eq!(
            on_model(&project, &["apply", "--yes"]).code,
            0,
            "{template}"
        );
    }
}

/// Each run is looked through; see [`Project::skep_with`].
#[test]
fn a_secret_is_in_no_output_and_no_file() {
    let project = Project::fixture("shop");
    let run = |args: &[&str]| {
        let ran = on_model(&project, args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    };
    let out = project.path().join("out").display().to_string();
    let summary = project.path().join("summary.md").display().to_string();
    for form in ["human", "json", "markdown", "gitlab-tf"] {
        run(&["plan", "-o", form, "--summary", &summary]);
    }
    run(&["compile", "--out-dir", &out]);
    run(&["compile", "-o", "json"]);
    run(&["apply", "--yes", "--progress", "json", "-o", "json"]);
    run(&["status", "-o", "json"]);
    run(&["explain", "secret.db-password"]);
    project.edit("skep.kdl", "LOG=info QUEUE=orders", "LOG=warn QUEUE=orders");
    run(&["apply", "--yes", "--progress", "plain"]);
    assert!(project.path().join("out/plan.json").exists() && project.model().exists());
    run(&["destroy", "--yes"]);
}

#[test]
fn every_command_has_help_with_examples_that_fits_a_screen() {
    let project = Project::empty();
    for command in [
        "check",
        "fmt",
        "explain",
        "compile",
        "plan",
        "diff",
        "apply",
        "status",
        "drift",
        "history",
        "show",
        "rollback",
        "lock",
        "destroy",
        "graph",
        "init",
        "completions",
        "doctor",
        "man",
    ] {
        assert_eq!(project.skep(&[command, "--help"]).code, 0);
        let help = project.skep(&[command, "-h"]);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains("Examples:"), "{command}");
        assert!(
            help.stdout.lines().count() <= 60,
            "{command}: {} lines",
            help.stdout.lines().count()
        );
    }
}

#[test]
fn completions_ask_the_program() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            project
                .skep(&["completions", shell])
                .stdout
                .contains("SKEP_COMPLETE"),
            "{shell}"
        );
    }
}

#[test]
fn a_file_that_is_too_large_is_reported() {
    let project = Project::empty();
    let large = format!("project x edition=1\n// {}\n", "x".repeat(17 << 20));
    project.write("skep.kdl", &large);
    let ran = project.skep(&["check", "-o", "concise"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("larger than 16 MiB"), "{}", ran.stdout);
}
