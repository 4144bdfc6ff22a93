//! Types of single values that only specs have.

use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::address::Kind;
use crate::image::Reference;
use crate::lang::{Decoder, Literal, Read, Template, Type, scalar_text};
use crate::span::Span;

use crate::diagnostic::{Code, Diagnostic};

/// Text that was checked by a grammar when it was read.
macro_rules! checked {
    ($($(#[doc = $doc:literal])* $name:ident $ty:ident $wanted:literal $check:path, $help:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// The text in its canonical form, where it fits.
            pub fn checked(text: &str) -> Option<Self> {
                $check(text).map(Self)
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

        impl Read for $name {
            const TYPE: Type = Type::$ty;
            fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
                let text = string(value, span, cx, $wanted)?;
                match Self::checked(text) {
                    Some(checked) => Some(checked),
                    None => {
                        bad(cx, span, format!("`{text}` is not {}", $wanted), $help);
                        None
                    }
                }
            }
        }
    )*};
}

checked! {
    /// The name of a swarm object: letters, digits, `-` and `_`, at most 63.
    Name Name "a name" name, "use letters, digits, `-` and `_`, at most 63, with a letter or digit at both ends";
    /// The physical name of a config, secret or network, which may hold dots.
    ObjectName Name "a name" object_name, "use letters, digits, `-`, `_` and `.`, at most 64, with a letter or digit at both ends";
    /// An address range such as `10.0.0.0/8`.
    Cidr Cidr "an address range" cidr, "write it as 10.0.0.0/8 or fd00::/64";
    /// An IP address.
    Ip Ip "an address" ip, "write an address such as 10.1.2.3";
    /// An absolute path in a container.
    Path Path "an absolute path" container_path, "a path in a container begins with `/`";
    /// A file of the project, relative to its folder, with forward slashes.
    File File "a file of the project" project_file, "write a path inside the project folder, such as \"conf/app.toml\"";
    /// A path in a URL, normalised: from `/`, without `.`, `..`, empty segments or escapes.
    UrlPath UrlPath "a path in a URL" url_path, "write it from `/`, without `..`, `//`, `?`, `#` or `%`";
    /// An http or https URL.
    Url Url "a URL" url, "write it with http:// or https:// and a host";
    /// A host name, lower case and without a trailing dot, or `*.` and such a name.
    Host Host "a host name" host, "use labels of letters, digits and `-`, such as shop.example.com or *.example.com";
    /// The name of an HTTP header.
    HeaderName HeaderName "a header name" header_name, "use letters, digits and `-`";
    /// An HTTP method, upper case.
    Method Str "an HTTP method" method, "use letters, as in GET";
}

fn bad(cx: &mut Decoder, span: Span, message: String, help: &str) {
    cx.report(Diagnostic::new(Code::BadValue, span, message).help(help));
}

fn string<'a>(value: &'a Literal, span: Span, cx: &mut Decoder, wanted: &str) -> Option<&'a str> {
    crate::lang::plain(cx, value, span, wanted)
}

fn ends_alphanumeric(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next()) && edge(text.chars().last())
}

fn name(text: &str) -> Option<String> {
    let inner = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (inner && text.len() <= 63 && ends_alphanumeric(text)).then(|| text.to_owned())
}

fn object_name(text: &str) -> Option<String> {
    let inner = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (inner && text.len() <= 64 && ends_alphanumeric(text)).then(|| text.to_owned())
}

fn cidr(text: &str) -> Option<String> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    (bits <= most).then(|| format!("{address}/{bits}"))
}

fn ip(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

fn container_path(text: &str) -> Option<String> {
    let windows = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    ((text.starts_with('/') || windows) && !text.chars().any(char::is_control))
        .then(|| text.to_owned())
}

fn project_file(text: &str) -> Option<String> {
    let clean = text.strip_prefix("./").unwrap_or(text);
    let inside = clean
        .split('/')
        .all(|part| !part.is_empty() && part != ".." && part != ".");
    let plain = !text.contains('\\') && !text.chars().any(char::is_control);
    (inside && plain).then(|| clean.to_owned())
}

fn url_path(text: &str) -> Option<String> {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_graphic() && !"%?#\\\"'`<>{}|^;$".contains(c));
    let rest = text.strip_prefix('/')?;
    let parts_fit = rest.is_empty()
        || rest
            .strip_suffix('/')
            .unwrap_or(rest)
            .split('/')
            .all(|p| !matches!(p, "" | "." | ".."));
    (plain && parts_fit).then(|| text.to_owned())
}

