//! The same requests to nginx, HAProxy and Caddy, which have to be answered alike.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use skep_compiler::proxy::{Proxy, unsupported};

use crate::bench::Bench;
use crate::configs::{gateway, listen};
use crate::routes::{HOSTILE, sites};
use crate::sandbox::{Sandbox, free_port};
use crate::world::{Answer, World, ask};

#[test]
fn nginx_does_what_the_model_says() {
    try_all(
        Proxy::Nginx,
        &["health", "sticky", "server", "more-request"],
    );
}

#[test]
fn haproxy_does_what_the_model_says() {
    try_all(Proxy::Haproxy, &[]);
}

#[test]
fn caddy_does_what_the_model_says() {
    try_all(Proxy::Caddy, &["health", "rate", "basic"]);
}

/// Checks everything but the features that `missing` names by the first segment of their paths.
fn try_all(proxy: Proxy, missing: &[&str]) {
    let world = World::start();
    let port = free_port();
    let mut config = gateway(proxy, sites(&world));
    config.listens = vec![listen(port, false)];
    config.resolver = world.dns;
    let refused: BTreeSet<usize> = unsupported(&config)
        .iter()
        .filter_map(|unsupported| unsupported.rule)
        .collect();
    let name =
        |index: &usize| config.sites[0].rules[*index].path.path().to_string()[1..].to_owned();
    assert_eq!(
        refused.iter().map(name).collect::<Vec<_>>(),
        missing,
        "{proxy} cannot do"
    );
    let mut index = 0;
    config.sites[0].rules.retain(|_| {
        index += 1;
        !refused.contains(&(index - 1))
    });
    let sandbox = Sandbox::new(&config);
    // The password is `secret`.
    let users = "alice:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
    std::fs::write(sandbox.path().join("htpasswd"), users).unwrap();
    let bench = Bench::start(port, sandbox);
    for path in ["/", "/api", "/half", "/shares"] {
        bench.wait("app.test", path);
    }

    routes(proxy, &bench);
    headers(proxy, &bench);
    replicas(proxy, &bench);
    guards(proxy, &bench);
    pages_of_other_origins(proxy, &bench);
    bodies(proxy, &bench);
    upgrades(proxy, &bench);
    if !missing.contains(&"server") {
        assert_eq!(
            bench.ask("GET /server", &[]).header("server"),
            None,
            "{proxy}"
        );
    }
    if !missing.contains(&"more-request") {
        let answer = bench.ask("GET /more-request", &["X-More: one"]);
        assert!(
            answer.body.to_ascii_lowercase().contains("x-more: two"),
            "{proxy}: {}",
            answer.body
        );
        assert!(
            answer.body.to_ascii_lowercase().contains("x-more: one"),
            "{proxy}: {}",
            answer.body
        );
    }
    if !missing.contains(&"sticky") {
        stays(proxy, &bench);
    }
    if !missing.contains(&"health") {
        leaves_the_sick(proxy, &bench);
    }
    if !missing.contains(&"rate") {
        let statuses: Vec<u16> = (0..5).map(|_| bench.ask("GET /rate", &[]).status).collect();
        assert_eq!(statuses, [200, 200, 200, 429, 429], "{proxy}");
    }
    if !missing.contains(&"basic") {
        assert_eq!(bench.outcome("GET /basic"), "401", "{proxy}");
        let with = |credentials: &str| {
            bench
                .ask(
                    "GET /basic",
                    &[&format!("Authorization: Basic {credentials}")],
                )
                .status
        };
        assert_eq!(with("YWxpY2U6c2VjcmV0"), 200, "{proxy}");
        assert_eq!(with("YWxpY2U6d3Jvbmc="), 401, "{proxy}");
    }
}

