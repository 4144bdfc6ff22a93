//! What hosts of code take from `check` and `plan`: annotations, reports, comments.

mod support;

#[path = "pipelines/annotations.rs"]
mod annotations;
#[path = "pipelines/comments.rs"]
mod comments;
#[path = "pipelines/reports.rs"]
mod reports;

use support::Project;

/// A name that nothing declares, a variable with a fix, and a letter of more than one byte before it.
const MISTAKES: &str = "\
project x edition=1
service web {
    image \"app:1\"
    env GREETING=\"ü\"; netwrk \"a,b:c%\"
}
service cache { image redis }
";

const INSIDE: &str = "deploy/my stack";

/// The project in a folder of a repository, both committed.
fn in_a_repository() -> Project {
    let project = Project::empty();
    project.write("deploy/my stack/skep.kdl", MISTAKES);
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project);
    project
}

fn git(project: &Project, args: &[&str]) {
    let ran = std::process::Command::new("git")
        .current_dir(project.path())
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(args)
        .output()
        .expect("git runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{args:?}: {said}");
}

fn commit(project: &Project) {
    git(project, &["add", "-A"]);
    git(project, &["commit", "-qm", "more"]);
}
