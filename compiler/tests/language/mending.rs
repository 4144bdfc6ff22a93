//! Fixes are made together, and none that would bring an error.

use std::convert::Infallible;

use skep_compiler::mend::{Mended, Reach, mend};
use skep_compiler::source::{File, SourceSet};
use skep_compiler::{Checked, check};

use crate::support::HEAD;

fn settled(mut set: SourceSet) -> Result<(SourceSet, Checked), Infallible> {
    loop {
        let checked = check(&set);
        if checked.wanted.is_empty() {
            return Ok((set, checked));
        }
        set.settle(&checked.wanted);
    }
}

fn mended(files: &[(&str, &str)], reach: Reach) -> Mended {
    let Ok((set, checked)) = settled(SourceSet::of(files.iter().copied()));
    let Ok(mended) = mend(set, checked, reach, settled);
    mended
}

fn text<'m>(mended: &'m Mended, path: &str) -> &'m str {
    let bytes = match &mended.set.files[path] {
        File::Bytes(bytes) => Some(bytes),
        File::Absent | File::Unreadable(_) => None,
    };
    std::str::from_utf8(bytes.expect("it was there before")).expect("it was text before")
}

#[test]
fn all_fixes_are_made_and_nothing_else_is_touched() {
    let root = "project t edition=1 { include \"a.kdl\" }\n\
                service web  { image: \"web:1\" ; tty #true } // the front\n";
    let other = "service api { image: \"api:1\"; stop { grace 10s } }\n";
    let mended = mended(&[("skep.kdl", root), ("a.kdl", other)], Reach::Safe);
    assert_eq!(text(&mended, "skep.kdl"), root.replace("image:", "image"));
    assert_eq!(
        text(&mended, "a.kdl"),
        "service api { image \"api:1\"; stop { grace \"10s\" } }\n"
    );
    assert_eq!(mended.made.len(), 3);
    assert!(mended.checked.diagnostics.is_empty());
}

#[test]
fn a_fix_that_would_bring_an_error_is_taken_back_and_the_others_stay() {
    let spec = format!("{HEAD}service web {{ image \"web:1\"; replicas 2; replcas 3; inti }}\n");
    let mended = mended(&[("skep.kdl", &spec)], Reach::Likely);
    assert_eq!(text(&mended, "skep.kdl"), spec.replace("inti", "init"));
    let [(refused, why)] = mended.refused.as_slice() else {
        panic!("{:?}", mended.refused);
    };
    assert_eq!(
        (refused.code.as_str(), refused.title.as_str()),
        ("SK2002", "replace with `replicas`")
    );
    assert!(why.starts_with("SK2008: "), "{why}");
}

#[test]
fn what_is_only_likely_is_left_to_people() {
    let spec = format!("{HEAD}service web {{ image \"web:1\"; inti }}\n");
    let mended = mended(&[("skep.kdl", &spec)], Reach::Safe);
    assert_eq!(text(&mended, "skep.kdl"), spec);
}

#[test]
fn a_word_that_a_parameter_brings_is_not_written_over() {
    let spec = "param order default=start-first\n\
                service a { image \"a:1\"; port http 80; publish 80 to=http mode=host\n\
                update { order (var)param.order } }\n";
    let spec = format!("{HEAD}{spec}");
    let mended = mended(&[("skep.kdl", &spec)], Reach::Likely);
    assert_eq!(text(&mended, "skep.kdl"), spec);
    assert_eq!(mended.checked.diagnostics.len(), 1);
}
