//! `skep status -w`, with a daemon and without one.

use super::lab::{SPEC, Served, Watcher, address};
use super::support::{Project, on_model};

fn image(project: &Project, from: &str, to: &str) {
    project.edit("skep.kdl", from, to);
}

#[test]
fn what_a_daemon_does_is_told_as_it_does_it_and_after_it_was_killed() {
    let mut served = Served::start(SPEC);
    let server = address(&served.project);
    let mut watcher = Watcher::start(&served.project, &["status", "-w", "--server", &server]);
    watcher.hear(&["shop  in sync, since "]);
    watcher.hear(&["service.web"]);
    image(&served.project, "app:1", "app:2");
    watcher.hear(&["shop  applied: it was done"]);
    served.kill();
    served.start_again();
    served.until(|ran| ran.stdout.contains("in sync"));
    image(&served.project, "app:2", "app:3");
    watcher.hear(&["shop  applied: it was done"]);
    let tables = watcher.heard().iter();
    let tables = tables.filter(|line| line.starts_with("shop  in sync, since "));
    assert_eq!(
        tables.count(),
        1,
        "events go on where they were: {:#?}",
        watcher.heard()
    );
    assert_eq!(watcher.interrupt(), 0);
}

#[test]
fn programs_get_how_all_stands_and_then_each_event() {
    let served = Served::start(SPEC);
    let server = address(&served.project);
    let args = ["status", "shop", "-w", "-o", "json", "--server", &server];
    let mut watcher = Watcher::start(&served.project, &args);
    watcher.hear(&["skep.stacks/1", "service.web"]);
    image(&served.project, "app:1", "app:2");
    let applied = watcher.hear(&["skep.stack-event/1", "\"applied\""]);
    for line in watcher.heard() {
        skep_fixtures::described::assert_described("a watch", line);
    }
    let applied: serde_json::Value = serde_json::from_str(&applied).expect("an object a line");
    assert_eq!(applied["stack"], "shop");
    assert_eq!(watcher.interrupt(), 0);
}

#[test]
fn without_a_daemon_only_what_changed_is_told() {
    let project = Project::empty();
    let spec = format!("{SPEC}service other {{ image \"app:1\" }}\n");
    project.write("skep.kdl", &spec);
    let mut watcher = Watcher::start(&project, &["status", "-w", "--target", "model"]);
    watcher.hear(&["  service.web  ", "would create", "not there"]);
    assert_eq!(on_model(&project, &["apply", "--yes"]).code, 0);
    watcher.hear(&[" UTC  service.web  as in the spec", "1/1 running"]);
    let of_web = |line: &&String| line.contains(" UTC  service.web  would create");
    assert_eq!(watcher.heard().iter().find(of_web), None);
    assert_eq!(watcher.interrupt(), 0);
}
