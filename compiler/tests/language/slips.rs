//! One mistake is one diagnostic, near the place where it was made.

use skep_schema::diagnostic::Severity;

use crate::support::{one, several};

const SHOP: &str = r#"project shop edition=1

param tag type=string default="2026.11.3"
param replicas type=int default=3 min=1 max=9

network edge
network data internal=#true
volume pgdata
secret db-password { from env=DB_PASSWORD }
config page text="<h1>hello</h1>"

gateway front {
    proxy caddy
    network edge
    listen 80
}

component worker {
    param queue
    param memory type=bytes default="64MiB"
    service (var)name {
        image "registry.example.com/worker:1"
        network data
        env { QUEUE (var)param.queue; KIND (fmt)"worker-${name}" }
        limits memory=(var)param.memory
    }
}
use worker mails { queue mails }
use worker files { queue files; memory "128MiB" }

service db {
    image "postgres:17.2"
    network data
    port sql 5432
    mount volume=pgdata to="/var/lib/postgresql/data"
    secret db-password
    health { command pg_isready; every "5s" }
}

service api replicas=(var)param.replicas {
    image (fmt)"registry.example.com/api:${param.tag}"
    network edge
    network data
    port http 8080
    needs db when=healthy
    env { DATABASE (fmt)"postgres://${service.db.host}:${service.db.port.sql}/shop"; LOG info }
    config page target="/srv/index.html"
    update { order start-first; on-failure rollback; monitor "40s" }
}

route shop.example.com {
    gateway front
    match "/" { to api port=http; timeout "30s" }
}

environment prod {
    set tag "2026.11.4"
    patch service api { limits memory="1GiB"; env LOG=warn }
    remove config page
}
"#;

/// The places of all words outside of comments and strings.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut all = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (is_word(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                all.push(from..at);
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    all
}

/// The lines of the errors, the environment's included.
fn errors(text: &str) -> Vec<u32> {
    let checked = skep_compiler::check(&several(&[("skep.kdl", text)]));
    let errors = checked
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    errors.map(|d| d.locate(&checked.sources).line).collect()
}

#[test]
fn the_project_of_these_tests_is_right() {
    let text = SHOP.replace("    remove config page\n", "");
    assert_eq!(errors(&text), Vec::<u32>::new());
}

/// A letter too many in every word. Of those that do harm, 24 in 25 are told exactly once; the rest
/// are declarations whose name is missed in two different ways, and those are told twice.
#[test]
fn a_slip_of_the_fingers_is_told_once() {
    let text = SHOP.replace("    remove config page\n", "");
    let mut once = 0;
    let mut more = Vec::new();
    for word in words(&text).into_iter().filter(|word| word.len() > 2) {
        let mut slipped = text.clone();
        slipped.insert(word.start + 1, 'q');
        match errors(&slipped).len() {
            0 => {}
            1 => once += 1,
            many => more.push((many, text[word].to_owned())),
        }
    }
    let harmful = once + more.len();
    assert!(harmful > 100, "only {harmful} slips did harm");
    assert!(
        more.len() * 25 <= harmful,
        "{} of {harmful}: {more:?}",
        more.len()
    );
    assert!(more.iter().all(|(times, _)| *times == 2), "{more:?}");
}

#[test]
fn a_slip_is_told_on_its_line_or_where_it_is_missed() {
    let text = "volume data\nservice s {\n    image \"a:1\"\n    mount volume=dqata to=\"/x\"\n}\n";
    let checked = skep_compiler::check(&one(text));
    let line = |line: u32| line + 1;
    let lines: Vec<u32> = checked
        .diagnostics
        .iter()
        .map(|d| d.locate(&checked.sources).line)
        .collect();
    assert!(lines.contains(&line(4)), "{lines:?}");
}
