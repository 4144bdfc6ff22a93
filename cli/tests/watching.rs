//! `skep check --watch`, as somebody sees it who edits beside it.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use support::Project;

#[test]
fn each_edit_is_answered() {
    let project = Project::empty();
    project.write("skep.kdl", "project shop edition=1\ninclude \"a.kdl\"\n");
    project.write("a.kdl", "service a { image \"a:1\" }\n");
    let mut skep = Command::new(env!("CARGO_BIN_EXE_skep"))
        .args(["check", "--watch", "-C"])
        .arg(project.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = BufReader::new(skep.stderr.take().expect("it is piped"));
    let mut summaries = said
        .lines()
        .map(|line| line.expect("it is text"))
        .filter(|line| line.starts_with("checked "));
    let mut next = || summaries.next().expect("it goes on");
    assert_eq!(next(), "checked 2 files, 1 node: nothing is wrong");
    save(&project, "service a { imagee \"a:1\" }\n");
    assert_eq!(next(), "checked 2 files, 1 node: 1 error");
    project.write(
        "a.kdl",
        "service a { image a; needs b }\nservice b { image \"b:1\" }\n",
    );
    assert_eq!(next(), "checked 2 files, 2 nodes: 1 warning");
    skep.kill().expect("it still runs");
    skep.wait().expect("it was started here");
}

/// At once, as editors do: half a file would be an answer of its own.
fn save(project: &Project, text: &str) {
    project.write("new", text);
    let at = |name: &str| project.path().join(name);
    std::fs::rename(at("new"), at("a.kdl")).expect("both are there");
}
