//! A node under another name: its declaration, and whatever names it.

mod used;

use skep_schema::address::{Address, Kind, Segment};
use skep_schema::lang::{NodeInfo, Shape, Type};
use skep_schema::spec::{IDENTITY, KINDS, STRUCTURE};

use super::site::no_node;
use super::{Refusal, Splice, Written, spell};
use crate::syntax::{EntryRef, NodeRef, Scalar};

pub use used::{rename_use, use_called};

/// Whether the object keeps its place by a `moved` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// It stays, under the name in the target that it has.
    Kept,
    /// The next apply makes another; nothing was applied yet, or it may go.
    New,
}

/// The splices that rename a node in all files of the project.
///
/// # Errors
/// There is no such node, its name is not written out, or the new name is taken.
pub fn rename(
    written: &Written,
    from: &Address,
    to: &str,
    object: Object,
) -> Result<Vec<Splice>, Refusal> {
    let node = written.node(from).ok_or_else(|| no_node(written, from))?;
    let new = Address::new(from.kind, to);
    if written.node(&new).is_some() {
        return Err(Refusal::no(
            format!("there is a `{new}` already"),
            "choose another name",
        ));
    }
    let mut renaming = Renaming {
        from,
        to,
        written,
        object,
        splices: Vec::new(),
        declared: None,
    };
    for root in written.loaded.roots() {
        renaming.top(root);
    }
    let Some(file) = renaming.declared.clone() else {
        let used = node.uses.first();
        let place = used.map_or(node.span, |used| used.item.unwrap_or(used.at));
        let what = match used.and_then(|used| used.item) {
            Some(_) => "item",
            None => "use",
        };
        let line = written.sources.position(place.file, place.start).line;
        let message = format!("the name of `{from}` is not written out");
        let help = format!(
            "a component makes it: rename its {what} at {}:{line}",
            written.sources.path(place.file)
        );
        return Err(Refusal::no(message, help));
    };
    if object == Object::Kept && from.kind.has_object() {
        let line = moved(written, &file, [&(from.clone(), new)]);
        renaming.splices.extend(line);
    }
    let mut files = renaming.splices.iter().map(|splice| &splice.file);
    match files.find(|file| written.is_derived(file)) {
        Some(file) => Err(Refusal::no(
            format!("`{from}` is written in `{file}`, a compose file, which Skep does not edit"),
            "rename it by hand, or turn the file into KDL: skep import compose",
        )),
        None => Ok(renaming.splices),
    }
}

struct Renaming<'w> {
    from: &'w Address,
    to: &'w str,
    written: &'w Written,
    object: Object,
    splices: Vec<Splice>,
    /// The file of the declaration.
    declared: Option<String>,
}

