//! `skep migrate` before a project in KDL 1.

mod support;

use support::Project;

const OLD: &str = r#"// a shop, written for KDL 1
project shop edition=1
network data internal=true   // switch
config banner text=r"C:\shop"
service web {
    image "nginx\/nginx:1.27"
    env GREETING="hello" /* keep */
}
"#;

fn old() -> Project {
    let project = Project::empty();
    project.write("skep.kdl", OLD);
    project
}

fn text(project: &Project) -> String {
    std::fs::read_to_string(project.path().join("skep.kdl")).expect("it is there")
}

#[test]
fn what_would_change_is_shown_and_nothing_is_written() {
    let project = old();
    let ran = project.skep(&["migrate"]);
    assert_eq!(ran.code, 1);
    assert_eq!(text(&project), OLD);
    let removed: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| {
            line.starts_with("-    ") || line.starts_with("-n") || line.starts_with("-c")
        })
        .collect();
    assert_eq!(removed.len(), 3, "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("+network data internal=#true   // switch\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stderr, "would migrate 1 file\n");
}

#[test]
fn what_is_written_is_kdl_2_with_its_comments() {
    let project = old();
    let ran = project.skep(&["migrate", "--write"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let new = OLD
        .replace("=true", "=#true")
        .replace(r#"r"C:\shop""#, r##"#"C:\shop"#"##)
        .replace(r"\/", "/");
    assert_eq!(text(&project), new);
    let checked = project.skep(&["check", "-o", "concise"]);
    assert!(!checked.stdout.contains("[SK1"), "{}", checked.stdout);
    let again = project.skep(&["migrate"]);
    assert_eq!(
        (again.code, again.stderr.as_str()),
        (0, "would migrate 0 files, 1 KDL 2 already\n")
    );
}

#[test]
fn a_file_that_is_neither_is_told_and_left_alone() {
    let project = old();
    project.write("skep.kdl", &OLD.replace("/* keep */\n}", "\n"));
    let before = text(&project);
    let ran = project.skep(&["migrate", "--write", "skep.kdl"]);
    assert_eq!(ran.code, 1);
    assert_eq!(text(&project), before);
    assert!(
        ran.stderr.contains("SK1004") && ran.stderr.contains("skep.kdl:7:24"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.ends_with(
            "would still not be KDL 2: PROJECT/skep.kdl\nmigrated 0 files, 1 left alone\n"
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn files_outside_a_project_are_taken() {
    let project = Project::empty();
    project.write("any.kdl", "a null\n");
    assert_eq!(project.skep(&["migrate", "--write", "any.kdl"]).code, 0);
    let any = std::fs::read_to_string(project.path().join("any.kdl")).expect("it is there");
    assert_eq!(any, "a #null\n");
}
