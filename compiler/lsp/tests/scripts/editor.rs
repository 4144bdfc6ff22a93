//! The other side of the connection.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use crossbeam_channel::Sender;
use serde_json::{Value, json};
use skep_lsp::{Connection, Ended, Host, Live, serve};
use skep_schema::api::view::StackList;
use tempfile::TempDir;

use crate::script::{Script, Step, find};
use crate::shown::shown;
use lsp_server::{Message, Notification, Request, RequestId, Response};

pub(crate) struct Editor {
    connection: Connection,
    /// Tells the server how stacks stand.
    live: Sender<Live>,
    server: JoinHandle<Ended>,
    /// The folder that the editor has open.
    work: std::path::PathBuf,
    _folder: TempDir,
    open: BTreeMap<String, (i32, String)>,
    next: i32,
    answer: Value,
    /// Answers that came before they were listened for.
    early: Vec<Response>,
}

impl Editor {
    /// Puts the files into a folder, and opens that.
    pub(crate) fn start(script: &Script) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let work = folder.path().join("work");
        for (file, text) in &script.files {
            let path = work.join(file);
            std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("made");
            std::fs::write(path, text).expect("the folder can be written to");
        }
        let (connection, other) = connected();
        let (live, told) = crossbeam_channel::unbounded();
        let server = std::thread::spawn(move || {
            let host = Host {
                version: "0.0.0",
                markdown: |changes, stack, against| {
                    let summary = serde_json::to_string(&changes.summary).expect("plain data");
                    format!("{stack} against {against}: {summary}")
                },
            };
            serve(&other, host, told).expect("the handshake is right")
        });
        let mut editor = Self {
            connection,
            live,
            server,
            work,
            _folder: folder,
            open: BTreeMap::new(),
            next: 0,
            answer: Value::Null,
            early: Vec::new(),
        };
        editor.introduce(&script.client);
        editor
    }

    fn introduce(&mut self, client: &str) {
        let mut params: Value = match client.trim() {
            "" => json!({}),
            text => serde_json::from_str(text).expect("the client is JSON"),
        };
        if params.get("capabilities").is_none() {
            params["capabilities"] = json!({});
        }
        params["processId"] = Value::Null;
        params["rootUri"] = Value::Null;
        let id = self.send("initialize", params);
        self.listen(&id);
        self.notify("initialized", json!({}));
    }

    /// Makes a step, and shows what the server says to it.
    pub(crate) fn perform(&mut self, step: &Step) -> String {
        let (words, marked) = step.line.split_once(": ").unwrap_or((&step.line, ""));
        let (verb, file) = words.split_once(' ').unwrap_or((words, ""));
        match verb {
            "open" => self.open(file),
            "edit" => self.edit(file, marked),
            "close" => self.close(file),
            "write" => self.write(file, &step.body),
            "remove" => self.remove(file),
            "live" => self.stand(&step.body),
            "notify" => self.notify(file, self.filled(&step.body)),
            "apply" => return self.apply(&step.line["apply".len()..]),
            "send" => {
                let id = self.send(file, self.filled(&step.body));
                return self.heard(&id, true);
            }
            "cancelled" => return self.cancelled(file),
            method => {
                let id = self.ask(method, file, marked, &step.body);
                return self.heard(&id, true);
            }
        }
        let id = self.send("workspace/diagnostic", json!({ "previousResultIds": [] }));
        self.heard(&id, false)
    }

    /// Opens a file; what is told of it then.
    pub(crate) fn diagnostics(&mut self, file: &str) -> Vec<Value> {
        self.open(file);
        let id = self.send("workspace/diagnostic", json!({ "previousResultIds": [] }));
        let (news, _) = self.listen(&id);
        let uri = self.uri(file);
        let mut mine = news.into_iter().filter(|(_, params)| params["uri"] == uri);
        let last = mine
            .next_back()
            .map(|(_, params)| params["diagnostics"].clone());
        let all = last.as_ref().and_then(Value::as_array);
        all.cloned().unwrap_or_default()
    }

    /// Ends the session as editors do.
    pub(crate) fn leave(mut self) {
        let id = self.send("shutdown", Value::Null);
        self.listen(&id);
        self.notify("exit", Value::Null);
        let ended = self.server.join().expect("the server does not panic");
        assert_eq!(ended, Ended::Orderly);
    }

    fn open(&mut self, file: &str) {
        let path = self.work.join(file);
        let text = std::fs::read_to_string(path).expect("the file is there");
        self.open.insert(file.to_owned(), (1, text.clone()));
        let opened =
            json!({ "uri": self.uri(file), "languageId": "kdl", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": opened }));
    }

    fn edit(&mut self, file: &str, marked: &str) {
        let (marked, new) = marked
            .split_once(" => ")
            .expect("what stands there instead");
        let (version, text) = self.open.get(file).cloned().expect("the file is open");
        let at = find(&text, marked);
        let new = new.replace("\\n", "\n");
        let range = range(&text, &at);
        let mut after = text;
        after.replace_range(at, &new);
        self.open.insert(file.to_owned(), (version + 1, after));
        self.notify(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": self.uri(file), "version": version + 1 },
                "contentChanges": [{ "range": range, "text": new }],
            }),
        );
    }

    fn close(&mut self, file: &str) {
        self.open.remove(file);
        let document = json!({ "uri": self.uri(file) });
        self.notify("textDocument/didClose", json!({ "textDocument": document }));
    }

    /// Somebody else writes a file, and the editor says so.
    fn write(&mut self, file: &str, text: &str) {
        std::fs::write(self.work.join(file), text).expect("the folder can be written to");
        self.changed(file, 2);
    }

    /// A daemon tells of its stacks, or, where there is nothing to tell, is gone.
    fn stand(&self, told: &str) {
        let live = match told.trim() {
            "" => Live::default(),
            text => serde_json::from_str::<StackList>(text)
                .expect("a list of stacks")
                .into(),
        };
        self.live.send(live).expect("the server listens");
    }

    fn remove(&mut self, file: &str) {
        std::fs::remove_file(self.work.join(file)).expect("the file is there");
        self.changed(file, 3);
    }

    fn changed(&mut self, file: &str, how: i32) {
        let change = json!({ "uri": self.uri(file), "type": how });
        self.notify(
            "workspace/didChangeWatchedFiles",
            json!({ "changes": [change] }),
        );
    }

    /// A request about a place in a file.
    fn ask(&mut self, method: &str, file: &str, marked: &str, body: &str) -> RequestId {
        let mut params = if body.trim().is_empty() {
            json!({})
        } else {
            self.filled(body)
        };
        if !file.is_empty() {
            params["textDocument"] = json!({ "uri": self.uri(file) });
        }
        if !marked.is_empty() {
            let text = self.text(file);
            let range = range(&text, &find(&text, marked));
            params["position"] = range["start"].clone();
            params["positions"] = json!([range["start"]]);
            params["range"] = range;
        }
        let method = match method.split_once('/') {
            Some(_) => method.to_owned(),
            None => format!("textDocument/{method}"),
        };
        match method.as_str() {
            "textDocument/codeAction" if params.get("context").is_none() => {
                params["context"] = json!({ "diagnostics": [] });
            }
            "textDocument/references" => params["context"] = json!({ "includeDeclaration": true }),
            "textDocument/formatting"
            | "textDocument/rangeFormatting"
            | "textDocument/onTypeFormatting" => {
                params["options"] = json!({ "tabSize": 4, "insertSpaces": true });
                params["ch"] = json!("}");
            }
            "textDocument/inlayHint" if params.get("range").is_none() => {
                params["range"] = json!({
                    "start": { "line": 0, "character": 0 }, "end": { "line": 999, "character": 0 },
                });
            }
            _ => {}
        }
        self.send(&method, params)
    }

    /// Asks for something and takes it back before it can be looked at.
    fn cancelled(&mut self, file: &str) -> String {
        let document = json!({ "textDocument": { "uri": self.uri(file) } });
        let id = self.at_once(|editor| {
            let id = editor.send("textDocument/documentSymbol", document);
            editor.notify("$/cancelRequest", json!({ "id": editor.next }));
            id
        });
        self.heard(&id, true)
    }

    /// Sends messages of which the server sees all or none: it cannot go on before somebody listens
    /// to what it says first.
    fn at_once<T>(&mut self, messages: impl FnOnce(&mut Self) -> T) -> T {
        let first = self.send("workspace/diagnostic", json!({ "previousResultIds": [] }));
        let sent = messages(self);
        let (news, _) = self.listen(&first);
        assert!(news.is_empty(), "the server had more to say: {news:?}");
        sent
    }

    /// Makes the edits of the last answer, or of the action of that title, and shows the files.
    fn apply(&mut self, title: &str) -> String {
        let title = title.trim();
        let answer = self.answer.clone();
        let chosen = match answer.as_array() {
            Some(actions) if !title.is_empty() => {
                let mut all = actions.iter();
                let found = all.find(|action| action["title"] == title);
                found.expect("an action of that title")["edit"].clone()
            }
            Some(_) | None => answer,
        };
        let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        if let Some(edits) = chosen.as_array() {
            let only = self
                .open
                .keys()
                .next_back()
                .expect("a file is open")
                .clone();
            files.insert(only, edits.clone());
        }
        for (uri, edits) in chosen["changes"].as_object().into_iter().flatten() {
            files.insert(
                self.name(uri),
                edits.as_array().cloned().unwrap_or_default(),
            );
        }
        for change in chosen["documentChanges"].as_array().into_iter().flatten() {
            let name = self.name(change["textDocument"]["uri"].as_str().expect("a file"));
            files.insert(
                name,
                change["edits"].as_array().cloned().unwrap_or_default(),
            );
        }
        let mut out = String::new();
        self.at_once(|editor| {
            for (file, edits) in files {
                let new = edited(&editor.text(&file), edits);
                out.push_str(&format!("  {file}:\n"));
                new.lines()
                    .for_each(|line| out.push_str(&format!("  | {line}\n")));
                if let Some((_, text)) = editor.open.get(&file).cloned() {
                    let escaped = new.replace('\n', "\\n");
                    let all = text.replace('\n', "\\n");
                    editor.edit(&file, &format!("[{all}] => {escaped}"));
                } else {
                    editor.write(&file, &new);
                }
            }
        });
        let id = self.send("workspace/diagnostic", json!({ "previousResultIds": [] }));
        out + &self.heard(&id, false)
    }

    /// What the server says until it answers, and the answer where that is wanted.
    fn heard(&mut self, id: &RequestId, wanted: bool) -> String {
        let (news, response) = self.listen(id);
        let folder = format!("{}/", self.uri("").trim_end_matches('/'));
        let mut out = String::new();
        for (method, params) in news {
            out.push_str(&format!("<- {method}\n{}", shown(&params, &folder)));
        }
        if wanted {
            match response.response_result {
                Ok(result) => {
                    out.push_str(&shown(&result, &folder));
                    self.answer = result;
                }
                Err(error) => out.push_str(&format!("  error {}: {}\n", error.code, error.message)),
            }
        }
        out
    }

    fn listen(&mut self, id: &RequestId) -> (Vec<(String, Value)>, Response) {
        let mut news = Vec::new();
        if let Some(at) = self.early.iter().position(|early| early.id == *id) {
            return (news, self.early.remove(at));
        }
        loop {
            let wait = std::time::Duration::from_mins(1);
            let message = self.connection.receiver.recv_timeout(wait);
            match message.expect("the server answers") {
                Message::Response(response) if response.id == *id => return (news, response),
                Message::Response(response) => self.early.push(response),
                Message::Notification(Notification { method, params }) => {
                    news.push((method, params));
                }
                Message::Request(Request { id, method, params }) => {
                    let answer = if method == "workspace/configuration" {
                        json!([{ "environment": "prod" }])
                    } else {
                        Value::Null
                    };
                    news.push((method, params));
                    let answer = Response::new_ok(id, answer);
                    self.connection
                        .sender
                        .send(answer.into())
                        .expect("the server listens");
                }
            }
        }
    }

    fn send(&mut self, method: &str, params: Value) -> RequestId {
        self.next += 1;
        let id = RequestId::from(self.next);
        let request = Request::new(id.clone(), method.to_owned(), params);
        self.connection
            .sender
            .send(request.into())
            .expect("the server listens");
        id
    }

    fn notify(&self, method: &str, params: Value) {
        let notification = Notification::new(method.to_owned(), params);
        self.connection
            .sender
            .send(notification.into())
            .expect("the server listens");
    }

    /// The text of a file as the editor has it, or the disk.
    fn text(&self, file: &str) -> String {
        match self.open.get(file) {
            Some((_, text)) => text.clone(),
            None => std::fs::read_to_string(self.work.join(file)).expect("it is there"),
        }
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.work.join(file).display())
    }

    fn name(&self, uri: &str) -> String {
        uri.replace(&format!("{}/", self.uri("").trim_end_matches('/')), "")
    }

    /// JSON with `FOLDER` as the folder's URI.
    fn filled(&self, text: &str) -> Value {
        let text = text.replace("FOLDER", self.uri("").trim_end_matches('/'));
        serde_json::from_str(&text).expect("the parameters are JSON")
    }
}

