//! The names of a project: where each is declared and where it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use skep_schema::address::Kind;
use skep_schema::span::FileId;

use super::mention::{Given, Mention, Name, Role, Within, mentions};
use crate::expand::label;
use crate::source::{File, SourceSet};
use crate::syntax::{Document, NodeRef, Scalar, parse};

/// The texts of a project as trees, with the names in them. A text that did not change is not read
/// again.
#[derive(Debug, Default)]
pub struct Index {
    /// By path; standard components as `std:NAME`.
    pages: BTreeMap<String, Page>,
    /// Texts that others share with the project: what they declare has the import's name in front.
    foreign: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Page {
    bytes: Arc<[u8]>,
    pub(super) document: Document,
    mentions: Vec<Mention>,
    given: Vec<Given>,
    /// Those of `given` that are names.
    named: Vec<Mention>,
}

/// A name at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub file: String,
    /// The bytes of the name alone, without quotes.
    pub at: Range<usize>,
    pub role: Role,
}

impl Index {
    /// Brings the index up to date.
    pub fn update(&mut self, set: &SourceSet) {
        let mut gone: BTreeSet<String> = self.pages.keys().cloned().collect();
        gone.retain(|path| !path.starts_with("std:"));
        let mut is_other = false;
        for (path, file) in &set.files {
            let File::Bytes(bytes) = file else { continue };
            if path.ends_with(".kdl") {
                gone.remove(path);
                is_other |= self.put(path, bytes);
            }
        }
        if !is_other && gone.is_empty() {
            return;
        }
        for path in gone {
            self.pages.remove(&path);
        }
        let foreign = self.pages.keys().filter(|path| !set.is_own(path));
        self.foreign = foreign.cloned().collect();
        self.add_standard();
        self.name_given();
    }

    /// Reads a text again, unless it is the same. Whether it was another one.
    fn put(&mut self, path: &str, bytes: &Arc<[u8]>) -> bool {
        let known = self.pages.get(path);
        if known.is_some_and(|page| Arc::ptr_eq(&page.bytes, bytes) || page.bytes == *bytes) {
            return false;
        }
        let page = Page::of(bytes);
        page.map(|page| self.pages.insert(path.to_owned(), page))
            .is_some()
    }

    /// Finds the names among what uses give to components.
    fn name_given(&mut self) {
        let kinds = self.kinds_of_params();
        for page in self.pages.values_mut() {
            let named = page.given.iter().filter_map(|given| {
                let param = (given.component.clone(), given.param.clone());
                let kind = kinds.get(&param)?;
                Some(Mention {
                    name: Name::Node(*kind, given.value.clone()),
                    role: Role::Refers,
                    at: given.at.clone(),
                })
            });
            page.named = named.collect();
        }
    }

    /// The parameters of components that name nodes.
    fn kinds_of_params(&self) -> BTreeMap<(String, String), Kind> {
        let mut kinds = BTreeMap::new();
        for name in self.components() {
            let params = self
                .component(&name)
                .into_iter()
                .flat_map(NodeRef::children);
            for param in params.filter(|child| child.name().text == "param") {
                if let Some((param, kind)) = referring(param) {
                    kinds.insert((name.clone(), param), kind);
                }
            }
        }
        kinds
    }

    /// The standard components that the project imports.
    fn add_standard(&mut self) {
        let imports: Vec<String> = self.imports().into_values().collect();
        for from in imports {
            let name = from.strip_prefix("std:");
            let text = name.and_then(skep_stdlib::component);
            if let Some(text) = text {
                self.put(&from, &Arc::from(text.as_bytes()));
                self.foreign.insert(from);
            }
        }
    }

    /// Where each import comes from, by the name it is known under.
    pub(super) fn imports(&self) -> BTreeMap<String, String> {
        let roots = self.own().flat_map(|(_, page)| page.document.roots());
        let imports = roots.flat_map(|root| {
            let inner = root
                .children()
                .filter(move |_| root.name().text == "project");
            std::iter::once(root).chain(inner)
        });
        let imports = imports.filter(|node| node.name().text == "import");
        imports.filter_map(import).collect()
    }

    pub(super) fn page(&self, file: &str) -> Option<&Page> {
        self.pages.get(file)
    }

    /// The project's own texts.
    pub(super) fn own(&self) -> impl Iterator<Item = (&str, &Page)> {
        let own = self.pages.iter();
        own.filter(|(path, _)| !self.foreign.contains(*path))
            .map(|(path, page)| (path.as_str(), page))
    }

