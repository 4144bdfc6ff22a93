//! Requests to registries and to those who give tokens for them.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderValue, USER_AGENT};
use hyper::http::Error as Malformed;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use super::dial::Dial;
use crate::swarm::http::last_cause;

/// For one request with its answer.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest manifest that registries take is 4 MiB.
const LONGEST: usize = 4 << 20;
/// What of a complaint is passed on, in letters.
const MAX_COMPLAINT: usize = 300;

#[derive(Clone)]
pub(super) struct Http {
    client: Client<Dial, Full<Bytes>>,
}

/// An answer, whatever it says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

/// How registries complain.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    errors: Vec<Entry>,
    message: String,
    details: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    message: String,
}

pub(super) fn empty() -> Full<Bytes> {
    Full::new(Bytes::new())
}

impl Http {
    pub(super) fn new() -> Self {
        let client = Client::builder(TokioExecutor::new()).build(Dial::default());
        Self { client }
    }

    /// Sends a request, or says why there is no answer.
    pub(super) async fn send(
        &self,
        request: Result<Request<Full<Bytes>>, Malformed>,
    ) -> Result<Answer, String> {
        let mut request = request.map_err(|error| error.to_string())?;
        let name = HeaderValue::from_static(concat!("skep/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, name);
        let work = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| last_cause(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|error| last_cause(&*error))?;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        };
        let slow = |_| format!("no answer within {} s", LIMIT.as_secs());
        tokio::time::timeout(LIMIT, work).await.map_err(slow)?
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
    }

    /// What it complains of, on one line and without anything that a terminal would obey.
    pub(super) fn complaint(&self) -> String {
        let read: Complaint = serde_json::from_slice(&self.body).unwrap_or_default();
        let own = [read.message, read.details];
        let words: Vec<String> = read
            .errors
            .into_iter()
            .map(|entry| entry.message)
            .chain(own)
            .filter(|text| !text.is_empty())
            .collect();
        let text = if words.is_empty() {
            self.status
                .canonical_reason()
                .unwrap_or("no reason")
                .to_owned()
        } else {
            words.join("; ")
        };
        let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
        text.chars().take(MAX_COMPLAINT).map(plain).collect()
    }
}
