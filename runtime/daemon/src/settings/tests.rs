use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skep_schema::diagnostic::Severity;
use skep_schema::event::Timestamp;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/daemon")
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../../snapshots/daemon");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What is wrong with a file, a mistake a paragraph.
fn mistakes(path: &str, text: &str) -> String {
    let Err(SettingsError::Wrong {
        sources,
        diagnostics,
    }) = Settings::of(path, text)
    else {
        panic!("{path} has no mistakes");
    };
    let mut out = String::new();
    for diagnostic in &diagnostics {
        let at = diagnostic.locate(&sources);
        assert_eq!(at.severity, Severity::Error);
        let _ = writeln!(
            out,
            "{}:{}:{}: {}: {}",
            at.file, at.line, at.column, at.code, at.message
        );
        for related in &at.related {
            let _ = writeln!(out, "  {}: {}", related.place.start.line, related.message);
        }
        if let Some(help) = &at.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_program_without_postgresql_refuses_a_store_there() {
    let text = "daemon {\n store postgres=\"postgresql://skep@localhost/skep\"\n}";
    let said = mistakes("daemon.kdl", text);
    assert!(
        said.contains("2:17: SK2005: this program was built without PostgreSQL"),
        "{said}"
    );
    assert!(
        said.contains("help: build it with `--features postgres`"),
        "{said}"
    );
}

#[test]
fn every_file_of_the_fixtures_means_what_its_snapshot_says() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("there are fixtures")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    assert!(files.len() > 1, "{files:?}");
    for file in files {
        let name = file
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        if cfg!(not(feature = "postgres")) && matches!(&*name, "whole" | "store") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("it can be read");
        let said = match Settings::of("daemon.kdl", &text) {
            Ok(settings) => format!("{settings:#?}"),
            Err(_) => mistakes("daemon.kdl", &text),
        };
        let is_right = matches!(&*name, "whole" | "empty");
        assert_eq!(said.starts_with("Settings"), is_right, "{name}: {said}");
        snapshot(&name, &said);
    }
}

/// The stack of a file in which it stands alone.
fn stack(inside: &str) -> Stack {
    let text = format!("stack \"shop\" {{\n pushed\n {inside}\n}}");
    let settings = Settings::of("daemon.kdl", &text);
    let mut settings = settings.unwrap_or_else(|_| panic!("{}", mistakes("daemon.kdl", &text)));
    settings.stacks.remove("shop").expect("it is there")
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().expect(text);
    Timestamp(u64::try_from(at.as_millisecond()).expect("it is after 1970"))
}

fn text_of(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).expect("it is a time of people");
    let at = jiff::Timestamp::from_millisecond(millis).expect("it is a time of people");
    at.to_string()
}

#[test]
fn a_schedule_comes_once_a_day_also_when_the_clock_is_changed() {
    let stack = stack(r#"schedule "30 2 * * *" zone="Europe/Berlin""#);
    let mut now = at("2026-03-27T12:00:00Z");
    let mut times = Vec::new();
    for _ in 0..3 {
        now = stack.schedules[0].next(now).expect("it comes again");
        times.push(text_of(now));
    }
    // On the 29th there is no half past two: the clock goes from two to three.
    assert_eq!(
        times,
        [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:30:00Z"
        ]
    );
    let first = stack.schedules[0].next(at("2026-10-24T12:00:00Z"));
    let second = stack.schedules[0].next(first.expect("it comes again"));
    // On the 25th it is half past two twice.
    assert_eq!(first.map(text_of).as_deref(), Some("2026-10-25T00:30:00Z"));
    assert_eq!(second.map(text_of).as_deref(), Some("2026-10-26T01:30:00Z"));
}

/// What a window says is held against a look at every minute.
fn follow(inside: &str, from: &str, days: u64) {
    let windows = stack(inside).windows;
    let start = at(from);
    let minute = |n: u64| start.plus(n * 60_000);
    let all = days * 24 * 60;
    let mut told = windows.turns(start);
    for n in 1..all {
        let now = minute(n);
        if windows.is_open(now) != windows.is_open(minute(n - 1)) {
            assert_eq!(told, Some(now), "{inside} {}", text_of(now));
            told = windows.turns(now);
        }
    }
    assert!(
        told.is_none_or(|told| told >= minute(all)),
        "{inside} {told:?}"
    );
}

#[test]
fn a_window_tells_when_it_turns() {
    for inside in [
        r#"window "mon-fri 09:00-17:00" zone="Europe/Berlin""#,
        r#"window "22:00-06:00" zone="America/New_York""#,
        r#"window "02:30-03:00" zone="Europe/Berlin""#,
        r#"window "01:30-02:30" zone="Europe/Berlin""#,
        r#"window "sun 02:00-03:00" zone="Europe/Berlin""#,
        r#"window "wed""#,
        "window \"sat,sun\"\n window \"mon-fri 18:00-24:00\"",
        "window \"06:00-12:00\"\n window \"12:00-18:00\" zone=\"UTC\"",
    ] {
        follow(inside, "2026-03-26T00:00:00Z", 8);
        follow(inside, "2026-10-22T00:00:00Z", 8);
    }
}

#[test]
fn without_a_window_or_with_one_that_never_ends_nothing_turns() {
    let now = at("2026-03-26T00:00:00Z");
    for inside in ["", r#"window "*""#, r#"window "mon-sun 00:00-24:00""#] {
        let windows = stack(inside).windows;
        assert!(windows.is_open(now));
        assert_eq!(windows.turns(now), None, "{inside}");
    }
}