    /// Whether a text is one of the project's own.
    pub fn is_own(&self, file: &str) -> bool {
        self.pages.contains_key(file) && !self.foreign.contains(file)
    }

    /// The tree of a text.
    pub fn document(&self, file: &str) -> Option<&Document> {
        Some(&self.page(file)?.document)
    }

    /// The name that a place is in, or at the end of.
    pub fn name_at(&self, file: &str, offset: usize) -> Option<(&Name, Found)> {
        let mentions = self.page(file)?.mentions();
        let mut around = mentions.filter(|m| m.at.start <= offset && offset <= m.at.end);
        let mention = around.next()?;
        let found = Found {
            file: file.to_owned(),
            at: mention.at.clone(),
            role: mention.role,
        };
        Some((&mention.name, found))
    }

    /// Where the project's own texts mention a name, in order of file and place.
    pub fn mentions_of(&self, name: &Name) -> Vec<Found> {
        self.mentions_among(&same(name))
    }

    fn mentions_among(&self, same: &[Name]) -> Vec<Found> {
        let own = self.own().flat_map(|(file, page)| {
            let mentions = page.mentions();
            let mine = mentions.filter(move |mention| same.contains(&mention.name));
            mine.map(move |mention| Found {
                file: file.to_owned(),
                at: mention.at.clone(),
                role: mention.role,
            })
        });
        own.collect()
    }

    /// How often the project's own texts refer to each name.
    pub(super) fn uses(&self) -> BTreeMap<&Name, usize> {
        let mut counts = BTreeMap::new();
        for mention in self.own().flat_map(|(_, page)| page.mentions()) {
            if mention.role == Role::Refers {
                *counts.entry(&mention.name).or_default() += 1;
            }
        }
        counts
    }

    /// What the project's own texts declare with a part of a name in it, in any case.
    pub fn search(&self, part: &str) -> Vec<(Name, Found)> {
        let part = part.to_lowercase();
        let own = self.own().flat_map(|(file, page)| {
            let mentions = page.mentions();
            mentions.map(move |mention| (file, mention))
        });
        let fit = own.filter(|(_, mention)| {
            mention.role == Role::Declares
                && !matches!(mention.name, Name::Port(..))
                && mention.name.to_string().to_lowercase().contains(&part)
        });
        let found = fit.map(|(file, mention)| {
            let found = Found {
                file: file.to_owned(),
                at: mention.at.clone(),
                role: mention.role,
            };
            (mention.name.clone(), found)
        });
        found.collect()
    }

    /// Where a name is declared: nodes that a component makes are, as far as their names tell, where
    /// it is used.
    pub fn declarations(&self, name: &Name) -> Vec<Found> {
        let mut found = self.mentions_of(name);
        found.retain(|found| found.role == Role::Declares);
        if found.is_empty() {
            found = self.elsewhere(name);
        }
        if found.is_empty()
            && let Name::Node(_, node) = name
        {
            found = self.made(node);
        }
        found
    }

