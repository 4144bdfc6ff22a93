//! A gateway's routes as one neutral model, and the config of each proxy that serves it.
//!
//! The model's values have grammars of their own ([`Host`], [`Path`], ...), the renderers quote what
//! is left, and [`unsupported`] says beforehand what a proxy cannot do; so rendering cannot fail, and
//! no value of a spec can add or change a directive.

mod caddy;
mod cidr;
mod cors;
mod haproxy;
mod model;
mod nginx;
mod path;
mod support;
mod table;
mod template;
mod time;
mod traefik;
mod upstream;
mod value;

pub use cidr::Cidr;
pub use cors::{Cors, Origins};
pub use model::{
    Action, Forward, ForwardAuth, HeaderOp, Health, Listen, LogFormat, PathEdit, PathMatch, Proxy,
    ProxyConfig, Raw, Redirect, RedirectStatus, Rule, Site, SiteTls,
};
pub use path::{AuthUrl, Location, Path};
pub use support::{Feature, Unsupported, unsupported};
pub use table::{Clash, clashes};
pub use time::{Millis, RateLimit};
pub use upstream::{Upstream, Upstreams, Weight};
pub use value::{
    CookieName, DnsName, FilePath, HeaderName, HeaderValue, Host, Method, Name, Origin, Unfit,
};

/// A gateway's config as its proxy reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The config itself first, then what it needs beside it.
    pub files: Vec<File>,
    /// Starts the proxy in its own image with these files.
    pub command: Vec<String>,
    /// What the name of the config ends in where it is kept on its own.
    pub extension: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: &'static str,
    /// Where the proxy finds it in its container.
    pub target: &'static str,
    pub text: String,
}

/// Writes the config. What the proxy cannot do is left out: ask [`unsupported`] first.
pub fn render(config: &ProxyConfig) -> Rendered {
    match config.proxy {
        Proxy::Caddy => caddy::render(config),
        Proxy::Nginx => nginx::render(config),
        Proxy::Haproxy => haproxy::render(config),
        Proxy::Traefik => traefik::render(config),
    }
}

/// The image a gateway runs when its spec names none.
pub const fn default_image(proxy: Proxy) -> &'static str {
    match proxy {
        Proxy::Caddy => "caddy:2.11-alpine",
        Proxy::Nginx => "nginx:1.30-alpine",
        Proxy::Haproxy => "haproxy:3.2-alpine",
        Proxy::Traefik => "traefik:v3.7",
    }
}

/// Where the certificate of this name and its key have to lie in the proxy's container.
///
/// HAProxy is told the certificate only and takes the key from beside it; the others follow suit.
pub fn certificate_paths(_proxy: Proxy, name: &Name) -> (FilePath, FilePath) {
    let cert = format!("/run/secrets/tls/{name}.pem");
    let path =
        |text: &str| FilePath::parse(text).expect("a name has the letters of a file's name only");
    (path(&cert), path(&format!("{cert}.key")))
}

/// Headers that tell upstreams of earlier hops, removed unless a trusted proxy sent them.
const SPOOFABLE: [&str; 5] = [
    "Forwarded",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Real-IP",
];

/// Kinds of content that get smaller.
const COMPRESSED: [&str; 8] = [
    "application/javascript",
    "application/json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/plain",
    "text/xml",
];
