//! A daemon in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_providers::web::{Answer, Web, empty};
use skep_schema::api::event::StackEventLine;
use skep_schema::api::stack::{StackState, StackStatus};
use skep_schema::plan::Plan;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::journal::{Follower, Next};
use crate::main_loop::{About, Input, Pushed};
use crate::store::Store;
use crate::{Daemon, Settings};

pub(super) const STACK: &str = "shop";

/// Long enough for the slowest machine, and never waited for where all is well.
const LONG: Duration = Duration::from_secs(30);

pub(super) struct Lab {
    pub(super) daemon: Daemon,
    dir: Arc<TempDir>,
    heard: Follower,
    socket: PathBuf,
}

/// The plan of a project of one file.
pub(super) fn plan(text: &str) -> Plan {
    let text = format!("project {STACK} edition=1\n{text}");
    let set = SourceSet {
        files: [("skep.kdl".to_owned(), File::Bytes(text.as_bytes().into()))].into(),
        inputs: Inputs::default(),
        ..SourceSet::default()
    };
    let compiled = skep_compiler::compile(&set);
    let what = &compiled.diagnostics;
    compiled.plan.unwrap_or_else(|| panic!("no plan: {what:?}"))
}

fn settings(
    dir: &Path,
    (state, own): (&str, &str),
    (name, source): (&str, &str),
    stack: &str,
    more: &str,
) -> Settings {
    let at = dir.display();
    let text = format!(
        "daemon {{\n state \"{at}/{state}\"\n listen \"{at}/{state}/skep.sock\"\n {own}\n}}\n\
         stack {name} {{\n {source}\n model \"{at}/model.json\"\n {stack}\n}}\n{more}"
    );
    Settings::of("daemon.kdl", &text).unwrap_or_else(|e| panic!("{e:?}"))
}

/// The swarm of a lab's folder.
pub(super) fn model(dir: &Path) -> Model {
    let file = dir.join("model.json");
    Model::open(Some(file), STACK, Secrets::default()).expect("the model opens")
}

impl Lab {
    /// With these lines in its stack's settings.
    pub(super) async fn open(stack: &str) -> Self {
        Self::with(stack, "").await
    }

