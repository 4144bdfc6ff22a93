//! Labels of caddy-docker-proxy.

use std::collections::BTreeMap;

use super::{Kept, Label, Router, Understood};
use crate::kdl::Item;

pub(super) fn read(labels: &[Label]) -> Result<Understood, Kept> {
    let mut sites: BTreeMap<&str, Vec<(&str, &Label)>> = BTreeMap::new();
    for label in labels {
        if let Some((site, word)) = site_of(&label.key) {
            sites.entry(site).or_default().push((word, label));
        }
    }
    let mut understood = Understood::default();
    for words in sites.values() {
        understood.routers.push(site(words)?);
    }
    Ok(understood)
}

/// The site a label belongs to, `caddy` or `caddy_1`, and the rest of its key.
pub(super) fn site_of(key: &str) -> Option<(&str, &str)> {
    let (site, word) = key.split_once('.').unwrap_or((key, ""));
    let number = site.strip_prefix("caddy_");
    let numbered = number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    (site == "caddy" || numbered).then_some((site, word))
}

fn site(words: &[(&str, &Label)]) -> Result<Router, Kept> {
    let mut router = Router {
        tls: true,
        path: "/".to_owned(),
        ..Router::default()
    };
    for (word, label) in words {
        match *word {
            "" => hosts(label, &mut router)?,
            "reverse_proxy" => upstream(label, &mut router)?,
            "encode" => router.children.push(Item::new("compress", label.span())),
            _ => return Err(label.kept("no route says this")),
        }
    }
    match words.first() {
        Some((_, label)) if router.hosts.is_empty() || router.port.is_empty() => {
            Err(label.kept("a site needs a host and `reverse_proxy {{upstreams PORT}}`"))
        }
        Some(_) | None => Ok(router),
    }
}

fn hosts(label: &Label, router: &mut Router) -> Result<(), Kept> {
    for host in label
        .value
        .split([',', ' '])
        .filter(|host| !host.is_empty())
    {
        let plain = host.strip_prefix("http://");
        router.tls &= plain.is_none();
        let host = plain
            .or_else(|| host.strip_prefix("https://"))
            .unwrap_or(host);
        if host.contains(['/', ':', '(']) {
            return Err(label.kept("a route knows names of hosts"));
        }
        router.hosts.push(host.to_owned());
    }
    router.span = Some(label.span());
    Ok(())
}

/// `{{upstreams 8080}}`, with a path such as `/api/*` before it.
fn upstream(label: &Label, router: &mut Router) -> Result<(), Kept> {
    let (before, rest) = label.value.split_once("{{").unwrap_or((&label.value, ""));
    let inside = rest.split_once("}}").map(|(inside, _)| inside.trim());
    let port = match inside.and_then(|inside| inside.strip_prefix("upstreams")) {
        Some("") => "80",
        Some(port) => port.trim(),
        None => return Err(label.kept("only `{{upstreams PORT}}` says where it leads")),
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(label.kept("only `{{upstreams PORT}}` says where it leads"));
    }
    port.clone_into(&mut router.port);
    match before.trim() {
        "" | "*" | "/*" => {}
        path => match path.strip_suffix("/*") {
            Some(path) if path.starts_with('/') => path.clone_into(&mut router.path),
            Some(_) | None if path.starts_with('/') && !path.contains('*') => {
                path.clone_into(&mut router.path);
                router.exact = true;
            }
            Some(_) | None => return Err(label.kept("a route knows a path or a prefix")),
        },
    }
    Ok(())
}
