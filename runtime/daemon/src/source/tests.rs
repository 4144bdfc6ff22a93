use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use skep_schema::module::ModuleName;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::directory::Directory;
use super::git::Branch;
use super::*;
use crate::main_loop::Input;

const GOOD: &str = "project shop edition=1\nservice api { image \"a:1\" }\n";
const BETTER: &str = "project shop edition=1\nservice api { image \"a:2\" }\n";
const BROKEN: &str = "project shop edition=1\nservice api { imge \"a:2\" }\n";
const NOTHING: &str = "project shop edition=1\n";
const OTHER: &str = "project blog edition=1\nservice api { image \"a:1\" }\n";

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is ours");
    std::fs::write(path, text).expect("the folder is ours");
}

fn shop() -> Wanted {
    Wanted {
        stack: "shop".to_owned(),
        inputs: Inputs::default(),
    }
}

/// What a look had to say: an image, or the reason why there is none.
fn said(outcome: Option<Result<Desired, SourceError>>) -> String {
    match outcome {
        None => "nothing new".to_owned(),
        Some(Ok(desired)) => image(&desired.plan),
        Some(Err(error)) => error.to_string(),
    }
}

fn image(plan: &Plan) -> String {
    let text = serde_json::to_string(plan).expect("a plan has a form");
    let found = ["a:1", "a:2"]
        .into_iter()
        .find(|image| text.contains(image));
    found.expect("it has an image").to_owned()
}

#[test]
fn a_folder_brings_a_whole_plan_or_says_why_it_has_none() {
    let dir = folder();
    write(dir.path(), "skep.kdl", GOOD);
    let mut source = Directory::new(dir.path().to_owned(), shop());
    assert_eq!(said(source.look()), "a:1");
    assert_eq!(said(source.look()), "nothing new");
    let wrong = "the project has 1 mistake: skep.kdl:2: SK2002: `service` knows no `imge`";
    for (text, expected) in [
        (BETTER, "a:2"),
        (BROKEN, wrong),
        (
            NOTHING,
            "the project declares nothing; `skep destroy` takes a stack away",
        ),
        (OTHER, "it brings blog, and this is shop"),
        (GOOD, "a:1"),
    ] {
        write(dir.path(), "skep.kdl", text);
        source.doubt();
        assert_eq!(said(source.look()), expected);
        source.doubt();
        assert_eq!(said(source.look()), "nothing new", "{expected}");
    }
    std::fs::remove_file(dir.path().join("skep.kdl")).expect("it is there");
    let gone = format!("there is no skep.kdl in {}", dir.path().display());
    assert_eq!(said(source.look()), gone);
    write(dir.path(), "skep.kdl", GOOD);
    assert_eq!(said(source.look()), "a:1");
}

#[test]
fn a_project_above_the_folder_is_not_taken_for_it() {
    let dir = folder();
    write(dir.path(), "skep.kdl", GOOD);
    write(dir.path(), "inside/readme", "");
    let mut source = Directory::new(dir.path().join("inside"), shop());
    assert!(said(source.look()).starts_with("there is no skep.kdl in "));
}

#[test]
fn a_link_that_comes_to_lead_elsewhere_is_followed() {
    let dir = folder();
    write(dir.path(), "1/skep.kdl", GOOD);
    write(dir.path(), "2/skep.kdl", BETTER);
    let current = dir.path().join("current");
    std::os::unix::fs::symlink("1", &current).expect("the folder is ours");
    let mut source = Directory::new(current.clone(), shop());
    assert_eq!(said(source.look()), "a:1");
    std::os::unix::fs::symlink("2", dir.path().join("next")).expect("the folder is ours");
    std::fs::rename(dir.path().join("next"), &current).expect("the folder is ours");
    assert_eq!(said(source.look()), "a:2");
    assert_eq!(said(source.look()), "nothing new");
}

#[test]
fn nothing_is_compiled_while_a_checkout_is_under_way() {
    let dir = folder();
    write(dir.path(), "skep.kdl", GOOD);
    write(dir.path(), ".git/index.lock", "");
    let path = dir.path().to_owned();
    let checkout = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(900));
        write(&path, "skep.kdl", BETTER);
        std::fs::remove_file(path.join(".git/index.lock")).expect("it is there");
    });
    let mut source = Directory::new(dir.path().to_owned(), shop());
    assert_eq!(said(source.look()), "a:2");
    checkout.join().expect("it ends");
}

