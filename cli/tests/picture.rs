//! The picture in README.md is what the program says: an edit, a plan, an apply and a way back.
//!
//! `SKEP_UPDATE_DOCS=1 cargo test -p skep --test picture` draws it anew.

mod support;

#[path = "picture/svg.rs"]
mod svg;

use std::path::Path;
use std::process::{Command, Stdio};

use support::Project;

/// What is typed, and what is done without being shown.
enum Scene {
    Typed(&'static str),
    Done(&'static str),
    Edited {
        shown: &'static str,
        from: &'static str,
        to: &'static str,
    },
}

const SCENES: &[Scene] = &[
    Scene::Done("skep init --name hello"),
    Scene::Done("skep apply --yes"),
    Scene::Edited {
        shown: "sed -i s/works/rolls/ skep.kdl",
        from: "It works",
        to: "It rolls",
    },
    Scene::Typed("skep plan --out changes.json"),
    Scene::Typed("skep apply changes.json --yes"),
    Scene::Typed("skep rollback --yes"),
];

#[test]
fn the_picture_is_what_the_program_says() {
    let project = Project::empty();
    let mut screen = String::new();
    for scene in SCENES {
        match scene {
            Scene::Done(line) => drop(run(&project, line)),
            Scene::Edited { shown, from, to } => {
                project.edit("skep.kdl", from, to);
                screen.push_str(&format!("$ {shown}\n"));
            }
            Scene::Typed(line) => {
                let said = run(&project, line);
                screen.push_str(&format!("$ {line}\n{}\n", said.trim_end()));
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/picture.svg");
    let drawn = svg::draw(&timeless(&screen));
    if std::env::var_os("SKEP_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &drawn).expect("the picture can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == drawn,
        "docs/picture.svg is stale: SKEP_UPDATE_DOCS=1 cargo test -p skep --test picture"
    );
}

/// What a person sees of a command: both streams, as they come.
fn run(project: &Project, line: &str) -> String {
    let script = format!("{line} 2>&1");
    let binary = Path::new(env!("CARGO_BIN_EXE_skep"));
    let folder = binary
        .parent()
        .expect("the binary is in a folder")
        .display();
    let path = std::env::var("PATH").unwrap_or_default();
    let ran = Command::new("sh")
        .args(["-c", &script])
        .current_dir(project.path())
        .env_clear()
        .env("PATH", format!("{folder}:{path}"))
        .env("SKEP_TARGET", "model")
        .env("FORCE_COLOR", "1")
        .env("SKEP_PROGRESS", "plain")
        .env("SKEP_USER", "ann")
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{line}: {said}");
    said
}

/// Without what is different each time: how long something took.
fn timeless(screen: &str) -> String {
    let mut out = String::new();
    for line in screen.split_inclusive('\n') {
        let words: Vec<String> = line.split(' ').map(steady).collect();
        out.push_str(&words.join(" "));
    }
    out
}

/// `0.3s` becomes `0.1s`, and other words stay.
fn steady(word: &str) -> String {
    let core = word.trim_end_matches(['\n', ')', ',']);
    let digits = core.strip_suffix('s').unwrap_or_default();
    let is_time = digits.contains('.') && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_time {
        word.replacen(core, "0.1s", 1)
    } else {
        word.to_owned()
    }
}
