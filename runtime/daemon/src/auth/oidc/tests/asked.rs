//! When an issuer is asked for its keys, and how often.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skep_schema::event::Timestamp;

use super::fake::{Fake, description};
use super::signed::{ISSUER, NOW, Signer, claims, good, head, jwks, token, with};
use crate::auth::oidc::BadJwt;

#[tokio::test]
async fn asvs_9_1_3_keys_come_from_where_the_issuer_says_and_only_over_https() {
    let cases = [
        json!({ "issuer": "https://evil.example", "jwks_uri": "https://keys.example.org/k" }),
        json!({ "issuer": format!("{ISSUER}/"), "jwks_uri": "https://keys.example.org/k" }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://keys.example.org/k" }),
        json!({ "issuer": ISSUER, "jwks_uri": "file:///k" }),
        json!({ "issuer": ISSUER }),
        json!([]),
    ];
    for discovery in cases {
        let fake = Fake::new();
        fake.publish(&discovery, &jwks());
        let answer = fake.issuers().check(&good(), Timestamp(NOW * 1000)).await;
        assert_eq!(answer, Err(BadJwt::Unreachable), "{discovery}");
    }
}

/// How often a fake was asked for documents; one refresh is two.
const REFRESH: usize = 2;

#[tokio::test(start_paused = true)]
async fn made_up_keys_lead_to_one_question_a_minute() {
    let fake = Fake::new();
    let issuers = fake.issuers();
    let forged = with(head(), &json!({ "kid": "made-up" })).to_string();
    let forged = token(forged, claims().to_string(), Signer::Stranger);
    let now = Timestamp(NOW * 1000);
    assert_eq!(fake.asked(), 0, "nobody is asked before there is a token");
    for _ in 0..200 {
        assert_eq!(issuers.check(&forged, now).await, Err(BadJwt::Key));
    }
    assert_eq!(fake.asked(), REFRESH);
    assert!(issuers.check(&good(), now).await.is_ok());
    tokio::time::sleep(Duration::from_secs(61)).await;
    for _ in 0..200 {
        assert_eq!(issuers.check(&forged, now).await, Err(BadJwt::Key));
    }
    assert_eq!(fake.asked(), 2 * REFRESH);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_new_is_found_and_one_that_is_gone_is_not_believed_for_long() {
    let fake = Fake::new();
    let issuers = fake.issuers();
    let now = Timestamp(NOW * 1000);
    fake.publish(&description(), &json!({ "keys": [] }));
    assert_eq!(issuers.check(&good(), now).await, Err(BadJwt::Key));
    fake.publish(&description(), &jwks());
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(issuers.check(&good(), now).await.is_ok());
    fake.publish(&description(), &json!({ "keys": [] }));
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert!(
        issuers.check(&good(), now).await.is_ok(),
        "nobody asked since"
    );
    tokio::time::sleep(Duration::from_mins(31)).await;
    assert_eq!(issuers.check(&good(), now).await, Err(BadJwt::Key));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_falls_silent_is_believed_for_a_day() {
    let fake = Fake::new();
    let issuers = fake.issuers();
    let now = Timestamp(NOW * 1000);
    assert!(issuers.check(&good(), now).await.is_ok());
    fake.fall_silent();
    tokio::time::sleep(Duration::from_hours(23)).await;
    assert!(issuers.check(&good(), now).await.is_ok());
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(issuers.check(&good(), now).await, Err(BadJwt::Unreachable));
}

#[tokio::test]
async fn many_who_come_at_once_wait_for_one_answer() {
    let fake = Fake::new();
    let issuers = Arc::new(fake.issuers());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let issuers = Arc::clone(&issuers);
        asking.spawn(async move { issuers.check(&good(), Timestamp(NOW * 1000)).await.is_ok() });
    }
    assert!(asking.join_all().await.into_iter().all(|is_good| is_good));
    assert_eq!(fake.asked(), REFRESH);
}
