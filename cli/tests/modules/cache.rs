//! What is kept on this machine.

use crate::place::{Place, lock_file};

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
