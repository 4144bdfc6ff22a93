//! Paths of requests, and the places a redirect or a question to an auth service goes to.

use std::fmt;

use super::value::{DnsName, Unfit, authority, fits_a_word, only, within};

/// The path of a URL in one canonical spelling: `/`, segments, no `.`, `..` or empty segment inside.
///
/// Escapes stay only where a character needs one, in capitals, and never hide a control character,
/// or one of `/ \ % ? #`, because the proxies disagree about those.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    escaped: String,
    plain: String,
}

impl Path {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        within(text, 1024)?;
        if !text.starts_with('/') {
            return Err(Unfit::Rule("does not start with `/`"));
        }
        let plain = unescape(text)?;
        segments_fit(&plain)?;
        fits_a_word(&plain)?;
        let escaped = escape(&plain);
        within(&escaped, 1024)?;
        Ok(Self { escaped, plain })
    }

    /// As it stands in a URL.
    pub fn escaped(&self) -> &str {
        &self.escaped
    }

    /// With every escape undone, the form nginx and Caddy compare.
    pub fn plain(&self) -> &str {
        &self.plain
    }

    /// How many segments it has: none in `/`, two in `/a/b` and in `/a/b/`.
    pub fn segments(&self) -> usize {
        self.plain
            .split('/')
            .filter(|segment| !segment.is_empty())
            .count()
    }

    /// The same path without a slash at its end; empty for `/`.
    pub(super) fn stem(&self) -> &str {
        self.escaped.trim_end_matches('/')
    }

    pub(super) fn plain_stem(&self) -> &str {
        self.plain.trim_end_matches('/')
    }

    /// Whether `other` is this path or lies under it, by whole segments.
    pub fn holds(&self, other: &Self) -> bool {
        other
            .plain_stem()
            .strip_prefix(self.plain_stem())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.escaped)
    }
}

/// Where a redirect leads: a path on the same host, or scheme, host and path.
///
/// It has no query, because a redirect keeps the one of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// `https://blog.example.com`; none for the host that was asked.
    pub(super) origin: Option<String>,
    pub(super) path: Path,
}

impl Location {
    /// `https://blog.example.com`; none for the host that was asked.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    pub(crate) const fn path(&self) -> &Path {
        &self.path
    }

    pub fn parse(text: &str) -> Result<Self, Unfit> {
        if text.contains(['?', '#']) {
            return Err(Unfit::Rule(
                "has a query or a fragment, but a redirect keeps the query of the request",
            ));
        }
        if text.starts_with('/') {
            return Ok(Self {
                origin: None,
                path: Path::parse(text)?,
            });
        }
        let (scheme, host, path) = split_url(text, &["http", "https"])?;
        Ok(Self {
            origin: Some(format!("{scheme}://{}", authority(host)?)),
            path: Path::parse(path)?,
        })
    }
}

/// Where an auth service is asked, over plain HTTP inside the swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthUrl {
    pub(super) host: DnsName,
    pub(super) port: u16,
    /// Path and maybe query.
    pub(super) target: String,
}

impl AuthUrl {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let (_, place, path) = split_url(text, &["http"])?;
        let (host, port) = place.split_once(':').unwrap_or((place, "80"));
        let port = port.parse::<std::num::NonZeroU16>();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let path = Path::parse(path)?;
        Ok(Self {
            host: DnsName::parse(host)?,
            port: port
                .map_err(|_| Unfit::Rule("has a port that is not a number from 1 to 65535"))?
                .get(),
            target: query.map_or(Ok(path.escaped.clone()), |query| {
                Ok(format!("{path}?{}", self::query(query)?))
            })?,
        })
    }
}

impl fmt::Display for AuthUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.target)
    }
}

fn split_url<'a>(text: &'a str, schemes: &[&str]) -> Result<(&'a str, &'a str, &'a str), Unfit> {
    let (scheme, rest) = text
        .split_once("://")
        .filter(|(scheme, _)| schemes.contains(scheme))
        .ok_or(Unfit::Rule(if schemes.len() == 1 {
            "does not start with `http://`"
        } else {
            "does not start with `/`, `http://` or `https://`"
        }))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let path = if rest[end..].starts_with('/') {
        &rest[end..]
    } else {
        "/"
    };
    if rest[end..].starts_with('?') {
        return Err(Unfit::Rule("has a query but no path"));
    }
    Ok((scheme, &rest[..end], path))
}

