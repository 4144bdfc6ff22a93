//! What is kept on this machine.

use crate::place::{Place, lock_file};
use crate::support::Project;

#[test]
fn a_module_is_pinned_fetched_and_compiled() {
    let place = Place::new();
    let project = place.project("v1");
    let ran = place.skep(&project, &["check"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("SK4014") && ran.stderr.contains("run `skep lock`"),
        "{}",
        ran.stderr
    );
    assert!(!place.path("cache").exists(), "a check fetches nothing");

    let ran = place.good(&project, &["lock", "modules"]);
    let commit = place.git("parts", &["rev-parse", "HEAD"]);
    assert_eq!(
        ran.stdout,
        format!("+ file://PLACE/parts v1 web  {}\n", &commit[..12])
    );
    assert!(lock_file(&project).contains(&format!("commit=\"{commit}\" digest=\"blake3:")));
    let plan = place.plan(&project);
    assert!(
        plan.contains("parts@v1:site.kdl") && plan.contains("first-words"),
        "{plan}"
    );
    place.good(&project, &["check"]);
    assert_eq!(
        place.cached().len(),
        1,
        "nothing is left of the fetch: {:?}",
        place.cached()
    );
}

#[test]
fn what_is_not_here_or_not_what_it_was_is_not_compiled() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let kept = place.cached().remove(0);
    let bytes = std::fs::read(&kept).expect("the module");

    let text = String::from_utf8_lossy(&bytes).replace("first-words", "other-words");
    std::fs::write(&kept, text).expect("the cache can be written");
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("SK4015") && ran.stderr.contains("not what it was"),
        "{}",
        ran.stderr
    );
    let before = lock_file(&project);
    place.good(&project, &["lock", "modules"]);
    assert_eq!(std::fs::read(&kept).expect("the module"), bytes);
    assert_eq!(lock_file(&project), before);

    std::fs::remove_file(&kept).expect("the module can go");
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("SK4015") && ran.stderr.contains("not on this machine"),
        "{}",
        ran.stderr
    );
    // Nothing that compiles goes where the module came from, and what asks says that it cannot.
    std::fs::rename(place.path("parts"), place.path("elsewhere")).expect("the repository can move");
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert_eq!(lock_file(&project), before);
}

#[test]
fn two_projects_fill_one_cache_at_once() {
    let place = Place::new();
    let projects = [(); 4].map(|()| place.project("v1"));
    std::thread::scope(|scope| {
        for project in &projects {
            scope.spawn(|| place.good(project, &["lock", "modules"]));
        }
    });
    assert_eq!(place.cached().len(), 1, "{:?}", place.cached());
    let locks: Vec<String> = projects.iter().map(lock_file).collect();
    assert!(
        locks
            .iter()
            .all(|lock| lock == &locks[0] && lock.contains("module"))
    );
    assert!(
        projects
            .iter()
            .all(|project| place.skep(project, &["check"]).code == 0)
    );
}

#[test]
fn what_a_killed_fetch_left_is_taken_away_when_it_is_old() {
    let place = Place::new();
    let project = place.project("v1");
    place.good(&project, &["lock", "modules"]);
    let folder = place.path("cache/skep/modules");
    for (name, age) in [(".fetch-1-0", "2 days ago"), (".fetch-2-0", "1 hour ago")] {
        std::fs::create_dir(folder.join(name)).expect("a folder");
        let ran = std::process::Command::new("touch")
            .args(["-d", age])
            .arg(folder.join(name))
            .status();
        assert!(ran.expect("touch can be run").success());
    }
    place.good(&project, &["lock", "modules", "--update"]);
    assert!(!folder.join(".fetch-1-0").exists());
    assert!(folder.join(".fetch-2-0").exists(), "somebody may be at it");
    place.good(&project, &["check"]);
}

#[test]
fn nothing_from_elsewhere_needs_no_lock_file() {
    let place = Place::new();
    let project = Project::empty();
    project.write("skep.kdl", "project shop edition=1\nnetwork edge\n");
    place.good(&project, &["lock"]);
    assert!(!project.path().join("skep.lock").exists());
    place.good(&project, &["lock", "--check"]);
}
