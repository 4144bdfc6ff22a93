//! Diagnostics in every form they leave the program.

mod github;
mod gitlab;
mod human;
mod junit;
mod rdjson;
mod sarif;
mod view;

use skep_compiler::Checked;
use skep_schema::diagnostic::{Diagnostic, Located, Place, Severity};
use skep_schema::report::{AllowedReport, CHECK_FORMAT, CheckReport};
use skep_schema::span::Sources;

use crate::output::paint::Paint;
use crate::session::to_json;

pub(crate) use view::View;

/// The forms of `-o` for diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// With the source around them.
    #[default]
    Human,
    /// One line each: `file:line:column: severity[code]: message`.
    Concise,
    /// skep.check/1
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands that annotate a pull request.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// `JUnit` XML, a case for each.
    Junit,
    /// For reviewdog, with fixes as suggestions.
    Rdjson,
}

impl Form {
    /// Whether it is for programs and belongs on standard output.
    pub(crate) const fn is_data(self) -> bool {
        match self {
            Form::Human => false,
            Form::Concise
            | Form::Json
            | Form::Sarif
            | Form::Github
            | Form::Gitlab
            | Form::Junit
            | Form::Rdjson => true,
        }
    }
}

/// Diagnostics shown to people at most.
const MOST: usize = 200;

/// What a check found, in one form for programs. What is allowed is in those that have a place for it.
pub(crate) fn render(
    form: Form,
    checked: &Checked,
    view: &View,
    paint: Paint,
    fails: &dyn Fn(&Diagnostic) -> bool,
) -> String {
    let (all, sources) = (&checked.diagnostics, &checked.sources);
    match form {
        Form::Human => human(all, sources, paint),
        Form::Concise => concise(all, sources),
        Form::Json => json(checked),
        Form::Sarif => sarif::render(checked, view),
        Form::Github => github::render(checked, view),
        Form::Gitlab => gitlab::render(checked, view),
        Form::Junit => junit::render(checked, view, fails),
        Form::Rdjson => rdjson::render(checked, view),
    }
}

/// For people, with the source around each; not more than anybody reads.
pub(crate) fn human(all: &[Diagnostic], sources: &Sources, paint: Paint) -> String {
    let shown = &all[..all.len().min(MOST)];
    let mut text = human::render(shown, sources, paint);
    if shown.len() < all.len() {
        let more = super::changes::count((all.len() - shown.len()) as u64, "diagnostic");
        text.push_str(&format!("{more} more; `-o concise` lists them all\n\n"));
    }
    text
}

/// A line each.
pub(crate) fn concise(all: &[Diagnostic], sources: &Sources) -> String {
    all.iter().map(|d| line(&d.locate(sources))).collect()
}

/// Those of which only the places are known, with the source around each where its text is at hand, and else
/// as a line each.
pub(crate) fn located(
    all: &[Located],
    text: &dyn Fn(&str) -> Option<String>,
    paint: Paint,
) -> String {
    let one = |d: &Located| {
        let drawn = text(&d.file).and_then(|text| human::render_located(d, &text, paint));
        drawn.unwrap_or_else(|| lines(d))
    };
    all.iter().take(MOST).map(one).collect()
}

/// With all its places, and what to do about it.
fn lines(d: &Located) -> String {
    let related = d.related.iter().map(|also| {
        let Place { file, start, .. } = &also.place;
        format!(
            "  {file}:{}:{}: {}\n",
            start.line, start.column, also.message
        )
    });
    let help = d.help.iter().map(|help| format!("  help: {help}\n"));
    line(d) + &related.chain(help).collect::<String>()
}

fn json(checked: &Checked) -> String {
    let sources = &checked.sources;
    let located = |all: &[Diagnostic]| all.iter().map(|d| d.locate(sources)).collect();
    let allowed = checked.allowed.iter().map(|allow| AllowedReport {
        code: allow.code.as_str().to_owned(),
        reason: allow.reason.clone(),
        place: Place::of(allow.place, sources),
        node: allow.node.clone(),
        silenced: located(&allow.silenced),
    });
    to_json(&CheckReport {
        format: CHECK_FORMAT.to_owned(),
        diagnostics: located(&checked.diagnostics),
        allowed: allowed.collect(),
    })
}

/// What is wrong and what to do about it, where there is no line of its own for help.
fn sentence(d: &Located) -> String {
    match &d.help {
        Some(help) => format!("{}. Help: {help}", d.message),
        None => d.message.clone(),
    }
}

fn line(d: &Located) -> String {
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
