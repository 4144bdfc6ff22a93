//! What a careful author writes is never flagged; its careless sibling is.

use skep_schema::diagnostic::Severity;

use crate::support::{project, told};

/// The codes of all that is said of a spec, which is without errors, in order of place.
fn flagged(spec: &str) -> Vec<String> {
    let compiled = project(spec, &[]);
    assert_eq!(told(&compiled, Severity::Error), Vec::<String>::new());
    let all = compiled.diagnostics.iter();
    all.map(|d| d.code.to_string()).collect()
}

/// Services behind a gateway with TLS, and a route with this body.
fn routed(body: &str) -> Vec<String> {
    flagged(&format!(
        "secret s {{ from env=S }}\n\
         certificate c {{ secret cert=s key=s }}\n\
         gateway g {{ proxy nginx; listen 80; listen 443 tls }}\n\
         service a {{ image \"a:1\"; port http 80; port admin 81 }}\n\
         route x.example.com {{ {body} }}"
    ))
}

fn service(body: &str) -> Vec<String> {
    flagged(&format!(
        "service a {{ image \"a:1\"; port http 80; {body} }}"
    ))
}

const NOTHING: &[&str] = &[];

#[test]
fn a_prefix_is_taken_off_beside_a_guard() {
    let guard = "tls c; match \"/admin\" { to a port=http; basic-auth secret=s }";
    let open = "match \"/public\" { to a port=http; strip-prefix }";
    assert_eq!(routed(&format!("{guard}; {open}")), ["SK5012"]);
    for careful in [
        "match \"/public\" { to a port=http }",
        "match \"/public\" { to a port=admin; strip-prefix }",
        "match \"/public\" kind=exact { to a port=http; strip-prefix }",
        "match \"/public\" { to a port=http; strip-prefix; allow \"10.0.0.0/8\" }",
    ] {
        assert_eq!(routed(&format!("{guard}; {careful}")), NOTHING, "{careful}");
    }
    let inside = "tls c; match \"/api\" { to a port=http; strip-prefix }; \
                  match \"/api/admin\" { to a port=http; strip-prefix \"/api\"; basic-auth secret=s }";
    assert_eq!(routed(inside), NOTHING);
}

#[test]
fn a_password_is_asked_for() {
    let ask = "match \"/\" { to a port=http; basic-auth secret=s }";
    assert_eq!(routed(&format!("tls c; {ask}")), NOTHING);
    assert_eq!(
        flagged(&format!(
            "secret s {{ from env=S }}\nservice a {{ image \"a:1\"; port http 80 }}\n\
             gateway g {{ proxy nginx; listen 80; trusted-proxies \"192.0.2.1\" }}\n\
             route x.example.com {{ {ask} }}"
        )),
        NOTHING
    );
}

#[test]
fn a_service_names_another() {
    let with = |body: &str| {
        flagged(&format!(
            "network f\nnetwork b\nservice db {{ image \"db:1\"; network b; port sql 5432 }}\n\
             service a {{ image \"a:1\"; network f; {body} }}"
        ))
    };
    assert_eq!(with("env DB=(fmt)\"${service.db.host}\""), ["SK5011"]);
    assert_eq!(with("command (fmt)\"${service.db.host}\""), ["SK5011"]);
    for careful in [
        "network b; env DB=(fmt)\"${service.db.host}\"",
        "env PORT=(fmt)\"${service.db.port.sql}\"",
        "labels DB=(fmt)\"${service.db.host}\"",
        "needs db",
    ] {
        assert_eq!(with(careful), NOTHING, "{careful}");
    }
}

#[test]
fn a_database_runs_or_is_asked() {
    let with = |body: &str| {
        flagged(&format!(
            "volume v\nservice user {{ image \"u:1\"; mount volume=v to=\"/v\" read-only=#true; \
             placement {{ constraint \"node.role==worker\" }} }}\nservice db {{ {body} }}"
        ))
    };
    assert_eq!(with("image \"postgres:17\""), ["SK5015"]);
    assert_eq!(
        with("image \"postgres:17\"; command \"-c\" \"fsync=on\""),
        ["SK5015"]
    );
    for careful in [
        "image \"postgres:17\"; mount tmpfs=#true to=\"/var/lib/postgresql/data\"",
        "image \"postgres:17\"; command pg_dump \"-h\" db",
        "image \"postgres:17\"; mode once",
        "image \"bitnami/postgresql:17\"",
        "image \"redis:7\"",
    ] {
        assert_eq!(with(careful), NOTHING, "{careful}");
    }
}

#[test]
fn an_update_starts_first() {
    let with = |body: &str| {
        flagged(&format!(
            "volume v\nservice a {{ image \"a:1\"; placement {{ constraint \"node.role==worker\" }}; {body} }}"
        ))
    };
    let mount = "mount volume=v to=\"/v\"";
    assert_eq!(
        with(&format!("{mount}; update {{ order start-first }}")),
        ["SK5016"]
    );
    for careful in [
        format!("{mount}; update {{ order stop-first }}"),
        format!("{mount}; replicas 3; update {{ order start-first }}"),
        format!("{mount} read-only=#true; update {{ order start-first }}"),
        format!("{mount}; rollback {{ order stop-first }}"),
    ] {
        assert_eq!(with(&careful), NOTHING, "{careful}");
    }
    assert_eq!(service("rollback { order stop-first }"), ["SK5017"]);
    for careful in [
        "update { order stop-first }; rollback { order stop-first }",
        "publish 80 to=http mode=host; rollback { order stop-first }",
        "placement { max-per-node 1 }; rollback { order stop-first }",
        "rollback { order start-first }",
    ] {
        assert_eq!(service(careful), NOTHING, "{careful}");
    }
}

#[test]
fn a_task_ends() {
    assert_eq!(service("restart none"), ["SK5018"]);
    for careful in [
        "mode once; restart none",
        "mode global; restart none",
        "restart on-failure",
    ] {
        assert_eq!(service(careful), NOTHING, "{careful}");
    }
}

#[test]
fn a_network_has_addresses() {
    let with = |subnet: &str| {
        flagged(&format!(
            "network n subnet=\"{subnet}\"\nservice a {{ image \"a:1\"; network n }}"
        ))
    };
    assert_eq!(with("10.0.0.128/25"), ["SK5019"]);
    assert_eq!(with("10.0.9.0/24"), NOTHING);
    assert_eq!(with("172.30.0.0/24"), NOTHING);
}

#[test]
fn labels_are_for_traefik() {
    let port = "\"traefik.http.services.a.loadbalancer.server.port\" 80";
    let rule = "\"traefik.http.routers.a.rule\" \"Host(`a`)\"";
    assert_eq!(service(&format!("labels {{ {rule} }}")), ["SK5021"]);
    assert_eq!(service("container-labels \"caddy_1.tls\"=x"), ["SK5020"]);
    for careful in [
        format!("labels {{ {rule}; {port} }}"),
        format!("labels {{ {rule}; \"traefik.enable\" #false }}"),
        "container-labels \"caddy-team\"=x".to_owned(),
    ] {
        assert_eq!(service(&careful), NOTHING, "{careful}");
    }
    let both = |second: &str| {
        flagged(&format!(
            "service a {{ image \"a:1\"; labels {{ {rule}; {port} }} }}\n\
             service b {{ image \"a:1\"; labels {{ \"traefik.http.routers.a.rule\" \"{second}\"; {port} }} }}"
        ))
    };
    assert_eq!(both("Host(`b`)"), ["SK5022"]);
    assert_eq!(both("Host(`a`)"), NOTHING);
}
