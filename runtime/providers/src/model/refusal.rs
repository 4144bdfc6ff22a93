//! The engine's refusals, in its own words.

/// What an engine answers instead of doing something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The HTTP status. 500 says nothing about whose fault it is: only the text does.
    pub status: u16,
    pub message: String,
}

/// What comes back from a call.
pub type Reply<T> = Result<T, Refusal>;

/// What a lost race of versions is called, and the only way to tell it from other 500s.
pub(crate) const OUT_OF_SEQUENCE: &str = "update out of sequence";

impl Refusal {
    fn rpc(status: u16, code: &str, text: &str) -> Self {
        Self {
            status,
            message: format!("rpc error: code = {code} desc = {text}"),
        }
    }

    pub(crate) fn invalid(text: &str) -> Self {
        Self::rpc(400, "InvalidArgument", text)
    }

    pub(crate) fn precondition(text: &str) -> Self {
        Self::rpc(400, "FailedPrecondition", text)
    }

    pub(crate) fn exists(text: &str) -> Self {
        Self::rpc(409, "AlreadyExists", text)
    }

    pub(crate) fn unimplemented(text: &str) -> Self {
        Self::rpc(501, "Unimplemented", text)
    }

    pub(crate) fn unknown(text: &str) -> Self {
        Self::rpc(500, "Unknown", text)
    }

    pub(crate) fn out_of_sequence() -> Self {
        Self::unknown(OUT_OF_SEQUENCE)
    }

    /// Of configs and secrets, the rest of which stays for ever.
    pub(crate) fn only_labels() -> Self {
        Self::invalid("only updates to Labels are allowed")
    }

    pub(crate) fn not_found(kind: &str, name: &str) -> Self {
        Self {
            status: 404,
            message: format!("{kind} {name} not found"),
        }
    }

    pub(crate) fn plain(status: u16, message: String) -> Self {
        Self { status, message }
    }

    /// Whether somebody else wrote the object meanwhile.
    pub fn is_race(&self) -> bool {
        self.status == 500 && self.message.contains(OUT_OF_SEQUENCE)
    }
}
