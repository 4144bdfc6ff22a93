//! What the explanations of codes show as wrong is wrong, and what they show as right is right.

use skep_compiler::source::Inputs;
use skep_compiler::{Compiled, check};
use skep_schema::diagnostic::{Code, Severity};

use crate::support::{HEAD, errors, several};

/// The examples of an explanation under a heading such as `Wrong:`.
fn examples<'t>(text: &'t str, heading: &str) -> Vec<&'t str> {
    text.split(heading)
        .skip(1)
        .filter_map(|rest| {
            rest.split_once("```kdl\n")?
                .1
                .split_once("```")
                .map(|(code, _)| code)
        })
        .collect()
}

fn compiled(example: &str) -> Compiled {
    let text = if example.starts_with("project") || example.contains("\nproject") {
        example.to_owned()
    } else {
        format!("{HEAD}{example}")
    };
    let mut set = several(&[
        ("skep.kdl", &text),
        ("common.kdl", ""),
        ("services/a.kdl", ""),
        ("teams/x/y.kdl", ""),
        ("parts/a.kdl", "component a { volume (var)name }\n"),
    ]);
    set.inputs = Inputs {
        allow_unset_params: true,
        ..Inputs::default()
    };
    loop {
        let compiled = skep_compiler::compile(&set);
        if compiled.wanted.is_empty() {
            return compiled;
        }
        set.settle(&compiled.wanted);
    }
}

/// The codes a project shows in any of its environments.
fn codes(example: &str) -> Vec<Code> {
    let base = compiled(example);
    let mut all: Vec<Code> = base.diagnostics.iter().map(|d| d.code).collect();
    for environment in base.environments {
        let mut set = several(&[("skep.kdl", &format!("{HEAD}{example}"))]);
        set.inputs.environment = Some(environment);
        all.extend(check(&set).diagnostics.iter().map(|d| d.code));
    }
    all
}

fn explained() -> impl Iterator<Item = Code> {
    let of_this_half = |code: &Code| {
        let text = code.as_str();
        text.starts_with("SK2") || text.starts_with("SK4")
    };
    Code::ALL.iter().copied().filter(of_this_half)
}

#[test]
fn what_is_shown_as_wrong_has_the_code() {
    for code in explained() {
        for example in examples(code.info().explain, "Wrong:") {
            // A parameter that is unset is an error of a compile only.
            if code != Code::UnsetParam {
                assert!(
                    codes(example).contains(&code),
                    "{code}: {:?}\n{example}",
                    codes(example)
                );
            }
        }
    }
}

#[test]
fn what_is_shown_as_right_has_no_error() {
    for code in explained() {
        for example in examples(code.info().explain, "Right") {
            let compiled = compiled(example);
            let first = compiled
                .diagnostics
                .iter()
                .find(|d| d.severity == Severity::Error);
            assert!(first.is_none(), "{code}:\n{}\n{example}", errors(&compiled));
        }
    }
}

#[test]
fn every_code_is_explained_with_an_example() {
    for code in explained() {
        let text = code.info().explain;
        assert!(
            text.contains("```kdl") && text.lines().count() >= 10,
            "{code}"
        );
    }
}
