//! What the HAProxy template sees. Fields named `.._word` are whole words already, written by [`quote`].

use serde::Serialize;

use super::quote::{format as literal, word};
use crate::proxy::cidr::Cidr;
use crate::proxy::model::{
    Action, Cors, Forward, HeaderOp, LogFormat, Millis, Origins, PathEdit, PathMatch, ProxyConfig,
    Raw, Redirect, SiteTls, Upstream,
};
use crate::proxy::path::Path;
use crate::proxy::table::{Entry, Numbered, Plain, entries};
use crate::proxy::value::{CookieName, HeaderName, Method, Origin};
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

#[derive(Serialize)]
struct Backend<'a> {
    name: String,
    host: &'a str,
    path: &'a str,
    redirect: Option<Redirection>,
    forward: Option<Forwarding<'a>>,
}

#[derive(Serialize)]
struct Redirection {
    status: u16,
    to_word: String,
    to_with_query_word: String,
}

#[derive(Serialize)]
struct Forwarding<'a> {
    server: Server<'a>,
    allow: Vec<Vec<String>>,
    deny: Vec<Vec<String>>,
    rate: Option<Rate>,
    max_body: Option<u64>,
    users: Option<String>,
    auth: Option<Auth>,
    cors: Option<CorsView<'a>>,
    compress: bool,
    path_word: Option<String>,
    request: Vec<Header<'a>>,
    response: Vec<Header<'a>>,
    timeout: String,
    connect_timeout: String,
    retries: u8,
    health: Option<HealthView<'a>>,
    sticky: Option<&'a str>,
    raw: Vec<&'a str>,
}

#[derive(Serialize)]
struct Server<'a> {
    name: &'a str,
    port: u16,
    slots: u16,
}

/// As many requests of one address as the bucket holds, in the time it takes to fill it.
#[derive(Serialize)]
struct Rate {
    /// The backend whose table counts.
    table: String,
    own_table: bool,
    requests: u32,
    within: String,
}

#[derive(Serialize)]
struct Auth {
    url: String,
    copy: String,
}

#[derive(Serialize)]
struct CorsView<'a> {
    any: bool,
    origins: Vec<Vec<&'a str>>,
    methods: String,
    headers: String,
    credentials: bool,
    max_age: String,
}

#[derive(Serialize)]
struct Header<'a> {
    action: &'static str,
    name: &'a str,
    value: Option<&'a str>,
}

#[derive(Serialize)]
struct HealthView<'a> {
    path: &'a str,
    every: String,
    host: &'a str,
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
const WORDS: usize = 32;

