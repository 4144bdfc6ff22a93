//! The edges of a gateway: who is believed about the client, and which certificate a name gets.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use skep_compiler::proxy::{Forward, Proxy, ProxyConfig, Site, SiteTls, Upstreams};

use crate::bench::Bench;
use crate::configs::{certificates, gateway, hosts, listen, prefix, ranges, rule, site, upstream};
use crate::sandbox::{Sandbox, free_port};
use crate::world::{Answer, World, understand};

#[test]
fn nginx_believes_trusted_proxies_only() {
    believe(Proxy::Nginx);
}

#[test]
fn haproxy_believes_trusted_proxies_only() {
    believe(Proxy::Haproxy);
}

#[test]
fn caddy_believes_trusted_proxies_only() {
    believe(Proxy::Caddy);
}

#[test]
fn nginx_serves_certificates() {
    serve_tls(Proxy::Nginx);
}

#[test]
fn haproxy_serves_certificates() {
    serve_tls(Proxy::Haproxy);
}

#[test]
fn caddy_serves_certificates() {
    serve_tls(Proxy::Caddy);
}

/// The test's own requests come from a trusted address or not, by what the config says of 127.0.0.1.
fn believe(proxy: Proxy) {
    for (trusted, seen, inner) in [
        (
            "127.0.0.0/8 10.0.0.0/8",
            [
                "203.0.113.7, 10.1.1.1, 127.0.0.1",
                "https",
                "front.test",
                "/p",
            ],
            200,
        ),
        ("10.0.0.0/8", ["127.0.0.1", "http", "app.test", ""], 403),
    ] {
        let world = World::start();
        let port = free_port();
        let mut config = trusting(proxy, &world, port);
        config.trusted_proxies = ranges(trusted);
        let bench = Bench::start(port, Sandbox::new(&config));
        bench.wait("app.test", "/");
        let hops = [
            "X-Forwarded-For: 203.0.113.7, 10.1.1.1",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: front.test",
            "X-Forwarded-Prefix: /p",
        ];
        let answer = bench.ask("GET /", &hops);
        let told = [
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "X-Forwarded-Host",
            "X-Forwarded-Prefix",
        ];
        assert_eq!(
            told.map(|name| answer.seen(name).unwrap_or_default()),
            seen,
            "{proxy} trusting {trusted}"
        );
        // Debian's Caddy cannot compare the address that trusted proxies tell.
        if proxy != Proxy::Caddy {
            assert_eq!(
                bench.ask("GET /inner", &hops).status,
                inner,
                "{proxy} trusting {trusted}"
            );
            let forged = ["X-Forwarded-For: 203.0.113.7, 198.51.100.1"];
            assert_eq!(
                bench.ask("GET /inner", &forged).status,
                403,
                "{proxy} trusting {trusted}"
            );
        }
    }
}

fn trusting(proxy: Proxy, world: &World, port: u16) -> ProxyConfig {
    let to = || Forward::new(Upstreams::one(upstream("tasks.web", world.port)));
    let mut inner = to();
    inner.allow = ranges("203.0.113.0/24");
    let rules = vec![rule(prefix("/"), to()), rule(prefix("/inner"), inner)];
    let mut config = gateway(
        proxy,
        vec![Site {
            rules,
            ..site("app.test")
        }],
    );
    config.listens = vec![listen(port, false)];
    config.resolver = world.dns;
    config
}

fn serve_tls(proxy: Proxy) {
    let world = World::start();
    let (plain, tls) = (free_port(), free_port());
    let config = certified(proxy, &world, plain, tls);
    let sandbox = Sandbox::new(&config);
    sandbox.certify("wild", &["*.example.com"]);
    sandbox.certify("app", &["app.example.com", "both.example.com"]);
    let bench = Bench::start(plain, sandbox);
    for host in ["both.example.com", "plain.example.com"] {
        bench.wait(host, "/");
    }
    let plainly = |host: &str| bench.ask_host(host, "GET /a?q", &[]).outcome();
    assert_eq!(
        plainly("app.example.com"),
        format!("308 https://app.example.com:{tls}/a?q"),
        "{proxy}"
    );
    assert_eq!(
        plainly("x.example.com"),
        format!("308 https://x.example.com:{tls}/a?q"),
        "{proxy}"
    );
    assert_eq!(
        plainly("both.example.com"),
        "200 tasks.both /a?q",
        "{proxy}"
    );
    assert_eq!(
        plainly("plain.example.com"),
        "200 tasks.plain /a?q",
        "{proxy}"
    );
    let safely = |host: &str| ask_tls(tls, host, host).map(|answer| answer.outcome());
    let until = Instant::now() + Duration::from_secs(20);
    for host in ["app.example.com", "x.example.com"] {
        while !safely(host).is_some_and(|outcome| outcome.starts_with("200")) {
            assert!(Instant::now() < until, "{proxy} does not serve {host}");
            thread::sleep(Duration::from_millis(100));
        }
    }
    assert_eq!(
        safely("app.example.com").as_deref(),
        Some("200 tasks.app /a?q"),
        "{proxy}"
    );
    assert_eq!(
        safely("both.example.com").as_deref(),
        Some("200 tasks.both /a?q"),
        "{proxy}"
    );
    assert_eq!(
        safely("x.example.com").as_deref(),
        Some("200 tasks.any /a?q"),
        "{proxy}"
    );
    assert_eq!(safely("other.test"), None, "{proxy}");
    let answer = ask_tls(tls, "app.example.com", "app.example.com").unwrap();
    assert_eq!(
        answer.seen("X-Forwarded-Proto").as_deref(),
        Some("https"),
        "{proxy}"
    );
}

/// The gateway of the snapshots, with a service named after the first part of each host.
fn certified(proxy: Proxy, world: &World, plain: u16, tls: u16) -> ProxyConfig {
    let mut config = certificates(proxy);
    config.listens = vec![listen(plain, false), listen(tls, true)];
    config.resolver = world.dns;
    for site in &mut config.sites {
        let name = format!(
            "tasks.{}",
            site.hosts[0]
                .as_str()
                .split('.')
                .next()
                .unwrap()
                .replace('*', "any")
        );
        site.rules = vec![rule(
            prefix("/"),
            Forward::new(Upstreams::one(upstream(&name, world.port))),
        )];
        assert!(
            matches!(site.tls, SiteTls::Files { .. }) || site.hosts == hosts("plain.example.com")
        );
    }
    config
}

fn ask_tls(port: u16, name: &str, host: &str) -> Option<Answer> {
    let mut child = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-connect",
            &format!("127.0.0.1:{port}"),
            "-servername",
            name,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = format!("GET /a?q HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let _hung_up = child.stdin.as_mut().unwrap().write_all(request.as_bytes());
    understand(&child.wait_with_output().unwrap().stdout)
}
