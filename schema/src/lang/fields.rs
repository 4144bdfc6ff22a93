//! From a tree to typed values: each shape of field in each way it can be written.

use smol_str::SmolStr;

use super::complain::{expects_value, twice};
use super::decode::{Decode, Decoder, List, Map};
use super::read::{Read, mismatch};
use super::table::{NodeInfo, Shape};
use super::taken::Taken;
use super::tree::{Arg, Literal, Node, Prop};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{At, Span};

/// A node being read: remembers what was taken, so that the rest can be refused by name.
#[derive(Debug)]
pub struct Fields<'a> {
    pub(super) node: &'a Node,
    pub(super) info: &'static NodeInfo,
    pub(super) args: Taken,
    pub(super) props: Taken,
    pub(super) children: Taken,
    /// A bit for each word that is written as a property or a child: most fields of a kind are not.
    written: u64,
    pub(super) complete: bool,
    /// Whether something missing was reported.
    pub(super) lacking: bool,
}

impl<'a> Fields<'a> {
    pub fn new(node: &'a Node, info: &'static NodeInfo) -> Self {
        Self {
            node,
            info,
            args: Taken::none_of(node.args.len()),
            props: Taken::none_of(node.props.len()),
            children: Taken::none_of(node.children.len()),
            written: written(node),
            complete: true,
            lacking: false,
        }
    }

    /// The next positional argument. A missing required one spoils the node.
    pub fn arg<T: Read>(&mut self, cx: &mut Decoder, word: &str) -> Option<At<T>> {
        let Some(index) = self.args.left().next() else {
            self.missing(cx, word);
            return None;
        };
        self.args.take(index);
        let read = read_arg(cx, &self.node.args[index]);
        self.complete &= read.is_some();
        read
    }

    /// The next positional argument, where there is one.
    pub fn opt_arg<T: Read>(&mut self, cx: &mut Decoder, _word: &str) -> Option<At<T>> {
        let index = self.args.left().next()?;
        if self.is_flag_word(&self.node.args[index]) {
            return None;
        }
        self.args.take(index);
        read_arg(cx, &self.node.args[index])
    }

    /// All arguments that are left.
    pub fn args<T: Read>(&mut self, cx: &mut Decoder, _word: &str) -> Vec<At<T>> {
        let rest: Vec<usize> = self.args.left().collect();
        self.args.take_from(0);
        rest.into_iter()
            .filter_map(|i| read_arg(cx, &self.node.args[i]))
            .collect()
    }

    /// A scalar, written as a property or as a child with one argument.
    pub fn value<T: Read>(&mut self, cx: &mut Decoder, word: &str) -> Option<At<T>> {
        let arg = self.single(cx, word)?;
        read_arg(cx, arg)
    }

    /// A scalar that must be there.
    pub fn need<T: Read>(&mut self, cx: &mut Decoder, word: &str) -> Option<At<T>> {
        let written = self.is_written(word);
        let read = self.value(cx, word);
        if !written {
            self.missing(cx, word);
        }
        self.complete &= read.is_some();
        read
    }

    /// A flag: a bare child, a trailing bare word, or either form with a boolean.
    pub fn flag(&mut self, cx: &mut Decoder, word: &str) -> Option<At<bool>> {
        if let Some(index) = self.trailing(word) {
            self.args.take(index);
            return Some(At::new(true, self.node.args[index].span));
        }
        if !self.may_have(word) {
            return None;
        }
        let child = self.node.children.iter().position(|c| c.name.value == word);
        if let Some(index) = child.filter(|i| self.node.children[*i].args.is_empty()) {
            self.take_child(cx, word);
            nothing_inside(cx, &self.node.children[index]);
            return Some(At::new(true, self.node.children[index].name.span));
        }
        self.value(cx, word)
    }

