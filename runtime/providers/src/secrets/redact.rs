//! Taking secret bytes out of text that others wrote, such as the log lines of a failing task.

use std::fmt::Write as _;

use skep_schema::plan::Content;

use super::{SecretBytes, Secrets};

const MASK: &[u8] = b"(secret)";

/// A line of a longer value is looked for by itself from this length on; `-----` alone is no secret.
const LINE: usize = 8;

/// Finds the values at hand in the forms in which programs tend to print them: as they are, trimmed,
/// line by line, in base64, hex, JSON and URLs.
#[derive(Clone, Debug, Default)]
pub struct Redact {
    /// The longest first, so that a value goes before a part of it.
    needles: Vec<SecretBytes>,
}

impl Redact {
    pub fn of(secrets: &Secrets) -> Self {
        let mut needles: Vec<SecretBytes> = secrets
            .values
            .values()
            .flat_map(|value| forms(value.expose()))
            .collect();
        needles.retain(|needle| !needle.expose().is_empty());
        needles.sort_by(|a, b| (b.expose().len(), a.expose()).cmp(&(a.expose().len(), b.expose())));
        needles.dedup();
        Self { needles }
    }

    /// `text` with `(secret)` wherever a value stood.
    pub fn text(&self, text: &str) -> String {
        let mut kept = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some(&byte) = rest.first() {
            if let Some(after) = self
                .needles
                .iter()
                .find_map(|needle| rest.strip_prefix(needle.expose()))
            {
                kept.extend_from_slice(MASK);
                rest = after;
            } else {
                kept.push(byte);
                rest = &rest[1..];
            }
        }
        String::from_utf8_lossy(&kept).into_owned()
    }
}

fn forms(value: &[u8]) -> Vec<SecretBytes> {
    let trimmed = value.trim_ascii();
    let mut whole = vec![value];
    whole.extend((trimmed != value).then_some(trimmed));
    let lines = value
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| line.len() >= LINE);
    let mut forms: Vec<SecretBytes> = lines.map(|line| SecretBytes::new(line.to_vec())).collect();
    for value in whole {
        forms.extend(spellings(value));
    }
    forms
}

fn spellings(value: &[u8]) -> Vec<SecretBytes> {
    let base64 = Content::encode(value);
    let url_safe = base64.replace('+', "-").replace('/', "_");
    let texts = [
        hex(value),
        hex(value).to_uppercase(),
        percent(value),
        json(value),
        base64.trim_end_matches('=').to_owned(),
        url_safe.trim_end_matches('=').to_owned(),
        base64,
        url_safe,
    ];
    let mut all = vec![SecretBytes::new(value.to_vec())];
    all.extend(texts.map(|text| SecretBytes::new(text.into_bytes())));
    all
}

fn hex(value: &[u8]) -> String {
    value.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}

fn percent(value: &[u8]) -> String {
    value.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte));
            }
            _ => write!(text, "%{byte:02X}").expect("a string takes all that is written"),
        }
        text
    })
}

/// As it stands between the quotes of a JSON string; nothing for bytes that are no text.
fn json(value: &[u8]) -> String {
    let quoted = std::str::from_utf8(value)
        .ok()
        .and_then(|text| serde_json::to_string(text).ok());
    quoted.map_or_else(String::new, |quoted| quoted[1..quoted.len() - 1].to_owned())
}

#[cfg(test)]
mod tests {
    use skep_schema::address::{Address, Kind};

    use super::*;

    fn redact(value: &[u8]) -> Redact {
        let address = Address::new(Kind::Secret, "db");
        Redact::of(&Secrets::default().with(address, SecretBytes::new(value.to_vec())))
    }

    #[test]
    fn a_value_is_found_in_every_spelling() {
        let redact = redact(b"p\"w/1+?\n");
        for text in [
            "p\"w/1+?\n",
            "p\"w/1+?",
            "cCJ3LzErPwo=",
            "cCJ3LzErPwo",
            "cCJ3LzErPw",
            "7022772f312b3f",
            "p\\\"w/1+?",
            "p%22w%2F1%2B%3F",
        ] {
            assert_eq!(
                redact.text(&format!("before {text}after")),
                "before (secret)after",
                "{text}"
            );
        }
    }

    #[test]
    fn each_line_of_a_key_is_found_alone() {
        let redact = redact(b"-----BEGIN\nabcdefgh1234\nij\n-----END");
        assert_eq!(redact.text("log: abcdefgh1234"), "log: (secret)");
        assert_eq!(redact.text("ij"), "ij");
    }

    #[test]
    fn text_without_a_value_stays_as_it_is() {
        assert_eq!(redact(b"s3cret").text("größe s3cre"), "größe s3cre");
        assert_eq!(Redact::default().text("s3cret"), "s3cret");
    }

    #[test]
    fn bytes_that_are_no_text_break_no_text() {
        assert_eq!(redact(b"\xc3").text("ü"), "(secret)\u{fffd}");
    }
}