fn ranges(all: &[Cidr]) -> Vec<Vec<String>> {
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

fn backend(entry: &Entry<'_>, rule: usize, upstream: usize, upstreams: usize) -> String {
    match upstreams {
        0 | 1 => format!("{}_rule{rule}", site(entry)),
        _ => format!("{}_rule{rule}_share{}", site(entry), upstream + 1),
    }
}

fn backends<'a>(entry: &Entry<'a>, users: &[Users<'_>]) -> Vec<Backend<'a>> {
    let mut backends = Vec::new();
    for Numbered { number, rule } in &entry.rules {
        let (host, path) = (entry.hosts[0].as_str(), rule.path.path().escaped());
        match &rule.action {
            Action::Redirect(redirect) => backends.push(Backend {
                name: backend(entry, *number, 0, 0),
                host,
                path,
                redirect: Some(redirection(&rule.path, redirect)),
                forward: None,
            }),
            Action::Forward(forward) => {
                let all = forward.upstreams.as_slice();
                let names: Vec<String> = (0..all.len())
                    .map(|i| backend(entry, *number, i, all.len()))
                    .collect();
                for (upstream, name) in all.iter().zip(&names) {
                    let table = Table {
                        name: &names[0],
                        own: *name == names[0],
                    };
                    let forward = forwarding(entry, &rule.path, forward, upstream, &table, users);
                    backends.push(Backend {
                        name: name.clone(),
                        host,
                        path,
                        redirect: None,
                        forward: Some(forward),
                    });
                }
            }
        }
    }
    backends
}

/// Where the requests of a rule are counted, also when its shares have a backend each.
struct Table<'n> {
    name: &'n str,
    own: bool,
}

/// The raw path behind its first segments, as an expression of log formats.
fn rest(segments: usize) -> String {
    match segments {
        0 => "%[path]".to_owned(),
        _ => format!("%[path,regsub(\"^(/+[^/]+){{{segments}}}\",\"\")]"),
    }
}

/// The same without slashes in front.
fn tail(segments: usize) -> String {
    format!("%[path,regsub(\"^(/+[^/]+){{{segments}}}/*\",\"\")]")
}

fn redirection(path: &PathMatch, redirect: &Redirect) -> Redirection {
    let origin = redirect.to.origin.as_deref().unwrap_or_default();
    let to = match path {
        PathMatch::Exact(_) => literal(&format!("{origin}{}", redirect.to.path)),
        PathMatch::Prefix(from) => format!("{}{}", literal(origin), moved(&redirect.to.path, from)),
    };
    Redirection {
        status: redirect.status.code(),
        to_with_query_word: word(&format!("{to}?%[query]")),
        to_word: word(&to),
    }
}

fn moved(to: &Path, from: &Path) -> String {
    match to.stem() {
        "" => format!("/{}", tail(from.segments())),
        stem => format!("{}{}", literal(stem), rest(from.segments())),
    }
}

fn path_word(path: &PathMatch, edit: &PathEdit) -> Option<String> {
    let format = match (edit, path) {
        (PathEdit::Keep, _) => return None,
        (PathEdit::Strip { segments }, _) => format!("/{}", tail(*segments)),
        (PathEdit::Rewrite(to), PathMatch::Exact(_)) => literal(to.escaped()),
        (PathEdit::Rewrite(to), PathMatch::Prefix(from)) => moved(to, from),
    };
    Some(word(&format))
}

fn forwarding<'a>(
    entry: &Entry<'a>,
    path: &PathMatch,
    forward: &'a Forward,
    upstream: &'a Upstream,
    table: &Table<'_>,
    users: &[Users<'_>],
) -> Forwarding<'a> {
    let users = forward
        .basic_auth
        .as_ref()
        .and_then(|file| users.iter().find(|users| users.file == file.as_str()));
    Forwarding {
        server: Server {
            name: upstream.name.as_str(),
            port: upstream.port.get(),
            slots: upstream.slots.get(),
        },
        allow: ranges(&forward.allow),
        deny: ranges(&forward.deny),
        rate: forward.rate_limit.map(|limit| Rate {
            table: table.name.to_owned(),
            own_table: table.own,
            requests: limit.burst(),
            within: format!("{}ms", limit.refill_millis()),
        }),
        max_body: forward.max_body(),
        users: users.map(|users| users.list.clone()),
        auth: forward.forward_auth.as_ref().map(|auth| Auth {
            url: auth.url.to_string(),
            copy: auth
                .copy
                .iter()
                .map(HeaderName::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        }),
        cors: forward.cors.as_ref().map(cors),
        compress: forward.compress,
        path_word: path_word(path, &forward.path),
        request: headers(&forward.request_headers),
        response: headers(&forward.response_headers),
        timeout: forward.timeout().to_string(),
        connect_timeout: forward.connect_timeout().to_string(),
        retries: forward.retries(),
        health: forward.health.as_ref().map(|health| HealthView {
            path: health.path.escaped(),
            every: health.every.to_string(),
            host: entry
                .hosts
                .iter()
                .find(|host| host.wildcard().is_none())
                .map_or("localhost", |host| host.as_str()),
        }),
        sticky: forward.sticky.as_ref().map(CookieName::as_str),
        raw: forward.raw.iter().flat_map(Raw::lines).collect(),
    }
}

fn cors(cors: &Cors) -> CorsView<'_> {
    let (any, origins) = match &cors.origins {
        Origins::Any => (true, Vec::new()),
        Origins::Listed(origins) => {
            let lines = origins
                .chunks(WORDS)
                .map(|line| line.iter().map(Origin::as_str).collect());
            (false, lines.collect())
        }
    };
    CorsView {
        any,
        origins,
        methods: cors
            .methods
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        headers: cors
            .headers
            .iter()
            .map(HeaderName::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        credentials: cors.credentials,
        max_age: cors
            .max_age
            .map_or_else(String::new, |age| age.seconds().to_string()),
    }
}

fn headers(ops: &[HeaderOp]) -> Vec<Header<'_>> {
    ops.iter()
        .map(|op| {
            let (action, value) = match op {
                HeaderOp::Set(_, value) => ("set-header", Some(value.as_str())),
                HeaderOp::Add(_, value) => ("add-header", Some(value.as_str())),
                HeaderOp::Remove(_) => ("del-header", None),
            };
            Header {
                action,
                name: op.name().as_str(),
                value,
            }
        })
        .collect()
}
