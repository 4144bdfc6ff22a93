//! Traefik: a dynamic config for its file provider, and its static config as command line arguments.
//!
//! Traefik cannot check a config and drops a router with an unknown field, so the field names here are
//! held against a list of the documented ones in the tests. It looks a service's name up when it opens
//! a connection and knows nothing of replicas: all it has are `tasks.NAME` and connections it keeps.

mod middleware;
mod yaml;

use serde_json::{Map, Value, json};

use super::model::{Action, Forward, LogFormat, PathMatch, ProxyConfig, SiteTls};
use super::path::Path;
use super::table::{Entry, Numbered, Plain, entries};
use super::value::Host;
use super::{File, Rendered};
use middleware::Chain;

const CONFIG: &str = "/etc/traefik/dynamic/traefik.yml";

pub(super) fn render(config: &ProxyConfig) -> Rendered {
    let mut tree = tree(config);
    for raw in &config.raw {
        merge(&mut tree, raw.json());
    }
    let head = format!(
        "# Rendered by Skep for the gateway {}. Edits made here are lost.\n\n",
        config.name
    );
    Rendered {
        files: vec![File {
            name: "traefik.yml",
            target: CONFIG,
            text: head + &yaml::write(&tree),
        }],
        command: arguments(config),
        extension: "yml",
    }
}

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

/// The static config. It holds the listens, so a change there restarts the gateway, as it has to.
fn arguments(config: &ProxyConfig) -> Vec<String> {
    let mut arguments = vec![
        "traefik".to_owned(),
        "--global.checkNewVersion=false".to_owned(),
        "--global.sendAnonymousUsage=false".to_owned(),
        format!("--providers.file.filename={CONFIG}"),
        "--providers.file.watch=true".to_owned(),
    ];
    let trusted: Vec<String> = config
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    for listen in &config.listens {
        let name = entry_point(listen.port.get());
        arguments.push(format!("--entryPoints.{name}.address=:{}", listen.port));
        if !trusted.is_empty() {
            arguments.push(format!(
                "--entryPoints.{name}.forwardedHeaders.trustedIPs={}",
                trusted.join(",")
            ));
        }
    }
    let log = match config.access_log {
        None => &[][..],
        Some(LogFormat::Text) => &["--accessLog=true"],
        Some(LogFormat::Json) => &["--accessLog=true", "--accessLog.format=json"],
    };
    arguments.extend(log.iter().map(|argument| (*argument).to_owned()));
    arguments
}

fn entry_point(port: u16) -> String {
    format!("port{port}")
}

/// The parts of a config while it grows.
#[derive(Default)]
struct Parts {
    routers: Map<String, Value>,
    middlewares: Map<String, Value>,
    services: Map<String, Value>,
    transports: Map<String, Value>,
}

fn tree(config: &ProxyConfig) -> Value {
    let entries = entries(config);
    let mut parts = Parts::default();
    for entry in &entries {
        site(config, &entries, entry, &mut parts);
    }
    let mut http = Map::new();
    let Parts {
        routers,
        middlewares,
        services,
        transports,
    } = parts;
    let all = [
        ("routers", routers),
        ("middlewares", middlewares),
        ("services", services),
        ("serversTransports", transports),
    ];
    http.extend(
        all.into_iter()
            .filter(|(_, part)| !part.is_empty())
            .map(|(name, part)| (name.to_owned(), part.into())),
    );
    let mut root = Map::new();
    if !http.is_empty() {
        root.insert("http".to_owned(), http.into());
    }
    root.extend(tls(config, &entries).map(|tls| ("tls".to_owned(), tls)));
    root.into()
}

fn tls(config: &ProxyConfig, entries: &[Entry<'_>]) -> Option<Value> {
    if config.ports(true).is_empty() {
        return None;
    }
    let certificates: Vec<Value> = entries
        .iter()
        .filter_map(|entry| match &entry.site.tls {
            SiteTls::Files { cert, key } => {
                Some(json!({ "certFile": cert.as_str(), "keyFile": key.as_str() }))
            }
            SiteTls::Off | SiteTls::Auto => None,
        })
        .collect();
    let options = json!({ "default": { "minVersion": "VersionTLS12", "sniStrict": true } });
    Some(match certificates.as_slice() {
        [] => json!({ "options": options }),
        _ => json!({ "certificates": certificates, "options": options }),
    })
}

fn site(config: &ProxyConfig, all: &[Entry<'_>], entry: &Entry<'_>, parts: &mut Parts) {
    let hosts = hosts(all, entry);
    let plain = entry_points(config, false);
    let secure = entry_points(config, true);
    let serves_plain = !plain.is_empty() && entry.plain() == Plain::Serve;
    let serves_tls = !secure.is_empty() && matches!(entry.site.tls, SiteTls::Files { .. });
    if !plain.is_empty() && entry.plain() == Plain::Redirect {
        to_https(config, entry, &hosts, &plain, parts);
    }
    for (place, numbered) in entry.rules.iter().rev().enumerate() {
        let name = format!("site{}-rule{}", entry.number, numbered.number);
        let mut router = router(config, *numbered, &name, parts);
        router.insert(
            "rule".to_owned(),
            format!("{hosts}{}", paths(&numbered.rule.path)).into(),
        );
        router.insert("priority".to_owned(), (place + 1).into());
        if serves_plain {
            parts
                .routers
                .insert(name.clone(), with_entry_points(&router, &plain, false));
        }
        if serves_tls {
            parts.routers.insert(
                format!("{name}-tls"),
                with_entry_points(&router, &secure, true),
            );
        }
    }
}

fn entry_points(config: &ProxyConfig, tls: bool) -> Vec<String> {
    config.ports(tls).into_iter().map(entry_point).collect()
}

fn with_entry_points(router: &Map<String, Value>, entry_points: &[String], tls: bool) -> Value {
    let mut router = router.clone();
    router.insert("entryPoints".to_owned(), entry_points.into());
    if tls {
        router.insert("tls".to_owned(), json!({}));
    }
    router.into()
}

fn to_https(
    config: &ProxyConfig,
    entry: &Entry<'_>,
    hosts: &str,
    entry_points: &[String],
    parts: &mut Parts,
) {
    let name = format!("site{}-https", entry.number);
    let mut scheme = json!({ "scheme": "https", "permanent": true });
    if let Some(port) = config.ports(true).first().filter(|port| **port != 443) {
        scheme["port"] = port.to_string().into();
    }
    parts
        .middlewares
        .insert(name.clone(), json!({ "redirectScheme": scheme }));
    let router = json!({
        "entryPoints": entry_points, "middlewares": [name], "rule": hosts, "priority": 1, "service": "noop@internal",
    });
    parts.routers.insert(name, router);
}

/// Fits the site's hosts. A wildcard is one label, and leaves out the hosts that another site names in full.
fn hosts(all: &[Entry<'_>], entry: &Entry<'_>) -> String {
    let literal = all
        .iter()
        .flat_map(|other| &other.hosts)
        .filter(|host| host.wildcard().is_none());
    let literal: Vec<&Host> = literal
        .copied()
        .filter(|host| !entry.hosts.contains(host))
        .collect();
    let rules: Vec<String> = entry
        .hosts
        .iter()
        .map(|host| self::host(host, &literal))
        .collect();
    match rules.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" || ")),
    }
}

