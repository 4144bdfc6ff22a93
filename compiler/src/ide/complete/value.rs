//! Values: the few words that fit, and names of what is there.

use skep_schema::lang::{Field, Type};

use super::name::Names;
use super::{Completion, Offered};
use crate::ide::describe::choices;
use crate::ide::meaning::Meaning;
use crate::syntax::NodeRef;

const ANNOTATIONS: &[(&str, &str)] = &[
    ("var", "the value that a path leads to"),
    ("fmt", "a text with ${path} in it"),
    ("file", "the content of a file"),
    ("secret", "a secret, where one may stand"),
    ("spread", "all entries of a map"),
];

pub(super) fn annotations() -> Vec<Completion> {
    ANNOTATIONS
        .iter()
        .map(|(word, detail)| plain(word, Offered::Choice, detail))
        .collect()
}

impl Names<'_> {
    /// What fits a field.
    pub(super) fn values(
        &self,
        field: &Field,
        ty: Option<Type>,
        node: NodeRef<'_>,
        around: &[(NodeRef<'_>, Meaning)],
    ) -> Vec<Completion> {
        let fixed = choices(ty).iter();
        let mut all: Vec<Completion> = fixed
            .map(|word| {
                let is_default = field.default.is_some_and(|default| default == *word);
                let detail = if is_default { "the default" } else { "" };
                plain(word, Offered::Choice, detail)
            })
            .collect();
        match ty {
            Some(Type::Ref(kinds)) => all.extend(self.nodes(kinds)),
            Some(Type::Address) => all.extend(self.addresses()),
            Some(Type::PortRef) => all.extend(self.ports(node, around)),
            Some(Type::Image) => all.extend(self.images()),
            Some(_) | None => {}
        }
        all
    }
}

pub(super) fn plain(word: &str, sort: Offered, detail: &str) -> Completion {
    Completion {
        label: word.to_owned(),
        sort,
        detail: detail.to_owned(),
        text: word.to_owned(),
        snippet: None,
        topic: String::new(),
    }
}
