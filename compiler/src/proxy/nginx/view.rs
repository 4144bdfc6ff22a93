//! What the nginx template sees. Fields named `.._word` are whole words already, written by [`quote`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::Serialize;

use super::quote::{literally, pattern, with_variables, word};
use crate::proxy::model::{
    Action, Cors, Forward, HeaderOp, LogFormat, Millis, Origins, PathEdit, PathMatch, ProxyConfig,
    RateLimit, Raw, Redirect, SiteTls,
};
use crate::proxy::path::Path;
use crate::proxy::support::nginx_rate;
use crate::proxy::table::{Entry, Numbered, Plain, entries};
use crate::proxy::value::{FilePath, HeaderName, Host, Method, Origin};
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
struct Header {
    name: String,
    value_word: String,
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

#[derive(Serialize)]
struct Location<'a> {
    /// What stands between `location` and `{`.
    head_word: String,
    /// Unique in the config.
    id: String,
    redirect: Option<Redirection>,
    forward: Option<Forwarding<'a>>,
}

#[derive(Serialize)]
struct Redirection {
    status: u16,
    to_word: String,
}

#[derive(Serialize)]
struct Forwarding<'a> {
    allow: Vec<String>,
    deny: Vec<String>,
    rate: Option<Rate>,
    max_body: Option<u64>,
    basic_auth: Option<&'a str>,
    auth: Option<Auth<'a>>,
    cors: Option<CorsView<'a>>,
    compress: bool,
    websocket: bool,
    /// The shares in percent of all upstreams but the last; empty when there is one.
    shares: Vec<Share<'a>>,
    upstream: String,
    /// Path and query of the request passed on; none to leave them untouched.
    uri_word: Option<String>,
    /// The complete list, when it differs from the one all locations share.
    headers: Vec<Header>,
    hidden: BTreeSet<&'a str>,
    added: Vec<Added<'a>>,
    timeout: String,
    connect_timeout: String,
    tries: u16,
    raw: Vec<&'a str>,
}

#[derive(Serialize)]
struct Rate {
    rate: String,
    /// How many more than the first may come at once.
    more: u32,
}

#[derive(Serialize)]
struct Auth<'a> {
    url: String,
    /// Header and the variables that hold it: in the answer of the auth service, and ours.
    copy: Vec<Copied<'a>>,
}

#[derive(Serialize)]
struct Copied<'a> {
    name: &'a str,
    theirs: String,
    ours: String,
}

#[derive(Serialize)]
struct CorsView<'a> {
    any: bool,
    origins: Vec<&'a str>,
    methods: String,
    headers: String,
    credentials: bool,
    max_age: String,
}

#[derive(Serialize)]
struct Share<'a> {
    /// Percent with two digits; none for the last, which takes the remainder.
    percent: Option<String>,
    name: &'a str,
    port: u16,
}

#[derive(Serialize)]
struct Added<'a> {
    name: &'a str,
    value: &'a str,
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
fn variable(header: &str) -> String {
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

fn location<'a>(
    site: usize,
    Numbered { number, rule }: Numbered<'a>,
    headers: &[Header],
) -> Location<'a> {
    let id = format!("{site}_{number}");
    let (redirect, forward) = match &rule.action {
        Action::Redirect(redirect) => (Some(redirection(&rule.path, redirect)), None),
        Action::Forward(forward) => (None, Some(forwarding(&id, &rule.path, forward, headers))),
    };
    Location {
        head_word: head(&rule.path),
        id,
        redirect,
        forward,
    }
}

fn head(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => format!("= {}", pattern(path.plain())),
        PathMatch::Prefix(path) if path.plain_stem().is_empty() => "/".to_owned(),
        PathMatch::Prefix(path) => format!(
            "~ {}",
            pattern(&format!("^{}(/|$)", literally(path.plain_stem())))
        ),
    }
}

fn redirection(path: &PathMatch, redirect: &Redirect) -> Redirection {
    let origin = redirect.to.origin.as_deref().unwrap_or_default();
    let to_word = match path {
        PathMatch::Exact(_) => {
            with_variables(&format!("{origin}{}", redirect.to.path), "$is_args$args")
        }
        PathMatch::Prefix(from) => moved(origin, &redirect.to.path, from.segments()),
    };
    Redirection {
        status: redirect.status.code(),
        to_word,
    }
}

/// `base`, `path` and what is left of the request behind its first segments.
fn moved(base: &str, path: &Path, segments: usize) -> String {
    match path.stem() {
        "" => with_variables(
            &format!("{base}/"),
            &format!("$skep_tail_{segments}$is_args$args"),
        ),
        stem => with_variables(
            &format!("{base}{stem}"),
            &format!("$skep_rest_{segments}$is_args$args"),
        ),
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

fn forwarding<'a>(
    id: &str,
    path: &PathMatch,
    forward: &'a Forward,
    shared: &[Header],
) -> Forwarding<'a> {
    let auth = forward.forward_auth.as_ref().map(|auth| Auth {
        url: auth.url.to_string(),
        copy: auth
            .copy
            .iter()
            .map(|name| Copied {
                name: name.as_str(),
                theirs: format!("$upstream_http_{}", variable(name.as_str())),
                ours: format!("$skep_auth_{id}_{}", variable(name.as_str())),
            })
            .collect(),
    });
    Forwarding {
        allow: forward.allow.iter().map(ToString::to_string).collect(),
        deny: forward.deny.iter().map(ToString::to_string).collect(),
        rate: forward.rate_limit.and_then(rate),
        max_body: forward.max_body(),
        basic_auth: forward.basic_auth.as_ref().map(FilePath::as_str),
        headers: headers(forward, auth.as_ref(), shared),
        auth,
        cors: forward.cors.as_ref().map(cors),
        compress: forward.compress,
        websocket: forward.websocket,
        shares: shares(forward),
        upstream: format!(
            "{}:{}",
            forward.upstreams.first().name,
            forward.upstreams.first().port
        ),
        uri_word: uri(id, path, forward),
        hidden: hidden(forward),
        added: added(forward),
        timeout: forward.timeout().to_string(),
        connect_timeout: forward.connect_timeout().to_string(),
        tries: u16::from(forward.retries()) + 1,
        raw: forward.raw.iter().flat_map(Raw::lines).collect(),
    }
}

