//! Properties inside blocks: how they are found, and how a new one is spelled.

use skep_schema::lang::{Key, Node, NodeInfo, Shape, scalar_text};

use super::spell;

/// The child of a word that a key tells from its siblings.
pub(super) fn keyed<'n>(node: &'n Node, word: &str, key: Key, name: &str) -> Option<&'n Node> {
    let is_it = |child: &&Node| match key {
        Key::Name | Key::NameAnd(_) => {
            child
                .args
                .first()
                .and_then(|a| scalar_text(&a.value))
                .as_deref()
                == Some(name)
        }
        Key::Prop(key) => {
            child
                .prop(key)
                .and_then(|p| scalar_text(&p.value.value))
                .as_deref()
                == Some(name)
        }
        Key::None => true,
    };
    node.children
        .iter()
        .filter(|child| child.name.value == word)
        .find(is_it)
}

/// A property that is not there yet as a line of its node.
pub(super) fn line(path: &[String], value: &str, info: Option<&'static NodeInfo>) -> String {
    let Some((word, below)) = path.split_first() else {
        return value.to_owned();
    };
    let key = info
        .and_then(|info| info.field(word))
        .map(|field| field.shape);
    let next = info.and_then(|info| info.field(word)?.shape.inner());
    let spelled = spell::string(word);
    match (key, below) {
        (_, []) => format!("{spelled} {value}"),
        (
            Some(Shape::Nodes {
                key: Key::Name | Key::NameAnd(_),
                ..
            }),
            [name],
        ) => {
            format!("{spelled} {} {value}", spell::string(name))
        }
        (
            Some(Shape::Nodes {
                key: Key::Name | Key::NameAnd(_),
                ..
            }),
            [name, below @ ..],
        ) => {
            format!(
                "{spelled} {} {{ {} }}",
                spell::string(name),
                line(below, value, next)
            )
        }
        (_, below) => format!("{spelled} {{ {} }}", line(below, value, next)),
    }
}
