//! Images with the digests of a lock file.

use proptest::prelude::*;
use skep_compiler::lock::Images;
use skep_compiler::source::{File, SourceSet};
use skep_compiler::{Checked, Memory, check, compile};
use skep_schema::change::ChangeSet;
use skep_schema::diagnostic::Severity;
use skep_schema::plan::Plan;

use crate::support::{plan_of, project, told};

const SPEC: &str = r#"
network edge
gateway public { proxy caddy; network edge; listen 80 }
service cache { image "redis:7" }
service store { image redis }
service api { image "registry.example.com/api:1" }
"#;

fn digest(letter: char) -> String {
    format!("sha256:{}", String::from(letter).repeat(64))
}

fn lock(lines: &[(&str, char)]) -> String {
    let lines = lines
        .iter()
        .map(|(image, letter)| format!("image \"{image}\" digest=\"{}\"\n", digest(*letter)));
    format!("lock version=1\n{}", lines.collect::<String>())
}

fn locked(spec: &str, lines: &[(&str, char)]) -> Plan {
    plan_of(project(spec, &[("skep.lock", &lock(lines))]))
}

fn images(plan: &Plan) -> Vec<String> {
    let services = plan.nodes.iter().filter_map(|(address, node)| {
        let service = node.payload.as_service().ok()?;
        Some(format!("{address} {}", service.image))
    });
    services.collect()
}

fn checked(spec: &str, lock: &str) -> Checked {
    let spec = format!("project shop edition=1\n{spec}");
    check(&SourceSet::of([
        ("skep.kdl", spec.as_str()),
        ("skep.lock", lock),
    ]))
}

#[test]
fn a_locked_image_is_planned_with_its_digest_and_others_as_they_are_written() {
    let plan = locked(
        SPEC,
        &[("caddy:2.11-alpine", 'c'), ("redis", 'b'), ("redis:7", 'a')],
    );
    assert_eq!(
        images(&plan),
        [
            "service.api registry.example.com/api:1".to_owned(),
            format!("service.cache redis:7@{}", digest('a')),
            format!("service.store redis:latest@{}", digest('b')),
            format!("gateway.public caddy:2.11-alpine@{}", digest('c')),
        ]
    );
}

fn named_images(spec: &str) -> Images {
    let spec = format!("project shop edition=1\n{spec}");
    let lock = lock(&[]);
    let mut memory = Memory::default();
    memory.check(&SourceSet::of([
        ("skep.kdl", spec.as_str()),
        ("skep.lock", &lock),
    ]));
    memory.images()
}

#[test]
fn an_image_with_a_digest_of_its_own_needs_no_lock() {
    let pinned = format!("redis:7@{}", digest('f'));
    let spec = format!("service cache {{ image \"{pinned}\" }}");
    let plan = locked(&spec, &[("redis:7", 'a')]);
    assert_eq!(images(&plan), [format!("service.cache {pinned}")]);
    assert!(named_images(&spec).named.is_empty());
}

#[test]
fn what_the_lock_lacks_is_a_warning_once_an_image() {
    let spec = "service a { image \"redis:7\" }\nservice b { image \"redis:7\" }\n\
                service c { image redis }";
    let compiled = project(spec, &[("skep.lock", &lock(&[("redis", 'b')]))]);
    assert_eq!(
        told(&compiled, Severity::Warning),
        ["SK3402 1:19 `redis:7` is not in skep.lock"]
    );
    let open = project(spec, &[]);
    assert_eq!(
        told(&open, Severity::Warning),
        ["SK5001 3:19 the image has no tag, which means `latest`"],
        "without a lock file nothing is missed in it"
    );
}

#[test]
fn a_check_names_the_images_of_every_environment() {
    let spec = "param version type=string\n\
                service a { image \"redis:7\" }\n\
                service b { image (fmt)\"registry.example.com/b:${param.version}\" }\n\
                environment prod { patch service a image=\"redis:8\" }";
    let images = named_images(spec);
    let named: Vec<&str> = images.named.iter().map(String::as_str).collect();
    assert_eq!(named, ["redis:7", "redis:8"]);
    assert!(images.unclear, "the image of `b` is not known");
}