    /// And with these beside it.
    pub(super) async fn with(stack: &str, more: &str) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::begin(dir, "state", stack, more).await
    }

    /// With a spec in a folder, which is the source of a stack that is named so in the settings.
    pub(super) async fn of_folder(name: &str, spec: &str, stack: &str) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        let project = dir.path().join("project");
        std::fs::create_dir(&project).expect("the folder is ours");
        std::fs::write(project.join("skep.kdl"), spec).expect("the folder is ours");
        let source = format!("directory \"{}\"", project.display());
        Self::begin_as(dir, ("state", ""), (name, &source), stack, "").await
    }

    /// With another source than pushed plans.
    pub(super) async fn of_source(name: &str, source: &str, stack: &str) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::begin_as(dir, ("state", ""), (name, source), stack, "").await
    }

    /// Another daemon for the same swarm, with a store of its own.
    pub(super) async fn beside(&self, stack: &str) -> Self {
        Self::begin(Arc::clone(&self.dir), "other", stack, "").await
    }

    /// A daemon that has its store in a database.
    #[cfg(feature = "postgres")]
    pub(super) async fn of_database(url: &str, stack: &str) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::with_own(dir, &format!("store postgres=\"{url}\""), stack).await
    }

    /// Another one for the same swarm, with the same database.
    #[cfg(feature = "postgres")]
    pub(super) async fn beside_with(&self, url: &str, stack: &str) -> Self {
        let (dir, own) = (Arc::clone(&self.dir), format!("store postgres=\"{url}\""));
        Self::begin_as(dir, ("other", &own), (STACK, "pushed"), stack, "").await
    }

    /// With this in the daemon's own settings, on a store that may be there.
    pub(super) async fn with_own(dir: Arc<TempDir>, own: &str, stack: &str) -> Self {
        Self::begin_as(dir, ("state", own), (STACK, "pushed"), stack, "").await
    }

    pub(super) async fn begin(dir: Arc<TempDir>, state: &str, stack: &str, more: &str) -> Self {
        Self::begin_as(dir, (state, ""), (STACK, "pushed"), stack, more).await
    }

    async fn begin_as(
        dir: Arc<TempDir>,
        (state, own): (&str, &str),
        source: (&str, &str),
        stack: &str,
        more: &str,
    ) -> Self {
        let settings = settings(dir.path(), (state, own), source, stack, more);
        let daemon = Daemon::start(settings).await.expect("it starts");
        Self::of(daemon, dir, state)
    }

    /// On a store that is its own affair.
    pub(super) async fn on(dir: Arc<TempDir>, store: Arc<dyn Store>, stack: &str) -> Self {
        let settings = settings(dir.path(), ("state", ""), (STACK, "pushed"), stack, "");
        let daemon = Daemon::on(store, settings).await.expect("it starts");
        Self::of(daemon, dir, "state")
    }

    fn of(daemon: Daemon, dir: Arc<TempDir>, state: &str) -> Self {
        let heard = daemon.shared.journal.follow(u64::MAX);
        let socket = dir.path().join(state).join("skep.sock");
        Self {
            daemon,
            dir,
            heard,
            socket,
        }
    }

    /// Stops the daemon in good order, and starts another on the same store and swarm.
    pub(super) async fn again(self, stack: &str) -> Self {
        let dir = self.stop().await;
        Self::begin(dir, "state", stack, "").await
    }

    /// The same, and from now on its store is in a database.
    #[cfg(feature = "postgres")]
    pub(super) async fn again_in(self, url: &str, stack: &str) -> Self {
        let dir = self.stop().await;
        Self::with_own(dir, &format!("store postgres=\"{url}\""), stack).await
    }

    async fn stop(self) -> Arc<TempDir> {
        let Self {
            daemon, dir, heard, ..
        } = self;
        drop(heard);
        daemon.stop().await;
        dir
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its API, as the user asks that the tests run as.
    pub(super) fn web(&self) -> Web {
        Web::at_socket(self.socket.clone())
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("http://localhost{path}")).body(empty());
        self.web().send(request).await.expect("an answer")
    }

    /// Another hand on the same swarm.
    pub(super) fn model(&self) -> Model {
        model(self.dir())
    }

    pub(super) async fn say(&self, about: About) {
        let input = Input::Stack(STACK.to_owned(), about);
        self.daemon.shared.tell.send(input).await.expect("it lives");
    }

    pub(super) async fn push(&self, text: &str) {
        let (answer, answered) = oneshot::channel();
        let pushed = Pushed {
            plan: plan(text),
            who: "ann".to_owned(),
            answer,
        };
        self.say(About::Pushed(Box::new(pushed))).await;
        answered.await.expect("it is stored");
    }

    pub(super) fn status(&self) -> StackStatus {
        let view = self.daemon.shared.views.get(STACK).expect("it is kept");
        (*view.status).clone()
    }

    /// Waits until an event of this kind is told.
    pub(super) async fn hear(&mut self, word: &str) -> StackEventLine {
        let heard = async {
            loop {
                match self.heard.next().await.expect("the journal is read") {
                    Next::Told(told) if told.word == word => {
                        return serde_json::from_str(&told.json).expect("a line");
                    }
                    Next::Told(_) => {}
                    Next::Lagged(from, to) => panic!("missed {from} to {to}"),
                }
            }
        };
        let waited = tokio::time::timeout(LONG, heard).await;
        waited.unwrap_or_else(|_| panic!("no `{word}`; {:#?}", self.status()))
    }

    pub(super) async fn until(&mut self, state: StackState) {
        while self.status().state != state {
            drop(self.hear("state").await);
        }
    }
}
