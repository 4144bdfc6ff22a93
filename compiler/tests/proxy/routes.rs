//! The gateway that the requests of `behaviour.rs` go through.

use std::num::NonZeroU64;

use skep_compiler::proxy::{
    CookieName, FilePath, Forward, Health, PathEdit, RedirectStatus, Rule, Site, Upstream,
    Upstreams, Weight,
};

use crate::configs::{
    add_header, auth, cors, exact, millis, path, prefix, ranges, rate, redirect, remove, rule,
    seconds, set, site, upstream,
};
use crate::world::World;

/// What no proxy may take for anything but text.
pub(crate) const HOSTILE: &str = "a \"b\" 'c' $host ${x} {env.HOME} {http.request.host} %[src] %ci 100% \\ \\\" # ; {{ }} `x` ü|&";

/// A site with many rules, and a wildcard of which one host has a site of its own.
pub(crate) fn sites(world: &World) -> Vec<Site> {
    let mut rules = special(world);
    rules.extend(plain(world));
    rules.extend(edited(world));
    rules.extend(guarded(world));
    rules.extend(redirects());
    let main = Site {
        rules,
        ..site("app.test")
    };
    let page = |service| vec![rule(prefix("/page"), to(world, service))];
    let wild = Site {
        rules: page("tasks.any"),
        ..site("*.wild.test")
    };
    let named = Site {
        rules: page("tasks.app"),
        ..site("named.wild.test")
    };
    vec![main, wild, named]
}

fn to(world: &World, service: &str) -> Forward {
    Forward::new(Upstreams::one(upstream(service, world.port)))
}

/// `/NAME` to a service, with something asked of the proxy.
fn asking(world: &World, name: &str, service: &str, ask: impl Fn(&mut Forward)) -> Rule {
    let mut forward = to(world, service);
    ask(&mut forward);
    rule(prefix(&format!("/{name}")), forward)
}

/// What some of the proxies cannot do.
fn special(world: &World) -> Vec<Rule> {
    let health = Health {
        path: path("/healthz"),
        every: millis(200),
    };
    vec![
        asking(world, "health", "tasks.sick", |f| {
            f.health = Some(health.clone());
        }),
        asking(world, "sticky", "tasks.api", |f| {
            f.sticky = CookieName::parse("app").ok();
        }),
        asking(world, "rate", "tasks.web", |f| {
            f.rate_limit = Some(rate(60, seconds(3600), 3));
        }),
        asking(world, "server", "tasks.web", |f| {
            f.response_headers = vec![remove("Server")];
        }),
        asking(world, "more-request", "tasks.web", |f| {
            f.request_headers = vec![add_header("X-More", "two")];
        }),
        asking(world, "basic", "tasks.web", |f| {
            f.basic_auth = FilePath::parse("/run/secrets/htpasswd").ok();
        }),
    ]
}

fn plain(world: &World) -> Vec<Rule> {
    let share = |name, weight| Upstream {
        weight: Weight::new(weight).unwrap(),
        ..upstream(name, world.port)
    };
    let shares = vec![share("tasks.old", 80), share("tasks.new", 20)];
    vec![
        asking(world, "", "tasks.web", |_| {}),
        asking(world, "api", "tasks.api", |_| {}),
        asking(world, "api/deep", "tasks.web", |_| {}),
        asking(world, "a%20b", "tasks.api", |_| {}),
        asking(world, "$a.c", "tasks.api", |_| {}),
        asking(world, "half", "tasks.half", |_| {}),
        asking(world, "slow", "tasks.web", |f| {
            f.timeout = Some(millis(300));
        }),
        asking(world, "shares", "tasks.old", |f| {
            f.upstreams = Upstreams::new(shares.clone()).unwrap();
        }),
        rule(exact("/api/deep"), to(world, "tasks.old")),
    ]
}

fn edited(world: &World) -> Vec<Rule> {
    let mut moved = to(world, "tasks.web");
    moved.path = PathEdit::Rewrite(path("/v3"));
    vec![
        asking(world, "strip", "tasks.web", |f| {
            f.path = PathEdit::Strip { segments: 1 }
        }),
        asking(world, "rewrite/this", "tasks.web", |f| {
            f.path = PathEdit::Rewrite(path("/v2/$1"));
        }),
        rule(exact("/exact"), moved),
        asking(world, "compress", "tasks.web", |f| f.compress = true),
        asking(world, "websocket", "tasks.web", |f| f.websocket = true),
        asking(world, "headers", "tasks.web", |f| {
            f.response_headers = vec![
                set("X-Replaced", "ours"),
                remove("X-Powered-By"),
                set("X-Text", HOSTILE),
            ];
            f.request_headers = vec![
                set("X-Text", HOSTILE),
                remove("X-Debug"),
                set("X-Ours", "edge"),
            ];
        }),
    ]
}

fn guarded(world: &World) -> Vec<Rule> {
    let verify = format!("http://127.0.7.6:{}/verify?a=b", world.port);
    vec![
        asking(world, "denied", "tasks.web", |f| {
            f.deny = ranges("127.0.0.0/8");
        }),
        asking(world, "elsewhere", "tasks.web", |f| {
            f.allow = ranges("10.0.0.0/8");
        }),
        asking(world, "here", "tasks.web", |f| {
            (f.allow, f.deny) = (ranges("127.0.0.0/8"), ranges("127.9.0.0/16"));
        }),
        asking(world, "small", "tasks.web", |f| {
            f.max_body = NonZeroU64::new(10);
        }),
        asking(world, "cors", "tasks.web", |f| f.cors = Some(cors())),
        asking(world, "sso", "tasks.web", |f| {
            f.forward_auth = Some(auth(&verify));
        }),
    ]
}

fn redirects() -> Vec<Rule> {
    let away = |path, to: &str, status| Rule {
        path,
        action: redirect(to, status),
    };
    vec![
        away(prefix("/old"), "/new", RedirectStatus::Found),
        away(
            prefix("/top"),
            "https://other.test/",
            RedirectStatus::Permanent,
        ),
        away(
            exact("/gone"),
            "https://other.test/$here",
            RedirectStatus::SeeOther,
        ),
    ]
}
