//! A running proxy, and the way to ask it.

use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Running, Sandbox};
use crate::world::{Answer, ask};

pub(crate) struct Bench {
    pub(crate) port: u16,
    _running: Running,
}

impl Bench {
    /// Starts the proxy, whose config has to listen on `port`.
    pub(crate) fn start(port: u16, sandbox: Sandbox) -> Self {
        Self {
            port,
            _running: sandbox.start(),
        }
    }

    /// Waits until a path is served, which takes until the names are resolved.
    pub(crate) fn wait(&self, host: &str, path: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.ask_host(host, &format!("GET {path}"), &[]);
            if answer.status == 200 {
                return;
            }
            assert!(
                Instant::now() < until,
                "{host}{path} is not served: {answer:?}"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn ask(&self, request: &str, headers: &[&str]) -> Answer {
        self.ask_host("app.test", request, headers)
    }

    /// An answer with status 0 when none came.
    pub(crate) fn ask_host(&self, host: &str, request: &str, headers: &[&str]) -> Answer {
        ask(self.port, host, request, headers, "").unwrap_or_default()
    }

    pub(crate) fn outcome(&self, request: &str) -> String {
        self.ask(request, &[]).outcome()
    }
}
