//! Who somebody is, as the daemon knows him.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Serializes a type as the text it prints and reads.
macro_rules! as_text {
    ($type:ty, $wanted:literal, $name:expr, $doc:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let wanted = |_| serde::de::Error::custom(concat!("this is not ", $wanted));
                text.parse().map_err(wanted)
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $doc })
            }
        }
    };
}

/// A text of so many letters of base32.
macro_rules! letters {
    ($(#[doc = $doc:literal])+ $name:ident $count:literal, $wanted:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            pub const LETTERS: usize = $count;

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::api::subject::BadSubject;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let is_one = $crate::base32::is_letters(text, Self::LETTERS);
                is_one.then(|| Self(text.to_owned())).ok_or(Self::Err::Name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::api::subject::as_text!($name, $wanted, stringify!($name), concat!($($doc),+).trim_start());
    };
}

pub(super) use as_text;
pub(super) use letters;

/// Whom a grant can name. Its text has one form only: what is equal is spelled equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// `uid:1000`, a user of this machine.
    Uid(u32),
    /// `gid:1000`, a group of this machine.
    Gid(u32),
    /// `group:ops`, the same by its name.
    Group(Name),
    /// `token:ci`, by the name that it was made with.
    Token(Name),
    /// `cert:ci.example.org`, a name in a client's certificate.
    Cert(Name),
    /// `oidc:ISSUER#SUBJECT`
    Oidc { issuer: IssuerUrl, subject: Name },
    /// `oidc-group:ISSUER#GROUP`
    OidcGroup { issuer: IssuerUrl, group: Name },
}

/// A name from outside: of 1 to 255 bytes, without anything that a terminal would obey or hide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// Who issues tokens of `OpenID` Connect: an `https` address without query and fragment, compared letter
/// by letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssuerUrl(String);

/// Why a text names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSubject {
    #[error(
        "somebody is named like `uid:1000`, `gid:1000`, `group:ops`, `token:ci`, \
         `cert:ci.example.org`, `oidc:https://issuer.example.org#SUBJECT` or `oidc-group:..#GROUP`"
    )]
    Form,
    #[error("a name has 1 to 255 bytes, no space at its ends and nothing invisible")]
    Name,
    #[error("an issuer is an address that begins with `https://`, without `?` and `#`")]
    Issuer,
}

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, BadSubject> {
        let is_fit = (1..=255).contains(&text.len()) && text.trim() == text;
        if is_fit && !text.chars().any(is_unseen) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadSubject::Name)
        }
    }
}

/// Control letters, and those that turn or hide their neighbours.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Name, "a name", "Name", "A name of 1 to 255 bytes.");

impl IssuerUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerUrl {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, BadSubject> {
        let rest = text.strip_prefix("https://").ok_or(BadSubject::Issuer)?;
        let plain = |letter: char| letter.is_ascii_graphic() && !"#?\\@".contains(letter);
        let has_host = rest.starts_with(|first: char| first.is_ascii_alphanumeric());
        if has_host && text.len() <= 255 && rest.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadSubject::Issuer)
        }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Subject {
    type Err = BadSubject;

    fn from_str(text: &str) -> Result<Self, BadSubject> {
        let (kind, rest) = text.split_once(':').ok_or(BadSubject::Form)?;
        let of_issuer = || {
            let (issuer, name) = rest.split_once('#').ok_or(BadSubject::Form)?;
            Ok::<_, BadSubject>((issuer.parse()?, name.parse()?))
        };
        match kind {
            "uid" => number(rest).map(Self::Uid),
            "gid" => number(rest).map(Self::Gid),
            "group" => rest.parse().map(Self::Group),
            "token" => rest.parse().map(Self::Token),
            "cert" => rest.parse().map(Self::Cert),
            "oidc" => of_issuer().map(|(issuer, subject)| Self::Oidc { issuer, subject }),
            "oidc-group" => of_issuer().map(|(issuer, group)| Self::OidcGroup { issuer, group }),
            _ => Err(BadSubject::Form),
        }
    }
}

/// A number in its one form: `01`, `+1` and ` 1` are none.
fn number(text: &str) -> Result<u32, BadSubject> {
    let read: u32 = text.parse().map_err(|_| BadSubject::Form)?;
    if read.to_string() == text {
        Ok(read)
    } else {
        Err(BadSubject::Form)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(id) => write!(f, "uid:{id}"),
            Self::Gid(id) => write!(f, "gid:{id}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Token(name) => write!(f, "token:{name}"),
            Self::Cert(name) => write!(f, "cert:{name}"),
            Self::Oidc { issuer, subject } => write!(f, "oidc:{issuer}#{subject}"),
            Self::OidcGroup { issuer, group } => write!(f, "oidc-group:{issuer}#{group}"),
        }
    }
}

as_text!(
    Subject,
    "somebody's name",
    "Subject",
    "Who somebody is: `uid:1000`, `token:ci`, `cert:ci.example.org`, `oidc:ISSUER#SUBJECT`."
);

/// How somebody was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The kernel said who is at the other end of the socket.
    Socket,
    /// A token of the daemon's own, by its id.
    Token(super::token::TokenId),
    /// A certificate of the client's.
    Certificate,
    /// A token that an issuer signed.
    Oidc,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subject_has_one_spelling() {
        let good = [
            "uid:0",
            "uid:4294967295",
            "gid:1000",
            "group:ops",
            "token:ci",
            "cert:ci.example.org",
            "cert:spiffe://example.org/ci",
            "oidc:https://issuer.example.org#repo:a/b#c",
            "oidc-group:https://issuer.example.org/x#Platform Team",
        ];
        for text in good {
            let read: Subject = text.parse().expect(text);
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn what_only_looks_like_a_subject_is_none() {
        let bad = [
            "",
            "uid",
            "uid:",
            "uid:01",
            "uid:+1",
            "uid: 1",
            "uid:-1",
            "uid:4294967296",
            "UID:1",
            "uid:1 ",
            "group:",
            "group: ops",
            "group:o\u{202e}ps",
            "token:a\nb",
            "token:a\u{200b}b",
            "cert:\0",
            "oidc:https://a.example",
            "oidc:http://a.example#x",
            "oidc:https://#x",
            "oidc:https://a.example#",
            "oidc:https://a.example?b=#x",
            "oidc:https://u@a.example#x",
            "root",
            "role:admin",
        ];
        for text in bad {
            assert!(text.parse::<Subject>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_that_is_a_subject_prints_as_itself(
            kind in "uid|gid|group|token|cert|oidc|oidc-group|.{0,5}", rest in "\\PC{0,40}|[0-9+ ]{0,12}",
        ) {
            let text = format!("{kind}:{rest}");
            if let Ok(read) = text.parse::<Subject>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