fn host(host: &Host, literal: &[&Host]) -> String {
    let Some(rest) = host.wildcard() else {
        return format!("Host({})", quoted(host.as_str()));
    };
    let expression = format!("^[^.]+[.]{}$", rest.replace('.', "[.]"));
    let mut rule = format!("HostRegexp({})", quoted(&expression));
    let below = |other: &&&Host| {
        other
            .as_str()
            .split_once('.')
            .is_some_and(|(_, parent)| parent == rest)
    };
    for other in literal.iter().filter(below) {
        rule = format!("{rule} && !Host({})", quoted(other.as_str()));
    }
    if rule.contains("&&") {
        format!("({rule})")
    } else {
        rule
    }
}

fn paths(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => format!(" && Path({})", quoted(&routed(path.plain()))),
        PathMatch::Prefix(path) => match path.plain_stem() {
            "" => String::new(),
            stem => {
                let stem = routed(stem);
                format!(
                    " && (Path({}) || PathPrefix({}))",
                    quoted(&stem),
                    quoted(&format!("{stem}/"))
                )
            }
        },
    }
}

/// The form in which Traefik compares paths: escapes of reserved characters stay.
fn routed(plain: &str) -> String {
    plain.replace('[', "%5B").replace(']', "%5D")
}

/// A string of Traefik's rule language, which reads Go's.
fn quoted(text: &str) -> String {
    if text.contains('`') {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("`{text}`")
    }
}

fn router(
    config: &ProxyConfig,
    numbered: Numbered<'_>,
    name: &str,
    parts: &mut Parts,
) -> Map<String, Value> {
    let Numbered { rule, .. } = numbered;
    let mut chain = Chain::new(name, &mut parts.middlewares);
    let service = match &rule.action {
        Action::Redirect(redirect) => {
            chain.redirect(&rule.path, redirect);
            "noop@internal".to_owned()
        }
        Action::Forward(forward) => {
            chain.forward(config, &rule.path, forward);
            name.to_owned()
        }
    };
    let names = chain.names;
    if let Action::Forward(forward) = &rule.action {
        services(name, forward, parts);
    }
    let mut router = Map::new();
    if !names.is_empty() {
        router.insert("middlewares".to_owned(), names.into());
    }
    router.insert("service".to_owned(), service.into());
    router
}

fn services(name: &str, forward: &Forward, parts: &mut Parts) {
    let upstreams = forward.upstreams.as_slice();
    let mut weighted = Vec::new();
    for (index, upstream) in upstreams.iter().enumerate() {
        let own = if upstreams.len() == 1 {
            name.to_owned()
        } else {
            format!("{name}-share{}", index + 1)
        };
        let url = format!("http://{}:{}", upstream.name, upstream.port);
        let balancer = json!({ "servers": [{ "url": url }], "serversTransport": name });
        parts
            .services
            .insert(own.clone(), json!({ "loadBalancer": balancer }));
        weighted.push(json!({ "name": own, "weight": upstream.weight.get() }));
    }
    if upstreams.len() > 1 {
        parts.services.insert(
            name.to_owned(),
            json!({ "weighted": { "services": weighted } }),
        );
    }
    let timeouts = json!({
        "dialTimeout": forward.connect_timeout().to_string(),
        "responseHeaderTimeout": forward.timeout().to_string(),
    });
    parts
        .transports
        .insert(name.to_owned(), json!({ "forwardingTimeouts": timeouts }));
}

/// The expression that fits exactly this text.
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

/// A text as the replacement of a regular expression.
fn replacement(path: &Path) -> String {
    path.stem().replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_quote_what_would_end_their_strings() {
        assert_eq!(quoted("/a\"b\\"), "`/a\"b\\`");
        assert_eq!(quoted("/a`\"\\b"), "\"/a`\\\"\\\\b\"");
    }
}