#[test]
fn a_gateway_whose_image_is_not_known_is_not_taken_for_the_editions() {
    let spec = "param version type=string\nnetwork edge\n\
                gateway public { proxy caddy; network edge; listen 80; \
                image (fmt)\"registry.example.com/caddy:${param.version}\" }";
    let images = named_images(spec);
    assert!(images.named.is_empty(), "{images:?}");
    assert!(images.unclear);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_in_a_lock_file_there_is_a_plan_or_one_reason_against_it(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "lock", " version=1", " version=", "\n", "image", " \"redis:7\"", " redis", " digest=",
                "\"sha256:", "aaaa", "\"", "{", "}", "/*", "<<<<<<<", "\u{feff}", "é", "\0",
            ]),
            0..24,
        ),
        good in any::<bool>(),
    ) {
        let start = if good { lock(&[("redis:7", 'a')]) } else { String::new() };
        let text = format!("{start}{}", words.concat());
        let compiled = project("service cache { image \"redis:7\" }", &[("skep.lock", &text)]);
        let told = told(&compiled, Severity::Error);
        prop_assert_eq!(compiled.plan.is_none(), told.len() == 1, "{:?}", told);
        prop_assert!(told.iter().all(|line| line.starts_with("SK3401 ")), "{:?}", told);
    }
}

#[test]
fn a_lock_file_reads_as_it_was_written() {
    let text = lock(&[("localhost:5000/a/b", 'c'), ("redis:7", 'a')]);
    let first = checked(SPEC, &text).lock.expect("it can be read");
    let written = first.to_string();
    assert!(written.ends_with(&text), "{written}");
    assert_eq!(checked(SPEC, &written).lock, Some(first));
}

#[test]
fn a_broken_lock_stops_the_plan_and_says_where() {
    let good = lock(&[("redis:7", 'a')]);
    for (text, said) in [
        (String::new(), "1:1 it does not begin with `lock version=1`"),
        (
            "image x".to_owned(),
            "1:1 it does not begin with `lock version=1`",
        ),
        (
            "lock version=2".to_owned(),
            "1:1 this skep reads version 1 of it",
        ),
        (
            "lock version=1 x".to_owned(),
            "1:1 this skep reads version 1 of it",
        ),
        (
            format!("{good}volume x"),
            "3:1 nothing is called `volume` here",
        ),
        (
            format!("{good}module x"),
            "3:1 `module` has a `rev`, a `path` where it is a folder, a `commit` and a `digest`",
        ),
        (
            format!("{good}image \"redis:7\" digest=\"{}\"", digest('b')),
            "3:1 `redis:7` is locked twice",
        ),
        (format!("{good}image \"a\""), "3:1 `image` has one `digest`"),
        (
            format!("{good}image \"a\" digest=\"sha256:00\""),
            "3:18 a digest is `sha256:` and 64 hexadecimal digits",
        ),
    ] {
        let compiled = project(SPEC, &[("skep.lock", &text)]);
        assert!(compiled.plan.is_none(), "{text}");
        assert_eq!(
            told(&compiled, Severity::Error),
            [format!("SK3401 skep.lock {said}")],
            "{text}"
        );
    }
}

#[test]
fn a_lock_file_that_is_no_text_stops_the_plan() {
    let spec = "project shop edition=1\nservice a { image \"redis:7\" }";
    for lock in [
        File::Bytes([b'l', 0xff].as_slice().into()),
        File::Unreadable("it is a folder".to_owned()),
    ] {
        let mut set = SourceSet::of([("skep.kdl", spec)]);
        set.lock = lock;
        let compiled = compile(&set);
        assert!(compiled.plan.is_none());
        let told = told(&compiled, Severity::Error);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("SK3401 skep.lock 1:1 `skep.lock` cannot be read: it is "));
    }
}

#[test]
fn the_marks_of_a_merge_are_one_mistake() {
    let text = format!(
        "lock version=1\n<<<<<<< ours\nimage \"a\" digest=\"{}\"\n=======\n>>>>>>> theirs\n",
        digest('a')
    );
    assert_eq!(
        told(&project(SPEC, &[("skep.lock", &text)]), Severity::Error),
        ["SK3401 skep.lock 2:1 a merge left its marks here"]
    );
}

#[test]
fn a_tag_that_moved_is_one_change_and_a_new_tag_for_the_same_digest_is_none() {
    let spec =
        "service cache replicas=2 { image \"redis:7\" }\nservice other { image \"redis:6\" }";
    let before = locked(spec, &[("redis:6", 'c'), ("redis:7", 'a')]);
    let moved = locked(spec, &[("redis:6", 'c'), ("redis:7", 'b')]);
    let changes = ChangeSet::between(&before, &moved);
    assert_eq!(changes.changes.len(), 1);
    assert_eq!(changes.changes[0].address.to_string(), "service.cache");
    assert_eq!(changes.changes[0].fields[0].path, ["image"]);
    assert_eq!(changes.summary.tasks_restarted, 2);

    let renamed = locked(
        &spec.replace("redis:7", "redis:7.4"),
        &[("redis:6", 'c'), ("redis:7.4", 'a')],
    );
    let changes = ChangeSet::between(&before, &renamed);
    assert!(changes.is_empty(), "{:?}", changes.changes);
}
