//! Whether a request was meant for this daemon: under a name that is its own, and not sent by a page of
//! another site out of somebody's browser.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Method, Uri};

use super::refused::Refused;

/// The names that the daemon answers to, beside `localhost` and plain addresses: those two a page of
/// another site cannot make its own name mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosts(BTreeSet<String>);

impl Hosts {
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let plain = |name: String| name.trim_end_matches('.').to_ascii_lowercase();
        Self(names.into_iter().map(plain).collect())
    }

    fn has(&self, host: &Authority) -> bool {
        let name = host.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let bare = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let is_address = bare.unwrap_or(name).parse::<IpAddr>().is_ok();
        is_address || name == "localhost" || self.0.contains(name)
    }
}

/// Looks at what a request says about its way here.
pub(crate) fn check(parts: &Parts, hosts: &Hosts) -> Result<(), Refused> {
    let host = host(&parts.headers, &parts.uri).ok_or(Refused::ForeignHost)?;
    if !hosts.has(&host) {
        return Err(Refused::ForeignHost);
    }
    if is_from_here(parts, &host) {
        Ok(())
    } else {
        Err(Refused::CrossSite)
    }
}

/// The one name that a request is sent to. A request that has none, several, or two that differ is sent
/// to nobody.
fn host(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
    let host: Authority = one(headers, &HOST).ok()??.parse().ok()?;
    let is_same = uri.authority().is_none_or(|named| *named == host);
    let is_plain = !host.as_str().contains('@');
    (is_same && is_plain).then_some(host)
}

/// A header that comes more than once, or is no text.
struct Unclear;

/// The value of a header that comes once, or not at all.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(HeaderValue::to_str).transpose();
    match (first, values.next()) {
        (Ok(first), None) => Ok(first),
        (Ok(_) | Err(_), _) => Err(Unclear),
    }
}

/// Browsers say which site a request comes from; what says nothing is no browser, and has nobody's
/// credentials but its own.
fn is_from_here(parts: &Parts, host: &Authority) -> bool {
    const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let headers = &parts.headers;
    let (Ok(site), Ok(origin)) = (one(headers, &SITE), one(headers, &ORIGIN)) else {
        return false;
    };
    let is_own = origin.is_none_or(|origin| is_origin(origin, host));
    match site {
        None | Some("same-origin") => is_own,
        Some("none") => is_own && is_safe(&parts.method),
        Some(_) => is_safe(&parts.method) && is_navigation(headers),
    }
}

/// Whether an origin is the daemon under the name that was asked. It has no other than `https`.
fn is_origin(origin: &str, host: &Authority) -> bool {
    let named = origin.strip_prefix("https://");
    named.is_some_and(|named| named.eq_ignore_ascii_case(host.as_str()))
}

