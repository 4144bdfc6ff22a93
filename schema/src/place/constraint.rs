//! Conditions on machines.

use super::Host;

/// `node.labels.disk==ssd`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint<'a> {
    key: &'a str,
    is_equal: bool,
    value: &'a str,
}

/// Why a text is no constraint, in the engine's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoConstraint(String);

impl<'a> Constraint<'a> {
    /// # Errors
    /// The engine's own words when it is none.
    pub fn parse(text: &'a str) -> Result<Self, NoConstraint> {
        let split = [("==", true), ("!=", false)]
            .into_iter()
            .find_map(|(operator, is_equal)| {
                text.split_once(operator)
                    .map(|(key, value)| (key, is_equal, value))
            });
        let (key, is_equal, value) = split.ok_or_else(|| {
            NoConstraint("constraint expected one operator from ==, !=".to_owned())
        })?;
        let (key, value) = (key.trim(), value.trim());
        if !is_key(key) {
            return Err(NoConstraint(format!("key '{key}' is invalid")));
        }
        if value.is_empty() {
            return Err(NoConstraint(format!("value '{value}' is invalid")));
        }
        Ok(Self {
            key,
            is_equal,
            value,
        })
    }

    /// `node.labels.disk`
    pub const fn key(self) -> &'a str {
        self.key
    }

    /// Whether machines have to have the value; otherwise they must not.
    pub const fn is_equal(self) -> bool {
        self.is_equal
    }

    pub const fn value(self) -> &'a str {
        self.value
    }

    /// The node label it asks for.
    pub fn label(self) -> Option<&'a str> {
        self.key.strip_prefix(LABELS)
    }

    pub(super) fn is_met_by(&self, host: &Host<'_>) -> bool {
        self.property(host)
            .is_some_and(|found| found.eq_ignore_ascii_case(self.value) == self.is_equal)
    }

    /// What the machine has instead; nothing for a label that it lacks.
    pub(super) fn found<'h>(&self, host: &Host<'h>) -> Option<&'h str> {
        self.property(host).filter(|found| !found.is_empty())
    }

    /// The property it asks for, empty for a label that is not there; nothing where no machine has
    /// such a property.
    fn property<'h>(&self, host: &Host<'h>) -> Option<&'h str> {
        let known = match self.key.to_ascii_lowercase().as_str() {
            "node.id" => Some(host.id),
            "node.hostname" => Some(host.name),
            "node.ip" => Some(host.address),
            "node.role" => Some(host.role.word()),
            "node.platform.os" => Some(host.os),
            "node.platform.arch" => Some(host.arch),
            _ => None,
        };
        let label = || Some(host.labels.get(self.label()?).map_or("", String::as_str));
        let engine_label = || {
            let key = self.key.strip_prefix(ENGINE_LABELS)?;
            Some(host.engine_labels.get(key).map_or("", String::as_str))
        };
        known.or_else(label).or_else(engine_label)
    }
}

const LABELS: &str = "node.labels.";
const ENGINE_LABELS: &str = "engine.labels.";

fn is_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
