//! What a node is to its target, besides services.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::service::{MountSource, Service};
use crate::address::Kind;
use crate::digest::{Digest, DigestText};
use crate::value::Value;

/// The lowered form of a node. Field names are the language's own words, so that a change of a
/// payload reads like a change of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    Node(SwarmNode),
    Network(Network),
    Volume(Volume),
    Secret(Secret),
    Config(Config),
    /// Services and gateways alike.
    Service(Box<Service>),
    /// A node without an object of its own: routes, flows, certificates, registries.
    Declared(Value),
}

/// A payload of another kind than the reader can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is of another kind")]
pub struct WrongKind;

const CANONICAL: &str = "payload types hold no floats and only string keys";

impl Payload {
    /// The tree that is hashed, compared field by field, and shown.
    pub fn value(&self) -> Value {
        let made = match self {
            Payload::Node(n) => Value::of(n),
            Payload::Network(n) => Value::of(n),
            Payload::Volume(v) => Value::of(v),
            Payload::Secret(s) => Value::of(s),
            Payload::Config(c) => Value::of(c),
            Payload::Service(s) => Value::of(s),
            Payload::Declared(v) => Ok(v.clone()),
        };
        made.expect(CANONICAL)
    }

    pub fn digest(&self, kind: Kind) -> DigestText {
        let kind = kind.word();
        let made = match self {
            Payload::Network(n) => Digest::of_any(kind, n),
            Payload::Volume(v) => Digest::of_any(kind, v),
            Payload::Secret(s) => Digest::of_any(kind, s),
            Payload::Config(c) => Digest::of_any(kind, c),
            Payload::Service(s) => Digest::of_any(kind, s),
            Payload::Node(n) => Digest::of_any(kind, n),
            Payload::Declared(v) => Ok(Digest::of(kind, v)),
        };
        made.expect(CANONICAL).into()
    }

    /// The object's name in the swarm, of a node its host name; nothing for a declared node.
    pub fn physical_name(&self) -> Option<&str> {
        match self {
            Payload::Node(n) => Some(&n.host),
            Payload::Network(n) => Some(&n.name),
            Payload::Volume(v) => Some(&v.name),
            Payload::Secret(s) => Some(&s.name),
            Payload::Config(c) => Some(&c.name),
            Payload::Service(s) => Some(&s.name),
            Payload::Declared(_) => None,
        }
    }

    /// The labels of the object that are the author's; nothing for what has none of its own.
    pub fn labels(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Payload::Network(n) => Some(&n.labels),
            Payload::Secret(s) => Some(&s.labels),
            Payload::Config(c) => Some(&c.labels),
            Payload::Service(s) => Some(&s.labels),
            Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => None,
        }
    }

    /// The kind of object it is in the swarm: a gateway is a service, its rendered file a config.
    /// Nothing for a declared node.
    pub fn object(&self) -> Option<Kind> {
        match self {
            Payload::Node(_) => Some(Kind::Node),
            Payload::Network(_) => Some(Kind::Network),
            Payload::Volume(_) => Some(Kind::Volume),
            Payload::Secret(_) => Some(Kind::Secret),
            Payload::Config(_) => Some(Kind::Config),
            Payload::Service(_) => Some(Kind::Service),
            Payload::Declared(_) => None,
        }
    }

    /// Whether the object is somebody else's to make, change and remove.
    pub fn is_external(&self) -> bool {
        match self {
            Payload::Node(n) => n.assert,
            Payload::Network(n) => n.external,
            Payload::Volume(v) => v.external,
            Payload::Secret(s) => s.source == SecretSource::External,
            Payload::Config(c) => c.external,
            Payload::Service(_) | Payload::Declared(_) => false,
        }
    }

    /// A machine and its labels; nothing for all else.
    pub fn as_node(&self) -> Option<&SwarmNode> {
        match self {
            Payload::Node(n) => Some(n),
            Payload::Network(_)
            | Payload::Volume(_)
            | Payload::Secret(_)
            | Payload::Config(_)
            | Payload::Service(_)
            | Payload::Declared(_) => None,
        }
    }

    /// What a config holds.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Payload::Config(config) => config.content.as_ref(),
            Payload::Node(_)
            | Payload::Network(_)
            | Payload::Volume(_)
            | Payload::Secret(_)
            | Payload::Service(_)
            | Payload::Declared(_) => None,
        }
    }

    pub fn as_service(&self) -> Result<&Service, WrongKind> {
        match self {
            Payload::Service(s) => Ok(s),
            Payload::Node(_)
            | Payload::Network(_)
            | Payload::Volume(_)
            | Payload::Secret(_)
            | Payload::Config(_)
            | Payload::Declared(_) => Err(WrongKind),
        }
    }
}

