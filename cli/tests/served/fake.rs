//! A daemon that gives the answers that it was told to, one a connection.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

/// An answer to one request.
pub(super) struct Answer {
    pub(super) status: &'static str,
    /// Lines of the head, each with its end.
    pub(super) head: &'static str,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: &'static str, body: &serde_json::Value) -> Self {
        Self {
            status,
            head: "content-type: application/json\r\n",
            body: body.to_string(),
        }
    }
}

/// What it was asked, a line each.
pub(super) const ASKED: &str = "asked";

/// Listens in the folder and gives the answers in turn; then nobody is there any more.
pub(super) fn answering(folder: &Path, answers: Vec<Answer>) -> String {
    let (socket, asked) = (folder.join("fake.sock"), folder.join(ASKED));
    let listener = UnixListener::bind(&socket).expect("the folder is ours");
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().expect("somebody asks");
            let file = OpenOptions::new().create(true).append(true).open(&asked);
            writeln!(file.expect("the folder is ours"), "{}", heard(&stream)).expect("it is ours");
            give(stream, &answer);
        }
    });
    format!("unix://{}", socket.display())
}

/// The first line of what is asked, when all of its head has come.
fn heard(stream: &UnixStream) -> String {
    let head = BufReader::new(stream).lines().map_while(Result::ok);
    let mut head = head.take_while(|line| !line.is_empty());
    let first = head.next().expect("something is asked");
    head.for_each(drop);
    first
}

fn give(mut stream: UnixStream, answer: &Answer) {
    let Answer { status, head, body } = answer;
    let text = format!("HTTP/1.1 {status}\r\n{head}connection: close\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).expect("it is read");
}
