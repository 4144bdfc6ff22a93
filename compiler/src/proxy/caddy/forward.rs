//! The handlers of one rule that forwards.

use std::collections::BTreeMap;

use super::json::{
    Addresses, Dial, Handler, HeaderOps, Headers, LoadBalancing, Match, OnResponse, Policy,
    Resolver, ReverseProxy, Route, StatusMatch, Step, Transport, UriRewrite, VarsRegexp,
};
use super::{rewritten, stripped};
use crate::proxy::cidr::Cidr;
use crate::proxy::cors::{Cors, Origins};
use crate::proxy::model::{Forward, ForwardAuth, HeaderOp, PathEdit, PathMatch, ProxyConfig};
use crate::proxy::time::Millis;
use crate::proxy::upstream::Upstream;
use crate::proxy::value::Origin;

pub(super) fn steps<'a>(
    config: &'a ProxyConfig,
    path: &PathMatch,
    forward: &'a Forward,
) -> Vec<Step<'a>> {
    let mut handlers = Vec::new();
    handlers.extend(guard(config, forward));
    handlers.extend(forward.max_body().into_iter().flat_map(limit_body));
    handlers.extend(forward.cors.as_ref().map(cors));
    handlers.extend(
        forward
            .forward_auth
            .iter()
            .flat_map(|auth| ask(config, auth)),
    );
    handlers.extend(edited(path, &forward.path));
    handlers.extend(response_headers(&forward.response_headers));
    handlers.extend(forward.compress.then(encode));
    let mut steps: Vec<Step<'a>> = handlers.into_iter().map(Step::Known).collect();
    steps.extend(forward.raw.iter().map(|raw| Step::Raw(raw.json())));
    steps.push(Step::Known(proxy(config, forward)));
    steps
}

/// Literal braces: Caddy takes what stands between bare ones for a placeholder.
fn literal(text: &str) -> String {
    text.replace('{', "\\{").replace('}', "\\}")
}

fn texts(ranges: &[Cidr]) -> Vec<String> {
    ranges.iter().map(ToString::to_string).collect()
}

fn guard<'a>(config: &ProxyConfig, forward: &Forward) -> Option<Handler<'a>> {
    let from = |ranges: &[Cidr]| match config.trusted_proxies.as_slice() {
        [] => Match::remote(texts(ranges)),
        [..] => Match::client(texts(ranges)),
    };
    let mut routes = Vec::new();
    if !forward.deny.is_empty() {
        routes.push(Route::new(from(&forward.deny), vec![Handler::answer(403)]));
    }
    if !forward.allow.is_empty() {
        routes.push(Route::new(
            Match::not(from(&forward.allow)),
            vec![Handler::answer(403)],
        ));
    }
    (!routes.is_empty()).then_some(Handler::Subroute { routes })
}

/// A body that is announced as too long is refused at once, one that turns out so is cut off.
fn limit_body<'a>(max_size: u64) -> [Handler<'a>; 2] {
    let length = "{http.request.header.Content-Length}";
    let expression = Some(format!("{length} != '' && int({length}) > {max_size}"));
    let too_long = Match {
        expression,
        ..Match::default()
    };
    let routes = vec![Route::new(too_long, vec![Handler::answer(413)])];
    [
        Handler::Subroute { routes },
        Handler::RequestBody { max_size },
    ]
}

fn set(headers: Vec<(&str, String)>) -> BTreeMap<String, Vec<String>> {
    headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), vec![value]))
        .collect()
}

fn cors(cors: &Cors) -> Handler<'_> {
    let (origins, allowed): (Vec<&str>, _) = match &cors.origins {
        Origins::Any => (vec!["*"], "*".to_owned()),
        Origins::Listed(origins) => (
            origins.iter().map(Origin::as_str).collect(),
            "{http.request.header.Origin}".to_owned(),
        ),
    };
    let from_there = || BTreeMap::from([("Origin", origins.clone())]);
    let mut routes = Vec::new();
    if cors.origins != Origins::Any {
        let add = set(vec![("Vary", "Origin".to_owned())]);
        let response = HeaderOps {
            add,
            deferred: true,
            ..HeaderOps::default()
        };
        routes.push(Route {
            terminal: false,
            ..Route::new(Match::default(), vec![response_ops(response)])
        });
    }
    let mut told = vec![("Access-Control-Allow-Origin", allowed)];
    if cors.credentials {
        told.push(("Access-Control-Allow-Credentials", "true".to_owned()));
    }
    let response = HeaderOps {
        set: set(told),
        deferred: true,
        ..HeaderOps::default()
    };
    let page = Match {
        header: from_there(),
        ..Match::default()
    };
    routes.push(Route {
        terminal: false,
        ..Route::new(page, vec![response_ops(response)])
    });
    let stranger = Match::not(Match {
        header: from_there(),
        ..Match::default()
    });
    let delete = vec!["Access-Control-Allow-Origin".to_owned()];
    let response = HeaderOps {
        delete,
        deferred: true,
        ..HeaderOps::default()
    };
    routes.push(Route {
        terminal: false,
        ..Route::new(stranger, vec![response_ops(response)])
    });
    routes.push(preflight(cors, from_there()));
    Handler::Subroute { routes }
}

