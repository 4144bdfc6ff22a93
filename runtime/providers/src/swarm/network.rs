//! Networks: read, and made so that they work.

use std::collections::BTreeSet;
use std::time::Duration;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use skep_engine::provider::ProviderError;
use skep_schema::address::Address;
use skep_schema::plan::{Network, PoolRange};

use super::fault::Fault;
use super::http::{Ask, of_bollard};
use super::labels::{self, Labels};
use super::{Swarm, rejected, wire};

const OVERLAY: &str = "overlay";
const ENCRYPTED: &str = "encrypted";
/// The allocator's own notes, such as the VXLAN ids.
const ALLOCATED: &str = "com.docker.network.driver.overlay.vxlanid_list";
/// `auto` where no subnet was asked for, because what the engine chose looks the same.
const SUBNETS: &str = "skep.subnets";

/// How long the allocator may take.
const ALLOCATION: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn read(network: &wire::Network) -> Network {
    let chosen = network
        .labels
        .get(SUBNETS)
        .is_some_and(|subnets| subnets == "auto");
    let range = |range: &wire::PoolRange| PoolRange {
        subnet: range.subnet.clone(),
        gateway: (!range.gateway.is_empty()).then(|| range.gateway.clone()),
    };
    let mut options = network.options.clone();
    options.remove(ALLOCATED);
    let encrypted = options
        .remove(ENCRYPTED)
        .is_some_and(|value| value != "false");
    Network {
        name: network.name.clone(),
        driver: network.driver.clone(),
        internal: network.internal,
        attachable: network.attachable,
        encrypted,
        subnets: if chosen {
            BTreeSet::new()
        } else {
            network.ipam.config.iter().map(range).collect()
        },
        options,
        labels: labels::theirs(&network.labels),
        external: false,
    }
}

/// The engine names a gateway where the plan leaves it to the engine.
pub(crate) fn spelled_like(seen: Network, wanted: &Network) -> Network {
    let open = |range: &PoolRange| {
        let left = wanted
            .subnets
            .iter()
            .any(|w| w.subnet == range.subnet && w.gateway.is_none());
        PoolRange {
            gateway: range.gateway.clone().filter(|_| !left),
            ..range.clone()
        }
    };
    let driver = if wanted.driver.is_empty() && seen.driver == OVERLAY {
        String::new()
    } else {
        seen.driver
    };
    Network {
        subnets: seen.subnets.iter().map(open).collect(),
        driver,
        ..seen
    }
}

impl Swarm {
    /// Makes a network. One whose subnet overlaps another is taken by the engine and never works,
    /// so it is removed again and refused.
    pub(crate) async fn create_network(
        &self,
        address: &Address,
        network: &Network,
        labels: Labels,
    ) -> Result<(), Fault> {
        let made = self
            .docker
            .create_network(request(network, labels))
            .await
            .map_err(of_bollard)?;
        if network.driver.is_empty() || network.driver == OVERLAY {
            let works = self.wait_for_addresses(&made.id).await?;
            if !works {
                self.docker
                    .remove_network(&made.id)
                    .await
                    .map_err(of_bollard)?;
                return Err(overlaps(address, network));
            }
        }
        Ok(())
    }

    async fn wait_for_addresses(&self, id: &str) -> Result<bool, Fault> {
        let deadline = tokio::time::Instant::now() + ALLOCATION;
        loop {
            let ask = Ask::get(format!("/networks/{id}")).query("scope", "swarm");
            let network: wire::Network = self.http.json(ask).await?;
            let has_ids = network.options.contains_key(ALLOCATED);
            if has_ids && !network.ipam.config.is_empty() {
                return Ok(true);
            }
            if tokio::time::Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn overlaps(address: &Address, network: &Network) -> Fault {
    let subnets: Vec<&str> = network
        .subnets
        .iter()
        .map(|range| range.subnet.as_str())
        .collect();
    let message = match subnets.as_slice() {
        [] => format!("the engine has no addresses left for {address}"),
        [..] => format!(
            "the engine gives {address} no addresses: `{}` overlaps another network of the swarm",
            subnets.join("`, `")
        ),
    };
    Fault::Refused(super::fault::Refusal {
        status: 400,
        message,
    })
}

fn request(network: &Network, mut labels: Labels) -> NetworkCreateRequest {
    let Network {
        name,
        driver,
        internal,
        attachable,
        encrypted,
        subnets,
        options,
        labels: own,
        external: _,
    } = network;
    labels.extend(own.clone());
    if subnets.is_empty() {
        labels.insert(SUBNETS.to_owned(), "auto".to_owned());
    }
    let mut options = options.clone();
    if *encrypted {
        options.insert(ENCRYPTED.to_owned(), String::new());
    }
    let range = |range: &PoolRange| IpamConfig {
        subnet: Some(range.subnet.clone()),
        gateway: range.gateway.clone(),
        ..IpamConfig::default()
    };
    let ranges: Vec<IpamConfig> = subnets.iter().map(range).collect();
    NetworkCreateRequest {
        name: name.clone(),
        driver: Some(if driver.is_empty() {
            OVERLAY.to_owned()
        } else {
            driver.clone()
        }),
        scope: Some("swarm".to_owned()),
        internal: Some(*internal),
        attachable: Some(*attachable),
        ipam: (!ranges.is_empty()).then(|| Ipam {
            config: Some(ranges),
            ..Ipam::default()
        }),
        enable_ipv6: subnets
            .iter()
            .any(|range| range.subnet.contains(':'))
            .then_some(true),
        options: Some(options.into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        ..NetworkCreateRequest::default()
    }
}

/// A network that is there under the name but not as the plan has it.
pub(crate) fn cannot_change(address: &Address) -> ProviderError {
    rejected(format!("{address} cannot be changed in place"))
}