/// Whether it changes nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// Somebody followed a link: what is shown then, the other site cannot read.
fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name: &'static str, wanted: &str| matches!(one(headers, &HeaderName::from_static(name)), Ok(Some(found)) if found == wanted);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use proptest::prelude::*;

    fn asked(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), Refused> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        check(&parts, &Hosts::new(["Skep.example.org.".to_owned()]))
    }

    #[test]
    fn only_names_of_the_daemons_own_are_answered_to() {
        let own = [
            "skep.example.org",
            "SKEP.example.org:7443",
            "skep.example.org.",
            "localhost",
            "localhost:7443",
            "127.0.0.1:7443",
            "[::1]:7443",
        ];
        for host in own {
            assert_eq!(asked("GET", "/", &[("host", host)]), Ok(()), "{host}");
        }
        let foreign = [
            "evil.example",
            "skep.example.org.evil.example",
            "evilskep.example.org",
            "skep.example.org@evil.example",
            "evil.example@skep.example.org",
            "skep.example.org..",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1",
            "",
            "skep.example.org, evil.example",
            "skep.example.org/x",
            "2130706433",
        ];
        for host in foreign {
            let answer = asked("GET", "/", &[("host", host)]);
            assert_eq!(answer, Err(Refused::ForeignHost), "{host}");
        }
    }

    #[test]
    fn a_request_to_no_host_or_to_two_is_to_nobody() {
        let skep = ("host", "skep.example.org");
        let cases: [(&str, &[(&str, &str)]); 4] = [
            ("/", &[]),
            ("/", &[skep, skep]),
            ("/", &[skep, ("host", "evil.example")]),
            ("https://evil.example/", &[skep]),
        ];
        for (uri, headers) in cases {
            assert_eq!(
                asked("GET", uri, headers),
                Err(Refused::ForeignHost),
                "{uri} {headers:?}"
            );
        }
    }

    #[test]
    fn asvs_4_1_3_what_a_proxy_may_say_is_not_listened_to() {
        let headers = [
            ("host", "evil.example"),
            ("x-forwarded-host", "skep.example.org"),
            ("forwarded", "host=skep.example.org"),
        ];
        assert_eq!(asked("GET", "/", &headers), Err(Refused::ForeignHost));
    }

    /// Method, what it says of the site and of the origin (`-`: nothing), and whether it may.
    const PAGES: &str = "
        POST    -            -                              may
        POST    -            https://skep.example.org       may
        POST    same-origin  https://skep.example.org       may
        POST    same-origin  -                              may
        POST    -            https://evil.example           -
        POST    -            http://skep.example.org        -
        POST    -            https://skep.example.org:8443  -
        POST    -            https://skep.example.org.      -
        POST    -            null                           -
        POST    cross-site   https://skep.example.org       -
        POST    same-site    -                              -
        POST    none         -                              -
        POST    Same-Origin  -                              -
        POST    same-origin  https://evil.example           -
        PUT     cross-site   -                              -
        DELETE  cross-site   -                              -
        OPTIONS -            https://evil.example           -
        GET     none         -                              may
        GET     same-origin  -                              may
        GET     same-site    -                              -
        GET     cross-site   -                              -
        GET     -            https://evil.example           -
    ";

    #[test]
    fn asvs_3_5_1_a_page_of_another_site_changes_and_loads_nothing() {
        for line in PAGES.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, site, origin, may] = words[..] else {
                panic!("four words: {line}");
            };
            let said = [("sec-fetch-site", site), ("origin", origin)];
            let mut headers = vec![("host", "skep.example.org")];
            headers.extend(said.into_iter().filter(|(_, value)| *value != "-"));
            let answer = asked(method, "/", &headers);
            let wanted = (may != "may").then_some(Refused::CrossSite);
            assert_eq!(answer.err(), wanted, "{line}");
        }
    }

    #[test]
    fn what_a_browser_says_once_is_not_said_twice() {
        let own = ("origin", "https://skep.example.org");
        let headers = [("host", "skep.example.org"), own, own];
        assert_eq!(asked("POST", "/", &headers), Err(Refused::CrossSite));
    }

    #[test]
    fn asvs_3_5_8_another_site_may_link_here_and_show_nothing_of_it() {
        for (method, mode, dest, may) in [
            ("GET", "navigate", "document", true),
            ("GET", "navigate", "iframe", false),
            ("GET", "no-cors", "image", false),
            ("GET", "cors", "empty", false),
            ("POST", "navigate", "document", false),
        ] {
            let headers = [
                ("host", "skep.example.org"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ];
            assert_eq!(
                asked(method, "/", &headers).is_ok(),
                may,
                "{method} {mode} {dest}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_host_but_those_is_answered_to(host in "[ -~]{0,40}|(skep\\.example\\.org|localhost)[ -~]{0,6}") {
            let taken = asked("GET", "/", &[("host", &host)]).is_ok();
            let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
            let name = name.to_ascii_lowercase();
            let name = name.strip_suffix('.').unwrap_or(&name);
            let bare = name.trim_start_matches('[').trim_end_matches(']');
            let known = ["skep.example.org", "localhost"].contains(&name)
                || bare.parse::<IpAddr>().is_ok()
                || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
            prop_assert!(!taken || known, "{}", host);
        }
    }
}
