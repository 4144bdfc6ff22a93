//! Where the values of a node come from: the places that decide each of them, one behind the other.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Segment};
use skep_schema::lang::{Key, Node, NodeInfo, Overlay, Used};
use skep_schema::span::Span;

use super::item::key_of;
use super::param::given;
use super::site::{Walk, is_named};
use super::{Property, Written};
use crate::source::SourceSet;

/// A value of a node, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The words that lead to it: `limits.memory`.
    pub path: String,
    /// Where it is written, then what decides that in turn: an argument, an item, a parameter.
    pub steps: Vec<Step>,
}

/// One place on the way of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// What is written there, on one line.
    pub written: String,
    /// What the place is: `in the environment prod`.
    pub place: String,
}

/// The values of a node that are written somewhere, in order of writing. What an environment lays
/// over another value has that one as its last step.
pub fn origins(set: &SourceSet, written: &Written, address: &Address) -> Vec<Origin> {
    let Some(node) = written.node(address) else {
        return Vec::new();
    };
    let base = Base::of(set, written, address);
    let of_leaf = |(path, span): (Vec<String>, Span)| {
        let of = Property {
            address: address.clone(),
            path,
        };
        let mut steps = Walk::bare(written, &of, node).steps(span);
        steps.extend(base.as_ref().and_then(|base| base.replaced(&of, span)));
        Origin {
            path: spelled(&of.path),
            steps,
        }
    };
    let leaves = leaves(node, address);
    leaves.into_iter().map(of_leaf).collect()
}

/// A node as it is without the chosen environment.
struct Base {
    written: Written,
    leaves: BTreeMap<Vec<String>, Span>,
}

impl Base {
    /// Nothing where no environment is chosen, or where the node is only there.
    fn of(set: &SourceSet, written: &Written, address: &Address) -> Option<Self> {
        written.environment.as_ref()?;
        let mut set = set.clone();
        set.inputs.environment = None;
        let written = Written::of(&set);
        let leaves = leaves(written.node(address)?, address)
            .into_iter()
            .collect();
        Some(Self { written, leaves })
    }

    /// What a value of the environment is laid over.
    fn replaced(&self, of: &Property, above: Span) -> Option<Step> {
        let below = self
            .leaves
            .get(&of.path)
            .copied()
            .filter(|below| *below != above)?;
        let node = self.written.node(&of.address)?;
        let walk = Walk::bare(&self.written, of, node);
        Some(walk.step(below, format!("instead of this, {}", walk.here(below))))
    }
}

fn spelled(path: &[String]) -> String {
    let words: Vec<String> = path.iter().map(|word| Segment(word).to_string()).collect();
    words.join(".")
}

/// The values of a node, each with the words that lead to it.
fn leaves(node: &Node, address: &Address) -> Vec<(Vec<String>, Span)> {
    let mut all = Vec::new();
    collect(node, Walk::info(address), &mut Vec::new(), &mut all);
    all
}

fn collect(
    node: &Node,
    info: Option<&'static NodeInfo>,
    path: &mut Vec<String>,
    leaves: &mut Vec<(Vec<String>, Span)>,
) {
    for prop in &node.props {
        path.push(prop.key.value.to_string());
        leaves.push((path.clone(), prop.value.span));
        path.pop();
    }
    for child in &node.children {
        let depth = path.len();
        let rule = info.and_then(|info| info.field(&child.name.value));
        let rule = rule.map(|field| field.shape.overlay());
        path.push(child.name.value.to_string());
        let named = match rule {
            Some(Overlay::Keyed(_, Key::Name | Key::NameAnd(_))) => child.label(),
            Some(_) | None => None,
        };
        path.extend(named.map(|name| name.value.to_owned()));
        let values = match (
            child.args.get(usize::from(named.is_some())),
            child.args.last(),
        ) {
            (Some(first), Some(last)) if child.has_its_args() => Some(first.span.to(last.span)),
            (Some(first), Some(_)) => Some(first.span),
            (None, _) | (_, None) => None,
        };
        let is_empty = child.props.is_empty() && child.children.is_empty();
        if let Some(span) = values.or(is_empty.then_some(child.span)) {
            leaves.push((path.clone(), span));
        }
        let inner = info.and_then(|info| info.field(&child.name.value)?.shape.inner());
        collect(child, inner, path, leaves);
        path.truncate(depth);
    }
}

impl Walk<'_> {
    /// Follows a value from where it is written to what decides it.
    fn steps(&self, span: Span) -> Vec<Step> {
        let mut steps = vec![self.step(span, self.here(span))];
        let mut at = span;
        let mut uses = self.root_node().uses.as_slice();
        while let Some((next, place, rest)) = self.behind(at, uses) {
            steps.push(self.step(next, place));
            (at, uses) = (next, rest);
        }
        steps
    }

    /// What decides a value that is a parameter or of an item.
    fn behind<'u>(&self, span: Span, uses: &'u [Used]) -> Option<(Span, String, &'u [Used])> {
        let text = self.written.sources.slice(span);
        let root = self.tree.around(span).first().copied();
        let component = root.filter(|root| root.name().text == "component");
        if let (Some(key), Some(item)) = (key_of(text), self.item_around(span)) {
            let own = self.value_of_item(item, key)?;
            return Some((
                own,
                format!("in the item {}", self.name_of_item(item)),
                uses,
            ));
        }
        let param = text
            .strip_prefix("(var)")?
            .trim_matches('"')
            .strip_prefix("param.")?;
        let found = match (component, uses.split_last()) {
            (Some(component), Some((used, outer))) => {
                let declared = || component.children().find(|c| is_named(*c, "param", param));
                let of_use = self
                    .node_at(used.at)
                    .and_then(|of_use| given(of_use, param));
                (of_use.or_else(|| given(declared()?, "default"))?, outer)
            }
            (_, _) => (self.of_project_at(param)?, uses),
        };
        Some((found.0, self.here(found.0), found.1))
    }

    /// The item that the use around a place was evaluated for.
    fn item_around(&self, span: Span) -> Option<Span> {
        let around = self.tree.around(span);
        let used = self.root_node().uses.iter();
        let mut mine = used.filter(|used| around.iter().any(|node| node.head_span() == used.at));
        mine.next()?.item
    }

    /// Where a parameter of the project gets its value in a file.
    fn of_project_at(&self, param: &str) -> Option<Span> {
        let set = self
            .environment()
            .and_then(|e| e.children().find(|c| is_named(*c, "set", param)));
        if let Some(set) = set {
            return set.args().nth(1).map(crate::syntax::EntryRef::span);
        }
        let mut roots = self.written.loaded.roots();
        let declared = roots.find(|root| is_named(*root, "param", param))?;
        given(declared, "default")
    }

    fn step(&self, span: Span, place: String) -> Step {
        let sources = &self.written.sources;
        let text = sources.slice(span);
        let span = sources.written(span);
        Step {
            file: sources.path(span.file).to_owned(),
            line: sources.position(span.file, span.start).line,
            written: text.lines().next().unwrap_or_default().to_owned(),
            place,
        }
    }
}
