//! What a node depends on: by declaration, and by the names in its payload.

use std::collections::BTreeMap;

use super::{MountSource, Need, Payload, Plan, Target};
use crate::address::{Address, Kind};

impl Plan {
    /// What must be there before a node is written.
    ///
    /// A declared node has nothing to wait for but what it needs itself, so that is included:
    /// a gateway whose routes lead to a service needs the service.
    pub fn needs_of(&self, address: &Address) -> BTreeMap<&Address, Need> {
        let mut found = BTreeMap::new();
        let mut open = vec![address];
        while let Some(through) = open.pop() {
            let Some(node) = self.nodes.get(through) else {
                continue;
            };
            for (needed, need) in &node.needs {
                let declared = self
                    .nodes
                    .get(needed)
                    .is_some_and(|n| n.target == Target::Declared);
                let known = found.get(needed).copied();
                if declared && known.is_none() && needed != address {
                    open.push(needed);
                }
                found.insert(needed, known.map_or(*need, |level: Need| level.max(*need)));
            }
        }
        found.remove(address);
        found
    }
}

impl Payload {
    /// The objects it names: kind and physical name.
    pub fn references(&self) -> Vec<(Kind, &str)> {
        let Ok(service) = self.as_service() else {
            return Vec::new();
        };
        let networks = service
            .networks
            .keys()
            .map(|name| (Kind::Network, name.as_str()));
        let secrets = service
            .secrets
            .values()
            .map(|file| (Kind::Secret, file.source.as_str()));
        let configs = service
            .configs
            .values()
            .map(|file| (Kind::Config, file.source.as_str()));
        let volumes = service
            .mounts
            .values()
            .filter_map(|mount| match &mount.from {
                MountSource::Volume { name, .. } => Some((Kind::Volume, name.as_str())),
                MountSource::Bind { .. }
                | MountSource::Tmpfs { .. }
                | MountSource::Npipe { .. } => None,
            });
        networks
            .chain(secrets)
            .chain(configs)
            .chain(volumes)
            .collect()
    }
}
