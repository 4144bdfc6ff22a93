//! What the compiler has to say about a spec, free of any output format.

mod code;

pub use code::{Code, CodeInfo};

use serde::{Deserialize, Serialize};

use crate::span::{Position, Sources, Span};

/// How bad it is. Errors stop a plan from being made; the rest does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// One mistake, with everything a person or an editor needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// A lowercase sentence without a full stop; names stand in backticks.
    pub message: String,
    pub primary: Label,
    pub secondary: Vec<Label>,
    /// What to change, one line.
    pub help: Option<String>,
    pub fixes: Vec<Fix>,
}

/// A place and what is to say of it; the text may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// An edit that mends the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    pub applicability: Applicability,
    /// Replacements of byte ranges; they do not overlap.
    pub edits: Vec<(Span, String)>,
}

/// Whether a fix may be made without a person looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    Safe,
    MaybeIncorrect,
}

impl Diagnostic {
    /// A diagnostic of the code's own severity at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.info().severity,
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            secondary: Vec::new(),
            help: None,
            fixes: Vec::new(),
        }
    }

    /// A word that the language keeps for a later version.
    pub fn planned(word: &str, span: Span) -> Self {
        Self::new(
            Code::Planned,
            span,
            format!("`{word}` is planned, and not in this version"),
        )
        .help("take it out for now")
    }

    /// Says which word was probably meant, and offers to write it instead of the marked text.
    #[must_use]
    pub fn meant(self, word: &str) -> Self {
        let span = self.primary.span;
        self.label(format!("did you mean `{word}`?"))
            .help(format!("write `{word}`"))
            .offer(
                format!("replace with `{word}`"),
                Applicability::MaybeIncorrect,
                vec![(span, word.to_owned())],
            )
    }

    /// Says something right under the marked text.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Points at a second place that matters.
    #[must_use]
    pub fn and(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers an edit of one place that is always right.
    #[must_use]
    pub fn fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.offer(title, Applicability::Safe, vec![(span, text.into())])
    }

    #[must_use]
    pub fn offer(
        mut self,
        title: impl Into<String>,
        applicability: Applicability,
        edits: Vec<(Span, String)>,
    ) -> Self {
        self.fixes.push(Fix {
            title: title.into(),
            applicability,
            edits,
        });
        self
    }

    /// Says of every span in it where that is.
    pub fn place(&mut self, whole: impl Fn(Span) -> Span) {
        let labels = self.secondary.iter_mut().chain([&mut self.primary]);
        let labels = labels.map(|label| &mut label.span);
        let edits = self.fixes.iter_mut().flat_map(|fix| &mut fix.edits);
        for span in labels.chain(edits.map(|(span, _)| span)) {
            *span = whole(*span);
        }
    }

    /// The order in which diagnostics are shown: by place, then by code.
    pub fn sort(all: &mut [Self]) {
        all.sort_by(|a, b| {
            (a.primary.span, a.code.as_str(), &a.message).cmp(&(
                b.primary.span,
                b.code.as_str(),
                &b.message,
            ))
        });
    }

    /// The form with lines and columns that scripts and editors read.
    pub fn locate(&self, sources: &Sources) -> Located {
        let place = Place::of(self.primary.span, sources);
        Located {
            code: self.code.as_str().to_owned(),
            severity: self.severity,
            message: self.message.clone(),
            file: place.file,
            line: place.start.line,
            column: place.start.column,
            end_line: place.end.line,
            end_column: place.end.column,
            label: self.primary.text.clone(),
            help: self.help.clone(),
            related: self
                .secondary
                .iter()
                .map(|l| Related {
                    place: Place::of(l.span, sources),
                    message: l.text.clone(),
                })
                .collect(),
            fixes: self
                .fixes
                .iter()
                .map(|f| LocatedFix::of(f, sources))
                .collect(),
        }
    }
}

/// A [`Diagnostic`] with its places in lines and columns, both counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Located {
    pub code: String,
    pub severity: Severity,
    pub message: String,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<LocatedFix>,
}

/// A second place of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Related {
    pub place: Place,
    pub message: String,
}

/// A fix with its edits in lines and columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LocatedFix {
    pub title: String,
    pub applicability: Applicability,
    pub edits: Vec<Edit>,
}

/// The replacement of one place's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Edit {
    pub place: Place,
    pub text: String,
}

/// A range in a file, in lines and columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    pub file: String,
    pub start: Position,
    pub end: Position,
}

impl Place {
    pub fn of(span: Span, sources: &Sources) -> Self {
        Self {
            file: sources.path(span.file).to_owned(),
            start: sources.position(span.file, span.start),
            end: sources.position(span.file, span.end),
        }
    }
}

impl LocatedFix {
    fn of(fix: &Fix, sources: &Sources) -> Self {
        Self {
            title: fix.title.clone(),
            applicability: fix.applicability,
            edits: fix
                .edits
                .iter()
                .map(|(span, text)| Edit {
                    place: Place::of(*span, sources),
                    text: text.clone(),
                })
                .collect(),
        }
    }
}