fn preflight<'a>(cors: &Cors, mut header: BTreeMap<&'static str, Vec<&'a str>>) -> Route<'a> {
    header.insert("Access-Control-Request-Method", vec!["*"]);
    let page = Match {
        method: vec!["OPTIONS"],
        header,
        ..Match::default()
    };
    let mut told = Vec::new();
    if !cors.methods.is_empty() {
        told.push(("Access-Control-Allow-Methods", cors.method_list()));
    }
    if !cors.headers.is_empty() {
        told.push(("Access-Control-Allow-Headers", cors.header_list()));
    }
    told.extend(
        cors.max_age
            .map(|age| ("Access-Control-Max-Age", age.seconds().to_string())),
    );
    Route::new(
        page,
        vec![Handler::StaticResponse {
            status_code: 204,
            headers: set(told),
        }],
    )
}

fn response_ops<'a>(response: HeaderOps) -> Handler<'a> {
    Handler::Headers(Headers {
        request: None,
        response: Some(response),
    })
}

/// A question to the auth service; its answer goes to the client unless it is 2xx.
fn ask<'a>(config: &ProxyConfig, auth: &'a ForwardAuth) -> Vec<Handler<'a>> {
    let copied: Vec<Route<'a>> = auth.copy.iter().map(|name| copy(name.as_str())).collect();
    let asked = set(vec![
        ("X-Forwarded-Method", "{http.request.method}".to_owned()),
        ("X-Forwarded-Uri", "{http.request.uri}".to_owned()),
    ]);
    let request = HeaderOps {
        set: asked,
        ..HeaderOps::default()
    };
    let question = ReverseProxy {
        rewrite: Some(UriRewrite {
            method: "GET",
            uri: &auth.url.target,
        }),
        headers: Some(Headers {
            request: Some(request),
            response: None,
        }),
        upstreams: vec![Dial {
            dial: format!("{}:{}", auth.url.host, auth.url.port),
        }],
        trusted_proxies: texts(&config.trusted_proxies),
        handle_response: vec![OnResponse {
            matches: StatusMatch {
                status_code: vec![2],
            },
            routes: copied,
        }],
        ..ReverseProxy::default()
    };
    let forged = HeaderOps {
        delete: auth.copy.iter().map(ToString::to_string).collect(),
        ..HeaderOps::default()
    };
    vec![
        Handler::Headers(Headers {
            request: Some(forged),
            response: None,
        }),
        Handler::ReverseProxy(Box::new(question)),
    ]
}

fn copy<'a>(name: &str) -> Route<'a> {
    let theirs = format!("{{http.reverse_proxy.header.{}}}", canonical(name));
    let none = Match {
        // Older Caddys spell a missing value `<nil>`.
        vars: BTreeMap::from([(theirs.clone(), vec!["", "<nil>"])]),
        ..Match::default()
    };
    let request = HeaderOps {
        set: set(vec![(name, theirs)]),
        ..HeaderOps::default()
    };
    let handler = Handler::Headers(Headers {
        request: Some(request),
        response: None,
    });
    Route {
        terminal: false,
        ..Route::new(Match::not(none), vec![handler])
    }
}

/// The only spelling under which Caddy has a header of an answer, `Remote-User`.
fn canonical(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
    });
    parts.collect::<Vec<_>>().join("-")
}

fn edited<'a>(path: &PathMatch, edit: &PathEdit) -> Option<Handler<'a>> {
    match edit {
        PathEdit::Keep => None,
        PathEdit::Strip { segments } => Some(stripped(*segments)),
        PathEdit::Rewrite(to) => Some(rewritten(path, to)),
    }
}

