//! Environment variables: files first, then what the service says itself.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::plan::SecretText;
use skep_schema::span::{At, FileId, Span};
use skep_schema::spec::{EnvValue, File, Service};
use smol_str::SmolStr;

use crate::lower::Lower;
use crate::lower::dotenv::{self, BadLine, Variable};
use crate::lower::text::{self, Filled};

type Plain = BTreeMap<String, String>;
type Secret = BTreeMap<String, SecretText>;

/// The secrets whose bytes stand in a variable.
pub(super) fn secrets(service: &Service) -> BTreeSet<&str> {
    service
        .env
        .iter()
        .flat_map(|(_, value)| secrets_of(&value.value))
        .collect()
}

fn secrets_of(value: &EnvValue) -> Vec<&str> {
    match value {
        EnvValue::Secret(name) => vec![name],
        EnvValue::Text(template) => template.paths().filter_map(text::secret_of).collect(),
    }
}

impl Lower<'_, '_, '_> {
    /// Plain variables, and those that hold secret bytes.
    pub(super) fn environment(&mut self, service: &Service) -> (Plain, Secret) {
        let mut plain = Plain::new();
        for file in &service.env_file {
            self.env_file(file, &mut plain);
        }
        let mut secret = Secret::new();
        for (key, value) in service.env.iter() {
            self.check_key(key);
            match self.variable(value) {
                Filled::Plain(text) => {
                    plain.insert(key.value.as_str().to_owned(), text);
                }
                Filled::Secret(text) => {
                    plain.remove(key.value.as_str());
                    secret.insert(key.value.as_str().to_owned(), text);
                }
            }
        }
        (plain, secret)
    }

    fn variable(&mut self, value: &At<EnvValue>) -> Filled {
        let template = match &value.value {
            EnvValue::Secret(name) => {
                return Filled::Secret(SecretText {
                    template: text::slot(name),
                    fingerprint: None,
                });
            }
            EnvValue::Text(template) => template,
        };
        let filled = self.filled(template, value.span);
        let text = match &filled {
            Filled::Plain(text) => text,
            Filled::Secret(text) => &text.template,
        };
        self.check_engine_template(text, value.span);
        filled
    }

    fn check_key(&mut self, key: &At<SmolStr>) {
        if key.value.is_empty()
            || key
                .value
                .contains(|c: char| c == '=' || c.is_control() || c.is_whitespace())
        {
            let message = format!(
                "`{}` cannot name an environment variable",
                key.value.escape_debug()
            );
            self.error(
                Diagnostic::new(Code::BadValue, key.span, message)
                    .help("use letters, digits and `_`"),
            );
        }
    }

    fn env_file(&mut self, file: &At<File>, into: &mut Plain) {
        let path = file.value.as_str();
        let Some(bytes) = self.file(path, file.span) else {
            return;
        };
        let Ok(text) = String::from_utf8(bytes.to_vec()) else {
            self.error(Diagnostic::new(
                Code::NotText,
                file.span,
                format!("`{path}` is not UTF-8 text"),
            ));
            return;
        };
        let root = self.cx.root_of(file.span);
        let source = self.cx.add_aside(&root, path, &text);
        let mut seen = BTreeMap::new();
        for line in dotenv::read(&text) {
            match line {
                Ok(variable) => self.file_variable(source, variable, &mut seen, into),
                Err(bad) => self.bad_line(source, &bad, file.span),
            }
        }
    }

    fn file_variable(
        &mut self,
        file: FileId,
        variable: Variable,
        seen: &mut BTreeMap<String, Span>,
        into: &mut Plain,
    ) {
        let span = span(file, variable.at);
        self.check_engine_template(&variable.value, span);
        if let Some(first) = seen.insert(variable.key.clone(), span) {
            let message = format!(
                "`{}` is written twice, and the later value wins",
                variable.key
            );
            let mut diagnostic =
                Diagnostic::new(Code::WrittenTwice, span, message).and(first, "first here");
            diagnostic.severity = Severity::Warning;
            self.cx.report(diagnostic);
        }
        into.insert(variable.key, variable.value);
    }

    fn bad_line(&mut self, file: FileId, bad: &BadLine, used: Span) {
        self.error(
            Diagnostic::new(Code::BadDotenv, span(file, bad.at), bad.message)
                .and(used, "the file is read here"),
        );
    }
}

fn span(file: FileId, (start, end): (usize, usize)) -> Span {
    let offset = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    Span::new(file, offset(start), offset(end))
}
