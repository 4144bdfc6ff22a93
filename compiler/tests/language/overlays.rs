//! What becomes of two values of one thing.

use insta::assert_snapshot;

use crate::support::{inputs, one, said_in, settled, spec, spec_in, warnings_in};

const API: &str = r#"
secret db { from env=DB }
service api replicas=2 {
    image "a:1"
    command serve --fast
    env { A 1; B 2 }
    port http 80
    port admin 90
    secret db target="/run/a"
    secret db target="/run/b"
    mount tmpfs to="/data"
    health { http "/ok" port=http; every "5s" }
    labels team=x
}
"#;

fn patched(patch: &str) -> String {
    let spec = spec_in(
        "prod",
        &format!("{API}environment prod {{\n    patch service api {patch}\n}}\n"),
    );
    let service = spec.lines().find(|line| line.starts_with("service"));
    service.expect("there is a service").to_owned()
}

fn told(environment: &str) -> String {
    let text = format!("{API}environment prod {{\n{environment}\n}}\n");
    said_in("prod", &text) + &warnings_in("prod", &text)
}

#[test]
fn replace_puts_a_whole_block_in_the_place_of_another() {
    assert_snapshot!(patched("{ replace health { tcp port=http }; replace env C=3; replace port http 81; replace mount bind=\"/srv\" to=\"/data\" }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast"],"replicas":2,"env":{"C":"3"},"port":[{"name":"http","number":81},{"name":"admin","number":90}],"secret":[{"name":"db","target":"/run/a"},{"name":"db","target":"/run/b"}],"mount":[{"bind":"/srv","to":"/data"}],"health":{"tcp":{"port":"http"}},"labels":{"team":"x"}}"#);
}

