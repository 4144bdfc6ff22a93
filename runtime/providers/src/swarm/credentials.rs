//! What `docker login` stored, for the nodes that pull images.
//!
//! Only `auths` in Docker's config file is read; credential helpers are not asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use skep_schema::plan::Content;

/// The key under which Docker Hub's login is kept.
const HUB: &str = "https://index.docker.io/v1/";

/// Logins by registry.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Credentials(BTreeMap<String, Login>);

/// One registry's login, as Docker keeps it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Login {
    /// Base64 of `user:password`.
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Credentials {
    pub(crate) fn of(logins: BTreeMap<String, Login>) -> Self {
        Self(logins)
    }

    /// The value of `X-Registry-Auth` for an image: base64url, because the engine takes a header
    /// in the other alphabet for none and pulls anonymously.
    pub(crate) fn header(&self, image: &str) -> Option<String> {
        let registry = registry(image);
        let known = |key: &str| host(key) == host(registry);
        let (key, login) = self.0.iter().find(|(key, _)| known(key))?;
        let json = login.json(key)?;
        Some(
            Content::encode(json.to_string().as_bytes())
                .replace('+', "-")
                .replace('/', "_"),
        )
    }
}

impl Login {
    fn json(&self, registry: &str) -> Option<serde_json::Value> {
        if !self.identitytoken.is_empty() {
            return Some(
                serde_json::json!({"identitytoken": self.identitytoken, "serveraddress": registry}),
            );
        }
        let decoded = Content::decode(&self.auth)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded
            .as_deref()
            .and_then(|text| text.trim_end_matches('\0').split_once(':'));
        let (user, password) = pair.unwrap_or((&self.username, &self.password));
        (!user.is_empty()).then(
            || serde_json::json!({"username": user, "password": password, "serveraddress": registry}),
        )
    }
}

/// The registry of an image: what stands before the first `/`, if it looks like a host.
fn registry(image: &str) -> &str {
    let first = image.split_once('/').map(|(first, _)| first);
    first
        .filter(|first| first.contains(['.', ':']) || *first == "localhost")
        .unwrap_or(HUB)
}

/// Docker wrote keys with and without scheme and path over the years.
fn host(key: &str) -> &str {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let host = bare.split('/').next().unwrap_or(bare);
    if host == "docker.io" {
        "index.docker.io"
    } else {
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(json: &str) -> Credentials {
        Credentials::of(serde_json::from_str(json).unwrap())
    }

    fn sent(header: &str) -> serde_json::Value {
        let standard = header.replace('-', "+").replace('_', "/");
        serde_json::from_slice(&Content::decode(&standard).unwrap()).unwrap()
    }

    #[test]
    fn an_image_gets_the_login_of_its_registry_and_no_other() {
        let all = credentials(
            r#"{"registry.example.com":{"auth":"YW5uOnB+fn4/Pz8="},"https://index.docker.io/v1/":{"auth":"aHViOng="}}"#,
        );
        let header = all.header("registry.example.com/team/app:1").unwrap();
        assert!(!header.contains(['+', '/']), "{header}");
        assert_eq!(sent(&header)["username"], "ann");
        assert_eq!(sent(&header)["password"], "p~~~???");
        for image in ["nginx", "library/nginx:1", "docker.io/library/nginx"] {
            assert_eq!(
                sent(&all.header(image).unwrap())["username"],
                "hub",
                "{image}"
            );
        }
        assert_eq!(all.header("registry.example.com.evil.test/app"), None);
        assert_eq!(all.header("localhost:5000/app"), None);
    }

    #[test]
    fn a_login_is_never_printed() {
        let all = credentials(
            r#"{"a.test":{"auth":"dTpoaWRkZW4=","username":"hidden","password":"hidden"}}"#,
        );
        assert_eq!(format!("{all:?}"), r#"{"a.test"}"#);
    }
}
