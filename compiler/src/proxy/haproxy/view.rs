//! What the HAProxy template sees. Fields named `.._word` are whole words already, written by [`quote`].

use serde::Serialize;

use super::backend::{Backend, backends};
use crate::proxy::cidr::Cidr;
use crate::proxy::model::{Action, LogFormat, PathMatch, ProxyConfig, Raw, SiteTls};
use crate::proxy::table::{Entry, Numbered, Plain, entries};
use crate::proxy::time::Millis;
use crate::proxy::upstream::Upstream;
use crate::proxy::{COMPRESSED, SPOOFABLE};

#[derive(Serialize)]
pub(super) struct Root<'a> {
    name: &'a str,
    resolver: String,
    refresh: String,
    json_log: bool,
    text_log: bool,
    trusted: Vec<Vec<String>>,
    spoofable: &'a [&'a str],
    compressed: &'a [&'a str],
    pub(super) asks_auth: bool,
    pub(super) users: Vec<Users<'a>>,
    /// Files with the keys beside them.
    pub(super) certs: Vec<&'a str>,
    frontends: Vec<Frontend<'a>>,
    backends: Vec<Backend<'a>>,
    raw: Vec<&'a str>,
}

/// An htpasswd file and the user list made of it.
#[derive(Serialize)]
pub(super) struct Users<'a> {
    pub(super) list: String,
    pub(super) file: &'a str,
}

#[derive(Serialize)]
struct Frontend<'a> {
    name: &'static str,
    scheme: &'static str,
    ports: Vec<u16>,
    tls: bool,
    hosts: Vec<HostCondition<'a>>,
    /// Sites whose requests go to HTTPS instead.
    redirects: Vec<String>,
    /// The port of HTTPS after a colon, unless it is the usual one.
    tls_port: String,
    choices: Vec<Choice>,
}

/// Which site a host belongs to. Wildcards come first, so that literal hosts overrule them.
#[derive(Serialize)]
struct HostCondition<'a> {
    site: String,
    host: Option<&'a str>,
    expression: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    backend: String,
    site: String,
    /// Compared with the path and a slash behind it.
    path: String,
    exact: bool,
    /// Takes so many of so many requests.
    share: Option<(u32, u32)>,
}

impl<'a> Root<'a> {
    pub(super) fn of(config: &'a ProxyConfig) -> Self {
        let entries = entries(config);
        let users = users(&entries);
        let backends = entries
            .iter()
            .flat_map(|entry| backends(entry, &users))
            .collect();
        Self {
            name: config.name.as_str(),
            resolver: config.resolver.to_string(),
            refresh: Millis::REFRESH.to_string(),
            json_log: config.access_log == Some(LogFormat::Json),
            text_log: config.access_log == Some(LogFormat::Text),
            trusted: ranges(&config.trusted_proxies),
            spoofable: &SPOOFABLE,
            compressed: &COMPRESSED,
            asks_auth: entries
                .iter()
                .flat_map(Entry::forwards)
                .any(|(_, _, forward)| forward.forward_auth.is_some()),
            certs: if config.ports(true).is_empty() {
                Vec::new()
            } else {
                certs(&entries)
            },
            users,
            frontends: frontends(config, &entries),
            backends,
            raw: config.raw.iter().flat_map(Raw::lines).collect(),
        }
    }
}

/// As many values as stand on one line: HAProxy cuts a line off after 64 words.
pub(super) const WORDS: usize = 32;

pub(super) fn ranges(all: &[Cidr]) -> Vec<Vec<String>> {
    all.chunks(WORDS)
        .map(|line| line.iter().map(ToString::to_string).collect())
        .collect()
}

fn users<'a>(entries: &[Entry<'a>]) -> Vec<Users<'a>> {
    let mut users: Vec<Users<'a>> = Vec::new();
    for (_, _, forward) in entries.iter().flat_map(Entry::forwards) {
        if let Some(file) = &forward.basic_auth
            && !users.iter().any(|users| users.file == file.as_str())
        {
            users.push(Users {
                list: format!("users{}", users.len() + 1),
                file: file.as_str(),
            });
        }
    }
    users
}

