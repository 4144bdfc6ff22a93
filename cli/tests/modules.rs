//! Imports from git, with real repositories: what is pinned, and that nothing else is ever compiled.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Project, Ran};
use tempfile::TempDir;

const SITE: &str = "\
component site {
    param image type=string
    service (fmt)\"${name}\" { image (var)param.image; env { GREETING (file)\"hello.txt\" } }
}
";

/// A repository of components, and a machine with a cache of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    /// `v1` of `parts` has the component `web/site`.
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a folder for the test"),
        };
        place.commit("parts", &[("web/site.kdl", SITE), ("web/hello.txt", "one")]);
        place.git("parts", &["tag", "v1"]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self, repository: &str) -> String {
        format!("file://{}", self.path(repository).display())
    }

    fn git(&self, repository: &str, args: &[&str]) -> String {
        let ran = Command::new("git")
            .current_dir(self.path(repository))
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git can be run");
        assert!(
            ran.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// Commits these files, in a repository that is made where it is new.
    fn commit(&self, repository: &str, files: &[(&str, &str)]) -> String {
        let root = self.path(repository);
        if !root.exists() {
            std::fs::create_dir(&root).expect("the repository's folder can be made");
            self.git(repository, &["init", "-q", "-b", "main"]);
        }
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        self.git(repository, &["add", "-A"]);
        self.git(repository, &["commit", "-q", "-m", "next"]);
        self.git(repository, &["rev-parse", "HEAD"])
    }

    /// A project that imports `web` of `parts` at this revision.
    fn project(&self, rev: &str) -> Project {
        let project = Project::empty();
        project.write(
            "skep.kdl",
            &format!(
                "project shop edition=1 {{\n    import \"git:{}\" as=parts rev=\"{rev}\" path=\"web\"\n}}\n\
                 use parts.site web {{ image \"nginx:1.27.3\" }}\n",
                self.address("parts")
            ),
        );
        project
    }

    fn skep(&self, project: &Project, args: &[&str]) -> Ran {
        let cache = self.path("cache").display().to_string();
        let mut ran = project.skep_with(args, &[("XDG_CACHE_HOME", &cache)]);
        let home = self.folder.path().display().to_string();
        for text in [&mut ran.stdout, &mut ran.stderr] {
            *text = text.replace(&home, "PLACE");
        }
        ran
    }

    /// Runs what must work.
    fn good(&self, project: &Project, args: &[&str]) -> Ran {
        let ran = self.skep(project, args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran
    }

    fn plan(&self, project: &Project) -> String {
        self.good(project, &["compile", "-o", "json"]).stdout
    }

    fn cached(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.path("cache/skep/modules")).expect("a cache");
        all.map(|entry| entry.expect("an entry").path()).collect()
    }
}

fn lock_file(project: &Project) -> String {
    std::fs::read_to_string(project.path().join("skep.lock")).unwrap_or_default()
}

#[test]
fn a_module_is_pinned_fetched_and_compiled() {
    let place = Place::new();
    let project = place.project("v1");
    let ran = place.skep(&project, &["check"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("SK4014") && ran.stderr.contains("run `skep lock`"),
        "{}",
        ran.stderr
    );
    assert!(!place.path("cache").exists(), "a check fetches nothing");

    let ran = place.good(&project, &["lock", "modules"]);
    let commit = place.git("parts", &["rev-parse", "HEAD"]);
    assert_eq!(
        ran.stdout,
        format!("+ file://PLACE/parts v1 web  {}\n", &commit[..12])
    );
    assert!(lock_file(&project).contains(&format!("commit=\"{commit}\" digest=\"blake3:")));
    let plan = place.plan(&project);
    assert!(
        plan.contains("parts@v1:site.kdl") && plan.contains("one"),
        "{plan}"
    );
    place.good(&project, &["check"]);
    assert_eq!(
        place.cached().len(),
        1,
        "nothing is left of the fetch: {:?}",
        place.cached()
    );
}

#[test]
fn a_moved_tag_changes_nothing_until_it_is_asked_for() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let (lock, plan) = (lock_file(&project), place.plan(&project));
    let old = place.git("parts", &["rev-parse", "v1"]);
    let new = place.commit("parts", &[("web/hello.txt", "two")]);
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
    assert!(place.plan(&project).contains("two"));
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
fn what_is_not_here_or_not_what_it_was_is_not_compiled() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let kept = place.cached().remove(0);
    let bytes = std::fs::read(&kept).expect("the module");

    let text = String::from_utf8_lossy(&bytes).replace("one", "six");
    std::fs::write(&kept, text).expect("the cache can be written");
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("SK4015") && ran.stderr.contains("not what it was"),
        "{}",
        ran.stderr
    );
    let before = lock_file(&project);
    place.good(&project, &["lock", "modules"]);
    assert_eq!(std::fs::read(&kept).expect("the module"), bytes);
    assert_eq!(lock_file(&project), before);

    std::fs::remove_file(&kept).expect("the module can go");
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("SK4015") && ran.stderr.contains("not on this machine"),
        "{}",
        ran.stderr
    );
    // Nothing that compiles goes where the module came from, and what asks says that it cannot.
    std::fs::rename(place.path("parts"), place.path("elsewhere")).expect("the repository can move");
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert_eq!(lock_file(&project), before);
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
fn two_projects_fill_one_cache_at_once() {
    let place = Place::new();
    let projects = [(); 4].map(|()| place.project("v1"));
    std::thread::scope(|scope| {
        for project in &projects {
            scope.spawn(|| place.good(project, &["lock", "modules"]));
        }
    });
    assert_eq!(place.cached().len(), 1, "{:?}", place.cached());
    let locks: Vec<String> = projects.iter().map(lock_file).collect();
    assert!(
        locks
            .iter()
            .all(|lock| lock == &locks[0] && lock.contains("module"))
    );
    assert!(
        projects
            .iter()
            .all(|project| place.skep(project, &["check"]).code == 0)
    );
}

