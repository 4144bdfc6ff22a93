//! Projects on a real disk and in a real git repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use skep_compiler::Compiled;
use skep_compiler::source::Inputs;
use skep_project::{Project, ProjectError};
use tempfile::TempDir;

const ROOT: &str = r#"project shop edition=1 { include "parts/*.kdl" }
config page file="conf/page.html"
"#;

const WEB: &str = r#"service web {
    image "registry.example.com/web:1"
    config page target="/page.html"
}
"#;

fn project(files: &[(&str, &[u8])]) -> TempDir {
    let dir = TempDir::new().expect("a temporary folder");
    for (path, bytes) in files {
        write(dir.path(), path, bytes);
    }
    dir
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
    fs::write(path, bytes).expect("files can be written");
}

fn shop() -> TempDir {
    project(&[
        ("skep.kdl", ROOT.as_bytes()),
        ("parts/web.kdl", WEB.as_bytes()),
        ("conf/page.html", b"<h1>hello</h1>"),
    ])
}

fn said(compiled: &Compiled) -> Vec<String> {
    compiled
        .diagnostics
        .iter()
        .map(|d| {
            let place = d.locate(&compiled.sources);
            format!(
                "{}:{} {} {}",
                place.file, place.line, place.code, place.message
            )
        })
        .collect()
}

fn load(dir: &TempDir) -> Compiled {
    let project = Project::find(dir.path()).expect("there is a skep.kdl");
    project
        .load(Inputs::default())
        .expect("the disk can be read")
        .1
}

fn git(dir: &Path, args: &[&str]) {
    let status = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .output()
        .expect("git runs");
    assert!(
        status.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&status.stderr)
    );
}

#[test]
fn a_project_is_found_from_a_folder_below_it() {
    let dir = shop();
    let project = Project::find(&dir.path().join("parts")).expect("found above");
    assert_eq!(
        project.root(),
        dir.path().canonicalize().expect("it is there")
    );
}

#[test]
fn a_folder_without_a_project_says_so() {
    let dir = project(&[("readme", b"")]);
    assert!(matches!(
        Project::find(dir.path()),
        Err(ProjectError::None { .. })
    ));
}

#[test]
fn everything_a_project_asks_for_is_read() {
    let compiled = load(&shop());
    assert_eq!(said(&compiled), Vec::<String>::new());
    assert_eq!(compiled.plan.expect("there is a plan").nodes.len(), 3);
}

#[test]
fn a_file_that_is_missing_is_a_diagnostic() {
    let dir = shop();
    fs::remove_file(dir.path().join("conf/page.html")).expect("it was there");
    assert_eq!(
        said(&load(&dir)),
        ["skep.kdl:2 SK3002 there is no file `conf/page.html` in the project"]
    );
}

#[test]
fn a_spec_that_is_no_text_is_a_diagnostic() {
    let dir = shop();
    write(dir.path(), "parts/bad.kdl", b"volume a\n\xff\xfe");
    assert_eq!(
        said(&load(&dir)),
        ["parts/bad.kdl:2 SK2014 `parts/bad.kdl` is not UTF-8 text"]
    );
}

#[test]
#[cfg(unix)]
fn a_link_that_leaves_the_project_is_refused() {
    let dir = shop();
    let outside = project(&[("secret", b"x")]);
    fs::remove_file(dir.path().join("conf/page.html")).expect("it was there");
    std::os::unix::fs::symlink(
        outside.path().join("secret"),
        dir.path().join("conf/page.html"),
    )
    .expect("links work");
    assert_eq!(
        said(&load(&dir)),
        ["skep.kdl:2 SK3002 `conf/page.html` cannot be read: it leads outside the project"]
    );
}

#[test]
#[cfg(unix)]
fn a_link_that_stays_in_the_project_is_followed() {
    let dir = shop();
    fs::rename(
        dir.path().join("conf/page.html"),
        dir.path().join("page.html"),
    )
    .expect("it was there");
    std::os::unix::fs::symlink("../page.html", dir.path().join("conf/page.html"))
        .expect("links work");
    assert_eq!(said(&load(&dir)), Vec::<String>::new());
}

#[test]
fn a_folder_in_place_of_a_file_is_a_diagnostic() {
    let dir = shop();
    fs::remove_file(dir.path().join("conf/page.html")).expect("it was there");
    fs::create_dir(dir.path().join("conf/page.html")).expect("folders can be made");
    assert_eq!(
        said(&load(&dir)),
        ["skep.kdl:2 SK3002 `conf/page.html` cannot be read: it is a folder"]
    );
}

