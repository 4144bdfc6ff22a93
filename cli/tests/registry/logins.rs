//! Registries that want to know who asks.

use std::os::unix::fs::PermissionsExt as _;

use crate::server::{PASSWORD, Registry, USER, base64};
use crate::support::{Project, Ran};

/// A project with one private image, and a folder for docker's config in it.
struct Private {
    registry: Registry,
    project: Project,
}

impl Private {
    fn new() -> Self {
        let registry = Registry::locked();
        registry.push("team/app", "1", "private");
        let project = Project::empty();
        let image = registry.image("team/app:1");
        project.write(
            "skep.kdl",
            &format!("project shop edition=1\nservice a {{ image \"{image}\" }}\n"),
        );
        project.write("docker/none", "");
        Self { registry, project }
    }

    fn config(&self, json: &serde_json::Value) {
        self.project.write("docker/config.json", &json.to_string());
    }

    /// Writes a program that answers for credentials as `docker-credential-NAME`.
    fn helper(&self, name: &str, script: &str) {
        let file = format!("bin/docker-credential-{name}");
        self.project.write(&file, &format!("#!/bin/sh\n{script}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.project.path().join(file), mode).expect("it can be run");
    }

    fn lock(&self) -> Ran {
        let own = |folder: &str| self.project.path().join(folder).display().to_string();
        let path = std::env::var("PATH").expect("a path of programs");
        let path = format!("{}:{path}", own("bin"));
        let env = [("DOCKER_CONFIG", own("docker")), ("PATH", path)];
        let env: Vec<(&str, &str)> = env.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let ran = self.project.skep_with(&["lock", "images"], &env);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(PASSWORD), "{text}");
        }
        ran
    }

    fn refused(&self, code: i32, words: &str) {
        let ran = self.lock();
        assert_eq!(ran.code, code, "{}", ran.stderr);
        let words = words.replace("HOST", &self.registry.address);
        assert!(ran.stderr.contains(&words), "{}", ran.stderr);
        assert!(!self.project.path().join("skep.lock").exists());
    }

    fn locks(&self) {
        let ran = self.lock();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(self.project.path().join("skep.lock").exists());
    }
}

#[test]
fn without_a_login_the_config_that_lacks_it_is_named() {
    let private = Private::new();
    private.refused(
        77,
        "error: HOST does not show `HOST/team/app:1` without a login; there is none in PROJECT/docker/config.json\n \
         help: `docker login HOST` stores one",
    );
}

#[test]
fn a_login_that_is_refused_is_named_with_its_config() {
    let private = Private::new();
    let auth = base64(&format!("{USER}:wrong"));
    private.config(&serde_json::json!({"auths": {&private.registry.address: {"auth": auth}}}));
    private.refused(77, "to `ann`, the login in PROJECT/docker/config.json");
}

#[test]
fn the_login_of_docker_login_is_used() {
    let private = Private::new();
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    private.config(&serde_json::json!({"auths": {&private.registry.address: {"auth": auth}}}));
    private.locks();
}

#[test]
fn the_login_of_another_registry_is_not() {
    let private = Private::new();
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    private.config(&serde_json::json!({"auths": {"registry.example.com": {"auth": auth}}}));
    private.refused(77, "there is none in PROJECT/docker/config.json");
}

#[test]
fn a_helper_of_the_registry_is_asked() {
    let private = Private::new();
    let address = &private.registry.address;
    private.helper(
        "own",
        &format!(
            "read server; [ \"$1 $server\" = \"get {address}\" ] || exit 3\n\
             echo '{{\"ServerURL\":\"x\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'"
        ),
    );
    private.helper("store", "exit 4");
    private.config(&serde_json::json!({"credHelpers": {address: "own"}, "credsStore": "store"}));
    private.locks();
}

#[test]
fn a_helper_is_run_once_for_all_images_of_a_registry() {
    let private = Private::new();
    let runs = private.project.path().join("runs");
    private.helper(
        "store",
        &format!(
            "echo run >> {}; echo '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'",
            runs.display()
        ),
    );
    private.config(&serde_json::json!({"credsStore": "store"}));
    let mut spec = "project shop edition=1\n".to_owned();
    for tag in 1..=12 {
        private
            .registry
            .push("team/app", &tag.to_string(), "private");
        let image = private.registry.image(&format!("team/app:{tag}"));
        spec.push_str(&format!("service s{tag} {{ image \"{image}\" }}\n"));
    }
    private.project.write("skep.kdl", &spec);
    private.locks();
    let runs = std::fs::read_to_string(runs).expect("it was run");
    assert_eq!(runs, "run\n");
}

#[test]
fn a_store_that_does_not_know_the_registry_leaves_it_to_the_config() {
    let private = Private::new();
    private.helper(
        "store",
        "echo credentials not found in native keychain; exit 1",
    );
    private.config(&serde_json::json!({"credsStore": "store"}));
    private.refused(77, "there is none in PROJECT/docker/config.json");
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    private.config(&serde_json::json!({
        "auths": {&private.registry.address: {"auth": auth}}, "credsStore": "store"
    }));
    private.locks();
}

#[test]
fn a_helper_that_fails_is_an_error_that_names_it() {
    let private = Private::new();
    private.config(&serde_json::json!({"credsStore": "absent"}));
    private.refused(
        1,
        "the login for HOST: `docker-credential-absent` gave no login",
    );
    private.helper("absent", "echo the keyring is locked; exit 1");
    private.refused(1, "gave no login: the keyring is locked");
}

#[test]
fn a_config_that_cannot_be_read_is_an_error_that_names_it() {
    let private = Private::new();
    private.project.write("docker/config.json", "{ auths");
    private.refused(1, "PROJECT/docker/config.json: it cannot be read");
}
