//! Registries of images: what their tags mean. Nothing is pulled and nothing is written.
//!
//! The protocol is that of the OCI distribution specification, which Docker's registries speak as
//! well. Logins are those of the docker command line.

mod auth;
mod challenge;
mod complaint;
mod error;
mod logins;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode};
use ring::digest::{SHA256, digest};
use skep_schema::image::{ImageDigest, Reference};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::docker::DockerConfig;
use crate::web::{Answer, Trust, Web, WebError, empty};

pub use error::{LoginUsed, RegistryError};

use logins::Logins;
use place::Place;

/// Registries that are asked at the same time; more would look like an attack to some.
const AT_ONCE: usize = 8;

/// What a tag may stand for: a list with an entry for each platform, or one image.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

const DIGEST: &str = "docker-content-digest";

/// The registries of the world, with our logins.
pub struct Registries {
    web: Web,
    config: Arc<DockerConfig>,
}

/// One round of questions.
#[derive(Clone)]
struct Round {
    web: Web,
    config: Arc<DockerConfig>,
    logins: Arc<Logins>,
}

/// One image on its way to a digest.
struct Asked<'a> {
    image: &'a str,
    reference: Reference<'a>,
    place: Place,
    /// The login that was sent, if any.
    login: LoginUsed,
}

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registries").finish_non_exhaustive()
    }
}

impl Registries {
    pub fn new(config: DockerConfig) -> Self {
        Self {
            web: Web::trusting(Trust::AlsoDocker),
            config: Arc::new(config),
        }
    }

    /// Asks for all images, several at a time. Each has its own answer, in order of name.
    pub async fn resolve(
        &self,
        images: &BTreeSet<String>,
    ) -> BTreeMap<String, Result<ImageDigest, RegistryError>> {
        let registries = images.iter().map(|image| Reference::read(image).registry());
        let round = Round {
            web: self.web.clone(),
            config: Arc::clone(&self.config),
            logins: Arc::new(Logins::of(registries)),
        };
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        for image in images {
            let (round, image, room) = (round.clone(), image.clone(), Arc::clone(&room));
            running.spawn(async move {
                let _turn = room.acquire().await;
                let found = round.digest(&image).await;
                (image, found)
            });
        }
        running.join_all().await.into_iter().collect()
    }
}

impl Round {
    /// What the tag of an image stands for now.
    async fn digest(&self, image: &str) -> Result<ImageDigest, RegistryError> {
        let reference = Reference::read(image);
        let mut asked = Asked {
            image,
            reference,
            place: Place::of(reference.registry()),
            login: LoginUsed::None,
        };
        let mut authorization = None;
        let mut answer = self.first(&mut asked).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            authorization = self.authorize(&mut asked, &answer).await?;
            answer = self
                .manifest(&asked, Method::HEAD, authorization.as_deref())
                .await?;
        }
        // Some registries know no HEAD, and some say the digest only with the manifest.
        if answer.status == StatusCode::METHOD_NOT_ALLOWED
            || answer.status == StatusCode::OK && answer.header(DIGEST).is_none()
        {
            answer = self
                .manifest(&asked, Method::GET, authorization.as_deref())
                .await?;
        }
        asked.read(&answer)
    }

    /// The first answer, which also tells whether a registry on this machine wants TLS.
    async fn first(&self, asked: &mut Asked<'_>) -> Result<Answer, RegistryError> {
        let first = self.manifest(asked, Method::HEAD, None).await;
        let refused = |answer: &Answer| answer.status == StatusCode::BAD_REQUEST;
        if !asked.place.is_plain() || !first.as_ref().is_ok_and(refused) {
            return first;
        }
        asked.place.speak_tls();
        self.manifest(asked, Method::HEAD, None).await
    }

    async fn manifest(
        &self,
        asked: &Asked<'_>,
        method: Method,
        authorization: Option<&str>,
    ) -> Result<Answer, RegistryError> {
        let url = format!(
            "{}/v2/{}/manifests/{}",
            asked.place.base(),
            asked.reference.repository(),
            asked.reference.tag_or_latest()
        );
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(ACCEPT, MANIFESTS.join(", "));
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.web
            .send(request.body(empty()))
            .await
            .map_err(|error| asked.unreachable(&error))
    }
}

impl Asked<'_> {
    fn registry(&self) -> String {
        self.reference.registry().to_owned()
    }

    fn unreachable(&self, error: &WebError) -> RegistryError {
        RegistryError::Unreachable {
            registry: self.registry(),
            message: error.to_string(),
        }
    }

    fn denied(&self) -> RegistryError {
        RegistryError::Denied {
            image: self.image.to_owned(),
            registry: self.registry(),
            login: self.login.clone(),
        }
    }

    fn refused(&self, answer: &Answer) -> RegistryError {
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.denied(),
            status => RegistryError::Refused {
                registry: self.registry(),
                status: status.as_u16(),
                message: complaint::complaint(answer),
            },
        }
    }

    fn strange(&self, message: impl Into<String>) -> RegistryError {
        RegistryError::Strange {
            image: self.image.to_owned(),
            registry: self.registry(),
            message: message.into(),
        }
    }

    fn read(&self, answer: &Answer) -> Result<ImageDigest, RegistryError> {
        match answer.status {
            StatusCode::OK => self.digest_of(answer),
            StatusCode::NOT_FOUND => Err(RegistryError::Missing {
                registry: self.registry(),
                repository: self.reference.repository(),
                tag: self.reference.tag_or_latest().to_owned(),
            }),
            _ => Err(self.refused(answer)),
        }
    }

    /// The digest that the registry names, held against the manifest where that was sent.
    fn digest_of(&self, answer: &Answer) -> Result<ImageDigest, RegistryError> {
        let kind = answer.header(CONTENT_TYPE.as_str()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !MANIFESTS.contains(&kind) {
            let message = format!("it is of a form that no node of today pulls: `{kind}`");
            return Err(self.strange(message));
        }
        let told = answer.header(DIGEST).map(ImageDigest::parse);
        let found = (!answer.body.is_empty()).then(|| sha256(&answer.body));
        match (told, found) {
            (Some(None), _) => Err(self.strange("its digest is no SHA-256")),
            (Some(Some(told)), None) => Ok(told),
            (Some(Some(told)), Some(found)) if told != found => {
                Err(self.strange("its digest is not that of what was sent"))
            }
            (_, Some(found)) => Ok(found),
            (None, None) => Err(self.strange("neither a digest nor a manifest was sent")),
        }
    }
}

fn sha256(bytes: &[u8]) -> ImageDigest {
    let hex: String = digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ImageDigest::parse(&format!("sha256:{hex}")).expect("32 bytes are 64 digits")
}
