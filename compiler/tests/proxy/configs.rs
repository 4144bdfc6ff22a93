//! Gateways that the tests of the renderers share.

use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};
use std::time::Duration;

use skep_compiler::proxy::{
    Action, AuthUrl, Cidr, CookieName, Cors, DnsName, FilePath, Forward, ForwardAuth, HeaderName,
    HeaderOp, HeaderValue, Health, Host, Listen, Location, LogFormat, Method, Millis, Name, Origin,
    Origins, Path, PathEdit, PathMatch, Proxy, ProxyConfig, RateLimit, Raw, Redirect,
    RedirectStatus, Rule, Site, SiteTls, Upstream, Upstreams, Weight, certificate_paths,
    unsupported,
};

/// A web page, an API below it and a redirect, as in the sample project.
pub(crate) fn shop(proxy: Proxy) -> ProxyConfig {
    let mut api = to("tasks.shop_api", 8080);
    api.path = prefix("/api").strip(None).unwrap();
    api.timeout = Some(seconds(30));
    api.retries = Some(2);
    let mut admin = to("tasks.shop_api", 8080);
    admin.allow = ranges("10.0.0.0/8");
    let mut web = to("tasks.shop_web", 8080);
    web.response_headers = vec![set("Strict-Transport-Security", "max-age=31536000")];
    let blog = redirect(
        "https://blog.example.com/",
        RedirectStatus::MovedPermanently,
    );
    let site = Site {
        hosts: hosts("shop.localhost"),
        tls: if proxy == Proxy::Caddy {
            SiteTls::Auto
        } else {
            SiteTls::Off
        },
        redirect_https: proxy == Proxy::Caddy,
        rules: vec![
            rule(prefix("/api"), api),
            rule(prefix("/api/admin"), admin),
            rule(prefix("/"), web),
            Rule {
                path: exact("/blog"),
                action: blog,
            },
        ],
    };
    gateway(proxy, vec![site])
}

/// One rule for everything a rule can say, without those the proxy cannot do.
pub(crate) fn everything(proxy: Proxy) -> ProxyConfig {
    let site = Site {
        rules: all_rules(),
        ..site("app.example.com *.example.com")
    };
    let mut config = gateway(proxy, vec![site]);
    config.access_log = Some(LogFormat::Json);
    let refused: Vec<usize> = unsupported(&config)
        .iter()
        .filter_map(|unsupported| unsupported.rule)
        .collect();
    let rules = std::mem::take(&mut config.sites[0].rules);
    config.sites[0].rules = rules
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !refused.contains(index))
        .map(|(_, rule)| rule)
        .collect();
    config
}

/// Behind other proxies, which are believed about the client.
pub(crate) fn trusting(proxy: Proxy) -> ProxyConfig {
    let mut admin = to("tasks.app", 9000);
    admin.deny = ranges("10.9.0.0/16");
    admin.allow = ranges("10.0.0.0/8 2001:db8::/32");
    let rules = vec![
        rule(prefix("/"), to("tasks.app", 8080)),
        rule(prefix("/admin"), admin),
    ];
    let mut config = gateway(
        proxy,
        vec![Site {
            rules,
            ..site("app.example.com")
        }],
    );
    config.trusted_proxies = ranges("10.0.0.0/8 192.168.0.0/16");
    config.access_log = Some(LogFormat::Text);
    config
}

/// Two certificates, one of them for a wildcard whose host another site names in full.
pub(crate) fn certificates(proxy: Proxy) -> ProxyConfig {
    let tls = |name: &str| {
        let (cert, key) = certificate_paths(proxy, &Name::parse(name).unwrap());
        SiteTls::Files { cert, key }
    };
    let page = |service: &str| vec![rule(prefix("/"), to(service, 8080))];
    let sites = vec![
        Site {
            tls: tls("wild"),
            redirect_https: true,
            rules: page("tasks.any"),
            ..site("*.example.com")
        },
        Site {
            tls: tls("app"),
            redirect_https: true,
            rules: page("tasks.app"),
            ..site("app.example.com")
        },
        Site {
            tls: tls("app"),
            rules: page("tasks.both"),
            ..site("both.example.com")
        },
        Site {
            rules: page("tasks.plain"),
            ..site("plain.example.com")
        },
    ];
    let mut config = gateway(proxy, sites);
    config.listens = vec![listen(80, false), listen(8443, true)];
    config
}

/// Three services that share the requests of one rule.
pub(crate) fn shares(proxy: Proxy) -> ProxyConfig {
    let upstream = |name: &str, weight| Upstream {
        weight: Weight::new(weight).unwrap(),
        ..upstream(name, 8080)
    };
    let upstreams = vec![
        upstream("tasks.old", 80),
        upstream("tasks.new", 15),
        upstream("tasks.next", 5),
    ];
    let mut forward = Forward::new(Upstreams::new(upstreams).unwrap());
    forward.path = PathEdit::Rewrite(path("/v2"));
    gateway(
        proxy,
        vec![Site {
            rules: vec![rule(prefix("/api"), forward)],
            ..site("app.example.com")
        }],
    )
}

