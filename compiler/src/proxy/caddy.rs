//! Caddy: one JSON config, written from types, so that nothing has to be quoted but placeholders.

mod forward;
mod json;

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Action, LogFormat, PathMatch, ProxyConfig, Redirect, Site, SiteTls};
use super::path::Path;
use super::table::{Entry, Plain, entries};
use super::value::Host;
use super::{File, Rendered, SPOOFABLE};
use json::{
    Admin, Apps, AutoHttps, CertFile, Certificates, Config, Encoder, Handler, HeaderOps, Headers,
    Http, Log, Logging, Match, PathRegexp, Replace, Route, Server, StaticRanges, Step, Tls,
    VarsRegexp, Writer,
};

pub(super) fn render(config: &ProxyConfig) -> Rendered {
    let mut tree = serde_json::to_value(root(config)).expect("a tree of plain values becomes JSON");
    for raw in &config.raw {
        merge(&mut tree, raw.json());
    }
    let text = match config.raw.as_slice() {
        [] => serde_json::to_string_pretty(&root(config)),
        [..] => serde_json::to_string_pretty(&tree),
    };
    let text = text.expect("a tree of plain values becomes JSON") + "\n";
    let target = "/etc/caddy/caddy.json";
    Rendered {
        files: vec![File {
            name: "caddy.json",
            target,
            text,
        }],
        command: ["caddy", "run", "--config", target]
            .map(str::to_owned)
            .to_vec(),
        extension: "json",
    }
}

/// Puts `more` into `tree`: objects grow together, everything else is replaced.
fn merge(tree: &mut Value, more: Value) {
    match (tree, more) {
        (Value::Object(tree), Value::Object(more)) => {
            for (key, value) in more {
                merge(tree.entry(key).or_insert(Value::Null), value);
            }
        }
        (tree, more) => *tree = more,
    }
}

fn root(config: &ProxyConfig) -> Config<'_> {
    let entries = entries(config);
    let mut servers = BTreeMap::new();
    if !config.ports(false).is_empty() {
        servers.insert("http", plain_server(config, &entries));
    }
    if !config.ports(true).is_empty() {
        servers.insert("https", tls_server(config, &entries));
    }
    Config {
        // Without this block a rejected reload would move the admin listener.
        admin: Admin {
            listen: "localhost:2019",
        },
        logging: config.access_log.map(logging),
        apps: Apps {
            http: Http {
                http_port: unusual(config, false, 80),
                https_port: unusual(config, true, 443),
                servers,
            },
            tls: tls(&entries),
        },
    }
}

/// The port Caddy has to take for the usual one, when the gateway does not listen on that.
fn unusual(config: &ProxyConfig, tls: bool, usual: u16) -> Option<u16> {
    let ports = config.ports(tls);
    ports.first().copied().filter(|_| !ports.contains(&usual))
}

fn logging(format: LogFormat) -> Logging {
    let format = match format {
        LogFormat::Text => "console",
        LogFormat::Json => "json",
    };
    let log = Log {
        writer: Writer { output: "stdout" },
        encoder: Encoder { format },
    };
    Logging {
        logs: BTreeMap::from([("default", log)]),
    }
}

fn tls<'a>(entries: &[Entry<'a>]) -> Option<Tls<'a>> {
    let files: Vec<CertFile<'a>> = entries
        .iter()
        .filter_map(|entry| match &entry.site.tls {
            SiteTls::Files { cert, key } => Some(CertFile {
                certificate: cert.as_str(),
                key: key.as_str(),
            }),
            SiteTls::Off | SiteTls::Auto => None,
        })
        .collect();
    (!files.is_empty()).then_some(Tls {
        certificates: Certificates { load_files: files },
    })
}

fn plain_server<'a>(config: &'a ProxyConfig, entries: &[Entry<'a>]) -> Server<'a> {
    let sites = by_precedence(entries)
        .into_iter()
        .map(|(entry, hosts)| match entry.plain() {
            Plain::Serve => site(config, entry, hosts),
            Plain::Redirect => Route::new(Match::hosts(hosts), vec![to_https(config)]),
        });
    server(
        config,
        false,
        sites.collect(),
        AutoHttps {
            disable: true,
            ..AutoHttps::default()
        },
    )
}

fn tls_server<'a>(config: &'a ProxyConfig, entries: &[Entry<'a>]) -> Server<'a> {
    let sites = by_precedence(entries)
        .into_iter()
        .filter(|(entry, _)| entry.has_tls());
    let routes = sites
        .map(|(entry, hosts)| site(config, entry, hosts))
        .collect();
    let own: Vec<&Host> = entries
        .iter()
        .filter(|entry| {
            matches!(
                entry.site,
                Site {
                    tls: SiteTls::Files { .. },
                    ..
                }
            )
        })
        .flat_map(|entry| entry.hosts.iter().copied())
        .collect();
    server(
        config,
        true,
        routes,
        AutoHttps {
            disable: false,
            disable_redirects: true,
            skip_certificates: own,
        },
    )
}

fn server<'a>(
    config: &'a ProxyConfig,
    tls: bool,
    sites: Vec<Route<'a>>,
    automatic_https: AutoHttps<'a>,
) -> Server<'a> {
    let checks_clients = config
        .sites
        .iter()
        .flat_map(|site| &site.rules)
        .any(|rule| match &rule.action {
            Action::Forward(forward) => !forward.allow.is_empty() || !forward.deny.is_empty(),
            Action::Redirect(_) => false,
        });
    let trusted: Vec<String> = config
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    let believed = checks_clients && !trusted.is_empty();
    let mut routes = vec![refuse_walking_back(), forget_earlier_hops(&trusted)];
    routes.extend(sites);
    routes.push(Route::new(Match::default(), vec![Handler::answer(404)]));
    Server {
        listen: config
            .ports(tls)
            .into_iter()
            .map(|port| format!(":{port}"))
            .collect(),
        routes,
        tls_connection_policies: tls.then(|| vec![BTreeMap::new()]),
        automatic_https,
        trusted_proxies_strict: u8::from(believed),
        trusted_proxies: believed.then_some(StaticRanges {
            source: "static",
            ranges: trusted,
        }),
        logs: config.access_log.map(|_| BTreeMap::new()),
    }
}

