//! `cargo xtask bench lsp`: how long an editor waits for `skep lsp`, in a project of a thousand services.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::figures::{Spread, head};
use super::project::Project;

const SERVICES: usize = 1000;
const ROUNDS: usize = 21;

/// What is asked for after every edit: the method, and a piece of the file's text with its cursor.
const ASKED: &[(&str, &str)] = &[
    ("completion", "    network |back"),
    ("completion", "    |network back"),
    ("hover", "service svc-|3 "),
    ("definition", "    network b|ack"),
    ("references", "    network b|ack"),
    ("documentSymbol", ""),
    ("foldingRange", ""),
    ("codeLens", ""),
    ("inlayHint", ""),
    ("codeAction", "service svc-|3 "),
    ("formatting", ""),
];

pub(super) fn command(skep: &Path) -> Result<(), String> {
    let folder = env::temp_dir().join(format!("skep-bench-lsp-{}", std::process::id()));
    let project = Project::write(SERVICES, &folder)?;
    println!("{SERVICES} services, {ROUNDS} rounds");
    let layouts = [
        ("many", "services/000.kdl", "100 services a file"),
        ("one", "skep.kdl", "one file"),
    ];
    let measured = layouts.iter().try_for_each(|(layout, file, name)| {
        println!("{}", head(name));
        measure(skep, &project.folder.join(layout), file)
    });
    drop(std::fs::remove_dir_all(&folder));
    measured
}

fn measure(skep: &Path, folder: &Path, file: &str) -> Result<(), String> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let mut editor = Editor::start(skep, format!("file://{}", path.display()))?;
    let begun = Instant::now();
    editor.open(&text)?;
    let first = begun.elapsed();
    println!(
        "{}",
        Spread::milliseconds(&[first]).line("until the first diagnostics", "ms")
    );
    let (mut checks, mut typed) = (Vec::new(), Vec::new());
    let mut answers: Vec<Vec<Duration>> = ASKED.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        editor.edit(&text, round)?;
        editor.hear("textDocument/publishDiagnostics")?;
        checks.push(begun.elapsed());
        for ((method, place), times) in ASKED.iter().zip(&mut answers) {
            times.push(editor.ask(method, place, &text)?);
        }
        let begun = Instant::now();
        editor.edit(&text, round + 1)?;
        editor.ask("completion", "    network |back", &text)?;
        typed.push(begun.elapsed());
    }
    println!(
        "{}",
        Spread::milliseconds(&checks).line("an edit until its diagnostics", "ms")
    );
    println!(
        "{}",
        Spread::milliseconds(&typed).line("an edit and completion at once", "ms")
    );
    for ((method, place), times) in ASKED.iter().zip(&answers) {
        let name = format!("{method} {}", place.trim());
        println!("{}", Spread::milliseconds(times).line(&name, "ms"));
    }
    for ((method, _), times) in ASKED.iter().zip(&answers) {
        println!(
            "{}",
            Spread::ratio(times, &checks).line(&format!("{method} / edit"), "times")
        );
    }
    editor.leave()
}

/// A client that waits for everything it asks for.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    uri: String,
    version: i32,
    next: i32,
}

impl Editor {
    fn start(skep: &Path, uri: String) -> Result<Self, String> {
        let mut server = Command::new(skep)
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", skep.display()))?;
        let input = server.stdin.take().ok_or("the server has no input")?;
        let output = server.stdout.take().ok_or("the server has no output")?;
        let mut editor = Self {
            server,
            input,
            output: BufReader::new(output),
            uri,
            version: 1,
            next: 0,
        };
        editor.request(
            "initialize",
            &json!({ "processId": null, "rootUri": null, "capabilities": {} }),
        )?;
        editor.notify("initialized", &json!({}))?;
        Ok(editor)
    }

    fn open(&mut self, text: &str) -> Result<(), String> {
        let document = json!({ "uri": self.uri, "languageId": "kdl", "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }))?;
        self.hear("textDocument/publishDiagnostics")
    }

    /// Writes one of two words that take turns over a label.
    fn edit(&mut self, text: &str, round: usize) -> Result<(), String> {
        let at = text.find("tier=\"").ok_or("no label to edit")? + "tier=\"".len();
        let (line, start) = place(text, at);
        self.version += 1;
        let range = json!({
            "start": { "line": line, "character": start },
            "end": { "line": line, "character": start + 7 },
        });
        let word = ["backend", "the-end"][round % 2];
        self.notify(
            "textDocument/didChange",
            &json!({
                "textDocument": { "uri": self.uri, "version": self.version },
                "contentChanges": [{ "range": range, "text": word }],
            }),
        )
    }

    fn ask(&mut self, method: &str, cursor: &str, text: &str) -> Result<Duration, String> {
        let mut params = json!({ "textDocument": { "uri": self.uri } });
        let (before, after) = cursor.split_once('|').unwrap_or_default();
        let at = text
            .find(&format!("{before}{after}"))
            .ok_or("the text has no such place")?;
        let (line, column) = place(text, at + before.len());
        let position = json!({ "line": line, "character": column });
        params["range"] = json!({ "start": position, "end": position });
        if method == "inlayHint" {
            params["range"]["end"] = json!({ "line": line + 60, "character": 0 });
        }
        params["position"] = position;
        params["context"] =
            json!({ "includeDeclaration": true, "diagnostics": [], "triggerKind": 1 });
        params["options"] = json!({ "tabSize": 4, "insertSpaces": true });
        let begun = Instant::now();
        self.request(&format!("textDocument/{method}"), &params)?;
        Ok(begun.elapsed())
    }

    fn leave(mut self) -> Result<(), String> {
        self.request("shutdown", &Value::Null)?;
        self.notify("exit", &Value::Null)?;
        let ended = self.server.wait().map_err(|error| error.to_string())?;
        if ended.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {ended}"))
        }
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<(), String> {
        self.next += 1;
        let id = json!(self.next);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let said = self.read()?;
            if said["id"] == id && said.get("method").is_none() {
                let error = said.get("error").map(|error| format!("{method}: {error}"));
                return error.map_or(Ok(()), Err);
            }
        }
    }

    fn hear(&mut self, method: &str) -> Result<(), String> {
        while self.read()?["method"] != method {}
        Ok(())
    }

    fn notify(&mut self, method: &str, params: &Value) -> Result<(), String> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.input.flush())
            .map_err(|error| error.to_string())
    }

    fn read(&mut self) -> Result<Value, String> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = self
                .output
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("the server said nothing more".to_owned());
            }
            match line.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().map_err(|_| "no length".to_owned())?,
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output
            .read_exact(&mut body)
            .map_err(|error| error.to_string())?;
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    }
}

/// The line and column of a byte in a text without letters beyond ASCII.
fn place(text: &str, at: usize) -> (usize, usize) {
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    (line, at - start)
}
