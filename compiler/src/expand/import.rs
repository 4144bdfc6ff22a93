//! Components from elsewhere.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::span::{At, Span};
use skep_schema::spec::{File, Import, Scalar};

use super::load::{parse_all, read_text};
use crate::context::Context;
use crate::syntax::Document;
use crate::words::there_are;

/// What is known under one imported name.
#[derive(Debug)]
pub(crate) struct Module {
    /// Where it was imported.
    pub(crate) span: Span,
    pub(crate) documents: Vec<Document>,
}

/// Reads what an import names.
pub(super) fn import(
    cx: &mut Context<'_>,
    modules: &mut BTreeMap<String, Module>,
    import: &Import,
) {
    let from = &import.from;
    let Some(documents) = documents(cx, from) else {
        return;
    };
    let alias = import
        .alias
        .as_ref()
        .map_or_else(|| last_part(&from.value.0), |a| a.value.as_str());
    if let Some(first) = modules.get(alias) {
        cx.report(
            Diagnostic::new(
                Code::DeclaredTwice,
                from.span,
                format!("two imports are called `{alias}`"),
            )
            .and(first.span, "first here")
            .help("name one of them: as=NAME"),
        );
        return;
    }
    for other in documents
        .iter()
        .flat_map(Document::roots)
        .filter(|n| n.name().text != "component")
    {
        cx.report(
            Diagnostic::new(
                Code::BadImport,
                other.head_span(),
                format!("`{}` cannot be imported", other.name().text),
            )
            .and(from.span, "imported here")
            .help("only components can; `include` takes whole files"),
        );
    }
    modules.insert(
        alias.to_owned(),
        Module {
            span: from.span,
            documents,
        },
    );
}

fn documents(cx: &mut Context<'_>, from: &At<Scalar>) -> Option<Vec<Document>> {
    let text = from.value.0.as_str();
    if let Some(name) = text.strip_prefix("std:") {
        return standard(cx, name, from);
    }
    if text.starts_with("./") {
        return folder(cx, text, from.span);
    }
    let diagnostic = Diagnostic::new(
        Code::BadImport,
        from.span,
        format!("`{text}` cannot be imported"),
    );
    cx.report(diagnostic.help("write \"std:NAME\" or \"./FOLDER\""));
    None
}

fn standard(cx: &mut Context<'_>, name: &str, from: &At<Scalar>) -> Option<Vec<Document>> {
    let Some(text) = skep_stdlib::component(name) else {
        let names = skep_stdlib::components().map(|(name, _)| name);
        let message = format!("there are no standard components called `{name}`");
        let diagnostic = Diagnostic::new(Code::BadImport, from.span, message);
        cx.report(match nearest(name, names.clone()) {
            Some(near) => diagnostic
                .label(format!("did you mean `std:{near}`?"))
                .help(format!("write \"std:{near}\"")),
            None => diagnostic.help(there_are(names)),
        });
        return None;
    };
    let file = cx.add_source(&from.value.0, text);
    Some(parse_all(cx, vec![(file, text.into())]))
}

fn folder(cx: &mut Context<'_>, text: &str, span: Span) -> Option<Vec<Document>> {
    let clean = text.trim_end_matches('/');
    let Some(folder) = File::checked(clean).filter(|f| !f.as_str().contains('*')) else {
        let message = format!("`{text}` is not a folder inside the project");
        cx.report(Diagnostic::new(Code::BadImport, span, message).help("write \"./FOLDER\""));
        return None;
    };
    let found = cx.glob(&format!("{folder}/*.kdl"))?;
    if found.is_empty() {
        let message = format!("the folder `{folder}` holds no .kdl file");
        cx.report(Diagnostic::new(Code::BadImport, span, message));
        return None;
    }
    let texts = found
        .iter()
        .filter_map(|path| read_text(cx, path, span))
        .collect();
    Some(parse_all(cx, texts))
}

/// `std:web` and `./parts/web` are both known as `web`.
fn last_part(from: &str) -> &str {
    from.trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or(from)
}
