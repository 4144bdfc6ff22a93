//! Requests to servers of the world: registries, issuers of tokens, those who take notices.
//!
//! A request goes by TLS, or to this machine. Nothing is redirected, since an answer from elsewhere is
//! none; no proxy is asked; each answer has a time and a size that it must not pass.

pub(crate) mod certificate;
mod dial;
mod error;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, HeaderMap, HeaderValue, USER_AGENT};
use hyper::http::Error as Malformed;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use skep_schema::event::Timestamp;

use tokio_rustls::TlsConnector;

pub use error::WebError;

use crate::swarm::http::last_cause;
use certificate::Ends;
use dial::Dial;
pub(crate) use trust::Trust;

/// For one request with its answer.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest manifest that registries take is 4 MiB, and nothing else that is asked for is longer.
const LONGEST: usize = 4 << 20;

/// A client that keeps its connections for the next request.
#[derive(Clone)]
pub struct Web {
    client: Client<Dial, Full<Bytes>>,
}

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    pub body: Bytes,
    /// When the server's certificate ends; nothing where it showed none.
    pub certificate_ends: Option<Timestamp>,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").finish_non_exhaustive()
    }
}

/// What opens TLS to servers whose protocol is another than HTTP. They show certificates as for
/// [`Web::new`].
///
/// # Errors
/// The file of authorities cannot be read.
pub fn connector(authorities: Option<PathBuf>) -> std::io::Result<TlsConnector> {
    Dial::new(authorities.map_or(Trust::System, Trust::AlsoFile)).connector("")
}

impl Web {
    /// Servers show certificates that this machine trusts, or one of an authority in this file.
    pub fn new(authorities: Option<PathBuf>) -> Self {
        Self::trusting(authorities.map_or(Trust::System, Trust::AlsoFile))
    }

    /// Everything goes to this socket of this machine.
    pub fn at_socket(path: PathBuf) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(Dial::at(path));
        Self { client }
    }

    pub(crate) fn trusting(trust: Trust) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(Dial::new(trust));
        Self { client }
    }

    /// Sends a request. An answer that refuses it is an answer.
    ///
    /// # Errors
    /// There is no answer, or the request would go over a wire that others can read.
    pub async fn send(
        &self,
        request: Result<Request<Full<Bytes>>, Malformed>,
    ) -> Result<Answer, WebError> {
        let mut request = request.map_err(|error| WebError::Malformed(error.to_string()))?;
        if !is_private(request.uri()) {
            return Err(WebError::InClear);
        }
        let name = HeaderValue::from_static(concat!("skep/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, name);
        let answer = tokio::time::timeout(LIMIT, self.answer(request)).await;
        answer.map_err(|_| WebError::Slow { limit: LIMIT })?
    }

    /// Sends a request whose answer may go on for ever: the time limit is for its beginning.
    ///
    /// # Errors
    /// As for [`Web::send`].
    pub async fn open(
        &self,
        request: Result<Request<Full<Bytes>>, Malformed>,
    ) -> Result<Response<Incoming>, WebError> {
        let request = request.map_err(|error| WebError::Malformed(error.to_string()))?;
        if !is_private(request.uri()) {
            return Err(WebError::InClear);
        }
        let begun = tokio::time::timeout(LIMIT, self.client.request(request)).await;
        let begun = begun.map_err(|_| WebError::Slow { limit: LIMIT })?;
        begun.map_err(|error| WebError::Unreachable(last_cause(&error)))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answer, WebError> {
        let response = self.client.request(request).await;
        let response = response.map_err(|error| WebError::Unreachable(last_cause(&error)))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LONGEST).collect().await;
        let body = body.map_err(|error| WebError::Unreachable(last_cause(&*error)))?;
        let ends = parts.extensions.get::<Ends>();
        Ok(Answer {
            certificate_ends: ends.map(|ends| ends.0),
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// As for [`Web::send`]; or it is not there, or something else than was wanted.
    pub async fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T, WebError> {
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .body(empty());
        let answer = self.send(request).await?;
        if answer.status != StatusCode::OK {
            return Err(WebError::Refused {
                status: answer.status.as_u16(),
            });
        }
        serde_json::from_slice(&answer.body).map_err(|error| WebError::Strange(error.to_string()))
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let all = self.headers.get_all(name).into_iter();
        all.filter_map(|value| value.to_str().ok())
    }
}

/// The body of a request that has none.
pub fn empty() -> Full<Bytes> {
    Full::new(Bytes::new())
}

/// A word in a path or a query, as it can stand there.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Whether nobody can listen on the way to an address: it is reached by TLS, or never leaves this
/// machine.
pub fn is_private(uri: &Uri) -> bool {
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => uri.host().is_some_and(is_local),
        Some(_) | None => false,
    }
}

/// `localhost` and the addresses that never leave the machine, with or without a port.
pub fn is_local(host: &str) -> bool {
    use std::net::IpAddr;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests;
