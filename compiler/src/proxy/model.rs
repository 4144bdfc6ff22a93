//! What a gateway does, said once for every proxy: resolved, and free of the spec's own types.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU64};

use super::cidr::Cidr;
use super::cors::Cors;
use super::path::{AuthUrl, Location, Path};
use super::time::{Millis, RateLimit};
use super::upstream::Upstreams;
use super::value::{CookieName, FilePath, HeaderName, HeaderValue, Host, Name, Unfit};

/// The program that serves a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proxy {
    Caddy,
    Nginx,
    Haproxy,
    Traefik,
}

impl Proxy {
    pub const ALL: [Self; 4] = [Self::Caddy, Self::Nginx, Self::Haproxy, Self::Traefik];

    /// The word a spec uses for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caddy => "caddy",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Traefik => "traefik",
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Everything one gateway does.
///
/// Sites keep the order of the spec; a host belongs to one site and a match to one rule of it
/// ([`super::clashes`] finds the others, of which the first is rendered).
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    pub proxy: Proxy,
    /// The gateway's name, for people who read the file.
    pub name: Name,
    pub listens: Vec<Listen>,
    /// Peers whose `X-Forwarded-*` and `Forwarded` headers are believed; those of others are replaced.
    pub trusted_proxies: Vec<Cidr>,
    pub access_log: Option<LogFormat>,
    pub sites: Vec<Site>,
    pub raw: Vec<Raw>,
    /// Who answers for the upstreams' names.
    pub resolver: SocketAddr,
}

impl ProxyConfig {
    /// Docker's embedded DNS, the same in every container.
    pub const DOCKER_DNS: SocketAddr =
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11)), 53);

    pub const fn new(proxy: Proxy, name: Name) -> Self {
        Self {
            proxy,
            name,
            listens: Vec::new(),
            trusted_proxies: Vec::new(),
            access_log: None,
            sites: Vec::new(),
            raw: Vec::new(),
            resolver: Self::DOCKER_DNS,
        }
    }

    pub(super) fn ports(&self, tls: bool) -> Vec<u16> {
        self.listens
            .iter()
            .filter(|listen| listen.tls == tls)
            .map(|listen| listen.port.get())
            .collect()
    }
}

/// A port of the gateway's container, on every address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    pub port: NonZeroU16,
    pub tls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// The proxy's own lines.
    Text,
    /// One JSON object a request.
    Json,
}

/// Hosts that share their rules. A request none of whose rules fits is answered with 404.
#[derive(Clone, Debug)]
pub struct Site {
    pub hosts: Vec<Host>,
    pub tls: SiteTls,
    /// Whether plain HTTP is answered with a redirect; means nothing without TLS.
    pub redirect_https: bool,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteTls {
    /// Served on the plain listens only.
    Off,
    /// The proxy gets its certificate itself.
    Auto,
    /// Files in the container, at the paths [`super::certificate_paths`] gives.
    Files { cert: FilePath, key: FilePath },
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub path: PathMatch,
    pub action: Action,
}

/// Which paths a rule is for. The longest match wins, an exact one over all prefixes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathMatch {
    Exact(Path),
    /// The path and all below it, by whole segments: `/api` fits `/api` and `/api/x`, not `/apix`.
    Prefix(Path),
}

impl PathMatch {
    pub const fn path(&self) -> &Path {
        match self {
            Self::Exact(path) | Self::Prefix(path) => path,
        }
    }

    /// Cuts `prefix` off the front of each path; the whole matched path when none is given.
    ///
    /// None when `prefix` is not in front of every path this fits.
    pub fn strip(&self, prefix: Option<&Path>) -> Option<PathEdit> {
        let prefix = prefix.unwrap_or(self.path());
        prefix.holds(self.path()).then(|| PathEdit::Strip {
            segments: prefix.segments(),
        })
    }
}

#[derive(Clone, Debug)]
pub enum Action {
    Forward(Box<Forward>),
    Redirect(Redirect),
}

/// An answer that sends the client elsewhere with the query it came with; under a prefix match also
/// with the rest of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub to: Location,
    pub status: RedirectStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectStatus {
    MovedPermanently,
    Found,
    SeeOther,
    Temporary,
    Permanent,
}

impl RedirectStatus {
    pub const fn code(self) -> u16 {
        match self {
            Self::MovedPermanently => 301,
            Self::Found => 302,
            Self::SeeOther => 303,
            Self::Temporary => 307,
            Self::Permanent => 308,
        }
    }

    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            301 => Some(Self::MovedPermanently),
            302 => Some(Self::Found),
            303 => Some(Self::SeeOther),
            307 => Some(Self::Temporary),
            308 => Some(Self::Permanent),
            _ => None,
        }
    }
}

