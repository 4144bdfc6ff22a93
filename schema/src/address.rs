//! Stable identities: `kind.name[.part]`.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! kinds {
    ($($kind:ident $word:literal)*) => {
        /// What a node is. The order is the order in which kinds are printed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($kind),* }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The word the author writes.
            pub const fn word(self) -> &'static str {
                match self { $(Kind::$kind => $word),* }
            }

            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Kind::$kind),)* _ => None }
            }
        }
    };
}

kinds! {
    Param "param"
    Registry "registry"
    Node "node"
    Network "network"
    Volume "volume"
    Secret "secret"
    Config "config"
    Certificate "certificate"
    Service "service"
    Gateway "gateway"
    Route "route"
    Flow "flow"
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Kind {
    /// Whether nodes of this kind have an object of their own in a swarm, which can be kept under another
    /// name.
    pub const fn has_object(self) -> bool {
        match self {
            Kind::Network
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Service
            | Kind::Gateway => true,
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Certificate
            | Kind::Route
            | Kind::Flow => false,
        }
    }
}

/// The identity of a node within a stack; it survives every edit but a rename.
///
/// Written `service.api`; a segment that is no plain identifier is quoted:
/// `route."shop.example.com"`. `part` names what a node is made of besides itself,
/// as in `gateway.edge.config`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub kind: Kind,
    pub name: String,
    pub part: Option<String>,
}

impl Address {
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            part: None,
        }
    }

    #[must_use]
    pub fn part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        for segment in [&self.name].into_iter().chain(&self.part) {
            f.write_str(".")?;
            Segment(segment).fmt(f)?;
        }
        Ok(())
    }
}

/// One segment of a path, quoted where it is no identifier.
#[derive(Debug)]
pub struct Segment<'a>(pub &'a str);

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_identifier(self.0) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '*' | '/'))
}

/// Splits `a."b.c".d` into its segments; `None` when a quote is not closed or a segment is empty.
pub fn segments(text: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        let segment = match rest.next_if_eq(&'"') {
            Some(_) => quoted(&mut rest)?,
            None => plain(&mut rest),
        };
        if segment.is_empty() {
            return None;
        }
        all.push(segment);
        match rest.next() {
            None => return Some(all),
            Some('.') => {}
            Some(_) => return None,
        }
    }
}

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut segment = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(segment),
            '\\' => segment.push(rest.next()?),
            c => segment.push(c),
        }
    }
}

fn plain(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut segment = String::new();
    while let Some(c) = rest.next_if(|c| *c != '.') {
        segment.push(c);
    }
    segment
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address: write kind.name, such as service.api")]
pub struct NoAddress(pub String);

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let refuse = || NoAddress(text.to_owned());
        let mut parts = segments(text).ok_or_else(refuse)?.into_iter();
        let kind = parts
            .next()
            .as_deref()
            .and_then(Kind::parse)
            .ok_or_else(refuse)?;
        let name = parts.next().ok_or_else(refuse)?;
        let part = parts.next();
        match parts.next() {
            None => Ok(Self { kind, name, part }),
            Some(_) => Err(refuse()),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_prints() {
        for text in [
            "service.api",
            "route.\"shop.example.com\"",
            "gateway.edge.config",
            "route.\"a\\\"b\"",
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "service",
            "service.",
            "planet.x",
            "service.a.b.c",
            "route.\"open",
            ".a",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
