//! The keys that an issuer publishes.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// How tokens may be signed. There is no other way: none with a shared secret, and not none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl FromStr for Algorithm {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "RS256" => Ok(Self::Rs256),
            "ES256" => Ok(Self::Es256),
            "EdDSA" => Ok(Self::EdDsa),
            _ => Err(()),
        }
    }
}

/// A public key. What kind it is decides how it verifies, and no token does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Its modulus and exponent. The first has 2048 bits or more, or nothing is signed by it.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of the curve P-256, uncompressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Self::Ed25519(point) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
        };
        verified.is_ok()
    }
}

/// An issuer's keys by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySet {
    keys: Vec<(String, Key)>,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Keys that are for something else, or of a kind that is not taken, are left out.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let published: Published = serde_json::from_slice(document).ok()?;
        let usable = |value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            let key = jwk.key()?;
            Some((jwk.kid, key))
        };
        let keys = published.keys.into_iter().filter_map(usable).collect();
        Some(Self { keys })
    }

    /// The key with an id. Two keys with one id are none.
    pub(super) fn get(&self, kid: &str) -> Option<&Key> {
        let mut found = self.keys.iter().filter(|(id, _)| id == kid);
        let (_, key) = found.next()?;
        found.next().is_none().then_some(key)
    }
}

impl Jwk {
    fn key(&self) -> Option<Key> {
        let is_for_signing = self.r#use.as_ref().is_none_or(|purpose| purpose == "sig");
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Key::Rsa {
                n: bytes(self.n.as_ref())?,
                e: bytes(self.e.as_ref())?,
            },
            ("EC", Some("P-256")) => {
                Key::P256(point(&bytes(self.x.as_ref())?, &bytes(self.y.as_ref())?)?)
            }
            ("OKP", Some("Ed25519")) => Key::Ed25519(bytes(self.x.as_ref())?),
            _ => return None,
        };
        let fits = |alg: &String| alg.parse() == Ok(key.algorithm());
        let is_of_kind = self.alg.as_ref().is_none_or(fits);
        (is_for_signing && is_of_kind).then_some(key)
    }
}

fn bytes(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

/// The form that ring reads: 4, and both coordinates in whole.
fn point(x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let is_whole = x.len() == 32 && y.len() == 32;
    is_whole.then(|| [&[4], x, y].concat())
}
