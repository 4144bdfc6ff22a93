//! Fingerprints of values, and texts that hold them.

use ring::rand::{SecureRandom, SystemRandom};
use skep_schema::address::{Address, Kind, segments};
use skep_schema::digest::Digest;
use skep_schema::plan::{Fingerprints, Payload, Plan, SecretSource, Service};

use super::{SecretBytes, Secrets};

const SLOT: &str = "${secret.";

/// A new key for a swarm; nothing when the system has no randomness to give.
pub fn new_key() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).ok()?;
    Some(key)
}

/// Twelve letters that change with the value and that only the holder of `key` can test a guess
/// against. Bound to stack and address, so that equal values of two secrets do not show.
pub fn fingerprint(key: &[u8; 32], stack: &str, address: &Address, bytes: &SecretBytes) -> String {
    Digest::keyed(key, &format!("secret\0{stack}\0{address}"), bytes.expose()).short()
}

/// The same for the whole value of a variable of a service, which is known by its physical name.
pub(crate) fn variable_fingerprint(
    key: &[u8; 32],
    stack: &str,
    service: &str,
    variable: &str,
    bytes: &SecretBytes,
) -> String {
    Digest::keyed(
        key,
        &format!("env\0{stack}\0{service}\0{variable}"),
        bytes.expose(),
    )
    .short()
}

/// `template` with each `${secret.name}` replaced by its value; nothing when one is missing.
pub fn fill(template: &str, secrets: &Secrets) -> Option<SecretBytes> {
    let parts = parts(template)?;
    let lengths = parts
        .iter()
        .map(|part| part.bytes(secrets).map(<[u8]>::len));
    // One allocation of the right size, so that no part of a value stays behind in an old one.
    let mut filled = Vec::with_capacity(lengths.sum::<Option<usize>>()?);
    for part in &parts {
        filled.extend_from_slice(part.bytes(secrets)?);
    }
    Some(SecretBytes::new(filled))
}

enum Part<'a> {
    Text(&'a str),
    Secret(Address),
}

impl Part<'_> {
    fn bytes<'s>(&'s self, secrets: &'s Secrets) -> Option<&'s [u8]> {
        match self {
            Part::Text(text) => Some(text.as_bytes()),
            Part::Secret(address) => secrets.get(address).map(SecretBytes::expose),
        }
    }
}

/// Nothing when a slot is not closed or names no secret.
fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(SLOT) {
        let (text, slot) = rest.split_at(at);
        let (name, after) = slot[SLOT.len()..].split_once('}')?;
        let [name] = <[String; 1]>::try_from(segments(name)?).ok()?;
        parts.push(Part::Text(text));
        parts.push(Part::Secret(Address::new(Kind::Secret, name)));
        rest = after;
    }
    parts.push(Part::Text(rest));
    Some(parts)
}

impl Secrets {
    /// Of all the plan's secrets and of all variables that hold one, as far as values are at hand.
    /// A node that was moved keeps what it had: no object is made anew for another address.
    pub fn fingerprints(&self, key: &[u8; 32], plan: &Plan) -> Fingerprints {
        let mut prints = Fingerprints::default();
        for (address, node) in &plan.nodes {
            match &node.payload {
                Payload::Secret(secret) if secret.source != SecretSource::External => {
                    let first = plan.identity.first(address);
                    let print = self
                        .get(address)
                        .map(|bytes| fingerprint(key, &plan.stack, &first, bytes));
                    prints
                        .secrets
                        .extend(print.map(|print| (address.clone(), print)));
                }
                Payload::Service(service) => {
                    self.variables(key, &plan.stack, address, service, &mut prints);
                }
                Payload::Secret(_)
                | Payload::Network(_)
                | Payload::Node(_)
                | Payload::Volume(_)
                | Payload::Config(_)
                | Payload::Declared(_) => {}
            }
        }
        prints
    }

    fn variables(
        &self,
        key: &[u8; 32],
        stack: &str,
        address: &Address,
        service: &Service,
        prints: &mut Fingerprints,
    ) {
        for (variable, text) in &service.secret_env {
            if let Some(value) = fill(&text.template, self) {
                let print = variable_fingerprint(key, stack, &service.name, variable, &value);
                prints
                    .env
                    .insert((address.clone(), variable.clone()), print);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db() -> Address {
        Address::new(Kind::Secret, "db")
    }

    fn at_hand() -> Secrets {
        Secrets::default()
            .with(db(), SecretBytes::new(b"s3cret".to_vec()))
            .with(
                Address::new(Kind::Secret, "a.b"),
                SecretBytes::new(b"other".to_vec()),
            )
    }

    #[test]
    fn a_template_is_filled_where_it_names_a_secret() {
        let filled = |template| fill(template, &at_hand()).map(|bytes| bytes.expose().to_vec());
        assert_eq!(
            filled("pg://app:${secret.db}@db/${x}").as_deref(),
            Some(&b"pg://app:s3cret@db/${x}"[..])
        );
        assert_eq!(
            filled("${secret.\"a.b\"}${secret.db}").as_deref(),
            Some(&b"others3cret"[..])
        );
        assert_eq!(filled("plain").as_deref(), Some(&b"plain"[..]));
        for unfillable in [
            "${secret.nope}",
            "${secret.db",
            "${secret.}",
            "${secret.db.x}",
        ] {
            assert_eq!(filled(unfillable), None, "{unfillable}");
        }
    }

    #[test]
    fn a_value_is_never_searched_for_slots() {
        let nested = Secrets::default().with(db(), SecretBytes::new(b"${secret.db}".to_vec()));
        let filled = fill("<${secret.db}>", &nested).map(|bytes| bytes.expose().to_vec());
        assert_eq!(filled.as_deref(), Some(&b"<${secret.db}>"[..]));
    }

    #[test]
    fn a_fingerprint_is_bound_to_key_stack_address_and_value() {
        let value = SecretBytes::new(b"s3cret".to_vec());
        let of = |key: u8, stack, name: &str, value| {
            fingerprint(&[key; 32], stack, &Address::new(Kind::Secret, name), value)
        };
        let base = of(1, "shop", "db", &value);
        assert_eq!(base.len(), 12);
        assert_eq!(base, of(1, "shop", "db", &value));
        let other = SecretBytes::new(b"s3creT".to_vec());
        for changed in [
            of(2, "shop", "db", &value),
            of(1, "blog", "db", &value),
            of(1, "shop", "db2", &value),
            of(1, "shop", "db", &other),
        ] {
            assert_ne!(base, changed);
        }
    }

    #[test]
    fn two_new_keys_differ() {
        assert!(new_key().is_some());
        assert_ne!(new_key(), new_key());
    }
}
