//! What a daemon refuses, and connections that end.

use serde_json::{Value, json};

use super::fake::{Answer, answering};
use super::support::{Project, Ran};

fn refusal(error: &str, more: &Value) -> Value {
    let mut refusal = json!({
        "format": "skep.refusal/1",
        "error": error,
        "request": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
    });
    if let (Some(refusal), Some(more)) = (refusal.as_object_mut(), more.as_object()) {
        refusal.extend(more.clone());
    }
    refusal
}

fn often(seconds: &'static str) -> Answer {
    Answer {
        head: seconds,
        ..Answer::json(
            "429 Too Many Requests",
            &refusal("asked too often", &json!({"help": "wait for it"})),
        )
    }
}

fn stacks() -> Answer {
    Answer::json("200 OK", &json!({"format": "skep.stacks/1", "stacks": []}))
}

pub(super) fn ask(project: &Project, args: &[&str], answers: Vec<Answer>) -> Ran {
    let server = answering(project.path(), answers);
    project.skep(&[args, &["--server", &server]].concat())
}

#[test]
fn a_daemon_that_was_asked_too_often_is_asked_once_more() {
    let project = Project::empty();
    let ran = ask(
        &project,
        &["status"],
        vec![often("retry-after: 1\r\n"), stacks()],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("asked once more in 1 s"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.starts_with("no stack is kept"), "{}", ran.stdout);
}

#[test]
fn it_is_not_asked_a_third_time_and_no_long_pause_is_made() {
    let project = Project::empty();
    let twice = vec![
        often("retry-after: 1\r\n"),
        often("retry-after: 1\r\n"),
        stacks(),
    ];
    let ran = ask(&project, &["status"], twice);
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(
        ran.stderr
            .ends_with("error: asked too often\n help: wait for it\n"),
        "{}",
        ran.stderr
    );
    let project = Project::empty();
    let ran = ask(
        &project,
        &["status"],
        vec![often("retry-after: 31\r\n"), stacks()],
    );
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: asked too often"),
        "{}",
        ran.stderr
    );
}

/// A mistake at the same place of a file.
fn mistake(file: &str) -> Value {
    json!({
        "code": "SK2001", "severity": "error", "message": "no node is called `servce`",
        "file": file, "line": 2, "column": 1, "end_line": 2, "end_column": 7,
        "label": "here", "help": "did you mean `service`?",
        "related": [{
            "message": "in this project",
            "place": {
                "file": file,
                "start": {"line": 1, "column": 9},
                "end": {"line": 1, "column": 13},
            },
        }],
    })
}

#[test]
fn a_refusal_shows_what_is_wrong_and_where() {
    let project = Project::empty();
    project.write("skep.kdl", "project shop edition=1\nservce web\n");
    let more = json!({
        "diagnostics": [mistake("skep.kdl"), mistake("elsewhere.kdl")],
        "places": [
            {"at": "skep.kdl:2", "text": "in the service"},
            {"at": "more.kdl:12", "text": "in the environment prod"},
        ],
    });
    let refusal = refusal("the patch makes the project wrong", &more);
    let answer = Answer::json("422 Unprocessable Content", &refusal);
    let ran = ask(&project, &["status"], vec![answer]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    super::support::snapshot("cli", "a_refusal_with_places", &ran.stderr);
}