/// A path that walks back means something else to every program that reads it.
fn refuse_walking_back<'a>() -> Route<'a> {
    let pattern = "(^|/)[.][.]?(/|$)".to_owned();
    let vars_regexp = BTreeMap::from([("{http.request.uri.path}", VarsRegexp { pattern })]);
    Route::new(
        Match {
            vars_regexp,
            ..Match::default()
        },
        vec![Handler::answer(400)],
    )
}

fn forget_earlier_hops<'a>(trusted: &[String]) -> Route<'a> {
    let request = HeaderOps {
        delete: SPOOFABLE.map(str::to_owned).to_vec(),
        ..HeaderOps::default()
    };
    let route = Route::new(
        match trusted {
            [] => Match::default(),
            _ => Match::not(Match::remote(trusted.to_vec())),
        },
        vec![Handler::Headers(Headers {
            request: Some(request),
            response: None,
        })],
    );
    Route {
        terminal: false,
        ..route
    }
}

fn to_https<'a>(config: &ProxyConfig) -> Handler<'a> {
    let port = config
        .ports(true)
        .first()
        .filter(|port| **port != 443)
        .map_or_else(String::new, |port| format!(":{port}"));
    Handler::redirect(
        308,
        format!("https://{{http.request.host}}{port}{{http.request.uri}}"),
    )
}

/// Sites with the hosts they are tried for: all literal hosts before any wildcard.
fn by_precedence<'e, 'a>(entries: &'e [Entry<'a>]) -> Vec<(&'e Entry<'a>, Vec<&'a Host>)> {
    let of_kind = |wild: bool| {
        entries.iter().map(move |entry| {
            (
                entry,
                entry
                    .hosts
                    .iter()
                    .copied()
                    .filter(|host| host.wildcard().is_some() == wild)
                    .collect::<Vec<_>>(),
            )
        })
    };
    of_kind(false)
        .chain(of_kind(true))
        .filter(|(_, hosts)| !hosts.is_empty())
        .collect()
}

fn site<'a>(config: &'a ProxyConfig, entry: &Entry<'a>, hosts: Vec<&'a Host>) -> Route<'a> {
    let mut routes: Vec<Route<'a>> = entry
        .rules
        .iter()
        .map(|numbered| {
            let path = &numbered.rule.path;
            let steps = match &numbered.rule.action {
                Action::Redirect(redirect) => self::redirect(path, redirect)
                    .into_iter()
                    .map(Step::Known)
                    .collect(),
                Action::Forward(forward) => forward::steps(config, path, forward),
            };
            Route {
                handle: steps,
                ..Route::new(paths(path), Vec::new())
            }
        })
        .collect();
    routes.push(Route::new(Match::default(), vec![Handler::answer(404)]));
    Route::new(Match::hosts(hosts), vec![Handler::Subroute { routes }])
}

/// Not Caddy's own path matcher, which does not tell capitals from small letters.
fn paths<'a>(path: &PathMatch) -> Match<'a> {
    let pattern = match path {
        PathMatch::Exact(path) => format!("^{}$", literally(path.plain())),
        PathMatch::Prefix(path) if path.plain_stem().is_empty() => return Match::default(),
        PathMatch::Prefix(path) => format!("^{}(/|$)", literally(path.plain_stem())),
    };
    Match {
        path_regexp: Some(PathRegexp { pattern }),
        ..Match::default()
    }
}

fn literally(text: &str) -> String {
    let mut expression = String::with_capacity(text.len());
    for c in text.chars() {
        if ".*+?()[]{}^$|\\".contains(c) {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression
}

fn redirect<'a>(path: &PathMatch, redirect: &Redirect) -> Vec<Handler<'a>> {
    let origin = redirect.to.origin.as_deref().unwrap_or_default();
    let location = format!("{origin}{{http.request.uri}}");
    vec![
        rewritten(path, &redirect.to.path),
        Handler::redirect(redirect.status.code(), location),
    ]
}

/// Puts `to` in the place of what the rule matched.
fn rewritten<'a>(path: &PathMatch, to: &Path) -> Handler<'a> {
    match path {
        PathMatch::Exact(_) => Handler::replace_path("^.*$".to_owned(), to.escaped()),
        PathMatch::Prefix(from) if to.stem().is_empty() => stripped(from.segments()),
        PathMatch::Prefix(from) => {
            Handler::replace_path(format!("^(?:/+[^/]+){{{}}}", from.segments()), to.stem())
        }
    }
}

fn stripped<'a>(segments: usize) -> Handler<'a> {
    Handler::replace_path(format!("^(?:/+[^/]+){{{segments}}}/*"), "/")
}

impl Handler<'_> {
    fn answer(status_code: u16) -> Self {
        Self::StaticResponse {
            status_code,
            headers: BTreeMap::new(),
        }
    }

    fn redirect(status_code: u16, location: String) -> Self {
        Self::StaticResponse {
            status_code,
            headers: BTreeMap::from([("Location".to_owned(), vec![location])]),
        }
    }

    fn replace_path(find: String, replace: &str) -> Self {
        Self::Rewrite {
            path_regexp: vec![Replace {
                find,
                replace: replace.replace('$', "$$"),
            }],
        }
    }
}
