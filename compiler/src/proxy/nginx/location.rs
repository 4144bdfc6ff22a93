//! A `location` of nginx for each rule, as the template sees it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::quote::{literally, pattern, with_variables, word};
use super::view::{Header, variable};
use crate::proxy::cors::{Cors, CorsWords};
use crate::proxy::model::{Action, Forward, HeaderOp, PathEdit, PathMatch, Raw, Redirect};
use crate::proxy::path::Path;
use crate::proxy::support::nginx_rate;
use crate::proxy::table::Numbered;
use crate::proxy::time::RateLimit;
use crate::proxy::value::FilePath;

#[derive(Serialize)]
pub(super) struct Location<'a> {
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
    cors: Option<CorsWords<'a>>,
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

pub(super) fn location<'a>(
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

pub(super) fn head(path: &PathMatch) -> String {
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
        cors: forward.cors.as_ref().map(Cors::words),
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
