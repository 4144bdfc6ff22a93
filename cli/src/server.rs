//! A daemon, asked over its API.

mod events;
mod following;
mod patience;
mod refusal;

use std::path::PathBuf;

use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_project::Project;
use skep_providers::web::{Answer, Web, WebError, empty};
use skep_schema::api::refusal::Refusal;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::paint::Paint;

pub(crate) use events::{Event, Events};
pub(crate) use following::{Following, insist, is_away, lost};

/// Where a daemon listens, unless said, nearest first.
const USUAL: [&str; 2] = [".skep/daemon/skep.sock", "/run/skep/skep.sock"];

/// A daemon, and by what it knows who asks.
pub(crate) struct Server {
    web: Web,
    /// What all addresses begin with.
    base: String,
    /// What people call it.
    name: String,
    token: Option<String>,
    /// The project at hand, which may be what a refusal is about.
    root: Option<PathBuf>,
    /// For what goes to standard error.
    paint: Paint,
}

impl Server {
    /// The daemon that is meant: the one that was named, or the one whose socket is at hand.
    pub(crate) fn of(global: &Global) -> Result<Self, Failure> {
        if let Some(server) = &global.server {
            return Self::named(server, global);
        }
        let mut sockets = USUAL.iter().map(|path| global.dir.join(path));
        let there = sockets.find(|path| path.exists());
        let none = || {
            Failure::new(Exit::Unreachable, "no daemon is named, and none is at hand")
                .help("name one: --server unix:///run/skep/skep.sock, or https://..")
        };
        there
            .map(|path| Self::at_socket(path, global))
            .ok_or_else(none)
    }

    fn named(server: &str, global: &Global) -> Result<Self, Failure> {
        if let Some(path) = server.strip_prefix("unix://") {
            return Ok(Self::at_socket(path.into(), global));
        }
        if !server.starts_with("https://") {
            let message = format!("`{server}` is no daemon's address");
            let failure = Failure::new(Exit::Usage, message);
            return Err(failure.help("write unix:///path/to/skep.sock or https://host:port"));
        }
        let ca = std::env::var_os("SKEP_CA").map(PathBuf::from);
        let base = server.trim_end_matches('/').to_owned();
        let name = server.to_owned();
        Ok(Self::by(Web::new(ca), base, name, token()?, global))
    }

    fn at_socket(path: PathBuf, global: &Global) -> Self {
        let name = format!("unix://{}", path.display());
        let base = "http://localhost".to_owned();
        let token = token().ok().flatten();
        Self::by(Web::at_socket(path), base, name, token, global)
    }

    fn by(web: Web, base: String, name: String, token: Option<String>, global: &Global) -> Self {
        let project = Project::find(&global.dir).ok();
        Self {
            web,
            base,
            name,
            token,
            root: project.map(|project| project.root().to_owned()),
            paint: Paint::choose(global.color, &std::io::stderr()),
        }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::GET, path, empty()).await
    }

    /// Asks for something to be done that needs no more words.
    pub(crate) async fn tell<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
    ) -> Result<T, Failure> {
        self.ask(method, path, empty()).await
    }

    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).expect("schema types are plain data");
        self.ask(method, path, Full::new(body.into())).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Full<Bytes>,
    ) -> Result<T, Failure> {
        self.read(&self.answer(&method, path, &body).await?)
    }

    /// Whatever is answered; what came too often is asked once more, as soon as the daemon says.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        path: &str,
        body: &Full<Bytes>,
    ) -> Result<Answer, Failure> {
        let send = || {
            let request = self.request(method.clone(), path);
            self.web.send(request.body(body.clone()))
        };
        let mut answer = send().await;
        let pause = |first: &Answer| patience::pause(first.status, first.header("retry-after"));
        if let Some(pause) = answer.as_ref().ok().and_then(pause) {
            patience::wait(&self.name, pause).await;
            answer = send().await;
        }
        answer.map_err(|error| self.unreachable(&error))
    }

    /// What an answer says, or why it says nothing.
    pub(crate) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Failure> {
        if answer.status != StatusCode::OK {
            return Err(self.refused(answer.status, &answer.body));
        }
        let strange = |error: serde_json::Error| {
            let message = format!(
                "{} says what this skep does not understand: {error}",
                self.name
            );
            Failure::new(Exit::Unreachable, message).help("use the same version on both sides")
        };
        serde_json::from_slice(&answer.body).map_err(strange)
    }

    /// An answer that goes on. `after` is the last event that is known.
    pub(crate) async fn events(&self, path: &str, after: Option<u64>) -> Result<Events, Failure> {
        let mut answer = self.open(path, after).await?;
        let said = answer.headers().get(RETRY_AFTER);
        let said = said.and_then(|said| said.to_str().ok());
        if let Some(pause) = patience::pause(answer.status(), said) {
            patience::wait(&self.name, pause).await;
            answer = self.open(path, after).await?;
        }
        let (parts, body) = answer.into_parts();
        if parts.status != StatusCode::OK {
            let body = body.collect().await.map(Collected::to_bytes);
            return Err(self.refused(parts.status, &body.unwrap_or_default()));
        }
        Ok(Events::new(body))
    }

    async fn open(&self, path: &str, after: Option<u64>) -> Result<Response<Incoming>, Failure> {
        let mut request = self.request(Method::GET, path);
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let answer = self.web.open(request.body(empty())).await;
        answer.map_err(|error| self.unreachable(&error))
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        let request = Request::builder().method(method);
        let request = request.uri(format!("{}{path}", self.base));
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = request.header(CONTENT_TYPE, "application/json");
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    fn unreachable(&self, error: &WebError) -> Failure {
        Failure::new(Exit::Unreachable, format!("{}: {error}", self.name))
            .help("`skep serve` starts a daemon; --server names another one")
    }

    /// The daemon's own words, with the exit code that they have here.
    fn refused(&self, status: StatusCode, body: &[u8]) -> Failure {
        let exit = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Denied,
            StatusCode::CONFLICT => Exit::Stale,
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::TOO_MANY_REQUESTS => Exit::Unreachable,
            _ => Exit::Failed,
        };
        match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) => {
                let root = self.root.as_deref();
                eprint!("{}", refusal::places(&refusal, root, self.paint));
                let failure = Failure::new(exit, refusal.error);
                refusal.help.into_iter().fold(failure, Failure::help)
            }
            Err(_) => Failure::new(exit, format!("{} answers {status}", self.name)),
        }
    }
}

/// The token of whoever asks, from a variable or from a file, never from the command line, where others
/// could read it.
fn token() -> Result<Option<String>, Failure> {
    if let Ok(token) = std::env::var("SKEP_TOKEN") {
        return Ok(Some(token.trim().to_owned()).filter(|token| !token.is_empty()));
    }
    let Some(file) = std::env::var_os("SKEP_TOKEN_FILE").map(PathBuf::from) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&file).map_err(|e| Failure::file(&file, &e))?;
    Ok(Some(text.trim().to_owned()))
}
