//! Registries that send us to somebody else for a token.

use crate::fake::Fake;
use crate::http::Message;
use crate::server::{PASSWORD, USER, base64, basic, sha256};
use crate::support::{Project, Ran};

const TOKEN: &str = "a-token-for-one-pull";

/// A registry that wants a token, and gives it to whoever `knows`.
fn guarded(knows: impl Fn(&Message) -> bool + Send + 'static) -> Fake {
    Fake::new(move |own, request| {
        if request.first.contains(" /token") {
            return if knows(request) {
                Message::new("HTTP/1.1 200 OK").body(format!(r#"{{"access_token":"{TOKEN}"}}"#))
            } else {
                Message::new("HTTP/1.1 401 Unauthorized").body(r#"{"details":"who are you"}"#)
            };
        }
        if request.header("authorization") == Some(&format!("Bearer {TOKEN}")) {
            return Message::new("HTTP/1.1 200 OK")
                .with("content-type", "application/vnd.oci.image.index.v1+json")
                .with("docker-content-digest", sha256(b"the list"))
                .body("the list");
        }
        let challenge = format!(
            "Bearer realm=\"http://{own}/token\",service=\"the registry\",scope=\"repository:team/app:pull\""
        );
        Message::new("HTTP/1.1 401 Unauthorized").with("www-authenticate", challenge)
    })
}

fn lock(fake: &Fake, config: &serde_json::Value) -> Ran {
    let project = Project::empty();
    let image = format!("{}/team/app:1", fake.address);
    project.write(
        "skep.kdl",
        &format!("project shop edition=1\nservice a {{ image \"{image}\" }}\n"),
    );
    project.write("docker/config.json", &config.to_string());
    let folder = project.path().join("docker").display().to_string();
    let ran = project.skep_with(&["lock", "images"], &[("DOCKER_CONFIG", &folder)]);
    for secret in [TOKEN, PASSWORD, "refresh-me"] {
        assert!(!format!("{ran:?}").contains(secret), "{ran:?}");
    }
    ran
}

const ASKED: &str = "/token?scope=repository%3Ateam%2Fapp%3Apull&service=the%20registry";

#[test]
fn an_image_for_everybody_needs_a_token_and_no_login() {
    let fake = guarded(|request| request.header("authorization").is_none());
    let ran = lock(&fake, &serde_json::json!({}));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fake.lines(),
        [
            "HEAD /v2/team/app/manifests/1",
            &format!("GET {ASKED}"),
            "HEAD /v2/team/app/manifests/1",
        ]
    );
}

#[test]
fn a_login_is_shown_to_who_gives_tokens_and_not_to_the_registry() {
    let fake = guarded(|request| request.header("authorization") == Some(&basic(USER, PASSWORD)));
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    let ran = lock(
        &fake,
        &serde_json::json!({"auths": {&fake.address: {"auth": auth}}}),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let shown: Vec<bool> = fake
        .asked()
        .iter()
        .map(|request| request.header("authorization") == Some(&basic(USER, PASSWORD)))
        .collect();
    assert_eq!(shown, [false, true, false]);
}

#[test]
fn a_login_that_is_a_token_is_exchanged() {
    let fake = guarded(|request| {
        let body = String::from_utf8_lossy(&request.body);
        request.first.starts_with("POST /token ")
            && body.contains("grant_type=refresh_token")
            && body.contains("refresh_token=refresh-me")
            && body.contains("service=the%20registry")
    });
    let ran = lock(
        &fake,
        &serde_json::json!({"auths": {&fake.address: {"identitytoken": "refresh-me"}}}),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn who_gets_no_token_is_told_whose_login_it_was() {
    let fake = guarded(|_| false);
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    let ran = lock(
        &fake,
        &serde_json::json!({"auths": {&fake.address: {"auth": auth}}}),
    );
    assert_eq!(ran.code, 77, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("to `ann`, the login in PROJECT"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_login_is_never_sent_in_clear_to_another_machine() {
    let fake = Fake::new(|_, _| {
        let challenge = "Bearer realm=\"http://203.0.113.1/token\",service=\"x\"";
        Message::new("HTTP/1.1 401 Unauthorized").with("www-authenticate", challenge)
    });
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    let ran = lock(
        &fake,
        &serde_json::json!({"auths": {&fake.address: {"auth": auth}}}),
    );
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("which is not reached by TLS"),
        "{}",
        ran.stderr
    );
}
