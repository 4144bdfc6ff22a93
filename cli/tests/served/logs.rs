//! Logs that are read by a daemon that goes away.

use std::fs;

use super::fake::{ASKED, Answer};
use super::refusals::ask;
use super::support::Project;

const LINE: &str = r#"{"at":1795237269000,"task":"shop_web.1","stream":"stdout","text":"hello"}"#;
const NEXT: &str = r#"{"at":1795237269000,"task":"shop_web.1","stream":"stdout","text":"again"}"#;
const END: &str = "event: end\ndata: {}\n\n";

fn lines(lines: &[&str], end: &str) -> Answer {
    let lines = lines
        .iter()
        .map(|line| format!("event: line\ndata: {line}\n\n"));
    Answer {
        status: "200 OK",
        head: "content-type: text/event-stream\r\n",
        body: lines.chain([end.to_owned()]).collect(),
    }
}

#[test]
fn lines_of_a_log_that_is_cut_off_are_no_whole_log() {
    let args = ["logs", "web", "--of", "shop"];
    let project = Project::empty();
    let ran = ask(&project, &args, vec![lines(&[LINE], "")]);
    assert_eq!(ran.stdout, "shop_web.1  hello\n");
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("lines after 2026-11-21 05:01:09 UTC"),
        "{}",
        ran.stderr
    );
    let project = Project::empty();
    assert_eq!(ask(&project, &args, vec![lines(&[LINE], END)]).code, 0);
}

#[test]
fn a_log_that_is_followed_goes_on_where_it_was() {
    let project = Project::empty();
    let args = ["logs", "web", "-f", "--tail", "5", "--of", "shop"];
    let answers = vec![
        lines(&[LINE], ""),
        Answer::json("404 Not Found", &serde_json::json!({})),
        lines(&[LINE, NEXT], END),
    ];
    let ran = ask(&project, &args, answers);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "shop_web.1  hello\nshop_web.1  again\n");
    assert!(
        ran.stderr.contains("is lost: it is looked for"),
        "{}",
        ran.stderr
    );
    let asked = fs::read_to_string(project.path().join(ASKED)).expect("it was asked");
    let again = "GET /v1/services/web/logs?stack=shop&tail=4294967295&follow=true&since=1795237209 HTTP/1.1";
    assert_eq!(asked.lines().skip(1).collect::<Vec<_>>(), [again, again]);
}

#[test]
fn a_log_of_which_nothing_has_come_is_asked_for_as_at_first() {
    let project = Project::empty();
    let args = ["logs", "web", "-f", "--tail", "5", "--of", "shop"];
    let ran = ask(&project, &args, vec![lines(&[], ""), lines(&[LINE], END)]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "shop_web.1  hello\n"));
    let asked = fs::read_to_string(project.path().join(ASKED)).expect("it was asked");
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(asked[0], asked[1]);
    assert!(asked[0].contains("&tail=5&"), "{asked:?}");
}

#[test]
fn nobody_follows_what_he_may_not_read_any_more() {
    let project = Project::empty();
    let args = ["logs", "web", "-f", "--of", "shop"];
    let denied = Answer::json("403 Forbidden", &serde_json::json!({}));
    let ran = ask(&project, &args, vec![lines(&[LINE], ""), denied]);
    assert_eq!(ran.code, 77, "{}", ran.stderr);
}
