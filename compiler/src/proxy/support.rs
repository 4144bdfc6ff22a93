//! What a proxy cannot do, so that a spec that asks for it does not compile.
//!
//! Each line is a fact about the proxy's stock image as it is rendered here, with upstreams found by DNS.

use std::fmt;

use super::model::{
    Action, Forward, HeaderOp, Proxy, ProxyConfig, RedirectStatus, Rule, Site, SiteTls,
};
use super::time::RateLimit;

/// Something asked of a proxy that it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Index of the site.
    pub site: usize,
    /// Index of the rule; none when the site itself asks.
    pub rule: Option<usize>,
    pub feature: Feature,
    /// The proxies that have it.
    pub able: Vec<Proxy>,
}

/// What can be asked of a proxy and is not in all of them; displays as the words of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `tls auto`
    AutomaticTls,
    /// `tls auto` for `*.example.com`, which only a DNS challenge can prove.
    AutomaticWildcardTls,
    /// A key that does not lie beside its certificate.
    KeyElsewhere,
    RateLimit,
    /// A limit whose pace is no whole number a second or a minute.
    UnevenRateLimit,
    /// `health`: asking each replica.
    Health,
    Sticky,
    /// `sticky` with several services.
    StickyShares,
    BasicAuth,
    AddRequestHeader,
    AddResponseHeader,
    /// Setting or removing a response header the proxy writes itself.
    OwnHeader(&'static str),
    /// A status of a redirect.
    RedirectStatus(u16),
}

impl Feature {
    /// Why, in a few words, for the line of help under the error.
    pub const fn why(&self, proxy: Proxy) -> &'static str {
        match (self, proxy) {
            (Self::AutomaticTls, _) => {
                "it gets no certificates by itself here; name one with `tls NAME`"
            }
            (Self::AutomaticWildcardTls, _) => {
                "a wildcard certificate needs a DNS challenge; name one with `tls NAME`"
            }
            (Self::KeyElsewhere, _) => {
                "it looks for the key beside the certificate, under the same name and `.key`"
            }
            (Self::RateLimit, _) => "its stock image has no rate limit",
            (Self::UnevenRateLimit, _) => "it counts in whole requests a second or a minute",
            (Self::Health, Proxy::Traefik) => {
                "it knows the service by one name and cannot ask its replicas one by one"
            }
            (Self::Health, _) => "it has no health checks for replicas found by DNS",
            (Self::Sticky, Proxy::Traefik) => {
                "it knows the service by one name and cannot tell its replicas apart"
            }
            (Self::Sticky, _) => "it has no cookies for replicas found by DNS",
            (Self::StickyShares, _) => {
                "a cookie keeps a client on a replica, which the shares would overrule"
            }
            (Self::BasicAuth, _) => "it cannot read an htpasswd file",
            (Self::AddRequestHeader | Self::AddResponseHeader, _) => {
                "it can only set a header, not add a second one"
            }
            (Self::OwnHeader(_), _) => "it writes this header itself, whatever the config says",
            (Self::RedirectStatus(_), _) => "it knows 301 and 302 only",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::AutomaticTls => "`tls auto`",
            Self::AutomaticWildcardTls => "`tls auto` for a wildcard host",
            Self::KeyElsewhere => "a key that does not lie beside its certificate",
            Self::RateLimit => "`rate-limit`",
            Self::UnevenRateLimit => "a `rate-limit` at this pace",
            Self::Health => "`health`",
            Self::Sticky => "`sticky`",
            Self::StickyShares => "`sticky` with several `to`",
            Self::BasicAuth => "`basic-auth`",
            Self::AddRequestHeader => "`request-header { add .. }`",
            Self::AddResponseHeader => "`header { add .. }`",
            Self::OwnHeader(name) => return write!(f, "changing the header `{name}`"),
            Self::RedirectStatus(code) => return write!(f, "a redirect with status {code}"),
        };
        f.write_str(words)
    }
}

/// Everything the config asks of its proxy that the proxy cannot do, in the order of the spec.
pub fn unsupported(config: &ProxyConfig) -> Vec<Unsupported> {
    let mut found = Vec::new();
    for (index, site) in config.sites.iter().enumerate() {
        let mut report = |rule, wants: Vec<Want<'_>>| {
            for want in wants {
                if !can(config.proxy, want) {
                    let able = Proxy::ALL
                        .into_iter()
                        .filter(|proxy| can(*proxy, want))
                        .collect();
                    found.push(Unsupported {
                        site: index,
                        rule,
                        feature: want.feature(config.proxy),
                        able,
                    });
                }
            }
        };
        report(None, wants_of_site(site));
        for (number, rule) in site.rules.iter().enumerate() {
            report(Some(number), wants_of_rule(rule));
        }
    }
    found
}

/// A feature as it is asked for.
#[derive(Clone, Copy, Debug)]
enum Want<'a> {
    AutomaticTls,
    AutomaticWildcardTls,
    Files {
        cert: &'a str,
        key: &'a str,
    },
    RateLimit(RateLimit),
    Health,
    Sticky,
    StickyShares,
    BasicAuth,
    AddRequestHeader,
    AddResponseHeader,
    /// `set`, or else `remove`.
    OwnHeader {
        name: &'static str,
        set: bool,
    },
    RedirectStatus(RedirectStatus),
}