    /// A list: a child with arguments, a property for a single one, or the rest of the line after
    /// the bare word, as in `from command cat file`.
    pub fn list<T: Read>(&mut self, cx: &mut Decoder, word: &str) -> Option<List<T>> {
        if let Some(index) = self.trailing(word) {
            let span = self.node.args[index].span;
            self.args.take_from(index);
            let items = self.node.args[index + 1..]
                .iter()
                .filter_map(|a| read_arg(cx, a))
                .collect();
            return Some(List { items, span });
        }
        let span = self.written_at(word)?;
        if let Some(index) = self.take_prop(cx, word) {
            let items = read_arg(cx, &self.node.props[index].value)
                .into_iter()
                .collect();
            return Some(List { items, span });
        }
        let index = self.take_child(cx, word)?;
        let child = &self.node.children[index];
        no_props(cx, child);
        nothing_under(cx, child);
        if child.args.is_empty() && child.props.is_empty() && child.children.is_empty() {
            expects_value(cx, child);
        }
        Some(List {
            items: child.args.iter().filter_map(|a| read_arg(cx, a)).collect(),
            span,
        })
    }

    /// A list that may be written several times.
    pub fn set<T: Read>(&mut self, cx: &mut Decoder, word: &str) -> Vec<At<T>> {
        let mut all = Vec::new();
        if !self.may_have(word) {
            return all;
        }
        for (index, prop) in self
            .node
            .props
            .iter()
            .enumerate()
            .filter(|(_, p)| p.key.value == word)
        {
            self.props.take(index);
            all.extend(read_arg(cx, &prop.value));
        }
        for (index, child) in self
            .node
            .children
            .iter()
            .enumerate()
            .filter(|(_, c)| c.name.value == word)
        {
            self.children.take(index);
            no_props(cx, child);
            nothing_under(cx, child);
            if child.args.is_empty() {
                expects_value(cx, child);
            }
            all.extend(child.args.iter().filter_map(|a| read_arg(cx, a)));
        }
        all
    }

    /// A map: keys and values as properties, as children, or as two arguments; may be repeated.
    pub fn map<T: Read>(&mut self, cx: &mut Decoder, word: &str) -> Map<T> {
        let mut map = Map::default();
        if !self.may_have(word) {
            return map;
        }
        for (index, child) in self
            .node
            .children
            .iter()
            .enumerate()
            .filter(|(_, c)| c.name.value == word)
        {
            self.children.take(index);
            read_entries(cx, child, &mut map);
        }
        map
    }

    /// A child of its own kind, at most once; a trailing bare word is one without content. In a box,
    /// since most are not written.
    pub fn node<N: Decode>(&mut self, cx: &mut Decoder, word: &str) -> Option<Box<N>> {
        if let Some(index) = self.trailing(word) {
            self.args.take(index);
            return N::decode(&Node::bare(word, self.node.args[index].span), cx).map(Box::new);
        }
        if let Some(index) = self.take_prop(cx, word) {
            return N::decode(&short_form(word, &self.node.props[index]), cx).map(Box::new);
        }
        let index = self.take_child(cx, word)?;
        N::decode(&self.node.children[index], cx).map(Box::new)
    }

    /// Children of a kind, any number.
    pub fn nodes<N: Decode>(&mut self, cx: &mut Decoder, word: &str) -> Vec<N> {
        if !self.may_have(word) {
            return Vec::new();
        }
        let Node {
            props, children, ..
        } = self.node;
        let props_of_word = props.iter().filter(|p| p.key.value == word).count();
        let children_of_word = children.iter().filter(|c| c.name.value == word).count();
        let mut all = Vec::with_capacity(props_of_word + children_of_word);
        for (index, prop) in props
            .iter()
            .enumerate()
            .filter(|(_, p)| p.key.value == word)
        {
            self.props.take(index);
            all.extend(N::decode(&short_form(word, prop), cx));
        }
        for (index, child) in children
            .iter()
            .enumerate()
            .filter(|(_, c)| c.name.value == word)
        {
            self.children.take(index);
            all.extend(N::decode(child, cx));
        }
        all
    }

