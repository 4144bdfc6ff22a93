//! What is to be said of a place.

use std::ops::Range;

use skep_schema::address::{Address, Kind};
use skep_schema::plan::Payload;

use super::complete::about_param;
use super::describe::{of_block, of_field};
use super::index::Index;
use super::live::Live;
use super::meaning::Meaning;
use super::mention::{Name, range};
use super::spot::{Part, Spot};
use crate::Memory;
use crate::edit::{Origin, Written, origins};
use crate::expand::label;
use crate::source::SourceSet;
use crate::syntax::{EntryRef, NodeRef};

/// A text about some bytes, in Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    pub at: Range<usize>,
    pub text: String,
}

/// What an answer may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'v> {
    pub index: &'v Index,
    pub set: &'v SourceSet,
    pub written: &'v Written,
    pub memory: &'v Memory,
    pub environment: Option<&'v str>,
    pub live: &'v Live,
}

/// Values of a node that are told at most.
const MOST: usize = 16;

/// Says what a place means: of a word what the language knows, of a value what it names, of a
/// property of a node where its value comes from.
pub fn hover(view: &View<'_>, file: &str, offset: usize) -> Option<Hover> {
    let document = view.index.document(file)?;
    let spot = Spot::of(document, offset);
    let ((node, meaning), around) = spot.split()?;
    let outer = around.last().map(|(_, meaning)| *meaning);
    let (at, mut parts) = match spot.part {
        Part::Name => (range(node.name().span), vec![of_name(node, meaning, outer)]),
        Part::Key(entry) => {
            let key = entry.key()?;
            let field = meaning.info().zip(meaning.field_of(node, entry));
            let text = field.map(|(info, field)| of_field(info, field));
            (range(key.span), vec![text])
        }
        Part::Value(entry) => {
            let named = view.index.name_at(file, offset);
            let at = named.as_ref().map(|(_, found)| found.at.clone());
            let text = named.and_then(|(name, _)| of_reference(view, name));
            let field = meaning.info().zip(meaning.field_of(node, entry));
            let of_field = field.map(|(info, field)| of_field(info, field));
            (
                at.unwrap_or_else(|| range(entry.value_span())),
                vec![text.or(of_field)],
            )
        }
        Part::Annotation | Part::Gap => return None,
    };
    if let Some((address, path)) = property(&spot) {
        parts.push(values(view, &address, &path));
    }
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| Hover {
        at,
        text: parts.join("\n\n"),
    })
}

/// What the word of a node means where it stands.
fn of_name(node: NodeRef<'_>, meaning: Meaning, outer: Option<Meaning>) -> Option<String> {
    let field = || {
        let info = outer?.info()?;
        Some((info, info.field(node.name().text)?))
    };
    match (meaning, field()) {
        (Meaning::Block(block), Some((info, field))) => {
            Some(format!("{}\n\n{}", of_field(info, field), of_block(block)))
        }
        (_, Some((info, field))) => Some(of_field(info, field)),
        (Meaning::Block(info) | Meaning::Body(info), None) => Some(of_block(info)),
        (Meaning::Overlay(info), None) => Some(of_block(info)),
        (Meaning::Value(_) | Meaning::Entry(_) | Meaning::Unknown, None) => None,
    }
}

/// What a name leads to.
fn of_reference(view: &View<'_>, name: &Name) -> Option<String> {
    let found = view.index.declarations(name).into_iter().next()?;
    let document = view.index.document(&found.file)?;
    let spot = Spot::of(document, found.at.start);
    let ((node, _), _) = spot.split()?;
    let head = node.document().text().get(range(node.head_span()))?.trim();
    let place = format!("`{}`", found.file);
    let mut text = format!("```kdl\n{head}\n```\n\n{place}");
    if let Name::Param(..) = name {
        text.push_str(&format!(": {}", about_param(node)));
        for (environment, value) in set_in(view.index, &name.to_string()) {
            text.push_str(&format!("\n- in `{environment}`: `{value}`"));
        }
    }
    if let Name::Component(_) = name {
        text.push_str(&of_component(node));
    }
    if let Name::Node(kind, name) = name {
        let address = Address::new(*kind, name.as_str());
        text.push_str(&became(view, &address));
        text.push_str(&stands(view, &address));
    }
    Some(text)
}

