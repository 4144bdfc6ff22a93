//! From the text of a lock file to what it says. Strict: a line that is not understood is no line
//! to leave out.

use std::sync::Arc;

use skep_schema::diagnostic::Diagnostic;
use skep_schema::image::ImageDigest;
use skep_schema::module::{CommitId, ModuleName, Pin, TreeDigest};
use skep_schema::span::{FileId, Span};

use super::{Lock, VERSION, broken};
use crate::syntax::{EntryRef, NodeRef, Scalar, parse};

/// The first thing wrong is all that is told: what stands behind it may be half of a merge.
type Read<T> = Result<T, Box<Diagnostic>>;

pub(super) fn read(file: FileId, text: Arc<str>) -> Read<Lock> {
    if let Some(mark) = mark_of_a_merge(file, &text) {
        return wrong(mark, "a merge left its marks here".to_owned());
    }
    let parsed = parse(file, text);
    if let Some(first) = parsed.diagnostics.first() {
        return wrong(first.primary.span, first.message.clone());
    }
    let mut nodes = parsed.document.roots();
    head(file, nodes.next())?;
    let mut lock = Lock::default();
    for node in nodes {
        let (name, twice) = if node.name().text == "module" {
            let (module, pin) = module(node)?;
            agree(&lock, node, &module, &pin)?;
            let name = module.to_string();
            (name, lock.modules.insert(module, pin).is_some())
        } else {
            let (image, digest) = image(node)?;
            (image.clone(), lock.images.insert(image, digest).is_some())
        };
        if twice {
            return wrong(node.head_span(), format!("`{name}` is locked twice"));
        }
    }
    Ok(lock)
}

/// Two folders of a repository at one revision are of one commit.
fn agree(lock: &Lock, node: NodeRef<'_>, module: &ModuleName, pin: &Pin) -> Read<()> {
    let same = |other: &ModuleName| {
        other.repository() == module.repository() && other.rev() == module.rev()
    };
    let mut others = lock.modules.iter().filter(|(other, _)| same(other));
    match others.find(|(_, other)| other.commit != pin.commit) {
        Some(_) => wrong(
            node.head_span(),
            format!("`{}` is locked to two commits", module.rev()),
        ),
        None => Ok(()),
    }
}

/// Where both sides of a merge were kept. KDL would read the mark as a node.
fn mark_of_a_merge(file: FileId, text: &str) -> Option<Span> {
    const MARK: &str = "<<<<<<<";
    let at = if text.starts_with(MARK) {
        0
    } else {
        text.find(&format!("\n{MARK}"))? + 1
    };
    let place = |at: usize| u32::try_from(at).ok();
    Some(Span::new(file, place(at)?, place(at + MARK.len())?))
}

fn head(file: FileId, node: Option<NodeRef<'_>>) -> Read<()> {
    let Some(node) = node.filter(|node| node.name().text == "lock") else {
        let start = node.map_or_else(|| Span::new(file, 0, 0), NodeRef::head_span);
        return wrong(
            start,
            format!("it does not begin with `lock version={VERSION}`"),
        );
    };
    let alone = node.entries().count() == 1 && !node.has_children_block();
    match node.prop("version").map(EntryRef::value) {
        Some(Scalar::Int(VERSION)) if alone => Ok(()),
        _ => wrong(
            node.head_span(),
            format!("this skep reads version {VERSION} of it"),
        ),
    }
}

/// `image "redis:7" digest="sha256:.."`
fn image(node: NodeRef<'_>) -> Read<(String, ImageDigest)> {
    let name = node.name();
    if name.text != "image" {
        return wrong(name.span, format!("nothing is called `{}` here", name.text));
    }
    let mut args = node.args();
    let reference = args.next().map(EntryRef::value);
    let (Some(Scalar::Str(reference)), None) = (reference, args.next()) else {
        return wrong(node.head_span(), "`image` has one reference".to_owned());
    };
    let mut props = node.props();
    let digest = props
        .next()
        .filter(|prop| prop.key().is_some_and(|key| key.text == "digest"));
    let (Some(digest), None, false) = (digest, props.next(), node.has_children_block()) else {
        return wrong(node.head_span(), "`image` has one `digest`".to_owned());
    };
    match digest.value() {
        Scalar::Str(text) => ImageDigest::parse(text),
        Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => None,
    }
    .map(|digest| (reference.to_owned(), digest))
    .ok_or_else(|| {
        let text = "a digest is `sha256:` and 64 hexadecimal digits".to_owned();
        Box::new(broken(digest.value_span(), text))
    })
}

/// `module "https://.." rev="v1" path="web" commit=".." digest="blake3:.."`
fn module(node: NodeRef<'_>) -> Read<(ModuleName, Pin)> {
    let mut args = node.args();
    let repository = args.next().map(EntryRef::value);
    let (Some(Scalar::Str(repository)), None) = (repository, args.next()) else {
        return wrong(node.head_span(), "`module` has one repository".to_owned());
    };
    let known = |prop: &EntryRef<'_>| {
        let key = prop.key().map_or("", |key| key.text);
        matches!(key, "rev" | "path" | "commit" | "digest")
    };
    let text = |key: &str| match node.prop(key).map(EntryRef::value) {
        Some(Scalar::Str(text)) => Some(text),
        Some(Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null) | None => None,
    };
    let path = text("path");
    let expected = if path.is_some() { 4 } else { 3 };
    if !node.props().all(|prop| known(&prop))
        || node.props().count() != expected
        || node.has_children_block()
    {
        let message =
            "`module` has a `rev`, a `path` where it is a folder, a `commit` and a `digest`";
        return wrong(node.head_span(), message.to_owned());
    }
    let name = text("rev").map(|rev| ModuleName::checked(repository, rev, path.unwrap_or("")));
    let Some(Ok(name)) = name else {
        let message = format!("`{repository}` with its `rev` and `path` is no module");
        return wrong(node.head_span(), message);
    };
    let commit = text("commit").and_then(CommitId::parse);
    let digest = text("digest").and_then(TreeDigest::parse);
    let Some((commit, digest)) = commit.zip(digest) else {
        let message = "a commit is 40 hexadecimal digits, a digest `blake3:` and 64 of them";
        return wrong(node.head_span(), message.to_owned());
    };
    Ok((name, Pin { commit, digest }))
}

fn wrong<T>(span: Span, message: String) -> Read<T> {
    Err(Box::new(broken(span, message)))
}
