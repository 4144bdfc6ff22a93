//! What the docker command line keeps in its config file: which engine, and who we are at registries.

pub(crate) mod credentials;
mod helper;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use credentials::{Credentials, Entry};

/// Docker's config file, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DockerConfig {
    /// Where it lies, or would.
    path: Option<PathBuf>,
    pub(crate) current_context: Option<String>,
    pub(crate) credentials: Credentials,
}

/// The file is there and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: it cannot be read: {message}", path = path.display())]
pub struct ConfigError {
    pub(crate) path: PathBuf,
    pub(crate) message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
    auths: BTreeMap<String, Entry>,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

impl DockerConfig {
    /// The config of whoever runs this: in `DOCKER_CONFIG`, or in `.docker` at home.
    ///
    /// # Errors
    /// The file is there and cannot be used.
    pub fn find() -> Result<Self, ConfigError> {
        Self::read(folder(|name| std::env::var(name).ok()))
    }

    /// The config of a folder; an empty one where there is none.
    pub(crate) fn read(folder: Option<PathBuf>) -> Result<Self, ConfigError> {
        let Some(path) = folder.map(|folder| folder.join("config.json")) else {
            return Ok(Self::default());
        };
        let written = written(&path).map_err(|message| ConfigError {
            path: path.clone(),
            message,
        })?;
        Ok(Self {
            path: Some(path),
            current_context: written.current_context,
            credentials: Credentials::new(written.auths, written.helpers, written.store),
        })
    }

    /// Whether `docker login` left something for a registry, here or with a program that keeps it.
    ///
    /// # Errors
    /// That program failed; the text says how, and nothing of what it keeps.
    pub async fn has_login(&self, registry: &str) -> Result<bool, String> {
        let login = self.credentials.login(registry).await;
        login
            .map(|login| login.is_some())
            .map_err(|error| error.to_string())
    }

    /// Where the file lies, for people.
    pub fn place(&self) -> String {
        self.path.as_ref().map_or_else(
            || "no docker config, since there is no home folder".to_owned(),
            |path| path.display().to_string(),
        )
    }
}

/// The folder of the config, told by environment variables.
pub(crate) fn folder(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    set("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".docker")))
}

fn written(path: &Path) -> Result<Written, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Written::default()),
        Err(error) => Err(error.to_string()),
    }
}
