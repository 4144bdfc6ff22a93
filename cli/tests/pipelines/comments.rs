//! What stands under a pull request: `-o markdown`, `-o gitlab-tf`, `--summary`.

use super::support::{Project, json, on_model};

#[test]
fn the_widget_of_a_merge_request_gets_three_counts() {
    let project = Project::fixture("shop");
    let widget = |project: &Project| json(&on_model(project, &["plan", "-o", "gitlab-tf"]));
    let first = serde_json::json!({ "create": 12, "update": 0, "delete": 0 });
    assert_eq!(widget(&project), first);
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    project.edit("conf/api.toml", "workers = 4", "workers = 8");
    let replaced = serde_json::json!({ "create": 1, "update": 1, "delete": 1 });
    assert_eq!(widget(&project), replaced);
}

#[test]
fn a_summary_is_appended_and_is_what_markdown_prints() {
    let project = Project::fixture("shop");
    let file = project.path().join("summary.md");
    project.write("summary.md", "what others wrote\n");
    let words = [
        "plan",
        "-o",
        "markdown",
        "--summary",
        &file.display().to_string(),
    ];
    let shown = on_model(&project, &words).stdout;
    let read = || std::fs::read_to_string(&file).expect("the summary is there");
    let home = project.path().display().to_string();
    assert_eq!(
        read().replace(&home, "PROJECT"),
        format!("what others wrote\n{shown}")
    );
}

#[test]
fn a_comment_has_the_length_that_was_asked_for_and_says_what_is_missing() {
    let project = Project::empty();
    let services = (0..40).map(|n| format!("service s{n} {{ image \"app:1\" }}\n"));
    let spec = format!("project x edition=1\n{}", services.collect::<String>());
    project.write("skep.kdl", &spec);
    let short = ["plan", "-o", "markdown", "--budget", "2000"];
    let text = on_model(&project, &short).stdout;
    assert!(text.len() <= 2000, "{}", text.len());
    assert!(text.contains(" of 41 changes listed; "), "{text}");
    let whole = on_model(&project, &["plan", "-o", "markdown"]).stdout;
    assert!(!whole.contains("Shortened"), "{whole}");
    let least = on_model(&project, &["plan", "-o", "markdown", "--budget", "100"]);
    assert_eq!(least.code, 64, "{}", least.stderr);
}
