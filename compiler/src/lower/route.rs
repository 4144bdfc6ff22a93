//! Routes as the sites of a proxy: spec values become values that a config can hold.

mod features;
mod fit;
mod rule;
mod tls;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Address;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;
use skep_schema::spec::{self, Declared, Gateway, Route};

use super::Lower;
use super::plain::value;
use crate::proxy::{Host, Proxy, Rule, Site, SiteTls};
use tls::tls_place;

/// The sites of one gateway, where they were written, and the secrets they need as files.
#[derive(Debug, Default)]
pub(super) struct Routed {
    pub(super) sites: Vec<Site>,
    /// As many as there are sites.
    pub(super) places: Vec<Places>,
    /// Path in the proxy's container to the secret that lies there.
    pub(super) secrets: BTreeMap<String, Address>,
}

/// Where a site was written.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) tls: Span,
    /// As many as the site has rules.
    pub(super) rules: Vec<Span>,
}

/// One route, understood.
struct Part {
    tls: SiteTls,
    tls_place: Span,
    redirect_https: bool,
    rules: Vec<(Rule, Span)>,
}

pub(crate) fn proxy_of(gateway: &Gateway) -> Proxy {
    proxy(gateway.proxy.value)
}

fn proxy(proxy: spec::Proxy) -> Proxy {
    match proxy {
        spec::Proxy::Caddy => Proxy::Caddy,
        spec::Proxy::Nginx => Proxy::Nginx,
        spec::Proxy::Haproxy => Proxy::Haproxy,
        spec::Proxy::Traefik => Proxy::Traefik,
    }
}
impl Lower<'_, '_, '_> {
    /// Hosts that the same routes speak of become one site, with the matches of all these routes.
    pub(super) fn sites(
        &mut self,
        gateway: &Declared<Gateway>,
        routes: &[&Declared<Route>],
    ) -> Routed {
        let mut all = Routed::default();
        let mut parts: Vec<Part> = Vec::new();
        for route in routes {
            self.within(route, |lower| {
                lower.partial |= gateway.partial;
                parts.push(lower.route(gateway, &route.node, &mut all));
            });
        }
        for (numbers, hosts) in self.hosts(routes) {
            let [first, ..] = numbers.as_slice() else {
                continue;
            };
            let first = &parts[*first];
            for other in numbers
                .iter()
                .map(|number| &parts[*number])
                .filter(|other| other.tls != first.tls)
            {
                self.report_disagreement(&hosts[0], first, other);
            }
            let mut rules: Vec<(Rule, Span)> = numbers
                .iter()
                .flat_map(|number| &parts[*number].rules)
                .cloned()
                .collect();
            rules.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
            let (rules, places) = rules.into_iter().unzip();
            all.sites.push(Site {
                hosts,
                tls: first.tls.clone(),
                redirect_https: first.redirect_https,
                rules,
            });
            all.places.push(Places {
                tls: first.tls_place,
                rules: places,
            });
        }
        all
    }

    /// The routes that speak of a host, by number, and all hosts of which the same routes speak.
    fn hosts(&mut self, routes: &[&Declared<Route>]) -> BTreeMap<Vec<usize>, Vec<Host>> {
        let mut speakers: BTreeMap<Host, BTreeSet<usize>> = BTreeMap::new();
        for (number, route) in routes.iter().enumerate() {
            for host in &route.node.hosts {
                if let Some(host) =
                    self.fit(Host::parse(host.value.as_str()), &host.value, host.span)
                {
                    speakers.entry(host).or_default().insert(number);
                }
            }
        }
        let mut groups: BTreeMap<Vec<usize>, Vec<Host>> = BTreeMap::new();
        for (host, numbers) in speakers {
            groups
                .entry(numbers.into_iter().collect())
                .or_default()
                .push(host);
        }
        groups
    }

    fn report_disagreement(&mut self, host: &Host, first: &Part, other: &Part) {
        self.error(
            Diagnostic::new(
                Code::SameMatch,
                other.tls_place,
                format!("two routes for `{host}` disagree about `tls`"),
            )
            .and(first.tls_place, "the other one")
            .help("a host has one certificate: write the same `tls` in both"),
        );
    }

    fn route(&mut self, gateway: &Declared<Gateway>, route: &Route, into: &mut Routed) -> Part {
        let tls = self.tls(gateway, route, into);
        let mut rules = Vec::new();
        for rule in &route.matches {
            let forward = self.forward(gateway, rule, into);
            rules.extend(forward.map(|forward| (forward, rule.span)));
        }
        for redirect in &route.redirect {
            rules.extend(
                self.redirect(redirect, proxy_of(&gateway.node))
                    .map(|rule| (rule, redirect.span)),
            );
        }
        self.check_listener(gateway, route, &tls);
        Part {
            tls,
            tls_place: tls_place(route),
            redirect_https: value(route.redirect_https.as_ref()).unwrap_or(true),
            rules,
        }
    }
}
