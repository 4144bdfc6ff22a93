//! What is said of a node that is not as its kind is declared.

use smol_str::SmolStr;

use super::decode::Decoder;
use super::fields::Fields;
use super::suggest::nearest;
use super::table::{PLANNED, Shape};
use super::tree::{Arg, Literal, Node};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{At, Span};

impl Fields<'_> {
    /// Says that something is missing: once, since the help shows the whole line.
    pub(super) fn missing(&mut self, cx: &mut Decoder, word: &str) {
        self.complete = false;
        if std::mem::replace(&mut self.lacking, true) || self.is_misspelt(word) {
            return;
        }
        let message = format!("`{}` needs `{word}`", describe(self.node));
        cx.report(
            Diagnostic::new(Code::MissingValue, self.node.span, message)
                .label(format!("`{word}` is missing"))
                .help(self.usage(word)),
        );
    }

    /// Whether it is probably there under a name that will be refused.
    fn is_misspelt(&self, word: &str) -> bool {
        let props = self.node.props.iter().map(|p| p.key.value.as_str());
        let mut written = props.chain(self.node.children.iter().map(|c| c.name.value.as_str()));
        written.any(|w| self.info.field(w).is_none() && nearest(w, self.info.words()) == Some(word))
    }

    /// How the missing word would be written.
    fn usage(&self, word: &str) -> String {
        let Some(field) = self.info.field(word) else {
            return format!("write `{word}`");
        };
        let about = field
            .doc
            .lines()
            .next()
            .unwrap_or("")
            .trim()
            .trim_end_matches('.');
        if matches!(field.shape, Shape::Arg { .. } | Shape::Args { .. }) {
            let args = self
                .info
                .fields
                .iter()
                .filter(|f| matches!(f.shape, Shape::Arg { required: true, .. }));
            let words = std::iter::once(self.node.name.value.as_str()).chain(args.map(|f| f.word));
            return format!("write `{}`", words.collect::<Vec<_>>().join(" "));
        }
        format!("write `{word}=...`: {}", about.to_lowercase())
    }

    pub(super) fn unknown(&self, cx: &mut Decoder, word: &At<SmolStr>) {
        let name = &word.value;
        if PLANNED.contains(&(self.info.word, name)) {
            cx.report(Diagnostic::planned(name, word.span));
            return;
        }
        let message = format!("`{}` knows no `{name}`", self.info.word);
        let diagnostic = Diagnostic::new(Code::UnknownProperty, word.span, message);
        cx.report(match nearest(name, self.info.words()) {
            Some(near) => diagnostic.meant(near),
            None => diagnostic.help(self.known()),
        });
    }

    /// What the node takes, as far as it fits on a line.
    fn known(&self) -> String {
        const MOST: usize = 12;
        let words: Vec<String> = self.info.words().map(|w| format!("`{w}`")).collect();
        match words.len() {
            0 => "it takes nothing".to_owned(),
            all if all > MOST => format!(
                "it takes {} and {} more",
                words[..MOST].join(" "),
                all - MOST
            ),
            _ => format!("it takes {}", words.join(" ")),
        }
    }

    pub(super) fn surplus(&self, cx: &mut Decoder, arg: &Arg) {
        let flags = self
            .info
            .fields
            .iter()
            .filter(|f| matches!(f.shape, Shape::Flag))
            .map(|f| f.word);
        let message = format!("one value too many for `{}`", self.info.word);
        let diagnostic = Diagnostic::new(Code::SurplusArgument, arg.span, message);
        let near = match &arg.value {
            Literal::Str(text) => nearest(text, flags),
            Literal::Null
            | Literal::Bool(_)
            | Literal::Int(_)
            | Literal::Float(_)
            | Literal::Text(_)
            | Literal::Secret(_)
            | Literal::Unknown => None,
        };
        cx.report(match near {
            Some(near) => diagnostic.meant(near),
            None => diagnostic,
        });
    }
}

fn describe(node: &Node) -> String {
    node.label().map_or_else(
        || node.name.value.to_string(),
        |label| format!("{} {}", node.name.value, label.value),
    )
}

pub(super) fn expects_value(cx: &mut Decoder, node: &Node) {
    let message = format!("`{}` needs a value", node.name.value);
    cx.report(
        Diagnostic::new(Code::MissingValue, node.span, message)
            .help("a value that comes from outside is a parameter: write (var)param.name"),
    );
}

pub(super) fn twice(cx: &mut Decoder, word: &str, span: Span, first: Span) {
    cx.report(
        Diagnostic::new(
            Code::WrittenTwice,
            span,
            format!("`{word}` is written twice"),
        )
        .label("again here")
        .and(first, "first here")
        .help("keep one of them"),
    );
}
