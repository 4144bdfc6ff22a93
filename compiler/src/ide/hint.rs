//! What stands beside a text: how often a node is used, and what is meant where it is silent.

use std::ops::Range;

use skep_schema::address::Address;
use skep_schema::plan::{FailureAction, Order, Payload, Service};

use super::index::Index;
use super::mention::{Name, Role, range};
use crate::Memory;
use crate::edition::{EDITIONS, Edition};
use crate::expand::label;
use crate::syntax::NodeRef;

/// A word that is not written, behind what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub at: usize,
    pub text: String,
    /// Why it is meant.
    pub why: String,
}

/// A line above a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The name of the node.
    pub at: Range<usize>,
    pub uses: usize,
    /// The node, where a plan has it as an object of its own.
    pub planned: Option<Address>,
}

/// What the edition decides for the services of a text.
pub fn hints(
    index: &Index,
    memory: &Memory,
    environment: Option<&str>,
    file: &str,
    bytes: &Range<usize>,
) -> Vec<Hint> {
    let Some(document) = index.document(file) else {
        return Vec::new();
    };
    let services = document.roots().filter(|root| {
        let span = range(root.span());
        root.name().text == "service" && span.start <= bytes.end && bytes.start <= span.end
    });
    services
        .flat_map(|service| {
            let lowered = memory.lowered(environment, label(service).unwrap_or_default());
            match lowered {
                Some(Payload::Service(lowered)) => of_service(service, lowered),
                Some(_) | None => Vec::new(),
            }
        })
        .collect()
}

fn of_service(node: NodeRef<'_>, lowered: &Service) -> Vec<Hint> {
    let at = node.head_span().end as usize;
    let decided = decided(lowered);
    decided
        .into_iter()
        .filter(|(property, _)| !is_written(node, property))
        .map(|(property, value)| Hint {
            at,
            text: format!("{property}={value}"),
            why: reason(&format!("service.{property}"))
                .unwrap_or_default()
                .to_owned(),
        })
        .collect()
}

/// The values of a service that an edition may have decided, by their words.
fn decided(service: &Service) -> Vec<(&'static str, &'static str)> {
    let order = service.update.order.map(|order| match order {
        Order::StartFirst => ("update.order", "start-first"),
        Order::StopFirst => ("update.order", "stop-first"),
    });
    let on_failure = service.update.on_failure.map(|action| match action {
        FailureAction::Pause => ("update.on-failure", "pause"),
        FailureAction::Continue => ("update.on-failure", "continue"),
        FailureAction::Rollback => ("update.on-failure", "rollback"),
    });
    let network = (!service.networks.is_empty()).then_some(("network", "default"));
    order.into_iter().chain(on_failure).chain(network).collect()
}

/// Whether a node has a property of a block: on the block's line, or inside.
fn is_written(node: NodeRef<'_>, property: &str) -> bool {
    let (block, word) = property.split_once('.').unwrap_or((property, ""));
    let mut blocks = node.children().filter(|child| child.name().text == block);
    if word.is_empty() {
        return blocks.next().is_some() || node.prop(block).is_some();
    }
    blocks.any(|block| {
        block.prop(word).is_some() || block.children().any(|child| child.name().text == word)
    })
}

fn reason(property: &str) -> Option<&'static str> {
    let decisions = EDITIONS.last().map(|edition: &Edition| edition.decisions)?;
    let decision = decisions
        .iter()
        .find(|decision| decision.property == property)?;
    Some(decision.why)
}

/// The nodes of a text that others can name.
pub fn lenses(index: &Index, file: &str) -> Vec<Lens> {
    let Some(page) = index.page(file) else {
        return Vec::new();
    };
    let uses = index.uses();
    let declared = page
        .mentions()
        .filter(|mention| mention.role == Role::Declares);
    let lenses = declared.filter_map(|mention| {
        let planned = match &mention.name {
            Name::Node(kind, name) => kind
                .has_object()
                .then(|| Address::new(*kind, name.as_str())),
            Name::Component(_) | Name::Param(..) => None,
            Name::Instance(_)
            | Name::Environment(_)
            | Name::Import(_)
            | Name::Port(..)
            | Name::File(_) => return None,
        };
        Some(Lens {
            at: mention.at.clone(),
            uses: uses.get(&mention.name).copied().unwrap_or_default(),
            planned,
        })
    });
    lenses.collect()
}