impl Renaming<'_> {
    /// A node of the top level, or one that can stand there.
    fn top(&mut self, node: NodeRef<'_>) {
        match node.name().text {
            "component" | "given" => node.children().for_each(|child| self.top(child)),
            "test" => {
                let given = |child: &NodeRef<'_>| child.name().text == "given";
                node.children()
                    .filter(given)
                    .for_each(|child| self.top(child));
                self.node(node, info_of("test"));
            }
            "environment" => node.children().for_each(|child| self.overlay(child)),
            word => {
                let declares = word == self.from.kind.word();
                if declares && let Some(name) = node.args().next() {
                    self.declaration(name);
                }
                self.node(node, info_of(word));
            }
        }
    }

    /// `patch KIND NAME`, `remove KIND NAME`, `add KIND NAME`.
    fn overlay(&mut self, node: NodeRef<'_>) {
        let mut args = node.args();
        let (Some(kind), name) = (args.next(), args.next()) else {
            return;
        };
        let Scalar::Str(kind) = kind.value() else {
            return;
        };
        if let Some(name) = name.filter(|_| kind == self.from.kind.word()) {
            match node.name().text {
                "add" => self.declaration(name),
                _ => self.name(name),
            }
        }
        let info = info_of(kind);
        node.entries().for_each(|entry| self.paths(entry));
        node.children().for_each(|child| self.child(child, info));
    }

    fn declaration(&mut self, name: EntryRef<'_>) {
        let before = self.splices.len();
        self.name(name);
        if self.splices.len() > before {
            let file = name.value_span().file;
            self.declared = Some(self.written.sources.path(file).to_owned());
        }
    }

    /// All values of a node that can name another.
    fn node(&mut self, node: NodeRef<'_>, info: Option<&'static NodeInfo>) {
        for (nth, arg) in node.args().enumerate() {
            self.value(arg, info.and_then(|info| argument(info, nth)));
        }
        for prop in node.props() {
            let key = prop.key().map_or("", |key| key.text);
            let shape = info.and_then(|info| info.field(key)).map(|f| f.shape);
            self.value(prop, shape.and_then(Shape::ty));
        }
        node.children().for_each(|child| self.child(child, info));
    }

    fn child(&mut self, child: NodeRef<'_>, parent: Option<&'static NodeInfo>) {
        let field = parent.and_then(|info| info.field(child.name().text));
        match field.map(|field| field.shape) {
            Some(Shape::Node { info } | Shape::Nodes { info, .. }) => {
                self.node(child, Some(info));
                self.keep_target(child, info);
            }
            Some(shape) => {
                child
                    .entries()
                    .for_each(|entry| self.value(entry, shape.ty()));
                child.children().for_each(|inner| self.child(inner, None));
            }
            None => self.node(child, None),
        }
    }

    /// A file that is mounted under the name of what it holds stays where its readers look for it.
    fn keep_target(&mut self, mount: NodeRef<'_>, info: &'static NodeInfo) {
        let folder = if self.from.kind == Kind::Secret {
            "/run/secrets/"
        } else {
            "/"
        };
        let is_target = |child: NodeRef<'_>| child.name().text == "target";
        let named = mount.prop("target").is_some() || mount.children().any(is_target);
        let name = mount.args().next();
        let is_mine = name.is_some_and(|n| n.value() == Scalar::Str(&self.from.name));
        let is_file = matches!(self.from.kind, Kind::Secret | Kind::Config);
        let mounts = info.word == self.from.kind.word() && info.field("target").is_some();
        if self.object == Object::Kept && is_file && mounts && is_mine && !named {
            let sources = &self.written.sources;
            let end = mount.head_span().end as usize;
            let target = spell::string(&format!("{folder}{}", self.from.name));
            let file = sources.path(mount.head_span().file);
            self.splices
                .push(Splice::new(file, end..end, format!(" target={target}")));
        }
    }

    fn value(&mut self, entry: EntryRef<'_>, ty: Option<Type>) {
        let is_ref = matches!(ty, Some(Type::Ref(kinds)) if kinds.contains(&self.from.kind));
        if is_ref && entry.annotation().is_none() {
            self.name(entry);
        } else if ty == Some(Type::Address) {
            self.address(entry);
        } else {
            self.paths(entry);
        }
    }

    fn name(&mut self, entry: EntryRef<'_>) {
        if entry.annotation().is_none() && entry.value() == Scalar::Str(&self.from.name) {
            self.replace(entry, spell::string(self.to));
        }
    }

    fn address(&mut self, entry: EntryRef<'_>) {
        let Scalar::Str(text) = entry.value() else {
            return;
        };
        let read = text.parse::<Address>().ok();
        if let Some(read) = read.filter(|a| a.kind == self.from.kind && a.name == self.from.name) {
            let new = Address {
                name: self.to.to_owned(),
                ..read
            };
            let new = new.to_string();
            let spelled = if entry.is_bare() && !new.contains('"') {
                new
            } else {
                spell::quoted(&new)
            };
            self.replace(entry, spelled);
        }
    }

    /// Paths in `(var)` and `(fmt)`, and `(secret)name`.
    fn paths(&mut self, entry: EntryRef<'_>) {
        let annotation = entry.annotation().map_or("", |a| a.text);
        if annotation == "secret"
            && self.from.kind == Kind::Secret
            && entry.value() == Scalar::Str(&self.from.name)
        {
            self.replace(entry, spell::string(self.to));
        }
        if !matches!(annotation, "var" | "fmt" | "spread") {
            return;
        }
        let old = format!("{}.{}", self.from.kind, Segment(&self.from.name));
        let new = format!("{}.{}", self.from.kind, Segment(self.to));
        // A name in quotes is spelt otherwise inside a string, so then the whole value is spelt anew.
        let plain = !old.contains('"') && !new.contains('"');
        let text = match entry.value() {
            Scalar::Str(value) if !plain => value,
            Scalar::Str(_)
            | Scalar::Int(_)
            | Scalar::Float(..)
            | Scalar::Bool(_)
            | Scalar::Null => entry.spelling(),
        };
        let mut out = String::new();
        let mut kept = 0;
        for (at, _) in text.match_indices(&old) {
            let end = at + old.len();
            let begins = text[..at]
                .chars()
                .next_back()
                .is_none_or(|c| matches!(c, '{' | '"' | ' ' | '#'));
            let ends = text[end..]
                .chars()
                .next()
                .is_none_or(|c| matches!(c, '.' | '}' | '"' | ' '));
            if begins && ends {
                out.push_str(&text[kept..at]);
                out.push_str(&new);
                kept = end;
            }
        }
        if kept > 0 {
            out.push_str(&text[kept..]);
            let spelled = if plain { out } else { spell::quoted(&out) };
            self.replace(entry, spelled);
        }
    }

    fn replace(&mut self, entry: EntryRef<'_>, new: String) {
        let splice = Splice::at(entry.value_span(), &self.written.sources, new);
        if !self.splices.contains(&splice) {
            self.splices.push(splice);
        }
    }
}

/// The `moved` lines of some objects, at the end of a file.
fn moved<'a>(
    written: &Written,
    file: &str,
    objects: impl IntoIterator<Item = &'a (Address, Address)>,
) -> Option<Splice> {
    let text = written.sources.iter().find(|(_, path, _)| *path == file);
    let text = text.map_or("", |(_, _, text)| text);
    let quoted = |address: &Address| spell::quoted(&address.to_string());
    let line = |(from, to): &(Address, Address)| {
        format!("moved from={} to={}\n", quoted(from), quoted(to))
    };
    let lines: String = objects.into_iter().map(line).collect();
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    (!lines.is_empty())
        .then(|| Splice::new(file, text.len()..text.len(), format!("{gap}\n{lines}")))
}

fn info_of(word: &str) -> Option<&'static NodeInfo> {
    let all = KINDS.iter().chain(STRUCTURE).chain(IDENTITY);
    all.copied().find(|info| info.word == word)
}

/// What the nth argument of a node is.
fn argument(info: &'static NodeInfo, nth: usize) -> Option<Type> {
    let arguments = info.fields.iter().filter_map(|field| match field.shape {
        Shape::Arg { ty, .. } => Some((ty, false)),
        Shape::Args { ty } => Some((ty, true)),
        Shape::Value { .. }
        | Shape::Flag
        | Shape::List { .. }
        | Shape::Set { .. }
        | Shape::Map { .. }
        | Shape::Node { .. }
        | Shape::Nodes { .. }
        | Shape::Any
        | Shape::Rest => None,
    });
    let all: Vec<(Type, bool)> = arguments.collect();
    let further = all.last().filter(|(_, repeats)| *repeats);
    all.get(nth).or(further).map(|(ty, _)| *ty)
}
