//! Labels for proxies as routes, where that is asked for.
//!
//! A service's labels become routes all together or not at all: a router without the middleware that
//! asks for a password would be worse than one that stays a label.

mod caddy;
mod middleware;
mod old;
mod rule;
mod traefik;

use std::collections::BTreeMap;

use skep_schema::span::Span;

use crate::cx::Cx;
use crate::kdl::{Item, Word};
use crate::project::{Names, TakenOut};

/// A label of a service.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// In lower case: proxies take keys in any.
    key: String,
    value: String,
    span: Span,
}

/// One thing a proxy does, as labels say it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    hosts: Vec<String>,
    path: String,
    exact: bool,
    port: String,
    tls: bool,
    /// Plain HTTP is answered with a redirect to HTTPS and nothing else.
    only_redirects: bool,
    /// What stands in the match beside its target.
    children: Vec<Item>,
    span: Option<Span>,
}

/// Why labels stay labels.
#[derive(Debug)]
pub(crate) struct Kept {
    span: Span,
    reason: String,
    next: &'static str,
}

/// What the labels of a service say.
#[derive(Debug, Default)]
pub(crate) struct Understood {
    routers: Vec<Router>,
    /// The network that the proxy shall use, by its name in the swarm.
    network: Option<String>,
    /// Secrets that stood in labels, by the name they get.
    secrets: Vec<(String, Span)>,
    /// What is not quite the same.
    near: Vec<(Span, String)>,
}

/// Takes the labels that routes can say from services, and gives those routes and their gateway.
pub(crate) fn translated(cx: &mut Cx<'_>, services: &mut [Item], names: &mut Names) -> Vec<Item> {
    let mut routes: BTreeMap<Vec<String>, Vec<(String, Router)>> = BTreeMap::new();
    let mut networks: Vec<String> = Vec::new();
    for service in services.iter_mut() {
        let Some(Word::Text(name)) = service.entries.first().map(|entry| entry.value.clone())
        else {
            continue;
        };
        if let Some(message) = cx.unroutable.get(&name).cloned() {
            refused(cx, service, &name, &message);
            continue;
        }
        let Some((understood, taken)) = cx.inside("services", |cx| {
            cx.inside(&name, |cx| {
                cx.inside("labels", |cx| understood(cx, service, &name))
            })
        }) else {
            continue;
        };
        take(service, &taken);
        networks.extend(network_of(service, understood.network.as_deref(), names));
        for (secret, span) in understood.secrets {
            let variable = secret.to_uppercase().replace('-', "_");
            names.taken_out.insert(
                secret,
                TakenOut {
                    variable,
                    span,
                    value: None,
                },
            );
        }
        for router in understood.routers {
            // One variable is another letter in each place.
            let spelled = router.hosts.iter().map(|host| cx.variables.spelled(host));
            let same = routes.entry(spelled.collect()).or_default();
            same.push((name.clone(), router));
        }
    }
    if routes.is_empty() {
        return Vec::new();
    }
    let busy = services.iter().any(publishes_http);
    let tls = routes.values().flatten().any(|(_, router)| router.tls);
    networks.sort();
    networks.dedup();
    if networks.len() > 1 && networks.contains(&"default".to_owned()) {
        names.used.insert(("network", "default".to_owned()));
    }
    let proxy = if tls { "caddy" } else { "traefik" };
    let mut items = vec![gateway(proxy, &networks, tls, busy)];
    items.extend(routes.into_values().map(|routers| route(&routers)));
    items
}

/// Tells that labels stay labels because the compiler refuses their route.
fn refused(cx: &mut Cx<'_>, service: &Item, name: &str, message: &str) {
    let Some(span) = labels_of(service).first().map(|label| label.span) else {
        return;
    };
    let reason = format!("the labels stay labels: {message}");
    let next = "write the route by hand, with a gateway that can do it";
    cx.inside("services", |cx| {
        cx.inside(name, |cx| {
            cx.inside("labels", |cx| cx.dropped(span, reason, next));
        });
    });
}

/// What the labels say, and which of them that is; nothing where one is not understood.
fn understood(cx: &mut Cx<'_>, service: &Item, name: &str) -> Option<(Understood, Vec<String>)> {
    let labels: Vec<Label> = labels_of(service);
    let read = [traefik::read(&labels, name), caddy::read(&labels)];
    let mut whole = Understood::default();
    for part in read {
        match part {
            Ok(part) => {
                whole.routers.extend(part.routers);
                whole.network = whole.network.or(part.network);
                whole.secrets.extend(part.secrets);
                whole.near.extend(part.near);
            }
            Err(kept) => {
                cx.dropped(
                    kept.span,
                    format!("the labels stay labels: {}", kept.reason),
                    kept.next,
                );
                return None;
            }
        }
    }
    if whole.routers.is_empty() {
        return None;
    }
    for (span, reason) in &whole.near {
        cx.near(*span, reason, "look at the route");
    }
    let taken = labels.into_iter().filter(|label| is_proxys(&label.key));
    Some((whole, taken.map(|label| label.key).collect()))
}