/// A stack with a source, followed; and what is told of it.
fn followed(source: Source, state: PathBuf) -> (mpsc::Receiver<Input>, Arc<Notify>) {
    let (tell, told) = mpsc::channel(16);
    let text = "stack \"shop\" {\n pushed\n}";
    let settings = crate::settings::Settings::of("daemon.kdl", text).expect("it is right");
    let all: BTreeMap<String, Stack> = settings.stacks;
    let stack = Stack {
        source,
        ..all["shop"].clone()
    };
    let voice = Voice {
        stack: "shop".to_owned(),
        tell,
    };
    let poke = Arc::new(Notify::new());
    let heard = Arc::clone(&poke);
    tokio::spawn(async move { follow(stack, &state, voice, heard).await });
    (told, poke)
}

async fn next(told: &mut mpsc::Receiver<Input>) -> String {
    let next = tokio::time::timeout(Duration::from_secs(4), told.recv());
    match next.await.expect("it is told soon") {
        Some(Input::Stack(_, About::Desired(Ok(desired)))) => image(&desired.plan),
        Some(Input::Stack(_, About::Desired(Err(why)))) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_written_into_a_folder_is_told_at_once() {
    let dir = folder();
    write(
        dir.path(),
        "skep.kdl",
        "project shop edition=1\ninclude \"parts/**/*.kdl\"\n",
    );
    write(dir.path(), "parts/a.kdl", "service api { image \"a:1\" }\n");
    let (mut told, _poke) = followed(Source::Directory(dir.path().to_owned()), PathBuf::new());
    assert_eq!(next(&mut told).await, "a:1");
    tokio::time::sleep(Duration::from_millis(900)).await;
    write(dir.path(), "parts/a.kdl", "service api { image \"a:2\" }\n");
    assert_eq!(next(&mut told).await, "a:2");
    tokio::time::sleep(Duration::from_millis(900)).await;
    // A folder that is new is looked into as well.
    write(
        dir.path(),
        "parts/more/b.kdl",
        "service b { imge \"b:1\" }\n",
    );
    assert!(next(&mut told).await.contains("parts/more/b.kdl:1: SK2002"));
}

/// A repository with a project in its folder `deploy`.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let made = Self(folder());
        made.git(&["init", "--quiet", "--initial-branch=main"]);
        made.commit("deploy/skep.kdl", GOOD);
        made
    }

    fn git(&self, args: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let ran = Command::new("git")
            .current_dir(self.0.path())
            .args(identity)
            .args(["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"])
            .args(args)
            .output()
            .expect("git runs");
        assert!(ran.status.success(), "{args:?}: {ran:?}");
    }

    fn commit(&self, path: &str, text: &str) {
        write(self.0.path(), path, text);
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", text]);
    }

    fn module(&self, rev: &str) -> ModuleName {
        let path = self.0.path().to_str().expect("its path is text");
        ModuleName::checked(path, rev, "deploy").expect("it can be asked")
    }

    fn branch(&self, rev: &str, state: &TempDir) -> Branch {
        Branch::new(state.path().join("git/shop"), self.module(rev), shop())
    }
}

#[test]
fn a_branch_is_compiled_when_it_moved_and_only_then() {
    let (repository, state) = (Repository::new(), folder());
    let mut branch = repository.branch("main", &state);
    let first = branch.look().expect("it is new").expect("it is right");
    assert_eq!(image(&first.plan), "a:1");
    let id = first.origin.revision.expect("it is a commit");
    assert_eq!(id.as_str().len(), 40);
    assert_eq!(said(branch.look()), "nothing new");
    repository.commit("deploy/skep.kdl", BETTER);
    assert_eq!(said(branch.look()), "a:2");
    repository.commit("deploy/skep.kdl", BROKEN);
    assert!(said(branch.look()).contains("SK2002"));
    assert_eq!(said(branch.look()), "nothing new");
    repository.commit("deploy/skep.kdl", GOOD);
    let last = branch.look().expect("it moved").expect("it is right");
    assert_eq!(last.origin.instead, None);
    assert!(last.origin.to_string().contains(" main deploy at "));
}

