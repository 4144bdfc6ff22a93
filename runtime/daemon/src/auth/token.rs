//! The text of a token: `skp_ID_SECRET`, with a sum at its end.
//!
//! It is made of letters that a double click takes as one word, begins with what scanners for leaked
//! secrets can look for, and says by its sum whether it is one at all, so that neither a scanner nor a
//! slip of the pen needs a look into the store.

use std::fmt;

use ring::rand::{SecureRandom as _, SystemRandom};
use skep_schema::api::token::{TokenId, TokenText};
use subtle::ConstantTimeEq as _;

use skep_schema::base32;

use super::NoRandom;

const PREFIX: &str = "skp_";
/// 32 bytes.
const SECRET: usize = 52;
const SUM: usize = 6;

/// A token that somebody shows. Its secret is gone already.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: TokenId,
    print: Print,
}

/// What is kept of a secret. It has 256 random bits, so that a fast hash is as good as a slow one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Print([u8; 32]);

impl Print {
    pub(crate) fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(id: &TokenId, secret: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("skep daemon token secret 1");
        hasher.update(id.as_str().as_bytes());
        hasher.update(secret.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Print(..)")
    }
}

impl Shown {
    /// Compares in a time that does not tell where the two differ.
    pub(crate) fn is(&self, print: &Print) -> bool {
        self.print.0.ct_eq(&print.0).into()
    }
}

/// A new token, and what is kept of it.
pub(crate) fn make() -> Result<(TokenId, TokenText, Print), NoRandom> {
    let id: [u8; 7] = random()?;
    let secret: [u8; 32] = random()?;
    let id: String = base32::first(&id, TokenId::LETTERS);
    let id: TokenId = id.parse().expect("these are ten letters of base32");
    let secret = base32::encode(&secret);
    let text = format!("{PREFIX}{id}_{secret}{}", sum(&id, &secret));
    let print = Print::of(&id, &secret);
    Ok((id, TokenText::new(text), print))
}

/// Random bytes of the system's.
pub(super) fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

/// Whether a text is meant as one of our tokens, whole or not.
pub(crate) fn is_ours(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Reads a token that has the form and the sum of one.
pub(crate) fn read(text: &str) -> Option<Shown> {
    let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let id: TokenId = id.parse().ok()?;
    let (secret, end) = rest.split_at_checked(SECRET)?;
    let is_whole = base32::is_letters(secret, SECRET) && end == sum(&id, secret);
    is_whole.then(|| Shown {
        print: Print::of(&id, secret),
        id,
    })
}

fn sum(id: &TokenId, secret: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("skep daemon token sum 1");
    hasher.update(id.as_str().as_bytes());
    hasher.update(secret.as_bytes());
    let letters = base32::encode(&hasher.finalize().as_bytes()[..4]);
    letters.chars().take(SUM).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn asvs_7_2_3_a_token_has_256_random_bits_and_reads_back() {
        let (id, text, print) = make().expect("random bytes");
        let shown = read(text.reveal()).expect("a token");
        assert_eq!(shown.id, id);
        assert!(shown.is(&print));
        assert_eq!(text.reveal().len(), "skp_".len() + 10 + 1 + 52 + 6);
        let (other, _, other_print) = make().expect("random bytes");
        assert_ne!(other, id);
        assert!(!shown.is(&other_print));
    }

    #[test]
    fn a_token_is_one_word_to_a_double_click() {
        let (_, text, _) = make().expect("random bytes");
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        assert!(text.reveal().chars().all(is_word));
    }

    proptest! {
        #[test]
        fn a_token_has_one_spelling(at in 0_usize..73, with in "[ -~]") {
            let (_, text, _) = make().expect("random bytes");
            let mut changed = text.reveal().to_owned();
            changed.replace_range(at..=at, &with);
            prop_assert_eq!(read(&changed).is_some(), changed == text.reveal());
            prop_assert!(read(&text.reveal()[..at]).is_none());
            prop_assert!(read(&(text.reveal().to_owned() + &with)).is_none());
        }

        #[test]
        fn any_text_is_read_or_not(text in "(skp_)?\\PC{0,90}") {
            prop_assert!(read(&text).is_none());
        }
    }
}
