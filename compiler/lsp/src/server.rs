//! The loop: messages in, answers and news out.

use std::collections::VecDeque;
use std::path::PathBuf;

use crossbeam_channel::{Receiver, never, select};
use gen_lsp_types as lsp;
use gen_lsp_types::Notification as _;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use skep_compiler::ide::Live;

use crate::buffer::Buffer;
use crate::client::{Client, environment, introduction};
use crate::state::State;
use crate::{Ended, Host, ServeError, answer, diagnose};

pub(crate) fn run(
    connection: &Connection,
    host: Host,
    live: Receiver<Live>,
) -> Result<Ended, ServeError> {
    let (id, raw) = connection.initialize_start()?;
    let params: lsp::InitializeParams = serde_json::from_value(raw.clone())?;
    let client = Client::of(&params, &raw);
    let introduction = introduction(&client, host.version);
    connection.initialize_finish(id, introduction)?;
    let mut server = Server {
        connection,
        live,
        state: State::new(client, host),
        waiting: VecDeque::new(),
        next: 0,
        leaving: false,
        asked: None,
    };
    server.begin(&folders(&raw));
    Ok(server.serve())
}

/// A session after the handshake.
pub(crate) struct Server<'c> {
    connection: &'c Connection,
    /// Brings what changed of how stacks stand.
    live: Receiver<Live>,
    pub(crate) state: State,
    /// Messages that came and were not looked at yet.
    waiting: VecDeque<Message>,
    /// The number of our next request.
    next: i32,
    /// Whether the editor asked for a shutdown.
    leaving: bool,
    /// The request for settings that waits for an answer.
    asked: Option<RequestId>,
}

