//! What is wrong, as editors show it.

use std::collections::BTreeMap;

use gen_lsp_types as lsp;
use skep_compiler::Checked;
use skep_compiler::source::ROOT;
use skep_schema::diagnostic::{Code, Diagnostic, Label, Severity};
use skep_schema::span::{Sources, Span};

use crate::opened::{Opened, Told};
use crate::position::{Encoding, Lines};
use crate::state::State;
use crate::uri;

/// What has to be told of the files of a project, after a check. What the editor has already is left
/// out.
pub(crate) fn news(
    state: &mut State,
    root: &std::path::Path,
) -> Vec<lsp::PublishDiagnosticsParams> {
    let Some(project) = state.projects.get(root) else {
        return Vec::new();
    };
    let found = diagnostics(project, state.client.encoding, state.client.related);
    let known = project.told.keys().cloned();
    let files: std::collections::BTreeSet<String> = found.keys().cloned().chain(known).collect();
    let mut news = Vec::new();
    let mut told = BTreeMap::new();
    for file in files {
        let (uri, version) = state.address(&project.path_of(&file));
        let diagnostics = found.get(&file).cloned().unwrap_or_default();
        let before = project.told.get(&file).cloned().unwrap_or_default();
        let is_other = before.diagnostics != diagnostics;
        if is_other || (version.is_some() && before.version != version) {
            news.push(lsp::PublishDiagnosticsParams {
                uri,
                version,
                diagnostics: diagnostics.clone(),
            });
        }
        let revision = before.revision + u32::from(is_other);
        told.insert(
            file,
            Told {
                version,
                diagnostics,
                revision,
            },
        );
    }
    if let Some(project) = state.projects.get_mut(root) {
        project.told = told;
        project.untold = false;
    }
    news
}

/// The diagnostics of each file of a project that has any, or is open.
fn diagnostics(
    project: &Opened,
    encoding: Encoding,
    related: bool,
) -> BTreeMap<String, Vec<lsp::Diagnostic>> {
    let mut found: BTreeMap<String, Vec<lsp::Diagnostic>> = BTreeMap::new();
    if let Some(trouble) = &project.trouble {
        let own = found.entry(ROOT.to_owned()).or_default();
        own.push(of_trouble(trouble));
    }
    let Some(checked) = &project.checked else {
        return found;
    };
    let places = Places::of(project, checked, encoding);
    for diagnostic in &checked.diagnostics {
        let at = places.shown(diagnostic);
        let told = places.told(diagnostic, at, related);
        let file = at.map_or(ROOT, |span| checked.sources.path(span.file));
        found.entry(file.to_owned()).or_default().push(told);
    }
    for name in project.watch.opened() {
        found.entry(name.to_owned()).or_default();
    }
    found
}

/// The project could not be read as a whole.
fn of_trouble(text: &str) -> lsp::Diagnostic {
    lsp::Diagnostic {
        severity: Some(lsp::DiagnosticSeverity::Error),
        source: Some("skep".to_owned()),
        message: lsp::Message::String(text.to_owned()),
        ..lsp::Diagnostic::default()
    }
}

/// Where the texts of a check are.
pub(crate) struct Places<'c> {
    project: &'c Opened,
    sources: &'c Sources,
    lines: BTreeMap<&'c str, Lines<'c>>,
}

impl<'c> Places<'c> {
    pub(crate) fn of(project: &'c Opened, checked: &'c Checked, encoding: Encoding) -> Self {
        let files = project.files();
        let sources = &checked.sources;
        let named = checked.diagnostics.iter().flat_map(spans);
        let ids: std::collections::BTreeSet<_> = named.map(|span| span.file).collect();
        let own = ids
            .into_iter()
            .filter(|id| files.contains(sources.path(*id)));
        let lines = own.map(|id| (sources.path(id), Lines::of(sources.text(id), encoding)));
        Self {
            project,
            sources,
            lines: lines.collect(),
        }
    }

    /// The first place that a person can open: a standard component's text has none, but its use.
    pub(crate) fn shown(&self, diagnostic: &Diagnostic) -> Option<Span> {
        spans(diagnostic).find(|span| self.lines.contains_key(self.sources.path(span.file)))
    }

    pub(crate) fn range(&self, span: Span) -> Option<lsp::Range> {
        let lines = self.lines.get(self.sources.path(span.file))?;
        Some(lines.range(&(span.start as usize..span.end as usize)))
    }

    /// A diagnostic in the protocol's words.
    pub(crate) fn told(
        &self,
        diagnostic: &Diagnostic,
        at: Option<Span>,
        related: bool,
    ) -> lsp::Diagnostic {
        let others: Vec<lsp::DiagnosticRelatedInformation> = diagnostic
            .secondary
            .iter()
            .filter_map(|label| self.related(label))
            .collect();
        let range = at.and_then(|span| self.range(span)).unwrap_or_default();
        lsp::Diagnostic {
            related_information: (related && !others.is_empty()).then_some(others),
            ..told(diagnostic, range)
        }
    }

    fn related(&self, label: &Label) -> Option<lsp::DiagnosticRelatedInformation> {
        let path = self.sources.path(label.span.file);
        Some(lsp::DiagnosticRelatedInformation {
            location: lsp::Location {
                uri: uri::of(&self.project.path_of(path)),
                range: self.range(label.span)?,
            },
            message: label.text.clone(),
        })
    }
}

/// A diagnostic without its other places.
pub(crate) fn told(diagnostic: &Diagnostic, range: lsp::Range) -> lsp::Diagnostic {
    lsp::Diagnostic {
        range,
        severity: Some(severity(diagnostic.severity)),
        code: Some(lsp::Code::String(diagnostic.code.as_str().to_owned())),
        source: Some("skep".to_owned()),
        message: lsp::Message::String(words(diagnostic)),
        tags: tags(diagnostic.code),
        ..lsp::Diagnostic::default()
    }
}

fn spans(diagnostic: &Diagnostic) -> impl Iterator<Item = Span> {
    let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
    labels.map(|label| label.span)
}

/// All that the command line says: the message, what stands at the place, and what to change.
fn words(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    if !diagnostic.primary.text.is_empty() {
        text.push_str(&format!("\n{}", diagnostic.primary.text));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}

const fn severity(severity: Severity) -> lsp::DiagnosticSeverity {
    match severity {
        Severity::Error => lsp::DiagnosticSeverity::Error,
        Severity::Warning => lsp::DiagnosticSeverity::Warning,
        Severity::Info => lsp::DiagnosticSeverity::Information,
    }
}

/// Editors grey out what has no effect, and strike through what is out of date.
fn tags(code: Code) -> Option<Vec<lsp::DiagnosticTag>> {
    let has_no_effect = [Code::Unused, Code::AllowsNothing, Code::ChangesNothing];
    if has_no_effect.contains(&code) {
        Some(vec![lsp::DiagnosticTag::Unnecessary])
    } else if code == Code::OldKdl {
        Some(vec![lsp::DiagnosticTag::Deprecated])
    } else {
        None
    }
}