fn url(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?']).next()?;
    let plain = text
        .chars()
        .all(|c| c.is_ascii_graphic() && !"\\\"'`<>{}|^;$".contains(c));
    (!authority.is_empty() && plain && !authority.contains('@')).then(|| text.to_owned())
}

/// Lower-cased, without a trailing dot; labels outside ASCII are punycoded.
fn host(text: &str) -> Option<String> {
    let lower = text.strip_suffix('.').unwrap_or(text).to_lowercase();
    let (star, rest) = lower
        .strip_prefix("*.")
        .map_or(("", lower.as_str()), |rest| ("*.", rest));
    let labels: Option<Vec<String>> = rest.split('.').map(host_label).collect();
    let whole = format!("{star}{}", labels?.join("."));
    (whole.len() <= 253).then_some(whole)
}

fn host_label(label: &str) -> Option<String> {
    if !label.is_ascii() {
        return punycode(label).filter(|l| l.len() <= 63);
    }
    let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (inner && label.len() <= 63 && ends_alphanumeric(label)).then(|| label.to_owned())
}

/// One label in the ASCII form of RFC 3492, `xn--` included.
fn punycode(label: &str) -> Option<String> {
    let all: Vec<u32> = label.chars().map(u32::from).collect();
    if !label.chars().all(|c| c.is_alphanumeric() || c == '-') {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut done) = (128u32, 0u32, 72u32, basic);
    while (done as usize) < all.len() {
        let next = *all.iter().filter(|c| **c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(done + 1)?)?;
        n = next;
        for c in &all {
            if *c < n {
                delta = delta.checked_add(1)?;
            } else if *c == n {
                push_delta(&mut out, delta, bias);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(format!("xn--{out}"))
}

fn push_delta(out: &mut String, delta: u32, bias: u32) {
    let digit = |d: u32| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[d as usize]);
    let mut q = delta;
    let mut k = 36;
    loop {
        let t = if k <= bias {
            1
        } else if k >= bias + 26 {
            26
        } else {
            k - bias
        };
        if q < t {
            break;
        }
        out.push(digit(t + (q - t) % (36 - t)));
        q = (q - t) / (36 - t);
        k += 36;
    }
    out.push(digit(q));
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

fn header_name(text: &str) -> Option<String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (fits && !text.is_empty() && text.len() <= 128).then(|| text.to_owned())
}

fn method(text: &str) -> Option<String> {
    let fits =
        !text.is_empty() && text.len() <= 16 && text.chars().all(|c| c.is_ascii_alphabetic());
    fits.then(|| text.to_ascii_uppercase())
}

/// The name of a node of one kind.
macro_rules! references {
    ($($name:ident $($kind:ident)+;)*) => {$(
        #[doc = concat!("The name of a node of kind ", $(stringify!($kind), " "),+)]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(pub String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Read for $name {
            const TYPE: Type = Type::Ref(&[$(Kind::$kind),+]);
            fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
                string(value, span, cx, "a name").map(|name| Self(name.to_owned()))
            }
        }
    )*};
}

references! {
    NetworkRef Network;
    VolumeRef Volume;
    SecretRef Secret;
    ConfigRef Config;
    ServiceRef Service;
    GatewayRef Gateway;
    CertificateRef Certificate;
}

/// A port number, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port(pub u16);

impl Read for Port {
    const TYPE: Type = Type::Port;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let ports = Ports::read(value, span, cx)?;
        if ports.first == ports.last {
            return Some(Self(ports.first));
        }
        bad(
            cx,
            span,
            "a range of ports cannot stand here".to_owned(),
            "write one port",
        );
        None
    }
}