/// Text of the proxy's own language: beside the config, and in a rule.
pub(crate) const fn raw_texts(proxy: Proxy) -> [&'static str; 2] {
    match proxy {
        Proxy::Caddy => [
            r#"{ "apps": { "http": { "grace_period": "5s" } } }"#,
            r#"{ "handler": "vars", "mark": "raw" }"#,
        ],
        Proxy::Nginx => ["reset_timedout_connection on;", "proxy_buffers 4 16k;"],
        Proxy::Haproxy => ["cache small\n    total-max-size 4", "option http-no-delay"],
        Proxy::Traefik => [
            r#"{ "tls": { "options": { "old": { "minVersion": "VersionTLS10" } } } }"#,
            r#"{ "contentType": {} }"#,
        ],
    }
}

pub(crate) fn raws(proxy: Proxy) -> ProxyConfig {
    let [beside, inside] = raw_texts(proxy).map(|text| Raw::new(proxy, text).unwrap());
    let mut forward = to("tasks.app", 8080);
    forward.raw = vec![inside];
    let mut config = gateway(
        proxy,
        vec![Site {
            rules: vec![rule(prefix("/"), forward)],
            ..site("app.test")
        }],
    );
    config.raw = vec![beside];
    config
}

/// As much as values may hold, and as many sites as a large gateway has.
pub(crate) fn extremes(proxy: Proxy) -> ProxyConfig {
    let label = "l".repeat(63);
    let long = format!("{label}.{label}.{label}.{}", "h".repeat(61));
    let wild = format!("*.{}", &long[2..]);
    let mut forward = to(&long, 65535);
    let signs = "\"\\'%{}".repeat(200);
    let value = |text: &str| set("X-Long", text);
    forward.request_headers = vec![value(&signs)];
    forward.response_headers = vec![value(&"$".repeat(250)), set("X-Longer", &"x".repeat(3600))];
    forward.path = PathEdit::Rewrite(path(&format!("/{}", "p".repeat(1000))));
    forward.forward_auth = Some(auth(&format!(
        "http://{long}:65535/{}?{}",
        "a".repeat(1000),
        "q".repeat(1000)
    )));
    let origin = Origin::parse(&format!("https://{long}:65535")).unwrap();
    forward.cors = Some(Cors::new(Origins::Listed(vec![origin])));
    forward.allow = (0..=255)
        .flat_map(|n| ranges(&format!("10.{n}.0.0/16")))
        .collect();
    let away = redirect(
        &format!("https://{long}/{}", "$".repeat(200)),
        RedirectStatus::Found,
    );
    let rules = vec![
        rule(prefix(&format!("/{}", "$".repeat(200))), forward),
        Rule {
            path: prefix(&format!("/{}", "%22".repeat(300))),
            action: away.clone(),
        },
        Rule {
            path: exact(&format!("/{}", ".".repeat(1000))),
            action: away,
        },
    ];
    let mut sites = vec![Site {
        rules,
        ..site(&format!("{long} {wild}"))
    }];
    sites.extend((0..300).map(|number| Site {
        rules: vec![rule(prefix("/"), to("tasks.app", 80))],
        ..site(&format!("site{number}.example.com"))
    }));
    gateway(proxy, sites)
}

fn all_rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut Forward)| {
        let mut forward = to("tasks.app", 8080);
        change(&mut forward);
        rules.push(rule(prefix(&format!("/{name}")), forward));
    };
    add("plain", &|_| {});
    add("timeouts", &|f| {
        (f.timeout, f.connect_timeout, f.retries) = (Some(seconds(5)), Some(millis(500)), Some(0));
    });
    add("strip", &|f| f.path = PathEdit::Strip { segments: 1 });
    add("rewrite", &|f| {
        f.path = PathEdit::Rewrite(path("/v2/%C3%BC"));
    });
    add("health", &|f| {
        f.health = Some(Health {
            path: path("/healthz"),
            every: seconds(5),
        });
    });
    add("sticky", &|f| {
        f.sticky = Some(CookieName::parse("app").unwrap());
    });
    add("websocket", &|f| f.websocket = true);
    add("compress", &|f| f.compress = true);
    add("max-body", &|f| f.max_body = NonZeroU64::new(10 << 20));
    add("rate", &|f| f.rate_limit = Some(rate(100, seconds(1), 200)));
    add("slow-rate", &|f| {
        f.rate_limit = Some(rate(5, seconds(3600), 5));
    });
    add("headers", &|f| {
        f.response_headers = vec![set("X-Frame-Options", "DENY"), remove("X-Powered-By")];
    });
    add("more-headers", &|f| {
        f.response_headers = vec![add_header("Link", "</a>; rel=\"next\"")];
    });
    add("server", &|f| f.response_headers = vec![remove("Server")]);
    add("request", &|f| {
        f.request_headers = vec![set("X-Request-Source", "edge"), remove("X-Debug")];
    });
    add("more-request", &|f| {
        f.request_headers = vec![add_header("Via", "1.1 edge")];
    });
    add("ranges", &|f| {
        (f.allow, f.deny) = (ranges("10.0.0.0/8 ::1"), ranges("10.9.0.0/16"));
    });
    add("basic", &|f| {
        f.basic_auth = Some(FilePath::parse("/run/secrets/htpasswd").unwrap());
    });
    add("sso", &|f| {
        f.forward_auth = Some(auth("http://auth:9091/verify?rd=https://sso.example.com/"));
    });
    add("cors", &|f| f.cors = Some(cors()));
    add("open", &|f| f.cors = Some(Cors::new(Origins::Any)));
    let mut moved = to("tasks.app", 8080);
    moved.path = PathEdit::Rewrite(path("/v2/exact"));
    rules.push(rule(exact("/exact"), moved));
    rules.push(Rule {
        path: prefix("/old"),
        action: redirect("/new", RedirectStatus::Found),
    });
    rules.push(Rule {
        path: exact("/gone"),
        action: redirect("https://example.org/", RedirectStatus::Permanent),
    });
    rules
}

