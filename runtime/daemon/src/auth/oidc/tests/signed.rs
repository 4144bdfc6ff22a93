//! Tokens, made and signed as an issuer does it, or nearly.

use std::process::Command;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

pub(crate) const ISSUER: &str = "https://issuer.example.org/realm";
pub(crate) const NOW: u64 = 1_800_000_000;

/// Keys of the issuer, one of each kind, and one that it has never heard of.
struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    stranger: Ed25519KeyPair,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let ed = || {
        let made = Ed25519KeyPair::generate_pkcs8(&random).expect("random bytes");
        Ed25519KeyPair::from_pkcs8(made.as_ref()).expect("a key")
    };
    let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let p256 = EcdsaKeyPair::generate_pkcs8(curve, &random).expect("random bytes");
    let made = Command::new("openssl")
        .args(["genpkey", "-quiet", "-algorithm", "RSA"])
        .output()
        .expect("openssl is installed");
    let rsa = PrivatePkcs8KeyDer::from_pem_slice(&made.stdout).expect("a key in PEM");
    Keys {
        rsa: RsaKeyPair::from_pkcs8(rsa.secret_pkcs8_der()).expect("a key of 2048 bits"),
        p256: EcdsaKeyPair::from_pkcs8(curve, p256.as_ref(), &random).expect("a key"),
        ed: ed(),
        stranger: ed(),
    }
});

#[derive(Clone, Copy)]
pub(crate) enum Signer {
    Rsa,
    P256,
    Ed,
    Stranger,
    /// The public key as if it were a shared secret: what `HS256` would be fooled by.
    Shared,
    None,
}

impl Signer {
    fn sign(self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa => {
                let mut signature = vec![0; KEYS.rsa.public().modulus_len()];
                let signed = KEYS
                    .rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.expect("signed");
                signature
            }
            Self::P256 => KEYS
                .p256
                .sign(&random, message)
                .expect("signed")
                .as_ref()
                .to_vec(),
            Self::Ed => KEYS.ed.sign(message).as_ref().to_vec(),
            Self::Stranger => KEYS.stranger.sign(message).as_ref().to_vec(),
            Self::Shared => {
                let public = KEYS.ed.public_key().as_ref();
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public);
                ring::hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::None => Vec::new(),
        }
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn jwks() -> Value {
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(KEYS.rsa.public());
    let point = KEYS.p256.public_key().as_ref();
    let ed = b64(KEYS.ed.public_key());
    json!({ "keys": [
        { "kty": "RSA", "kid": "rsa", "alg": "RS256", "use": "sig", "n": b64(n), "e": b64(e) },
        { "kty": "EC", "kid": "p256", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) },
        { "kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": ed },
        { "kty": "OKP", "kid": "sealing", "crv": "Ed25519", "use": "enc", "x": ed },
        { "kty": "OKP", "kid": "other-alg", "crv": "Ed25519", "alg": "ES256", "x": ed },
        { "kty": "OKP", "kid": "twice", "crv": "Ed25519", "x": ed },
        { "kty": "OKP", "kid": "twice", "crv": "Ed25519", "x": b64(KEYS.stranger.public_key()) },
        { "kty": "oct", "kid": "shared", "k": "c2VjcmV0" },
        { "kty": "OKP", "kid": "unnamed-curve", "x": ed },
        "no key at all",
    ]})
}

/// The public key of the one whom the issuer has never heard of.
pub(crate) fn stranger() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(KEYS.stranger.public_key()) })
}

pub(crate) fn head() -> Value {
    json!({ "alg": "EdDSA", "kid": "ed", "typ": "JWT" })
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "repo:shop", "aud": "skep", "exp": NOW + 300, "nbf": NOW - 5, "iat": NOW - 5,
        "groups": ["ops", "Platform Team", 7, "bad\nname"],
    })
}

/// The first with what the second says otherwise; null takes a property away.
pub(crate) fn with(mut base: Value, changes: &Value) -> Value {
    let object = base.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => object.remove(name),
            _ => object.insert(name.clone(), value.clone()),
        };
    }
    base
}

pub(crate) fn token(head: impl AsRef<str>, claims: impl AsRef<str>, signer: Signer) -> String {
    let message = format!("{}.{}", b64(head.as_ref()), b64(claims.as_ref()));
    let signature = b64(signer.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn good() -> String {
    token(head().to_string(), claims().to_string(), Signer::Ed)
}
