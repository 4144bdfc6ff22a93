//! An issuer on no network.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::signed::{ISSUER, jwks};
use crate::auth::oidc::Issuers;
use crate::auth::oidc::fetch::{Fetch, Fetched};
use crate::settings::Issuer;

const KEYS: &str = "https://keys.example.org/k";

/// What the issuer says of itself.
pub(super) fn description() -> Value {
    json!({ "issuer": ISSUER, "jwks_uri": KEYS })
}

/// What it publishes can be changed, and how often it was asked is known.
#[derive(Clone)]
pub(super) struct Fake {
    published: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<AtomicUsize>,
}

impl Fake {
    pub(super) fn new() -> Self {
        let fake = Self {
            published: Arc::default(),
            asked: Arc::default(),
        };
        fake.publish(&description(), &jwks());
        fake
    }

    pub(super) fn publish(&self, discovery: &Value, jwks: &Value) {
        let mut published = self.published.lock().expect("nobody panicked");
        let address = format!("{ISSUER}/.well-known/openid-configuration");
        published.insert(address, discovery.to_string().into());
        published.insert(KEYS.to_owned(), jwks.to_string().into());
    }

    pub(super) fn fall_silent(&self) {
        self.published.lock().expect("nobody panicked").clear();
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn issuers(&self) -> Issuers {
        let fake = self.clone();
        let fetch: Fetch = Arc::new(move |address: String| -> Fetched {
            fake.asked.fetch_add(1, Ordering::Relaxed);
            let found = fake
                .published
                .lock()
                .expect("nobody panicked")
                .get(&address)
                .cloned();
            Box::pin(async move { found.ok_or_else(|| "no answer".to_owned()) })
        });
        let issuer = Issuer {
            ca: None,
            url: ISSUER.parse().expect("an issuer"),
            audience: "skep".to_owned(),
            groups: Some("groups".to_owned()),
        };
        Issuers::asking(&[issuer], |_| Arc::clone(&fetch))
    }
}
