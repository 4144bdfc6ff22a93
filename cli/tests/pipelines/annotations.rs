//! `-o github`.

use super::support::Project;
use super::{INSIDE, MISTAKES, commit, git, in_a_repository};

/// A project with so many mistakes in each of two files.
fn two_files(mistakes: usize) -> Project {
    let project = Project::empty();
    project.write("skep.kdl", "project x edition=1\ninclude \"parts/*.kdl\"\n");
    for (file, name) in [("parts/a.kdl", "a"), ("parts/b.kdl", "b")] {
        let services =
            (0..mistakes).map(|n| format!("service {name}{n} {{ netwrk x; image \"app:1\" }}\n"));
        project.write(file, &services.collect::<String>());
    }
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project);
    project
}

#[test]
fn an_annotation_names_the_file_as_the_repository_does_and_escapes_what_it_says() {
    let project = in_a_repository();
    let ran = project.skep_in(INSIDE, &["check", "-o", "github"], &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let first = ran.stdout.lines().next().expect("an annotation");
    assert!(
        first.starts_with(
            "::error title=SK2002,file=deploy/my stack/skep.kdl,line=4,endLine=4,col=23,endColumn=29::"
        ),
        "{first}"
    );
    assert!(first.contains("%0Ahelp: "), "{first}");
    assert!(
        ran.stdout.lines().all(|line| line.starts_with("::")),
        "{}",
        ran.stdout
    );
}

#[test]
fn no_more_is_annotated_than_a_host_shows_and_the_rest_is_counted_and_logged() {
    let project = two_files(9);
    let shown = project.skep(&["check", "-o", "github"]).stdout;
    let of = |start: &str| shown.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(of("::error "), 10);
    assert_eq!(of("::notice "), 1, "{shown}");
    assert!(
        shown.contains("::notice title=skep::8 errors more, in the log of this step\n"),
        "{shown}"
    );
    assert_eq!(of("  parts/b.kdl:"), 8, "{shown}");
    assert!(shown.ends_with("::endgroup::\n"), "{shown}");
}

#[test]
fn files_that_a_pull_request_touches_come_first() {
    let project = two_files(9);
    git(&project, &["checkout", "-qb", "work"]);
    project.edit("parts/b.kdl", "service b0 {", "service b0  {");
    commit(&project);
    let files = |args: &[&str], env: &[(&str, &str)]| -> Vec<String> {
        let shown = project.skep_with(args, env).stdout;
        let errors = shown.lines().filter(|line| line.starts_with("::error"));
        errors
            .map(|line| line.split([',', '=']).nth(3).unwrap_or_default().to_owned())
            .collect()
    };
    let plain = files(&["check", "-o", "github"], &[]);
    assert_eq!(plain[0], "parts/a.kdl");
    let since = ["check", "-o", "github", "--changed-since", "main"];
    let first = files(&since, &[]);
    assert_eq!(first[..9], vec!["parts/b.kdl".to_owned(); 9]);
    assert_eq!(first[9], "parts/a.kdl");

    git(
        &project,
        &["update-ref", "refs/remotes/origin/main", "main"],
    );
    assert_eq!(
        files(&["check", "-o", "github"], &[("GITHUB_BASE_REF", "main")]),
        first
    );
    assert_eq!(
        files(&["check", "-o", "github"], &[("GITHUB_BASE_REF", "gone")]),
        plain
    );
    let wrong = project.skep(&["check", "-o", "github", "--changed-since", "gone"]);
    assert_eq!(wrong.code, 1, "{}", wrong.stdout);
    assert!(wrong.stderr.contains("gone"), "{}", wrong.stderr);
}

#[test]
fn a_project_without_a_repository_tells_its_own_paths() {
    let project = Project::empty();
    project.write("skep.kdl", MISTAKES);
    let shown = project.skep(&["check", "-o", "github"]).stdout;
    assert!(shown.contains("file=skep.kdl,"), "{shown}");
}
