//! What registries and those who give tokens for them say when they refuse.

use serde::Deserialize;

use crate::web::Answer;

/// What of a complaint is passed on, in letters.
const MAX_COMPLAINT: usize = 300;

/// How registries complain.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    errors: Vec<Entry>,
    message: String,
    details: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    message: String,
}

/// What it complains of, on one line and without anything that a terminal would obey.
pub(super) fn complaint(answer: &Answer) -> String {
    let read: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let own = [read.message, read.details];
    let words: Vec<String> = read
        .errors
        .into_iter()
        .map(|entry| entry.message)
        .chain(own)
        .filter(|text| !text.is_empty())
        .collect();
    let text = if words.is_empty() {
        answer
            .status
            .canonical_reason()
            .unwrap_or("no reason")
            .to_owned()
    } else {
        words.join("; ")
    };
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(MAX_COMPLAINT).map(plain).collect()
}