impl Server<'_> {
    /// Opens the projects that the editor has in view.
    fn begin(&mut self, folders: &[PathBuf]) {
        if self.state.client.watches {
            self.ask(
                "client/registerCapability",
                json!({ "registrations": [{
                "id": "skep-files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": { "watchers": [{ "globPattern": "**/*" }] },
            }] }),
            );
        }
        for folder in folders {
            self.state.open_project(folder);
        }
    }

    fn serve(&mut self) -> Ended {
        loop {
            while let Ok(message) = self.connection.receiver.try_recv() {
                self.receive(message);
            }
            while let Ok(live) = self.live.try_recv() {
                self.stand(live);
            }
            let Some(message) = self.waiting.pop_front() else {
                if self.look() {
                    continue;
                }
                select! {
                    recv(self.connection.receiver) -> message => match message {
                        Ok(message) => self.receive(message),
                        Err(_) => return Ended::Abruptly,
                    },
                    recv(self.live) -> live => match live {
                        Ok(live) => self.stand(live),
                        // Nobody tells it any more.
                        Err(_) => self.live = never(),
                    },
                }
                continue;
            };
            match message {
                Message::Request(request) => self.request(request),
                Message::Response(response) => self.answered(&response),
                Message::Notification(gone)
                    if gone.method == lsp::ExitNotification::METHOD.as_str() =>
                {
                    return if self.leaving {
                        Ended::Orderly
                    } else {
                        Ended::Abruptly
                    };
                }
                Message::Notification(notification) => self.notified(notification),
            }
        }
    }

    /// Takes over how stacks stand now.
    fn stand(&mut self, live: Live) {
        if *self.state.live == live {
            return;
        }
        self.state.live = live.into();
        if self.state.client.refreshes_lenses {
            self.ask("workspace/codeLens/refresh", Value::Null);
        }
    }

    /// Puts a message behind those that wait; a request that is cancelled while it waits is answered
    /// at once.
    fn receive(&mut self, message: Message) {
        let cancelled = match &message {
            Message::Notification(n) if n.method == "$/cancelRequest" => n.params.get("id"),
            Message::Request(_) | Message::Response(_) | Message::Notification(_) => None,
        };
        let Some(id) = cancelled else {
            self.waiting.push_back(message);
            return;
        };
        let Ok(id) = serde_json::from_value::<RequestId>(id.clone()) else {
            return;
        };
        let is_it = |m: &Message| matches!(m, Message::Request(request) if request.id == id);
        if let Some(at) = self.waiting.iter().position(is_it) {
            self.waiting.remove(at);
            let text = "cancelled".to_owned();
            self.reply(Response::new_err(
                id,
                ErrorCode::RequestCanceled as i32,
                text,
            ));
        }
    }

    /// Checks one project that changed. Whether there was one.
    fn look(&mut self) -> bool {
        let mut due = self
            .state
            .projects
            .iter()
            .filter(|(_, p)| p.stale || p.untold);
        let Some(root) = due.next().map(|(root, _)| root.clone()) else {
            return false;
        };
        self.settle(&root);
        true
    }

    /// Brings what is known of a project up to date, and tells the news.
    pub(crate) fn settle(&mut self, root: &std::path::Path) {
        let Some(project) = self.state.projects.get_mut(root) else {
            return;
        };
        if project.stale {
            let first = project.checked.is_none() && self.state.client.progress;
            let name = root
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let token = first.then(|| self.begin_progress(&name.unwrap_or_default()));
            if let Some(project) = self.state.projects.get_mut(root) {
                project.check();
            }
            if let Some(token) = token {
                self.end_progress(&token);
            }
        }
        let news = diagnose::news(&mut self.state, root);
        if self.state.client.pulls {
            if !news.is_empty() && self.state.client.refreshes {
                self.ask("workspace/diagnostic/refresh", Value::Null);
            }
            return;
        }
        for params in news {
            self.tell("textDocument/publishDiagnostics", &params);
        }
    }

    /// A check from nothing may take a moment.
    fn begin_progress(&mut self, project: &str) -> Value {
        let token = json!(format!("skep-check-{}", self.next));
        self.ask("window/workDoneProgress/create", json!({ "token": token }));
        let begin = json!({ "kind": "begin", "title": format!("checking {project}") });
        self.progress(&token, &begin);
        token
    }

    fn end_progress(&mut self, token: &Value) {
        self.progress(token, &json!({ "kind": "end" }));
    }

    pub(crate) fn progress(&self, token: &Value, value: &Value) {
        self.tell("$/progress", &json!({ "token": token, "value": value }));
    }

    fn request(&mut self, request: Request) {
        if request.method == "shutdown" {
            self.leaving = true;
            self.reply(Response::new_ok(request.id, Value::Null));
            return;
        }
        let id = request.id.clone();
        if self.leaving {
            let text = "the server is shutting down".to_owned();
            self.reply(Response::new_err(
                id,
                ErrorCode::InvalidRequest as i32,
                text,
            ));
            return;
        }
        let response = match answer::answer(self, &request) {
            Ok(result) => Response::new_ok(id, result),
            Err(refusal) => Response::new_err(id, refusal.code as i32, refusal.message),
        };
        self.reply(response);
    }

    fn notified(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Some(lsp::DidOpenTextDocumentParams {
                    text_document: opened,
                }) = read(params)
                {
                    self.state.open(Buffer {
                        uri: opened.uri,
                        version: opened.version,
                        text: opened.text.into(),
                    });
                }
            }
            "textDocument/didChange" => {
                if let Some(params) = read::<lsp::DidChangeTextDocumentParams>(params) {
                    self.state
                        .change(&params.text_document, params.content_changes);
                }
            }
            "textDocument/didClose" => {
                if let Some(params) = read::<lsp::DidCloseTextDocumentParams>(params) {
                    self.state.close(&params.text_document.uri);
                }
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.state.read_again(),
            "workspace/didChangeConfiguration" => self.configured(params.get("settings")),
            "workspace/didChangeWorkspaceFolders" => {
                if let Some(params) = read::<lsp::DidChangeWorkspaceFoldersParams>(params) {
                    self.view(&params.event);
                }
            }
            _ => {}
        }
    }

    fn view(&mut self, event: &lsp::WorkspaceFoldersChangeEvent) {
        let path = |folder: &lsp::WorkspaceFolder| crate::uri::path(&folder.uri);
        for folder in event.removed.iter().filter_map(path) {
            self.state.close_project(&folder);
        }
        for folder in event.added.iter().filter_map(path) {
            self.state.open_project(&folder);
        }
    }

    /// Settings came along, or are to be asked for.
    fn configured(&mut self, settings: Option<&Value>) {
        if let Some(settings) = settings.filter(|settings| !settings.is_null()) {
            self.configure(environment(settings));
            return;
        }
        let params = json!({ "items": [{ "section": "skep" }] });
        self.asked = Some(self.ask("workspace/configuration", params));
    }

    fn configure(&mut self, environment: Option<String>) {
        self.state.client.environment = environment;
        for project in self.state.projects.values_mut() {
            project.touched();
        }
    }

    fn answered(&mut self, response: &Response) {
        if self.asked.as_ref() == Some(&response.id) {
            self.asked = None;
            let settings = response
                .response_result
                .as_ref()
                .ok()
                .and_then(|all| all.get(0));
            self.configure(settings.and_then(environment));
        }
    }

    /// Sends a request, and gives its id.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> RequestId {
        let id = RequestId::from(self.next);
        self.next += 1;
        self.send(Message::Request(Request::new(
            id.clone(),
            method.to_owned(),
            params,
        )));
        id
    }

    fn tell(&self, method: &str, params: &impl serde::Serialize) {
        let notification = Notification::new(method.to_owned(), params);
        self.send(Message::Notification(notification));
    }

    fn reply(&self, response: Response) {
        self.send(Message::Response(response));
    }

    /// An editor that is gone is noticed with the next message that does not come.
    fn send(&self, message: Message) {
        drop(self.connection.sender.send(message));
    }
}

/// The parameters of a notification; one that makes no sense is passed over, since nobody waits for
/// an answer.
fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

/// The folders that the editor has open, in the newer form or the older one.
fn folders(raw: &Value) -> Vec<PathBuf> {
    let listed = raw["workspaceFolders"].as_array();
    let uris: Vec<&Value> = match listed {
        Some(folders) => folders.iter().map(|folder| &folder["uri"]).collect(),
        None => vec![&raw["rootUri"]],
    };
    let texts = uris.into_iter().filter_map(Value::as_str);
    texts
        .filter_map(|uri| crate::uri::path(&uri.into()))
        .collect()
}
