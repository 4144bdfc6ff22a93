//! As much HTTP as pushing an image takes, and as answering like a registry takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A request or an answer: its first line, its headers with small names, its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn new(first: impl Into<String>) -> Self {
        Self {
            first: first.into(),
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> &str {
        self.first.split(' ').nth(1).unwrap_or("")
    }

    pub(crate) fn write(&self, to: &mut TcpStream, length: Option<usize>) {
        let mut text = format!("{}\r\n", self.first);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = length.unwrap_or(self.body.len());
        text.push_str(&format!(
            "content-length: {length}\r\nconnection: close\r\n\r\n"
        ));
        to.write_all(text.as_bytes()).expect("the head is sent");
        to.write_all(&self.body).expect("the body is sent");
    }

    /// Reads one message; an answer to HEAD has a length and no body.
    pub(crate) fn read(from: &TcpStream, has_body: bool) -> Option<Self> {
        let mut reader = BufReader::new(from);
        let mut message = Self::new(line(&mut reader)?);
        while let Some((name, value)) = line(&mut reader)?.split_once(':') {
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            message.headers.push(header);
        }
        let length = message
            .header("content-length")
            .and_then(|n| n.parse().ok());
        message.body = vec![0; length.filter(|_| has_body).unwrap_or(0)];
        reader.read_exact(&mut message.body).ok()?;
        Some(message)
    }
}

fn line(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut text = String::new();
    let read = reader.read_line(&mut text).ok()?;
    (read > 0).then(|| text.trim_end().to_owned())
}

/// Asks a server once.
pub(crate) fn ask(address: &str, request: &Message) -> Message {
    let mut stream = TcpStream::connect(address).expect("the server can be reached");
    let request = request.clone().with("host", address);
    request.write(&mut stream, None);
    Message::read(&stream, true).expect("the server answers")
}