#[test]
fn history_that_is_rewritten_is_told() {
    let (repository, state) = (Repository::new(), folder());
    repository.commit("deploy/skep.kdl", BETTER);
    let mut branch = repository.branch("main", &state);
    let before = branch.look().expect("it is new").expect("it is right");
    repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repository.commit("deploy/readme", "another way");
    // Also by a daemon that was started anew in the meantime.
    let mut again = repository.branch("main", &state);
    let after = again.look().expect("it moved").expect("it is right");
    assert_eq!(image(&after.plan), "a:1");
    assert_eq!(after.origin.instead, before.origin.revision);
    assert!(after.origin.to_string().contains(", which rewrites "));
}

#[test]
fn a_branch_that_is_gone_or_out_of_reach_is_an_error_and_comes_back() {
    let (repository, state) = (Repository::new(), folder());
    repository.git(&["branch", "live"]);
    let mut branch = repository.branch("live", &state);
    assert_eq!(said(branch.look()), "a:1");
    repository.git(&["branch", "-D", "live"]);
    assert!(said(branch.look()).contains("the repository has no such tag, branch or commit"));
    repository.git(&["branch", "live"]);
    assert_eq!(said(branch.look()), "a:1");
    let away = repository.0.path().with_extension("away");
    std::fs::rename(repository.0.path(), &away).expect("it is ours");
    assert!(said(branch.look()).contains("cannot be fetched"));
    std::fs::rename(&away, repository.0.path()).expect("it is ours");
    assert_eq!(said(branch.look()), "a:1");
    assert_eq!(said(branch.look()), "nothing new");
}

#[test]
fn a_tag_cannot_take_a_branch_s_place() {
    let (repository, state) = (Repository::new(), folder());
    repository.git(&["branch", "other"]);
    repository.commit("deploy/skep.kdl", BETTER);
    repository.git(&["tag", "-a", "-m", "mine", "main", "other"]);
    repository.git(&["tag", "-a", "-m", "one", "v1", "other"]);
    assert_eq!(said(repository.branch("main", &state).look()), "a:2");
    assert_eq!(said(repository.branch("v1", &folder()).look()), "a:1");
}

#[test]
fn a_copy_that_was_destroyed_is_made_anew() {
    let (repository, state) = (Repository::new(), folder());
    let mut branch = repository.branch("main", &state);
    assert_eq!(said(branch.look()), "a:1");
    let copy = state.path().join("git/shop");
    std::fs::remove_dir_all(copy.join("objects")).expect("it is there");
    repository.commit("deploy/skep.kdl", BETTER);
    let looks: Vec<String> = (0..3).map(|_| said(branch.look())).collect();
    assert!(looks.contains(&"a:2".to_owned()), "{looks:?}");
    std::fs::write(copy.join("HEAD"), "nonsense").expect("it is ours");
    repository.commit("deploy/skep.kdl", GOOD);
    assert_eq!(said(branch.look()), "a:1");
}

#[test]
fn a_commit_is_itself() {
    let (repository, state) = (Repository::new(), folder());
    let mut branch = repository.branch("main", &state);
    let first = branch.look().expect("it is new").expect("it is right");
    let id = first.origin.revision.expect("it is a commit");
    repository.commit("deploy/skep.kdl", BETTER);
    let mut pinned = repository.branch(id.as_str(), &folder());
    assert_eq!(said(pinned.look()), "a:1");
    assert_eq!(said(pinned.look()), "nothing new");
}

#[tokio::test]
async fn a_branch_is_asked_at_once_when_somebody_says_that_it_moved() {
    let (repository, state) = (Repository::new(), folder());
    let source = Source::Git(crate::settings::GitSource {
        module: repository.module("main"),
        every: Duration::from_hours(1),
        webhook: None,
    });
    let (mut told, poke) = followed(source, state.path().to_owned());
    assert_eq!(next(&mut told).await, "a:1");
    repository.commit("deploy/skep.kdl", BETTER);
    poke.notify_one();
    assert_eq!(next(&mut told).await, "a:2");
}
