//! `skep lsp --server`: what an editor shows of a stack that a daemon keeps.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use super::lab::{LONG, SPEC, Served, address, skep};

/// An editor's side of the server; killed when dropped.
struct Editor {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    uri: String,
}

impl Editor {
    fn start(served: &Served) -> Self {
        let folder = served.project.path();
        let mut skep = skep(folder);
        skep.args(["lsp", "--server", &address(&served.project)]);
        skep.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = skep.stderr(Stdio::null()).spawn().expect("it starts");
        let mut said = BufReader::new(server.stdout.take().expect("it is piped"));
        let (tell, messages) = channel();
        thread::spawn(move || while message(&mut said).is_some_and(|m| tell.send(m).is_ok()) {});
        let mut editor = Self {
            input: server.stdin.take().expect("it is piped"),
            server,
            messages,
            uri: format!("file://{}/skep.kdl", folder.display()),
        };
        let can = json!({ "workspace": { "codeLens": { "refreshSupport": true } } });
        editor.send(&json!({ "id": 0, "method": "initialize", "params": {
            "processId": null, "rootUri": null, "capabilities": can,
        } }));
        editor.send(&json!({ "method": "initialized", "params": {} }));
        editor
    }

    fn send(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it listens");
        self.input.flush().expect("it listens");
    }

    /// Waits for a message of which this is so.
    fn hear(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(LONG);
            let message = message.expect("the server has more to say");
            if is_it(&message) {
                return message;
            }
        }
    }

    /// Waits until the server says that something stands otherwise than it did.
    fn hear_of_news(&self) {
        self.hear(|message| message["method"] == "workspace/codeLens/refresh");
    }

    /// What is shown over the name of the first service.
    fn hover(&mut self) -> String {
        let place = json!({ "line": 1, "character": 9 });
        self.send(
            &json!({ "id": 7, "method": "textDocument/hover", "params": {
            "textDocument": { "uri": self.uri }, "position": place,
        } }),
        );
        let answer = self.hear(|message| message["id"] == 7 && message.get("method").is_none());
        let text = answer["result"]["contents"]["value"].as_str();
        text.expect("something is shown").to_owned()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.server.kill();
        let _status = self.server.wait();
    }
}

fn message(said: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        said.read_line(&mut line).ok()?;
        if let Some(number) = line.strip_prefix("Content-Length: ") {
            length = number.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    said.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

#[test]
fn how_a_service_stands_is_shown_as_long_as_the_daemon_tells_it() {
    let mut served = Served::start(SPEC);
    let mut editor = Editor::start(&served);
    editor.hear_of_news();
    let shown = editor.hover();
    assert!(
        shown.contains("now in `shop`: 1/1 running, as in the spec, r1"),
        "{shown}"
    );
    served.kill();
    editor.hear_of_news();
    let shown = editor.hover();
    assert!(!shown.contains("now in"), "{shown}");
}
