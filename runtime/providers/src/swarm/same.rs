//! Configs and secrets of other names that stand for those of a plan, as long as both hold the same.
//!
//! Of a config that shows. The value of a secret shows to nobody: what others made is taken for what
//! is meant when it is taken over, and gets a label with the fingerprint of the value it is known by.

use std::collections::BTreeMap;

use serde_json::json;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Content, Fingerprints, Payload, Plan};

use super::Swarm;
use super::fault::Fault;
use super::http::Ask;
use super::labels::{Labels, STACK, VALUE};
use super::survey;
use super::wire::Stored;

/// An object that may stand for a node.
pub(crate) struct Candidate<'a> {
    pub(crate) labels: &'a Labels,
    /// Of a config.
    pub(crate) content: Option<&'a Content>,
}

/// Kinds and names of the objects that may stand for nodes of the plan.
pub(crate) fn candidates(plan: &Plan) -> impl Iterator<Item = (&Address, &str)> {
    let same = plan.identity.same.iter();
    let known = same.filter(|(address, _)| plan.nodes.contains_key(*address));
    known.map(|(address, name)| (address, name.as_str()))
}

/// Whether an object stands for a node of a plan whose other names are known by `prints`.
pub(crate) fn stands(
    plan: &Plan,
    prints: &Fingerprints,
    address: &Address,
    found: &Candidate<'_>,
) -> bool {
    let owner = found.labels.get(STACK);
    if owner.is_some_and(|owner| *owner != plan.stack) {
        return false;
    }
    match plan.nodes.get(address).map(|node| &node.payload) {
        Some(Payload::Config(config)) => config.content.as_ref() == found.content,
        Some(Payload::Secret(secret)) => {
            let wanted = print_in(&secret.name).or(prints.secrets.get(address).map(String::as_str));
            let known = found.labels.get(VALUE).filter(|_| owner.is_some());
            known
                .zip(wanted)
                .is_none_or(|(known, wanted)| known == wanted)
        }
        Some(
            Payload::Network(_)
            | Payload::Node(_)
            | Payload::Volume(_)
            | Payload::Service(_)
            | Payload::Declared(_),
        )
        | None => false,
    }
}

/// The fingerprint in a name that is whole: that of the day of its plan.
fn print_in(name: &str) -> Option<&str> {
    let (_, print) = name.rsplit_once('-')?;
    (print != "*").then_some(print)
}

impl Swarm {
    /// The plan's configs and secrets for which an object of another name stands now.
    pub(crate) async fn same(
        &self,
        plan: &Plan,
        prints: &Fingerprints,
    ) -> Result<BTreeMap<Address, String>, Fault> {
        let mut all = BTreeMap::new();
        for (kind, path) in [(Kind::Config, "/configs"), (Kind::Secret, "/secrets")] {
            let wanted: Vec<(&Address, &str)> = candidates(plan)
                .filter(|(address, _)| address.kind == kind)
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let names: Vec<&str> = wanted.iter().map(|(_, name)| *name).collect();
            let ask = Ask::get(path).filters(&json!({"name": names}));
            let found: Vec<Stored> = self.http.json(ask).await?;
            for (address, name) in wanted {
                let stored = found.iter().find(|stored| stored.spec.name == name);
                if stored.is_some_and(|stored| stored_stands(plan, prints, address, stored)) {
                    all.insert(address.clone(), name.to_owned());
                }
            }
        }
        Ok(all)
    }
}

fn stored_stands(plan: &Plan, prints: &Fingerprints, address: &Address, stored: &Stored) -> bool {
    let object = survey::config(stored);
    let content = object.payload.content();
    let labels = &stored.spec.labels;
    stands(plan, prints, address, &Candidate { labels, content })
}

#[cfg(test)]
mod tests {
    use skep_schema::plan::{Config, Origin, PlanNode, Secret, SecretSource, Target};

    use super::*;

    fn plan(payload: Payload, address: &str) -> (Plan, Address) {
        let address: Address = address.parse().expect("it is an address");
        let node = PlanNode::new(&address, Target::Swarm, payload, Origin::default());
        let plan = Plan::new("shop", None, [(address.clone(), node)].into());
        (plan, address)
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
    }

    #[test]
    fn a_secret_of_others_stands_until_its_known_value_is_another() {
        for (name, owner, known, is_same) in [
            ("shop_db-*", None, None, true),
            ("shop_db-*", Some("shop"), None, true),
            ("shop_db-*", Some("shop"), Some("now"), true),
            ("shop_db-*", Some("shop"), Some("old"), false),
            ("shop_db-old", Some("shop"), Some("old"), true),
            ("shop_db-*", Some("blog"), Some("now"), false),
            ("shop_db-*", None, Some("old"), true),
        ] {
            let secret = Secret {
                name: name.to_owned(),
                source: SecretSource::Unknown,
                labels: Labels::new(),
            };
            let (plan, address) = plan(Payload::Secret(secret), "secret.db");
            let prints = Fingerprints {
                secrets: [(address.clone(), "now".to_owned())].into(),
                ..Fingerprints::default()
            };
            let pairs = [(STACK, owner), (VALUE, known)];
            let pairs = pairs.into_iter().filter_map(|(k, v)| Some((k, v?)));
            let labels = labels(&pairs.collect::<Vec<_>>());
            let found = Candidate {
                labels: &labels,
                content: None,
            };
            assert_eq!(
                stands(&plan, &prints, &address, &found),
                is_same,
                "{name} {labels:?}"
            );
        }
    }

    #[test]
    fn a_config_of_others_stands_as_long_as_it_holds_the_same() {
        let config = |text: &str| Config {
            name: "shop_page-2kqiwebq7sqv".to_owned(),
            content: Some(Content::of(text.as_bytes())),
            labels: Labels::new(),
            external: false,
        };
        let (plan, address) = plan(Payload::Config(config("new")), "config.page");
        for (text, is_same) in [("new", true), ("old", false)] {
            let content = Content::of(text.as_bytes());
            let found = Candidate {
                labels: &Labels::new(),
                content: Some(&content),
            };
            assert_eq!(
                stands(&plan, &Fingerprints::default(), &address, &found),
                is_same
            );
        }
    }
}
