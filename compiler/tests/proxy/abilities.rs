//! Which proxy can do what, as one table; a proxy that cannot is told which can.

use skep_compiler::proxy::{
    CookieName, FilePath, Forward, Health, PathMatch, Proxy, RedirectStatus, Rule, Site, SiteTls,
    Upstreams, unsupported,
};

use crate::configs::{
    add_header, auth, cors, gateway, millis, path, prefix, ranges, rate, redirect, remove, rule,
    seconds, set, site, to, upstream,
};

#[test]
fn what_each_proxy_can_do() {
    let table = "
        nothing special            caddy nginx haproxy traefik
        tls off                    caddy nginx haproxy traefik
        tls auto                   caddy
        tls auto for a wildcard    nobody
        tls NAME                   caddy nginx haproxy traefik
        a key elsewhere            caddy nginx traefik
        rate-limit                 nginx haproxy traefik
        rate-limit at an odd pace  haproxy traefik
        health                     haproxy
        sticky                     caddy haproxy
        sticky with shares         nobody
        shares                     caddy nginx haproxy traefik
        basic-auth                 nginx haproxy traefik
        forward-auth               caddy nginx haproxy traefik
        cors                       caddy nginx haproxy traefik
        allow and deny             caddy nginx haproxy traefik
        set headers                caddy nginx haproxy traefik
        add a request header       caddy haproxy
        add a response header      caddy nginx haproxy
        remove server              caddy haproxy traefik
        set date                   caddy haproxy traefik
        remove date                haproxy
        redirect 301               caddy nginx haproxy traefik
        redirect 302               caddy nginx haproxy traefik
        redirect 303               caddy nginx haproxy
        redirect 307               caddy nginx haproxy
        redirect 308               caddy nginx haproxy
    ";
    let mut sites = sites();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, able) = line.split_once("  ").unwrap();
        let able: Vec<Proxy> = Proxy::ALL
            .into_iter()
            .filter(|proxy| able.contains(proxy.as_str()))
            .collect();
        let place = sites.iter().position(|(asked, _)| *asked == name).unwrap();
        let (_, asking) = sites.remove(place);
        for proxy in Proxy::ALL {
            let found = unsupported(&gateway(proxy, vec![asking.clone()]));
            assert_eq!(
                found.is_empty(),
                able.contains(&proxy),
                "{proxy}: {name}: {found:?}"
            );
            for unsupported in found {
                assert_eq!(unsupported.able, able, "{proxy}: {name}");
                assert_eq!(
                    (unsupported.site, unsupported.rule.is_none()),
                    (0, name.starts_with("tls") || name.starts_with("a key"))
                );
                assert!(
                    !unsupported.feature.why(proxy).is_empty()
                        && !unsupported.feature.to_string().is_empty()
                );
            }
        }
    }
    assert!(sites.is_empty());
}

#[test]
fn a_missing_ability_is_named_as_the_spec_names_it() {
    let config = gateway(
        Proxy::Nginx,
        sites().into_iter().map(|(_, site)| site).collect(),
    );
    let mut said: Vec<String> = unsupported(&config)
        .iter()
        .map(|unsupported| {
            format!(
                "{}: {}",
                unsupported.feature,
                unsupported.feature.why(Proxy::Nginx)
            )
        })
        .collect();
    said.dedup();
    let expected = [
        "`tls auto`: it gets no certificates by itself here; name one with `tls NAME`",
        "`tls auto` for a wildcard host: a wildcard certificate needs a DNS challenge; name one with `tls NAME`",
        "a `rate-limit` at this pace: it counts in whole requests a second or a minute",
        "`health`: it has no health checks for replicas found by DNS",
        "`sticky`: it has no cookies for replicas found by DNS",
        "`sticky` with several `to`: a cookie keeps a client on a replica, which the shares would overrule",
        "`request-header { add .. }`: it can only set a header, not add a second one",
        "changing the header `Server`: it writes this header itself, whatever the config says",
        "changing the header `Date`: it writes this header itself, whatever the config says",
    ];
    assert_eq!(said, expected);
}

