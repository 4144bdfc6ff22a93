//! From a tag to a digest, and on when the tag moves.

use serde_json::Value;

use crate::server::Registry;
use crate::support::{Project, Ran};

fn short(digest: &str) -> String {
    format!("{}…", &digest[..19])
}

fn on_model(project: &Project, args: &[&str]) -> Ran {
    project.skep(&[&["--target", "model"], args].concat())
}

fn lock_text(project: &Project) -> String {
    let text = std::fs::read_to_string(project.path().join("skep.lock")).expect("a lock file");
    let lines = text.lines().filter(|line| !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_tag_that_moved_is_told_and_rolls_the_one_service_that_runs_it() {
    let registry = Registry::open();
    let (one, two) = (registry.image("team/app:1"), registry.image("team/app:2"));
    let first = registry.push("team/app", "1", "one");
    let other = registry.push("team/app", "2", "two");
    let project = Project::empty();
    project.write(
        "skep.kdl",
        &format!(
            "project shop edition=1\nservice a replicas=2 {{ image \"{one}\" }}\n\
             service b {{ image \"{two}\" }}\n"
        ),
    );
    let locked = project.skep(&["lock", "images"]);
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    assert_eq!(
        locked.stdout,
        format!("+ {one}  {}\n+ {two}  {}\n", short(&first), short(&other))
    );
    assert_eq!(locked.stderr, "wrote skep.lock: 2 images, 2 new\n");
    assert_eq!(
        lock_text(&project),
        format!(
            "lock version=1\nimage \"{one}\" digest=\"{first}\"\nimage \"{two}\" digest=\"{other}\""
        )
    );
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);

    let moved = registry.push("team/app", "1", "one, mended");
    let unmoved = project.skep(&["lock", "images"]);
    assert_eq!(unmoved.stdout, "", "without --update nothing moves");
    assert_eq!(unmoved.stderr, "skep.lock stays as it is: 2 images\n");
    assert_eq!(on_model(&project, &["plan", "--detailed-exitcode"]).code, 0);

    let updated = project.skep(&["lock", "images", "--update"]);
    assert_eq!(updated.code, 0, "{}", updated.stderr);
    assert_eq!(
        updated.stdout,
        format!("~ {one}  {} -> {}\n", short(&first), short(&moved))
    );
    assert_eq!(updated.stderr, "wrote skep.lock: 2 images, 1 moved\n");

    let line = format!("image  {one}  {} -> {}", short(&first), short(&moved));
    let plan = on_model(&project, &["plan"]);
    assert!(plan.stdout.contains(&line), "{}", plan.stdout);
    assert!(
        plan.stdout.contains("rolling restart, 2 tasks"),
        "{}",
        plan.stdout
    );
    let markdown = on_model(&project, &["plan", "-o", "markdown"]);
    assert!(markdown.stdout.contains(&line), "{}", markdown.stdout);
    let json = on_model(&project, &["plan", "-o", "json"]);
    let changes: Value = serde_json::from_str(&json.stdout).expect("changes");
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(changes["changes"][0]["address"], "service.a");
    assert_eq!(changes["changes"][0]["effect"], "rolling-restart");
    assert_eq!(changes["summary"]["tasks_restarted"], 2);
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    assert_eq!(on_model(&project, &["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn an_image_for_several_platforms_is_locked_as_the_list_of_them() {
    let registry = Registry::open();
    let list = registry.push_list("app", "1", ["for one", "for another"]);
    let project = Project::empty();
    let image = registry.image("app:1");
    project.write(
        "skep.kdl",
        &format!("project shop edition=1\nservice a {{ image \"{image}\" }}\n"),
    );
    let locked = project.skep(&["lock", "images"]);
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    assert!(lock_text(&project).ends_with(&format!("digest=\"{list}\"")));
}

#[test]
fn one_image_can_be_updated_alone() {
    let registry = Registry::open();
    let project = Project::empty();
    let (one, two) = (registry.image("app:1"), registry.image("app:2"));
    project.write(
        "skep.kdl",
        &format!(
            "project shop edition=1\nservice a {{ image \"{one}\" }}\nservice b {{ image \"{two}\" }}\n"
        ),
    );
    for tag in ["1", "2"] {
        registry.push("app", tag, "old");
    }
    assert_eq!(project.skep(&["lock", "images"]).code, 0);
    for tag in ["1", "2"] {
        registry.push("app", tag, "new");
    }
    let updated = project.skep(&["lock", "images", "--update", &two]);
    assert_eq!(updated.code, 0, "{}", updated.stderr);
    assert!(
        updated.stdout.starts_with(&format!("~ {two}  ")),
        "{}",
        updated.stdout
    );
    assert_eq!(updated.stdout.lines().count(), 1, "{}", updated.stdout);
}

#[test]
fn many_images_are_asked_for_at_once_and_written_in_order() {
    let registry = Registry::open();
    let mut spec = "project shop edition=1\n".to_owned();
    for number in 10..40 {
        registry.push("app", &number.to_string(), &format!("number {number}"));
        let image = registry.image(&format!("app:{number}"));
        spec.push_str(&format!("service s{number} {{ image \"{image}\" }}\n"));
    }
    let project = Project::empty();
    project.write("skep.kdl", &spec);
    let locked = project.skep(&["lock", "images"]);
    assert_eq!(locked.stderr, "wrote skep.lock: 30 images, 30 new\n");
    let text = lock_text(&project);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 30);
    assert!(lines.is_sorted(), "{text}");
}
