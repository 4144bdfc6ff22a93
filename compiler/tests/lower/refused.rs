//! What is refused, and where the message points.

use skep_schema::diagnostic::{Code, Severity};

use crate::support::{project, told};

fn refused(spec: &str) -> Vec<String> {
    refused_with(spec, &[])
}

/// What is wrong with a spec, which then has no plan.
fn refused_with(spec: &str, files: &[(&str, &str)]) -> Vec<String> {
    let compiled = project(spec, files);
    assert!(compiled.plan.is_none(), "there is a plan of {spec}");
    told(&compiled, Severity::Error)
}

/// Wraps the body of a service.
fn service(body: &str) -> Vec<String> {
    refused(&format!(
        "volume v\nsecret s {{ from env=S }}\nservice a {{ image \"a:1\"; port http 80; {body} }}"
    ))
}

#[test]
fn exactly_one_of_several() {
    assert_eq!(refused("config c"), ["SK3207 1:8 `config` says too little"]);
    assert_eq!(
        refused("config c text=a file=b"),
        ["SK3207 1:15 `config` has both `file` and `text`"]
    );
    assert_eq!(
        refused("secret s"),
        ["SK3207 1:8 the secret `s` comes from nowhere"]
    );
    assert_eq!(
        refused("secret s { from env=A file=b }"),
        ["SK3207 1:28 `from` has both `env` and `file`"]
    );
    assert_eq!(
        refused("certificate c"),
        ["SK3207 1:13 `certificate` says too little"]
    );
    assert_eq!(
        service("mount to=\"/x\""),
        ["SK3207 3:40 `mount` says too little"]
    );
    assert_eq!(
        service("health { every \"5s\" }"),
        ["SK3207 3:40 `health` says too little"]
    );
}

#[test]
fn what_has_no_effect_is_no_spec() {
    assert_eq!(
        refused("network n external=#true internal=#true"),
        ["SK3212 1:9 `internal` means nothing on an external network"]
    );
    assert_eq!(
        refused("service db { external; image \"a:1\" }"),
        ["SK3212 1:9 `image` means nothing on an external service"]
    );
    assert_eq!(
        refused("gateway g { proxy nginx; listen 80; external; replicas 2 }"),
        ["SK3212 1:9 `replicas` means nothing on an external gateway"]
    );
    assert_eq!(
        service("env A=(fmt)\"$${secret.s} ${secret.s}\""),
        ["SK3212 3:46 `${secret.` cannot stand as text beside a secret"]
    );
    assert_eq!(
        service("mode global; replicas 2"),
        ["SK3212 3:62 `replicas` means nothing with mode=global"]
    );
    assert_eq!(
        service("mode once; restart any"),
        ["SK3212 3:51 a service that runs once is not started again"]
    );
    assert_eq!(
        service("mount volume=v to=\"/x\" size=\"1MiB\""),
        ["SK3212 3:68 `size` means nothing here"]
    );
    assert_eq!(
        service("endpoint dnsrr; publish 80 to=http"),
        ["SK3212 3:56 a service with `endpoint dnsrr` cannot publish through the mesh"]
    );
    assert_eq!(
        service("network host alias=b"),
        ["SK3212 3:53 the network `host` knows no aliases"]
    );
}

#[test]
fn what_swarm_cannot_do() {
    assert_eq!(
        service("mount bind=\"data\" to=\"/x\""),
        ["SK3211 3:51 `data` is relative, and the swarm has many disks"]
    );
    assert_eq!(
        service("rollback { on-failure rollback }"),
        ["SK3211 3:40 a failed rollback cannot be rolled back"]
    );
    assert_eq!(
        service("publish \"80-82\" to=\"80-81\""),
        ["SK3211 3:59 `80-82` and `80-81` are ranges of different lengths"]
    );
    assert_eq!(
        refused("service db { external stack=data }\nservice a { image \"a:1\"; needs db }"),
        ["SK3211 2:26 `db` belongs to another stack, for which an apply cannot wait"]
    );
}

