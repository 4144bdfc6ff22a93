//! What the table says of words, for people.

use skep_schema::change::Effect;
use skep_schema::lang::{Field, NodeInfo, Type, written};

use super::meaning::top;
use crate::edition::EDITIONS;

/// A word's documentation in Markdown, by the name of its block and its own: `Service`,
/// `Service/replicas`.
pub fn document(topic: &str) -> Option<String> {
    let (block, word) = topic.split_once('/').unwrap_or((topic, ""));
    let info = block_of(block)?;
    if word.is_empty() {
        return Some(of_block(info));
    }
    Some(of_field(info, info.field(word)?))
}

/// A block of the language by the name of its type.
fn block_of(name: &str) -> Option<&'static NodeInfo> {
    let mut open: Vec<&'static NodeInfo> = top().collect();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(info) = open.pop() {
        if info.name == name {
            return Some(info);
        }
        if seen.insert(info.name) {
            open.extend(info.fields.iter().filter_map(|field| field.shape.inner()));
        }
    }
    None
}

pub(super) fn of_block(info: &NodeInfo) -> String {
    format!("**{}**\n\n{}", info.word, paragraph(info.doc))
}

pub(super) fn of_field(info: &NodeInfo, field: &Field) -> String {
    let mut out = format!(
        "**{}**: {}\n\n{}",
        field.word,
        written(field),
        paragraph(field.doc)
    );
    let mut facts = Vec::new();
    if let Some(default) = field.default {
        facts.push(format!("default: `{default}`"));
    }
    facts.extend(decided(info, field));
    if let Some(effect) = field.effect {
        facts.push(format!("a change: {}", effect_in_words(effect)));
    }
    if field.since > 1 {
        facts.push(format!("since edition {}", field.since));
    }
    if !facts.is_empty() {
        out.push_str("\n\n- ");
        out.push_str(&facts.join("\n- "));
    }
    out
}

/// What the newest edition decides, where it differs from the engine.
fn decided(info: &NodeInfo, field: &Field) -> Option<String> {
    let property = format!("{}.{}", info.word, field.word);
    let decisions = EDITIONS.last()?.decisions;
    let decision = decisions.iter().find(|decision| {
        let path = decision.property;
        path == property || path.ends_with(&format!(".{property}"))
    })?;
    Some(format!(
        "the edition decides `{}`, not `{}` as the engine: {}",
        decision.value, decision.engine, decision.why
    ))
}

/// The type of a field, where it is one of few words.
pub(super) fn choices(ty: Option<Type>) -> &'static [&'static str] {
    match ty {
        Some(Type::OneOf(words)) => words,
        Some(Type::Bool) => &["#true", "#false"],
        Some(_) | None => &[],
    }
}

const fn effect_in_words(effect: Effect) -> &'static str {
    match effect {
        Effect::Create => "something new",
        Effect::NoRestart => "no restart",
        Effect::RollingRestart => "a rolling restart",
        Effect::Replace => "a new object beside the old one",
        Effect::Downtime => "downtime",
        Effect::Delete => "it ends",
        Effect::DataLoss => "data is lost",
    }
}

fn paragraph(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
