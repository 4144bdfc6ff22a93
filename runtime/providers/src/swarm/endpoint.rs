//! Where an engine is reached: a flag, the environment, or Docker's own contexts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use skep_engine::provider::ProviderError;

use crate::docker::credentials::Credentials;
use crate::docker::{self, ConfigError, DockerConfig};

const DEFAULT: &str = "unix:///var/run/docker.sock";

/// The environment variables that say where an engine is.
const VARIABLES: [&str; 7] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_TLS",
    "DOCKER_CERT_PATH",
    "HOME",
];

/// An engine's place, and what is needed to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What people call it: the context, or the address.
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) credentials: Credentials,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Unix(PathBuf),
    Tcp {
        host: String,
        port: u16,
        tls: Option<TlsFiles>,
    },
    /// Runs `docker system dial-stdio` there.
    Ssh {
        user: Option<String>,
        host: String,
        port: Option<u16>,
    },
}

/// A folder with `ca.pem`, and `cert.pem` and `key.pem` where the engine asks who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles(pub(crate) PathBuf);

impl Endpoint {
    /// The engine the docker command line would use: `host` and `context` are its `--host` and
    /// `--context`, then `DOCKER_HOST`, `DOCKER_CONTEXT` and the current context count.
    ///
    /// # Errors
    /// What was asked for does not exist, or is no address.
    pub fn choose(host: Option<&str>, context: Option<&str>) -> Result<Self, ProviderError> {
        let variables = VARIABLES.iter().filter_map(|name| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), value))
        });
        Self::find(host, context, &variables.collect())
    }

    /// What people call it: `context prod`, or the address.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn find(
        host: Option<&str>,
        context: Option<&str>,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, ProviderError> {
        let var = |name: &str| variables.get(name).map(String::as_str);
        let folder = docker::folder(|name| variables.get(name).cloned());
        let config = DockerConfig::read(folder.clone()).map_err(|error| unreadable(&error))?;
        let from_host = host.or_else(|| var("DOCKER_HOST").filter(|_| context.is_none()));
        let named = context
            .or_else(|| var("DOCKER_CONTEXT"))
            .or(config.current_context.as_deref());
        let (name, place) = match (from_host, named.filter(|name| *name != "default"), &folder) {
            (Some(host), _, _) => (
                host.to_owned(),
                Place::read(host, tls_of(variables, folder.as_deref()))?,
            ),
            (None, Some(name), Some(folder)) => {
                (format!("context {name}"), context_place(folder, name)?)
            }
            (None, Some(name), None) => {
                return Err(unusable(
                    name,
                    "there is no home folder in which to look for the context",
                ));
            }
            (None, None, _) => (DEFAULT.to_owned(), Place::read(DEFAULT, None)?),
        };
        Ok(Self {
            name,
            place,
            credentials: config.credentials,
        })
    }
}

impl Place {
    fn read(text: &str, tls: Option<TlsFiles>) -> Result<Self, ProviderError> {
        let refuse = |why: &str| unusable(text, why);
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| refuse("it is no address such as unix:///run/docker.sock"))?;
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Place::Unix(PathBuf::from(rest))),
            "unix" => Err(refuse("a socket's path starts with `/`")),
            "tcp" | "http" | "https" => {
                let (host, port) = host_and_port(rest);
                let host = host.ok_or_else(|| refuse("it names no host"))?;
                if scheme == "https" && tls.is_none() {
                    return Err(refuse("TLS needs DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"));
                }
                let port = port.unwrap_or(if tls.is_some() { 2376 } else { 2375 });
                Ok(Place::Tcp { host, port, tls })
            }
            "ssh" => ssh(rest).ok_or_else(|| refuse("write ssh://user@host or ssh://user@host:22")),
            _ => Err(refuse("the schemes are unix, tcp and ssh")),
        }
    }
}

fn host_and_port(text: &str) -> (Option<String>, Option<u16>) {
    let text = text.trim_end_matches('/');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        Some(_) | None => (text, None),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    (
        (!bare.is_empty() && !bare.contains('/')).then(|| bare.to_owned()),
        port,
    )
}

/// A host or user that starts with `-` would be an option of `ssh`.
fn ssh(text: &str) -> Option<Place> {
    let (user, rest) = text
        .split_once('@')
        .map_or((None, text), |(user, rest)| (Some(user.to_owned()), rest));
    let (host, port) = host_and_port(rest);
    let host = host.filter(|host| !host.starts_with('-'))?;
    let fits = |user: &String| !user.is_empty() && !user.starts_with('-') && !user.contains(':');
    user.as_ref()
        .is_none_or(fits)
        .then_some(Place::Ssh { user, host, port })
}