/// What a component is for, and what it takes.
fn of_component(node: NodeRef<'_>) -> String {
    let mut out = String::new();
    for child in node.children() {
        match (child.name().text, label(child)) {
            ("doc", Some(doc)) => out.push_str(&format!("\n\n{doc}\n")),
            ("param", Some(name)) => {
                out.push_str(&format!("\n- `{name}`: {}", about_param(child)));
            }
            (_, _) => {}
        }
    }
    out
}

/// What environments set a parameter to.
fn set_in(index: &Index, param: &str) -> Vec<(String, String)> {
    let roots = index.own().flat_map(|(_, page)| page.document.roots());
    let environments = roots.filter(|root| root.name().text == "environment");
    let sets = environments.flat_map(|environment| {
        let children = environment
            .children()
            .filter(|child| child.name().text == "set");
        children.map(move |set| (environment, set))
    });
    sets.filter(|(_, set)| label(*set) == Some(param))
        .filter_map(|(environment, set)| {
            let values: Vec<&str> = set.args().skip(1).map(EntryRef::spelling).collect();
            Some((label(environment)?.to_owned(), values.join(" ")))
        })
        .collect()
}

/// What a service runs as, as far as it is known.
fn became(view: &View<'_>, address: &Address) -> String {
    let lowered = || match address.kind {
        Kind::Service => view.memory.lowered(view.environment, &address.name),
        Kind::Param
        | Kind::Registry
        | Kind::Node
        | Kind::Network
        | Kind::Volume
        | Kind::Secret
        | Kind::Config
        | Kind::Certificate
        | Kind::Gateway
        | Kind::Route
        | Kind::Flow => None,
    };
    let Some(Payload::Service(service)) = lowered() else {
        return String::new();
    };
    format!(
        "\n- image `{}`\n- in the swarm `{}`",
        service.image, service.name
    )
}

/// How a node stands in the swarm, where a daemon tells it.
fn stands(view: &View<'_>, address: &Address) -> String {
    let Some(project) = view.memory.project() else {
        return String::new();
    };
    let all = view.live.stands(project, view.environment, address);
    let lines = all.iter().map(|one| {
        let revision = match one.revision {
            0 => String::new(),
            number => format!(", r{number}"),
        };
        format!("\n- now in `{}`: {}{revision}", one.stack, one.how)
    });
    lines.collect()
}

/// The node that a place belongs to, and the words that lead to the property there.
fn property(spot: &Spot<'_>) -> Option<(Address, Vec<String>)> {
    let (root, _) = spot.chain.first()?;
    let kind = Kind::parse(root.name().text)?;
    let mut path = Vec::new();
    for (node, meaning) in &spot.chain[1..] {
        path.push(node.name().text.to_owned());
        let is_named = matches!(meaning, Meaning::Block(info) if info.fields.first()
            .is_some_and(|field| matches!(field.shape, skep_schema::lang::Shape::Arg { required: true, .. })));
        path.extend(label(*node).filter(|_| is_named).map(str::to_owned));
    }
    if let Part::Key(entry) | Part::Value(entry) = spot.part {
        path.extend(entry.key().map(|key| key.text.to_owned()));
    }
    Some((Address::new(kind, label(*root)?), path))
}

/// Where the values of a property come from, in the chosen environment.
fn values(view: &View<'_>, address: &Address, path: &[String]) -> Option<String> {
    let path = path.join(".");
    let mut all = origins(view.set, view.written, address);
    all.retain(|origin| {
        path.is_empty() || origin.path == path || origin.path.starts_with(&format!("{path}."))
    });
    // A value that stands where it is looked at says nothing new.
    let is_plain = |origin: &Origin| origin.steps.len() < 2;
    if all.is_empty() || (!path.is_empty() && all.iter().all(is_plain)) {
        return None;
    }
    let more = all.len().saturating_sub(MOST);
    let lines: Vec<String> = all.iter().take(MOST).map(line).collect();
    let title = match view.environment {
        Some(name) => format!("`{address}` in `{name}`"),
        None => format!("`{address}`"),
    };
    let rest = if more > 0 {
        format!("\n- and {more} more")
    } else {
        String::new()
    };
    Some(format!("{title}\n\n{}{rest}", lines.join("\n")))
}

fn line(origin: &Origin) -> String {
    let steps = origin.steps.iter().map(|step| {
        format!(
            "`{}` {}:{}, {}",
            step.written, step.file, step.line, step.place
        )
    });
    let steps: Vec<String> = steps.collect();
    format!("- {}: {}", origin.path, steps.join("; from "))
}
