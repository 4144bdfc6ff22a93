//! What the nginx template sees. Fields named `.._word` are whole words already, written by [`quote`].

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::Serialize;

use super::location::{Location, head, location};
use super::quote::{literally, pattern, with_variables, word};
use crate::proxy::model::{Action, LogFormat, PathEdit, PathMatch, ProxyConfig, Raw, SiteTls};
use crate::proxy::table::{Entry, Plain, entries};
use crate::proxy::time::Millis;
use crate::proxy::value::Host;
use crate::proxy::{COMPRESSED, SPOOFABLE};

#[derive(Serialize)]
pub(super) struct Root<'a> {
    name: &'a str,
    resolver: String,
    refresh: String,
    json_log: bool,
    text_log: bool,
    trusted: Vec<String>,
    spoofable: Vec<Spoofable>,
    compressed: &'a [&'a str],
    headers: Vec<Header>,
    rests: Vec<usize>,
    tails: Vec<usize>,
    plain_ports: Vec<u16>,
    tls_ports: Vec<u16>,
    servers: Vec<Server<'a>>,
    raw: Vec<&'a str>,
}

#[derive(Serialize)]
struct Spoofable {
    /// The end of the variable nginx has for it.
    variable: String,
}

#[derive(Clone, Serialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value_word: String,
}

/// A `server` block.
#[derive(Serialize)]
struct Server<'a> {
    name_words: Vec<String>,
    plain: bool,
    tls: bool,
    cert: Option<&'a str>,
    key: Option<&'a str>,
    /// Where plain HTTP goes instead of being served.
    https_word: Option<String>,
    locations: Vec<Location<'a>>,
    /// Whether some rule takes what no other takes.
    complete: bool,
}

impl<'a> Root<'a> {
    pub(super) fn of(config: &'a ProxyConfig) -> Self {
        let headers = shared_headers(config);
        let servers: Vec<Server<'a>> = entries(config)
            .iter()
            .flat_map(|entry| servers(config, entry, &headers))
            .collect();
        let (rests, tails) = remainders(config);
        Self {
            name: config.name.as_str(),
            resolver: address(config.resolver),
            refresh: Millis::REFRESH.to_string(),
            json_log: config.access_log == Some(LogFormat::Json),
            text_log: config.access_log == Some(LogFormat::Text),
            trusted: config
                .trusted_proxies
                .iter()
                .map(ToString::to_string)
                .collect(),
            spoofable: SPOOFABLE
                .map(|name| Spoofable {
                    variable: variable(name),
                })
                .into(),
            compressed: &COMPRESSED,
            headers,
            rests,
            tails,
            plain_ports: config.ports(false),
            tls_ports: config.ports(true),
            servers,
            raw: config.raw.iter().flat_map(Raw::lines).collect(),
        }
    }
}

/// The part of nginx's `$http_..` variables that stands for a header.
pub(super) fn variable(header: &str) -> String {
    header.to_ascii_lowercase().replace('-', "_")
}

fn address(resolver: SocketAddr) -> String {
    match resolver {
        SocketAddr::V4(address) if address.port() == 53 => address.ip().to_string(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => resolver.to_string(),
    }
}

/// What every upstream gets: who asked for what, as seen from here and not as the client says.
fn shared_headers(config: &ProxyConfig) -> Vec<Header> {
    let header = |name: &str, value: &str| Header {
        name: name.to_owned(),
        value_word: value.to_owned(),
    };
    let mut headers = vec![header("Host", "$http_host"), header("Connection", "\"\"")];
    if config.trusted_proxies.is_empty() {
        headers.extend([
            header("X-Forwarded-For", "$remote_addr"),
            header("X-Forwarded-Host", "$http_host"),
            header("X-Forwarded-Proto", "$scheme"),
        ]);
        headers.extend(SPOOFABLE.map(|name| header(name, "\"\"")));
    } else {
        let believed = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"];
        let believed = believed.iter().chain(&SPOOFABLE);
        headers.extend(believed.map(|name| header(name, &format!("$skep_in_{}", variable(name)))));
    }
    headers
}

/// The blocks of one site: one for both kinds of listen where they do the same, else one each.
fn servers<'a>(config: &ProxyConfig, entry: &Entry<'a>, headers: &[Header]) -> Vec<Server<'a>> {
    let (cert, key) = match &entry.site.tls {
        SiteTls::Files { cert, key } => (Some(cert.as_str()), Some(key.as_str())),
        SiteTls::Off | SiteTls::Auto => (None, None),
    };
    let redirects = entry.plain() == Plain::Redirect;
    let plain = !config.ports(false).is_empty();
    let tls = !config.ports(true).is_empty() && cert.is_some();
    let server = |plain, tls, https_word: Option<String>| Server {
        name_words: entry.hosts.iter().map(|host| server_name(host)).collect(),
        plain,
        tls,
        cert: cert.filter(|_| tls),
        key: key.filter(|_| tls),
        locations: match https_word {
            Some(_) => Vec::new(),
            None => entry
                .rules
                .iter()
                .map(|rule| location(entry.number, *rule, headers))
                .collect(),
        },
        https_word,
        complete: entry
            .rules
            .iter()
            .any(|numbered| head(&numbered.rule.path) == "/"),
    };
    let mut servers = Vec::new();
    if plain && redirects {
        servers.push(server(true, false, Some(https(config))));
    }
    if (plain && !redirects) || tls {
        servers.push(server(plain && !redirects, tls, None));
    }
    servers
}

/// A wildcard is one label, as in a certificate, so it cannot be nginx's own `*`.
fn server_name(host: &Host) -> String {
    match host.wildcard() {
        Some(rest) => pattern(&format!("~^[^.]+\\.{}$", literally(rest))),
        None => word(host.as_str()),
    }
}

fn https(config: &ProxyConfig) -> String {
    match config.ports(true).first() {
        None | Some(443) => with_variables("https://", "$host$request_uri"),
        Some(port) => with_variables("https://", &format!("$host:{port}$request_uri")),
    }
}

/// For how many segments the config needs what is behind them: with the slash in front, and without.
fn remainders(config: &ProxyConfig) -> (Vec<usize>, Vec<usize>) {
    let mut rests = BTreeSet::new();
    let mut tails = BTreeSet::new();
    for rule in config.sites.iter().flat_map(|site| &site.rules) {
        let PathMatch::Prefix(from) = &rule.path else {
            if let Action::Forward(forward) = &rule.action
                && let PathEdit::Strip { segments } = forward.path
            {
                tails.insert(segments);
            }
            continue;
        };
        let to = match &rule.action {
            Action::Redirect(redirect) => &redirect.to.path,
            Action::Forward(forward) => match &forward.path {
                PathEdit::Keep => continue,
                PathEdit::Rewrite(to) => to,
                PathEdit::Strip { segments } => {
                    tails.insert(*segments);
                    continue;
                }
            },
        };
        if to.stem().is_empty() {
            &mut tails
        } else {
            &mut rests
        }
        .insert(from.segments());
    }
    (rests.into_iter().collect(), tails.into_iter().collect())
}
