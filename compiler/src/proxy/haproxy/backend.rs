//! A `backend` of HAProxy for each rule and each of its shares, as the template sees it.

use serde::Serialize;

use super::quote::{format as literal, word};
use super::view::{Users, WORDS, backend, ranges};
use crate::proxy::cors::{Cors, CorsWords};
use crate::proxy::model::{Action, Forward, HeaderOp, PathEdit, PathMatch, Raw, Redirect};
use crate::proxy::path::Path;
use crate::proxy::table::{Entry, Numbered};
use crate::proxy::upstream::Upstream;
use crate::proxy::value::{CookieName, HeaderName};

#[derive(Serialize)]
pub(super) struct Backend<'a> {
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
    cors: Option<CorsWords<'a>>,
    /// The origins that are let in, a line each.
    welcome: Vec<Vec<&'a str>>,
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

pub(super) fn backends<'a>(entry: &Entry<'a>, users: &[Users<'_>]) -> Vec<Backend<'a>> {
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
        cors: forward.cors.as_ref().map(Cors::words),
        welcome: welcome(forward),
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

fn welcome(forward: &Forward) -> Vec<Vec<&str>> {
    let origins: Vec<&str> = forward.cors.iter().flat_map(Cors::listed).collect();
    origins.chunks(WORDS).map(<[_]>::to_vec).collect()
}
