//! Rendered configs before the real nginx, HAProxy and Caddy: first their checkers, then requests.
//!
//! Traefik has no checker and no package; `proxy_output.rs` holds its configs against the documented fields.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the compiler is pure, what reads its output is not"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail where it stands"
)]

#[path = "proxy/behaviour.rs"]
mod behaviour;
#[path = "proxy/bench.rs"]
mod bench;
#[path = "proxy/configs.rs"]
mod configs;
#[path = "proxy/edges.rs"]
mod edges;
#[path = "proxy/routes.rs"]
mod routes;
#[path = "proxy/sandbox.rs"]
mod sandbox;
#[path = "proxy/world.rs"]
mod world;

use configs::{certificates, everything, extremes, raws, shares, shop, trusting};
use sandbox::Sandbox;
use skep_compiler::proxy::{Proxy, ProxyConfig};

#[test]
fn nginx_accepts_every_config() {
    check(Proxy::Nginx);
}

#[test]
fn haproxy_accepts_every_config() {
    check(Proxy::Haproxy);
}

#[test]
fn caddy_accepts_every_config() {
    check(Proxy::Caddy);
}

type Config = fn(Proxy) -> ProxyConfig;

const CONFIGS: [(&str, Config); 7] = [
    ("shop", shop),
    ("everything", everything),
    ("trusting", trusting),
    ("certificates", certificates),
    ("shares", shares),
    ("extremes", extremes),
    ("raws", raws),
];

fn check(proxy: Proxy) {
    for (name, config) in CONFIGS {
        let sandbox = Sandbox::new(&config(proxy));
        std::fs::write(sandbox.path().join("htpasswd"), "alice:$6$salt$hash\n").unwrap();
        sandbox.certify("wild", &["*.example.com"]);
        sandbox.certify("app", &["app.example.com", "both.example.com"]);
        if let Some(said) = sandbox.refusal() {
            panic!("{proxy} refuses `{name}`:\n{said}");
        }
    }
}
