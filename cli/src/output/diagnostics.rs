//! Diagnostics in every form they leave the program.

mod github;
mod human;
mod sarif;

use skep_schema::diagnostic::{Diagnostic, Located, Severity};
use skep_schema::span::Sources;

use crate::output::paint::Paint;

/// The forms of `-o` for diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// With the source around them.
    #[default]
    Human,
    /// One line each: `file:line:column: severity[code]: message`.
    Concise,
    /// An array of objects.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands that annotate a pull request.
    Github,
}

impl Form {
    /// Whether it is for programs and belongs on standard output.
    pub(crate) const fn is_data(self) -> bool {
        match self {
            Form::Human => false,
            Form::Concise | Form::Json | Form::Sarif | Form::Github => true,
        }
    }
}

/// Diagnostics shown to people at most.
const MOST: usize = 200;

/// All diagnostics in one form, in their order.
pub(crate) fn render(form: Form, all: &[Diagnostic], sources: &Sources, paint: Paint) -> String {
    match form {
        Form::Human => {
            let shown = &all[..all.len().min(MOST)];
            let mut text = human::render(shown, sources, paint);
            if shown.len() < all.len() {
                let more = super::changes::count((all.len() - shown.len()) as u64, "diagnostic");
                text.push_str(&format!("{more} more; `-o concise` lists them all\n\n"));
            }
            text
        }
        Form::Concise => all.iter().map(|d| concise(&d.locate(sources))).collect(),
        Form::Json => json(all, sources),
        Form::Sarif => sarif::render(all, sources),
        Form::Github => all
            .iter()
            .map(|d| github::line(&d.locate(sources)))
            .collect(),
    }
}

fn json(all: &[Diagnostic], sources: &Sources) -> String {
    let located: Vec<Located> = all.iter().map(|d| d.locate(sources)).collect();
    let mut text = serde_json::to_string_pretty(&located).expect("diagnostics are plain data");
    text.push('\n');
    text
}

fn concise(d: &Located) -> String {
    let severity = word(d.severity);
    format!(
        "{}:{}:{}: {severity}[{}]: {}\n",
        d.file, d.line, d.column, d.code, d.message
    )
}

pub(crate) const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}
