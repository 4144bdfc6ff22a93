//! A registry of our own making: answers as a test says, and keeps what it was asked.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::http::Message;

/// Answers until the test ends.
pub(crate) struct Fake {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Message>>>,
}

impl Fake {
    /// `answer` gets its own address and each request.
    pub(crate) fn new(answer: impl Fn(&str, &Message) -> Message + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked: Arc<Mutex<Vec<Message>>> = Arc::default();
        let (own, kept) = (address.clone(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some(request) = Message::read(&stream, true) else {
                    continue;
                };
                let mut given = answer(&own, &request);
                let length = given.body.len();
                if request.first.starts_with("HEAD ") {
                    given.body.clear();
                }
                kept.lock().expect("no test thread panics").push(request);
                given.write(&mut stream, Some(length));
            }
        });
        Self { address, asked }
    }

    /// What was asked so far, in order.
    pub(crate) fn asked(&self) -> Vec<Message> {
        self.asked.lock().expect("no test thread panics").clone()
    }

    /// First words of what was asked: `HEAD /v2/app/manifests/1`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let asked = self.asked();
        let lines = asked
            .iter()
            .map(|request| request.first.trim_end_matches(" HTTP/1.1").to_owned());
        lines.collect()
    }
}
