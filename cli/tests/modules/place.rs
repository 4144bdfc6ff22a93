//! A repository of components, and a machine with a cache of its own.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Project, Ran};

const SITE: &str = "\
component site {
    param image type=string
    service (fmt)\"${name}\" { image (var)param.image; env { GREETING (file)\"hello.txt\" } }
}
";

/// A repository of components, and a machine with a cache of its own.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    /// `v1` of `parts` has the component `web/site`.
    pub(super) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a folder for the test"),
        };
        place.commit(
            "parts",
            &[("web/site.kdl", SITE), ("web/hello.txt", "first-words")],
        );
        place.git("parts", &["tag", "v1"]);
        place
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn address(&self, repository: &str) -> String {
        format!("file://{}", self.path(repository).display())
    }

    pub(super) fn git(&self, repository: &str, args: &[&str]) -> String {
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
    pub(super) fn commit(&self, repository: &str, files: &[(&str, &str)]) -> String {
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
    pub(super) fn project(&self, rev: &str) -> Project {
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

    pub(super) fn skep(&self, project: &Project, args: &[&str]) -> Ran {
        let cache = self.path("cache").display().to_string();
        let mut ran = project.skep_with(args, &[("XDG_CACHE_HOME", &cache)]);
        let home = self.folder.path().display().to_string();
        for text in [&mut ran.stdout, &mut ran.stderr] {
            *text = text.replace(&home, "PLACE");
        }
        ran
    }

    /// Runs what must work.
    pub(super) fn good(&self, project: &Project, args: &[&str]) -> Ran {
        let ran = self.skep(project, args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran
    }

    pub(super) fn plan(&self, project: &Project) -> String {
        self.good(project, &["compile", "-o", "json"]).stdout
    }

    pub(super) fn cached(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.path("cache/skep/modules")).expect("a cache");
        all.map(|entry| entry.expect("an entry").path()).collect()
    }
}

pub(super) fn lock_file(project: &Project) -> String {
    std::fs::read_to_string(project.path().join("skep.lock")).unwrap_or_default()
}
