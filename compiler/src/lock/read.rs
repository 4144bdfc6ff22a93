//! From the text of a lock file to what it says. Strict: a line that is not understood is no line
//! to leave out.

use std::sync::Arc;

use skep_schema::diagnostic::Diagnostic;
use skep_schema::image::ImageDigest;
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
        let (image, digest) = image(node)?;
        if lock.images.insert(image.clone(), digest).is_some() {
            return wrong(node.head_span(), format!("`{image}` is locked twice"));
        }
    }
    Ok(lock)
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

fn wrong<T>(span: Span, message: String) -> Read<T> {
    Err(Box::new(broken(span, message)))
}