pub(crate) fn gateway(proxy: Proxy, sites: Vec<Site>) -> ProxyConfig {
    let mut config = ProxyConfig::new(proxy, Name::parse("edge").unwrap());
    config.listens = vec![listen(80, false), listen(443, true)];
    config.sites = sites;
    config
}

pub(crate) fn site(hosts: &str) -> Site {
    Site {
        hosts: self::hosts(hosts),
        tls: SiteTls::Off,
        redirect_https: false,
        rules: Vec::new(),
    }
}

pub(crate) fn rule(path: PathMatch, forward: Forward) -> Rule {
    Rule {
        path,
        action: Action::Forward(Box::new(forward)),
    }
}

pub(crate) fn redirect(to: &str, status: RedirectStatus) -> Action {
    Action::Redirect(Redirect {
        to: Location::parse(to).unwrap(),
        status,
    })
}

pub(crate) fn to(name: &str, port: u16) -> Forward {
    Forward::new(Upstreams::one(upstream(name, port)))
}

pub(crate) fn upstream(name: &str, port: u16) -> Upstream {
    let (name, port) = (
        DnsName::parse(name).unwrap(),
        NonZeroU16::new(port).unwrap(),
    );
    Upstream {
        name,
        port,
        weight: Weight::ONE,
        slots: Upstream::slots_for(2),
    }
}

pub(crate) fn listen(port: u16, tls: bool) -> Listen {
    Listen {
        port: NonZeroU16::new(port).unwrap(),
        tls,
    }
}

pub(crate) fn hosts(text: &str) -> Vec<Host> {
    text.split_whitespace()
        .map(|host| Host::parse(host).unwrap())
        .collect()
}

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

pub(crate) fn prefix(text: &str) -> PathMatch {
    PathMatch::Prefix(path(text))
}

pub(crate) fn exact(text: &str) -> PathMatch {
    PathMatch::Exact(path(text))
}

pub(crate) fn ranges(text: &str) -> Vec<Cidr> {
    text.split_whitespace()
        .map(|range| Cidr::parse(range).unwrap())
        .collect()
}

pub(crate) fn set(name: &str, value: &str) -> HeaderOp {
    HeaderOp::Set(
        HeaderName::parse(name).unwrap(),
        HeaderValue::parse(value).unwrap(),
    )
}

pub(crate) fn add_header(name: &str, value: &str) -> HeaderOp {
    HeaderOp::Add(
        HeaderName::parse(name).unwrap(),
        HeaderValue::parse(value).unwrap(),
    )
}

pub(crate) fn remove(name: &str) -> HeaderOp {
    HeaderOp::Remove(HeaderName::parse(name).unwrap())
}

pub(crate) fn rate(count: u32, per: Millis, burst: u32) -> RateLimit {
    RateLimit::new(NonZeroU32::new(count).unwrap(), per, NonZeroU32::new(burst)).unwrap()
}

pub(crate) fn auth(url: &str) -> ForwardAuth {
    let copy = ["remote-user", "Remote-Groups"]
        .map(|name| HeaderName::parse(name).unwrap())
        .to_vec();
    ForwardAuth {
        url: AuthUrl::parse(url).unwrap(),
        copy,
    }
}

pub(crate) fn cors() -> Cors {
    let origins = ["https://www.example.com", "http://localhost:3000"]
        .map(|text| Origin::parse(text).unwrap());
    let methods = ["GET", "POST"]
        .map(|text| Method::parse(text).unwrap())
        .to_vec();
    let headers = vec![HeaderName::parse("Authorization").unwrap()];
    Cors::new(Origins::Listed(origins.to_vec()))
        .allowing(methods, headers, Some(seconds(600)))
        .with_credentials()
        .unwrap()
}

pub(crate) fn millis(millis: u64) -> Millis {
    Millis::new(Duration::from_millis(millis)).unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Millis {
    millis(seconds * 1000)
}
