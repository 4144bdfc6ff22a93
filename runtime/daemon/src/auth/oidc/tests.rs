mod asked;
mod fake;
mod forged;
pub(crate) mod signed;

use serde_json::{Value, json};

use self::fake::Fake;
use self::signed::{ISSUER, NOW, Signer, claims, good, head, token, with};
use super::*;

async fn check(token: &str) -> Result<Identity, BadJwt> {
    Fake::new()
        .issuers()
        .check(token, Timestamp(NOW * 1000))
        .await
}

#[tokio::test]
async fn a_token_that_is_right_in_everything_names_who_and_which_groups() {
    let identity = check(&good()).await.expect("it is good");
    assert_eq!(identity.issuer.as_str(), ISSUER);
    assert_eq!(identity.subject.as_str(), "repo:shop");
    assert_eq!(identity.until, Timestamp((NOW + 360) * 1000));
    let groups: Vec<&str> = identity.groups.iter().map(Name::as_str).collect();
    assert_eq!(groups, ["Platform Team", "ops"]);
}

#[tokio::test]
async fn asvs_9_1_2_each_algorithm_that_is_taken_is_verified() {
    for (alg, kid, signer) in [
        ("RS256", "rsa", Signer::Rsa),
        ("ES256", "p256", Signer::P256),
        ("EdDSA", "ed", Signer::Ed),
    ] {
        let head = with(head(), &json!({ "alg": alg, "kid": kid })).to_string();
        let token = token(head, claims().to_string(), signer);
        assert!(check(&token).await.is_ok(), "{alg}");
    }
}

#[tokio::test]
async fn asvs_9_2_1_a_minute_of_difference_between_clocks_is_borne() {
    let bears = |changes: Value| async move {
        check(&token(
            head().to_string(),
            with(claims(), &changes).to_string(),
            Signer::Ed,
        ))
        .await
    };
    assert!(bears(json!({ "exp": NOW - 59 })).await.is_ok());
    assert!(bears(json!({ "nbf": NOW + 60 })).await.is_ok());
    assert!(bears(json!({ "nbf": null, "iat": null })).await.is_ok());
    assert!(bears(json!({ "aud": ["shop", "skep"] })).await.is_ok());
}
