//! Values that may stand in a proxy's config, each with an allow-list grammar of its own.
//!
//! A proxy's own checker calls an injected directive valid, so safety has to come from here and from
//! the quoting of each renderer: what a grammar lets through has no meaning to a proxy but itself.

use std::fmt;

use serde::Serialize;

/// Why a text is not a value of its kind; displays as a fragment that follows the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    Empty,
    /// More bytes than the number given.
    TooLong(usize),
    /// A character that has no place in a value of this kind.
    Character(char),
    /// Any other rule, as a whole fragment.
    Rule(&'static str),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong(limit) => write!(f, "is longer than {limit} bytes"),
            Self::Character(c) => write!(f, "must not contain {c:?}"),
            Self::Rule(rule) => f.write_str(rule),
        }
    }
}

impl std::error::Error for Unfit {}

macro_rules! text_values {
    ($($(#[$doc:meta])* $name:ident $parse:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, Unfit> {
                $parse(text).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_values! {
    /// A host of RFC 1123 labels in lower case, or `*.` and such a host, where `*` is one label.
    Host host;
    /// The name of a gateway or a certificate: letters, digits, `_`, `.`, `-`.
    Name name;
    /// A name of the swarm's own DNS, `tasks.shop_api`.
    DnsName dns_name;
    /// An absolute path inside the proxy's container, without `..`.
    FilePath file_path;
    /// A header's name: letters, digits and `-`, and not one that frames the message.
    HeaderName header_name;
    /// A header's value: any printable text that fits one word of every config, neither empty nor padded.
    HeaderValue header_value;
    /// A cookie's name: letters, digits, `_`, `-`.
    CookieName cookie_name;
    /// Scheme, host and maybe port of a page that may call us, `https://www.example.com`.
    Origin origin;
    /// An HTTP method in capitals.
    Method method;
}

impl Host {
    /// The host behind `*.`, when it starts so.
    pub fn wildcard(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }
}

fn host(text: &str) -> Result<String, Unfit> {
    let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    within(&text, 253)?;
    let labels = text.strip_prefix("*.").unwrap_or(&text);
    labels.split('.').try_for_each(label)?;
    Ok(text)
}

fn label(text: &str) -> Result<(), Unfit> {
    if text.is_empty() || text.len() > 63 {
        return Err(Unfit::Rule(
            "has a label that is empty or longer than 63 bytes",
        ));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(Unfit::Rule("has a label with `-` at its edge"));
    }
    only(text, |c| c.is_ascii_alphanumeric() || c == '-')
}

fn name(text: &str) -> Result<String, Unfit> {
    within(text, 64)?;
    only(text, |c| c.is_ascii_alphanumeric() || "_.-".contains(c))?;
    Ok(text.to_owned())
}

fn dns_name(text: &str) -> Result<String, Unfit> {
    within(text, 253)?;
    only(text, |c| c.is_ascii_alphanumeric() || "_.-".contains(c))?;
    if text.split('.').any(str::is_empty) {
        return Err(Unfit::Rule("has an empty label"));
    }
    Ok(text.to_owned())
}

fn file_path(text: &str) -> Result<String, Unfit> {
    within(text, 1024)?;
    only(text, |c| c.is_ascii_alphanumeric() || "_.-/".contains(c))?;
    if !text.starts_with('/') {
        return Err(Unfit::Rule("does not start with `/`"));
    }
    if text.split('/').any(|segment| segment == "..") {
        return Err(Unfit::Rule("has a `..` segment"));
    }
    Ok(text.to_owned())
}

/// Headers that say how a message travels over one connection; changing them breaks the connection.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn header_name(text: &str) -> Result<String, Unfit> {
    within(text, 128)?;
    only(text, |c| c.is_ascii_alphanumeric() || c == '-')?;
    if FRAMING
        .iter()
        .any(|framing| text.eq_ignore_ascii_case(framing))
    {
        return Err(Unfit::Rule(
            "belongs to the connection, which the proxy looks after",
        ));
    }
    Ok(text.to_owned())
}

fn header_value(text: &str) -> Result<String, Unfit> {
    within(text, 4000)?;
    fits_a_word(text)?;
    only(text, |c| !c.is_control())?;
    if text.trim() != text {
        return Err(Unfit::Rule("starts or ends with a space"));
    }
    Ok(text.to_owned())
}

fn cookie_name(text: &str) -> Result<String, Unfit> {
    within(text, 64)?;
    only(text, |c| c.is_ascii_alphanumeric() || "_-".contains(c))?;
    Ok(text.to_owned())
}

fn origin(text: &str) -> Result<String, Unfit> {
    let (scheme, authority) = text
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].contains(scheme))
        .ok_or(Unfit::Rule("does not start with `http://` or `https://`"))?;
    Ok(format!("{scheme}://{}", self::authority(authority)?))
}

fn method(text: &str) -> Result<String, Unfit> {
    within(text, 32)?;
    only(text, |c| c.is_ascii_uppercase() || c == '-')?;
    Ok(text.to_owned())
}

/// Host and maybe port, in lower case; no user, no wildcard.
pub(super) fn authority(text: &str) -> Result<String, Unfit> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let host = Host::parse(host)?;
    if host.wildcard().is_some() {
        return Err(Unfit::Rule("has `*` where one host is meant"));
    }
    match port.map(str::parse::<std::num::NonZeroU16>) {
        None => Ok(host.0),
        Some(Ok(port)) => Ok(format!("{host}:{port}")),
        Some(Err(_)) => Err(Unfit::Rule(
            "has a port that is not a number from 1 to 65535",
        )),
    }
}