/// Labels of a machine. The machine is the cluster's: nothing else of it is ours, and none of its
/// other labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct SwarmNode {
    /// The machine's host name.
    pub host: String,
    /// The labels have to be there already; they are never written.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub assert: bool,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub labels: BTreeMap<String, String>,
}

/// A swarm network. Nothing of it can be changed in place, so all but the plainest is content-named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    pub name: String,
    pub driver: String,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub internal: bool,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub attachable: bool,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub encrypted: bool,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub subnets: BTreeSet<PoolRange>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub options: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub labels: BTreeMap<String, String>,
    /// It exists already; it is never touched.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub external: bool,
}

/// One address range of a network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PoolRange {
    pub subnet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
}

/// A volume; the mounts that use it create it, node by node. Apply never deletes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Volume {
    pub name: String,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub driver: Option<String>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub options: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub external: bool,
}

impl Volume {
    /// The volume that an engine makes by itself for a mount which names one, and what it makes it of.
    pub fn of_mount(source: &MountSource) -> Option<Self> {
        match source {
            MountSource::Volume {
                name,
                driver,
                options,
                labels,
                no_copy: _,
                subpath: _,
            } => Some(Self {
                name: name.clone(),
                driver: driver.clone(),
                options: options.clone(),
                labels: labels.clone(),
                external: false,
            }),
            MountSource::Bind { .. } | MountSource::Tmpfs { .. } | MountSource::Npipe { .. } => {
                None
            }
        }
    }
}

/// A swarm secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Secret {
    /// A name that ends in `-*` is completed at apply with the keyed fingerprint of the value.
    pub name: String,
    pub source: SecretSource,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub labels: BTreeMap<String, String>,
}

/// Where a secret's value comes from when a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    Env(String),
    /// Relative to the project.
    File(String),
    Command(Vec<String>),
    /// It exists already; it is never read nor touched.
    External,
    /// Read back from a target, which does not know where the value came from.
    Unknown,
}

/// A swarm config under a content name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    pub name: String,
    /// Nothing for an external one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub external: bool,
}

/// A config's bytes: as text where they are text, so that people can read a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    Text(String),
    /// Standard base64 with padding.
    Base64(String),
}

/// A text that is no standard base64 with padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is no standard base64")]
pub struct NotBase64;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a letter of [`BASE64`] stands for.
const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

impl Content {
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Content::Text(text.to_owned()),
            Err(_) => Content::Base64(Self::encode(bytes)),
        }
    }

    /// # Errors
    /// The plan was edited by hand and holds no base64.
    pub fn bytes(&self) -> Result<Vec<u8>, NotBase64> {
        match self {
            Content::Text(text) => Ok(text.as_bytes().to_vec()),
            Content::Base64(text) => Self::decode(text),
        }
    }

    /// Standard base64 with padding, the form in which the engine takes configs and secrets.
    pub fn encode(bytes: &[u8]) -> String {
        let letter = |n: u32| char::from(BASE64[(n & 63) as usize]);
        let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let n = chunk.iter().fold(0, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            out.push(letter(n >> 18));
            out.push(letter(n >> 12));
            out.push(if chunk.len() > 1 { letter(n >> 6) } else { '=' });
            out.push(if chunk.len() > 2 { letter(n) } else { '=' });
        }
        out
    }

    /// # Errors
    /// Any byte outside the alphabet, or wrong padding.
    pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
        let data = text.trim_end_matches('=');
        if !text.len().is_multiple_of(4) || text.len() - data.len() > 2 {
            return Err(NotBase64);
        }
        let mut out = Vec::with_capacity(text.len() / 4 * 3);
        for chunk in data.as_bytes().chunks(4) {
            let mut n = 0u32;
            for byte in chunk {
                n = n << 6 | u32::from(digit(*byte).ok_or(NotBase64)?);
            }
            n <<= 6 * (4 - chunk.len());
            out.extend_from_slice(&n.to_be_bytes()[1..chunk.len()]);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_base64() {
        for (bytes, text) in [
            (&b"f"[..], "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"\xff\x00\xfe\x01", "/wD+AQ=="),
        ] {
            assert_eq!(Content::encode(bytes), text);
            assert_eq!(Content::decode(text).as_deref(), Ok(bytes));
        }
        assert_eq!(Content::decode("Zg="), Err(NotBase64));
        assert_eq!(Content::decode("Z*=="), Err(NotBase64));
    }
}
