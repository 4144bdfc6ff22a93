//! What every answer tells browsers: to make of it nothing but what it is.

use axum::http::header::{HeaderMap, HeaderValue};
use skep_schema::api::audit::RequestId;

/// For pages and data alike; a page with scripts of its own names them in a policy of its own.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whatever an answer says itself.
const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Where an answer says nothing itself.
const ELSE: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("cache-control", "no-store"),
];

/// What an answer has come over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Socket,
    Tls,
}

/// Completes an answer's headers.
pub(crate) fn complete(headers: &mut HeaderMap, wire: Wire, request: &RequestId) {
    for (name, value) in ALWAYS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    for (name, value) in ELSE {
        let entry = headers.entry(*name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    match wire {
        Wire::Tls => {
            let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
            headers.insert("strict-transport-security", year);
        }
        Wire::Socket => {}
    }
    let id = HeaderValue::from_str(request.as_str()).expect("an id is letters and digits");
    headers.insert("x-request-id", id);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(wire: Wire, own: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let id = "a".repeat(26).parse().expect("an id");
        complete(&mut headers, wire, &id);
        headers
    }

    #[test]
    fn asvs_3_4_an_answer_can_be_framed_sniffed_cached_and_opened_by_nobody() {
        let headers = completed(Wire::Tls, &[]);
        let is = |name: &str, value: &str| {
            assert_eq!(
                headers.get(name).map(HeaderValue::as_bytes),
                Some(value.as_bytes()),
                "{name}"
            );
        };
        is(
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        );
        is("content-security-policy", POLICY);
        is("x-content-type-options", "nosniff");
        is("referrer-policy", "no-referrer");
        is("cross-origin-opener-policy", "same-origin");
        is("cross-origin-resource-policy", "same-origin");
        is("x-frame-options", "DENY");
        is("x-request-id", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
    }

    #[test]
    fn asvs_14_3_2_what_says_nothing_of_caches_is_kept_by_none() {
        let headers = completed(Wire::Socket, &[]);
        assert_eq!(headers["cache-control"], "no-store");
        assert!(!headers.contains_key("strict-transport-security"));
    }

    #[test]
    fn a_page_has_its_own_policy_and_cannot_switch_the_rest_off() {
        let own = [
            ("content-security-policy", "default-src 'self'"),
            ("cache-control", "max-age=60"),
            ("x-content-type-options", "sniff"),
        ];
        let headers = completed(Wire::Tls, &own);
        assert_eq!(headers["content-security-policy"], "default-src 'self'");
        assert_eq!(headers["cache-control"], "max-age=60");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}
