//! What `docker login` stored: in Docker's config file, or with a program that it names.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use skep_schema::image::{HUB, Reference};
use skep_schema::plan::Content;

use super::helper;

/// The key under which Docker Hub's login is kept.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Logins by registry.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    logins: BTreeMap<String, Login>,
    /// Programs that keep the logins of single registries.
    helpers: BTreeMap<String, String>,
    /// The program that keeps those of all others.
    store: Option<String>,
}

/// Who we are at a registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    Password {
        user: String,
        password: String,
    },
    /// Stands for a user, and is exchanged for others.
    Token(String),
}

/// A program that keeps logins failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{program}` gave no login: {message}")]
pub(crate) struct HelperError {
    pub(crate) program: String,
    pub(crate) message: String,
}

/// One registry's login, as Docker keeps it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    /// Base64 of `user:password`.
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.logins.keys()).finish()
    }
}

impl Credentials {
    pub(crate) fn new(
        entries: BTreeMap<String, Entry>,
        helpers: BTreeMap<String, String>,
        store: Option<String>,
    ) -> Self {
        let logins = entries
            .into_iter()
            .filter_map(|(key, entry)| Some((key, entry.login()?)));
        Self {
            logins: logins.collect(),
            helpers,
            store: store.filter(|name| !name.is_empty()),
        }
    }

    /// The login for a registry. Where a program keeps it, that is asked first, as Docker does.
    pub(crate) async fn login(&self, registry: &str) -> Result<Option<Login>, HelperError> {
        let key = key(registry);
        let own = find(&self.helpers, key).map(|(_, program)| program);
        let kept = match own.or(self.store.as_ref()) {
            Some(program) => helper::ask(program, key).await?,
            None => None,
        };
        let written = || find(&self.logins, key).map(|(_, login)| login.clone());
        Ok(kept.or_else(written))
    }

    /// The value of `X-Registry-Auth` for an image: base64url, because the engine takes a header
    /// in the other alphabet for none and pulls anonymously. So it does when the program that keeps
    /// the login fails: most images need none, and the pull says so of those that do.
    pub(crate) async fn header(&self, image: &str) -> Option<String> {
        let registry = Reference::read(image).registry();
        let login = self.login(registry).await.ok()??;
        let written = find(&self.logins, key(registry)).map(|(key, _)| key.as_str());
        let json = login.json(written.unwrap_or(key(registry)));
        Some(
            Content::encode(json.to_string().as_bytes())
                .replace('+', "-")
                .replace('/', "_"),
        )
    }
}

impl Login {
    fn json(&self, registry: &str) -> serde_json::Value {
        match self {
            Login::Token(token) => {
                serde_json::json!({"identitytoken": token, "serveraddress": registry})
            }
            Login::Password { user, password } => {
                serde_json::json!({"username": user, "password": password, "serveraddress": registry})
            }
        }
    }

    /// What people may read of it.
    pub(crate) fn user(&self) -> &str {
        match self {
            Login::Password { user, .. } => user,
            Login::Token(_) => "a token",
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Login").field(&self.user()).finish()
    }
}

impl Entry {
    fn login(self) -> Option<Login> {
        if !self.identitytoken.is_empty() {
            return Some(Login::Token(self.identitytoken));
        }
        let decoded = Content::decode(&self.auth)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded
            .as_deref()
            .and_then(|text| text.trim_end_matches('\0').split_once(':'));
        let (user, password) = pair.unwrap_or((&self.username, &self.password));
        (!user.is_empty()).then(|| Login::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

/// Under which name Docker keeps the login of a registry.
fn key(registry: &str) -> &str {
    if registry == HUB { HUB_KEY } else { registry }
}

fn find<'m, T>(all: &'m BTreeMap<String, T>, wanted: &str) -> Option<(&'m String, &'m T)> {
    all.iter().find(|(key, _)| host(key) == host(wanted))
}

/// Docker wrote keys with and without scheme and path over the years.
fn host(key: &str) -> &str {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let host = bare.split('/').next().unwrap_or(bare);
    if host == HUB { "index.docker.io" } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(json: &str) -> Credentials {
        let entries = serde_json::from_str(json).unwrap();
        Credentials::new(entries, BTreeMap::new(), None)
    }

    fn sent(header: &str) -> serde_json::Value {
        let standard = header.replace('-', "+").replace('_', "/");
        serde_json::from_slice(&Content::decode(&standard).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn an_image_gets_the_login_of_its_registry_and_no_other() {
        let all = credentials(
            r#"{"registry.example.com":{"auth":"YW5uOnB+fn4/Pz8="},"https://index.docker.io/v1/":{"auth":"aHViOng="}}"#,
        );
        let header = all.header("registry.example.com/team/app:1").await.unwrap();
        assert!(!header.contains(['+', '/']), "{header}");
        assert_eq!(sent(&header)["username"], "ann");
        assert_eq!(sent(&header)["password"], "p~~~???");
        for image in ["nginx", "library/nginx:1", "docker.io/library/nginx"] {
            let header = all.header(image).await.unwrap();
            assert_eq!(sent(&header)["username"], "hub", "{image}");
            assert_eq!(sent(&header)["serveraddress"], HUB_KEY, "{image}");
        }
        assert_eq!(all.header("registry.example.com.evil.test/app").await, None);
        assert_eq!(all.header("localhost:5000/app").await, None);
    }

    #[test]
    fn a_login_is_never_printed() {
        let all = credentials(
            r#"{"a.test":{"auth":"dTpoaWRkZW4=","username":"hidden","password":"hidden"}}"#,
        );
        assert_eq!(format!("{all:?}"), r#"{"a.test"}"#);
        assert_eq!(format!("{:?}", all.logins["a.test"]), r#"Login("u")"#);
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_fails_only_where_its_login_is_asked_for() {
        let helpers = BTreeMap::from([("a.test".to_owned(), "no-such-helper".to_owned())]);
        let all = Credentials::new(BTreeMap::new(), helpers, None);
        assert_eq!(all.login("b.test").await, Ok(None));
        let failed = all.login("a.test").await.unwrap_err();
        assert_eq!(failed.program, "docker-credential-no-such-helper");
        assert_eq!(all.header("a.test/app").await, None);
    }
}