fn frontends<'a>(config: &ProxyConfig, entries: &[Entry<'a>]) -> Vec<Frontend<'a>> {
    let mut frontends = Vec::new();
    let plain = config.ports(false);
    if !plain.is_empty() {
        let tls = config.ports(true);
        let tls_port = tls
            .first()
            .filter(|port| **port != 443)
            .map_or_else(String::new, |port| format!(":{port}"));
        let (served, sent): (Vec<_>, Vec<_>) = entries
            .iter()
            .partition(|entry| entry.plain() == Plain::Serve);
        frontends.push(Frontend {
            name: "http",
            scheme: "http",
            ports: plain,
            tls: false,
            hosts: hosts(entries.iter()),
            redirects: sent.iter().map(|entry| site(entry)).collect(),
            tls_port,
            choices: served.into_iter().flat_map(choices).collect(),
        });
    }
    let secure: Vec<&Entry<'a>> = entries
        .iter()
        .filter(|entry| cert(entry).is_some())
        .collect();
    if !config.ports(true).is_empty() && !secure.is_empty() {
        frontends.push(Frontend {
            name: "https",
            scheme: "https",
            ports: config.ports(true),
            tls: true,
            hosts: hosts(secure.iter().copied()),
            redirects: Vec::new(),
            tls_port: String::new(),
            choices: secure.into_iter().flat_map(choices).collect(),
        });
    }
    frontends
}

fn cert<'a>(entry: &Entry<'a>) -> Option<&'a str> {
    match &entry.site.tls {
        SiteTls::Files { cert, .. } => Some(cert.as_str()),
        SiteTls::Off | SiteTls::Auto => None,
    }
}

fn certs<'a>(entries: &[Entry<'a>]) -> Vec<&'a str> {
    let mut certs = Vec::new();
    for cert in entries.iter().filter_map(cert) {
        if !certs.contains(&cert) {
            certs.push(cert);
        }
    }
    certs
}

fn site(entry: &Entry<'_>) -> String {
    format!("site{}", entry.number)
}

fn hosts<'a: 'b, 'b>(entries: impl Iterator<Item = &'b Entry<'a>>) -> Vec<HostCondition<'a>> {
    let conditions = entries.flat_map(|entry| {
        entry.hosts.iter().map(|host| HostCondition {
            site: site(entry),
            host: host.wildcard().is_none().then(|| host.as_str()),
            expression: host
                .wildcard()
                .map(|rest| format!("^[^.]+[.]{}$", rest.replace('.', "[.]"))),
        })
    });
    let (wild, literal): (Vec<_>, Vec<_>) =
        conditions.partition(|condition| condition.expression.is_some());
    wild.into_iter().chain(literal).collect()
}

/// The backends a site's requests go to, the first whose conditions hold; several for a rule with shares.
fn choices(entry: &Entry<'_>) -> Vec<Choice> {
    let mut choices = Vec::new();
    for Numbered { number, rule } in &entry.rules {
        let upstreams: &[Upstream] = match &rule.action {
            Action::Forward(forward) => forward.upstreams.as_slice(),
            Action::Redirect(_) => &[],
        };
        let mut left: u32 = upstreams
            .iter()
            .map(|upstream| u32::from(upstream.weight.get()))
            .sum();
        for index in 0..upstreams.len().max(1) {
            let last = index + 1 >= upstreams.len();
            let weight = upstreams
                .get(index)
                .map_or(0, |upstream| u32::from(upstream.weight.get()));
            choices.push(Choice {
                backend: backend(entry, *number, index, upstreams.len()),
                site: site(entry),
                path: compared(&rule.path),
                exact: matches!(rule.path, PathMatch::Exact(_)),
                share: (!last).then_some((weight, left)),
            });
            left -= weight;
        }
    }
    choices
}

fn compared(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => format!("{}/", path.plain()),
        PathMatch::Prefix(path) => format!("{}/", path.plain_stem()),
    }
}

pub(super) fn backend(entry: &Entry<'_>, rule: usize, upstream: usize, upstreams: usize) -> String {
    match upstreams {
        0 | 1 => format!("{}_rule{rule}", site(entry)),
        _ => format!("{}_rule{rule}_share{}", site(entry), upstream + 1),
    }
}
