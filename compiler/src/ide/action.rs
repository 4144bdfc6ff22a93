//! What an editor offers to do about a mistake, or about what stands at a place.

use std::ops::Range;

use skep_schema::address::Kind;
use skep_schema::diagnostic::{Applicability, Code, Diagnostic, Severity};
use skep_schema::span::Sources;

use super::index::Index;
use super::mention::{Name, Role, range};
use super::spot::Spot;
use crate::edit::{Splice, child_place, string as spelled};
use crate::expand::label;
use crate::syntax::{NodeRef, Scalar};

/// An edit of the project under a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub title: String,
    /// Whether it is always right.
    pub preferred: bool,
    pub splices: Vec<Splice>,
}

/// All that can be done about a diagnostic, the likeliest first.
pub fn actions(index: &Index, diagnostic: &Diagnostic, sources: &Sources) -> Vec<Action> {
    let mut all = fixes(index, diagnostic, sources);
    match diagnostic.code {
        Code::UnknownName => all.extend(declare(index, diagnostic, sources)),
        Code::LiteralSecret => all.extend(to_secret(index, diagnostic, sources)),
        _ => {}
    }
    if diagnostic.severity < Severity::Error {
        all.extend(allow(index, diagnostic, sources));
    }
    all
}

/// The fixes that it carries, of the project's own texts.
fn fixes(index: &Index, diagnostic: &Diagnostic, sources: &Sources) -> Vec<Action> {
    let own = |span: &skep_schema::span::Span| index.is_own(sources.path(span.file));
    let fixes = diagnostic.fixes.iter();
    let fixes = fixes.filter(|fix| fix.edits.iter().all(|(span, _)| own(span)));
    fixes
        .map(|fix| {
            let edits = fix.edits.iter();
            Action {
                title: fix.title.clone(),
                preferred: fix.applicability == Applicability::Safe,
                splices: edits
                    .map(|(span, text)| Splice::at(*span, sources, text.as_str()))
                    .collect(),
            }
        })
        .collect()
}

/// The top-level node around a diagnostic, with its file.
fn around<'i>(
    index: &'i Index,
    diagnostic: &Diagnostic,
    sources: &'i Sources,
) -> Option<(&'i str, NodeRef<'i>)> {
    let span = diagnostic.primary.span;
    let file = sources.path(span.file);
    let document = index.document(file).filter(|_| index.is_own(file))?;
    let spot = Spot::of(document, span.start as usize);
    let (root, _) = spot.chain.first()?;
    Some((file, *root))
}

/// `allow CODE "reason"` in the node around a lint.
fn allow(index: &Index, diagnostic: &Diagnostic, sources: &Sources) -> Option<Action> {
    let (file, root) = around(index, diagnostic, sources)?;
    let line = format!("allow {} \"say why this is right here\"", diagnostic.code);
    let (at, text) = child_place(root.document().text(), root, &line);
    let name = label(root).unwrap_or(root.name().text);
    Some(Action {
        title: format!("allow {} in `{name}`", diagnostic.code),
        preferred: false,
        splices: vec![Splice::new(file, at..at, text)],
    })
}

/// The node that a reference looks for and that nothing declares.
fn declare(index: &Index, diagnostic: &Diagnostic, sources: &Sources) -> Option<Action> {
    let (file, root) = around(index, diagnostic, sources)?;
    let (name, _) = index.name_at(file, diagnostic.primary.span.start as usize + 1)?;
    let Name::Node(kind, name) = name else {
        return None;
    };
    let spelled = spelled(name);
    let node = match kind {
        Kind::Network | Kind::Volume => format!("{kind} {spelled}"),
        Kind::Secret => format!("secret {spelled} {{ from env={} }}", variable(name)),
        Kind::Config => format!("config {spelled} {{ file {spelled} }}"),
        Kind::Param
        | Kind::Registry
        | Kind::Node
        | Kind::Certificate
        | Kind::Service
        | Kind::Gateway
        | Kind::Route
        | Kind::Flow => return None,
    };
    Some(Action {
        title: format!("declare the {kind} `{name}`"),
        preferred: false,
        splices: vec![before(file, root, &node)],
    })
}

/// A node in front of another one of the top.
fn before(file: &str, root: NodeRef<'_>, node: &str) -> Splice {
    let at = range(root.span()).start;
    Splice::new(file, at..at, format!("{node}\n\n"))
}

/// `DB_PASSWORD` of `db-password`.
fn variable(name: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(word).collect()
}

/// A value in clear becomes a secret that is mounted, by the custom of `NAME_FILE`.
fn to_secret(index: &Index, diagnostic: &Diagnostic, sources: &Sources) -> Option<Action> {
    let (file, root) = around(index, diagnostic, sources)?;
    let at = diagnostic.primary.span.start as usize;
    let document = index.document(file)?;
    let spot = Spot::of(document, at);
    let ((node, _), _) = spot.split()?;
    let (key, written, joint) = variable_at(node, at)?;
    let name = key.to_lowercase().replace('_', "-");
    let has = |name: &str| {
        let name = Name::Node(Kind::Secret, name.to_owned());
        let found = index.mentions_of(&name);
        found.iter().any(|found| found.role == Role::Declares)
    };
    let mut splices = vec![Splice::new(
        file,
        written,
        format!("{key}_FILE{joint}\"/run/secrets/{name}\""),
    )];
    let (at, text) = child_place(document.text(), root, &format!("secret {}", spelled(&name)));
    splices.push(Splice::new(file, at..at, text));
    if !has(&name) {
        let declared = format!("secret {} {{ from env={key} }}", spelled(&name));
        splices.push(before(file, root, &declared));
    }
    Some(Action {
        title: format!("read it from the secret `{name}`, as `{key}_FILE`"),
        preferred: false,
        splices,
    })
}

/// The variable whose value stands at a place, its bytes, and what parts the two.
fn variable_at(node: NodeRef<'_>, at: usize) -> Option<(&str, Range<usize>, &'static str)> {
    if label(node).is_some() && node.entries().count() == 1 {
        return Some((node.name().text, range(node.head_span()), " "));
    }
    let mut entries = node.entries();
    let entry = entries.find(|entry| range(entry.span()).contains(&at))?;
    match (entry.key(), entry.value()) {
        (Some(key), Scalar::Str(_)) => Some((key.text, range(entry.span()), "=")),
        (_, _) => None,
    }
}
