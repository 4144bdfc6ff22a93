//! Parameters.

use insta::assert_snapshot;

use crate::support::{errors, inputs, one, said, said_in, settled, spec, spec_in, spec_of};

fn given(params: &[(&str, &str)], text: &str) -> String {
    let mut set = one(text);
    set.inputs = inputs(None, params);
    let compiled = settled(set);
    match errors(&compiled) {
        wrong if wrong.is_empty() => spec_of(&compiled),
        wrong => wrong,
    }
}

const TAG: &str = r"
param tag default=one
environment prod { set tag two }
volume v { label tag=(var)param.tag }
";

#[test]
fn a_value_comes_from_the_command_line_then_the_environment_then_the_default() {
    assert_snapshot!(spec(TAG), @r#"volume v {"name":"v","label":{"tag":"one"}}"#);
    assert_snapshot!(spec_in("prod", TAG), @r#"volume v {"name":"v","label":{"tag":"two"}}"#);
    let mut set = one(TAG);
    set.inputs = inputs(Some("prod"), &[("tag", "three")]);
    assert_snapshot!(spec_of(&settled(set)), @r#"volume v {"name":"v","label":{"tag":"three"}}"#);
}

#[test]
fn an_unknown_name_on_the_command_line_is_told_at_the_project() {
    assert_snapshot!(given(&[("tga", "x")], TAG), @r#"
    SK4004 skep.kdl:1:1 there is no parameter `tga`, as given with -p
      | project t edition=1
      ^ did you mean `tag`?
      = write `tag`
    "#);
}

#[test]
fn a_value_of_the_command_line_that_does_not_fit_is_told_at_the_declaration() {
    let text =
        "param n type=int max=3 default=1\nparam size type=bytes default=\"1MiB\"\nvolume v\n";
    assert_snapshot!(given(&[("n", "x"), ("size", "1G")], text), @r#"
    SK4006 skep.kdl:2:7 `-p n=x` does not fit: expected a whole number, found a string
      | n
      ^ declared here
    SK4006 skep.kdl:3:7 `-p size=1G` does not fit: `1G` may mean powers of 1024 or of 1000
      | size
      ^ declared here
      = write "1GiB" or "1GB"
    "#);
    assert_snapshot!(given(&[("n", "4")], text), @r#"
    SK4006 skep.kdl:2:7 `-p n=4` does not fit: `n` is at most 3
      | n
      ^ declared here
    "#);
}

#[test]
fn lists_and_maps_of_the_command_line_are_separated_by_commas() {
    let text = r#"
param hosts type=list default="x"
param labels type=map optional=#true
volume v { label (spread)param.labels }
service s { image "a:1"; command (spread)param.hosts }
"#;
    assert_snapshot!(given(&[("hosts", "a,b"), ("labels", "x=1,y=2")], text), @r#"
    volume v {"name":"v","label":{"x":"1","y":"2"}}
    service s {"name":"s","image":"a:1","command":["a","b"]}
    "#);
}

#[test]
fn a_parameter_without_a_value_is_an_error_at_its_declaration() {
    assert_snapshot!(said("param tag\nvolume v { label tag=(var)param.tag }\n"), @r#"
    SK4005 skep.kdl:2:7 `tag` has no value
      | tag
      = pass -p tag=VALUE, set it in the environment, or give it a default
    "#);
}

#[test]
fn check_holds_a_parameter_without_a_value_as_unknown() {
    let text = r#"
param image
param port type=port
service s { image (var)param.image; port http (var)param.port; env { IMAGE (fmt)"is ${param.image}" } }
"#;
    let set = one(text);
    let checked = skep_compiler::check(&set);
    let wrong: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|d| d.message.clone())
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_type_takes_what_fits() {
    assert_snapshot!(spec(r#"
param a type=string default=x
param b type=int default=-3 min=-5 max=5
param c type=bool default=#true
param d type=float default=0.5 min=0 max=1
param e type=list { default a b }
param f type=map { default { A 1; B x } }
param g type=hostname default="Shop.Example.COM."
param h type=port default=8080
param i type=duration default="5m" min="1s" max="1h"
param j type=bytes default="1GiB" max="2GiB"
param k type=cpu default=0.5 max=2
param l type=cidr default="10.0.0.0/8"
param m type=cron default="30 2 * * *"
param n type=mode default=0o440
param o type=path default="/srv"
param p type=url default="https://example.com"
param q type=ref of=service default=db
param r type=string match="[a-z]+" default=abc
param s type=string one-of="info debug" default=info
param t type=string default=info { one-of info debug }
param u type=list one-of="a b" { default a b a }
volume v { label host=(var)param.g port=(var)param.h time=(var)param.i mode=(var)param.n }
"#), @r#"volume v {"name":"v","label":{"host":"shop.example.com","port":"8080","time":"5m","mode":"288"}}"#);
}

#[test]
fn a_default_that_does_not_fit_is_an_error() {
    assert_snapshot!(said(r#"
param a type=string default=5
param b type=int default=9 min=-5 max=5
param c type=bool default=yes
param d type=float default=2.5 min=0 max=1
param e type=list default=y { one-of x }
param h type=port default=80800
param i type=duration default="5"
param j type=bytes default="3GiB" max="2GiB"
param k type=cpu default=3 max="2"
param m type=cron default="30 2"
param o type=path default="../x"
param q type=map default=x
param r type=string match="[a-z]+" default="ABC"
param s type=string one-of="info debug" default=inof
param t type=string min=3 default=x
param u type=string match="[" default=x
param v type=strin default=x
"#), @r#"
    SK2004 skep.kdl:3:29 expected a string, found a whole number
      | 5
      = write "5"
    SK4006 skep.kdl:4:26 `b` is at most 5
      | 9
      - skep.kdl:4:7 declared here
    SK2004 skep.kdl:5:27 expected #true or #false, found a string
      | yes
      ^ this is a string
    SK4006 skep.kdl:6:28 `d` is at most 1
      | 2.5
      - skep.kdl:6:7 declared here
    SK4006 skep.kdl:7:27 `e` is one of `x`
      | y
      - skep.kdl:7:7 declared here
    SK2005 skep.kdl:8:27 `80800` is no port
      | 80800
      = a port is a number from 1 to 65535
    SK2006 skep.kdl:9:31 `5` has no unit of time
      | "5"
      = write "5s" or "5ms" or "5m"
    SK4006 skep.kdl:10:28 `j` is at most 2GiB
      | "3GiB"
      - skep.kdl:10:7 declared here
    SK4006 skep.kdl:11:26 `k` is at most 2
      | 3
      - skep.kdl:11:7 declared here
    SK2005 skep.kdl:12:27 `30 2` is no cron expression
      | "30 2"
      = write minute, hour, day, month and weekday, as in "30 2 * * *"
    SK2005 skep.kdl:13:27 `../x` is no path
      | "../x"
      = write an absolute path, or one inside the project
    SK2004 skep.kdl:14:18 `default` takes keys with values
      | default
    SK4006 skep.kdl:15:44 `ABC` does not match `[a-z]+`
      | "ABC"
      - skep.kdl:15:7 declared here
    SK4006 skep.kdl:16:49 `s` is one of `info`, `debug`
      | inof
      ^ did you mean `info`?
      - skep.kdl:16:7 declared here
    SK2005 skep.kdl:17:21 `min` means nothing for a string
      | min
      = it is for numbers and quantities; texts have `match` and `one-of`
    SK2005 skep.kdl:18:27 this is no regular expression: non-empty character class has no closing bracket
      | "["
    SK2007 skep.kdl:19:14 `strin` is not one of `string`, `int`, `bool`, `float`, `list`, `map`, `hostname`, `port`, `duration`, `bytes`, `cpu`, `cidr`, `cron`, `mode`, `path`, `url`, `ref`
      | strin
      ^ did you mean `string`?
      = write `string`
    "#);
}

#[test]
fn a_set_value_is_checked_where_it_is_set() {
    assert_snapshot!(said_in("prod", r"
param n type=int max=3 default=1
environment prod { set n 5; set m 1; set n 2 }
"), @r#"
    SK4006 skep.kdl:4:26 `n` is at most 3
      | 5
      - skep.kdl:3:7 declared here
    SK4004 skep.kdl:4:33 there is no parameter `m`
      | m
      = there is `n`
    SK2008 skep.kdl:4:42 `n` is set twice
      | n
      ^ again here
      - skep.kdl:4:20 first here
      = keep one of them
    "#);
}

#[test]
fn a_parameter_is_declared_once() {
    assert_snapshot!(said("param tag default=a\nparam tag default=b\n"), @r#"
    SK2013 skep.kdl:3:7 two parameters are called `tag`
      | tag
      ^ again here
      - skep.kdl:2:7 first here
      = keep one of them
    "#);
}

#[test]
fn an_optional_parameter_without_a_value_leaves_out_what_holds_it_alone() {
    assert_snapshot!(spec(r#"
param memory type=bytes optional=#true
param arg optional=#true
param env type=map optional=#true
service s {
    image "a:1"
    limits memory=(var)param.memory
    workdir (var)param.arg
    command run (var)param.arg
    env (spread)param.env
}
"#), @r#"service s {"name":"s","image":"a:1","command":["run"]}"#);
}

#[test]
fn a_text_cannot_be_made_of_nothing() {
    assert_snapshot!(said("param tag optional=#true\nvolume v { label tag=(fmt)\"x-${param.tag}\" }\n"), @r#"
    SK4003 skep.kdl:3:32 `param.tag` is a parameter that was not given, not a text
      | param.tag
      = only strings, numbers and booleans can stand in a string
    "#);
}

#[test]
fn the_plan_records_the_values() {
    let mut set = one(
        "param tag default=one\nparam n type=int default=1\nparam o optional=#true\nvolume v\n",
    );
    set.inputs = inputs(None, &[("tag", "two")]);
    let plan = settled(set).plan.expect("there is a plan");
    assert_snapshot!(serde_json::to_string(&plan.params).expect("plain data"), @r#"{"n":1,"tag":"two"}"#);
}
