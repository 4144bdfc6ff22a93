//! Every way to an engine, each taken by a process of its own that has nothing but its environment
//! to find it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;
use skep_providers::secrets::Secrets;
use skep_providers::swarm::{Endpoint, Scope, Swarm};
use tempfile::TempDir;
use tokio::process::Command;

use crate::front::{Behind, acceptor, listen, unused_port};
use crate::lab::Lab;
use crate::pki::Authority;

/// Where the probe writes how it ended.
const OUTCOME: &str = "SKEP_TEST_OUTCOME";

#[tokio::test]
#[ignore = "the other tests run it, in an environment that leads to an engine"]
async fn probe() {
    let scope = Scope {
        stack: "probe".to_owned(),
    };
    let outcome = match Endpoint::choose(None, None) {
        Ok(endpoint) => Swarm::connect(endpoint, scope, Secrets::default()).await,
        Err(error) => Err(error),
    };
    let words = outcome.map_or_else(|error| error.to_string(), |_| "connected".to_owned());
    let file = std::env::var(OUTCOME).expect("the test that runs this says where");
    fs::write(file, words).expect("the folder is the test's");
}

/// How a process with these variables connects, and no others of Docker's.
async fn connects(variables: &[(&str, &str)]) -> String {
    let folder = folder();
    let file = folder.path().join("outcome");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(std::env::current_exe().expect("this test has a file"))
        .args(["--exact", "connections::probe", "--ignored"])
        .env_clear()
        .env("PATH", path)
        .env(OUTCOME, &file)
        .envs(variables.iter().copied())
        .output()
        .await
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(file).expect("the probe wrote it")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("folders here have plain names")
}

async fn over_tls(port: u16, certificates: &Path) -> String {
    let host = format!("tcp://127.0.0.1:{port}");
    connects(&[
        ("DOCKER_HOST", &host),
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", text(certificates)),
    ])
    .await
}

#[tokio::test]
async fn over_tcp() {
    let port = listen(&Lab::new().host, Behind::Engine).await;
    assert_eq!(tcp(port).await, "connected");
}

#[tokio::test]
async fn over_tls_with_a_certificate_on_either_side() {
    let authority = Authority::new();
    let tls = Behind::Tls(acceptor(authority.server.path()));
    let port = listen(&Lab::new().host, tls).await;
    assert_eq!(over_tls(port, authority.client.path()).await, "connected");
}

#[tokio::test]
async fn by_the_current_context_with_its_certificates() {
    let authority = Authority::new();
    let tls = Behind::Tls(acceptor(authority.server.path()));
    let port = listen(&Lab::new().host, tls).await;
    let docker = folder();
    let meta = docker.path().join("contexts/meta/1d");
    let files = docker.path().join("contexts/tls/1d/docker");
    fs::create_dir_all(&meta).expect("the folder is ours");
    fs::create_dir_all(&files).expect("the folder is ours");
    let host = format!("tcp://127.0.0.1:{port}");
    let context =
        json!({"Name": "far", "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": false}}});
    fs::write(meta.join("meta.json"), context.to_string()).expect("the folder is ours");
    fs::write(
        docker.path().join("config.json"),
        r#"{"currentContext":"far"}"#,
    )
    .expect("the folder is ours");
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(authority.client.path().join(file), files.join(file)).expect("the folder is ours");
    }
    assert_eq!(
        connects(&[("DOCKER_CONFIG", text(docker.path()))]).await,
        "connected"
    );
}

/// A folder with an `ssh` that does as the script says; its words are kept in `words`.
fn ssh(script: &str) -> TempDir {
    let folder = folder();
    let program = folder.path().join("ssh");
    let words = folder.path().join("words");
    let whole = format!("#!/bin/sh\necho \"$@\" > {}\n{script}\n", text(&words));
    fs::write(&program, whole).expect("the folder is ours");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    folder
}

async fn over_ssh(folder: &TempDir) -> String {
    let path = format!(
        "{}:{}",
        text(folder.path()),
        std::env::var("PATH").unwrap_or_default()
    );
    connects(&[("DOCKER_HOST", "ssh://ann@box:2222"), ("PATH", &path)]).await
}