fn routes(proxy: Proxy, bench: &Bench) {
    let table = "
        GET /              200 tasks.web /
        GET /?q=1          200 tasks.web /?q=1
        GET /api           200 tasks.api /api
        GET /api/          200 tasks.api /api/
        GET /api/x%20y?q   200 tasks.api /api/x%20y?q
        GET /apix          200 tasks.web /apix
        GET /API           200 tasks.web /API
        GET /%61pi/x       200 tasks.api /%61pi/x
        GET //api///x      200 tasks.api //api///x
        GET /api/deep      200 tasks.old /api/deep
        GET /api/deep/x    200 tasks.web /api/deep/x
        GET /api/deeper    200 tasks.api /api/deeper
        GET /a%20b/c       200 tasks.api /a%20b/c
        GET /$a.c/x        200 tasks.api /$a.c/x
        GET /$abc/x        200 tasks.web /$abc/x
        GET /api/../strip  400
        GET /x/%2e%2E/api  400
        GET /api/./x       400
        GET /api/..x       200 tasks.api /api/..x
        GET /?a=/../b      200 tasks.web /?a=/../b
        GET /strip         200 tasks.web /
        GET /strip/        200 tasks.web /
        GET /strip/a%20b?q 200 tasks.web /a%20b?q
        GET /strip//a/b/   200 tasks.web /a/b/
        GET /rewrite/this          200 tasks.web /v2/$1
        GET /rewrite/this/a%2Fb?q  200 tasks.web /v2/$1/a%2Fb?q
        GET /exact?q       200 tasks.web /v3?q
        GET /exact/        200 tasks.web /exact/
        GET /exactly       200 tasks.web /exactly
        GET /old           302 /new
        GET /old?q=%20     302 /new?q=%20
        GET /old/a%20b?q   302 /new/a%20b?q
        GET /older         200 tasks.web /older
        GET /top           308 https://other.test/
        GET /top/a?q       308 https://other.test/a?q
        GET /gone?q=$x     303 https://other.test/$here?q=$x
        GET /gone/x        200 tasks.web /gone/x
        GET /slow          504
    ";
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (request, outcome) = line.split_at(line[4..].find(' ').unwrap() + 4);
        assert_eq!(bench.outcome(request), outcome.trim(), "{proxy}: {request}");
    }
    let hosts = [
        ("APP.test", "GET /api", "200 tasks.api /api"),
        ("app.test:8080", "GET /api", "200 tasks.api /api"),
        ("other.test", "GET /", "404"),
        ("a.wild.test", "GET /page", "200 tasks.any /page"),
        ("a.wild.test", "GET /", "404"),
        ("named.wild.test", "GET /page", "200 tasks.app /page"),
        ("named.wild.test", "GET /", "404"),
        ("a.b.wild.test", "GET /page", "404"),
        ("wild.test", "GET /page", "404"),
    ];
    for (host, request, outcome) in hosts {
        assert_eq!(
            bench.ask_host(host, request, &[]).outcome(),
            outcome,
            "{proxy}: {host} {request}"
        );
    }
}

fn headers(proxy: Proxy, bench: &Bench) {
    let answer = bench.ask("GET /headers", &["X-Debug: 1", "X-Ours: theirs"]);
    let ours = ["X-Replaced", "X-Powered-By", "X-Text"].map(|name| answer.header(name));
    assert_eq!(ours, [Some("ours"), None, Some(HOSTILE)], "{proxy}");
    let seen = ["X-Text", "X-Debug", "X-Ours"].map(|name| answer.seen(name));
    assert_eq!(
        seen,
        [Some(HOSTILE.to_owned()), None, Some("edge".to_owned())],
        "{proxy}"
    );

    let lies = [
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Host: evil.test",
        "X-Forwarded-Proto: https",
        "X-Real-IP: 6.6.6.6",
        "Forwarded: for=6.6.6.6",
        "X-Forwarded-Prefix: /evil",
    ];
    let answer = bench.ask("GET /api", &lies);
    let seen = [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Host",
    ]
    .map(|name| answer.seen(name).unwrap());
    assert_eq!(
        seen,
        ["127.0.0.1", "app.test", "http", "app.test"],
        "{proxy}"
    );
    let seen = ["X-Real-IP", "Forwarded", "X-Forwarded-Prefix"].map(|name| answer.seen(name));
    assert_eq!(seen, [None, None, None], "{proxy}");
}

fn replicas(proxy: Proxy, bench: &Bench) {
    let count = |path: &str, times: usize| {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..times {
            let answer = bench.ask(&format!("GET {path}"), &[]);
            *seen
                .entry(format!("{} {}", answer.status, answer.replica()))
                .or_default() += 1;
        }
        seen
    };
    let both = count("/api", 40);
    assert_eq!(
        both.keys().collect::<Vec<_>>(),
        ["200 tasks.api/3", "200 tasks.api/4"],
        "{proxy}"
    );
    assert_eq!(
        count("/half", 20),
        BTreeMap::from([("200 tasks.half/5".to_owned(), 20)]),
        "{proxy}"
    );
    // 240 are expected, with a standard deviation of 7.
    let shares = count("/shares", 300);
    let old = shares.get("200 tasks.old/9").copied().unwrap_or_default();
    assert!(
        (195..=285).contains(&old) && old + shares["200 tasks.new/10"] == 300,
        "{proxy}: {shares:?}"
    );
}

