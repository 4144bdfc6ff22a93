//! Includes, and the head of a project.

use insta::assert_snapshot;

use crate::support::{errors, settled, several, spec_of};

#[test]
fn files_and_patterns_are_spliced_in() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1 { include \"a.kdl\" \"more/**/*.kdl\" }\nvolume root\n",
        ),
        ("a.kdl", "volume a\ninclude \"b.kdl\"\n"),
        ("b.kdl", "volume b\n"),
        ("more/c.kdl", "volume c\n"),
        ("more/deep/d.kdl", "volume d\n"),
        ("more/notes.txt", "not KDL {"),
    ]);
    assert_snapshot!(spec_of(&settled(set)), @r#"
    volume a {"name":"a"}
    volume b {"name":"b"}
    volume c {"name":"c"}
    volume d {"name":"d"}
    volume root {"name":"root"}
    "#);
}

#[test]
fn a_file_that_two_include_is_there_once() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1 { include \"a.kdl\" \"b.kdl\" }\n",
        ),
        ("a.kdl", "include \"c.kdl\"\n"),
        ("b.kdl", "include \"c.kdl\"\n"),
        ("c.kdl", "volume c\n"),
    ]);
    assert_snapshot!(spec_of(&settled(set)), @r#"volume c {"name":"c"}"#);
}

#[test]
fn a_pattern_never_means_the_file_it_stands_in() {
    let set = several(&[
        ("skep.kdl", "project t edition=1 { include \"*.kdl\" }\n"),
        ("a.kdl", "volume a\n"),
    ]);
    assert_snapshot!(spec_of(&settled(set)), @r#"volume a {"name":"a"}"#);
}

#[test]
fn includes_that_go_round_are_an_error() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1 { include \"a.kdl\" \"b.kdl\" }\n",
        ),
        ("a.kdl", "include \"b.kdl\"\n"),
        ("b.kdl", "include \"a.kdl\"\n"),
        ("c.kdl", "include \"c.kdl\"\n"),
    ]);
    assert_snapshot!(errors(&settled(set)), @r#"
    SK4012 b.kdl:1:9 these files include each other: a.kdl -> b.kdl -> a.kdl
      | "a.kdl"
      = take one of the includes away
    "#);
    let set = several(&[("skep.kdl", "project t edition=1 { include \"skep.kdl\" }\n")]);
    assert_snapshot!(errors(&settled(set)), @r#"
    SK4012 skep.kdl:1:31 these files include each other: skep.kdl -> skep.kdl
      | "skep.kdl"
      = take one of the includes away
    "#);
}

#[test]
fn an_include_that_cannot_be_followed_says_why() {
    let set = several(&[(
        "skep.kdl",
        "project t edition=1 {\n    include \"../x.kdl\"\n    include \"no.kdl\"\n    include \"no/*.kdl\"\n    include\n    include \"/etc/x\"\n}\n",
    )]);
    assert_snapshot!(errors(&settled(set)), @r#"
    SK4012 skep.kdl:2:13 `../x.kdl` is not inside the project
      | "../x.kdl"
      = write a path inside the project folder, with `/` between folders
    SK3002 skep.kdl:3:13 there is no file `no.kdl` in the project
      | "no.kdl"
      = paths are relative to the folder of skep.kdl
    SK4012 skep.kdl:4:13 `no/*.kdl` matches no file
      | "no/*.kdl"
      = `*` stands within a folder, `**` for any folders
    SK4012 skep.kdl:5:5 `include` names no file
      | include
      = write include "data.kdl"
    SK4012 skep.kdl:6:13 `/etc/x` is not inside the project
      | "/etc/x"
      = write a path inside the project folder, with `/` between folders
    "#);
}

#[test]
fn an_error_in_one_file_hides_none_in_another() {
    let set = several(&[
        (
            "skep.kdl",
            "project t edition=1 { include \"a.kdl\" \"b.kdl\" }\n",
        ),
        ("a.kdl", "volume a { label \"\n"),
        ("b.kdl", "volume b { labl x=1 }\n"),
    ]);
    assert_snapshot!(errors(&settled(set)), @r#"
    SK1002 a.kdl:1:18 this string is not closed on its line
      | "
      = end it with a quote; text of several lines stands between two lines of `"""`
    SK1004 a.kdl:1:18 a `}` is missing after this line
      | "
      - a.kdl:1:10 the block opens here
      = close the block where its indentation ends
    SK2002 b.kdl:1:12 `volume` knows no `labl`
      | labl
      ^ did you mean `label`?
      = write `label`
    "#);
}

#[test]
fn the_head_comes_first_and_once() {
    let head = |text: &str| errors(&settled(several(&[("skep.kdl", text)])));
    assert_snapshot!(head("volume v\n"), @r#"
    SK2015 skep.kdl:1:1 `skep.kdl` does not begin with its project
      | 
      = write `project NAME edition=1` as the first node
    "#);
    assert_snapshot!(head("project t\n"), @r#"
    SK2003 skep.kdl:1:1 `project t` needs `edition`
      | project t
      ^ `edition` is missing
      = write `edition=...`: the edition of the language: what is left out means what it meant in that edition
    "#);
    assert_snapshot!(head("project t edition=2\n"), @r"
    SK2015 skep.kdl:1:19 this Skep knows no edition 2
      | 2
      = there is `1`: write edition=1, or get a newer Skep; `skep explain edition` says what it decides
    ");
    assert_snapshot!(head("project \"a b\" edition=1 { inclde \"x\" }\n"), @r#"
    SK2005 skep.kdl:1:9 `a b` is not a name
      | "a b"
      = use letters, digits, `-` and `_`, at most 63, with a letter or digit at both ends
    SK2002 skep.kdl:1:27 `project` knows no `inclde`
      | inclde
      ^ did you mean `include`?
      = write `include`
    "#);
    assert_snapshot!(head("project t edition=1\nproject u edition=1\n"), @r#"
    SK2015 skep.kdl:2:1 a project has one `project` node
      | project u edition=1
      = take this one out, and keep the first of `skep.kdl`
    "#);
    assert_snapshot!(head(""), @r#"
    SK2015 skep.kdl:1:1 `skep.kdl` does not begin with its project
      | 
      = write `project NAME edition=1` as the first node
    "#);
    assert_snapshot!(errors(&settled(several(&[]))), @r#"
    SK3002 skep.kdl:1:1 there is no file `skep.kdl` in the project
      | 
      = paths are relative to the folder of skep.kdl
    "#);
}
