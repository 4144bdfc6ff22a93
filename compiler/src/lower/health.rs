//! Health checks, lowered to commands that run in the container.
//!
//! An image has `wget`, or `curl`, or neither, in many versions. The scripts use POSIX shell, flags
//! that busybox, GNU and curl share, and no other program.

use skep_schema::plan::{Health, HealthTest};
use skep_schema::span::At;
use skep_schema::spec::{self, Fetcher, HttpProbe, PortRef, Scalar, Service, TcpProbe};
use skep_schema::units::Duration;

use super::Lower;
use super::plain::value;
use crate::resolve::port_of;

impl Lower<'_, '_, '_> {
    pub(super) fn health(&mut self, service: &Service, health: &spec::Health) -> Option<Health> {
        let test = self.test(service, health)?;
        if test == HealthTest::None {
            return Some(Health {
                test,
                every: None,
                timeout: None,
                retries: None,
                start: None,
                start_every: None,
            });
        }
        let usual = &self.edition.values.health;
        Some(Health {
            test,
            every: Some(value(health.every.as_ref()).unwrap_or(usual.every)),
            timeout: Some(self.timeout(health)),
            retries: Some(value(health.retries.as_ref()).unwrap_or(usual.retries)),
            start: value(health.start.as_ref()).filter(|start| start.0 > 0),
            start_every: value(health.start_every.as_ref()),
        })
    }

    fn test(&mut self, service: &Service, health: &spec::Health) -> Option<HealthTest> {
        let spec::Health {
            span,
            http,
            tcp,
            command,
            shell,
            none,
            ..
        } = health;
        let choices = [
            ("http", http.as_ref().map(|http| http.span)),
            ("tcp", tcp.as_ref().map(|tcp| tcp.span)),
            ("command", command.as_ref().map(|list| list.span)),
            ("shell", shell.as_ref().map(|at| at.span)),
            (
                "none",
                none.as_ref().filter(|none| none.value).map(|at| at.span),
            ),
        ];
        if !self.exactly_one("health", *span, &choices) {
            return None;
        }
        let seconds = whole_seconds(self.timeout(health));
        if let Some(http) = http {
            return self.http(service, http, seconds);
        }
        if let Some(TcpProbe { port, .. }) = tcp.as_deref() {
            let port = self.probed_port(service, port.as_ref())?;
            return Some(HealthTest::Shell(connect(port, seconds)));
        }
        let words = command
            .as_ref()
            .map(|list| list.items.iter().map(|word| word.value.0.clone()).collect());
        let line = shell
            .as_ref()
            .map(|line| HealthTest::Shell(line.value.0.clone()));
        Some(
            words
                .map(HealthTest::Command)
                .or(line)
                .unwrap_or(HealthTest::None),
        )
    }

    fn http(&mut self, service: &Service, probe: &HttpProbe, seconds: u64) -> Option<HealthTest> {
        let port = self.probed_port(service, probe.port.as_ref())?;
        let fetch = Fetch {
            url: format!("http://127.0.0.1:{port}{}", probe.path.value),
            with: value(probe.with.as_ref()),
            status: value(probe.status.as_ref()),
            body: probe
                .body
                .as_ref()
                .map(|body: &At<Scalar>| body.value.0.as_str()),
            seconds,
        };
        Some(HealthTest::Shell(fetch.script()))
    }

    fn probed_port(&mut self, service: &Service, port: Option<&At<PortRef>>) -> Option<u16> {
        let found = port_of(service, port.map(|port| &port.value)).ok();
        self.whole &= found.is_some();
        found.map(|(ports, _)| ports.first)
    }

    fn timeout(&self, health: &spec::Health) -> Duration {
        let usual = self.edition.values.health.timeout;
        value(health.timeout.as_ref()).unwrap_or(usual)
    }
}

/// Rounded up: the programs count in whole seconds, and the engine ends a check in time anyway.
fn whole_seconds(duration: Duration) -> u64 {
    duration.0.div_ceil(Duration::seconds(1).0).max(1)
}

struct Fetch<'a> {
    url: String,
    with: Option<Fetcher>,
    status: Option<u16>,
    body: Option<&'a str>,
    seconds: u64,
}

impl Fetch<'_> {
    /// Gets the answer with its header into `r`, takes the status out of its first line, and judges.
    fn script(&self) -> String {
        let url = quoted(&self.url);
        format!(
            "unset http_proxy HTTP_PROXY all_proxy ALL_PROXY; u={url}; {}; \
             case $r in *HTTP/*) s=${{r#*HTTP/}}; s=${{s#* }};; *) s=nothing;; esac; \
             case $s in {});; *) echo \"$u answered ${{s%% *}}\"; exit 1;; esac{}",
            self.fetch(),
            self.wanted(),
            self.content(),
        )
    }

    fn fetch(&self) -> String {
        match self.with {
            Some(Fetcher::Wget) => self.wget(),
            Some(Fetcher::Curl) => self.curl(),
            None => format!(
                "if command -v wget >/dev/null; then {}; elif command -v curl >/dev/null; then {}; \
                 else echo \"the image has neither wget nor curl\"; exit 1; fi",
                self.wget(),
                self.curl()
            ),
        }
    }

    /// Once more without its time limit where the program crashed: the busybox of Debian 12 ends
    /// with a segmentation fault whenever it is given one.
    fn wget(&self) -> String {
        let into = if self.body.is_some() {
            "-"
        } else {
            "/dev/null"
        };
        format!(
            "r=$(wget -q -S -t 1 -T {} -O {into} \"$u\" 2>&1); \
             [ $? -lt 128 ] || r=$(wget -q -S -O {into} \"$u\" 2>&1)",
            self.seconds
        )
    }

    fn curl(&self) -> String {
        let into = if self.body.is_some() {
            "-i"
        } else {
            "-D - -o /dev/null"
        };
        format!("r=$(curl -s -m {} {into} \"$u\" 2>&1)", self.seconds)
    }

    fn wanted(&self) -> String {
        self.status
            .map_or_else(|| "2*|3*".to_owned(), |status| format!("{status}*"))
    }

    fn content(&self) -> String {
        self.body.map_or_else(String::new, |body| {
            format!(
                "; case $r in *{}*);; *) echo \"$u answered without the text\"; exit 1;; esac",
                quoted(body)
            )
        })
    }
}

/// Connects to a port of the container and hangs up.
///
/// A busybox without `-z` starts `true` on the connection instead.
pub(super) fn connect(port: u16, seconds: u64) -> String {
    format!(
        "if command -v nc >/dev/null; then nc -z -w {seconds} 127.0.0.1 {port} 2>/dev/null \
         || nc -w {seconds} 127.0.0.1 {port} -e true; \
         elif command -v bash >/dev/null; then bash -c ': </dev/tcp/127.0.0.1/{port}'; \
         else echo \"the image has neither nc nor bash\"; exit 1; fi"
    )
}

/// One word of a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word_of_the_shell() {
        assert_eq!(quoted("it's $(x) `y`"), "'it'\\''s $(x) `y`'");
    }

    #[test]
    fn programs_count_in_whole_seconds() {
        assert_eq!(whole_seconds(Duration::milliseconds(200)), 1);
        assert_eq!(whole_seconds(Duration::milliseconds(2500)), 3);
        assert_eq!(whole_seconds(Duration::seconds(2)), 2);
    }
}
