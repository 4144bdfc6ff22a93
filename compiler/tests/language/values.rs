//! Annotated values.

use insta::assert_snapshot;

use crate::support::{errors, said, settled, several, spec, spec_in, spec_of};

#[test]
fn a_plain_string_is_never_filled_in() {
    assert_snapshot!(spec("param tag default=one\nvolume v { label tag=\"${param.tag}\" }\n"), @r#"volume v {"name":"v","label":{"tag":"${param.tag}"}}"#);
}

#[test]
fn a_dollar_before_the_dollar_is_the_text_itself() {
    assert_snapshot!(spec("param t default=x\nvolume v { label a=(fmt)\"$${param.t} ${param.t} $5 $${\" }\n"), @r#"volume v {"name":"v","label":{"a":"${param.t} x $5 ${"}}"#);
}

#[test]
fn a_text_is_filled_with_values_of_all_scalar_types() {
    assert_snapshot!(spec(r#"
param s default=x
param i type=int default=5
param f type=float default=0.5
param b type=bool default=#true
volume v { label all=(fmt)"${param.s} ${param.i} ${param.f} ${param.b}" }
"#), @r#"volume v {"name":"v","label":{"all":"x 5 0.5 true"}}"#);
}

#[test]
fn what_only_the_graph_knows_stays_in_the_text() {
    assert_snapshot!(spec(r#"
service db { image "a:1"; port sql 5432 }
service api {
    image "a:1"
    env { URL (fmt)"sql://${service.db.host}:${service.db.port.sql}/x"; HOST (var)service.db.host }
}
"#), @r#"
    service api {"name":"api","image":"a:1","env":{"URL":"sql://${service.db.host}:${service.db.port.sql}/x","HOST":"${service.db.host}"}}
    service db {"name":"db","image":"a:1","port":[{"name":"sql","number":5432}]}
    "#);
}

#[test]
fn without_an_environment_there_is_no_name_of_it() {
    assert_snapshot!(said("volume v { label e=(var)env.name }\n"), @r#"
    SK4005 skep.kdl:2:25 `env.name` has no value without an environment
      | env.name
      = choose one with -e NAME
    "#);
}

#[test]
fn where_parameters_get_their_values_there_are_none_yet() {
    assert_snapshot!(said("param a default=x\nparam b default=(var)param.a\n"), @r#"
    SK4001 skep.kdl:3:22 parameters have no values yet here
      | param.a
      = write the value out: defaults and `set` are read before any parameter
    "#);
    assert_snapshot!(errors(&settled(several(&[("skep.kdl", "project (var)param.a edition=1\n")]))), @r#"
    SK4001 skep.kdl:1:14 nothing can be looked up here
      | param.a
      = write the value out
    "#);
}

#[test]
fn the_environment_has_a_name() {
    let text = "environment prod\nvolume v { label e=(var)env.name }\n";
    assert_snapshot!(spec_in("prod", text), @r#"volume v {"name":"v","label":{"e":"prod"}}"#);
}

#[test]
fn an_unknown_path_is_an_error_at_its_place() {
    assert_snapshot!(said(r#"
param tag default=one
volume a { label x=(var)param.tga }
volume b { label x=(fmt)"v-${parm.tag}-${param.tag}-${param.}" }
volume c { label x=(var)env.nmae y=(var)name z=(var)task.a.b w=(var)service.a.hots }
volume d { label x=(fmt)"${" y=(fmt)"${}" z=(var)"a b" w=(var)secret.a.b }
volume e { label x=(var)service.a.port.b.c y=(var)param.tag.x z=(var)zebra }
"#), @r#"
    SK4001 skep.kdl:4:25 there is no parameter `tga`
      | param.tga
      ^ did you mean `param.tag`?
      = write `param.tag`
    SK4001 skep.kdl:5:30 `parm.tag` leads nowhere
      | parm.tag
      ^ did you mean `param.tag`?
      = write `param.tag`
    SK4001 skep.kdl:5:55 `param.` is no path
      | param.
      = write words with dots between, such as param.tag or service.db.host
    SK4001 skep.kdl:6:25 `env.nmae` leads nowhere
      | env.nmae
      = write env.name; other values come in as parameters
    SK4001 skep.kdl:6:41 `name` means something in components only
      | name
      = it is the name of the instance: `use COMPONENT name`
    SK4001 skep.kdl:6:53 `task` means something in flows only
      | task.a.b
      = here, only parameters and services are known
    SK4001 skep.kdl:6:69 `service.a.hots` leads nowhere
      | service.a.hots
      ^ did you mean `service.a.host`?
      = write `service.a.host`
    SK4002 skep.kdl:7:28 `${` is not closed
      | 
      = write `}` behind the path, or `$${` for the text `${`
    SK4001 skep.kdl:7:40 a path is missing here
      | 
      = write words with dots between, such as param.tag or service.db.host
    SK4001 skep.kdl:7:50 `"a b"` leads nowhere
      | "a b"
      = a path begins with one of param, env, name, each, service, secret, task, trigger, matrix, run
    SK4001 skep.kdl:7:63 `secret.a.b` leads nowhere
      | secret.a.b
      = write secret.NAME
    SK4001 skep.kdl:8:25 `service.a.port.b.c` leads nowhere
      | service.a.port.b.c
      ^ did you mean `service.a.port.b`?
      = write `service.a.port.b`
    SK4001 skep.kdl:8:51 `param.tag.x` leads nowhere
      | param.tag.x
      = write param.NAME
    SK4001 skep.kdl:8:70 `zebra` leads nowhere
      | zebra
      = a path begins with one of param, env, name, each, service, secret, task, trigger, matrix, run
    "#);
}

#[test]
fn the_place_of_a_path_is_found_behind_escapes_and_in_raw_strings() {
    assert_snapshot!(said(r##"
volume a { label x=(fmt)"\t\"${parm.x}\" \u{41}" }
volume b { label x=(fmt)#"\"${parm.y}"# }
volume c { label x=(fmt)"""
    one $${two}
    three ${parm.z}
    """ }
"##), @r#"
    SK4001 skep.kdl:3:32 `parm.x` leads nowhere
      | parm.x
      ^ did you mean `param.x`?
      = write `param.x`
    SK4001 skep.kdl:4:31 `parm.y` leads nowhere
      | parm.y
      ^ did you mean `param.y`?
      = write `param.y`
    SK4001 skep.kdl:7:13 `parm.z` leads nowhere
      | parm.z
      ^ did you mean `param.z`?
      = write `param.z`
    "#);
}

#[test]
fn a_segment_that_is_no_identifier_is_quoted() {
    assert_snapshot!(spec(r##"
service db { image "a:1" }
service api { image "a:1"; env { A (fmt)#"${service."db".host}"# } }
"##), @r#"
    service api {"name":"api","image":"a:1","env":{"A":"${service.db.host}"}}
    service db {"name":"db","image":"a:1"}
    "#);
}

#[test]
fn an_annotation_must_be_one_that_is_known() {
    assert_snapshot!(said("volume v { label a=(fmtt)\"x\" b=(u8)5 c=(fmt)5 }\n(x)volume w\n"), @r#"
    SK2016 skep.kdl:2:21 `(fmtt)` means nothing here
      | fmtt
      ^ did you mean `(fmt)`?
      = write `(fmt)`
    SK2016 skep.kdl:2:33 `(u8)` means nothing here
      | u8
      = annotations are (var), (fmt), (spread), (file) and (secret)
    SK4003 skep.kdl:2:45 (fmt) wants a string
      | 5
    SK2016 skep.kdl:3:2 an annotation means nothing before a node
      | x
      = annotations stand before values
    "#);
}

#[test]
fn a_list_or_map_is_spread_and_a_scalar_is_not() {
    assert_snapshot!(said(r"
param list type=list { default a b }
param map type=map { default { A 1 } }
param one default=x
service s user=(spread)param.list {
    image (var)param.list
    command (spread)param.one
    env A=(spread)param.map B=(var)param.map
}
"), @r#"
    SK4003 skep.kdl:6:24 a spread has no key
      | param.list
      = write it as a child: user (spread)param.list
    SK4003 skep.kdl:7:16 `param.list` is a list, not one value
      | param.list
      = write (spread)param.list
    SK4003 skep.kdl:8:21 `param.one` is a string, not a map or list
      | param.one
      = write (var)param.one
    SK4003 skep.kdl:9:19 a spread has no key
      | param.map
      = write it as a child: A (spread)param.map
    SK4003 skep.kdl:9:36 `param.map` is more than one value
      | param.map
      = write it as a child: B (spread)param.map
    "#);
}

#[test]
fn keys_beside_a_spread_win() {
    assert_snapshot!(spec(r#"
param env type=map { default { A 1; B 2; C 3 } }
service s { image "a:1"; env (spread)param.env A=own { B own } }
"#), @r#"service s {"name":"s","image":"a:1","env":{"C":"3","A":"own","B":"own"}}"#);
}

#[test]
fn the_content_of_a_file_is_a_text() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1\nconfig c text=(file)\"a.txt\"\n",
        ),
        ("a.txt", "hello\n"),
    ]);
    assert_snapshot!(spec_of(&settled(set)), @r#"config c {"name":"c","text":"hello\n"}"#);
}

#[test]
fn a_file_must_be_in_the_project_and_text() {
    let mut set = several(&[(
        "skep.kdl",
        "project t edition=1\nconfig a text=(file)\"../x\"\nconfig b text=(file)\"no.txt\"\nconfig c text=(file)\"bad\"\n",
    )]);
    set.files.insert(
        "bad".to_owned(),
        skep_compiler::source::File::Bytes(vec![0xff].into()),
    );
    assert_snapshot!(errors(&settled(set)), @r#"
    SK2005 skep.kdl:2:21 `../x` is not a file of the project
      | "../x"
      = write a path inside the project folder, such as "conf/app.toml"
    SK3002 skep.kdl:3:21 there is no file `no.txt` in the project
      | "no.txt"
      = paths are relative to the folder of skep.kdl
    SK2014 skep.kdl:4:21 `bad` is not UTF-8 text
      | "bad"
    "#);
}

#[test]
fn a_secret_stands_in_environment_variables_only() {
    assert_snapshot!(said(r#"
secret key { from env=KEY }
service s {
    image "a:1"
    env { A (secret)key; B (fmt)"x-${secret.key}"; C (var)secret.key }
    command (fmt)"--key=${secret.key}" (secret)key
    labels key=(secret)key
    user (secret)key
}
"#), @r#"
    SK2011 skep.kdl:7:27 a secret cannot stand here
      | secret.key
      = only values of `env` may hold a secret; elsewhere mount it with `secret NAME`
    SK2011 skep.kdl:7:48 a secret cannot stand here
      | key
      = only values of `env` may hold a secret; elsewhere mount it with `secret NAME`
    SK2011 skep.kdl:8:24 a secret cannot stand here
      | key
      = only values of `env` may hold a secret; elsewhere mount it with `secret NAME`
    SK2011 skep.kdl:9:18 a secret cannot stand here
      | key
      = only values of `env` may hold a secret; elsewhere mount it with `secret NAME`
    "#);
}

#[test]
fn a_reference_cannot_stand_where_the_value_is_needed_now() {
    assert_snapshot!(said(r#"
service db { image "a:1" }
service s { image (fmt)"${service.db.host}/x:1"; replicas (var)service.db.host }
"#), @r#"
    SK2010 skep.kdl:4:19 references cannot stand here
      | (fmt)"${service.db.host}/x:1"
      ^ needed before the graph is known
      = write the value out, or pass it in as a parameter: (var)param.name
    SK2004 skep.kdl:4:59 expected a whole number, found a string with references
      | (var)service.db.host
      ^ this is a string with references
    "#);
}

#[test]
fn numbers_that_are_none_are_refused() {
    assert_snapshot!(said("service s { image \"a:1\"; env A=#inf B=#nan C=1_000 D=1_0.5_0 }\n"), @r#"
    SK2005 skep.kdl:2:32 `#inf` is no number that anything here could be
      | #inf
    SK2005 skep.kdl:2:39 `#nan` is no number that anything here could be
      | #nan
    "#);
}

#[test]
fn in_a_flow_its_own_parameters_and_runs_are_known() {
    assert_snapshot!(said(r#"
param level default=info
service api { image "a:1" }
flow f {
    trigger go { form { field ref type=string default=main } }
    param ref type=string from=trigger.ref default=main
    task a { exec in=api { command run (var)param.ref (var)param.level }; out x type=string }
    task b after=a { exec in=api { command run (var)task.a.x (var)param.reff (var)run } }
}
"#), @r#"
    SK4001 skep.kdl:9:67 there is no parameter `reff`
      | param.reff
      ^ did you mean `param.ref`?
      = write `param.ref`
    SK4001 skep.kdl:9:83 `run` alone is no value
      | run
      = write run.NAME
    "#);
}