fn tls_of(variables: &BTreeMap<String, String>, folder: Option<&Path>) -> Option<TlsFiles> {
    let wanted =
        variables.contains_key("DOCKER_TLS_VERIFY") || variables.contains_key("DOCKER_TLS");
    let path = variables
        .get("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(|| folder.map(Path::to_path_buf));
    path.filter(|_| wanted).map(TlsFiles)
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints", default)]
    endpoints: BTreeMap<String, MetaEndpoint>,
}

#[derive(Deserialize)]
struct MetaEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// Contexts lie in folders named after a hash of their name; the name inside is what counts.
fn context_place(folder: &Path, name: &str) -> Result<Place, ProviderError> {
    let contexts = folder.join("contexts");
    let entries = std::fs::read_dir(contexts.join("meta"))
        .into_iter()
        .flatten()
        .flatten();
    let found = entries.into_iter().find_map(|entry| {
        let text = std::fs::read_to_string(entry.path().join("meta.json")).ok()?;
        let meta: Meta = serde_json::from_str(&text).ok()?;
        (meta.name == name).then(|| (entry.file_name(), meta))
    });
    let missing = || {
        unusable(
            name,
            "there is no such docker context; `docker context ls` names them",
        )
    };
    let (id, mut meta) = found.ok_or_else(missing)?;
    let endpoint = meta.endpoints.remove("docker").ok_or_else(missing)?;
    if endpoint.skip_tls_verify {
        return Err(unusable(
            name,
            "its context skips the check of the engine's certificate",
        ));
    }
    let tls = contexts.join("tls").join(id).join("docker");
    Place::read(
        &endpoint.host,
        tls.join("ca.pem").is_file().then_some(TlsFiles(tls)),
    )
}

fn unreadable(error: &ConfigError) -> ProviderError {
    let why = format!("it cannot be read: {}", error.message);
    unusable(&error.path.display().to_string(), &why)
}

fn unusable(target: &str, why: &str) -> ProviderError {
    ProviderError::Unreachable {
        target: format!("`{target}`"),
        message: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn place(host: &str) -> Result<Place, ProviderError> {
        Place::read(host, None)
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        assert_eq!(
            place("unix:///run/d.sock"),
            Ok(Place::Unix("/run/d.sock".into()))
        );
        let tcp = |host: &str, port| {
            Ok(Place::Tcp {
                host: host.to_owned(),
                port,
                tls: None,
            })
        };
        assert_eq!(place("tcp://10.0.0.1"), tcp("10.0.0.1", 2375));
        assert_eq!(place("tcp://[::1]:99"), tcp("::1", 99));
        let ssh = |user: Option<&str>, port| {
            Ok(Place::Ssh {
                user: user.map(str::to_owned),
                host: "box".to_owned(),
                port,
            })
        };
        assert_eq!(place("ssh://ops@box:2222"), ssh(Some("ops"), Some(2222)));
        assert_eq!(place("ssh://box"), ssh(None, None));
    }

    #[test]
    fn what_ssh_would_take_for_an_option_is_refused() {
        for host in [
            "ssh://-oProxyCommand=x",
            "ssh://-l@box",
            "ssh://box/run/d.sock",
            "ssh://a:b@box",
            "ssh://",
        ] {
            assert!(place(host).is_err(), "{host}");
        }
        for host in [
            "docker.sock",
            "unix://relative",
            "npipe:////./pipe/x",
            "https://box",
            "tcp://",
        ] {
            assert!(place(host).is_err(), "{host}");
        }
    }

    #[test]
    fn the_order_is_flag_variable_context_default() {
        let home = tempfile::tempdir().unwrap();
        let docker = home.path().join(".docker");
        let meta = docker.join("contexts/meta/f00");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(docker.join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
        let text = r#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"ssh://far","SkipTLSVerify":false}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        let home = home.path().to_str().unwrap();
        let name = |host, context, more: &[(&str, &str)]| {
            let all = [&[("HOME", home)], more].concat();
            Endpoint::find(host, context, &variables(&all)).map(|endpoint| endpoint.name)
        };
        let tcp = ("DOCKER_HOST", "tcp://b");
        assert_eq!(
            name(Some("tcp://a"), None, &[tcp]).as_deref(),
            Ok("tcp://a")
        );
        assert_eq!(name(None, None, &[tcp]).as_deref(), Ok("tcp://b"));
        assert_eq!(
            name(None, Some("far"), &[tcp]).as_deref(),
            Ok("context far")
        );
        assert_eq!(name(None, None, &[]).as_deref(), Ok("context far"));
        assert_eq!(
            name(None, None, &[("DOCKER_CONTEXT", "default")]).as_deref(),
            Ok(DEFAULT)
        );
        assert!(
            name(None, Some("nope"), &[])
                .unwrap_err()
                .to_string()
                .contains("no such docker context")
        );
    }

    #[test]
    fn certificates_are_used_where_the_environment_says_so() {
        let all = variables(&[
            ("DOCKER_HOST", "tcp://a"),
            ("DOCKER_TLS_VERIFY", "1"),
            ("DOCKER_CERT_PATH", "/c"),
        ]);
        let endpoint = Endpoint::find(None, None, &all).unwrap();
        let tls = Some(TlsFiles("/c".into()));
        assert_eq!(
            endpoint.place,
            Place::Tcp {
                host: "a".to_owned(),
                port: 2376,
                tls
            }
        );
    }
}
