//! Skep's words: plain values and pure functions over them.
pub mod address;
pub mod api;
pub mod base32;
pub mod change;
pub mod daemon;
pub mod diagnostic;
pub mod digest;
pub mod doctor;
pub mod edit;
pub mod event;
pub mod export;
pub mod image;
pub mod import;
pub mod inventory;
#[cfg(test)]
mod json_schema;
pub mod lang;
pub mod log;
pub mod module;
pub mod place;
pub mod plan;
pub mod report;
pub mod revision;
pub mod span;
pub mod spec;
pub mod test;
pub mod units;
pub mod value;

/// Whether a field holds its default and can be left out of a serialized form.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
