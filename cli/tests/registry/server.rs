//! Debian's `docker-registry`, and images pushed into it.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use tempfile::TempDir;

use crate::http::{Message, ask};

pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "correct-horse";
/// Of the password above; the registry takes no other kind of hash.
const HASH: &str = "$2b$04$t4hqELdFquedoBl9H4JE5.eochz1RJYs6w84GRnwWMAbIFAW9bNTm";

pub(crate) const IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const LIST: &str = "application/vnd.oci.image.index.v1+json";

/// A registry at work; stopped when dropped.
pub(crate) struct Registry {
    pub(crate) address: String,
    authorization: Option<String>,
    child: Child,
    folder: TempDir,
}

/// What a registry wants of those who come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Nothing,
    Login,
    Tls,
}

impl Registry {
    /// Anybody may read and write.
    pub(crate) fn open() -> Self {
        Self::start(Wants::Nothing)
    }

    /// Only [`USER`] may.
    pub(crate) fn locked() -> Self {
        Self::start(Wants::Login)
    }

    /// Speaks TLS, under a certificate of its own.
    pub(crate) fn secure() -> Self {
        Self::start(Wants::Tls)
    }

    fn start(wants: Wants) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the registry");
        let address = own_address();
        let config = folder.path().join("config.yml");
        let text = config_of(folder.path(), &address, wants);
        std::fs::write(&config, text).expect("the config can be written");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`docker-registry` is needed: apt-get install docker-registry");
        let mut registry = Self {
            address,
            authorization: (wants == Wants::Login).then(|| basic(USER, PASSWORD)),
            child,
            folder,
        };
        registry.wait();
        registry
    }

    /// The file of the certificate that it shows, where it speaks TLS.
    pub(crate) fn certificate(&self) -> String {
        self.folder.path().join("cert.pem").display().to_string()
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(&self.address).is_err() {
            let ended = self.child.try_wait().expect("it is a child of ours");
            assert_eq!(ended, None, "`docker-registry` does not run");
            assert!(Instant::now() < end, "`docker-registry` does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `127.0.0.1:5000/team/app:1`
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Pushes an image whose only content is a word, and gives its digest.
    pub(crate) fn push(&self, repository: &str, tag: &str, word: &str) -> String {
        let config = format!(r#"{{"architecture":"amd64","os":"linux","author":"{word}"}}"#);
        let layer = self.blob(repository, word.as_bytes());
        let config = self.blob(repository, config.as_bytes());
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{},"layers":[{}]}}"#,
            entry("application/vnd.docker.container.image.v1+json", &config),
            entry("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer),
        );
        self.manifest(repository, tag, IMAGE, &manifest)
    }

    /// Pushes a list of two images, one a platform, and gives the digest of the list.
    pub(crate) fn push_list(&self, repository: &str, tag: &str, words: [&str; 2]) -> String {
        let platforms = ["amd64", "arm64"];
        let entries = words.iter().zip(platforms).map(|(word, platform)| {
            let digest = self.push(repository, platform, word);
            let length = self.length(repository, &digest);
            format!(
                r#"{{"mediaType":"{IMAGE}","digest":"{digest}","size":{length},"platform":{{"architecture":"{platform}","os":"linux"}}}}"#
            )
        });
        let entries: Vec<String> = entries.collect();
        let list = format!(
            r#"{{"schemaVersion":2,"mediaType":"{LIST}","manifests":[{}]}}"#,
            entries.join(",")
        );
        self.manifest(repository, tag, LIST, &list)
    }

    fn length(&self, repository: &str, digest: &str) -> usize {
        let first = format!("GET /v2/{repository}/manifests/{digest} HTTP/1.1");
        let answer = self.ask(Message::new(first).with("accept", IMAGE));
        assert_eq!(answer.status(), "200", "{}", answer.first);
        answer.body.len()
    }

    /// Uploads bytes; their digest and how many they are.
    fn blob(&self, repository: &str, bytes: &[u8]) -> (String, usize) {
        let begin = format!("POST /v2/{repository}/blobs/uploads/ HTTP/1.1");
        let begun = self.ask(Message::new(begin));
        assert_eq!(begun.status(), "202", "{}", begun.first);
        let place = begun.header("location").expect("a place to upload to");
        let at = place.find("/v2/").expect("a path of the registry");
        let digest = sha256(bytes);
        let put = format!("PUT {}&digest={digest} HTTP/1.1", &place[at..]);
        let done = self.ask(Message::new(put).body(bytes));
        assert_eq!(done.status(), "201", "{}", done.first);
        (digest, bytes.len())
    }

    fn manifest(&self, repository: &str, tag: &str, kind: &str, text: &str) -> String {
        let put = format!("PUT /v2/{repository}/manifests/{tag} HTTP/1.1");
        let request = Message::new(put).with("content-type", kind).body(text);
        let done = self.ask(request);
        let said = String::from_utf8_lossy(&done.body).into_owned();
        assert_eq!(done.status(), "201", "{} {said}", done.first);
        sha256(text.as_bytes())
    }

    fn ask(&self, request: Message) -> Message {
        let request = match &self.authorization {
            Some(value) => request.with("authorization", value.as_str()),
            None => request,
        };
        ask(&self.address, &request)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn config_of(folder: &Path, address: &str, wants: Wants) -> String {
    let here = folder.display();
    let common = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {here}/images\n\
         http:\n  addr: {address}\n"
    );
    match wants {
        Wants::Nothing => common,
        Wants::Login => {
            let users = format!("{here}/users");
            std::fs::write(&users, format!("{USER}:{HASH}\n")).expect("the users can be written");
            format!("{common}auth:\n  htpasswd:\n    realm: test\n    path: {users}\n")
        }
        Wants::Tls => {
            certify(folder, address);
            format!("{common}  tls:\n    certificate: {here}/cert.pem\n    key: {here}/key.pem\n")
        }
    }
}

/// Writes a certificate for loopback that vouches for itself and for nothing else.
fn certify(folder: &Path, address: &str) {
    let ip = address.trim_end_matches(":5000");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args([
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-subj",
            "/CN=registry",
        ])
        .args(["-addext", &format!("subjectAltName=IP:{ip}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .expect("`openssl` is needed: apt-get install openssl");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
}

fn entry(kind: &str, (digest, length): &(String, usize)) -> String {
    format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":{length}}}"#)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let bytes = digest(&SHA256, bytes);
    let hex = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(&format!("{user}:{password}")))
}

/// What `docker login` writes for a user.
pub(crate) fn base64(text: &str) -> String {
    skep_schema::plan::Content::encode(text.as_bytes())
}

/// A loopback address that nobody else uses: a free port could be taken by another test before the
/// registry has it.
pub(crate) fn own_address() -> String {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let own = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("127.{high}.{low}.{own}:5000")
}
