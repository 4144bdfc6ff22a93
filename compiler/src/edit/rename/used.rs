//! A use of a component under another name: what it makes is called otherwise, wherever that is named.

use skep_schema::address::{Address, Kind};
use skep_schema::lang::Node;
use skep_schema::span::Span;

use super::super::splice::spliced;
use super::super::{Refusal, Splice, Written};
use super::{Object, Renaming, moved};
use crate::decode::name_of;
use crate::source::SourceSet;
use crate::syntax::{EntryRef, NodeRef, Scalar};

/// The splices that rename a use of a component in all files of the project, `name` being the one that
/// writes its new name. `written` is of `set`.
///
/// # Errors
/// No use stands there, what it makes cannot be told apart under the new name, or one of the new
/// names is taken.
pub fn rename_use(
    set: &SourceSet,
    written: &Written,
    name: Splice,
    object: Object,
) -> Result<Vec<Splice>, Refusal> {
    let nowhere = || Refusal::no("no use of a component stands there", "name one that does");
    let edited = spliced(set, [&name]).ok_or_else(nowhere)?;
    let edited = Written::of(&edited);
    let before = made(written, &name).ok_or_else(nowhere)?;
    let after = made(&edited, &name).ok_or_else(nowhere)?;
    let kinds = |all: &[Address]| all.iter().map(|address| address.kind).collect::<Vec<_>>();
    if kinds(&before) != kinds(&after) {
        return Err(Refusal::no(
            "under that name it makes other nodes than now",
            "rename it by hand, with a `moved` line for each node that stays",
        ));
    }
    let pairs = before.into_iter().zip(after);
    let renamed: Vec<(Address, Address)> = pairs.filter(|(from, to)| from != to).collect();
    let taken =
        |new: &Address| written.node(new).is_some() && renamed.iter().all(|(old, _)| old != new);
    if let Some((_, new)) = renamed.iter().find(|(_, new)| taken(new)) {
        return Err(Refusal::no(
            format!("there is a `{new}` already"),
            "choose another name",
        ));
    }
    let file = name.file.clone();
    let mut splices = vec![name];
    for (from, to) in &renamed {
        let mut renaming = Renaming {
            from,
            to: &to.name,
            written,
            object,
            splices: Vec::new(),
            declared: None,
        };
        written.loaded.roots().for_each(|root| renaming.top(root));
        splices.append(&mut renaming.splices);
    }
    if object == Object::Kept {
        let kept = renamed.iter().filter(|(from, _)| from.kind.has_object());
        splices.extend(moved(written, &file, kept));
    }
    Ok(splices)
}

/// The place of the name of the one use that is called so, `use COMPONENT NAME`.
///
/// # Errors
/// There is none, or there are several.
pub fn use_called(written: &Written, name: &str) -> Result<Span, Refusal> {
    let uses = written
        .loaded
        .roots()
        .filter(|root| root.name().text == "use");
    let names = uses.filter_map(|root| root.args().nth(1));
    let called =
        names.filter(|entry| entry.annotation().is_none() && entry.value() == Scalar::Str(name));
    let places: Vec<Span> = called.map(EntryRef::value_span).collect();
    match places.as_slice() {
        [place] => Ok(*place),
        [] => Err(Refusal::no(
            format!("no use of a component is called `{name}`"),
            "name one as it is written: `use COMPONENT NAME` is `use.NAME`",
        )),
        [..] => Err(Refusal::no(
            format!("{} uses are called `{name}`", places.len()),
            "rename them in an editor, one by one",
        )),
    }
}

/// The nodes that the use makes in whose name a splice begins, in the order in which it makes them.
fn made(written: &Written, name: &Splice) -> Option<Vec<Address>> {
    let is_it = |root: &NodeRef<'_>| {
        let span = root.span();
        root.name().text == "use"
            && written.sources.path(span.file) == name.file
            && (span.start as usize..span.end as usize).contains(&name.start)
    };
    let place = written.loaded.roots().find(is_it)?.span();
    let is_made = |node: &&Node| node.uses.first().is_some_and(|used| place.holds(used.at));
    let address = |node: &Node| {
        let kind = Kind::parse(&node.name.value)?;
        Some(Address::new(kind, name_of(kind, node)?))
    };
    Some(
        written
            .nodes()
            .filter(is_made)
            .filter_map(address)
            .collect(),
    )
}
