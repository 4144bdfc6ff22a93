//! Networks, volumes and registries.

use super::values::{Cidr, Ip, ObjectName, Scalar, SecretRef};
use crate::node;
use crate::one_of;

one_of! {
    /// Drivers of swarm networks.
    NetworkDriver { Overlay "overlay", Macvlan "macvlan", Ipvlan "ipvlan", Bridge "bridge", Host "host" }
}

node! {
    /// A swarm network. Services on one network reach each other by name.
    Network "network" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// What carries the traffic.
        driver: value(NetworkDriver) "driver" default "overlay" effect Replace;
        /// No way out of the swarm from here.
        internal: flag(bool) "internal" effect Replace;
        /// Containers started by hand may join.
        attachable: flag(bool) "attachable" effect Replace;
        /// Traffic between nodes is encrypted.
        encrypted: flag(bool) "encrypted" effect Replace;
        /// Address ranges of the network; the engine picks one where none is given.
        subnet: set(Cidr) "subnet" effect Replace;
        /// The gateway's address in the subnet.
        gateway: value(Ip) "gateway" effect Replace;
        /// The largest packet, in bytes.
        mtu: value(u32) "mtu" effect Replace;
        /// Options of the driver.
        option: map(Scalar) "option" effect Replace;
        /// Labels on the network object.
        label: map(Scalar) "label" effect Replace;
        /// It exists already; Skep never touches it.
        external: flag(bool) "external";
        /// Its name in the swarm, instead of the derived one.
        physical: value(ObjectName) "name" effect Replace;
    }

    /// A volume. The mounts that use it create it, node by node; apply never deletes one.
    Volume "volume" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// The volume driver.
        driver: value(Scalar) "driver" default "local" effect DataLoss;
        /// Options of the driver.
        option: map(Scalar) "option" effect DataLoss;
        /// Labels on the volume.
        label: map(Scalar) "label" effect NoRestart;
        /// It exists already on every node that needs it.
        external: flag(bool) "external";
        /// Its name in the swarm, instead of the derived one.
        physical: value(ObjectName) "name" effect DataLoss;
        /// Say in every plan that this volume's data is kept.
        retain: flag(bool) "retain";
    }

    /// Credentials for a registry.
    Registry "registry" {
        /// The registry's host, with its port where it has one.
        host: arg(Scalar) "HOST";
        /// Where the credentials come from; without it, docker's own configuration.
        auth: node(RegistryAuth) "auth";
    }

    /// The credentials of a registry.
    RegistryAuth "auth" {
        /// A secret that holds `user:password`.
        secret: need(SecretRef) "secret";
    }
}
