//! Programs that keep logins for Docker: `docker-credential-NAME get`.

use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::credentials::{HelperError, Login};

/// A store may ask its user for a password.
const PATIENCE: Duration = Duration::from_mins(1);

/// The user that says that what comes with it is a token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// The login that a helper has for a server, or none.
pub(super) async fn ask(name: &str, server: &str) -> Result<Option<Login>, HelperError> {
    let program = format!("docker-credential-{name}");
    let fail = |message: String| HelperError {
        program: program.clone(),
        message,
    };
    if name.contains('/') {
        return Err(fail("a helper's name holds no `/`".to_owned()));
    }
    let output = tokio::time::timeout(PATIENCE, run(&program, server))
        .await
        .map_err(|_| fail(format!("no answer within {} s", PATIENCE.as_secs())))?
        .map_err(|error| fail(error.to_string()))?;
    if !output.status.success() {
        // Helpers complain on standard output, and have one sentence for a server they do not know.
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(fail(said))
        };
    }
    let told: Told = serde_json::from_slice(&output.stdout)
        .map_err(|_| fail("it did not answer in the form of a credential helper".to_owned()))?;
    Ok(login(told))
}

fn login(told: Told) -> Option<Login> {
    let Told { user, secret } = told;
    match user.as_str() {
        "" => None,
        TOKEN => Some(Login::Token(secret)),
        _ => Some(Login::Password {
            user,
            password: secret,
        }),
    }
}

async fn run(program: &str, server: &str) -> std::io::Result<Output> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that ends without reading says why in its output.
        drop(input.write_all(server.as_bytes()).await);
    }
    child.wait_with_output().await
}
