//! What is wrong with a gateway's routes taken together.

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Used;
use skep_schema::spec::{Declared, Route};

use crate::context::point_at;
use crate::lower::Lower;
use crate::lower::route::Places;
use crate::proxy::{self, ProxyConfig};

impl<'s> Lower<'s, '_, '_> {
    pub(super) fn report_clashes(&mut self, config: &ProxyConfig, places: &[Places]) {
        for clash in proxy::clashes(config) {
            // Hosts were shared out before, so only rules are left to clash.
            let proxy::Clash::Rule {
                site,
                first,
                second,
            } = clash
            else {
                continue;
            };
            let rules = &places[site].rules;
            let path = config.sites[site].rules[second].path.path();
            let message = format!(
                "`{path}` of `{}` is claimed twice",
                config.sites[site].hosts[0]
            );
            let fresh = places[..site]
                .iter()
                .all(|earlier| !earlier.rules.contains(&rules[second]));
            if fresh {
                self.error(
                    Diagnostic::new(Code::SameMatch, rules[second], message)
                        .label("again here")
                        .and(rules[first], "first here")
                        .help("keep one, or give one a longer path or kind=exact"),
                );
            }
        }
    }

    pub(super) fn report_unsupported(&mut self, config: &ProxyConfig, places: &[Places]) {
        let mut told = BTreeSet::new();
        for missing in proxy::unsupported(config) {
            let places = &places[missing.site];
            let span = missing.rule.map_or(places.tls, |rule| places.rules[rule]);
            let message = format!("{} cannot do {}", config.proxy, missing.feature);
            let able: Vec<&str> = missing.able.iter().map(|proxy| proxy.as_str()).collect();
            let others = if able.is_empty() {
                "no proxy can".to_owned()
            } else {
                format!("{} can", able.join(", "))
            };
            let uses = self.uses_of(&config.sites[missing.site].hosts[0].to_string());
            if told.insert((span, message.clone(), uses)) {
                let mut diagnostic = Diagnostic::new(Code::ProxyCannot, span, message)
                    .help(format!("{}; {others}", missing.feature.why(config.proxy)));
                point_at(&mut diagnostic, uses);
                self.error(diagnostic);
            }
        }
    }

    /// The uses of components that led to the route of a host.
    fn uses_of(&self, host: &str) -> &'s [Used] {
        let has_host = |route: &&Declared<Route>| {
            let mut hosts = route.node.hosts.iter();
            hosts.any(|own| own.value.as_str() == host)
        };
        let route = self.spec.routes.values().find(has_host);
        route.map_or(&[], |route| route.uses.as_slice())
    }
}
