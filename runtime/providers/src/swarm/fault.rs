//! Why a request brought nothing, and what the engine's refusals mean.

use std::fmt;

use skep_engine::provider::ProviderError;
use skep_schema::address::Address;

/// A request without the answer it was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing was sent.
    NoConnection(String),
    /// It was sent, and no whole answer came: it may or may not have been done.
    Lost(String),
    Refused(Refusal),
}

/// The engine's own no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
}

/// What a refusal means for the next step. The status alone does not tell: swarmkit's errors
/// arrive as 500 unless the engine knows their class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Somebody, or the engine itself, wrote the object since it was read.
    OutOfSequence,
    Exists,
    Missing,
    InUse,
    /// No manager leads the swarm, or this one does not find out who does.
    Leaderless,
    /// This node cannot answer for the swarm now.
    Unavailable,
    /// The request itself is refused.
    Invalid,
}

impl Refusal {
    /// Reads an error body, which is `{"message": ".."}` or plain text.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
        let text =
            message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
        Self {
            status,
            message: text.trim().to_owned(),
        }
    }

    pub(crate) fn meaning(&self) -> Meaning {
        const WORDS: &[(&str, Meaning)] = &[
            ("update out of sequence", Meaning::OutOfSequence),
            ("already exists", Meaning::Exists),
            ("name conflicts with an existing object", Meaning::Exists),
            ("is in use by", Meaning::InUse),
            ("not a swarm manager", Meaning::Unavailable),
            ("does not have a leader", Meaning::Leaderless),
            ("no elected cluster leader", Meaning::Leaderless),
            ("raft: failed to process the request", Meaning::Leaderless),
            ("DeadlineExceeded", Meaning::Leaderless),
            ("deadline exceeded", Meaning::Leaderless),
            ("is locked", Meaning::Unavailable),
        ];
        let said = WORDS.iter().find(|(words, _)| self.message.contains(words));
        match (said, self.status) {
            (Some((_, meaning)), _) => *meaning,
            (None, 404) => Meaning::Missing,
            (None, 409) => Meaning::Exists,
            (None, 502..=504) => Meaning::Unavailable,
            (None, _) => Meaning::Invalid,
        }
    }

    /// The engine's words without the wrapping of its internal calls.
    pub(crate) fn words(&self) -> &str {
        let bare = self
            .message
            .split_once(" desc = ")
            .map_or(self.message.as_str(), |(_, words)| words);
        if bare.is_empty() {
            "the engine gave no reason"
        } else {
            bare
        }
    }
}

impl Fault {
    /// Reads an answer that is no yes. What breaks down without the engine's own form of a refusal
    /// stands between here and the engine, which may have done what was asked.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        if status >= 500 && serde_json::from_slice::<serde_json::Value>(body).is_err() {
            return Fault::Lost(format!(
                "what answers there with status {status} is no Docker engine"
            ));
        }
        Fault::Refused(Refusal::read(status, body))
    }

    pub(crate) fn meaning(&self) -> Option<Meaning> {
        match self {
            Fault::Refused(refusal) => Some(refusal.meaning()),
            Fault::NoConnection(_) | Fault::Lost(_) => None,
        }
    }

    /// What the caller of the provider is told; `target` is what people call the engine.
    pub(crate) fn error(self, target: &str, address: Option<&Address>) -> ProviderError {
        let unreachable = |message| ProviderError::Unreachable {
            target: target.to_owned(),
            message,
        };
        let refusal = match self {
            Fault::NoConnection(message) | Fault::Lost(message) => return unreachable(message),
            Fault::Refused(refusal) => refusal,
        };
        match (refusal.meaning(), address) {
            (Meaning::Unavailable, _) => unreachable(refusal.words().to_owned()),
            (Meaning::Leaderless, _) => ProviderError::Leaderless {
                target: target.to_owned(),
                message: refusal.words().to_owned(),
            },
            (Meaning::OutOfSequence, Some(address)) => ProviderError::Conflict {
                address: address.clone(),
            },
            (
                Meaning::OutOfSequence
                | Meaning::Exists
                | Meaning::Missing
                | Meaning::InUse
                | Meaning::Invalid,
                address,
            ) => ProviderError::Rejected {
                message: address.map_or_else(
                    || refusal.words().to_owned(),
                    |address| format!("the engine refuses {address}: {}", refusal.words()),
                ),
            },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoConnection(message) | Fault::Lost(message) => f.write_str(message),
            Fault::Refused(refusal) => f.write_str(refusal.words()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, text: &str) -> Meaning {
        Refusal::read(status, format!("{{\"message\":\"{text}\"}}").as_bytes()).meaning()
    }

    #[test]
    fn a_lost_race_is_told_from_a_broken_engine() {
        assert_eq!(
            meaning(
                500,
                "rpc error: code = Unknown desc = update out of sequence"
            ),
            Meaning::OutOfSequence
        );
        assert_eq!(
            meaning(500, "rpc error: code = Unknown desc = invalid constraint"),
            Meaning::Invalid
        );
        assert_eq!(
            meaning(
                500,
                "rpc error: code = Unknown desc = The swarm does not have a leader."
            ),
            Meaning::Leaderless
        );
        assert_eq!(
            meaning(503, "This node is not a swarm manager."),
            Meaning::Unavailable
        );
    }

    #[test]
    fn who_loses_the_lead_says_so_in_several_ways() {
        let words = [
            "rpc error: code = Unknown desc = raft: failed to process the request: node losing leader status",
            "rpc error: code = Unknown desc = raft: no elected cluster leader",
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        ];
        for words in words {
            assert_eq!(meaning(500, words), Meaning::Leaderless, "{words}");
        }
        let large =
            "rpc error: code = Unknown desc = raft: raft message is too large and can't be sent";
        assert_eq!(meaning(500, large), Meaning::Invalid);
    }

    #[test]
    fn only_an_engine_can_refuse() {
        let page = b"<html><body>502 Bad Gateway</body></html>";
        assert_eq!(Fault::read(502, page).meaning(), None);
        assert_eq!(Fault::read(500, br#"{"message":"no"#).meaning(), None);
        let refused = Fault::read(500, br#"{"message":"invalid constraint"}"#);
        assert_eq!(refused.meaning(), Some(Meaning::Invalid));
    }

    #[test]
    fn names_and_uses_are_told_by_their_words() {
        assert_eq!(
            meaning(409, "rpc error: code = AlreadyExists desc = name conflicts"),
            Meaning::Exists
        );
        assert_eq!(
            meaning(500, "network with name n already exists"),
            Meaning::Exists
        );
        assert_eq!(
            meaning(
                400,
                "rpc error: code = FailedPrecondition desc = network a is in use by service b"
            ),
            Meaning::InUse
        );
        assert_eq!(meaning(404, "service x not found"), Meaning::Missing);
    }

    #[test]
    fn people_read_the_words_and_not_the_wrapping() {
        let refusal = Refusal::read(
            400,
            br#"{"message":"rpc error: code = InvalidArgument desc = name must be provided"}"#,
        );
        assert_eq!(refusal.words(), "name must be provided");
        assert_eq!(Refusal::read(400, b"plain text\n").words(), "plain text");
        assert_eq!(Refusal::read(400, b"").words(), "the engine gave no reason");
    }
}