#[tokio::test]
async fn over_ssh_by_a_command_there() {
    let host = Lab::new().host.clone();
    let folder = ssh(&format!("exec docker --host {host} system dial-stdio"));
    assert_eq!(over_ssh(&folder).await, "connected");
    let words = fs::read_to_string(folder.path().join("words")).expect("it was run");
    assert_eq!(
        words.trim(),
        "-o ConnectTimeout=30 -T -l ann -p 2222 -- box docker system dial-stdio"
    );
}

fn contains(said: &str, words: &str) {
    assert!(said.contains(words), "not {words:?}: {said}");
}

#[tokio::test]
async fn what_is_wrong_with_tls_is_said_with_what_to_do() {
    let lab = Lab::new();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let tls = listen(&lab.host, Behind::Tls(acceptor(authority.server.path()))).await;
    let plain = listen(&lab.host, Behind::Engine).await;
    let only = |from: &Authority, more: &[(&Authority, &str)]| {
        let folder = folder();
        for (authority, file) in [&[(from, "ca.pem")], more].concat() {
            let copied = fs::copy(authority.client.path().join(file), folder.path().join(file));
            copied.expect("the folder is ours");
        }
        folder
    };
    let pair = [(&stranger, "cert.pem"), (&stranger, "key.pem")];
    let with = async |port, certificates: TempDir| over_tls(port, certificates.path()).await;
    contains(
        &with(tls, only(&stranger, &pair)).await,
        "not signed by the authority in `ca.pem`; put the engine's own",
    );
    contains(
        &with(tls, only(&authority, &[])).await,
        "asks for a certificate; put `cert.pem` and `key.pem`",
    );
    contains(
        &with(tls, only(&authority, &pair)).await,
        "refuses the TLS connection",
    );
    contains(
        &with(tls, folder()).await,
        "DOCKER_CERT_PATH is the folder with `ca.pem`",
    );
    contains(
        &with(plain, only(&authority, &[])).await,
        "speaks no TLS; name the port for TLS",
    );
}

#[tokio::test]
async fn what_is_no_engine_is_said_with_what_to_do() {
    let lab = Lab::new();
    let authority = Authority::new();
    let tls = Behind::Tls(acceptor(authority.server.path()));
    let behind = async |behind: Behind| tcp(listen(&lab.host, behind).await).await;
    let words = async |words| behind(Behind::Words(words)).await;
    contains(&behind(tls).await, "set DOCKER_TLS_VERIFY=1");
    contains(
        &words("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
            .await,
        "set DOCKER_TLS_VERIFY=1",
    );
    contains(&words("220 mail.example.test\r\n").await, "speaks no HTTP");
    contains(
        &words("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await,
        "does not say which Docker API",
    );
    contains(
        &tcp(unused_port().await).await,
        "nothing listens there; is Docker running?",
    );
    contains(
        &connects(&[("DOCKER_HOST", "tcp://nowhere.invalid:1")]).await,
        "no address is known for `nowhere.invalid`",
    );
    contains(
        &connects(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")]).await,
        "there is no socket; is Docker running?",
    );
}

async fn tcp(port: u16) -> String {
    connects(&[("DOCKER_HOST", &format!("tcp://127.0.0.1:{port}"))]).await
}

#[tokio::test]
async fn how_ssh_ended_is_said_with_what_to_do() {
    let said = over_ssh(&ssh("exit 255")).await;
    contains(&said, "`ssh` did not get there (exit status: 255)");
    contains(
        &said,
        "see what `ssh -l ann -p 2222 -- box docker version` says",
    );
    contains(
        &over_ssh(&ssh("exit 127")).await,
        "there is no `docker` there",
    );
    contains(
        &over_ssh(&ssh("exit 1")).await,
        "`docker system dial-stdio` failed there",
    );
    let without = [("DOCKER_HOST", "ssh://box"), ("PATH", "/nowhere")];
    contains(
        &connects(&without).await,
        "the program `ssh` is not on the PATH",
    );
}