    /// A value of any shape: the child it is, or the child its property stands for.
    pub fn any(&mut self, cx: &mut Decoder, word: &str) -> Option<Node> {
        if let Some(index) = self.take_prop(cx, word) {
            return Some(short_form(word, &self.node.props[index]));
        }
        let index = self.take_child(cx, word)?;
        Some(self.node.children[index].clone())
    }

    /// All that is left, as a node of the same name and place.
    pub fn rest(&mut self, _cx: &mut Decoder, _word: &str) -> Node {
        let rest = Node {
            name: self.node.name.clone(),
            args: left(&self.node.args, &self.args),
            props: left(&self.node.props, &self.props),
            children: left(&self.node.children, &self.children),
            span: self.node.span,
            uses: self.node.uses.clone(),
        };
        self.args.take_from(0);
        self.props.take_from(0);
        self.children.take_from(0);
        rest
    }

    /// Refuses what nobody took; says whether the node is whole.
    pub fn finish(mut self, cx: &mut Decoder) -> bool {
        for index in self.props.left() {
            self.unknown(cx, &self.node.props[index].key);
        }
        for index in self.children.left() {
            self.unknown(cx, &self.node.children[index].name);
        }
        for index in self.args.left() {
            let arg = &self.node.args[index];
            if !matches!(arg.value, Literal::Unknown) {
                self.complete = false;
                self.surplus(cx, arg);
            }
        }
        self.complete
    }

    fn is_written(&self, word: &str) -> bool {
        self.written_at(word).is_some()
    }

    /// Whether a property or a child of that name can be there.
    const fn may_have(&self, word: &str) -> bool {
        self.written & bit(word) != 0
    }

    fn written_at(&self, word: &str) -> Option<Span> {
        if !self.may_have(word) {
            return None;
        }
        let prop = self
            .node
            .props
            .iter()
            .find(|p| p.key.value == word)
            .map(|p| p.key.span);
        prop.or_else(|| {
            self.node
                .children
                .iter()
                .find(|c| c.name.value == word)
                .map(|c| c.span)
        })
    }

    /// The one value of a word, with a complaint about a second one.
    fn single(&mut self, cx: &mut Decoder, word: &str) -> Option<&'a Arg> {
        if let Some(index) = self.take_prop(cx, word) {
            return Some(&self.node.props[index].value);
        }
        let index = self.take_child(cx, word)?;
        let child = &self.node.children[index];
        no_props(cx, child);
        nothing_under(cx, child);
        let Some(first) = child.args.first() else {
            if child.props.is_empty() && child.children.is_empty() {
                expects_value(cx, child);
            }
            return None;
        };
        if let Some(second) = child.args.get(1) {
            cx.report(
                Diagnostic::new(
                    Code::SurplusArgument,
                    second.span,
                    format!("`{word}` takes one value"),
                )
                .label("one too many"),
            );
        }
        Some(first)
    }

    /// Takes a property and everything else written under the same word.
    fn take_prop(&mut self, cx: &mut Decoder, word: &str) -> Option<usize> {
        if !self.may_have(word) {
            return None;
        }
        let mut all = (0..self.node.props.len()).filter(|i| self.node.props[*i].key.value == word);
        let first = all.next()?;
        let first_span = self.node.props[first].key.span;
        self.props.take(first);
        for index in all {
            self.props.take(index);
            twice(cx, word, self.node.props[index].key.span, first_span);
        }
        for index in
            (0..self.node.children.len()).filter(|i| self.node.children[*i].name.value == word)
        {
            self.children.take(index);
            twice(cx, word, self.node.children[index].name.span, first_span);
        }
        Some(first)
    }

    /// Takes the child of a word and all others of the same word, with a complaint about those.
    fn take_child(&mut self, cx: &mut Decoder, word: &str) -> Option<usize> {
        if !self.may_have(word) {
            return None;
        }
        let children = &self.node.children;
        let mut all = (0..children.len()).filter(|i| children[*i].name.value == word);
        let first = all.next()?;
        self.children.take(first);
        for index in all {
            self.children.take(index);
            twice(
                cx,
                word,
                children[index].name.span,
                children[first].name.span,
            );
        }
        Some(first)
    }

    fn trailing(&self, word: &str) -> Option<usize> {
        let named = |arg: &Arg| matches!(&arg.value, Literal::Str(text) if text == word);
        self.args.left().find(|at| named(&self.node.args[*at]))
    }

    fn is_flag_word(&self, arg: &Arg) -> bool {
        let Literal::Str(text) = &arg.value else {
            return false;
        };
        self.info
            .field(text)
            .is_some_and(|f| matches!(f.shape, Shape::Flag | Shape::Node { .. }))
    }
}