#[test]
fn what_a_module_imports_is_pinned_here_and_seen_by_it_alone() {
    let place = Place::new();
    place.commit(
        "more",
        &[(
            "all.kdl",
            &format!(
                "import \"git:{}\" as=parts rev=\"v1\" path=\"web\"\n\
                 component pair {{ use parts.site \"left\" {{ image \"nginx:1.27.3\" }} }}\n",
                place.address("parts")
            ),
        )],
    );
    let project = Project::empty();
    let spec = |used: &str| {
        format!(
            "project shop edition=1 {{ import \"git:{}\" as=more rev=\"main\" }}\n{used}\n",
            place.address("more")
        )
    };
    project.write("skep.kdl", &spec("use more.pair both"));
    let ran = place.good(&project, &["lock", "modules"]);
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    assert!(place.plan(&project).contains("service.left"));

    project.write(
        "skep.kdl",
        &spec("use more.parts.site x { image \"nginx:1.27.3\" }"),
    );
    let ran = place.skep(&project, &["check"]);
    assert!(ran.stderr.contains("SK4007"), "{}", ran.stderr);

    project.write("skep.kdl", "project shop edition=1\n");
    let ran = place.good(&project, &["lock", "modules"]);
    assert_eq!(
        ran.stdout.matches("not used any more").count(),
        2,
        "{}",
        ran.stdout
    );
    assert!(!lock_file(&project).contains("module "));
}

