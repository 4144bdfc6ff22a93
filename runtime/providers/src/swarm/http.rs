//! The one way to the engine: every request gets its version, its time limit and its count here.
//!
//! Reads and whatever may hold a secret are sent as they are. Requests made by bollard come through
//! the same gate, as its custom transport.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::errors::Error as BollardError;
use bollard::{BollardRequest, ClientVersion, Docker};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, DATE, HOST, HeaderMap};
use hyper::{Method, Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;

use super::dial::Dial;
use super::fault::{Fault, Refusal};
use super::unreachable::why;
use super::version::Version;
use crate::web::escaped;

/// During a change of leaders the engine holds a request back for 20 s before it answers.
const LIMIT: Duration = Duration::from_mins(1);
/// No list of a swarm comes near it; a broken engine must not fill the memory.
const LONGEST: usize = 256 << 20;
/// Why a stream is refused, in bytes.
const LONGEST_REFUSAL: usize = 64 << 10;

const MEDIA: &str = "application/json";

/// Requests sent so far.
#[derive(Debug, Default)]
struct Traffic {
    reads: AtomicU64,
    writes: AtomicU64,
}

/// A connection to one engine.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client<Dial, Full<Bytes>>,
    traffic: Arc<Traffic>,
    version: Option<Version>,
}

/// What is asked of the engine.
pub(crate) struct Ask<'a> {
    method: Method,
    path: String,
    query: Vec<(&'a str, String)>,
    body: Option<Vec<u8>>,
    registry_auth: Option<String>,
    limit: Duration,
}

/// The engine's yes.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: &serde_json::Value) -> Self {
        Self {
            body: Some(body.to_string().into_bytes()),
            ..Self::new(Method::POST, path)
        }
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            registry_auth: None,
            limit: LIMIT,
        }
    }

    pub(crate) fn query(mut self, key: &'a str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Several values of one filter are alternatives, several filters all have to fit.
    pub(crate) fn filters(self, filters: &serde_json::Value) -> Self {
        self.query("filters", filters.to_string())
    }

    pub(crate) fn registry_auth(mut self, header: Option<String>) -> Self {
        self.registry_auth = header;
        self
    }

    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    fn request(self) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(key, value)| format!("{key}={}", escaped(value)))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let uri = format!("http://engine{}{mark}{}", self.path, query.join("&"));
        let mut request = Request::builder().method(self.method).uri(uri);
        if let Some(auth) = self.registry_auth {
            request = request.header("X-Registry-Auth", auth);
        }
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, MEDIA);
        }
        request.body(Full::new(Bytes::from(self.body.unwrap_or_default())))
    }
}