/// The bits of all words that are written in a node.
fn written(node: &Node) -> u64 {
    let props = node.props.iter().map(|prop| bit(&prop.key.value));
    let children = node.children.iter().map(|child| bit(&child.name.value));
    props.chain(children).fold(0, |all, bit| all | bit)
}

/// One of 64 bits, told by the length of a word and the letters at its ends. Words may share one.
const fn bit(word: &str) -> u64 {
    let letters = word.as_bytes();
    match letters {
        [] => 1,
        [first, ..] => {
            let last = letters[letters.len() - 1] as usize;
            1 << ((letters.len() + *first as usize * 7 + last * 3) % 64)
        }
    }
}

fn left<T: Clone>(all: &[T], taken: &Taken) -> Vec<T> {
    taken.left().map(|at| all[at].clone()).collect()
}

/// The child that a property stands for.
fn short_form(word: &str, prop: &Prop) -> Node {
    let mut node = Node::bare(word, prop.key.span);
    node.args.push(prop.value.clone());
    node
}

fn read_arg<T: Read>(cx: &mut Decoder, arg: &Arg) -> Option<At<T>> {
    T::read(&arg.value, arg.span, cx).map(|value| At::new(value, arg.span))
}

fn read_entries<T: Read>(cx: &mut Decoder, node: &Node, map: &mut Map<T>) {
    map.entries
        .reserve_exact(node.props.len() + node.children.len());
    let mut put = |cx: &mut Decoder, key: At<SmolStr>, value: &Arg| {
        if let Some((first, _)) = map.entries.iter().find(|(k, _)| k.value == key.value) {
            twice(cx, &key.value, key.span, first.span);
            return;
        }
        if let Some(value) = read_arg(cx, value) {
            map.entries.push((key, value));
        }
    };
    if let [key, value] = node.args.as_slice() {
        if let Literal::Str(text) = &key.value {
            put(cx, At::new(text.clone(), key.span), value);
        } else {
            mismatch(cx, &key.value, key.span, "a name");
        }
    } else if let Some(first) = node
        .args
        .iter()
        .find(|a| !matches!(a.value, Literal::Unknown))
    {
        let message = format!("`{}` takes keys with values", node.name.value);
        cx.report(
            Diagnostic::new(Code::SurplusArgument, first.span, message).help(format!(
                "write `{} KEY=value` or `{} {{ KEY value }}`",
                node.name.value, node.name.value
            )),
        );
    }
    for prop in &node.props {
        put(cx, prop.key.clone(), &prop.value);
    }
    for child in &node.children {
        match child.args.first() {
            Some(value)
                if child.args.len() == 1 && child.props.is_empty() && child.children.is_empty() =>
            {
                put(cx, child.name.clone(), value);
            }
            Some(_) | None => expects_value(cx, child),
        }
    }
}

fn no_props(cx: &mut Decoder, child: &Node) {
    for prop in &child.props {
        let message = format!("`{}` takes no properties", child.name.value);
        cx.report(Diagnostic::new(
            Code::UnknownProperty,
            prop.key.span,
            message,
        ));
    }
}

fn nothing_under(cx: &mut Decoder, child: &Node) {
    if let Some(inner) = child.children.first() {
        let message = format!("`{}` takes no children", child.name.value);
        cx.report(Diagnostic::new(Code::UnknownNode, inner.name.span, message));
    }
}

fn nothing_inside(cx: &mut Decoder, child: &Node) {
    no_props(cx, child);
    nothing_under(cx, child);
}
