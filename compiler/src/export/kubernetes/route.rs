//! Routes of the Gateway API.

use skep_schema::address::{Address, Kind};
use skep_schema::spec::Route;

use super::Export;
use super::filter::{alone, filter};
use super::gateway::{API, Listeners};
use super::rule::status;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

/// So many hosts and rules one object takes.
const MOST: usize = 16;

/// How a route is reached.
struct Way {
    name: String,
    gateway: String,
    has_tls: bool,
    /// From plain HTTP to HTTPS.
    is_sent_on: bool,
}

impl Export<'_> {
    pub(super) fn route(
        &mut self,
        gateway: &Address,
        listeners: &Listeners,
        first: &str,
        route: &Route,
    ) {
        let Route {
            hosts,
            // The one that asks.
            gateway: _,
            tls: _,
            redirect_https,
            matches,
            redirect,
            span: _,
        } = route;
        let address = Address::new(Kind::Route, first);
        let Some(node) = self.plan.nodes.get(&address) else {
            return;
        };
        let about = About {
            address: &address,
            node,
        };
        let hosts: Vec<&str> = hosts.iter().map(|host| host.value.as_str()).collect();
        self.uncertified(about, first, route);
        let mut rules: Vec<Map> = Vec::new();
        for rule in matches {
            rules.push(self.rule(about, rule));
        }
        for redirect in redirect {
            rules.push(self.redirect(about, redirect));
        }
        let has_tls = self.certificate_of(first, route).is_some();
        let way = Way {
            name: self.name_of(Kind::Route, &address),
            gateway: self.name_of(Kind::Gateway, gateway),
            has_tls,
            is_sent_on: has_tls && redirect_https.as_ref().is_none_or(|at| at.value),
        };
        if way.is_sent_on && !listeners.plain.is_empty() {
            let reason = "plain HTTP is sent to HTTPS with 301";
            self.findings.near(about, "redirect-https", reason, "");
        }
        for (at, some) in hosts.chunks(MOST).enumerate() {
            self.served(listeners, &way, some, &rules, at);
        }
    }

    /// Routes for so many hosts as fit into one object.
    fn served(
        &mut self,
        listeners: &Listeners,
        way: &Way,
        hosts: &[&str],
        rules: &[Map],
        at: usize,
    ) {
        let tls: Vec<&String> = hosts
            .iter()
            .filter_map(|host| listeners.tls.get(*host).filter(|_| way.has_tls))
            .flatten()
            .collect();
        let plain: Vec<&String> = listeners.plain.iter().collect();
        let both = plain.iter().chain(&tls).copied().collect();
        let main = if way.is_sent_on { tls } else { both };
        for (part, rules) in rules.chunks(MOST).enumerate() {
            let name = self.part_of(&way.name, at + part);
            self.http_route(&name, &way.gateway, &main, hosts, rules);
        }
        if way.is_sent_on && !plain.is_empty() {
            let wish = format!("{}-to-https", way.name);
            let name = self.names.take_near(Kind::Route, &wish);
            let rule = to_https(listeners.tls_port);
            self.http_route(&name, &way.gateway, &plain, hosts, &[rule]);
        }
    }

    fn uncertified(&mut self, about: About<'_>, first: &str, route: &Route) {
        let is_auto = route.tls.as_ref().is_some_and(|tls| tls.value.0 == "auto");
        if let Some(secret) = self.certificate_of(first, route).filter(|_| is_auto) {
            let reason = "kubernetes gets no certificates by itself";
            let namespace = &self.names.namespace;
            let next = format!(
                "have cert-manager fill the secret `{secret}`, or kubectl create secret tls {secret} -n {namespace} --cert=FILE --key=FILE"
            );
            self.findings.near(about, "tls", reason, &next);
        }
    }

    /// The name of a route, of which one object may not be enough.
    fn part_of(&mut self, name: &str, part: usize) -> String {
        if part == 0 {
            name.to_owned()
        } else {
            self.names.take_near(Kind::Route, name)
        }
    }

    fn http_route(
        &mut self,
        name: &str,
        gateway: &str,
        listeners: &[&String],
        hosts: &[&str],
        rules: &[Map],
    ) {
        let parent = |listener: Option<&String>| {
            let mut map = Map::default();
            map.put("name", gateway);
            map.put_some("sectionName", listener);
            Yaml::Map(map)
        };
        let parents: Vec<Yaml> = if listeners.is_empty() {
            vec![parent(None)]
        } else {
            listeners.iter().map(|name| parent(Some(name))).collect()
        };
        let mut spec = Map::default();
        spec.put("parentRefs", parents);
        spec.put("hostnames", hosts.to_vec());
        spec.put("rules", rules.to_vec());
        let mut map = self.object(API, "HTTPRoute", name);
        map.put("spec", spec);
        self.objects.push(map);
    }
}

fn to_https(port: Option<u16>) -> Map {
    let mut to = Map::default();
    to.put("scheme", "https");
    to.put_some("port", port.filter(|port| *port != 443));
    to.put("statusCode", status(301).0);
    alone(filter("RequestRedirect", "requestRedirect", to))
}
