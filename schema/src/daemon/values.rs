//! Types of single values that only the daemon's file has.

use std::fmt;
use std::net::SocketAddr;

use serde::{Serialize, Serializer};

use crate::api::access::{Role, Scope};
use crate::api::subject::{IssuerUrl, Subject};
use crate::diagnostic::{Code, Diagnostic};
use crate::lang::{Decoder, Literal, Read, Type, nearest, plain};
use crate::one_of;
use crate::span::Span;

/// A file or folder of the daemon's machine: an absolute path, since the daemon is started anywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LocalFile(String);

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Socket {
    /// The path of a unix socket.
    Unix(LocalFile),
    Tcp(SocketAddr),
}

/// The address of an engine, as in `DOCKER_HOST`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EngineUrl(String);

/// A server that takes mail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailServer {
    /// TLS from the first byte, and not by `STARTTLS`.
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

/// What somebody can be known by, and an example of what comes behind it.
const SUBJECTS: &[(&str, &str)] = &[
    ("uid", "1000"),
    ("gid", "1000"),
    ("group", "ops"),
    ("token", "ci"),
    ("cert", "ci.example.org"),
    ("oidc", "https://issuer.example.org#SUBJECT"),
    ("oidc-group", "https://issuer.example.org#GROUP"),
];

impl LocalFile {
    /// An absolute path, where it is one.
    pub fn checked(text: &str) -> Option<Self> {
        let fits = text.starts_with('/') && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EngineUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => f.write_str(path.as_str()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

impl Serialize for Socket {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl MailServer {
    fn checked(text: &str) -> Option<Self> {
        let (tls, usual, rest) = match text.split_once("://")? {
            ("smtps", rest) => (true, 465, rest),
            ("smtp", rest) => (false, 587, rest),
            _ => return None,
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !rest.ends_with(']') => (host, port.parse().ok()?),
            Some(_) | None => (rest, usual),
        };
        let letter =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
        (!host.is_empty() && host.chars().all(letter)).then(|| Self {
            tls,
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tls, host, port } = self;
        write!(f, "{}://{host}:{port}", if *tls { "smtps" } else { "smtp" })
    }
}

impl Serialize for MailServer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Reads a text by its grammar, or says what was wanted and how it is written.
pub(super) fn read<T>(
    value: &Literal,
    span: Span,
    cx: &mut Decoder,
    wanted: &str,
    checked: impl FnOnce(&str) -> Option<T>,
    help: &str,
) -> Option<T> {
    let text = plain(cx, value, span, wanted)?;
    let read = checked(text);
    if read.is_none() {
        let message = format!("`{text}` is not {wanted}");
        cx.report(Diagnostic::new(Code::BadValue, span, message).help(help));
    }
    read
}

impl Read for LocalFile {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let help = "write the whole path, from `/`: the daemon may be started anywhere";
        read(value, span, cx, "an absolute path", Self::checked, help)
    }
}

impl Read for Socket {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let checked = |text: &str| match text.parse() {
            Ok(address) => Some(Self::Tcp(address)),
            Err(_) => LocalFile::checked(text).map(Self::Unix),
        };
        let help = "write the path of a socket such as /run/skep/skep.sock, or an address and a port such as 0.0.0.0:7443";
        read(value, span, cx, "a place to listen at", checked, help)
    }
}

impl Read for EngineUrl {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let known = |text: &&str| {
            ["unix://", "tcp://", "ssh://", "http://", "https://"]
                .iter()
                .any(|scheme| text.starts_with(scheme))
        };
        let checked = |text: &str| Some(text).filter(known).map(|text| Self(text.to_owned()));
        let help = "write it as docker takes it: unix:///var/run/docker.sock, tcp://10.0.0.1:2376, ssh://ops@m1";
        read(value, span, cx, "the address of an engine", checked, help)
    }
}

one_of!(@read Role { Viewer "viewer", Planner "planner", Applier "applier", Admin "admin" });

impl Read for Subject {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "somebody, such as \"group:ops\"")?;
        let read = text.parse().ok();
        if read.is_none() {
            cx.report(nobody(text, span));
        }
        read
    }
}

/// Says of a text that names nobody how it could.
fn nobody(text: &str, span: Span) -> Diagnostic {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let message = format!("`{text}` is nobody");
    let diagnostic = Diagnostic::new(Code::BadValue, span, message);
    if let Some((kind, example)) = SUBJECTS.iter().find(|(known, _)| *known == kind) {
        return diagnostic.help(format!("write it as {kind}:{example}"));
    }
    let kinds = SUBJECTS.iter().map(|(kind, _)| *kind);
    let fit = |kind: &&str| format!("{kind}:{rest}").parse::<Subject>().is_ok();
    if let Some(near) = nearest(kind, kinds.clone().filter(fit)) {
        return diagnostic.meant(&format!("{near}:{rest}"));
    }
    let all: Vec<String> = kinds.map(|kind| format!("{kind}:")).collect();
    diagnostic.help(format!("begin with one of {}", all.join(" ")))
}

impl Read for Scope {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let help =
            "write a stack such as shop@prod, all environments of a project as shop@*, or `*`";
        read(
            value,
            span,
            cx,
            "the name of a stack",
            |text| text.parse().ok(),
            help,
        )
    }
}

impl Serialize for IssuerUrl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Read for IssuerUrl {
    const TYPE: Type = Type::Url;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let help = "write it with https:// and as its tokens have it: whoever answers there says who everybody is";
        read(value, span, cx, "an issuer", |text| text.parse().ok(), help)
    }
}

impl Read for MailServer {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let help = "write smtps://mail.example.org, or smtp://mail.example.org for STARTTLS; logins are `user` and `password-file`";
        read(value, span, cx, "a mail server", Self::checked, help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_has_the_usual_port_of_its_scheme() {
        for (text, expected) in [
            (
                "smtps://mail.example.org",
                Some("smtps://mail.example.org:465"),
            ),
            (
                "smtp://mail.example.org",
                Some("smtp://mail.example.org:587"),
            ),
            ("smtp://127.0.0.1:2525", Some("smtp://127.0.0.1:2525")),
            ("smtp://[::1]:25", Some("smtp://[::1]:25")),
            ("smtp://[::1]", Some("smtp://[::1]:587")),
            ("smtp://me:secret@mail.example.org", None),
            ("mail.example.org", None),
        ] {
            let read = MailServer::checked(text).map(|server| server.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
