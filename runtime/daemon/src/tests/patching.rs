//! Patches of services, by the API.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use axum::http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use skep_schema::api::stack::StackState;

use super::lab::Lab;
use crate::http::openapi::description;

const SPEC: &str = "\
// The shop. What is here is applied by itself.
project shop edition=1

service web replicas=2 { // two are enough
  image \"web:1\"   // pinned below
  env { LOG info; MODE \"a b\" }
}
service api { image \"api:1\" }
";

const PATCH: &str = "/v1/services/web?stack=shop";
const EDITS: &str = "/v1/services/web/edits?stack=shop";

/// With this spec in a folder that is its source, applied.
async fn applied(text: &str) -> Lab {
    let mut lab = Lab::of_folder("shop", text, "apply auto").await;
    lab.settle().await;
    lab
}

/// T6: what is answered names each field, and nothing but what the patch names is in it.
#[tokio::test]
async fn a_patch_shows_what_it_would_change_in_files_and_fields_and_changes_nothing() {
    let lab = applied(SPEC).await;
    let patch = json!({"replicas": 3, "env": {"LOG": "debug"}});
    let (status, told) = lab.patch("PATCH", PATCH, &patch).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let diff = told["files"]["skep.kdl"].as_str().expect("a difference");
    let lines = diff.lines().skip(2);
    let changed: Vec<&str> = lines.filter(|line| line.starts_with(['-', '+'])).collect();
    let expected = [
        "-service web replicas=2 { // two are enough",
        "+service web replicas=3 { // two are enough",
        "-  env { LOG info; MODE \"a b\" }",
        "+  env { LOG debug; MODE \"a b\" }",
    ];
    assert_eq!(sorted(&changed), sorted(&expected), "{diff}");
    let changes = told["changes"]["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 1, "{told}");
    assert_eq!(changes[0]["address"], "service.web", "{told}");
    let fields = changes[0]["fields"].as_array().expect("fields");
    let paths = fields.iter().map(|field| field["path"].to_string());
    let paths: BTreeSet<String> = paths.collect();
    let expected = [r#"["env","LOG"]"#, r#"["replicas"]"#].map(str::to_owned);
    assert_eq!(paths, expected.into(), "{told}");
    assert_eq!(told["written"], false);
    assert_eq!(lab.spec(), SPEC);
    assert_is_described("patch", "/v1/services/{service}", &told);
}

fn sorted<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines
}

fn assert_is_described(method: &str, path: &str, answer: &Value) {
    let description = description();
    let given = &description["paths"][path][method]["responses"]["200"]["content"];
    let mut schema = given["application/json"]["schema"].clone();
    schema["components"] = description["components"].clone();
    let wrong = skep_fixtures::described::mistakes_by(&schema, answer);
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// T9: the same diagnostics as for files.
#[tokio::test]
async fn what_the_language_does_not_know_is_refused_with_its_place_and_what_was_meant() {
    let lab = applied(SPEC).await;
    let wrong = [
        (json!({"replica": 3}), "SK2002", "replicas"),
        (json!({"replica": null}), "SK2002", "replicas"),
        (json!({"limits": {"memry": "1GiB"}}), "SK2002", "memory"),
        (json!({"mode": "globl"}), "SK2007", "global"),
    ];
    for (patch, code, meant) in wrong {
        for (method, path) in [("PATCH", PATCH), ("POST", EDITS)] {
            let (status, told) = lab.patch(method, path, &patch).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{patch}: {told}");
            let found = &told["diagnostics"][0];
            assert_eq!(found["code"], code, "{told}");
            assert_eq!(found["file"], "skep.kdl", "{told}");
            assert!(
                (4..=8).contains(&found["line"].as_u64().unwrap_or(0)),
                "{told}"
            );
            assert!(found.to_string().contains(meant), "{told}");
        }
    }
    for patch in [json!([]), json!({"command": [null]}), json!("x")] {
        let (status, told) = lab.patch("PATCH", PATCH, &patch).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        assert!(told["help"].is_string(), "{told}");
    }
    assert_eq!(lab.spec(), SPEC);
}

#[tokio::test]
async fn a_patch_that_does_not_say_that_it_is_one_or_of_what_is_refused() {
    let lab = applied(SPEC).await;
    let patch = json!({"replicas": 3});
    let (status, _) = lab.send("PATCH", PATCH, &patch).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let path = "/v1/services/wbe?stack=shop";
    let (status, told) = lab.patch("PATCH", path, &patch).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
    let (status, told) = lab.patch("PATCH", "/v1/services/web", &patch).await;
    assert_ne!(status, StatusCode::OK, "{told}");
}

#[tokio::test]
async fn what_is_written_keeps_comments_to_the_byte_and_is_applied() {
    let mut lab = applied(SPEC).await;
    let patch = json!({"replicas": 3, "env": {"MODE": null}});
    let (status, told) = lab.patch("POST", EDITS, &patch).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["written"], true);
    let expected = SPEC
        .replace("replicas=2", "replicas=3")
        .replace("LOG info; MODE \"a b\"", "LOG info");
    assert_eq!(lab.spec(), expected);
    drop(lab.hear("applied").await);
    let audit = lab.get("/v1/audit").await;
    let text = String::from_utf8_lossy(&audit.body).into_owned();
    assert!(text.contains("\"verb\":\"push\""), "{text}");
    // The same patch again has nothing left to change.
    let (status, told) = lab.patch("POST", EDITS, &patch).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["files"], json!({}), "{told}");
    assert_eq!(lab.spec(), expected);
}

#[tokio::test]
async fn an_overlay_is_written_where_the_place_is_named_and_nothing_is_guessed() {
    let text = format!("{SPEC}environment prod {{\n  // for the many\n}}\n");
    let mut lab = Lab::of_folder("shop environment=prod", &text, "apply report").await;
    drop(lab.hear("looked").await);
    let path = |at: &str| format!("/v1/services/web/edits?stack=shop@prod{at}");
    let patch = json!({"replicas": 5, "env": {"LOG": "warn"}});
    let (status, told) = lab.patch("POST", &path(""), &patch).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    assert_eq!(lab.spec(), text);
    let places = told["places"].as_array().expect("places");
    let prod = places
        .iter()
        .find(|place| place["text"].to_string().contains("environment prod"));
    let at = prod
        .and_then(|place| place["at"].as_str())
        .expect("a place");
    let (status, told) = lab.patch("POST", &path("&at=skep.kdl:99"), &patch).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    let (status, told) = lab.patch("POST", &path(&format!("&at={at}")), &patch).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let after = lab.spec();
    let (all, prod) = after.split_once("environment prod").expect("it stays");
    assert_eq!(all, SPEC);
    for word in ["// for the many", "replicas 5", "LOG warn"] {
        assert!(prod.contains(word), "{word}: {prod}");
    }
}

/// None of those that are answered well is lost to another.
#[tokio::test(flavor = "multi_thread")]
async fn patches_at_the_same_time_are_all_answered_and_none_that_is_written_is_lost() {
    let lab = applied(SPEC).await;
    let lab = std::sync::Arc::new(lab);
    let sent: Vec<_> = (0..10)
        .map(|n| {
            let lab = std::sync::Arc::clone(&lab);
            tokio::spawn(async move {
                let patch = json!({"env": {(format!("N{n}")): n}});
                lab.patch("POST", EDITS, &patch).await
            })
        })
        .collect();
    for answer in sent {
        let (status, told) = answer.await.expect("an answer");
        assert_eq!(status, StatusCode::OK, "{told}");
    }
    let after = lab.spec();
    for n in 0..10 {
        assert!(after.contains(&format!("N{n} ")), "N{n}: {after}");
    }
}

#[tokio::test]
async fn a_pushed_plan_is_patched_where_it_is_compiled() {
    let mut lab = Lab::open("apply auto").await;
    lab.push("service web { image \"web:1\" }\n").await;
    lab.until(StackState::InSync).await;
    for (method, path) in [("PATCH", PATCH), ("POST", EDITS)] {
        let (status, told) = lab.patch(method, path, &json!({"replicas": 3})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{told}");
        assert!(told["help"].to_string().contains("project"), "{told}");
    }
}

#[tokio::test]
async fn what_is_followed_in_a_repository_is_shown_patched_and_not_written() {
    let repository = tempfile::tempdir().expect("a folder");
    let git = |args: &[&str]| {
        let ran = Command::new("git")
            .current_dir(repository.path())
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["-c", "commit.gpgsign=false"])
            .args(args)
            .output()
            .expect("git runs");
        assert!(ran.status.success(), "{args:?}: {ran:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    std::fs::create_dir(repository.path().join("deploy")).expect("it is ours");
    let file = repository.path().join("deploy/skep.kdl");
    std::fs::write(&file, SPEC).expect("it is ours");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "one"]);
    // Nobody has committed this, so that nobody is shown it.
    std::fs::write(&file, "nonsense {").expect("it is ours");
    let source = format!("git \"{}\" path=\"deploy\"", repository.path().display());
    let mut lab = Lab::of_source("shop", &source, "apply auto").await;
    lab.settle().await;
    let patch = json!({"replicas": 3});
    let (status, told) = lab.patch("PATCH", PATCH, &patch).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let diff = told["files"]["skep.kdl"].as_str().expect("a difference");
    assert!(diff.contains("+service web replicas=3 { // two"), "{diff}");
    assert_eq!(
        told["changes"]["changes"][0]["address"], "service.web",
        "{told}"
    );
    let (status, told) = lab.patch("PATCH", PATCH, &json!({"mode": "globl"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    let (status, told) = lab.patch("POST", EDITS, &patch).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    let now = std::fs::read_to_string(&file).expect("it is there");
    assert_eq!(now, "nonsense {");
}

impl Lab {
    /// Waits until what is declared was applied, and seen.
    async fn settle(&mut self) {
        drop(self.hear("applied").await);
        drop(self.hear("looked").await);
        self.until(StackState::InSync).await;
    }

    async fn patch(&self, method: &str, path: &str, patch: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://localhost{path}"))
            .header("content-type", "application/merge-patch+json")
            .body(Full::new(patch.to_string().into()));
        let answer = self.web().send(request).await.expect("an answer");
        let value = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, value)
    }

    /// The spec in the folder that is the source, as it is now.
    fn spec(&self) -> String {
        std::fs::read_to_string(self.spec_file()).expect("it is there")
    }

    fn spec_file(&self) -> PathBuf {
        self.dir().join("project/skep.kdl")
    }
}
