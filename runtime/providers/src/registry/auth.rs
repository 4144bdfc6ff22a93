//! From a registry's challenge to the header that it wants.

use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, Uri};
use serde::Deserialize;
use skep_schema::plan::Content;

use super::challenge::Challenge;
use super::error::{LoginUsed, RegistryError};
use super::{Asked, Round};
use crate::docker::credentials::Login;
use crate::web::escaped;
use crate::web::{Answer, empty, is_private};

/// What we call ourselves to those who exchange tokens.
const CLIENT: &str = "skep";

/// Two names for the same are in use.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Issued {
    token: String,
    access_token: String,
}

impl Round {
    /// The value of `Authorization` that answers a challenge; none where there is nothing to answer
    /// with.
    pub(super) async fn authorize(
        &self,
        asked: &mut Asked<'_>,
        refusal: &Answer,
    ) -> Result<Option<String>, RegistryError> {
        let login = self.login(asked).await?;
        match (Challenge::best(refusal.headers("www-authenticate")), login) {
            (Some(Challenge::Basic), Some(Login::Password { user, password })) => {
                Ok(Some(basic(&user, &password)))
            }
            (Some(Challenge::Basic) | None, _) => Ok(None),
            (
                Some(Challenge::Bearer {
                    realm,
                    service,
                    scope,
                }),
                login,
            ) => {
                let scope = scope
                    .unwrap_or_else(|| format!("repository:{}:pull", asked.reference.repository()));
                let mut words = vec![("scope", scope)];
                words.extend(service.map(|service| ("service", service)));
                let token = self.token(asked, &realm, words, login).await?;
                Ok(Some(format!("Bearer {token}")))
            }
        }
    }

    async fn login(&self, asked: &mut Asked<'_>) -> Result<Option<Login>, RegistryError> {
        let registry = asked.reference.registry();
        let found = self.logins.get(registry, &self.config).await;
        let login = found.map_err(|error| RegistryError::Helper {
            registry: registry.to_owned(),
            message: error.to_string(),
        })?;
        let config = self.config.place();
        asked.login = match &login {
            Some(login) => LoginUsed::Known {
                user: login.user().to_owned(),
                config,
            },
            None => LoginUsed::Lacking { config },
        };
        Ok(login)
    }

    async fn token(
        &self,
        asked: &Asked<'_>,
        realm: &str,
        words: Vec<(&str, String)>,
        login: Option<Login>,
    ) -> Result<String, RegistryError> {
        let place: Option<Uri> = realm.parse().ok();
        if !place.as_ref().is_some_and(is_private) {
            let message = format!("it wants a token from `{realm}`, which is not reached by TLS");
            return Err(asked.strange(message));
        }
        let request = match login {
            Some(Login::Token(token)) => exchange(realm, words, token),
            Some(Login::Password { user, password }) => Request::builder()
                .uri(with_query(realm, &words))
                .header(AUTHORIZATION, basic(&user, &password))
                .body(empty()),
            None => Request::builder()
                .uri(with_query(realm, &words))
                .body(empty()),
        };
        let answer = self.web.send(request).await;
        let answer = answer.map_err(|error| RegistryError::Unreachable {
            registry: asked.registry(),
            message: format!("{realm}: {error}"),
        })?;
        if !answer.status.is_success() {
            return Err(asked.refused(&answer));
        }
        let issued: Issued = serde_json::from_slice(&answer.body).unwrap_or_default();
        [issued.token, issued.access_token]
            .into_iter()
            .find(|token| !token.is_empty())
            .ok_or_else(|| asked.strange(format!("`{realm}` gave no token")))
    }
}

/// A token that stands for a user is exchanged for one that stands for this pull.
fn exchange(
    realm: &str,
    mut words: Vec<(&str, String)>,
    token: String,
) -> Result<Request<http_body_util::Full<hyper::body::Bytes>>, hyper::http::Error> {
    words.push(("grant_type", "refresh_token".to_owned()));
    words.push(("client_id", CLIENT.to_owned()));
    words.push(("refresh_token", token));
    Request::builder()
        .method(Method::POST)
        .uri(realm)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(http_body_util::Full::from(query(&words)))
}

fn with_query(realm: &str, words: &[(&str, String)]) -> String {
    let mark = if realm.contains('?') { '&' } else { '?' };
    format!("{realm}{mark}{}", query(words))
}

fn query(words: &[(&str, String)]) -> String {
    let pairs = words
        .iter()
        .map(|(key, value)| format!("{key}={}", escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        Content::encode(format!("{user}:{password}").as_bytes())
    )
}
