//! `skep lock` without any registry: what is missing, what is unused, and what a plan makes of it.

mod support;

use support::{Project, Ran};

const SPEC: &str = "\
project shop edition=1
service cache { image \"redis:7\" }
service queue { image \"registry.example.com/queue:1\" }
environment prod { patch service cache image=\"redis:8\" }
";

fn digest(letter: char) -> String {
    format!("sha256:{}", String::from(letter).repeat(64))
}

/// The shop with these lines in its lock file, each with a digest of one letter.
fn locked(images: &[(&str, char)]) -> Project {
    let project = Project::empty();
    project.write("skep.kdl", SPEC);
    let lines = images
        .iter()
        .map(|(image, letter)| format!("image \"{image}\" digest=\"{}\"\n", digest(*letter)));
    let text = format!("lock version=1\n{}", lines.collect::<String>());
    project.write("skep.lock", &text);
    project
}

const ALL: [(&str, char); 3] = [
    ("redis:7", 'a'),
    ("redis:8", 'b'),
    ("registry.example.com/queue:1", 'c'),
];

fn check(project: &Project) -> Ran {
    project.skep(&["lock", "images", "--check"])
}

fn lock_file(project: &Project) -> String {
    std::fs::read_to_string(project.path().join("skep.lock")).expect("a lock file")
}

#[test]
fn a_check_covers_all_environments_whichever_is_named() {
    let project = locked(&ALL);
    for args in [
        &["lock", "images", "--check"][..],
        &["lock", "images", "--check", "-e", "prod"],
    ] {
        let ran = project.skep(args);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stderr, "skep.lock is up to date: 3 images\n");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_check_exits_2_and_names_what_is_missing_and_what_is_unused() {
    let project = locked(&[("redis:6", 'f'), ALL[0], ALL[2]]);
    let before = lock_file(&project);
    let ran = check(&project);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "+ redis:8  missing\n- redis:6  unused\n");
    assert!(
        ran.stderr.contains("`skep lock images` mends it"),
        "{}",
        ran.stderr
    );
    assert_eq!(lock_file(&project), before);
}

#[test]
fn without_a_lock_file_everything_is_missing_and_everything_else_works() {
    let project = Project::empty();
    project.write("skep.kdl", SPEC);
    let ran = check(&project);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout.lines().count(), 3, "{}", ran.stdout);
    assert_eq!(project.skep(&["check", "--deny", "warnings"]).code, 0);
    assert!(!project.path().join("skep.lock").exists());
}

#[test]
fn what_nobody_uses_is_dropped_without_asking_anybody() {
    let project = locked(&[("redis:6", 'f'), ALL[0], ALL[1], ALL[2]]);
    let ran = project.skep(&["lock", "images"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "- redis:6  not used any more\n");
    assert_eq!(ran.stderr, "wrote skep.lock: 3 images, 1 dropped\n");
    assert!(!lock_file(&project).contains("redis:6"));
    let again = project.skep(&["lock", "images"]);
    assert_eq!(again.stderr, "skep.lock stays as it is: 3 images\n");
}

#[test]
fn images_of_unset_parameters_keep_what_may_be_theirs() {
    let project = locked(&[("redis:6", 'f'), ALL[0], ALL[1], ALL[2]]);
    let more = "param tag type=string\nservice own { image (fmt)\"registry.example.com/own:${param.tag}\" }\n";
    project.write("skep.kdl", &format!("{SPEC}{more}"));
    let ran = check(&project);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("give them with -p"), "{}", ran.stderr);
    let ran = project.skep(&["lock", "images", "--check", "-p", "tag=9"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        "+ registry.example.com/own:9  missing\n- redis:6                     unused\n"
    );
}

#[test]
fn an_image_that_the_project_does_not_have_cannot_be_updated() {
    let project = locked(&ALL);
    let ran = project.skep(&["lock", "images", "--update", "redis:77"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stderr,
        "error: `redis:77` is no image of this project\n help: did you mean `redis:7`?\n"
    );
    let both = project.skep(&["lock", "images", "--update", "--check"]);
    assert_eq!(both.code, 64, "{}", both.stderr);
}

#[test]
fn a_project_with_mistakes_is_not_locked() {
    let project = locked(&ALL);
    project.edit("skep.kdl", "image \"redis:7\"", "imge \"redis:7\"");
    let before = lock_file(&project);
    for args in [&["lock", "images"][..], &["lock", "images", "--check"]] {
        let ran = project.skep(args);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("SK2002"), "{}", ran.stderr);
    }
    assert_eq!(lock_file(&project), before);
}

#[test]
fn a_plan_runs_what_is_locked_and_says_when_it_is_pinned() {
    let project = Project::empty();
    project.write("skep.kdl", SPEC);
    let on_model = |args: &[&str]| project.skep(&[&["--target", "model"], args].concat());
    assert_eq!(on_model(&["apply", "--yes"]).code, 0);
    let text = format!(
        "lock version=1\nimage \"redis:7\" digest=\"{}\"\n",
        digest('a')
    );
    project.write("skep.lock", &text);
    let plan = on_model(&["plan"]);
    let line = "~ image  redis:7  not pinned -> sha256:aaaaaaaaaaaa…\n";
    assert!(plan.stdout.contains(line), "{}", plan.stdout);
    assert_eq!(on_model(&["apply", "--yes"]).code, 0);

    project.edit("skep.kdl", "image \"redis:7\"", "image \"redis:7.4\"");
    project.edit("skep.lock", "redis:7", "redis:7.4");
    let renamed = on_model(&["plan", "--detailed-exitcode"]);
    assert_eq!(
        renamed.code, 0,
        "another tag for one digest: {}",
        renamed.stdout
    );
}