fn operations(ops: &[HeaderOp]) -> HeaderOps {
    let mut operations = HeaderOps::default();
    for op in ops {
        let name = op.name().to_string();
        match op {
            HeaderOp::Set(_, value) => {
                operations.set.insert(name, vec![literal(value.as_str())]);
            }
            HeaderOp::Add(_, value) => operations
                .add
                .entry(name)
                .or_default()
                .push(literal(value.as_str())),
            HeaderOp::Remove(_) => operations.delete.push(name),
        }
    }
    operations
}

fn response_headers<'a>(ops: &[HeaderOp]) -> Option<Handler<'a>> {
    (!ops.is_empty()).then(|| {
        response_ops(HeaderOps {
            deferred: true,
            ..operations(ops)
        })
    })
}

fn encode<'a>() -> Handler<'a> {
    let encodings = BTreeMap::from([("gzip", BTreeMap::new()), ("zstd", BTreeMap::new())]);
    Handler::Encode {
        encodings,
        prefer: vec!["zstd", "gzip"],
    }
}

fn proxy<'a>(config: &'a ProxyConfig, forward: &'a Forward) -> Handler<'a> {
    match forward.upstreams.as_slice() {
        [upstream] => to(config, forward, upstream),
        upstreams => Handler::Subroute {
            routes: shares(config, forward, upstreams),
        },
    }
}

fn to<'a>(config: &'a ProxyConfig, forward: &'a Forward, upstream: &'a Upstream) -> Handler<'a> {
    let request =
        (!forward.request_headers.is_empty()).then(|| operations(&forward.request_headers));
    Handler::ReverseProxy(Box::new(ReverseProxy {
        headers: request.map(|request| Headers {
            request: Some(request),
            response: None,
        }),
        dynamic_upstreams: Some(Addresses {
            source: "a",
            name: upstream.name.as_str(),
            port: upstream.port.to_string(),
            refresh: Millis::REFRESH.to_string(),
            resolver: Resolver {
                addresses: vec![format!("udp/{}", config.resolver)],
            },
            dial_timeout: "1s",
        }),
        load_balancing: Some(LoadBalancing {
            selection_policy: match &forward.sticky {
                Some(cookie) => Policy::Cookie {
                    name: cookie.as_str(),
                },
                None => Policy::RoundRobin,
            },
            retries: forward.retries(),
        }),
        transport: Some(Transport {
            protocol: "http",
            dial_timeout: forward.connect_timeout().to_string(),
            response_header_timeout: forward.timeout().to_string(),
        }),
        trusted_proxies: texts(&config.trusted_proxies),
        ..ReverseProxy::default()
    }))
}

/// One route a service. Which one a request takes is drawn from the random identifier Caddy gives it.
fn shares<'a>(
    config: &'a ProxyConfig,
    forward: &'a Forward,
    upstreams: &'a [Upstream],
) -> Vec<Route<'a>> {
    let total = forward.upstreams.total_weight();
    let mut sum = 0;
    let mut routes = Vec::new();
    for upstream in upstreams {
        sum += u32::from(upstream.weight.get());
        let drawn = if sum < total {
            drawn_below(sum * 0x1_0000 / total)
        } else {
            Match::default()
        };
        routes.push(Route::new(drawn, vec![to(config, forward, upstream)]));
    }
    routes
}

/// Fits when the first four hexadecimal digits of the request's identifier are a number below `limit`.
fn drawn_below<'a>(limit: u32) -> Match<'a> {
    let digits = format!("{limit:04x}");
    let mut alternatives = Vec::new();
    for (place, digit) in digits.char_indices().filter(|(_, digit)| *digit != '0') {
        let value = digit.to_digit(16).expect("a hexadecimal digit");
        let lower: String = (0..value)
            .filter_map(|lower| char::from_digit(lower, 16))
            .collect();
        alternatives.push(format!("{}[{lower}]", &digits[..place]));
    }
    let pattern = format!("^({})", alternatives.join("|"));
    Match {
        vars_regexp: BTreeMap::from([("{http.request.uuid}", VarsRegexp { pattern })]),
        ..Match::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_drawn_by_comparing_digits() {
        let pattern = |limit| {
            drawn_below(limit)
                .vars_regexp
                .remove("{http.request.uuid}")
                .unwrap()
                .pattern
        };
        assert_eq!(pattern(0x8000), "^([01234567])");
        assert_eq!(pattern(0x1203), "^([0]|1[01]|120[012])");
    }

    #[test]
    fn braces_are_no_placeholders() {
        assert_eq!(literal("{env.HOME}"), "\\{env.HOME\\}");
    }
}