#[test]
fn modules_that_import_each_other_are_refused() {
    let place = Place::new();
    for (one, other) in [("left", "right"), ("right", "left")] {
        let text = format!(
            "import \"git:{}\" as=other rev=\"main\"\ncomponent c {{ }}\n",
            place.address(other)
        );
        place.commit(one, &[("all.kdl", &text)]);
    }
    let project = Project::empty();
    project.write(
        "skep.kdl",
        &format!(
            "project shop edition=1 {{ import \"git:{}\" as=left rev=\"main\" }}\n",
            place.address("left")
        ),
    );
    place.good(&project, &["lock", "modules"]);
    let ran = place.skep(&project, &["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("import each other"), "{}", ran.stderr);
    assert!(ran.stderr.contains("imported here"), "{}", ran.stderr);
}

#[test]
fn nothing_in_a_module_leads_out_of_it() {
    let place = Place::new();
    let root = place.path("parts");
    std::fs::write(root.join("secret.txt"), "outside").expect("a file beside the module");
    std::os::unix::fs::symlink("../secret.txt", root.join("web/link.txt")).expect("a link");
    let component = |path: &str| {
        format!(
            "component leak {{ service x {{ image \"a:1\"; env {{ X (file)\"{path}\" }} }} }}\n"
        )
    };
    for (path, code) in [
        ("../secret.txt", "SK2005"),
        ("/etc/hostname", "SK2005"),
        ("link.txt", "SK3002"),
        ("secret.txt", "SK3002"),
        ("skep.kdl", "SK3002"),
    ] {
        place.commit("parts", &[("web/leak.kdl", &component(path))]);
        let project = place.project("main");
        project.write("secret.txt", "of the project");
        project.edit(
            "skep.kdl",
            "use parts.site web { image \"nginx:1.27.3\" }",
            "use parts.leak x",
        );
        place.good(&project, &["lock", "modules"]);
        let ran = place.skep(&project, &["check"]);
        assert!(ran.stderr.contains(code), "{path}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("parts@main:leak.kdl:1"),
            "{path}: {}",
            ran.stderr
        );
    }
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
    git(&["commit", "-q", "-m", "one"]);
    place.commit("parts", &[("web/hello.txt", "two")]);
    place.good(&project, &["lock", "modules", "--update"]);
    let ran = place.good(&project, &["plan", "--base", "HEAD", "--target", "model"]);
    assert!(
        ran.stdout.contains("one") && ran.stdout.contains("two"),
        "{}",
        ran.stdout
    );
}

#[test]
fn names_and_addresses_are_met_with_the_fix() {
    let place = Place::new();
    for (import, said) in [
        ("\"git:/x\" as=a", "needs a `rev`"),
        (
            "\"git:https://u:p@example.org/x\" as=a rev=\"v1\"",
            "a login cannot stand",
        ),
        (
            "\"git:http://example.org/x\" as=a rev=\"v1\"",
            "no repository that can be asked",
        ),
        (
            "\"git:ext::sh\" as=a rev=\"v1\"",
            "no repository that can be asked",
        ),
        (
            "\"git:/x\" as=a rev=\"--upload-pack=x\"",
            "no tag, branch or commit",
        ),
        (
            "\"git:/x\" as=a rev=\"v1\" path=\"../y\"",
            "not a folder inside the repository",
        ),
        ("\"std:web\" as=a rev=\"v1\"", "of an import from git only"),
    ] {
        let project = Project::empty();
        project.write(
            "skep.kdl",
            &format!("project shop edition=1 {{ import {import} }}\n"),
        );
        let ran = place.skep(&project, &["check"]);
        assert!(ran.stderr.contains(said), "{import}: {}", ran.stderr);
    }
    let project = place.project("v9");
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("no such tag, branch or commit"),
        "{}",
        ran.stderr
    );
    let ran = place.skep(&project, &["lock", "modules", "--update", "part"]);
    assert!(
        ran.stderr.contains("did you mean `parts`?"),
        "{}",
        ran.stderr
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

    place.commit("parts", &[("web/hello.txt", "two")]);
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
        ran.stderr.contains("is nothing that this project pins"),
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
    place.commit("parts", &[("web/hello.txt", "two")]);
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
fn two_imports_of_one_name_are_refused() {
    let place = Place::new();
    let project = place.project("v1");
    project.edit(
        "skep.kdl",
        "path=\"web\"",
        "path=\"web\"\n    import \"std:site\" as=parts",
    );
    place.good(&project, &["lock", "modules"]);
    let ran = place.skep(&project, &["check"]);
    assert!(ran.stderr.contains("SK2013"), "{}", ran.stderr);
}

#[test]
fn a_commit_is_a_revision_and_outlives_its_branch() {
    let place = Place::new();
    let commit = place.git("parts", &["rev-parse", "HEAD"]);
    place.commit("parts", &[("web/hello.txt", "two")]);
    let project = place.project(&commit);
    place.good(&project, &["lock", "modules"]);
    let plan = place.plan(&project);
    assert!(
        plan.contains(&format!("parts@{}:site.kdl", &commit[..12])),
        "{plan}"
    );
    assert!(plan.contains("one") && !plan.contains("two"));

    place.git("parts", &["branch", "side", &commit]);
    let project = place.project("side");
    place.good(&project, &["lock", "modules"]);
    place.git("parts", &["branch", "-D", "side"]);
    std::fs::remove_dir_all(place.path("cache")).expect("the cache can go");
    place.good(&project, &["lock", "modules"]);
    place.good(&project, &["check"]);
}