fn guards(proxy: Proxy, bench: &Bench) {
    assert_eq!(bench.outcome("GET /denied"), "403", "{proxy}");
    assert_eq!(bench.outcome("GET /elsewhere"), "403", "{proxy}");
    assert_eq!(bench.outcome("GET /here"), "200 tasks.web /here", "{proxy}");

    let refused = bench.ask("GET /sso", &["Remote-User: mallory"]);
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Letter")),
        "{proxy}"
    );
    let passed = bench.ask(
        "GET /sso/x",
        &[
            "X-Letter: let me in",
            "Remote-User: mallory",
            "Remote-Groups: root",
        ],
    );
    assert_eq!(passed.outcome(), "200 tasks.web /sso/x", "{proxy}");
    assert_eq!(
        passed.seen("Remote-User").as_deref(),
        Some("alice"),
        "{proxy}"
    );
    assert_eq!(passed.seen("Remote-Groups"), None, "{proxy}");
    let passed = bench.ask("GET /sso", &["X-Letter: nobody", "Remote-User: mallory"]);
    assert_eq!(
        (passed.status, passed.seen("Remote-User")),
        (200, None),
        "{proxy}"
    );
}

fn pages_of_other_origins(proxy: Proxy, bench: &Bench) {
    let friend = "Origin: https://www.example.com";
    let allowed = |answer: &Answer| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let answer = bench.ask("GET /cors", &[friend]);
    assert_eq!(
        (answer.status, allowed(&answer).as_deref()),
        (200, Some("https://www.example.com")),
        "{proxy}"
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true"),
        "{proxy}"
    );
    assert!(
        answer
            .header("vary")
            .is_some_and(|vary| vary.contains("Origin")),
        "{proxy}"
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        None,
        "{proxy}"
    );
    for stranger in [&["Origin: https://evil.test"][..], &[]] {
        let answer = bench.ask("GET /cors", stranger);
        assert_eq!((answer.status, allowed(&answer)), (200, None), "{proxy}");
    }
    let answer = bench.ask(
        "OPTIONS /cors",
        &[friend, "Access-Control-Request-Method: POST"],
    );
    assert_eq!(
        (answer.status, allowed(&answer).as_deref()),
        (204, Some("https://www.example.com")),
        "{proxy}"
    );
    let told = ["methods", "headers", "credentials"]
        .map(|name| answer.header(&format!("access-control-allow-{name}")));
    assert_eq!(
        told,
        [Some("GET, POST"), Some("Authorization"), Some("true")],
        "{proxy}"
    );
    assert_eq!(
        answer.header("access-control-max-age"),
        Some("600"),
        "{proxy}"
    );
    let answer = bench.ask("OPTIONS /cors", &[friend]);
    assert_eq!(answer.status, 200, "{proxy}");
}

fn bodies(proxy: Proxy, bench: &Bench) {
    let post = |body: &str| {
        ask(bench.port, "app.test", "POST /small", &[], body)
            .unwrap_or_default()
            .status
    };
    assert_eq!(
        [post("0123456789"), post("0123456789a")],
        [200, 413],
        "{proxy}"
    );
    let encoding = |accepted: &str| {
        bench
            .ask("GET /compress", &[accepted])
            .header("content-encoding")
            .map(str::to_owned)
    };
    assert_eq!(
        encoding("Accept-Encoding: gzip").as_deref(),
        Some("gzip"),
        "{proxy}"
    );
    assert_eq!(encoding("Accept-Encoding: identity"), None, "{proxy}");
}

fn upgrades(proxy: Proxy, bench: &Bench) {
    let mut stream = TcpStream::connect(("127.0.0.1", bench.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let request = "GET /websocket/echo HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|length| length == 1) {
        said.push(byte[0]);
    }
    assert!(
        said.starts_with(b"HTTP/1.1 101"),
        "{proxy}: {}",
        String::from_utf8_lossy(&said)
    );
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello", "{proxy}");
}

fn stays(proxy: Proxy, bench: &Bench) {
    let first = bench.ask("GET /sticky", &[]);
    let cookie = first
        .header("set-cookie")
        .and_then(|cookie| cookie.split(';').next())
        .unwrap();
    assert!(cookie.starts_with("app="), "{proxy}: {cookie}");
    let kept: BTreeSet<String> = (0..10)
        .map(|_| {
            bench
                .ask("GET /sticky", &[&format!("Cookie: {cookie}")])
                .replica()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kept,
        BTreeSet::from([first.replica().to_owned()]),
        "{proxy}"
    );
}

fn leaves_the_sick(proxy: Proxy, bench: &Bench) {
    let until = Instant::now() + Duration::from_secs(10);
    let well = |answer: &Answer| answer.replica() == "tasks.sick/8";
    let mut in_a_row = 0;
    while in_a_row < 20 {
        assert!(
            Instant::now() < until,
            "{proxy} still asks the sick replica"
        );
        in_a_row = if well(&bench.ask("GET /health", &[])) {
            in_a_row + 1
        } else {
            0
        };
        thread::sleep(Duration::from_millis(20));
    }
}
