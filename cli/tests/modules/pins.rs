//! What a line of the lock file holds to, and when it moves.

use std::path::Path;
use std::process::Command;

use crate::place::{Place, lock_file};
use crate::support::Project;

#[test]
fn a_moved_tag_changes_nothing_until_it_is_asked_for() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let (lock, plan) = (lock_file(&project), place.plan(&project));
    let old = place.git("parts", &["rev-parse", "v1"]);
    let new = place.commit("parts", &[("web/hello.txt", "second-words")]);
    place.git("parts", &["tag", "-f", "v1"]);

    place.good(&project, &["lock", "modules"]);
    assert_eq!(
        (lock_file(&project), place.plan(&project)),
        (lock.clone(), plan.clone())
    );

    // Another machine gets what was pinned, and hears that the tag moved.
    std::fs::remove_dir_all(place.path("cache")).expect("the cache can go");
    let ran = place.good(&project, &["lock", "modules"]);
    let moved = format!(
        "is commit {} now; skep.lock keeps {}",
        &new[..12],
        &old[..12]
    );
    assert!(ran.stderr.contains(&moved), "{}", ran.stderr);
    assert_eq!((lock_file(&project), place.plan(&project)), (lock, plan));

    let ran = place.good(&project, &["lock", "modules", "--update", "parts"]);
    assert_eq!(
        ran.stdout,
        format!(
            "~ file://PLACE/parts v1 web  {} -> {}\n",
            &old[..12],
            &new[..12]
        )
    );
    assert!(place.plan(&project).contains("second-words"));
}

#[test]
fn a_rewritten_history_is_refused() {
    let place = Place::new();
    let project = place.project("main");
    place.good(&project, &["lock", "modules"]);
    let old = place.git("parts", &["rev-parse", "HEAD"]);
    place.git("parts", &["tag", "-d", "v1"]);
    place.git(
        "parts",
        &[
            "commit",
            "-q",
            "--amend",
            "-m",
            "as if it had always been so",
        ],
    );
    place.git("parts", &["reflog", "expire", "--expire=now", "--all"]);
    place.git("parts", &["gc", "-q", "--prune=now"]);
    place.good(&project, &["check"]);

    std::fs::remove_dir_all(place.path("cache")).expect("the cache can go");
    let before = lock_file(&project);
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&format!("was commit {}", &old[..12]))
            && ran.stderr.contains("--update"),
        "{}",
        ran.stderr
    );
    assert_eq!(lock_file(&project), before);
    place.good(&project, &["lock", "modules", "--update"]);
    place.good(&project, &["check"]);
}

#[test]
fn a_pin_of_other_files_is_refused() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let lock = lock_file(&project);
    let at = lock.find("blake3:").expect("a digest") + "blake3:".len();
    let other = format!("{}{}{}", &lock[..at], "0".repeat(64), &lock[at + 64..]);
    project.write("skep.lock", &other);
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("is not what skep.lock says"),
        "{}",
        ran.stderr
    );
    assert_eq!(lock_file(&project), other);
}

#[test]
fn a_revision_is_compiled_with_its_own_pins() {
    let place = Place::new();
    let project = place.project("main");
    place.good(&project, &["lock", "modules"]);
    let root: &Path = project.path();
    let git = |args: &[&str]| {
        let ran = Command::new("git")
            .current_dir(root)
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(args)
            .output()
            .expect("git can be run");
        assert!(ran.status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "first-words"]);
    place.commit("parts", &[("web/hello.txt", "second-words")]);
    place.good(&project, &["lock", "modules", "--update"]);
    let ran = place.good(&project, &["plan", "--base", "HEAD", "--target", "model"]);
    assert!(
        ran.stdout.contains("first-words") && ran.stdout.contains("second-words"),
        "{}",
        ran.stdout
    );
}

/// A project with an image and a module, none of which is pinned.
fn mixed(place: &Place) -> Project {
    let project = place.project("v1");
    project.edit(
        "skep.kdl",
        "nginx:1.27.3",
        &format!("nginx@sha256:{}", "a".repeat(64)),
    );
    project
}

