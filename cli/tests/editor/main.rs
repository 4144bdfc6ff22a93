//! `skep lsp` before a real editor, Debian's Neovim, and before pipes.

#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use support::Project;

const BROKEN: &str = "\
project shop edition=1
include \"more.kdl\"
network edge
service api {
    image   \"api:1.0\"
  netwrk edge
}
";

const MORE: &str = "\
service front { image \"front:1.0\"; network edge; needs api }
";

#[test]
fn an_editor_shows_a_mistake_mends_it_formats_and_renames_across_files() {
    let project = Project::empty();
    project.write("skep.kdl", BROKEN);
    project.write("more.kdl", MORE);
    let report = project.path().join("report");
    let output = Command::new("nvim")
        .args(["--headless", "--clean", "-n", "-c"])
        .arg(concat!(
            "luafile ",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/editor/probe.lua"
        ))
        .current_dir(project.path())
        .env("PROBE_SKEP", env!("CARGO_BIN_EXE_skep"))
        .env("PROBE_REPORT", &report)
        .env("HOME", project.path())
        .stdin(Stdio::null())
        .output()
        .expect("Neovim is installed: `cargo xtask test` does it");
    let report = std::fs::read_to_string(report).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}\n{said}");
    assert_eq!(
        report,
        "\
diagnostic 5:2 `service` knows no `netwrk` / did you mean `network`? / help: write `network`
action replace with `network`
hover ```kdl
the server ended with 0
"
    );
    let text =
        |file: &str| std::fs::read_to_string(project.path().join(file)).expect("it is there");
    assert_eq!(
        text("skep.kdl"),
        "\
project shop edition=1
include \"more.kdl\"
network edge
service backend {
    image \"api:1.0\"
    network edge
}

moved from=\"service.api\" to=\"service.backend\"
"
    );
    assert_eq!(text("more.kdl"), MORE.replace("needs api", "needs backend"));
}

/// A server, and what it is sent before its input is closed.
fn session(messages: &[&str]) -> (Option<i32>, String) {
    let mut server: Child = Command::new(env!("CARGO_BIN_EXE_skep"))
        .args(["lsp", "--stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    let mut input = server.stdin.take().expect("it is piped");
    for message in messages {
        write!(input, "Content-Length: {}\r\n\r\n{message}", message.len()).expect("it listens");
    }
    drop(input);
    let mut said = String::new();
    let output = server.stdout.as_mut().expect("it is piped");
    output.read_to_string(&mut said).expect("it is text");
    (server.wait().expect("it ends").code(), said)
}

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}"#;
const THERE: &str = r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#;
const SHUTDOWN: &str = r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#;
const EXIT: &str = r#"{"jsonrpc":"2.0","method":"exit"}"#;

#[test]
fn the_exit_code_tells_whether_the_editor_said_goodbye() {
    let (code, said) = session(&[HELLO, THERE, SHUTDOWN, EXIT]);
    assert_eq!(code, Some(0));
    assert!(said.contains(r#""serverInfo":{"name":"skep""#), "{said}");
    assert_eq!(session(&[HELLO, THERE, EXIT]).0, Some(1));
    assert_eq!(session(&[HELLO, THERE]).0, Some(1));
    assert_eq!(session(&[SHUTDOWN]).0, Some(1));
}
