//! Who did what, and who was refused.
//!
//! No type here can hold a secret: names are those of people, stacks and tokens that were verified, and
//! everything else is a word of ours, a number or a digest.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::access::{Role, Scope, StackName, Verb};
use super::subject::{BadSubject, Subject, Via, as_text, letters};
use super::token::TokenId;
use crate::digest::DigestText;
use crate::event::Timestamp;

/// What every reader must check before the rest: `skep.audit/1`.
pub const AUDIT_FORMAT: &str = "skep.audit/1";

/// One thing that somebody did or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuditRecord {
    /// Always [`AUDIT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = AUDIT_FORMAT)))]
    pub format: String,
    /// What happened for one request has its id, the outcome included.
    pub request: RequestId,
    pub who: Author,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    pub from: Origin,
    /// Nothing where it was refused before it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<Verb>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackName>,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<Matter>,
    pub ruling: Ruling,
}

/// A record as it is exported: a line of JSON. The log's chain is over the text of `record` as it stands
/// there, so a copy can be verified as the log itself can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuditLine {
    /// Counts from 1, without gaps.
    pub number: u64,
    pub at: Timestamp,
    /// BLAKE3 over the line before's chain, the number and the time as eight bytes each, the least
    /// first, and the text of the record; 64 letters.
    pub chain: String,
    pub record: AuditRecord,
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Author {
    /// Nobody was known.
    Nobody,
    /// The daemon itself, by what its file tells it.
    Daemon,
    Known(Subject),
}

impl FromStr for Author {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, BadSubject> {
        match text {
            "nobody" => Ok(Self::Nobody),
            "daemon" => Ok(Self::Daemon),
            _ => text.parse().map(Self::Known),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Daemon => f.write_str("daemon"),
            Self::Known(subject) => subject.fmt(f),
        }
    }
}

as_text!(
    Author,
    "`nobody`, `daemon` or somebody's name",
    "Author",
    "`nobody`, `daemon`, or who somebody is: `uid:1000`, `token:ci`."
);

letters! {
    /// Tells requests apart.
    RequestId 26, "the id of a request"
}

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// From no request: the daemon did it by itself.
    Inside,
    /// Over the daemon's socket, from a process of this user.
    Socket { uid: u32 },
    /// From this address.
    Address { ip: std::net::IpAddr },
}

/// What something was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Matter {
    /// A plan, by its digest.
    Plan { digest: DigestText },
    /// Changes, by the digest of what they are.
    Changes { digest: DigestText },
    /// A revision, by its number.
    Revision { number: u32 },
    /// So many deletes were agreed to.
    Deletes { agreed: u32 },
    /// A token.
    Token {
        id: TokenId,
        role: Role,
        stacks: Scope,
        expires: Timestamp,
    },
    /// Lines of the audit that were let go of since they were old.
    Forgotten {
        /// The number of the last of them.
        up_to: u64,
        /// Its chain, which the first line that is left is bound to; 64 letters.
        chain: String,
    },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// It may be done; written before it is.
    Allowed,
    /// It was not done.
    Refused(Why),
    /// It was done, and ended well.
    Done,
    /// It was begun, and did not end well.
    Failed,
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Nothing says who asks.
    NoCredentials,
    /// What says who asks is not to be believed.
    BadCredentials,
    /// It was to be believed once.
    Expired,
    /// Who is asked about the asker does not answer.
    Unverifiable,
    /// No grant allows it.
    NotGranted,
    /// Asked under a name that is not the daemon's.
    ForeignHost,
    /// A page of another site asked for it.
    CrossSite,
    /// Asked too often.
    TooOften,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An author reads back as himself, and no subject can take the daemon's name.
    #[test]
    fn nobody_and_the_daemon_are_no_subjects() {
        for text in ["nobody", "daemon"] {
            assert!(text.parse::<Subject>().is_err());
            let author: Author = text.parse().expect("an author");
            assert_eq!(author.to_string(), text);
        }
        assert!("Daemon".parse::<Author>().is_err());
    }
}
