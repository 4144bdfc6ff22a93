//! What comes with a request, read within limits and as nothing but what it says it is.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::refused::Refused;

/// The longest body where a route says nothing else, in bytes.
pub(crate) const USUAL: usize = 1 << 20;
/// For plans, which hold the contents of configs.
pub(crate) const OF_PLANS: usize = 32 << 20;
/// Until the whole of it has to be there.
const SLOWEST: Duration = Duration::from_mins(1);

/// Reads a value of JSON that says it is of this kind. Its type says which fields there are.
pub(crate) async fn json<T: DeserializeOwned>(
    kind: &'static str,
    headers: &HeaderMap,
    body: Body,
    longest: usize,
) -> Result<T, Refused> {
    if !is_of(kind, headers) {
        return Err(Refused::Kind(kind));
    }
    let bytes = bytes(headers, body, longest).await?;
    serde_json::from_slice(&bytes).map_err(|error| Refused::Malformed(error.to_string()))
}

/// Reads it as it is, for signatures over it.
pub(crate) async fn bytes(
    headers: &HeaderMap,
    body: Body,
    longest: usize,
) -> Result<Bytes, Refused> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refused::Kind("body without an encoding"));
    }
    let said = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    let said: Option<usize> = said.and_then(|length| length.parse().ok());
    if said.is_some_and(|length| length > longest) {
        return Err(Refused::TooLong(longest));
    }
    let whole = Limited::new(body, longest).collect();
    match tokio::time::timeout(SLOWEST, whole).await {
        Err(_) => Err(Refused::Slow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refused::TooLong(longest)),
        Ok(Err(error)) => Err(Refused::Malformed(error.to_string())),
    }
}

/// One content type, without a charset or with the one that JSON has.
fn is_of(wanted: &str, headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return false;
    };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    match kind.split_once(';') {
        None => kind.trim() == wanted,
        Some((kind, more)) => kind.trim() == wanted && more.trim() == "charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    async fn read(
        pairs: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Result<u8, Refused> {
        json(JSON, &headers(pairs), Body::from(body), 16).await
    }

    #[tokio::test]
    async fn asvs_1_5_3_what_does_not_say_that_it_is_json_is_not_read_as_json() {
        for kind in ["application/json", "Application/JSON; charset=UTF-8"] {
            assert_eq!(read(&[("content-type", kind)], "7").await, Ok(7), "{kind}");
        }
        let others = [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain; application/json",
            "application/json; charset=utf-7",
            "application/jsonp",
            "application/json, text/plain",
            "",
        ];
        for kind in others {
            let answer = read(&[("content-type", kind)], "7").await;
            assert_eq!(answer, Err(Refused::Kind(JSON)), "{kind}");
        }
        let twice = [
            ("content-type", "application/json"),
            ("content-type", "application/json"),
        ];
        assert_eq!(read(&twice, "7").await, Err(Refused::Kind(JSON)));
        assert_eq!(read(&[], "7").await, Err(Refused::Kind(JSON)));
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_its_route_says_whatever_it_says_itself() {
        let kind = ("content-type", "application/json");
        let long = "                      7";
        assert_eq!(read(&[kind], long).await, Err(Refused::TooLong(16)));
        let lie = read(&[kind, ("content-length", "3")], long).await;
        assert_eq!(lie, Err(Refused::TooLong(16)));
        let announced = read(&[kind, ("content-length", "17")], "7").await;
        assert_eq!(announced, Err(Refused::TooLong(16)));
        let packed = read(&[kind, ("content-encoding", "gzip")], "7").await;
        assert!(matches!(packed, Err(Refused::Kind(_))));
    }

    /// A body of which nothing comes.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_not_waited_for() {
        let body = Body::new(Never);
        let answer = bytes(&HeaderMap::new(), body, 16).await;
        assert_eq!(answer, Err(Refused::Slow));
    }
}