/// One port, or a range of them written `"8000-8010"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    pub first: u16,
    pub last: u16,
}

impl Read for Ports {
    const TYPE: Type = Type::Ports;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let ends = match value {
            Literal::Int(int) => u16::try_from(*int).ok().map(|port| (port, port)),
            Literal::Null
            | Literal::Bool(_)
            | Literal::Float(_)
            | Literal::Str(_)
            | Literal::Text(_)
            | Literal::Secret(_)
            | Literal::Unknown => {
                let text = string(value, span, cx, "a port number")?;
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                first.parse().ok().zip(last.parse().ok())
            }
        };
        match ends {
            Some((first, last)) if 0 < first && first <= last => Some(Self { first, last }),
            Some(_) | None => {
                let text = scalar_text(value).unwrap_or_default();
                bad(
                    cx,
                    span,
                    format!("`{text}` is no port"),
                    "a port is a number from 1 to 65535",
                );
                None
            }
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A port of a service, by name or by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortRef {
    Name(String),
    Number(Ports),
}

impl Read for PortRef {
    const TYPE: Type = Type::PortRef;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        if let Literal::Str(text) = value
            && !text.starts_with(|c: char| c.is_ascii_digit())
        {
            return Some(Self::Name(text.to_string()));
        }
        Ports::read(value, span, cx).map(Self::Number)
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(ports) => write!(f, "{ports}"),
        }
    }
}

impl Serialize for PortRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A string, number or boolean in its canonical text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Scalar(pub String);

impl Read for Scalar {
    const TYPE: Type = Type::Scalar;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        match scalar_text(value) {
            Some(text) => Some(Self(text.into())),
            None => {
                string(value, span, cx, "a string, number or boolean").map(|text| Self(text.into()))
            }
        }
    }
}

/// A text in which `${service.x.host}` and its like may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub Template);

impl Read for Text {
    const TYPE: Type = Type::Text;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        Template::read(value, span, cx).map(Self)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    Text(Template),
    Secret(String),
}

impl Read for EnvValue {
    const TYPE: Type = Type::EnvValue;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        match value {
            Literal::Secret(name) => Some(Self::Secret(name.clone())),
            Literal::Text(template) => Some(Self::Text(template.clone())),
            Literal::Null => {
                cx.report(
                    Diagnostic::new(
                        Code::WrongType,
                        span,
                        "an environment variable cannot be null",
                    )
                    .help("leave it out, write \"\", or pass a parameter: (var)param.name"),
                );
                None
            }
            Literal::Bool(_)
            | Literal::Int(_)
            | Literal::Float(_)
            | Literal::Str(_)
            | Literal::Unknown => Template::read(value, span, cx).map(Self::Text),
        }
    }
}

impl Serialize for EnvValue {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(template) => to.collect_str(template),
            Self::Secret(name) => to.collect_str(&format_args!("${{secret.{name}}}")),
        }
    }
}

/// An image reference, with references allowed only for parameters, which are gone by now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Image(String);

impl Image {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn reference(&self) -> Reference<'_> {
        Reference::read(&self.0)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Read for Image {
    const TYPE: Type = Type::Image;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = string(value, span, cx, "an image")?;
        if is_image(text) {
            return Some(Self(text.to_owned()));
        }
        bad(
            cx,
            span,
            format!("`{text}` is no image reference"),
            "write it as registry.example.com/team/app:1.2",
        );
        None
    }
}

fn is_image(text: &str) -> bool {
    let (name, digest) = text
        .split_once('@')
        .map_or((text, None), |(n, d)| (n, Some(d)));
    let digest_fits = digest.is_none_or(|d| {
        d.strip_prefix("sha256:")
            .is_some_and(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    let path_fits = !name.is_empty()
        && name.split('/').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
        });
    let repository = name
        .rsplit('/')
        .next()
        .and_then(|last| last.split(':').next())
        .unwrap_or("");
    digest_fits
        && path_fits
        && !repository.is_empty()
        && !repository.bytes().any(|b| b.is_ascii_uppercase())
}
