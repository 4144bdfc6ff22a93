//! Content hashes and the canonical encoding they are taken over.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base32;
use crate::value::{NotCanonical, Value, canonical};

/// The version of the canonical encoding; part of every digest and of its printed form.
///
/// A change here gives every node a new digest, yet causes no write: equality with the
/// target is judged by comparing payloads, never digests.
const FORMAT: &str = "w1";

/// The letters that are printed of a digest.
const LETTERS: usize = 26;

/// A blake3 hash of a kind and a canonical value, printed `w1:` and 26 base32 letters (130 bits).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `value` as something of kind `domain`; equal values of two domains differ, and
    /// whatever has the same [`Value`] has the same digest.
    ///
    /// # Errors
    /// A float, a byte string or a map key that is no string: none of them has one canonical form.
    pub fn of_any<T: Serialize + ?Sized>(domain: &str, value: &T) -> Result<Self, NotCanonical> {
        let bytes = canonical::bytes(&[FORMAT, domain], value)?;
        Ok(Self(*blake3::hash(&bytes).as_bytes()))
    }

    /// [`Self::of_any`] for what has a canonical form in any case.
    pub fn of(domain: &str, value: &Value) -> Self {
        Self::of_any(domain, value).expect("a value holds nothing else")
    }

    /// The digest of plain bytes, such as a config's content.
    pub fn of_bytes(domain: &str, bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&head(&[FORMAT, domain]));
        hasher.update(bytes);
        Self(*hasher.finalize().as_bytes())
    }

    /// A fingerprint of a secret that only the holder of `key` can test guesses against.
    pub fn keyed(key: &[u8; 32], domain: &str, bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(&head(&[domain]));
        hasher.update(bytes);
        Self(*hasher.finalize().as_bytes())
    }

    /// The first 12 base32 letters (60 bits): the end of a content name such as `shop_app-conf-…`.
    pub fn short(&self) -> String {
        self.letters(12)
    }

    fn letters(&self, count: usize) -> String {
        base32::first(&self.0, count)
    }
}

fn head(words: &[&str]) -> Vec<u8> {
    let mut head = Vec::new();
    for word in words {
        canonical::text(&mut head, word);
    }
    head
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORMAT}:{}", self.letters(LETTERS))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The printed form of a [`Digest`], as stored in labels and files: compared, never recomputed from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigestText(String);

impl DigestText {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven letters after the format, for people.
    pub fn brief(&self) -> &str {
        self.0
            .split_once(':')
            .map_or("", |(_, letters)| letters.get(..7).unwrap_or(letters))
    }
}

impl From<Digest> for DigestText {
    fn from(digest: Digest) -> Self {
        Self([FORMAT, ":", &digest.letters(LETTERS)].concat())
    }
}

impl fmt::Display for DigestText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no digest of any format this build can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest")]
pub struct NoDigest(String);

impl FromStr for DigestText {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let letters = text
            .split_once(':')
            .filter(|(format, _)| format.starts_with('w'))
            .map(|(_, l)| l);
        match letters {
            Some(l)
                if l.len() == LETTERS
                    && l.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')) =>
            {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err(NoDigest(text.to_owned())),
        }
    }
}

impl Serialize for DigestText {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DigestText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
