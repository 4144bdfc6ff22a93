//! Diagnostics with the source around them, drawn by miette.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use skep_schema::diagnostic::{Diagnostic, Label, Located, Severity};
use skep_schema::span::{FileId, Sources};

use crate::output::paint::Paint;

/// Columns that messages are wrapped at: fixed, so that logs do not depend on a window.
const WIDTH: usize = 100;

pub(super) fn render(all: &[Diagnostic], sources: &Sources, paint: Paint) -> String {
    let reports = all.iter().map(|one| Report::of(one, sources));
    let reports: Vec<Report> = reports.collect();
    drawn(&reports, paint)
}

/// One of which only the places are known, with the text of its file; nothing where that text has no such
/// place.
pub(super) fn render_located(d: &Located, text: &str, paint: Paint) -> Option<String> {
    Some(drawn(&[Report::located(d, text)?], paint))
}

fn drawn(all: &[Report], paint: Paint) -> String {
    let theme = if paint.is_on() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_context_lines(1)
        .with_links(false);
    let mut out = String::new();
    for report in all {
        handler
            .render_report(&mut out, report)
            .expect("writing to a string");
        out.push('\n');
    }
    out
}

/// A diagnostic in miette's form: labels of its own file inside, those of others as related.
#[derive(Debug)]
struct Report {
    code: String,
    severity: Severity,
    message: String,
    help: Option<String>,
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
    related: Vec<Report>,
}

impl Report {
    fn of(d: &Diagnostic, sources: &Sources) -> Self {
        let home = d.primary.span.file;
        let (here, elsewhere): (Vec<&Label>, Vec<&Label>) =
            d.secondary.iter().partition(|l| l.span.file == home);
        let labels = std::iter::once(labeled(&d.primary, true))
            .chain(here.into_iter().map(|l| labeled(l, false)))
            .collect();
        Self {
            code: d.code.as_str().to_owned(),
            severity: d.severity,
            message: d.message.clone(),
            help: d.help.clone(),
            source: source(sources, home),
            labels,
            related: elsewhere
                .into_iter()
                .map(|l| Self::note(l, sources))
                .collect(),
        }
    }

    fn located(d: &Located, text: &str) -> Option<Self> {
        let start = offset(text, d.line, d.column)?;
        let end = offset(text, d.end_line, d.end_column)?;
        let label = (!d.label.is_empty()).then(|| d.label.clone());
        let first = LabeledSpan::new_primary_with_span(label, (start, end.checked_sub(start)?));
        let here = d.related.iter().filter(|also| also.place.file == d.file);
        let second = here.filter_map(|also| {
            let (start, end) = (also.place.start, also.place.end);
            let start = offset(text, start.line, start.column)?;
            let length = offset(text, end.line, end.column)?.checked_sub(start)?;
            let label = Some(also.message.clone());
            Some(LabeledSpan::new_with_span(label, (start, length)))
        });
        Some(Self {
            code: d.code.clone(),
            severity: d.severity,
            message: d.message.clone(),
            help: d.help.clone(),
            source: NamedSource::new(&d.file, text.to_owned()),
            labels: std::iter::once(first).chain(second).collect(),
            related: Vec::new(),
        })
    }

    fn note(label: &Label, sources: &Sources) -> Self {
        Self {
            code: String::new(),
            severity: Severity::Info,
            message: label.text.clone(),
            help: None,
            source: source(sources, label.span.file),
            labels: vec![labeled(label, true)],
            related: Vec::new(),
        }
    }
}

/// Where a line and a column are in a text, in bytes.
fn offset(text: &str, line: u32, column: u32) -> Option<usize> {
    let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
    let before = text.split_inclusive('\n').take(line as usize);
    let start: usize = before.map(str::len).sum();
    let line = text.get(start..)?.lines().next().unwrap_or_default();
    let ends = line.char_indices().map(|(at, _)| at);
    let at = ends.chain([line.len()]).nth(column as usize)?;
    Some(start + at)
}

fn source(sources: &Sources, file: FileId) -> NamedSource<String> {
    NamedSource::new(sources.path(file), sources.text(file).to_owned())
}

fn labeled(label: &Label, primary: bool) -> LabeledSpan {
    let text = (!label.text.is_empty()).then(|| label.text.clone());
    let span = (label.span.start as usize, label.span.len() as usize);
    if primary {
        LabeledSpan::new_primary_with_span(text, span)
    } else {
        LabeledSpan::new_with_span(text, span)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(&self.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(
            self.related.iter().map(|r| r as &dyn miette::Diagnostic),
        ))
    }
}