impl Http {
    pub(crate) fn new(dial: Dial) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(dial);
        Self {
            client,
            traffic: Arc::default(),
            version: None,
        }
    }

    /// Speaks this version from now on; before, the engine decides.
    pub(crate) fn speaking(self, version: Version) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }

    /// Bollard over this connection. It formats every body for its log, so that nothing that may
    /// hold a secret goes through it.
    pub(crate) fn bollard(&self) -> Docker {
        let http = self.clone();
        let transport = move |request: BollardRequest| {
            let http = http.clone();
            async move { http.carry(request).await }
        };
        let version = self.version.unwrap_or_default();
        let client_version = ClientVersion {
            major_version: version.major.into(),
            minor_version: version.minor.into(),
        };
        Docker::connect_with_custom_transport(
            transport,
            Some("http://engine"),
            LIMIT.as_secs(),
            &client_version,
        )
        .expect("a custom transport has nothing to set up")
    }

    /// Requests that can have changed something.
    pub(crate) fn writes(&self) -> u64 {
        self.traffic.writes.load(Ordering::Relaxed)
    }

    pub(crate) fn reads(&self) -> u64 {
        self.traffic.reads.load(Ordering::Relaxed)
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, Fault> {
        let path = ask.path.clone();
        let answer = self.send(ask).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            Fault::Lost(format!("the answer to {path} is not understood: {error}"))
        })
    }

    pub(crate) async fn send(&self, ask: Ask<'_>) -> Result<Answer, Fault> {
        let limit = ask.limit;
        let request = ask
            .request()
            .map_err(|error| Fault::NoConnection(error.to_string()))?;
        within(limit, async {
            let response = self.dispatch(request).await?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, LONGEST)
                .collect()
                .await
                .map_err(|error| Fault::Lost(error.to_string()))?;
            let body = body.to_bytes();
            if parts.status.is_success() {
                Ok(Answer {
                    headers: parts.headers,
                    body,
                })
            } else {
                Err(Fault::read(parts.status.as_u16(), &body))
            }
        })
        .await
    }

    /// The body of an answer that goes on: the time limit is for its beginning.
    pub(crate) async fn stream(&self, ask: Ask<'_>) -> Result<Incoming, Fault> {
        let limit = ask.limit;
        let request = ask
            .request()
            .map_err(|error| Fault::NoConnection(error.to_string()))?;
        within(limit, async {
            let (parts, body) = self.dispatch(request).await?.into_parts();
            if parts.status.is_success() {
                return Ok(body);
            }
            let words = Limited::new(body, LONGEST_REFUSAL).collect().await;
            let words = words.map_err(|error| Fault::Lost(error.to_string()))?;
            Err(Fault::read(parts.status.as_u16(), &words.to_bytes()))
        })
        .await
    }

    /// The gate.
    async fn dispatch(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Fault> {
        let count = if request.method() == Method::GET {
            &self.traffic.reads
        } else {
            &self.traffic.writes
        };
        count.fetch_add(1, Ordering::Relaxed);
        *request.uri_mut() = self
            .versioned(request.uri())
            .map_err(|error| Fault::NoConnection(error.to_string()))?;
        request
            .headers_mut()
            .insert(HOST, hyper::header::HeaderValue::from_static("docker"));
        self.client
            .request(request)
            .await
            .map_err(|error| fault(&error))
    }

    /// Bollard 0.21 leaves the version out of its paths, and later ones put it in.
    fn versioned(&self, uri: &Uri) -> Result<Uri, hyper::http::Error> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let prefix = self
            .version
            .map_or_else(String::new, |version| format!("/v{version}"));
        let prefix = if path.starts_with(&format!("{prefix}/")) {
            ""
        } else {
            &prefix
        };
        Uri::builder()
            .scheme("http")
            .authority("engine")
            .path_and_query(format!("{prefix}{path}"))
            .build()
    }

    async fn carry(&self, request: BollardRequest) -> Result<Response<Incoming>, BollardError> {
        let (parts, body) = request.into_parts();
        let whole = body
            .collect()
            .await
            .map_err(|error| BollardError::from(io::Error::other(error)))?;
        let bytes = whole.to_bytes();
        let request = Request::from_parts(parts, Full::new(bytes));
        self.dispatch(request)
            .await
            .map_err(|fault| BollardError::from(io::Error::other(fault)))
    }
}

impl Answer {
    /// The engine's clock, to the second.
    pub(crate) fn date(&self) -> Option<jiff::Timestamp> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        jiff::fmt::rfc2822::parse(text)
            .ok()
            .map(|zoned| zoned.timestamp())
    }
}

/// Reads what bollard makes of a fault or a refusal.
pub(crate) fn of_bollard(error: BollardError) -> Fault {
    match error {
        BollardError::DockerResponseServerError {
            status_code,
            message,
        } => Fault::Refused(Refusal {
            status: status_code,
            message,
        }),
        BollardError::IOError { err } => match err.downcast::<Fault>() {
            Ok(fault) => fault,
            Err(error) => Fault::Lost(error.to_string()),
        },
        other => Fault::Lost(other.to_string()),
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Fault>> + Send,
) -> Result<T, Fault> {
    // Boxed, because the states of a request are large and every call site would carry them.
    let work: Pin<Box<dyn Future<Output = Result<T, Fault>> + Send>> = Box::pin(work);
    let slow = |_| Fault::Lost(format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.map_err(slow)?
}

fn fault(error: &hyper_util::client::legacy::Error) -> Fault {
    let words = why(error);
    if error.is_connect() {
        Fault::NoConnection(words)
    } else {
        Fault::Lost(words)
    }
}

/// What an error comes down to: those around it only say that it came.
pub(crate) fn last_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
