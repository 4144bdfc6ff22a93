//! Registries that cannot be had, and tags that are not there.

use crate::fake::Fake;
use crate::http::Message;
use crate::server::{Registry, own_address};
use crate::support::{Project, Ran};

fn lock(images: &[&str]) -> (Project, Ran) {
    let project = Project::empty();
    let services = images
        .iter()
        .enumerate()
        .map(|(n, image)| format!("service s{n} {{ image \"{image}\" }}\n"));
    let spec = format!("project shop edition=1\n{}", services.collect::<String>());
    project.write("skep.kdl", &spec);
    let ran = project.skep(&["lock", "images"]);
    (project, ran)
}

#[test]
fn a_registry_that_does_not_answer_is_69() {
    let address = own_address();
    let (_, ran) = lock(&[&format!("{address}/app:1")]);
    assert_eq!(ran.code, 69);
    let words = format!("error: the registry {address} cannot be reached: ");
    assert!(ran.stderr.starts_with(&words), "{}", ran.stderr);
}

/// The registry is empty: whoever is told that a tag is not there has got through to it.
#[test]
fn a_registry_that_speaks_tls_is_believed_when_its_certificate_is_trusted() {
    let registry = Registry::secure();
    let project = Project::empty();
    let image = registry.image("app:1");
    project.write(
        "skep.kdl",
        &format!("project shop edition=1\nservice a {{ image \"{image}\" }}\n"),
    );
    let home = project.path().join("home").display().to_string();
    let own = format!("home/.config/docker/certs.d/{}/ca.crt", registry.address);
    let lock = |variable: (&str, &str)| project.skep_with(&["lock", "images"], &[variable]);

    let ran = lock(("HOME", &home));
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("invalid peer certificate"),
        "{}",
        ran.stderr
    );

    let certificate = std::fs::read_to_string(registry.certificate()).expect("a certificate");
    project.write(&own, &certificate);
    for trusting in [
        ("HOME", &*home),
        ("SSL_CERT_FILE", &*registry.certificate()),
    ] {
        let ran = lock(trusting);
        assert_eq!(ran.code, 1, "{trusting:?} {}", ran.stderr);
        assert!(
            ran.stderr.contains("has no tag `1` of `app`"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_tag_that_is_not_there_is_told_and_nothing_is_written() {
    let registry = Registry::open();
    registry.push("app", "1", "there");
    let (there, gone) = (registry.image("app:1"), registry.image("app:9"));
    let (project, ran) = lock(&[&there, &gone, &registry.image("none:1")]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let address = &registry.address;
    for words in [
        format!("error: {address} has no tag `9` of `app`\n"),
        format!("error: {address} has no tag `1` of `none`\n"),
        "error: 2 of 3 images are not known, so skep.lock stays as it was\n".to_owned(),
    ] {
        assert!(ran.stderr.contains(&words), "{}", ran.stderr);
    }
    assert!(!project.path().join("skep.lock").exists());
}

#[test]
fn of_several_failures_the_one_that_may_pass_decides() {
    let registry = Registry::locked();
    let closed = format!("{}/app:1", own_address());
    let (_, ran) = lock(&[&registry.image("app:1"), &closed]);
    assert_eq!(ran.code, 69, "{}", ran.stderr);
}

#[test]
fn a_registry_that_is_away_is_told_once_for_all_its_images() {
    let address = own_address();
    let (_, ran) = lock(&[&format!("{address}/app:1"), &format!("{address}/app:2")]);
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert_eq!(
        ran.stderr.matches("cannot be reached").count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("error: 2 of 2 images are not known"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_registry_that_is_in_trouble_is_69_with_its_own_words() {
    let fake = Fake::new(|_, request| {
        let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow \u001b[2Jdown"}]}"#;
        assert!(request.header("authorization").is_none());
        Message::new("HTTP/1.1 429 Too Many Requests").body(body)
    });
    let (_, ran) = lock(&[&format!("{}/app:1", fake.address)]);
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    // An answer to HEAD has no body, so there are no words but those of the status.
    assert!(
        ran.stderr.contains("answered 429: Too Many Requests"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("help: it was asked too often"),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_a_digest_in_the_head_the_manifest_is_hashed() {
    let manifest = r#"{"schemaVersion":2}"#;
    let fake = Fake::new(move |_, _| {
        Message::new("HTTP/1.1 200 OK")
            .with("content-type", "application/vnd.oci.image.manifest.v1+json")
            .body(manifest)
    });
    let (project, ran) = lock(&[&format!("{}/app:1", fake.address)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fake.lines(),
        ["HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1"]
    );
    let text = std::fs::read_to_string(project.path().join("skep.lock")).expect("a lock file");
    let digest = crate::server::sha256(manifest.as_bytes());
    assert!(text.contains(&digest), "{text}");
}

#[test]
fn a_digest_that_is_not_that_of_the_manifest_is_refused() {
    let fake = Fake::new(|_, request| {
        if request.first.starts_with("HEAD") {
            return Message::new("HTTP/1.1 405 Method Not Allowed");
        }
        let digest = crate::server::sha256(b"something else");
        Message::new("HTTP/1.1 200 OK")
            .with("content-type", "application/vnd.oci.image.manifest.v1+json")
            .with("docker-content-digest", digest)
            .body("{}")
    });
    let (_, ran) = lock(&[&format!("{}/app:1", fake.address)]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("its digest is not that of what was sent"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_manifest_of_the_first_kind_is_refused() {
    let fake = Fake::new(|_, _| {
        Message::new("HTTP/1.1 200 OK")
            .with(
                "content-type",
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
            )
            .with("docker-content-digest", crate::server::sha256(b"old"))
            .body("{}")
    });
    let (_, ran) = lock(&[&format!("{}/app:1", fake.address)]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no node of today pulls"),
        "{}",
        ran.stderr
    );
}