fn query(text: &str) -> Result<&str, Unfit> {
    within(text, 1024)?;
    only(text, |c| {
        c.is_ascii_alphanumeric() || "-._~!*(),:@/?=&+%".contains(c)
    })?;
    let is_escape = |rest: &str| rest.get(..2).is_some_and(is_hex);
    if !text.split('%').skip(1).all(is_escape) {
        return Err(Unfit::Rule("has a `%` that is not an escape"));
    }
    Ok(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What may stand in a path as itself (RFC 3986, `pchar` and `/`).
fn stands_for_itself(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/".contains(c)
}

fn unescape(text: &str) -> Result<String, Unfit> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (value, length) = match c {
            '%' => (vec![escaped_byte(rest)?], 3),
            _ if stands_for_itself(c) || !c.is_ascii() => {
                (rest.as_bytes()[..c.len_utf8()].to_vec(), c.len_utf8())
            }
            _ => return Err(Unfit::Character(c)),
        };
        bytes.extend(value);
        rest = &rest[length..];
    }
    let plain =
        String::from_utf8(bytes).map_err(|_| Unfit::Rule("has escapes that are not UTF-8"))?;
    only(&plain, |c| !c.is_control())?;
    Ok(plain)
}

/// The byte of the escape at the start of `text`, unless it is one the proxies read differently.
fn escaped_byte(text: &str) -> Result<u8, Unfit> {
    let digits = text.get(1..3).filter(|digits| is_hex(digits));
    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match byte {
        None => Err(Unfit::Rule("has a `%` that is not an escape")),
        Some(b'/' | b'\\' | b'%' | b'?' | b'#') => {
            Err(Unfit::Rule("hides one of `/ \\ % ? #` in an escape"))
        }
        Some(byte) => Ok(byte),
    }
}

fn escape(plain: &str) -> String {
    use fmt::Write as _;
    let mut escaped = String::with_capacity(plain.len());
    for c in plain.chars() {
        if stands_for_itself(c) {
            escaped.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                write!(escaped, "%{byte:02X}").expect("writing to a string cannot fail");
            }
        }
    }
    escaped
}

fn segments_fit(plain: &str) -> Result<(), Unfit> {
    if plain.contains("//") {
        return Err(Unfit::Rule("has an empty segment"));
    }
    if plain
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        return Err(Unfit::Rule("has a `.` or `..` segment"));
    }
    if plain.starts_with("/_skep") {
        return Err(Unfit::Rule(
            "is below `/_skep`, which Skep keeps for itself",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        let spelled = |text: &str| Path::parse(text).unwrap().escaped().to_owned();
        assert_eq!(spelled("/%61pi/%7euser"), "/api/~user");
        assert_eq!(spelled("/a%20b"), "/a%20b");
        assert_eq!(spelled("/ü"), "/%C3%BC");
        assert_eq!(spelled("/%c3%bc"), "/%C3%BC");
        assert_eq!(Path::parse("/a%22b").unwrap().plain(), "/a\"b");
    }

    #[test]
    fn a_path_refuses_what_proxies_disagree_about() {
        for text in [
            "",
            "api",
            "/a//b",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/a%2fb",
            "/a%5Cb",
            "/a%00",
            "/a%0Ab",
            "/a%25b",
            "/a%",
            "/a%zz",
            "/a%3Fb",
            "/a%23b",
            "/a b",
            "/a\"b",
            "/a{b",
            "/a?b",
            "/a#b",
            "/a\\b",
            "/a`b",
            "/%ff",
            "/_skep/x",
        ] {
            assert!(Path::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_path_holds_whole_segments() {
        let path = |text: &str| Path::parse(text).unwrap();
        assert!(path("/api").holds(&path("/api/x")));
        assert!(path("/api").holds(&path("/api/")));
        assert!(path("/").holds(&path("/api")));
        assert!(!path("/api").holds(&path("/apix")));
        assert!(!path("/api/x").holds(&path("/api")));
    }

    #[test]
    fn locations_have_no_query_and_maybe_an_origin() {
        let location = Location::parse("https://Blog.example.com").unwrap();
        assert_eq!(
            (location.origin.as_deref(), location.path.escaped()),
            (Some("https://blog.example.com"), "/")
        );
        assert_eq!(Location::parse("/new").unwrap().origin, None);
        for text in [
            "/a?b",
            "ftp://a",
            "https://a/b#c",
            "//evil.test/",
            "https://u@a/",
            "javascript:x",
        ] {
            assert!(Location::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_auth_url_is_plain_http_with_maybe_a_query() {
        assert_eq!(
            AuthUrl::parse("http://auth/verify?rd=https://a")
                .unwrap()
                .to_string(),
            "http://auth:80/verify?rd=https://a"
        );
        for text in [
            "https://auth/",
            "http://auth?x",
            "http://auth/?a=$b",
            "http://auth/?a={b}",
            "http://auth/?a=%",
        ] {
            assert!(AuthUrl::parse(text).is_err(), "{text}");
        }
    }
}
