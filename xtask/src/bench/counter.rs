//! A door before the engine that counts the requests that go through.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

pub(super) struct Counter {
    socket: PathBuf,
    tally: Arc<Tally>,
}

/// Requests by what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) reads: usize,
    pub(super) writes: usize,
}

#[derive(Default)]
struct Tally {
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl Counter {
    /// Before an engine at `unix://...`, by a socket in the folder.
    pub(super) fn before(host: &str, folder: &Path) -> Result<Self, String> {
        let engine = host
            .strip_prefix("unix://")
            .ok_or_else(|| format!("requests are counted at a socket, and `{host}` is none"))?
            .to_owned();
        let socket = folder.join("counter.sock");
        drop(fs::remove_file(&socket));
        let listener = UnixListener::bind(&socket).map_err(|e| e.to_string())?;
        let tally = Arc::new(Tally::default());
        let shared = Arc::clone(&tally);
        thread::spawn(move || serve(&listener, &engine, &shared));
        Ok(Self { socket, tally })
    }

    pub(super) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// What went through since the door was opened.
    pub(super) fn calls(&self) -> Calls {
        let Tally { reads, writes } = &*self.tally;
        Calls {
            reads: reads.load(Ordering::Relaxed),
            writes: writes.load(Ordering::Relaxed),
        }
    }
}

fn serve(listener: &UnixListener, engine: &str, tally: &Arc<Tally>) {
    for client in listener.incoming().map_while(Result::ok) {
        let Ok(server) = UnixStream::connect(engine) else {
            return;
        };
        let tally = Arc::clone(tally);
        // A client that hangs up early is no failure of the measurement.
        thread::spawn(move || drop(pass(client, server, &tally)));
    }
}

/// One connection. A client waits for an answer before it asks again, so a request begins a piece.
fn pass(mut client: UnixStream, mut server: UnixStream, tally: &Tally) -> io::Result<()> {
    let (mut answers, mut asker) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut answers, &mut asker));
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = client.read(&mut buffer)?;
        if length == 0 {
            return server.shutdown(Shutdown::Both);
        }
        tally.count(&buffer[..length]);
        server.write_all(&buffer[..length])?;
    }
}

impl Tally {
    fn count(&self, piece: &[u8]) {
        let begins = |methods: &[&str]| methods.iter().any(|m| piece.starts_with(m.as_bytes()));
        if begins(&["GET ", "HEAD "]) {
            self.reads.fetch_add(1, Ordering::Relaxed);
        } else if begins(&["POST ", "PUT ", "DELETE "]) {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }
}