#[test]
fn names_that_are_not_the_projects() {
    assert_eq!(
        refused("network host"),
        ["SK3206 1:9 the network `host` belongs to the engine"]
    );
    assert_eq!(
        service("network ingress"),
        ["SK3206 3:40 no service can join the network `ingress`"]
    );
    assert_eq!(
        service("labels skep.stack=x"),
        ["SK3206 3:47 the label `skep.stack` belongs to Skep"]
    );
    let long = "a".repeat(60);
    assert_eq!(
        refused(&format!("service {long} {{ image \"a:1\" }}")),
        [format!(
            "SK3205 1:9 in the swarm this is `shop_{long}`, 65 letters of at most 63"
        )]
    );
    assert_eq!(
        refused("secret s { from env=S; version \"a b\" }"),
        ["SK2005 1:32 `a b` cannot be part of a name in the swarm"]
    );
}

#[test]
fn one_object_has_one_node() {
    assert_eq!(
        refused("gateway edge { proxy nginx; listen 80 }\nservice edge { image \"a:1\" }"),
        ["SK3203 1:9 `service.edge` and `gateway.edge` would both be the service `shop_edge`"]
    );
    assert_eq!(
        refused("service web { image \"a:1\" }\nservice WEB { image \"a:1\" }"),
        ["SK3203 1:9 `service.WEB` and `service.web` would both be the service `shop_web`"]
    );
}

#[test]
fn a_port_belongs_to_one() {
    let two = |first: &str, second: &str| {
        format!(
            "service a {{ image \"a:1\"; port http 80; {first} }}\nservice b {{ image \"a:1\"; port http 80; {second} }}"
        )
    };
    let message = "SK3204 2:40 `service.a` and `service.b` both want port 80/tcp";
    assert_eq!(
        refused(&two("publish 80 to=http", "publish 80 to=http")),
        [message]
    );
    assert_eq!(
        refused(&two("publish 80 to=http", "publish 80 to=http mode=host")),
        [message]
    );
    let placed = "publish 80 to=http mode=host; placement { constraint \"node.labels.x==1\" }";
    assert_eq!(
        refused(&two(placed, "publish 80 to=http mode=host")),
        [message]
    );
    let apart = project(&two(placed, placed), &[]);
    assert!(apart.plan.is_some());
    assert!(told(&apart, Severity::Warning).contains(&message.to_owned()));
}

#[test]
fn a_file_appears_at_one_place_only_once() {
    assert_eq!(
        service("secret s target=\"/x\"; mount tmpfs to=\"/x\""),
        ["SK2008 3:77 two things appear at `/x`"]
    );
}

#[test]
fn placements_and_engine_templates_are_read() {
    assert_eq!(
        service("placement { constraint \"disk==ssd\" }"),
        ["SK3213 3:63 Swarm does not understand `disk==ssd`"]
    );
    assert_eq!(
        service("hostname \"{{.Task.Slot\""),
        ["SK3214 3:49 `{{` is never closed"]
    );
    assert_eq!(
        service("env A=\"{{.Time}}\""),
        ["SK3214 3:46 `{{.Time}}` is nothing the engine knows"]
    );
    assert_eq!(
        service("mount bind=\"/x/{{.A}}\" to=\"/x\""),
        ["SK3214 3:51 `{{.A}}` is nothing the engine knows"]
    );
}

#[test]
fn a_template_is_wrong_at_its_own_line() {
    let spec = "config c template=\"t.tera\"";
    assert_eq!(
        refused_with(spec, &[("t.tera", "a\n  {{ service.db.host }}\n")]),
        ["SK3209 t.tera 2:14 field `db` is not defined"]
    );
    let compiled = project(spec, &[("t.tera", "{{ nothing }}")]);
    let stuck = compiled
        .diagnostics
        .iter()
        .find(|d| d.code == Code::BadTemplate)
        .expect("a mistake");
    assert_eq!(stuck.secondary.len(), 1);
}

