//! Small records that a stack keeps in the target itself, beside its objects.

use skep_schema::digest::Digest;
use skep_schema::value::Value;

use crate::live::Live;
use crate::provider::{Promise, Provider};

/// What a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    Lock,
    Revision,
}

impl RecordKind {
    /// As it stands in names and labels.
    pub const fn word(self) -> &'static str {
        match self {
            RecordKind::Lock => "lock",
            RecordKind::Revision => "rev",
        }
    }
}

/// A record to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub kind: RecordKind,
    /// Unlike that of any other record of the stack; empty where there is only one of the kind.
    pub number: Option<u32>,
    /// The part that can be rewritten: a short text.
    pub state: String,
    /// The part that cannot.
    pub data: Vec<u8>,
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub draft: Draft,
    /// How the target knows it.
    pub id: String,
    /// Another after each rewrite, whoever made it.
    pub version: u64,
}

/// A target that can keep records of one stack: made once, rewritten only by whoever saw the last
/// state, seen by all.
pub trait Records: Send + Sync {
    /// All of a kind, in order of their numbers.
    fn records(&self, kind: RecordKind) -> Promise<'_, Vec<Record>>;

    /// Makes one, unless one of its kind and number is there: then nothing, and `false`.
    fn create_record<'a>(&'a self, draft: &'a Draft) -> Promise<'a, bool>;

    /// Writes a new state, unless somebody else wrote or removed it meanwhile: then nothing, and
    /// `false`.
    fn rewrite_record<'a>(&'a self, record: &'a Record, state: &'a str) -> Promise<'a, bool>;

    /// Removes one; it may be gone already.
    fn remove_record<'a>(&'a self, record: &'a Record) -> Promise<'a, ()>;
}

/// Where a stack lives: its objects, its records, and what it tells by itself.
pub trait Home: Provider + Records + Live {}

impl<T: Provider + Records + Live> Home for T {}

/// The name of a record's object. Stacks may be called `shop@prod` and be long; an object's name has
/// 64 letters and no `@`. The digest keeps apart what then looks the same.
pub fn object_name(stack: &str, kind: RecordKind, number: Option<u32>) -> String {
    let plain: String = stack
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '-'
            }
        })
        .take(24)
        .collect();
    let print = Digest::of("stack", &Value::Text(stack.to_owned())).short();
    let number = number.map_or_else(String::new, |n| format!("-{n}"));
    format!("skep-{}-{plain}-{print}{number}", kind.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_and_fit() {
        let name = |stack: &str| object_name(stack, RecordKind::Revision, Some(u32::MAX));
        assert!(name("shop@prod").starts_with("skep-rev-shop-prod-"));
        assert_ne!(name("shop@prod"), name("shop-prod"));
        assert!(name(&"long".repeat(40)).len() <= 64);
    }
}