    /// The uses of components that nodes of such a name may come from.
    fn made(&self, node: &str) -> Vec<Found> {
        let ends = node.match_indices('-').map(|(at, _)| &node[..at]);
        let mut names: Vec<&str> = ends.chain([node]).collect();
        names.reverse();
        let uses = names.into_iter().map(|name| {
            let name = [Name::Instance(name.to_owned())];
            let mut found = self.mentions_among(&name);
            found.retain(|found| found.role == Role::Declares);
            found
        });
        uses.into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// What an import brings, where its text is at hand.
    fn elsewhere(&self, name: &Name) -> Vec<Found> {
        let (full, kind) = match name {
            Name::Component(full) | Name::Param(Within::Component(full), _) => (full, None),
            Name::Node(kind, full) => (full, Some(*kind)),
            Name::Instance(_)
            | Name::Param(..)
            | Name::Environment(_)
            | Name::Import(_)
            | Name::Port(..)
            | Name::File(_) => return Vec::new(),
        };
        let Some((alias, inner)) = full.split_once('.') else {
            return Vec::new();
        };
        let Some(from) = self.imports().remove(alias) else {
            return Vec::new();
        };
        let wanted = match (name, kind) {
            (Name::Param(_, param), _) => {
                Name::Param(Within::Component(inner.to_owned()), param.clone())
            }
            (_, Some(kind)) => Name::Node(kind, inner.to_owned()),
            (_, None) => Name::Component(inner.to_owned()),
        };
        let pages = self.pages.iter().filter(|(path, _)| is_from(path, &from));
        let found = pages.flat_map(|(file, page)| {
            let mine = page.mentions();
            let mine = mine.filter(|m| m.name == wanted && m.role == Role::Declares);
            mine.map(|m| Found {
                file: file.clone(),
                at: m.at.clone(),
                role: m.role,
            })
        });
        found.collect()
    }

    /// The component of a name, with its parameters.
    pub(super) fn component(&self, full: &str) -> Option<NodeRef<'_>> {
        let name = Name::Component(full.to_owned());
        let found = self.declarations(&name).into_iter().next()?;
        let roots = self.page(&found.file)?.document.roots();
        let around = |root: &NodeRef<'_>| {
            let span = root.span();
            (span.start as usize..span.end as usize).contains(&found.at.start)
        };
        roots.into_iter().find(around)
    }

    /// All names of one sort that the project's own texts declare, each once.
    pub(super) fn declared<'i, T: Ord>(
        &'i self,
        sort: impl Fn(&'i Name) -> Option<T>,
    ) -> BTreeSet<T> {
        let mentions = self.own().flat_map(|(_, page)| page.mentions());
        let declared = mentions.filter(|mention| mention.role == Role::Declares);
        declared.filter_map(|mention| sort(&mention.name)).collect()
    }

    /// The components that can be used: the project's own, and those of imports.
    pub(super) fn components(&self) -> BTreeSet<String> {
        let name = |name: &Name| {
            if let Name::Component(name) = name {
                Some(name.clone())
            } else {
                None
            }
        };
        let mut all: BTreeSet<String> = self.declared(name);
        for (alias, from) in self.imports() {
            let pages = self.pages.iter().filter(|(path, _)| is_from(path, &from));
            let mentions = pages.flat_map(|(_, page)| page.mentions());
            let declared = mentions.filter(|mention| mention.role == Role::Declares);
            let names = declared.filter_map(|mention| name(&mention.name));
            all.extend(names.map(|name| format!("{alias}.{name}")));
        }
        all
    }
}

impl Page {
    /// Nothing for what is no text.
    fn of(bytes: &Arc<[u8]>) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let document = parse(FileId(0), text.into()).document;
        let (mentions, given) = mentions(&document);
        Some(Self {
            bytes: Arc::clone(bytes),
            mentions,
            given,
            named: Vec::new(),
            document,
        })
    }

    /// All names of the text.
    pub(super) fn mentions(&self) -> impl Iterator<Item = &Mention> {
        self.mentions.iter().chain(&self.named)
    }
}

/// The names that mean the same thing: a component has another one in front of its import's.
fn same(name: &Name) -> Vec<Name> {
    let mut all = vec![name.clone()];
    let inner = |full: &str| full.split_once('.').map(|(_, inner)| inner.to_owned());
    match name {
        Name::Component(full) => all.extend(inner(full).map(Name::Component)),
        Name::Param(Within::Component(full), param) => all
            .extend(inner(full).map(|inner| Name::Param(Within::Component(inner), param.clone()))),
        Name::Instance(made) => all.push(Name::Node(Kind::Service, made.clone())),
        Name::Node(..)
        | Name::Param(..)
        | Name::Environment(_)
        | Name::Import(_)
        | Name::Port(..)
        | Name::File(_) => {}
    }
    all
}

/// A parameter that names a node, with the node's kind.
pub(super) fn referring(param: NodeRef<'_>) -> Option<(String, Kind)> {
    let word = |key: &str| match param.prop(key)?.value() {
        Scalar::Str(text) => Some(text),
        Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => None,
    };
    let kind = word("of").filter(|_| word("type") == Some("ref"))?;
    Some((label(param)?.to_owned(), Kind::parse(kind)?))
}

/// Whether a text came with an import.
fn is_from(path: &str, from: &str) -> bool {
    let folder = from
        .strip_prefix("./")
        .unwrap_or(from)
        .trim_end_matches('/');
    path == from
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// What an import is known under, and where it comes from.
fn import(node: NodeRef<'_>) -> Option<(String, String)> {
    let text = |value: Scalar<'_>| match value {
        Scalar::Str(text) => Some(text.to_owned()),
        Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => None,
    };
    let from = text(node.args().next()?.value())?;
    let alias = node.prop("as").and_then(|alias| text(alias.value()));
    let last = || from.rsplit([':', '/']).next().map(str::to_owned);
    Some((alias.or_else(last)?, from))
}
