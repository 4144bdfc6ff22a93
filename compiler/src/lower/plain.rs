//! Located values of the spec without their places.

use std::collections::BTreeMap;

use serde::Serialize;
use skep_schema::address::Kind;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Map;
use skep_schema::span::{At, Span};
use skep_schema::spec::{Declared, Scalar, Text};
use skep_schema::value::Value;

use super::Lower;

/// Labels under this belong to Skep.
const OURS: &str = "skep.";

pub(super) fn value<T: Copy>(field: Option<&At<T>>) -> Option<T> {
    field.map(|at| at.value)
}

/// Whether a flag is written and not switched off.
pub(super) fn flag(field: Option<&At<bool>>) -> bool {
    value(field).unwrap_or(false)
}

pub(super) fn scalar(field: Option<&At<Scalar>>) -> Option<String> {
    field.map(|at| at.value.0.clone())
}

pub(super) fn scalars(map: &Map<Scalar>) -> BTreeMap<String, String> {
    map.iter()
        .map(|(key, value)| (key.value.as_str().to_owned(), value.value.0.clone()))
        .collect()
}

/// The value unless it is what the engine does anyway, so that spelling a default out changes nothing.
pub(super) fn unless<T: PartialEq>(value: Option<T>, engine: &T) -> Option<T> {
    value.filter(|value| value != engine)
}

impl Lower<'_, '_, '_> {
    pub(super) fn labels(&mut self, map: &Map<Scalar>) -> BTreeMap<String, String> {
        self.refuse_our_labels(map);
        scalars(map)
    }

    pub(super) fn text_labels(&mut self, map: &Map<Text>) -> BTreeMap<String, String> {
        self.refuse_our_labels(map);
        map.iter()
            .map(|(key, value)| (key.value.as_str().to_owned(), self.text(&value.value.0)))
            .collect()
    }

    fn refuse_our_labels<T>(&mut self, map: &Map<T>) {
        for (key, _) in map.iter().filter(|(key, _)| key.value.starts_with(OURS)) {
            let message = format!("the label `{}` belongs to Skep", key.value);
            self.error(
                Diagnostic::new(Code::ReservedName, key.span, message)
                    .help("choose a key that does not start with `skep.`"),
            );
        }
    }

    /// Refuses whatever is said of an external node besides its name and the words that still mean
    /// something.
    pub(super) fn refuse_beside_external<T: Serialize>(
        &mut self,
        kind: Kind,
        declared: &Declared<T>,
        fitting: &[&str],
    ) {
        let value =
            Value::of(&*declared.node).expect("spec types hold no floats and only string keys");
        let Value::Map(said) = value else { return };
        let fits = |word: &str| {
            ["name", "external", "physical"].contains(&word) || fitting.contains(&word)
        };
        if let Some(word) = said.keys().find(|word| !fits(word)) {
            let message = format!("`{word}` means nothing on an external {kind}");
            self.error(
                Diagnostic::new(Code::Contradiction, declared.name, message).help(format!(
                    "take `{word}` away, or `external` if Skep shall make the {kind}"
                )),
            );
        }
    }

    /// Refuses all but exactly one of the alternatives, given by their words and places.
    pub(super) fn exactly_one(
        &mut self,
        node: &str,
        span: Span,
        choices: &[(&str, Option<Span>)],
    ) -> bool {
        let mut said = choices
            .iter()
            .filter_map(|(word, place)| place.map(|place| (*word, place)));
        let words = || {
            let quoted = choices.iter().map(|(word, _)| format!("`{word}`"));
            quoted.collect::<Vec<_>>().join(", ")
        };
        match (said.next(), said.next()) {
            (Some(_), None) => return true,
            (None, _) => self.lacks(
                Diagnostic::new(Code::ExactlyOne, span, format!("`{node}` says too little"))
                    .help(format!("write one of {}", words())),
            ),
            (Some((first, first_span)), Some((second, second_span))) => self.error(
                Diagnostic::new(
                    Code::ExactlyOne,
                    second_span,
                    format!("`{node}` has both `{first}` and `{second}`"),
                )
                .and(first_span, format!("`{first}` is here"))
                .help(format!("keep one of {}", words())),
            ),
        }
        false
    }
}
