//! The labels by which Skep knows what is its own.

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::digest::DigestText;
use skep_schema::inventory::Taken;

pub(crate) type Labels = BTreeMap<String, String>;

/// The stack that owns an object.
pub(crate) const STACK: &str = "skep.stack";
/// The node an object is, `service.api`.
pub(crate) const ADDRESS: &str = "skep.address";
/// What was meant when it was written: never proof of what is there.
pub(crate) const DIGEST: &str = "skep.digest";
/// On a secret that was taken over: the fingerprint of the value that it is taken to hold.
pub(crate) const VALUE: &str = "skep.value";
/// Variable to template, as JSON: which environment values hold secret bytes.
pub(crate) const SECRET_ENV: &str = "skep.secret-env";
/// `once` on a service that is done when its tasks have ended: the engine has no word for it.
pub(crate) const MODE: &str = "skep.mode";
/// On the config that holds the key of the fingerprints.
pub(crate) const KEY: &str = "skep.key";

/// On the configs that hold records: what kind of record, of which stack, the how-manieth, and the
/// part of it that is rewritten.
pub(crate) const RECORD: &str = "skep.record";
pub(crate) const RECORD_OF: &str = "skep.record-of";
pub(crate) const RECORD_NUMBER: &str = "skep.record-number";
pub(crate) const RECORD_STATE: &str = "skep.record-state";

const OURS: &str = "skep.";

/// Whose object it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) stack: String,
    pub(crate) address: Address,
}

impl Owner {
    /// Nothing unless the label is whole: half an owner owns nothing.
    pub(crate) fn of(labels: &Labels) -> Option<Self> {
        let stack = labels.get(STACK)?.clone();
        let address = labels.get(ADDRESS)?.parse().ok()?;
        Some(Self { stack, address })
    }

    pub(crate) fn labels(&self, digest: &DigestText) -> Labels {
        let ours = [
            (STACK, self.stack.clone()),
            (ADDRESS, self.address.to_string()),
            (DIGEST, digest.to_string()),
        ];
        ours.map(|(key, value)| (key.to_owned(), value)).into()
    }
}

/// The labels that are the author's.
pub(crate) fn theirs(labels: &Labels) -> Labels {
    labels
        .iter()
        .filter(|(key, _)| !key.starts_with(OURS))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

pub(crate) fn digest(labels: &Labels) -> Option<DigestText> {
    labels.get(DIGEST)?.parse().ok()
}

/// Who made an object that is not ours, as far as labels tell.
pub(crate) fn taken(labels: &Labels) -> Taken {
    let owners = [
        (STACK, "stack"),
        ("com.docker.stack.namespace", "docker stack"),
        ("com.docker.compose.project", "docker compose project"),
    ];
    let owner = owners
        .iter()
        .find_map(|(label, what)| Some(format!("{what} {}", labels.get(*label)?)));
    Taken {
        owner,
        adoptable: !labels.contains_key(STACK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_owner_owns_nothing() {
        let address: Address = "service.api".parse().unwrap();
        let whole = Owner {
            stack: "shop".to_owned(),
            address,
        };
        let labels = whole.labels(&"w1:aaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap());
        assert_eq!(Owner::of(&labels), Some(whole));
        for missing in [STACK, ADDRESS] {
            let mut half = labels.clone();
            half.remove(missing);
            assert_eq!(Owner::of(&half), None, "{missing}");
        }
        let mut broken = labels;
        broken.insert(ADDRESS.to_owned(), "nonsense".to_owned());
        assert_eq!(Owner::of(&broken), None);
    }

    #[test]
    fn an_owner_is_named_where_a_label_gives_it_away() {
        let labels = |key: &str| Labels::from([(key.to_owned(), "blog".to_owned())]);
        assert_eq!(taken(&labels(STACK)).owner.as_deref(), Some("stack blog"));
        assert_eq!(
            taken(&labels("com.docker.stack.namespace"))
                .owner
                .as_deref(),
            Some("docker stack blog")
        );
        assert_eq!(taken(&labels("other")).owner, None);
    }
}
