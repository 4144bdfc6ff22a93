//! Tokens that are right in everything but one thing.

use serde_json::{Value, json};
use skep_schema::event::Timestamp;

use super::check;
use super::fake::Fake;
use super::signed::{ISSUER, NOW, Signer, claims, good, head, stranger, token, with};

/// What is otherwise in a token's head or claims (null: what is not there), who signs it, and what it is
/// refused for. `NOW` with a number behind it is a time in seconds.
const FORGED: &str = r#"
# heads
{"alg":"none"}                         none      Algorithm
{"alg":"None"}                         none      Algorithm
{"alg":null}                           ed        Form
{"alg":"HS256"}                        shared    Algorithm
{"alg":"HS512"}                        shared    Algorithm
{"alg":"PS256","kid":"rsa"}            rsa       Algorithm
{"alg":"RS1","kid":"rsa"}              rsa       Algorithm
{"alg":"RS512","kid":"rsa"}            rsa       Algorithm
{"alg":"ES384","kid":"p256"}           p256      Algorithm
{"alg":"eddsa"}                        ed        Algorithm
{"alg":["EdDSA"]}                      ed        Form
{"alg":"ES256"}                        ed        Algorithm
{"alg":"RS256"}                        rsa       Algorithm
{"kid":"rsa"}                          ed        Algorithm
{"kid":null}                           ed        Form
{"kid":"x"}                            ed        Key
{"kid":""}                             ed        Key
{"kid":"../../dev/null"}               ed        Key
{"kid":"sealing"}                      ed        Key
{"kid":"other-alg"}                    ed        Key
{"kid":"unnamed-curve"}                ed        Key
{"kid":"twice"}                        ed        Key
{"kid":"shared"}                       shared    Key
{"jwk":STRANGER}                       stranger  Signature
{"jku":"https://evil.example/k"}       stranger  Signature
{"x5u":"https://evil.example/k"}       stranger  Signature
{"crit":["exp"]}                       ed        Kind
{"b64":false,"crit":["b64"]}           ed        Kind
{"typ":"logout+jwt"}                   ed        Kind
{"typ":"dpop+jwt"}                     ed        Kind
{}                                     stranger  Signature
{}                                     none      Signature
# claims
{"iss":"https://evil.example"}         ed        Issuer
{"iss":"ISSUER/"}                      ed        Issuer
{"iss":"https://issuer.example.org"}   ed        Issuer
{"iss":"HTTPS://ISSUER.EXAMPLE.ORG"}   ed        Issuer
{"iss":["ISSUER"]}                     ed        Form
{"iss":null}                           ed        Form
{"aud":"shop"}                         ed        Audience
{"aud":"skep2"}                        ed        Audience
{"aud":"Skep"}                         ed        Audience
{"aud":""}                             ed        Audience
{"aud":["a","b"]}                      ed        Audience
{"aud":[]}                             ed        Audience
{"aud":{"skep":1}}                     ed        Form
{"aud":null}                           ed        Form
{"exp":NOW-60}                         ed        Expired
{"exp":0}                              ed        Expired
{"exp":null}                           ed        Form
{"exp":"2099-01-01"}                   ed        Form
{"exp":-1}                             ed        Form
{"nbf":NOW+61}                         ed        Early
{"iat":NOW+86400}                      ed        Early
{"sub":""}                             ed        Subject
{"sub":null}                           ed        Form
{"sub":7}                              ed        Form
{"sub":"ann\u202e"}                    ed        Subject
{"sub":"a\nb"}                         ed        Subject
{"sub":"LONG"}                         ed        Subject
"#;

fn signer(word: &str) -> Signer {
    match word {
        "rsa" => Signer::Rsa,
        "p256" => Signer::P256,
        "ed" => Signer::Ed,
        "stranger" => Signer::Stranger,
        "shared" => Signer::Shared,
        "none" => Signer::None,
        _ => panic!("`{word}` signs nothing"),
    }
}

/// What a line of the table changes.
fn changes(text: &str) -> Value {
    let mut text = text.replace("ISSUER/", &format!("{ISSUER}/"));
    text = text.replace("\"ISSUER\"", &format!("\"{ISSUER}\""));
    text = text.replace("STRANGER", &stranger().to_string());
    text = text.replace("LONG", &"a".repeat(256));
    for (word, time) in [
        ("NOW-60", NOW - 60),
        ("NOW+61", NOW + 61),
        ("NOW+86400", NOW + 86400),
    ] {
        text = text.replace(word, &time.to_string());
    }
    serde_json::from_str(&text).expect("a line has JSON")
}

#[tokio::test]
async fn asvs_9_1_1_and_9_2_no_forged_token_is_believed() {
    let mut tried = 0;
    let (heads, of_claims) = FORGED.split_once("# claims").expect("two parts");
    for (table, is_head) in [(heads, true), (of_claims, false)] {
        for line in table.lines().filter(|line| line.starts_with('{')) {
            let mut words = line.split_whitespace();
            let mut word = || words.next().expect("three words");
            let (changes, signer, wrong) = (changes(word()), signer(word()), word());
            let (head, claims) = if is_head {
                (with(head(), &changes), claims())
            } else {
                (head(), with(claims(), &changes))
            };
            let answer = check(&token(head.to_string(), claims.to_string(), signer)).await;
            assert_eq!(format!("{answer:?}"), format!("Err({wrong})"), "{line}");
            tried += 1;
        }
    }
    assert_eq!(tried, 59);
}

#[tokio::test]
async fn what_is_not_quite_a_token_is_none() {
    let good = good();
    let whole = head();
    let parts: Vec<&str> = good.split('.').collect();
    let [head, claims, signature] = parts[..] else {
        panic!("three parts");
    };
    let twice = r#"{"alg":"EdDSA","kid":"x","kid":"ed"}"#;
    let twice_issued = format!(r#"{{"iss":"https://evil.example","iss":"{ISSUER}"}}"#);
    let cases = [
        String::new(),
        "...".to_owned(),
        format!("{head}.{claims}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{signature}.x"),
        format!("{head}.{claims}.{signature}="),
        format!("{head}=.{claims}.{signature}"),
        format!("{head}. {claims}.{signature}"),
        in_the_other_alphabet(),
        format!("x{good}"),
        token("[]", claims, Signer::Ed),
        token("null", claims, Signer::Ed),
        token(twice, claims, Signer::Ed),
        token(whole.to_string(), twice_issued, Signer::Ed),
        token(whole.to_string(), "[".repeat(10_000), Signer::Ed),
        "a".repeat(20_000),
    ];
    for text in cases {
        assert!(check(&text).await.is_err(), "{text:.60}");
    }
}

/// A good token whose signature is base64 as in mails. One signature in fifteen has no letter in which
/// the two alphabets differ.
fn in_the_other_alphabet() -> String {
    let signed = |n: u32| {
        let claims = with(claims(), &json!({ "jti": n.to_string() }));
        token(head().to_string(), claims.to_string(), Signer::Ed)
    };
    let differs = |token: &String| {
        token
            .rsplit('.')
            .next()
            .is_some_and(|s| s.contains(['-', '_']))
    };
    let token = (0..1000)
        .map(signed)
        .find(differs)
        .expect("one of many differs");
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let signature = signature.replace('-', "+").replace('_', "/");
    format!("{message}.{signature}")
}

#[tokio::test]
async fn one_letter_changed_anywhere_and_nobody_is_named() {
    let good = good();
    let issuers = Fake::new().issuers();
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("letters");
        let answer = issuers.check(&changed, Timestamp(NOW * 1000)).await;
        assert!(answer.is_err(), "{at}");
    }
}
