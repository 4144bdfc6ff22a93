//! Why a server gave nothing that could be used.

use std::time::Duration;

/// What to do next is in each text. None names the address, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    #[error("it is no address that can be asked: {0}")]
    Malformed(String),
    #[error("it is not encrypted; write it with https://")]
    InClear,
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer within {} s", limit.as_secs())]
    Slow { limit: Duration },
    /// An answer that says no, or that it is elsewhere.
    #[error("it answered {status}")]
    Refused { status: u16 },
    #[error("its answer is not what was asked for: {0}")]
    Strange(String),
}
