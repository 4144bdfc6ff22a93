//! Completions in real shells, and manual pages before a real reader of them.

mod support;

use std::process::{Command, Stdio};

use support::Project;

/// A program that the tests need: what Debian's package of that name has.
fn run(program: &str, args: &[&str], project: &Project) -> String {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_skep"));
    let folder = binary
        .parent()
        .expect("the binary is in a folder")
        .display();
    let path = std::env::var("PATH").unwrap_or_default();
    let ran = Command::new(program)
        .args(args)
        .current_dir(project.path())
        .env_clear()
        .env("PATH", format!("{folder}:{path}"))
        .env("HOME", project.path())
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .output()
        .expect("the shells and mandoc are there: `cargo xtask test` installs them");
    assert!(
        ran.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// A project with its completion script beside it.
fn project(shell: &str) -> Project {
    let project = Project::fixture("shop");
    let script = project.skep(&["completions", shell]);
    assert_eq!(script.code, 0, "{}", script.stderr);
    project.write("script", &script.stdout);
    project
}

/// What fish offers at the end of a line.
fn offered(line: &str) -> Vec<String> {
    let told = run(
        "fish",
        &["-c", &format!("source ./script; complete -C '{line}'")],
        &project("fish"),
    );
    told.lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn fish_offers_commands_addresses_values_environments_and_codes() {
    assert_eq!(offered("skep pla"), ["plan"]);
    let services = offered("skep explain service.w");
    assert_eq!(services, ["service.web", "service.worker"]);
    let values = offered("skep set service.web.repl");
    assert_eq!(values, ["service.web.replicas"]);
    assert_eq!(offered("skep plan -p do"), ["domain="]);
    assert_eq!(offered("skep explain sk3001"), ["SK3001"]);
    assert_eq!(offered("skep plan --target m"), ["model"]);
    assert!(offered("skep apply --unprotect gateway.").contains(&"gateway.public".to_owned()));
}

#[test]
fn bash_offers_the_same_through_its_function() {
    let words = "source ./script; COMP_WORDS=(skep graph --impact config.); COMP_CWORD=3; \
                 COMP_TYPE=9; _clap_complete_skep skep config. --impact; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let told = run("bash", &["--norc", "-c", words], &project("bash"));
    assert_eq!(told.lines().collect::<Vec<_>>(), ["config.api-toml"]);
}

#[test]
fn zsh_takes_the_script_as_it_is() {
    let project = project("zsh");
    project.write(
        "functions/_skep",
        &std::fs::read_to_string(project.path().join("script")).expect("the script"),
    );
    let load =
        "fpath=(functions $fpath); autoload -Uz compinit; compinit -u -D; print ${_comps[skep]}";
    assert_eq!(run("zsh", &["-f", "-c", load], &project).trim(), "_skep");
    run("zsh", &["-f", "-n", "script"], &project);
}

#[test]
fn revisions_of_the_repository_are_offered() {
    let project = project("fish");
    let git = |args: &[&str]| run("git", args, &project);
    git(&["init", "-q", "-b", "trunk"]);
    git(&[
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@e",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ]);
    git(&["tag", "v1.4"]);
    let line = "source ./script; complete -C 'skep plan --base '";
    let told = run("fish", &["-c", line], &project);
    assert_eq!(told.lines().collect::<Vec<_>>(), ["trunk", "v1.4"]);
}

#[test]
fn where_there_is_no_project_nothing_is_said() {
    let project = Project::empty();
    let script = project.skep(&["completions", "fish"]).stdout;
    project.write("script", &script);
    let told = run(
        "fish",
        &["-c", "source ./script; complete -C 'skep set serv'"],
        &project,
    );
    assert_eq!(told, "");
}

#[test]
fn every_page_of_the_manual_is_one_for_mandoc() {
    let project = Project::empty();
    let folder = project.path().join("man").display().to_string();
    let ran = project.skep(&["man", "--out-dir", &folder]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let pages: Vec<String> = std::fs::read_dir(&folder)
        .expect("the pages are there")
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .collect();
    assert!(pages.len() > 30, "{pages:?}");
    let words: Vec<&str> = ["-T", "lint", "-W", "warning"]
        .into_iter()
        .chain(pages.iter().map(String::as_str))
        .collect();
    let told = Command::new("mandoc")
        .args(&words)
        .output()
        .expect("mandoc is needed (Debian has it)");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    // No build knows a date, since the same sources make the same program on any day.
    let wrong: Vec<&str> = told.lines().filter(|line| !line.contains("date")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_page_is_printed_by_the_words_of_its_command() {
    let project = Project::empty();
    let page = project.skep(&["man", "lock", "images"]);
    assert!(page.stdout.contains("SKEP-LOCK-IMAGES"), "{}", page.stdout);
    assert_eq!(project.skep(&["man", "no-such"]).code, 64);
}