/// A request passed on to a service.
#[derive(Clone, Debug)]
pub struct Forward {
    pub upstreams: Upstreams,
    pub path: PathEdit,
    pub request_headers: Vec<HeaderOp>,
    pub response_headers: Vec<HeaderOp>,
    /// How long an upstream may keep silent before it answers; 60 s unless said.
    pub timeout: Option<Millis>,
    /// How long a connection may take to open; 2 s unless said.
    pub connect_timeout: Option<Millis>,
    /// How often a request that could not be delivered is tried again, at best elsewhere; twice unless said.
    pub retries: Option<u8>,
    pub health: Option<Health>,
    /// Keeps a client on one replica by a cookie of this name.
    pub sticky: Option<CookieName>,
    pub websocket: bool,
    pub compress: bool,
    pub rate_limit: Option<RateLimit>,
    /// Who may come in; everybody when empty.
    pub allow: Vec<Cidr>,
    /// Who may not, even when allowed.
    pub deny: Vec<Cidr>,
    /// An htpasswd file in the container.
    pub basic_auth: Option<FilePath>,
    pub forward_auth: Option<ForwardAuth>,
    /// The largest body of a request, in bytes. HAProxy asks for a length said beforehand, with 411.
    pub max_body: Option<NonZeroU64>,
    pub cors: Option<Cors>,
    pub raw: Vec<Raw>,
}

impl Forward {
    /// Passes everything on, with nothing asked of the proxy.
    pub const fn new(upstreams: Upstreams) -> Self {
        Self {
            upstreams,
            path: PathEdit::Keep,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            timeout: None,
            connect_timeout: None,
            retries: None,
            health: None,
            sticky: None,
            websocket: false,
            compress: false,
            rate_limit: None,
            allow: Vec::new(),
            deny: Vec::new(),
            basic_auth: None,
            forward_auth: None,
            max_body: None,
            cors: None,
            raw: Vec::new(),
        }
    }

    pub(super) fn timeout(&self) -> Millis {
        self.timeout.unwrap_or(Millis::TIMEOUT)
    }

    pub(super) fn connect_timeout(&self) -> Millis {
        self.connect_timeout.unwrap_or(Millis::CONNECT)
    }

    /// No more than any of the proxies can count to.
    pub(super) fn max_body(&self) -> Option<u64> {
        self.max_body
            .map(|size| size.get().min(i64::MAX.unsigned_abs()))
    }

    pub(super) fn retries(&self) -> u8 {
        self.retries.unwrap_or(2)
    }
}

/// What becomes of the path on its way to the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathEdit {
    Keep,
    /// Cuts segments off its front; made by [`PathMatch::strip`].
    Strip {
        segments: usize,
    },
    /// Puts a path in the place of what the rule matched; what is behind a prefix stays behind it.
    Rewrite(Path),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderOp {
    Set(HeaderName, HeaderValue),
    /// A further one of the same name.
    Add(HeaderName, HeaderValue),
    Remove(HeaderName),
}

impl HeaderOp {
    pub(super) const fn name(&self) -> &HeaderName {
        match self {
            Self::Set(name, _) | Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

/// Asks each replica on its own, and sends requests only to those that answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub path: Path,
    pub every: Millis,
}

/// Asks another service whether a request may pass; any answer but 2xx goes back to the client.
///
/// nginx passes 401 and 403 on and makes a 500 of anything else, so a sign-in by redirect needs
/// another proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardAuth {
    pub url: AuthUrl,
    /// Headers of its answer that the request takes along, in place of any the client sent.
    pub copy: Vec<HeaderName>,
}

/// Text of the chosen proxy's own language, put in as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(String);

impl Raw {
    /// For Caddy and Traefik it must be one JSON object: beside a config, merged into it at the top;
    /// inside a rule, a handler of Caddy or a middleware of Traefik.
    pub fn new(proxy: Proxy, text: &str) -> Result<Self, Unfit> {
        if let Some(c) = text
            .chars()
            .find(|c| c.is_control() && !"\n\t".contains(*c))
        {
            return Err(Unfit::Character(c));
        }
        match proxy {
            Proxy::Nginx | Proxy::Haproxy => Ok(Self(text.to_owned())),
            Proxy::Caddy | Proxy::Traefik => {
                let object: Result<serde_json::Map<String, serde_json::Value>, _> =
                    serde_json::from_str(text);
                object.map_or(Err(Unfit::Rule("is not a JSON object")), |_| {
                    Ok(Self(text.to_owned()))
                })
            }
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).expect("`Raw::new` read it as JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn strip_cuts_only_what_every_match_starts_with() {
        let api = PathMatch::Prefix(path("/a/api"));
        assert_eq!(api.strip(None), Some(PathEdit::Strip { segments: 2 }));
        assert_eq!(
            api.strip(Some(&path("/a"))),
            Some(PathEdit::Strip { segments: 1 })
        );
        assert_eq!(api.strip(Some(&path("/a/ap"))), None);
        assert_eq!(api.strip(Some(&path("/a/api/x"))), None);
    }

    #[test]
    fn raw_json_must_be_an_object() {
        assert!(Raw::new(Proxy::Caddy, "{}").is_ok());
        assert!(Raw::new(Proxy::Traefik, "[]").is_err());
        assert!(Raw::new(Proxy::Nginx, "gzip_level 3;").is_ok());
        assert!(Raw::new(Proxy::Haproxy, "a\0").is_err());
    }
}
