//! Secrets that lie encrypted beside the specs, with the real `age`: the recipe of docs/secrets.md.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use skep_fixtures::canary::PASSWORD;
use support::{Project, on_model};

const SPEC: &str = r#"project vault edition=1
secret db-password { from { command age "--decrypt" "--identity" "key.txt" "secrets/db-password.age" } }
service app {
    image "app:1"
    secret db-password
}
"#;

fn age(dir: &Path, program: &str, args: &[&str], input: &str) {
    use std::io::Write as _;
    let mut child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("`age` is installed: `cargo xtask test` brings it");
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let ended = child.wait_with_output().expect("it ends");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

fn encrypt(project: &Project, value: &str) {
    let key = std::fs::read_to_string(project.path().join("key.txt")).expect("there is a key");
    let public = key
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    let public = public.expect("age-keygen writes it as a comment");
    let args = [
        "--encrypt",
        "--recipient",
        public,
        "--output",
        "secrets/db-password.age",
    ];
    age(project.path(), "age", &args, value);
}

fn vault() -> Project {
    let project = Project::empty();
    project.write("skep.kdl", SPEC);
    project.write("secrets/README", "age files");
    age(project.path(), "age-keygen", &["--output", "key.txt"], "");
    encrypt(&project, PASSWORD);
    project
}

#[test]
fn a_secret_is_decrypted_when_it_is_applied_and_rolls_its_services_when_it_changes() {
    let project = vault();
    let first = on_model(&project, &["apply", "--yes"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    encrypt(&project, PASSWORD);
    let again = on_model(&project, &["plan", "--detailed-exitcode"]);
    assert_eq!(
        again.code, 0,
        "the same value, encrypted anew, is no change: {}",
        again.stdout
    );
    encrypt(&project, "another");
    let rotated = on_model(&project, &["plan", "--detailed-exitcode"]);
    assert_eq!(rotated.code, 2);
    assert!(rotated.stdout.contains("service.app"), "{}", rotated.stdout);
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
}

/// Each run is looked through; see [`Project::skep_with`].
#[test]
fn the_value_is_in_nothing_that_was_printed_or_written() {
    let project = vault();
    for command in [
        &["compile", "-o", "json"][..],
        &["plan", "-o", "json"],
        &["apply", "--yes", "--progress", "json"],
        &["show", "-o", "json"],
        &["status", "-o", "json"],
        &["drift", "-o", "json"],
        &["history", "-o", "json"],
    ] {
        let ran = on_model(&project, command);
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn without_the_key_nothing_is_written_and_the_program_is_named() {
    let project = vault();
    std::fs::remove_file(project.path().join("key.txt")).expect("it is there");
    let ran = on_model(&project, &["apply", "--yes"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("secret.db-password") && ran.stderr.contains("`age`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("nothing was written"), "{}", ran.stderr);
}
