//! Gateways: proxies that let the world in.

use super::service::{External, Limits, Placement};
use super::values::{Cidr, Image, NetworkRef, Text};
use crate::{node, one_of};

one_of! {
    /// The proxies Skep writes configs for.
    Proxy { Caddy "caddy", Nginx "nginx", Haproxy "haproxy", Traefik "traefik" }

    /// How many tasks a gateway has.
    GatewayMode { Replicated "replicated", Global "global" }

    /// The form of an access log.
    AccessLog { Json "json", Common "common", Off "off" }

    /// What a listening port speaks.
    Listening { Tls "tls" }
}

node! {
    /// A proxy service with ports on its nodes, and the config made from the routes that use it.
    Gateway "gateway" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// Which proxy.
        proxy: need(Proxy) "proxy" effect RollingRestart;
        /// Networks it shares with the services it leads to.
        network: set(NetworkRef) "network" effect RollingRestart;
        /// Ports it listens on, open on the nodes it runs on.
        listen: nodes(Listen) "listen" effect RollingRestart;
        /// How many tasks run.
        replicas: value(u32) "replicas" default "1" effect NoRestart;
        /// Replicated, or one on every node that fits.
        mode: value(GatewayMode) "mode" default "replicated" effect Downtime;
        /// Which nodes it runs on.
        placement: node(Placement) "placement" effect RollingRestart;
        /// The proxy's image, instead of the one the edition names.
        image: value(Image) "image" effect RollingRestart;
        /// What a task may use at most.
        limits: node(Limits) "limits" effect RollingRestart;
        /// Routes that name no gateway belong to this one.
        default: flag(bool) "default";
        /// Proxies in front whose `X-Forwarded-*` headers are believed.
        trusted_proxies: set(Cidr) "trusted-proxies" effect RollingRestart;
        /// One line for every request.
        access_log: value(AccessLog) "access-log" default "off" effect RollingRestart;
        /// Text for the proxy's own config, as it is.
        raw: nodes(Raw) "raw" key none effect RollingRestart;
        /// Somebody else runs the proxy; Skep only writes its config.
        external: node(External) "external";
        /// Labels on the service.
        labels: map(Text) "labels" effect NoRestart;
        /// Refuse to delete or replace it.
        protect: flag(bool) "protect";
    }

    /// A port a gateway listens on.
    Listen "listen" {
        /// The port, on the node and in the container.
        port: arg(super::Port) "PORT";
        /// It speaks TLS.
        tls: flag(bool) "tls";
    }

    /// Text for one proxy, passed through unchecked.
    Raw "raw" {
        /// The proxy it is for.
        proxy: arg(Proxy) "PROXY";
        /// The text.
        text: arg(String) "TEXT";
    }
}