#[test]
fn several_of_one_name_are_told_apart_by_their_second_key() {
    assert_snapshot!(patched("{ secret db target=\"/run/b\" mode=0o400; remove port admin }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast"],"replicas":2,"env":{"A":"1","B":"2"},"port":[{"name":"http","number":80}],"secret":[{"name":"db","target":"/run/a"},{"name":"db","target":"/run/b","mode":"0o400"}],"mount":[{"tmpfs":true,"to":"/data"}],"health":{"http":{"path":"/ok","port":"http"},"every":"5s"},"labels":{"team":"x"}}"#);
    assert_snapshot!(told("patch service api { secret db mode=0o400 }"), @r"
    SK4011 skep.kdl:17:21 there are several `secret db`, and this could be about any of them
      | secret db mode=0o400
      - skep.kdl:10:5 one is here
      - skep.kdl:11:5 one is here
      = say which by its `target`
    ");
}

#[test]
fn two_children_of_one_name_do_not_merge_with_each_other() {
    assert_snapshot!(spec(r#"
secret s { from env=S }
defaults service { init }
service a { image "a:1"; secret s target="/a"; secret s target="/b" }
"#), @r#"
    secret s {"name":"s","from":{"env":"S"}}
    service a {"name":"a","image":"a:1","secret":[{"name":"s","target":"/a"},{"name":"s","target":"/b"}],"init":true}
    "#);
    assert_snapshot!(patched("{ port extra 91; port more 92 }"), @r#"service api {"name":"api","image":"a:1","command":["serve","--fast"],"replicas":2,"env":{"A":"1","B":"2"},"port":[{"name":"http","number":80},{"name":"admin","number":90},{"name":"extra","number":91},{"name":"more","number":92}],"secret":[{"name":"db","target":"/run/a"},{"name":"db","target":"/run/b"}],"mount":[{"tmpfs":true,"to":"/data"}],"health":{"http":{"path":"/ok","port":"http"},"every":"5s"},"labels":{"team":"x"}}"#);
}

#[test]
fn an_order_says_what_it_wants() {
    assert_snapshot!(told("patch service api { replace image x; replace user { x }; replace port other 1; replace; remove env A=1; append command; append port x 1; append user x; remove port { x } }"), @r"
    SK3003 skep.kdl:13:30 service `api` has no port `http`
      | http
      - skep.kdl:4:9 the service is declared here
      = declare it in the service: port http 8080, or write a number
    SK2004 skep.kdl:17:29 `image` is replaced as it is
      | image
      - skep.kdl:4:1 changes this node
      = write `image ...` alone
    SK2004 skep.kdl:17:46 `user` is replaced as it is
      | user
      - skep.kdl:4:1 changes this node
      = write `user ...` alone
    SK4011 skep.kdl:17:66 there is no `port other` to replace
      | port
      - skep.kdl:4:1 changes this node
      = take this line away, or check which environment the word is written for
    SK2003 skep.kdl:17:80 `replace` needs to know what
      | replace
      - skep.kdl:4:1 changes this node
      = write `replace WORD ...`
    SK2009 skep.kdl:17:100 `remove` takes words and keys only
      | A
      - skep.kdl:4:1 changes this node
      = write `remove WORD` or `remove WORD KEY`
    SK2003 skep.kdl:17:105 `append` needs to know what
      | append command
      - skep.kdl:4:1 changes this node
      = write `append command VALUE`
    SK2004 skep.kdl:17:128 `port` is no list
      | port
      - skep.kdl:4:1 changes this node
      = write `port ...` alone: it is merged
    SK2004 skep.kdl:17:145 `user` is no list
      | user
      - skep.kdl:4:1 changes this node
      = write `user ...` alone: it is one value, and replaced
    SK2009 skep.kdl:17:167 `remove` takes words and keys only
      | x
      - skep.kdl:4:1 changes this node
      = write `remove WORD` or `remove WORD KEY`
    ");
}

#[test]
fn two_patches_of_one_value_contradict_each_other() {
    assert_snapshot!(told("
    patch service api replicas=3 { env A=2; append command x; health { every \"1s\" }; port http 81; remove labels; limits cpu=1 }
    patch service api replicas=4 { env A=3 B=3; append command y; remove health; port http 82; labels a=b; limits memory=\"1MiB\" }
"), @r"
    SK4020 skep.kdl:19:23 two patches of `service api` write `replicas`
      | replicas=4
      ^ again here
      - skep.kdl:18:23 first here
      - skep.kdl:4:1 changes this node
      = keep one of them: neither is more precise than the other
    SK4020 skep.kdl:19:40 two patches of `service api` write `env.A`
      | A=3
      ^ again here
      - skep.kdl:18:40 first here
      - skep.kdl:4:1 changes this node
      = keep one of them: neither is more precise than the other
    SK4020 skep.kdl:19:67 two patches of `service api` write `health`
      | remove health
      ^ again here
      - skep.kdl:18:72 first here
      - skep.kdl:4:1 changes this node
      = keep one of them: neither is more precise than the other
    SK4020 skep.kdl:19:92 two patches of `service api` write `port.http.number`
      | 82
      ^ again here
      - skep.kdl:18:96 first here
      - skep.kdl:4:1 changes this node
      = keep one of them: neither is more precise than the other
    SK4020 skep.kdl:19:103 two patches of `service api` write `labels.a`
      | a=b
      ^ again here
      - skep.kdl:18:100 first here
      - skep.kdl:4:1 changes this node
      = keep one of them: neither is more precise than the other
    ");
}

#[test]
fn one_node_is_more_precise_than_all() {
    let text = format!(
        "{API}environment prod {{ patch service api replicas=4; patch service \"*\" replicas=3 {{ env A=9 }} }}\n"
    );
    assert!(spec_in("prod", &text).contains(r#""replicas":4,"env":{"A":"9","B":"2"}"#));
    assert_eq!(warnings_in("prod", &text).matches("SK4020").count(), 0);
    assert_snapshot!(told("patch service \"*\" replicas=3\npatch service \"*\" replicas=4"), @r"
    SK4020 skep.kdl:18:19 two patches of `service api` write `replicas`
      | replicas=4
      ^ again here
      - skep.kdl:17:19 first here
      - skep.kdl:4:1 changes this node
      = keep one of them: neither is more precise than the other
    ");
}

#[test]
fn what_is_removed_is_not_patched() {
    assert_snapshot!(told("patch service api replicas=3\nremove service api"), @r"
    SK4020 skep.kdl:18:16 `service api` is patched and removed
      | api
      ^ removed here
      - skep.kdl:17:15 patched here
      = keep one of them
    ");
    assert_snapshot!(told("patch service \"*\" replicas=3\nremove service api"), @r"
    SK5010 skep.kdl:3:8 nothing uses the secret `db`
      | db
      = use it, or take it away
    ");
}

#[test]
fn a_patch_that_changes_nothing_is_told() {
    assert_snapshot!(told("patch service api replicas=2 { image \"a:1\"; env A=\"1\" B=3; health { every \"5s\" }; labels { team x }; command serve --fast; port http 80; mount tmpfs to=\"/data\"; replace port admin 90 }\npatch service api"), @r#"
    SK5030 skep.kdl:17:19 `replicas` is so without this patch
      | replicas=2
      ^ changes nothing
      - skep.kdl:4:13 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:32 `image` is so without this patch
      | image "a:1"
      ^ changes nothing
      - skep.kdl:5:5 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:49 `env.A` is so without this patch
      | A="1"
      ^ changes nothing
      - skep.kdl:7:11 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:69 `health.every` is so without this patch
      | every "5s"
      ^ changes nothing
      - skep.kdl:13:36 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:92 `labels.team` is so without this patch
      | team x
      ^ changes nothing
      - skep.kdl:14:12 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:102 `command` is so without this patch
      | command serve --fast
      ^ changes nothing
      - skep.kdl:6:5 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:134 `port.http.number` is so without this patch
      | 80
      ^ changes nothing
      - skep.kdl:8:15 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:144 `mount./data.tmpfs` is so without this patch
      | tmpfs
      ^ changes nothing
      - skep.kdl:12:11 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:17:162 `port.admin` is so without this patch
      | replace port admin 90
      ^ changes nothing
      - skep.kdl:9:5 it is written here
      = take it away, or check which environment it is meant for
    SK5030 skep.kdl:18:1 this patch says nothing
      | patch service api
      - skep.kdl:4:1 changes this node
      = write what is different here, or take it away
    "#);
}

#[test]
fn a_patch_of_all_has_a_use_where_it_changes_one() {
    let text = "service a replicas=2 { image \"a:1\" }\nservice b { image \"b:1\" }\nenvironment e { patch service \"*\" replicas=2 }\nenvironment f { patch service \"*\" replicas=2; patch service \"*\" { init #false } }\n";
    assert_eq!(warnings_in("e", text).matches("SK5030").count(), 0);
}

#[test]
fn an_order_for_all_has_a_use_where_one_node_obeys_it() {
    let text = "service a { image \"a:1\"; user x }\nservice b { image \"b:1\" }\nenvironment e { patch service \"*\" { remove user } }\nenvironment f { patch service \"*\" { remove workdir } }\n";
    assert_eq!(said_in("e", text), "");
    assert!(!spec_in("e", text).contains("user"));
    assert_eq!(
        said_in("f", text).matches("no `workdir` to remove").count(),
        1
    );
}

#[test]
fn an_unknown_value_is_no_repetition() {
    let mut set = one(
        "param n type=int\nservice a replicas=(var)param.n { image \"a:1\" }\nenvironment e { patch service a replicas=(var)param.n }\n",
    );
    set.inputs = inputs(Some("e"), &[]);
    set.inputs.allow_unset_params = true;
    assert!(
        !settled(set)
            .diagnostics
            .iter()
            .any(|d| d.code.as_str() == "SK5030")
    );
}

#[test]
fn a_pattern_is_a_star_alone() {
    assert_snapshot!(told("patch service \"ap*\" replicas=3"), @r#"
    SK4011 skep.kdl:17:15 there is no service `ap*` to patch
      | "ap*"
      = `*` alone stands for all; there are no other patterns
    "#);
}

#[test]
fn the_layers_lie_in_their_order() {
    let text = r#"
defaults service { env { A default; B default; C default; D default } }
component c { param env type=map; service (var)name { image "c:1"; env { (spread)param.env } } }
"#
    .replace("env { (spread)param.env }", "env (spread)param.env B=node");
    let text = format!(
        "{text}use c one {{ env {{ C argument; D argument }} }}\nenvironment e {{ patch service one {{ env D=patch }} }}\n"
    );
    assert_snapshot!(spec_in("e", &text), @r#"service one {"name":"one","image":"c:1","env":{"A":"default","B":"node","C":"argument","D":"patch"}}"#);
}
