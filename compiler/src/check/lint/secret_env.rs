//! Secrets in variables: readable for everyone who may look at the service.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Template;
use skep_schema::spec::{EnvValue, Spec};

use crate::context::Context;
use crate::graph::Graph;

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

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values() {
        cx.about(&service.uses);
        for (key, value) in service.node.env.iter() {
            match &value.value {
                EnvValue::Secret(_) => in_env(cx, value.span),
                EnvValue::Text(template) if holds_secret(template) => in_env(cx, value.span),
                EnvValue::Text(template) => {
                    let literal = template
                        .literal()
                        .is_some_and(|t| !t.is_empty() && !t.starts_with('/'));
                    if literal && looks_secret(&key.value) {
                        cx.report(
                            Diagnostic::new(
                                Code::LiteralSecret,
                                value.span,
                                format!("`{}` looks like a secret, and stands here in clear", key.value),
                            )
                            .help("declare a secret and mount it; many images take NAME_FILE=/run/secrets/NAME"),
                        );
                    }
                }
            }
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

fn looks_secret(key: &str) -> bool {
    let upper = key.to_uppercase();
    TELLTALE.iter().any(|end| upper.ends_with(end))
}