pub(super) fn within(text: &str, limit: usize) -> Result<(), Unfit> {
    match text.len() {
        0 => Err(Unfit::Empty),
        length if length > limit => Err(Unfit::TooLong(limit)),
        _ => Ok(()),
    }
}

/// nginx has room for 4,096 bytes in a word, and some characters need several to stand for themselves.
pub(super) fn fits_a_word(text: &str) -> Result<(), Unfit> {
    let room = text.chars().map(|c| match c {
        '$' => "${skep_dollar}".len(),
        _ if c.is_ascii_punctuation() => 3,
        _ => c.len_utf8(),
    });
    if room.sum::<usize>() > 3600 {
        return Err(Unfit::Rule(
            "needs more than the 3,600 bytes it may take in a config, where signs count for several",
        ));
    }
    Ok(())
}

pub(super) fn only(text: &str, fits: impl Fn(char) -> bool) -> Result<(), Unfit> {
    match text.chars().find(|c| !fits(*c)) {
        Some(c) => Err(Unfit::Character(c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_lowered_and_lose_their_trailing_dot() {
        assert_eq!(
            Host::parse("WWW.Example.COM.").unwrap().as_str(),
            "www.example.com"
        );
        assert_eq!(
            Host::parse("*.example.com").unwrap().wildcard(),
            Some("example.com")
        );
    }

    #[test]
    fn a_host_has_no_room_for_a_pattern_or_a_directive() {
        for text in [
            "a.test; return 301 http://evil/",
            "~^.*$",
            "$host",
            "a_b.test",
            "*.*.test",
            "a..b",
            "-a.b",
            "",
            "*",
        ] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn header_values_keep_their_signs_and_refuse_line_breaks() {
        let text = "a \"b\" 'c' $d ${e} %[src] {env.HOME} #; \\ ü";
        assert_eq!(HeaderValue::parse(text).unwrap().as_str(), text);
        for text in ["", " a", "a ", "a\r\nX: y", "a\0", "a\u{85}b", "tab\there"] {
            assert!(HeaderValue::parse(text).is_err(), "{text:?}");
        }
        assert!(HeaderValue::parse(&"x".repeat(3600)).is_ok());
        for text in ["x".repeat(3601), "$".repeat(300), "\"".repeat(1201)] {
            assert!(HeaderValue::parse(&text).is_err());
        }
    }

    #[test]
    fn headers_of_the_connection_cannot_be_touched() {
        for text in [
            "Connection",
            "transfer-encoding",
            "Content-Length",
            "X Y",
            "X:Y",
            "X_Y",
        ] {
            assert!(HeaderName::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_absolute_and_stay_where_they_are() {
        assert!(FilePath::parse("/run/secrets/site.pem").is_ok());
        for text in ["run/x", "/a/../b", "/a b", "/a$b", "/a;b"] {
            assert!(FilePath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_are_a_scheme_and_one_host() {
        assert_eq!(
            Origin::parse("https://WWW.example.com:8443")
                .unwrap()
                .as_str(),
            "https://www.example.com:8443"
        );
        for text in [
            "*",
            "https://",
            "ftp://a",
            "https://a/b",
            "https://*.a.b",
            "https://u@a",
            "https://a:0",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_names_have_their_own_letters() {
        assert!(DnsName::parse("tasks.shop_api").is_ok());
        assert!(DnsName::parse("a..b").is_err());
        assert!(CookieName::parse("a;b").is_err());
        assert!(Method::parse("get").is_err());
        assert!(Name::parse("edge`").is_err());
    }
}