/// A range in lines and UTF-16 columns.
fn range(text: &str, at: &std::ops::Range<usize>) -> Value {
    let place = |offset: usize| {
        let before = &text[..offset];
        let line = before.matches('\n').count();
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or("")
            .encode_utf16()
            .count();
        json!({ "line": line, "character": column })
    };
    json!({ "start": place(at.start), "end": place(at.end) })
}

/// A connection with room for all that the editor says and for nothing that the server says: what the
/// server sends, it has to wait with until it is heard.
fn connected() -> (Connection, Connection) {
    let (said, heard_by_server) = crossbeam_channel::unbounded();
    let (told, heard_by_editor) = crossbeam_channel::bounded(0);
    let editor = Connection {
        sender: said,
        receiver: heard_by_editor,
    };
    let server = Connection {
        sender: told,
        receiver: heard_by_server,
    };
    (editor, server)
}

/// A text with edits made, the last one first.
fn edited(text: &str, mut edits: Vec<Value>) -> String {
    let offset = |place: &Value| {
        let line = place["line"].as_u64().expect("a line");
        let line = usize::try_from(line).expect("a text has fewer lines");
        let column = place["character"].as_u64().expect("a column");
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = 0;
        let mut at = start;
        for c in text[start..].chars() {
            if units >= column {
                break;
            }
            units += c.len_utf16() as u64;
            at += c.len_utf8();
        }
        at
    };
    edits.sort_by_key(|edit| std::cmp::Reverse(offset(&edit["range"]["start"])));
    let mut out = text.to_owned();
    for edit in edits {
        let (start, end) = (
            offset(&edit["range"]["start"]),
            offset(&edit["range"]["end"]),
        );
        out.replace_range(start..end, edit["newText"].as_str().expect("a text"));
    }
    out
}