#[test]
fn a_file_beyond_the_cap_is_not_read() {
    let dir = shop();
    let file = fs::File::create(dir.path().join("conf/page.html")).expect("files can be written");
    file.set_len((16 << 20) + 1).expect("files can be sparse");
    assert_eq!(
        said(&load(&dir)),
        ["skep.kdl:2 SK3002 `conf/page.html` cannot be read: it is larger than 16 MiB"]
    );
}

#[test]
fn hidden_folders_are_not_included() {
    let dir = project(&[
        (
            "skep.kdl",
            b"project shop edition=1 { include \"**/*.kdl\" }\n",
        ),
        ("a/b/net.kdl", b"network n\n"),
        (".hidden/net.kdl", b"network n\n"),
    ]);
    let compiled = load(&dir);
    assert_eq!(compiled.spec.networks.len(), 1);
    assert!(
        said(&compiled).iter().all(|line| !line.contains("SK2013")),
        "{:?}",
        said(&compiled)
    );
}

#[test]
fn a_revision_is_read_as_it_was_committed() {
    let dir = project(&[]);
    let inner = dir.path().join("deploy");
    write(&inner, "skep.kdl", ROOT.as_bytes());
    write(&inner, "parts/web.kdl", WEB.as_bytes());
    write(&inner, "conf/page.html", b"<h1>old</h1>");
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "first"]);
    write(&inner, "conf/page.html", b"<h1>new</h1>");
    write(&inner, "parts/more.kdl", b"volume data\n");

    let project = Project::find(&inner).expect("there is a skep.kdl");
    let before = project
        .at_revision("HEAD", Inputs::default())
        .expect("HEAD can be read");
    let now = project
        .load(Inputs::default())
        .expect("the disk can be read")
        .1;
    assert_eq!(said(&before), Vec::<String>::new());
    assert_eq!((before.spec.volumes.len(), now.spec.volumes.len()), (0, 1));
    let digest = |compiled: Compiled| compiled.plan.expect("there is a plan").digest;
    assert_ne!(digest(before), digest(now));
}

#[test]
fn a_committed_link_is_not_followed() {
    let dir = shop();
    git(dir.path(), &["init", "-q"]);
    let id = Command::new("git")
        .current_dir(dir.path())
        .args(["hash-object", "-w", "skep.kdl"])
        .output()
        .expect("git runs");
    let id = String::from_utf8(id.stdout).expect("an id is text");
    git(dir.path(), &["add", "-A"]);
    git(
        dir.path(),
        &[
            "update-index",
            "--cacheinfo",
            &format!("120000,{},conf/page.html", id.trim()),
        ],
    );
    git(dir.path(), &["commit", "-q", "-m", "first"]);
    let project = Project::find(dir.path()).expect("there is a skep.kdl");
    let compiled = project
        .at_revision("HEAD", Inputs::default())
        .expect("HEAD can be read");
    assert_eq!(
        said(&compiled),
        [
            "skep.kdl:2 SK3002 `conf/page.html` cannot be read: it is a link, and links of revisions are not followed"
        ]
    );
}

#[test]
fn a_revision_that_looks_like_an_option_is_no_option() {
    let dir = shop();
    git(dir.path(), &["init", "-q"]);
    let project = Project::find(dir.path()).expect("there is a skep.kdl");
    for revision in ["--upload-pack=touch x", "nowhere", "HEAD:skep.kdl", ""] {
        let refused = project.at_revision(revision, Inputs::default());
        assert!(
            matches!(refused, Err(ProjectError::NoRevision { .. })),
            "{revision}: {refused:?}"
        );
    }
    assert!(!dir.path().join("x").exists());
}

#[test]
fn a_repository_cannot_run_anything() {
    let dir = shop();
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "first"]);
    let trap = dir.path().join("trap");
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
    ] {
        git(
            dir.path(),
            &["config", key, &format!("touch {}", trap.display())],
        );
    }
    let project = Project::find(dir.path()).expect("there is a skep.kdl");
    project
        .at_revision("HEAD", Inputs::default())
        .expect("HEAD can be read");
    assert!(!trap.exists());
}

#[test]
fn outside_a_repository_there_are_no_revisions() {
    let dir = shop();
    let project = Project::find(dir.path()).expect("there is a skep.kdl");
    let refused = project.at_revision("HEAD", Inputs::default());
    assert!(
        matches!(refused, Err(ProjectError::NoRepository { .. })),
        "{refused:?}"
    );
}
