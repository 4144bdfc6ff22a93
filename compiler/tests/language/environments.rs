//! Environments, defaults, and how nodes are laid over each other.

use insta::assert_snapshot;

use skep_schema::diagnostic::Severity;

use crate::support::{errors, inputs, one, said, said_in, settled, spec, spec_in};

const API: &str = r#"
service api replicas=2 init {
    image "a:1"
    command serve --fast
    env { A 1; B 2 }
    port http 80
    port admin 90
    mount tmpfs to="/tmp" size="1MiB"
    mount tmpfs to="/run" size="1MiB"
    health { http "/ok" port=http; every "5s" }
    limits cpu=1 memory="1GiB"
    placement { constraint "node.role==worker"; spread "node.labels.zone" }
    labels team=x
}
"#;

fn patched(patch: &str) -> String {
    spec_in(
        "prod",
        &format!("{API}environment prod {{\n    patch service api {patch}\n}}\n"),
    )
}

fn refused(patch: &str) -> String {
    said_in(
        "prod",
        &format!("{API}environment prod {{\n    patch service api {patch}\n}}\n"),
    )
}

#[test]
fn scalars_replace() {
    assert_snapshot!(patched("replicas=8 { image \"b:2\"; limits memory=\"2GiB\"; init #false }"), @r#"service api {"name":"api","image":"b:2","command":["serve","--fast"],"replicas":8,"env":{"A":"1","B":"2"},"port":[{"name":"http","number":80},{"name":"admin","number":90}],"mount":[{"tmpfs":true,"to":"/tmp","size":"1MiB"},{"tmpfs":true,"to":"/run","size":"1MiB"}],"health":{"http":{"path":"/ok","port":"http"},"every":"5s"},"limits":{"cpu":"1","memory":"2GiB"},"placement":{"constraint":["node.role==worker"],"spread":["node.labels.zone"]},"init":false,"labels":{"team":"x"}}"#);
}

#[test]
fn maps_and_keyed_children_merge_by_key() {
    assert_snapshot!(patched("{ env B=3 C=4; port admin 91; port extra 92; mount tmpfs to=\"/tmp\" size=\"2MiB\"; labels { tier y } }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast"],"replicas":2,"env":{"A":"1","B":"3","C":"4"},"port":[{"name":"http","number":80},{"name":"admin","number":91},{"name":"extra","number":92}],"mount":[{"tmpfs":true,"to":"/tmp","size":"2MiB"},{"tmpfs":true,"to":"/run","size":"1MiB"}],"health":{"http":{"path":"/ok","port":"http"},"every":"5s"},"limits":{"cpu":"1","memory":"1GiB"},"placement":{"constraint":["node.role==worker"],"spread":["node.labels.zone"]},"init":true,"labels":{"team":"x","tier":"y"}}"#);
}

#[test]
fn lists_replace_unless_they_are_appended_to() {
    assert_snapshot!(patched("{ command other; placement { constraint \"node.role==manager\"; constraint \"node.labels.a==b\" } }"), @r#"service api {"name":"api","image":"a:1","command":["other"],"replicas":2,"env":{"A":"1","B":"2"},"port":[{"name":"http","number":80},{"name":"admin","number":90}],"mount":[{"tmpfs":true,"to":"/tmp","size":"1MiB"},{"tmpfs":true,"to":"/run","size":"1MiB"}],"health":{"http":{"path":"/ok","port":"http"},"every":"5s"},"limits":{"cpu":"1","memory":"1GiB"},"placement":{"constraint":["node.role==manager","node.labels.a==b"],"spread":["node.labels.zone"]},"init":true,"labels":{"team":"x"}}"#);
    assert_snapshot!(patched("{ append command --slow; placement { append constraint \"node.labels.a==b\"; append spread \"node.labels.x\" } }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast","--slow"],"replicas":2,"env":{"A":"1","B":"2"},"port":[{"name":"http","number":80},{"name":"admin","number":90}],"mount":[{"tmpfs":true,"to":"/tmp","size":"1MiB"},{"tmpfs":true,"to":"/run","size":"1MiB"}],"health":{"http":{"path":"/ok","port":"http"},"every":"5s"},"limits":{"cpu":"1","memory":"1GiB"},"placement":{"constraint":["node.role==worker","node.labels.a==b"],"spread":["node.labels.zone","node.labels.x"]},"init":true,"labels":{"team":"x"}}"#);
}

#[test]
fn a_nested_node_merges() {
    assert_snapshot!(patched("{ health { every \"9s\"; retries 5 } }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast"],"replicas":2,"env":{"A":"1","B":"2"},"port":[{"name":"http","number":80},{"name":"admin","number":90}],"mount":[{"tmpfs":true,"to":"/tmp","size":"1MiB"},{"tmpfs":true,"to":"/run","size":"1MiB"}],"health":{"http":{"path":"/ok","port":"http"},"every":"9s","retries":5},"limits":{"cpu":"1","memory":"1GiB"},"placement":{"constraint":["node.role==worker"],"spread":["node.labels.zone"]},"init":true,"labels":{"team":"x"}}"#);
}

#[test]
fn what_is_removed_is_gone() {
    assert_snapshot!(patched("{ remove health; remove env A; remove port admin; remove mount \"/run\"; remove placement; remove init; remove limits }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast"],"replicas":2,"env":{"B":"2"},"port":[{"name":"http","number":80}],"mount":[{"tmpfs":true,"to":"/tmp","size":"1MiB"}],"labels":{"team":"x"}}"#);
}

#[test]
fn an_order_that_finds_nothing_is_an_error() {
    assert_snapshot!(refused("{ remove user; remove env Z; remove port htp; remove helth; append env A; append imge x; remove; append; limits { remove pids } }"), @r"
    SK4011 skep.kdl:17:32 there is no `user` to remove
      | user
      - skep.kdl:3:1 changes this node
      = take this line away, or check which environment the word is written for
    SK4011 skep.kdl:17:49 there is no `env Z` to remove
      | Z
      - skep.kdl:3:1 changes this node
      = take this line away, or check which environment the word is written for
    SK4011 skep.kdl:17:64 there is no `port htp` to remove
      | htp
      - skep.kdl:3:1 changes this node
      = take this line away, or check which environment the word is written for
    SK2002 skep.kdl:17:76 `service` knows no `helth`
      | helth
      ^ did you mean `health`?
      - skep.kdl:3:1 changes this node
      = write `health`
    SK2004 skep.kdl:17:90 `env` is no list
      | env
      - skep.kdl:3:1 changes this node
      = write `env ...` alone: it is merged
    SK2002 skep.kdl:17:104 `service` knows no `imge`
      | imge
      ^ did you mean `image`?
      - skep.kdl:3:1 changes this node
      = write `image`
    SK2003 skep.kdl:17:112 `remove` needs to know what
      | remove
      - skep.kdl:3:1 changes this node
      = write `remove WORD` or `remove WORD KEY`
    SK2003 skep.kdl:17:120 `append` needs to know what
      | append
      - skep.kdl:3:1 changes this node
      = write `append WORD VALUE`
    SK4011 skep.kdl:17:144 there is no `pids` to remove
      | pids
      - skep.kdl:3:1 changes this node
      = take this line away, or check which environment the word is written for
    ");
}

#[test]
fn an_unknown_word_in_a_patch_is_told_at_its_place() {
    assert_snapshot!(refused("replcas=3 { enviroment A=1; health { evry \"1s\" } }"), @r"
    SK2002 skep.kdl:17:23 `service` knows no `replcas`
      | replcas
      ^ did you mean `replicas`?
      - skep.kdl:3:1 changes this node
      = write `replicas`
    SK2002 skep.kdl:17:35 `service` knows no `enviroment`
      | enviroment
      ^ did you mean `env`?
      - skep.kdl:3:1 changes this node
      = write `env`
    SK2002 skep.kdl:17:60 `health` knows no `evry`
      | evry
      ^ did you mean `every`?
      - skep.kdl:3:1 changes this node
      = write `every`
    ");
}

#[test]
fn a_change_that_matches_nothing_is_an_error() {
    assert_snapshot!(said_in("prod", &format!("{API}
environment prod {{
    patch service apj replicas=1
    patch servce api replicas=1
    patch network \"*\" {{ internal }}
    remove service other
    remove volume v
    patch service
    chnge service api
}}")), @r#"
    SK4011 skep.kdl:18:19 there is no service `apj` to patch
      | apj
      ^ did you mean `api`?
      = write `api`
    SK2001 skep.kdl:19:11 there is no kind `servce`
      | servce
      ^ did you mean `service`?
      = write `service`
    SK4011 skep.kdl:20:19 there is no network `*` to patch
      | "*"
      = the project has no network
    SK4011 skep.kdl:21:20 there is no service `other` to remove
      | other
      = there is `api`
    SK4011 skep.kdl:22:19 there is no volume `v` to remove
      | v
      = the project has no volume
    SK2003 skep.kdl:23:5 `patch service` needs `NAME`
      | patch service
      ^ `NAME` is missing
      = write `patch KIND NAME`
    SK2002 skep.kdl:24:5 `environment` knows no `chnge`
      | chnge
      = it takes `doc` `set` `add` `patch` `remove`
    "#);
}

#[test]
fn a_star_changes_all_of_the_stacks_own() {
    assert_snapshot!(spec_in("dev", r#"
service a { image "a:1" }
service b mode=global { image "b:1" }
service c { external stack=other }
environment dev { patch service "*" replicas=0 { limits memory="1MiB" } }
"#), @r#"
    service a {"name":"a","image":"a:1","replicas":0,"limits":{"memory":"1MiB"}}
    service b {"name":"b","image":"b:1","mode":"global","limits":{"memory":"1MiB"}}
    service c {"name":"c","external":{"stack":"other"}}
    "#);
}

#[test]
fn nodes_are_added_and_removed() {
    assert_snapshot!(spec_in("dev", r"
network n
volume v
environment dev {
    add volume w { label a=(var)env.name }
    remove volume v
    patch volume w { label b=2 }
}
"), @r#"
    network n {"name":"n"}
    volume w {"name":"w","label":{"a":"dev","b":"2"}}
    "#);
}

#[test]
fn a_route_is_found_however_its_host_is_spelled() {
    assert_snapshot!(spec_in("dev", r#"
gateway g { proxy caddy; listen 80 }
service a { image "a:1"; port http 80 }
route shop.example.com { match "/" { to a } }
route b.example.com { match "/" { to a } }
environment dev { remove route "SHOP.example.com."; patch route B.example.com { match "/" { timeout "1s" } } }
"#), @r#"
    service a {"name":"a","image":"a:1","port":[{"name":"http","number":80}]}
    gateway g {"name":"g","proxy":"caddy","listen":[{"port":80}]}
    route b.example.com {"hosts":["b.example.com"],"matches":[{"path":"/","to":[{"service":"a"}],"timeout":"1s"}]}
    "#);
}

#[test]
fn the_environment_asked_for_must_exist() {
    let text = "environment prod\nenvironment dev\n";
    assert_snapshot!(said_in("prd", text), @r#"
    SK4010 skep.kdl:1:1 there is no environment `prd`, as given with -e
      | project t edition=1
      ^ did you mean `prod`?
      = write -e prod
    "#);
    assert_snapshot!(said_in("staging", text), @r#"
    SK4010 skep.kdl:1:1 there is no environment `staging`, as given with -e
      | project t edition=1
      = there are `dev`, `prod`
    "#);
    assert_snapshot!(said_in("x", "volume v\n"), @r#"
    SK4010 skep.kdl:1:1 there is no environment `x`, as given with -e
      | project t edition=1
      = declare it: environment x { ... }
    "#);
}

#[test]
fn an_environment_is_declared_once() {
    assert_snapshot!(said("environment prod\nenvironment prod\n"), @r#"
    SK2013 skep.kdl:3:13 two environments are called `prod`
      | prod
      ^ again here
      - skep.kdl:2:1 first here
      = write both as one
    "#);
}

#[test]
fn an_environment_that_is_not_chosen_changes_nothing() {
    let text = "volume v\nenvironment prod { remove volume v }\n";
    assert_snapshot!(spec(text), @r#"volume v {"name":"v"}"#);
}

#[test]
fn defaults_lie_below_all_nodes_of_their_kind() {
    assert_snapshot!(spec(r#"
defaults service { stop grace="20s" signal=SIGINT; env A=low B=low; command low; init }
component c { service (var)name { image "c:1" } }
use c one
service two { image "b:1"; stop { grace "1s" }; env B=own; command own; init #false }
service three { external stack=other }
"#), @r#"
    service one {"name":"one","image":"c:1","command":["low"],"env":{"A":"low","B":"low"},"stop":{"signal":"SIGINT","grace":"20s"},"init":true}
    service three {"name":"three","external":{"stack":"other"}}
    service two {"name":"two","image":"b:1","command":["own"],"env":{"A":"low","B":"own"},"stop":{"signal":"SIGINT","grace":"1s"},"init":false}
    "#);
}

#[test]
fn a_patch_lies_over_defaults() {
    assert_snapshot!(spec_in("prod", r#"
defaults service { env A=low }
service one { image "a:1" }
environment prod { patch service one { env A=high }; add service two { image "b:1" } }
"#), @r#"
    service one {"name":"one","image":"a:1","env":{"A":"high"}}
    service two {"name":"two","image":"b:1","env":{"A":"low"}}
    "#);
}

#[test]
fn mistakes_in_defaults_are_told() {
    assert_snapshot!(said("defaults servce { init }\ndefaults volume { label a=1 }\ndefaults volume { label b=1 }\ndefaults network { inernal }\nnetwork a\nnetwork b\n"), @r#"
    SK2001 skep.kdl:2:10 there is no kind `servce`
      | servce
      ^ did you mean `service`?
      = write `service`
    SK2013 skep.kdl:4:1 there are two defaults of `volume`
      | defaults volume
      ^ again here
      - skep.kdl:3:1 first here
      = write both as one
    SK2002 skep.kdl:5:20 `network` knows no `inernal`
      | inernal
      ^ did you mean `internal`?
      = write `internal`
    "#);
}

#[test]
fn check_tells_what_environments_share_once() {
    let set = one(
        "volume v { labl a=1 }\nenvironment a { remove volume w }\nenvironment b { remove volume w }\n",
    );
    let checked = skep_compiler::check(&set);
    let all: Vec<&str> = checked
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(
        all,
        [
            "`volume` knows no `labl`",
            "there is no volume `w` to remove",
            "there is no volume `w` to remove"
        ]
    );
}

#[test]
fn check_looks_at_one_environment_when_it_is_asked_to() {
    let mut set = one("environment a { remove volume w }\nenvironment b { remove volume x }\n");
    set.inputs = inputs(Some("b"), &[]);
    let checked = skep_compiler::check(&set);
    let all: Vec<&str> = checked
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(all, ["there is no volume `x` to remove"]);
}

#[test]
fn the_environments_of_a_project_are_known() {
    let compiled = settled(one("environment b\nenvironment a\n"));
    assert_eq!(errors(&compiled), "");
    assert_eq!(compiled.environments, ["a", "b"]);
}