/// One site for each thing that can be asked.
fn sites() -> Vec<(&'static str, Site)> {
    let tls = |hosts: &str, tls| Site { tls, ..site(hosts) };
    let files = |cert: &str, key: &str| SiteTls::Files {
        cert: FilePath::parse(cert).unwrap(),
        key: FilePath::parse(key).unwrap(),
    };
    let mut sites = vec![
        ("tls off", tls("a.test", SiteTls::Off)),
        ("tls auto", tls("a.test", SiteTls::Auto)),
        ("tls auto for a wildcard", tls("*.a.test", SiteTls::Auto)),
        ("tls NAME", tls("a.test", files("/a.pem", "/a.pem.key"))),
        ("a key elsewhere", tls("a.test", files("/a.pem", "/a.key"))),
    ];
    sites.extend(
        forwards()
            .into_iter()
            .map(|(name, forward)| (name, with(rule(prefix("/"), forward)))),
    );
    let away = |status| {
        with(Rule {
            path: prefix("/"),
            action: redirect("/new", status),
        })
    };
    sites.extend([
        ("redirect 301", away(RedirectStatus::MovedPermanently)),
        ("redirect 302", away(RedirectStatus::Found)),
        ("redirect 303", away(RedirectStatus::SeeOther)),
        ("redirect 307", away(RedirectStatus::Temporary)),
        ("redirect 308", away(RedirectStatus::Permanent)),
    ]);
    sites
}

fn with(rule: Rule) -> Site {
    let PathMatch::Prefix(_) = rule.path else {
        panic!("every rule here is for a prefix")
    };
    Site {
        rules: vec![rule],
        ..site("a.test")
    }
}

fn forwards() -> Vec<(&'static str, Forward)> {
    let asking = |ask: &dyn Fn(&mut Forward)| {
        let mut forward = to("tasks.app", 80);
        ask(&mut forward);
        forward
    };
    let shares = || Upstreams::new(vec![upstream("tasks.a", 80), upstream("tasks.b", 80)]).unwrap();
    vec![
        ("nothing special", asking(&|_| {})),
        (
            "rate-limit",
            asking(&|f| f.rate_limit = Some(rate(90, seconds(60), 1))),
        ),
        (
            "rate-limit at an odd pace",
            asking(&|f| f.rate_limit = Some(rate(1, seconds(90), 1))),
        ),
        (
            "health",
            asking(&|f| {
                f.health = Some(Health {
                    path: path("/"),
                    every: millis(1),
                });
            }),
        ),
        (
            "sticky",
            asking(&|f| f.sticky = CookieName::parse("a").ok()),
        ),
        (
            "sticky with shares",
            asking(&|f| (f.upstreams, f.sticky) = (shares(), CookieName::parse("a").ok())),
        ),
        ("shares", asking(&|f| f.upstreams = shares())),
        (
            "basic-auth",
            asking(&|f| f.basic_auth = FilePath::parse("/users").ok()),
        ),
        (
            "forward-auth",
            asking(&|f| f.forward_auth = Some(auth("http://auth/"))),
        ),
        ("cors", asking(&|f| f.cors = Some(cors()))),
        (
            "allow and deny",
            asking(&|f| (f.allow, f.deny) = (ranges("10.0.0.0/8"), ranges("::1"))),
        ),
        (
            "set headers",
            asking(&|f| {
                (f.request_headers, f.response_headers) = (vec![set("A", "b")], vec![remove("A")]);
            }),
        ),
        (
            "add a request header",
            asking(&|f| f.request_headers = vec![add_header("A", "b")]),
        ),
        (
            "add a response header",
            asking(&|f| f.response_headers = vec![add_header("A", "b")]),
        ),
        (
            "remove server",
            asking(&|f| f.response_headers = vec![remove("server")]),
        ),
        (
            "set date",
            asking(&|f| f.response_headers = vec![set("Date", "now")]),
        ),
        (
            "remove date",
            asking(&|f| f.response_headers = vec![remove("Date")]),
        ),
    ]
}
