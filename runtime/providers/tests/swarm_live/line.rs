//! A line to the engine that can be cut at the worst moment.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{UnixListener, UnixStream};

/// What befalls a request.
pub(crate) enum Fate {
    /// It never gets there.
    LoseRequest,
    /// The engine does it, and nobody hears of it.
    LoseReply,
    /// Something else happens just before it arrives.
    After(Box<dyn FnOnce() + Send>),
}

/// The next request whose first line starts like this meets this fate.
type Trap = Arc<Mutex<Option<(String, Fate)>>>;

pub(crate) struct Line {
    trap: Trap,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Line {
    /// Listens on a socket of its own and passes everything on to the one at `engine`.
    pub(crate) fn to(engine: &str) -> Self {
        let engine = PathBuf::from(
            engine
                .strip_prefix("unix://")
                .expect("the engine under test has a socket"),
        );
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let socket = folder.path().join("line.sock");
        let listener = UnixListener::bind(&socket).expect("the folder is ours");
        let trap = Trap::default();
        let set = Arc::clone(&trap);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, engine.clone(), Arc::clone(&set)));
            }
        });
        Self {
            trap,
            socket,
            _folder: folder,
        }
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    pub(crate) fn set(&self, start: &str, fate: Fate) {
        *self.trap.lock().expect("nobody panicked") = Some((start.to_owned(), fate));
    }

    pub(crate) fn is_sprung(&self) -> bool {
        self.trap.lock().expect("nobody panicked").is_none()
    }
}

/// One connection: requests are looked at one by one, answers flow freely.
async fn pass(mut client: UnixStream, engine: PathBuf, trap: Trap) {
    let Ok(mut server) = UnixStream::connect(engine).await else {
        return;
    };
    let mut buffer = vec![0; 1 << 20];
    loop {
        tokio::select! {
            read = client.read(&mut buffer) => {
                let Ok(length @ 1..) = read else { return };
                match sprung(&trap, &buffer[..length]) {
                    None => {}
                    Some(Fate::LoseRequest) => return,
                    Some(Fate::LoseReply) => {
                        let sent = server.write_all(&buffer[..length]).await;
                        // The answer shows that the engine has done it.
                        if sent.is_ok() {
                            drop(server.read(&mut buffer).await);
                        }
                        return;
                    }
                    Some(Fate::After(happens)) => happens(),
                }
                if server.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
            }
            read = server.readable() => {
                if read.is_err() || copy_available(&mut server, &mut client).await.is_none() {
                    drop(copy_bidirectional(&mut client, &mut server).await);
                    return;
                }
            }
        }
    }
}

async fn copy_available(server: &mut UnixStream, client: &mut UnixStream) -> Option<()> {
    let mut buffer = vec![0; 1 << 16];
    match server.try_read(&mut buffer) {
        Ok(0) => None,
        Ok(length) => client.write_all(&buffer[..length]).await.ok(),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some(()),
        Err(_) => None,
    }
}

/// A request as small as ours comes in one piece with its head first.
fn sprung(trap: &Trap, request: &[u8]) -> Option<Fate> {
    let mut trap = trap.lock().expect("nobody panicked");
    let (start, _) = trap.as_ref()?;
    let hit = request.starts_with(start.as_bytes());
    if hit {
        trap.take().map(|(_, fate)| fate)
    } else {
        None
    }
}