#[test]
fn an_environment_file_is_wrong_at_its_own_line() {
    let spec = "service a { image \"a:1\"; env-file \"a.env\" }";
    assert_eq!(
        refused_with(spec, &[("a.env", "A=1\nTOKEN\nB='x' y\nC={{.X}}\n")]),
        [
            "SK3210 a.env 2:1 a key needs a value: write `KEY=value`",
            "SK3210 a.env 3:1 something follows the closing quote",
            "SK3214 a.env 4:1 `{{.X}}` is nothing the engine knows",
        ]
    );
    let twice = project(spec, &[("a.env", "A=1\nA=2\n")]);
    assert_eq!(
        told(&twice, Severity::Warning),
        ["SK2008 a.env 2:1 `A` is written twice, and the later value wins"]
    );
    assert!(twice.plan.is_some());
}

#[test]
fn a_config_has_a_size_the_swarm_keeps() {
    let spec = "config c file=\"c\"";
    let largest = "x".repeat(1_023_999);
    assert!(project(spec, &[("c", &largest)]).plan.is_some());
    assert_eq!(
        refused_with(spec, &[("c", &format!("{largest}x"))]),
        ["SK3208 1:8 the config has 1024000 bytes, and the swarm keeps at most 1023999"]
    );
    assert_eq!(
        refused_with(spec, &[("c", "")]),
        ["SK3208 1:8 the config is empty, and the swarm keeps no empty ones"]
    );
}

/// A gateway on `edge`, a service on `edge`, and what else is given.
fn routed(gateway: &str, rest: &str) -> Vec<String> {
    refused(&format!(
        "network edge\nnetwork data\ngateway public {{ network edge; {gateway} }}\nservice web {{ image \"a:1\"; network edge; port http 80; port dns 53 protocol=udp }}\n{rest}"
    ))
}

#[test]
fn a_gateway_and_its_targets_share_a_network() {
    let rest = "service db { image \"a:1\"; network data; port http 80 }\nroute a.test { match \"/\" { to db } }";
    let told = routed("proxy nginx; listen 80", rest);
    assert_eq!(
        told,
        ["SK3201 6:31 gateway `public` shares no network with service `db`"]
    );
    let compiled = project(
        "network edge\ngateway public { proxy nginx; listen 80; network edge }\nservice db { image \"a:1\"; port http 80 }\nroute a.test { match \"/\" { to db } }",
        &[],
    );
    assert_eq!(compiled.diagnostics[0].secondary.len(), 2);
}

#[test]
fn requests_belong_to_one_match() {
    let told = |rest: &str| routed("proxy nginx; listen 80", rest);
    assert_eq!(
        told(
            "route a.test {\n match \"/api\" { to web port=http }\n match \"/api/\" { to web port=http }\n}"
        ),
        ["SK3202 7:2 `/api/` of `a.test` is claimed twice"]
    );
    assert_eq!(
        told(
            "route a.test {\n match \"/x\" kind=exact { to web port=http }\n redirect \"/x\" to=\"/y\" status=301\n}"
        ),
        ["SK3202 7:2 `/x` of `a.test` is claimed twice"]
    );
    assert_eq!(
        told(
            "route a.test b.test {\n match \"/\" { to web port=http }\n}\nroute c.test a.test b.test {\n match \"/\" { to web port=http }\n}"
        ),
        ["SK3202 9:2 `/` of `a.test` is claimed twice"]
    );
}

