//! What declarations become.

use std::fmt::Write;

use skep_schema::address::Address;
use skep_schema::plan::{HealthTest, Order, Payload, Plan, Service};

use crate::support::{in_environment, plan, plan_of, printed, project, snapshot};

fn service<'p>(plan: &'p Plan, address: &str) -> &'p Service {
    let address: Address = address.parse().expect("an address");
    plan.nodes[&address]
        .payload
        .as_service()
        .expect("a service")
}

fn name<'p>(plan: &'p Plan, address: &str) -> &'p str {
    let address: Address = address.parse().expect("an address");
    plan.nodes[&address]
        .payload
        .physical_name()
        .expect("an object")
}

#[test]
fn a_small_stack() {
    let spec = r#"
        network edge
        network data { internal; encrypted }
        volume pgdata
        secret db-password { from env=DB_PASSWORD }
        config motd text="welcome\n"
        service db {
            image "postgres:17.2"
            network data
            port postgres 5432
            mount volume=pgdata to="/var/lib/postgresql/data"
            secret db-password mode=0o400
            health { command pg_isready; every "5s" }
        }
        service api replicas=3 {
            image "registry.example.com/api:1"
            network edge
            network data alias="api.internal"
            port http 8080
            needs db when=healthy
            env URL=(fmt)"postgres://${service.db.host}:${service.db.port.postgres}/" VERBOSE=#true
            config motd target="/etc/motd"
        }
    "#;
    snapshot("a_small_stack", &printed(&plan(spec)));
}

