//! Real proxies on rendered configs, in a folder of their own and on loopback only.

use std::collections::BTreeSet;
use std::fs;
use std::iter;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use skep_compiler::proxy::{Proxy, ProxyConfig, Rendered, render};

/// A rendered config on disk, with every path of the container moved into one folder.
pub(crate) struct Sandbox {
    proxy: Proxy,
    folder: tempfile::TempDir,
    command: Vec<String>,
}

/// A proxy at work; stopped when dropped.
pub(crate) struct Running {
    child: Child,
    _sandbox: Sandbox,
}

impl Sandbox {
    pub(crate) fn new(config: &ProxyConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Rendered { files, command, .. } = render(config);
        let here = folder.path().to_str().unwrap();
        let mut moves: Vec<(String, String)> = files
            .iter()
            .map(|file| (file.target.to_owned(), format!("{here}/{}", file.name)))
            .collect();
        for place in ["/tmp/", "/run/secrets/", "/dev/shm/"] {
            moves.push((place.to_owned(), format!("{here}/")));
        }
        let inside = |text: &str| {
            moves
                .iter()
                .fold(text.to_owned(), |text, (from, to)| replace(&text, from, to))
        };
        for file in &files {
            fs::write(
                folder.path().join(file.name),
                on_loopback(config.proxy, &inside(&file.text)),
            )
            .unwrap();
        }
        let command = command.iter().map(|word| inside(word)).collect();
        Self {
            proxy: config.proxy,
            folder,
            command,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a certificate for `hosts` where a site with this name of a certificate looks for it.
    pub(crate) fn certify(&self, name: &str, hosts: &[&str]) {
        let folder = self.path().join("tls");
        fs::create_dir_all(&folder).unwrap();
        let cert = folder.join(format!("{name}.pem"));
        let names: Vec<String> = hosts.iter().map(|host| format!("DNS:{host}")).collect();
        let output = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .args([
                "-subj",
                &format!("/CN={name}"),
                "-addext",
                &format!("subjectAltName={}", names.join(",")),
            ])
            .args([
                "-keyout",
                &format!("{}.key", cert.display()),
                "-out",
                &cert.display().to_string(),
            ])
            .output();
        assert!(installed("openssl", output).status.success());
    }

    /// What the proxy's own checker says of the config, when it does not accept it.
    pub(crate) fn refusal(&self) -> Option<String> {
        let config = |name: &str| self.path().join(name).display().to_string();
        let mut command = match self.proxy {
            Proxy::Caddy => program("caddy", &["validate", "--config", &config("caddy.json")]),
            Proxy::Nginx => program(
                "nginx",
                &["-t", "-e", "stderr", "-c", &config("nginx.conf")],
            ),
            Proxy::Haproxy if self.command[0] == "sh" => self.haproxy_with_users("haproxy -c"),
            Proxy::Haproxy => program("haproxy", &["-c", "-f", &config("haproxy.cfg")]),
            Proxy::Traefik => panic!("Traefik has no checker"),
        };
        let output = installed(
            self.proxy.as_str(),
            command.env("HOME", self.path()).output(),
        );
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        (!output.status.success()).then_some(said)
    }

    pub(crate) fn start(self) -> Running {
        let config = |name: &str| self.path().join(name).display().to_string();
        let mut command = match self.proxy {
            Proxy::Caddy => program("caddy", &["run", "--config", &config("caddy.json")]),
            Proxy::Nginx => program(
                "nginx",
                &[
                    "-e",
                    "stderr",
                    "-c",
                    &config("nginx.conf"),
                    "-g",
                    "daemon off; master_process off;",
                ],
            ),
            Proxy::Haproxy if self.command[0] == "sh" => self.haproxy_with_users("haproxy -db"),
            Proxy::Haproxy => program("haproxy", &["-db", "-f", &config("haproxy.cfg")]),
            Proxy::Traefik => panic!("Traefik is not to be had here"),
        };
        let log = fs::File::create(self.path().join("log")).unwrap();
        command
            .env("HOME", self.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Running {
            child: installed(self.proxy.as_str(), command.spawn()),
            _sandbox: self,
        }
    }

    /// The start script as a gateway runs it, but for how HAProxy itself is called.
    fn haproxy_with_users(&self, call: &str) -> Command {
        let script = PathBuf::from(&self.command[1]);
        let text = fs::read_to_string(&script)
            .unwrap()
            .replace("haproxy -W -db", call);
        let text = text.replace(
            "/usr/local/etc/haproxy/",
            &format!("{}/", self.path().display()),
        );
        fs::write(&script, text).unwrap();
        let arguments: Vec<&str> = self.command[1..].iter().map(String::as_str).collect();
        program("sh", &arguments)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A port that was free a moment ago, and that no other test of this process was given: the system hands
/// one out again as soon as it is let go, and two proxies that listen together would answer for each other.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let free = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let port = iter::repeat_with(free).find(|port| given.insert(*port));
    port.expect("there are more ports than tests")
}

fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn installed<T>(program: &str, outcome: std::io::Result<T>) -> T {
    outcome.unwrap_or_else(|error| {
        panic!("cannot run `{program}` ({error}): run the tests with `cargo xtask test`, which installs it")
    })
}

/// Paths are moved where they start, not in the middle of one that has been moved already.
fn replace(text: &str, from: &str, to: &str) -> String {
    let mut moved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, behind) = rest.split_at(at);
        let inside = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            || to.starts_with(from) && behind.starts_with(to);
        moved.push_str(before);
        moved.push_str(if inside { from } else { to });
        rest = &behind[from.len()..];
    }
    moved + rest
}

fn on_loopback(proxy: Proxy, text: &str) -> String {
    match proxy {
        Proxy::Caddy => caddy_on_loopback(text),
        Proxy::Nginx => text.replace(" listen ", " listen 127.0.0.1:"),
        Proxy::Haproxy => text.replace(" bind :", " bind 127.0.0.1:"),
        Proxy::Traefik => text.to_owned(),
    }
}

/// Debian's Caddy 2.6 is older than the image's: it has no trusted proxies of a whole server, and no
/// matcher for the client they tell of, so these are taken out and only the rest is tried.
fn caddy_on_loopback(text: &str) -> String {
    let mut config: serde_json::Value = serde_json::from_str(text).unwrap();
    config["admin"]["listen"] = format!("localhost:{}", free_port()).into();
    for server in config["apps"]["http"]["servers"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        for listen in server["listen"].as_array_mut().unwrap() {
            *listen = format!("127.0.0.1{}", listen.as_str().unwrap()).into();
        }
        let server = server.as_object_mut().unwrap();
        let known = server
            .get("trusted_proxies")
            .map(|from| from["ranges"].is_array());
        assert_ne!(known, Some(false));
        server.remove("trusted_proxies");
        server.remove("trusted_proxies_strict");
    }
    config.to_string().replace("\"client_ip\"", "\"remote_ip\"")
}