/// nginx counts what may come on top of a steady pace, so a bucket of one leaves none.
fn rate(limit: RateLimit) -> Option<Rate> {
    nginx_rate(limit).map(|rate| Rate {
        rate,
        more: limit.burst() - 1,
    })
}

/// The shared headers with those of the rule in their place; empty when nothing differs.
fn headers(forward: &Forward, auth: Option<&Auth<'_>>, shared: &[Header]) -> Vec<Header> {
    let mut own = BTreeMap::new();
    if forward.websocket {
        own.insert(
            "upgrade".to_owned(),
            ("Upgrade", "$http_upgrade".to_owned()),
        );
        own.insert(
            "connection".to_owned(),
            ("Connection", "$skep_connection".to_owned()),
        );
    }
    for copied in auth.iter().flat_map(|auth| &auth.copy) {
        own.insert(
            copied.name.to_ascii_lowercase(),
            (copied.name, copied.ours.clone()),
        );
    }
    for op in &forward.request_headers {
        let value = match op {
            HeaderOp::Set(_, value) | HeaderOp::Add(_, value) => word(value.as_str()),
            HeaderOp::Remove(_) => "\"\"".to_owned(),
        };
        own.insert(
            op.name().as_str().to_ascii_lowercase(),
            (op.name().as_str(), value),
        );
    }
    if own.is_empty() {
        return Vec::new();
    }
    let kept = shared
        .iter()
        .filter(|header| !own.contains_key(&header.name.to_ascii_lowercase()))
        .cloned();
    let own = own.values().map(|(name, value)| Header {
        name: (*name).to_owned(),
        value_word: value.clone(),
    });
    kept.chain(own).collect()
}

fn cors(cors: &Cors) -> CorsView<'_> {
    let (any, origins) = match &cors.origins {
        Origins::Any => (true, Vec::new()),
        Origins::Listed(origins) => (false, origins.iter().map(Origin::as_str).collect()),
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

fn shares(forward: &Forward) -> Vec<Share<'_>> {
    let all = forward.upstreams.as_slice();
    if all.len() == 1 {
        return Vec::new();
    }
    let total = forward.upstreams.total_weight();
    let share = |index: usize, weight: u32| {
        let hundredths = weight * 10_000 / total;
        (index + 1 < all.len()).then(|| format!("{}.{:02}%", hundredths / 100, hundredths % 100))
    };
    all.iter()
        .enumerate()
        .map(|(index, upstream)| Share {
            percent: share(index, u32::from(upstream.weight.get())),
            name: upstream.name.as_str(),
            port: upstream.port.get(),
        })
        .collect()
}

fn uri(id: &str, path: &PathMatch, forward: &Forward) -> Option<String> {
    let base = match forward.upstreams.as_slice() {
        [_] => "http://$skep_upstream".to_owned(),
        _ => format!("http://$skep_share_{id}"),
    };
    let edited = |text: &str, variables: &str| {
        Some(pattern(&format!(
            "{base}{}{variables}$is_args$args",
            text.replace('$', "${skep_dollar}")
        )))
    };
    match (&forward.path, path) {
        (PathEdit::Keep, _) => None,
        (PathEdit::Strip { segments }, _) => edited("/", &format!("$skep_tail_{segments}")),
        (PathEdit::Rewrite(to), PathMatch::Exact(_)) => edited(to.escaped(), ""),
        (PathEdit::Rewrite(to), PathMatch::Prefix(from)) => match to.stem() {
            "" => edited("/", &format!("$skep_tail_{}", from.segments())),
            stem => edited(stem, &format!("$skep_rest_{}", from.segments())),
        },
    }
}

/// Headers of the upstream that do not reach the client.
fn hidden(forward: &Forward) -> BTreeSet<&str> {
    let replaced = forward.response_headers.iter().filter_map(|op| match op {
        HeaderOp::Set(name, _) | HeaderOp::Remove(name) => Some(name.as_str()),
        HeaderOp::Add(..) => None,
    });
    let cors = forward.cors.iter().flat_map(|_| {
        [
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Credentials",
        ]
    });
    replaced.chain(cors).collect()
}

fn added(forward: &Forward) -> Vec<Added<'_>> {
    let ops = forward.response_headers.iter();
    ops.filter_map(|op| match op {
        HeaderOp::Set(name, value) | HeaderOp::Add(name, value) => Some(Added {
            name: name.as_str(),
            value: value.as_str(),
        }),
        HeaderOp::Remove(_) => None,
    })
    .collect()
}