/// Every property of a service once.
#[test]
fn a_service_with_everything() {
    let spec = r#"
        network wan
        volume media driver=nfs { option share="nas:/media"; label team=media }
        secret token { from file="secrets/token" }
        config page text="<h1>hello</h1>"
        service db { external stack="data@prod" }
        service migrate mode=once { image "app:5.0"; restart on-failure max=3 }
        service app replicas=2 {
            image "app:5.0"
            entrypoint "/bin/app"
            command serve "--at" (fmt)"${service.db.host}"
            user "1000:1000"
            groups 2000 2001
            workdir "/srv"
            hostname "app-{{.Task.Slot}}"
            domainname "example.com"
            tty; stdin; init; read-only
            network wan alias="app.internal"
            endpoint dnsrr
            port http 8080
            port sync 22000 protocol=udp
            publish 22000 to=sync mode=host
            publish "8000-8001" to="9000-9001" mode=host
            needs migrate when=complete
            env KEY=(secret)token DSN=(fmt)"app:${secret.token}@${service.db.host}" NODE="{{.Node.Hostname}}"
            secret token target="/run/secrets/api" uid=1000 gid=1000 mode=0o400
            config page target="/srv/index.html"
            mount volume=media to="/media" read-only=#true subpath=photos no-copy=#true
            mount bind="/etc/localtime" to="/etc/localtime" read-only=#true propagation=rslave
            mount tmpfs to="/tmp" size="64MiB" mode=0o1777
            health { http "/healthz" port=http status=204 body="it's ok"; every "10s"; timeout "1500ms"; start "30s" }
            limits cpu="250m" memory="512MiB" pids=200
            reserve cpu=0.1 memory="64MiB" { generic gpu=1 }
            ulimit nofile soft=1024 hard=4096
            ulimit nproc hard=100
            sysctl net.core.somaxconn=1024
            cap { add net_bind_service; drop ALL }
            security { no-new-privileges; seccomp unconfined; apparmor disabled; selinux user=u; credential-spec file="spec.json" }
            isolation process
            oom-score -5
            dns { server "1.1.1.1"; search "corp.example.com"; option ndots=2 rotate=#true }
            host "legacy.corp" "10.1.2.3" "10.1.2.4"
            placement { constraint "node.role == worker"; spread "node.labels.zone"; max-per-node 1; platform "linux/amd64" }
            restart on-failure delay="2s" max=3 window="1m"
            stop { signal int; grace "1m" }
            update { parallelism 2; delay "5s"; order start-first; on-failure pause; monitor "1m"; max-failure-ratio 0.1 }
            rollback { parallelism 0; on-failure continue }
            log json-file { option max-size="10m" }
            labels { team app; where (fmt)"${service.db.host}" }
            container-labels logging=promtail
            protect
        }
    "#;
    snapshot("a_service_with_everything", &printed(&plan(spec)));
}

#[test]
fn a_gateway_with_its_routes() {
    let spec = r#"
        network edge
        secret users { from env=USERS }
        certificate site { file cert="tls/site.pem" key="tls/site.key"; hosts shop.example.com }
        gateway public {
            proxy haproxy
            network edge
            listen 80
            listen 443 tls
            placement { constraint "node.labels.edge==true" }
            limits memory="256MiB"
            labels team=net
            protect
        }
        service web { image "web:1"; network edge; port http 8080 }
        service api replicas=9 { image "api:1"; network edge; port http 8080; port admin 9000 }
        route shop.example.com {
            tls site
            match "/" { to web }
            match "/api" { to api port=http; strip-prefix; timeout "30s" }
            match "/admin" { to api port=admin; basic-auth secret=users }
        }
    "#;
    snapshot("a_gateway_with_its_routes", &printed(&plan(spec)));
}

#[test]
fn gateways_that_somebody_else_runs() {
    let spec = r#"
        network edge
        gateway corp { proxy nginx; external; listen 8080 }
        gateway infra { proxy caddy; external stack=infra; listen 80; network edge }
        service web { image "web:1"; network edge; port http 8080 }
        route a.example.com { gateway corp; match "/" { to web } }
        route b.example.com { gateway infra; match "/" { to web } }
    "#;
    snapshot("gateways_that_somebody_else_runs", &printed(&plan(spec)));
}

#[test]
fn a_gateway_that_gets_certificates_itself_keeps_them() {
    let spec = r#"
        gateway public { proxy caddy; listen 80; listen 443 tls }
        service web { image "web:1"; port http 8080 }
        route shop.example.com { tls auto; match "/" { to web } }
    "#;
    let plan = plan(spec);
    assert_eq!(name(&plan, "gateway.public.data"), "shop_public.data");
    assert!(
        service(&plan, "gateway.public")
            .mounts
            .contains_key("/data")
    );
}

#[test]
fn names_follow_environment_content_and_version() {
    let spec = r#"
        environment prod { }
        network plain
        network tuned mtu=1400
        network shared external name="traefik-public"
        network called name="called-so" internal=#true
        volume data
        secret open { from env=OPEN }
        secret fixed { from env=FIXED; version "7" }
        secret theirs external
        config text text="hello"
        config called name="page-v1" text="hello"
        service web { image "web:1"; network shared; network plain }
        service named name="legacy" { image "web:1"; network plain }
    "#;
    let plan = plan_of(in_environment(spec, &[], Some("prod")));
    assert_eq!(plan.stack, "shop@prod");
    let names: Vec<String> = plan
        .nodes
        .iter()
        .filter_map(|(a, n)| Some(format!("{a} {}", n.payload.physical_name()?)))
        .collect();
    assert_eq!(
        names,
        [
            "network.called called-so",
            "network.plain shop-prod_plain",
            "network.shared traefik-public",
            "network.tuned shop-prod_tuned-o3h5aabp",
            "volume.data shop-prod_data",
            "secret.fixed shop-prod_fixed-v7",
            "secret.open shop-prod_open-*",
            "secret.theirs theirs",
            "config.called page-v1",
            "config.text shop-prod_text-2n7glszb4wc3",
            "service.named legacy",
            "service.web shop-prod_web",
        ]
    );
}

#[test]
fn labels_of_a_network_do_not_rename_it() {
    let before = plan("network a internal=#true");
    let after = plan("network a internal=#true { label team=net }");
    assert_eq!(name(&before, "network.a"), name(&after, "network.a"));
}

#[test]
fn the_default_network_is_there_when_somebody_needs_it() {
    let with = plan("service web { image \"web:1\" }");
    assert_eq!(name(&with, "network.default"), "shop_default");
    assert_eq!(
        service(&with, "service.web").networks["shop_default"]
            .iter()
            .collect::<Vec<_>>(),
        ["web"]
    );
    let without = plan("network edge\nservice web { image \"web:1\"; network edge }");
    assert_eq!(without.nodes.len(), 2);
    let own = plan("network default internal=#true\nservice web { image \"web:1\" }");
    assert!(name(&own, "network.default").starts_with("shop_default-"));
    assert!(
        service(&own, "service.web")
            .networks
            .contains_key(name(&own, "network.default"))
    );
}

#[test]
fn the_network_of_the_host_has_no_aliases() {
    let plan = plan("service agent { image \"agent:1\"; network host }");
    assert!(service(&plan, "service.agent").networks["host"].is_empty());
    assert_eq!(plan.nodes.len(), 1);
}

#[test]
fn two_tasks_at_once_unless_something_forbids_it() {
    let order = |body: &str| {
        let spec = format!("volume v\nservice a {{ image \"a:1\"; port http 80; {body} }}");
        let plan = plan(&spec);
        let service = service(&plan, "service.a");
        assert_eq!(service.update.order, service.rollback.order, "{body}");
        service.update.order
    };
    for body in [
        "",
        "publish 80 to=http",
        "mount volume=v to=\"/v\" read-only=#true",
        "mount tmpfs to=\"/t\"",
    ] {
        assert_eq!(order(body), Some(Order::StartFirst), "{body}");
    }
    for body in [
        "publish 80 to=http mode=host",
        "mount volume=v to=\"/v\"",
        "mount bind=\"/srv\" to=\"/v\"",
        "placement { max-per-node 1 }",
        "network host",
        "mode global",
        "mode once",
    ] {
        assert_eq!(order(body), None, "{body}");
    }
}

#[test]
fn a_default_that_is_spelled_out_changes_no_digest() {
    let silent = plan("service a { image \"a:1\"; health { command ok } }");
    let spelled = plan(
        r#"service a replicas=1 mode=replicated {
            image "a:1"
            endpoint vip
            health { command ok; every "30s"; timeout "0.5m"; retries 3; start "0s" }
            restart any delay="5s" max=0
            stop { grace "10s" }
            update { parallelism 1; delay "0s"; order start-first; on-failure rollback; monitor "5s"; max-failure-ratio 0 }
            rollback { parallelism 1; order start-first; on-failure pause }
            security { seccomp default; apparmor default }
            isolation default
        }"#,
    );
    assert_eq!(silent.digest, spelled.digest);
}