fn is_proxys(key: &str) -> bool {
    key.starts_with("traefik.") || caddy::site_of(key).is_some()
}

fn labels_of(service: &Item) -> Vec<Label> {
    let blocks = service
        .children
        .iter()
        .filter(|child| child.name == "labels");
    let all = blocks
        .flat_map(|block| &block.children)
        .filter_map(|label| {
            let Word::Text(value) = &label.entries.first()?.value else {
                return None;
            };
            Some(Label {
                key: label.name.to_lowercase(),
                value: value.clone(),
                span: label.span?,
            })
        });
    all.collect()
}

fn take(service: &mut Item, taken: &[String]) {
    for block in service
        .children
        .iter_mut()
        .filter(|child| child.name == "labels")
    {
        block
            .children
            .retain(|label| !taken.contains(&label.name.to_lowercase()));
    }
    service
        .children
        .retain(|child| child.name != "labels" || !child.children.is_empty());
}

/// The network through which the proxy reaches a service: the one the labels name, or its first.
fn network_of(service: &Item, wanted: Option<&str>, names: &Names) -> Option<String> {
    let joined = service
        .children
        .iter()
        .filter(|child| child.name == "network");
    let joined: Vec<String> = joined
        .filter_map(
            |child| match child.entries.first().map(|entry| &entry.value) {
                Some(Word::Text(name)) => Some(name.clone()),
                Some(Word::Bare(_) | Word::Secret(_)) | None => None,
            },
        )
        .collect();
    let meant = wanted.and_then(|wanted| {
        let ends =
            |name: &&String| wanted == name.as_str() || wanted.ends_with(&format!("_{name}"));
        let physical = names.networks.get(wanted);
        physical
            .filter(|name| joined.contains(name))
            .or_else(|| joined.iter().find(ends))
    });
    meant
        .or(joined.first())
        .cloned()
        .or_else(|| Some("default".to_owned()))
}

fn publishes_http(service: &Item) -> bool {
    let ports = service
        .children
        .iter()
        .filter(|child| child.name == "publish");
    let first = |child: &Item| child.entries.first().map(|entry| entry.value.clone());
    ports
        .filter_map(first)
        .any(|port| matches!(port, Word::Bare(port) if port == "80" || port == "443"))
}

fn gateway(proxy: &str, networks: &[String], tls: bool, busy: bool) -> Item {
    let mut item = Item::made("gateway")
        .arg("public")
        .prop("proxy", proxy)
        .apart();
    // Without a network it joins the default one, which has to be named beside others.
    for network in networks
        .iter()
        .filter(|_| networks.len() > 1 || networks != ["default"])
    {
        item = item.with([Item::made("network").arg(network.clone())]);
    }
    item = item.with([Item::made("listen").bare("80")]);
    if tls {
        item = item.with([Item::made("listen").bare("443").bare("tls")]);
    }
    if busy {
        item = item.with([Item::made("external")]);
        item.notes.push(
            "A service of the stack has the ports, so this only writes a config. Take that service and".to_owned(),
        );
        item.notes
            .push("`external` away together, and the gateway serves the routes itself.".to_owned());
    }
    item
}

/// The route of routers that have the same hosts.
fn route(routers: &[(String, Router)]) -> Item {
    let hosts = routers.first().map(|(_, router)| router.hosts.as_slice());
    let span = routers.iter().find_map(|(_, router)| router.span);
    let mut item = Item::made("route")
        .args(hosts.unwrap_or_default().iter().cloned())
        .apart();
    item.span = span;
    let tls = routers.iter().any(|(_, router)| router.tls);
    if tls {
        item = item.prop("tls", "auto");
        let plain = routers
            .iter()
            .any(|(_, router)| !router.tls && !router.only_redirects);
        if plain {
            item = item.bare_prop("redirect-https", "#false");
        }
    }
    let mut matches: Vec<Item> = Vec::new();
    let chosen = routers.iter().filter(|(_, router)| !tls || router.tls);
    for (service, router) in chosen {
        let mut to = Item::made("to")
            .arg(service.clone())
            .bare_prop("port", router.port.clone());
        to.span = router.span;
        let mut found = Item::made("match").arg(router.path.clone());
        found.span = router.span;
        if router.exact {
            found = found.prop("kind", "exact");
        }
        let found = found.with([to]).with(router.children.clone());
        if !matches.iter().any(|there| there.entries == found.entries) {
            matches.push(found);
        }
    }
    item.with(matches)
}