impl Want<'_> {
    /// What to call it when `proxy` does not have it.
    const fn feature(self, proxy: Proxy) -> Feature {
        match self {
            Self::AutomaticTls => Feature::AutomaticTls,
            Self::AutomaticWildcardTls => Feature::AutomaticWildcardTls,
            Self::Files { .. } => Feature::KeyElsewhere,
            Self::RateLimit(_) if matches!(proxy, Proxy::Nginx) => Feature::UnevenRateLimit,
            Self::RateLimit(_) => Feature::RateLimit,
            Self::Health => Feature::Health,
            Self::Sticky => Feature::Sticky,
            Self::StickyShares => Feature::StickyShares,
            Self::BasicAuth => Feature::BasicAuth,
            Self::AddRequestHeader => Feature::AddRequestHeader,
            Self::AddResponseHeader => Feature::AddResponseHeader,
            Self::OwnHeader { name, .. } => Feature::OwnHeader(name),
            Self::RedirectStatus(status) => Feature::RedirectStatus(status.code()),
        }
    }
}

fn can(proxy: Proxy, want: Want<'_>) -> bool {
    use Proxy::{Caddy, Haproxy, Nginx, Traefik};
    let able: &[Proxy] = match want {
        Want::AutomaticTls => &[Caddy],
        Want::AutomaticWildcardTls | Want::StickyShares => &[],
        Want::Files { cert, key } if key.strip_prefix(cert) != Some(".key") => {
            &[Caddy, Nginx, Traefik]
        }
        Want::RateLimit(limit) if nginx_rate(limit).is_none() => &[Haproxy, Traefik],
        Want::RateLimit(_) | Want::BasicAuth => &[Nginx, Haproxy, Traefik],
        Want::Sticky | Want::AddRequestHeader => &[Caddy, Haproxy],
        Want::OwnHeader { name: "Server", .. } | Want::OwnHeader { set: true, .. } => {
            &[Caddy, Haproxy, Traefik]
        }
        Want::Health | Want::OwnHeader { set: false, .. } => &[Haproxy],
        Want::Files { .. }
        | Want::RedirectStatus(RedirectStatus::MovedPermanently | RedirectStatus::Found) => {
            &Proxy::ALL
        }
        Want::AddResponseHeader
        | Want::RedirectStatus(
            RedirectStatus::SeeOther | RedirectStatus::Temporary | RedirectStatus::Permanent,
        ) => &[Caddy, Nginx, Haproxy],
    };
    able.contains(&proxy)
}

/// How nginx writes a pace, when it can: whole requests a second or a minute.
pub(super) fn nginx_rate(limit: RateLimit) -> Option<String> {
    let (count, per) = (u64::from(limit.count()), u64::from(limit.per().get()));
    [(1_000, "r/s"), (60_000, "r/m")]
        .into_iter()
        .find(|(unit, _)| (count * unit).is_multiple_of(per))
        .map(|(unit, name)| format!("{}{name}", count * unit / per))
}

fn wants_of_site(site: &Site) -> Vec<Want<'_>> {
    match &site.tls {
        SiteTls::Off => Vec::new(),
        SiteTls::Files { cert, key } => vec![Want::Files {
            cert: cert.as_str(),
            key: key.as_str(),
        }],
        SiteTls::Auto if site.hosts.iter().any(|host| host.wildcard().is_some()) => {
            vec![Want::AutomaticWildcardTls]
        }
        SiteTls::Auto => vec![Want::AutomaticTls],
    }
}

fn wants_of_rule(rule: &Rule) -> Vec<Want<'_>> {
    match &rule.action {
        Action::Redirect(redirect) => vec![Want::RedirectStatus(redirect.status)],
        Action::Forward(forward) => wants_of_forward(forward),
    }
}

fn wants_of_forward(forward: &Forward) -> Vec<Want<'_>> {
    let Forward {
        upstreams,
        path: _,
        request_headers,
        response_headers,
        timeout: _,
        connect_timeout: _,
        retries: _,
        health,
        sticky,
        websocket: _,
        compress: _,
        rate_limit,
        allow: _,
        deny: _,
        basic_auth,
        forward_auth: _,
        max_body: _,
        cors: _,
        raw: _,
    } = forward;
    let mut wants = Vec::new();
    wants.extend(health.iter().map(|_| Want::Health));
    wants.extend(sticky.iter().map(|_| {
        if upstreams.as_slice().len() > 1 {
            Want::StickyShares
        } else {
            Want::Sticky
        }
    }));
    wants.extend(rate_limit.iter().map(|limit| Want::RateLimit(*limit)));
    wants.extend(basic_auth.iter().map(|_| Want::BasicAuth));
    wants.extend(
        request_headers
            .iter()
            .filter(|op| matches!(op, HeaderOp::Add(..)))
            .map(|_| Want::AddRequestHeader),
    );
    wants.extend(
        response_headers
            .iter()
            .filter(|op| matches!(op, HeaderOp::Add(..)))
            .map(|_| Want::AddResponseHeader),
    );
    wants.extend(response_headers.iter().filter_map(own_header));
    wants
}

fn own_header(op: &HeaderOp) -> Option<Want<'_>> {
    let name = ["Server", "Date"]
        .into_iter()
        .find(|own| op.name().as_str().eq_ignore_ascii_case(own))?;
    match op {
        HeaderOp::Set(..) => Some(Want::OwnHeader { name, set: true }),
        HeaderOp::Remove(_) => Some(Want::OwnHeader { name, set: false }),
        HeaderOp::Add(..) => None,
    }
}
