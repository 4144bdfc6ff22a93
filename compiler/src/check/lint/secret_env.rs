//! Secrets in variables: readable for everyone who may look at the service.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Template;
use skep_schema::spec::{EnvValue, Service, Spec};

use crate::context::Context;

/// Ends of names whose values are secrets more often than not.
const TELLTALE: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
];

pub(super) fn lint(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    for (key, value) in service.env.iter() {
        match &value.value {
            EnvValue::Secret(_) => in_env(cx, value.span),
            EnvValue::Text(template) if holds_secret(template) => in_env(cx, value.span),
            EnvValue::Text(template) if looks_secret(&key.value) && in_clear(template) => {
                cx.report(
                    Diagnostic::new(
                        Code::LiteralSecret,
                        value.span,
                        format!("`{}` looks like a secret, and stands here in clear", key.value),
                    )
                    .help("declare a secret and mount it; many images take NAME_FILE=/run/secrets/NAME"),
                );
            }
            EnvValue::Text(_) => {}
        }
    }
}

fn in_env(cx: &mut Context<'_>, span: skep_schema::span::Span) {
    cx.report(
        Diagnostic::new(
            Code::SecretInEnv,
            span,
            "a secret in a variable can be read by whoever may inspect the service",
        )
        .help("mount it with `secret NAME`, and let the program read /run/secrets/NAME"),
    );
}

fn holds_secret(template: &Template) -> bool {
    template
        .paths()
        .any(|p| p.value.first().is_some_and(|s| s == "secret"))
}

/// Whether the name of a variable says that its value is a secret.
///
/// Asked of every variable of every service, so it makes no text of its own.
pub fn looks_secret(key: &str) -> bool {
    let key = key.as_bytes();
    TELLTALE.iter().any(|end| {
        let start = key.len().checked_sub(end.len());
        start.is_some_and(|start| key[start..].eq_ignore_ascii_case(end.as_bytes()))
    })
}

/// Whether it is a text without references that is more than a path.
fn in_clear(template: &Template) -> bool {
    let literal = template.literal();
    literal.is_some_and(|text| !text.is_empty() && !text.starts_with('/'))
}
