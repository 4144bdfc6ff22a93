//! How a service is reached, and what it reaches.

use skep_schema::address::Kind;
use skep_schema::plan::{Dns, PublishMode, Service};

use super::Export;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};
use crate::resolve::ENGINE_NETWORKS;

impl Export<'_> {
    pub(super) fn reached(&mut self, about: About<'_>, service: &Service, map: &mut Map) {
        map.put_full("ports", ports(service));
        map.put_full("networks", self.networks(about, service));
        let hosts = service.hosts.iter();
        let hosts = hosts.flat_map(|(name, all)| all.iter().map(move |ip| format!("{name}:{ip}")));
        map.put_full("extra_hosts", hosts.collect::<Vec<_>>());
        let Dns {
            servers,
            search,
            options: _,
        } = &service.dns;
        map.put_full("dns", servers.clone());
        map.put_full("dns_search", search.clone());
    }

    /// Docker adds the key of a service to its aliases by itself.
    fn networks(&mut self, about: About<'_>, service: &Service) -> Map {
        let own = self.key(Kind::Service, &service.name);
        let mut map = Map::default();
        for (network, aliases) in &service.networks {
            let others: Vec<&String> = aliases.iter().filter(|alias| **alias != own).collect();
            let mut settings = Map::default();
            settings.put_full("aliases", others);
            map.put(self.key(Kind::Network, network), settings);
            let of_engine = ENGINE_NETWORKS.contains(&network.as_str());
            if !aliases.contains(&own) && !of_engine {
                self.findings.near(
                    about,
                    &format!("network.{network}.alias"),
                    &format!("docker adds the alias `{own}` by itself"),
                    "",
                );
            }
        }
        map.sort();
        map
    }
}

fn ports(service: &Service) -> Vec<Yaml> {
    let published = service.publish.iter();
    let all = published.map(|(port, to)| {
        let (published, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        let mut map = Map::default();
        map.put("target", to.target);
        let published = published
            .parse::<u16>()
            .map_or_else(|_| published.into(), Yaml::from);
        map.put("published", published);
        map.put("protocol", protocol);
        map.put(
            "mode",
            match to.mode {
                PublishMode::Ingress => "ingress",
                PublishMode::Host => "host",
            },
        );
        Yaml::Map(map)
    });
    all.collect()
}