#[test]
fn one_command_pins_all_that_comes_from_elsewhere() {
    let place = Place::new();
    let project = mixed(&place);
    let ran = place.skep(&project, &["lock", "--check"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (2, "+ file://PLACE/parts v1 web  missing\n")
    );
    let ran = place.good(&project, &["lock"]);
    assert!(
        ran.stdout.starts_with("+ file://PLACE/parts v1 web"),
        "{}",
        ran.stdout
    );
    place.good(&project, &["lock", "--check"]);
    place.good(&project, &["check", "--deny", "warnings"]);

    place.commit("parts", &[("web/hello.txt", "second-words")]);
    place.git("parts", &["tag", "-f", "v1"]);
    let ran = place.good(&project, &["lock", "--update", "parts"]);
    assert!(
        ran.stdout.starts_with("~ file://PLACE/parts v1 web"),
        "{}",
        ran.stdout
    );
    let ran = place.skep(&project, &["lock", "--update", "redis:7"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("is no image of this project"),
        "{}",
        ran.stderr
    );
}

#[test]
fn two_folders_of_one_revision_are_of_one_commit() {
    let place = Place::new();
    place.commit(
        "parts",
        &[(
            "other/other.kdl",
            "component other { network (fmt)\"${name}\" }\n",
        )],
    );
    let project = place.project("main");
    place.good(&project, &["lock", "modules"]);
    let first = place.git("parts", &["rev-parse", "HEAD"]);
    place.commit("parts", &[("web/hello.txt", "second-words")]);
    let second = format!(
        "path=\"web\"\n    import \"git:{}\" as=other rev=\"main\" path=\"other\"",
        place.address("parts")
    );
    project.edit("skep.kdl", "path=\"web\"", &second);
    place.good(&project, &["lock", "modules"]);
    let lock = lock_file(&project);
    assert_eq!(lock.matches(&first).count(), 2, "{lock}");
    assert!(
        lock.find("path=\"other\"") < lock.find("path=\"web\""),
        "sorted: {lock}"
    );

    let broken = lock.replacen(&first, &"0".repeat(40), 1);
    project.write("skep.lock", &broken);
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("SK3401") && ran.stderr.contains("two commits"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_lock_file_is_read_strictly() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let lock = lock_file(&project);
    let line = lock.lines().last().expect("the module's line").to_owned();
    for (from, to) in [
        (" commit=", " comit="),
        (" rev=\"v1\"", ""),
        (" rev=\"v1\"", " rev=\"--x\""),
        ("blake3:", "sha256:"),
        (" path=\"web\"", " path=\"../web\""),
        ("module \"file:", "module \"http:"),
        (line.as_str(), &format!("{line}\n{line}")),
    ] {
        assert!(lock.contains(from), "{from}");
        project.write("skep.lock", &lock.replacen(from, to, 1));
        let ran = place.skep(&project, &["check"]);
        assert!(
            ran.stderr.contains("SK3401"),
            "{from} -> {to}: {}",
            ran.stderr
        );
        assert!(
            !ran.stderr.contains("SK4014"),
            "a broken file is one mistake: {}",
            ran.stderr
        );
        let ran = place.skep(&project, &["lock", "modules"]);
        assert_eq!(ran.code, 1, "{from} -> {to}: {}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_read_takes_no_pin_away() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let before = lock_file(&project);
    project.edit(
        "skep.kdl",
        "project shop",
        "include \"gone.kdl\"\nproject shop",
    );
    project.edit("skep.kdl", "import", "// import");
    place.good(&project, &["lock", "modules"]);
    assert_eq!(lock_file(&project), before);
}

#[test]
fn a_commit_is_a_revision_and_outlives_its_branch() {
    let place = Place::new();
    let commit = place.git("parts", &["rev-parse", "HEAD"]);
    place.commit("parts", &[("web/hello.txt", "second-words")]);
    let project = place.project(&commit);
    place.good(&project, &["lock", "modules"]);
    let plan = place.plan(&project);
    assert!(
        plan.contains(&format!("parts@{}:site.kdl", &commit[..12])),
        "{plan}"
    );
    assert!(plan.contains("first-words") && !plan.contains("second-words"));

    place.git("parts", &["branch", "side", &commit]);
    let project = place.project("side");
    place.good(&project, &["lock", "modules"]);
    place.git("parts", &["branch", "-D", "side"]);
    std::fs::remove_dir_all(place.path("cache")).expect("the cache can go");
    place.good(&project, &["lock", "modules"]);
    place.good(&project, &["check"]);
}