#[test]
fn a_signal_is_no_default_because_an_image_may_have_its_own() {
    let spelled = plan("service a { image \"a:1\"; stop { signal TERM } }");
    assert_eq!(
        service(&spelled, "service.a").stop.signal.as_deref(),
        Some("SIGTERM")
    );
}

#[test]
fn keys_of_env_win_over_files() {
    let spec = "service a { image \"a:1\"; env-file \"one.env\"; env-file \"two.env\"; env A=own }";
    let files = [
        ("one.env", "A=1\nB=1\nC=1\n"),
        ("two.env", "# two\nexport B='2'\n"),
    ];
    let plan = plan_of(project(spec, &files));
    let env: Vec<String> = service(&plan, "service.a")
        .env
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(env, ["A=own", "B=2", "C=1"]);
}

#[test]
fn a_config_is_a_file_a_text_or_a_template() {
    let spec = r#"
        param level default=info
        config file file="conf/app.toml"
        config text text=(fmt)"http://${service.web.host}:${service.web.port.http}"
        config template template="conf/app.tera"
        service web { image "web:1"; port http 8080 }
    "#;
    let files = [
        ("conf/app.toml", "[a]\n"),
        (
            "conf/app.tera",
            "{{ param.level }} {{ service.web.host }}:{{ service.web.port.http }} <{{ project }}>\n",
        ),
    ];
    let plan = plan_of(project(spec, &files));
    let content = |address: &str| {
        let address: Address = address.parse().expect("an address");
        match &plan.nodes[&address].payload {
            Payload::Config(config) => config
                .content
                .as_ref()
                .and_then(|c| c.bytes().ok())
                .map(|b| String::from_utf8(b).expect("text")),
            _ => None,
        }
    };
    assert_eq!(content("config.file").as_deref(), Some("[a]\n"));
    assert_eq!(content("config.text").as_deref(), Some("http://web:8080"));
    assert_eq!(
        content("config.template").as_deref(),
        Some("info web:8080 <shop>\n")
    );
}

