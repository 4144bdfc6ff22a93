//! Which site and which rule a request belongs to: one order for every renderer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::model::{Action, Forward, PathMatch, ProxyConfig, Rule, Site, SiteTls};
use super::value::Host;

/// A site with what is left of it when earlier ones have taken their hosts.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) site: &'a Site,
    /// Its place among the sites, from 1, for names in the config.
    pub(super) number: usize,
    pub(super) hosts: Vec<&'a Host>,
    /// Its rules, the first that fits being the right one.
    pub(super) rules: Vec<Numbered<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered<'a> {
    /// Its place among the rules of its site, from 1.
    pub(super) number: usize,
    pub(super) rule: &'a Rule,
}

impl<'a> Entry<'a> {
    pub(super) fn forwards(&self) -> impl Iterator<Item = (usize, &'a PathMatch, &'a Forward)> {
        self.rules
            .iter()
            .filter_map(|numbered| match &numbered.rule.action {
                Action::Forward(forward) => {
                    Some((numbered.number, &numbered.rule.path, &**forward))
                }
                Action::Redirect(_) => None,
            })
    }

    /// What plain listens do for it.
    pub(super) fn plain(&self) -> Plain {
        match (&self.site.tls, self.site.redirect_https) {
            (SiteTls::Auto | SiteTls::Files { .. }, true) => Plain::Redirect,
            (SiteTls::Off, _) | (SiteTls::Auto | SiteTls::Files { .. }, false) => Plain::Serve,
        }
    }

    pub(super) fn has_tls(&self) -> bool {
        self.site.tls != SiteTls::Off
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Serve,
    Redirect,
}

pub(super) fn entries(config: &ProxyConfig) -> Vec<Entry<'_>> {
    let mut taken = BTreeSet::new();
    let mut entries = Vec::new();
    for (index, site) in config.sites.iter().enumerate() {
        let hosts: Vec<&Host> = site
            .hosts
            .iter()
            .filter(|host| taken.insert(*host))
            .collect();
        if !hosts.is_empty() {
            entries.push(Entry {
                site,
                number: index + 1,
                hosts,
                rules: precedence(&site.rules),
            });
        }
    }
    entries
}

/// Exact matches first, then prefixes with the longest in front; of equal matches only the first.
fn precedence(rules: &[Rule]) -> Vec<Numbered<'_>> {
    let mut seen = BTreeSet::new();
    let mut ordered: Vec<Numbered<'_>> = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| seen.insert(key(&rule.path)))
        .map(|(index, rule)| Numbered {
            number: index + 1,
            rule,
        })
        .collect();
    ordered.sort_by_key(|numbered| match &numbered.rule.path {
        PathMatch::Exact(_) => (0, Reverse(0)),
        PathMatch::Prefix(path) => (1, Reverse(path.plain_stem().len())),
    });
    ordered
}

/// Equal for matches that fit the same paths: a slash at the end of a prefix says nothing.
fn key(path: &PathMatch) -> (bool, &str) {
    match path {
        PathMatch::Exact(path) => (true, path.plain()),
        PathMatch::Prefix(path) => (false, path.plain_stem()),
    }
}

/// Two places that claim the same requests; the first of them is the one that is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// A host of two sites, given by their indices.
    Host {
        host: Host,
        first: usize,
        second: usize,
    },
    /// Two rules of one site with the same match, given by their indices.
    Rule {
        site: usize,
        first: usize,
        second: usize,
    },
}

/// Everything that is claimed twice, in the order of the spec.
pub fn clashes(config: &ProxyConfig) -> Vec<Clash> {
    let mut owners: BTreeMap<&Host, usize> = BTreeMap::new();
    let mut clashes = Vec::new();
    for (second, site) in config.sites.iter().enumerate() {
        for host in &site.hosts {
            match owners.get(host) {
                Some(&first) if first != second => clashes.push(Clash::Host {
                    host: host.clone(),
                    first,
                    second,
                }),
                Some(_) => {}
                None => drop(owners.insert(host, second)),
            }
        }
        clashes.extend(equal_matches(second, &site.rules));
    }
    clashes
}

fn equal_matches(site: usize, rules: &[Rule]) -> Vec<Clash> {
    let mut seen = BTreeMap::new();
    let mut clashes = Vec::new();
    for (second, rule) in rules.iter().enumerate() {
        match seen.get(&key(&rule.path)) {
            Some(&first) => clashes.push(Clash::Rule {
                site,
                first,
                second,
            }),
            None => drop(seen.insert(key(&rule.path), second)),
        }
    }
    clashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::model::{Proxy, Redirect, RedirectStatus};
    use crate::proxy::path::{Location, Path};
    use crate::proxy::value::Name;

    fn site(hosts: &str, rules: &[PathMatch]) -> Site {
        let to = Location::parse("/").unwrap();
        let action = Action::Redirect(Redirect {
            to,
            status: RedirectStatus::Found,
        });
        Site {
            hosts: hosts
                .split_whitespace()
                .map(|host| Host::parse(host).unwrap())
                .collect(),
            tls: SiteTls::Off,
            redirect_https: false,
            rules: rules
                .iter()
                .map(|path| Rule {
                    path: path.clone(),
                    action: action.clone(),
                })
                .collect(),
        }
    }

    fn config(sites: Vec<Site>) -> ProxyConfig {
        ProxyConfig {
            sites,
            ..ProxyConfig::new(Proxy::Nginx, Name::parse("edge").unwrap())
        }
    }

    fn exact(path: &str) -> PathMatch {
        PathMatch::Exact(Path::parse(path).unwrap())
    }

    fn prefix(path: &str) -> PathMatch {
        PathMatch::Prefix(Path::parse(path).unwrap())
    }

    #[test]
    fn exact_matches_come_first_and_longer_prefixes_before_shorter_ones() {
        let config = config(vec![site(
            "a.test",
            &[prefix("/"), prefix("/a/b"), exact("/a"), prefix("/a/")],
        )]);
        let numbers: Vec<usize> = entries(&config)[0]
            .rules
            .iter()
            .map(|numbered| numbered.number)
            .collect();
        assert_eq!(numbers, [3, 2, 4, 1]);
    }

    #[test]
    fn what_is_claimed_twice_stays_with_the_first() {
        let config = config(vec![
            site("a.test b.test", &[prefix("/a"), prefix("/a/"), exact("/a")]),
            site("b.test", &[]),
        ]);
        let host = Host::parse("b.test").unwrap();
        assert_eq!(
            clashes(&config),
            [
                Clash::Rule {
                    site: 0,
                    first: 0,
                    second: 1
                },
                Clash::Host {
                    host,
                    first: 0,
                    second: 1
                }
            ]
        );
        assert_eq!(entries(&config).len(), 1);
        assert_eq!(entries(&config)[0].rules.len(), 2);
    }
}
