//! The language server: what an editor asks in the protocol's words, answered by
//! [`skep_compiler::ide`].
//!
//! One thread and one loop. A change of a text only marks its project; the check runs when no message
//! waits, or when an answer needs it. So typing is never behind, and what is cancelled while it waits
//! is never begun.

mod answer;
mod buffer;
mod client;
mod convert;
mod diagnose;
mod opened;
mod position;
mod server;
mod state;
mod uri;

use crossbeam_channel::Receiver;
pub use lsp_server::Connection;
use lsp_server::ProtocolError;
pub use skep_compiler::ide::Live;
use skep_schema::change::ChangeSet;

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The editor asked for a shutdown first.
    Orderly,
    /// It left without a word.
    Abruptly,
}

/// What the program around the server lends it.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    pub version: &'static str,
    /// Changes as `skep plan --base` prints them for a pull request: the changes, the stack they are
    /// of, and what it is compared with.
    pub markdown: fn(&ChangeSet, &str, &str) -> String,
}

/// Why a session could not be held.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What came was no language server protocol: start the server from an editor.
    #[error("the editor does not speak the language server protocol")]
    Protocol(#[from] ProtocolError),
    /// The editor's first words could not be read.
    #[error("the editor introduces itself in a way that cannot be read")]
    Introduction(#[from] serde_json::Error),
}

/// Serves an editor until it leaves. What `live` brings is shown in hovers and lenses from then on; a
/// channel that nobody sends to will do.
///
/// # Errors
/// The handshake fails. Later on a wrong message is answered with an error, and the session goes on.
pub fn serve(
    connection: &Connection,
    host: Host,
    live: Receiver<Live>,
) -> Result<Ended, ServeError> {
    server::run(connection, host, live)
}