#[test]
fn tls_needs_a_port_and_a_certificate() {
    let certificate =
        "secret s { from env=S }\ncertificate c { secret cert=s key=s; hosts \"*.test\" }\n";
    assert_eq!(
        routed(
            "proxy nginx; listen 80",
            &format!("{certificate}route a.test {{ tls c; match \"/\" {{ to web port=http }} }}")
        ),
        ["SK3215 7:20 gateway `public` has no port that speaks TLS"]
    );
    assert_eq!(
        routed(
            "proxy nginx; listen 443 tls",
            &format!("{certificate}route test {{ tls c; match \"/\" {{ to web port=http }} }}")
        ),
        ["SK3216 7:18 the certificate `c` is not valid for `test`"]
    );
    assert_eq!(
        routed(
            "proxy nginx; listen 443 tls",
            "route a.test {\n match \"/\" { to web port=http }\n}"
        ),
        ["SK3215 5:1 gateway `public` has no port without TLS"]
    );
    assert_eq!(
        routed(
            "proxy nginx; listen 443 tls",
            "route a.test { tls auto; match \"/\" { to web port=http } }"
        ),
        ["SK6001 5:20 nginx cannot do `tls auto`"]
    );
}

#[test]
fn a_proxy_is_asked_only_for_what_it_can() {
    let rest = "route a.test b.test {\n match \"/\" { to web port=http; sticky cookie=c }\n}";
    let compiled = project(
        &format!(
            "gateway g {{ proxy traefik; listen 80 }}\nservice web {{ image \"a:1\"; port http 80 }}\n{rest}"
        ),
        &[],
    );
    assert_eq!(
        told(&compiled, Severity::Error),
        ["SK6001 4:2 traefik cannot do `sticky`"]
    );
    assert_eq!(
        compiled.diagnostics[0].help.as_deref(),
        Some(
            "it knows the service by one name and cannot tell its replicas apart; caddy, haproxy can"
        )
    );
}

#[test]
fn values_that_no_config_can_hold() {
    let told = |body: &str| {
        routed(
            "proxy haproxy; listen 80",
            &format!("route a.test {{\n match \"/\" {{ {body} }}\n}}"),
        )
    };
    assert_eq!(
        told("to web port=dns"),
        ["SK3212 6:26 a route needs one port that speaks TCP"]
    );
    assert_eq!(
        told("to web port=http; timeout \"2d\""),
        ["SK3217 6:40 `2d` is not from 1 ms to a day"]
    );
    assert_eq!(
        told("to web port=http weight=0"),
        ["SK3217 6:38 `0` is not a weight from 1 to 256"]
    );
    assert_eq!(
        told("to web port=http; rate-limit 0"),
        ["SK3217 6:43 `0` is too little: write 1 or more"]
    );
    assert_eq!(
        told("to web port=http; header { set X \"a\\nb\" }"),
        ["SK3217 6:47 `a\nb` must not contain '\\n'"]
    );
    assert_eq!(
        told("to web port=http; strip-prefix \"/x\""),
        ["SK3212 6:32 `/x` is not in front of `/`"]
    );
    assert_eq!(
        told("strip-prefix"),
        ["SK2003 6:2 this match leads nowhere"]
    );
}

/// A parameter without a value is unknown to `check`, and nothing follows from what is unknown.
#[test]
fn what_may_be_unknown_is_not_missing() {
    use skep_compiler::source::SourceSet;
    let spec = "project shop edition=1\nparam image\nservice a {\n    image (var)param.image\n    mount bind=data to=\"/x\"\n}\n";
    let checked = skep_compiler::check(&SourceSet::of([("skep.kdl", spec)]));
    let codes: Vec<&str> = checked
        .diagnostics
        .iter()
        .map(|d| d.code.as_str())
        .collect();
    assert_eq!(codes, ["SK3211"]);
}

#[test]
fn text_for_a_proxy_is_pointed_out() {
    let compiled = project(
        "gateway g { proxy nginx; listen 80; raw nginx \"# hello\"; raw caddy \"{}\" }\nservice web { image \"a:1\"; port http 80 }\nroute a.test { match \"/\" { to web } }",
        &[],
    );
    assert_eq!(
        told(&compiled, Severity::Warning),
        [
            "SK5201 1:37 this goes into the config of nginx as it is",
            "SK5201 1:58 this is for caddy, and the gateway runs nginx: it is left out",
        ]
    );
}