#[test]
fn a_change_of_a_config_reaches_the_services_that_mount_it_and_no_other() {
    let spec = |text: &str| {
        plan(&format!(
            "config page text={text:?}\nservice a {{ image \"a:1\"; config page target=\"/p\" }}\nservice b {{ image \"b:1\" }}"
        ))
    };
    let (before, after) = (spec("one"), spec("two"));
    let changed: Vec<String> = before
        .nodes
        .iter()
        .filter(|(a, n)| after.nodes[*a].digest != n.digest)
        .map(|(a, _)| a.to_string())
        .collect();
    assert_eq!(changed, ["config.page", "service.a"]);
}

#[test]
fn health_checks_become_commands_of_the_container() {
    let spec = r#"
        service a { image "a:1"; port http 8080; health { http "/healthz" } }
        service b { image "a:1"; port http 8080; health { http "/h" with=curl status=204 } }
        service c { image "a:1"; port db 5432; health { tcp; timeout "2s" } }
        service d { image "a:1"; health { none } }
        service e { image "a:1"; health { shell "true || false" } }
    "#;
    let plan = plan(spec);
    let mut checks = String::new();
    for (address, node) in &plan.nodes {
        let health = node
            .payload
            .as_service()
            .ok()
            .and_then(|service| service.health.as_ref());
        let line = match health.map(|health| &health.test) {
            Some(HealthTest::None) => "none".to_owned(),
            Some(HealthTest::Command(words)) => format!("command {words:?}"),
            Some(HealthTest::Shell(line)) => line.clone(),
            None => continue,
        };
        writeln!(checks, "{address}\n    {line}").expect("a string can be written");
    }
    snapshot("health_checks", &checks);
}

#[test]
fn a_node_from_a_component_knows_both_of_its_places() {
    let spec = "component app {\n    service (var)name { image \"a:1\" }\n}\nuse app one\n";
    let plan = plan(spec);
    let address: Address = "service.one".parse().expect("an address");
    let origin = &plan.nodes[&address].origin;
    assert_eq!(
        (origin.line, origin.used_at.as_deref()),
        (3, Some("skep.kdl:5"))
    );
}

#[test]
fn hosts_of_two_routes_share_their_matches() {
    let spec = r#"
        gateway public { proxy nginx; listen 80 }
        service web { image "web:1"; port http 8080 }
        route a.example.com b.example.com { match "/" { to web } }
        route c.example.com b.example.com { match "/c" { to web } }
    "#;
    let compiled = project(spec, &[]);
    let text = &compiled.proxies["public"].files[0].text;
    let counted = |host: &str| {
        text.matches(&format!("server_name {host}")).count()
            + text.matches(&format!("server_name \"{host}\"")).count()
    };
    assert_eq!(
        ["a.example.com", "b.example.com", "c.example.com"].map(counted),
        [1, 1, 1],
        "{text}"
    );
}
