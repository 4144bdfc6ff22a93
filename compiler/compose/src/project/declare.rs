//! Declarations of what variables became.

use super::first_apart;
use crate::cx::Cx;
use crate::kdl::{DOLLAR, Item};
use crate::variables::{Declared, Param};

/// The declarations of what variables became.
pub(crate) fn declarations(declared: &Declared) -> Vec<Item> {
    let mut items: Vec<Item> = declared.params.iter().map(param).collect();
    items.extend(declared.secrets.iter().map(|secret| {
        let from = Item::new("from", secret.span).prop("env", secret.variable.clone());
        Item::new("secret", secret.span)
            .arg(secret.name.clone())
            .with([from])
    }));
    first_apart(&mut items);
    items
}

/// Tells where what variables became is not quite what they were.
pub(crate) fn tell(cx: &mut Cx<'_>, declared: &Declared) {
    cx.inside("variables", |cx| tell_each(cx, declared));
}

fn tell_each(cx: &mut Cx<'_>, declared: &Declared) {
    let all: Vec<&Param> = declared.params.iter().collect();
    for param in all.iter().filter(|param| param.hidden) {
        let reason = format!(
            "`{}` looks like a secret, so its default is in no file",
            param.variable
        );
        cx.near(
            param.span,
            reason,
            format!("give it with -p {}=..", param.name),
        );
    }
    for param in all.iter().filter(|param| param.divided) {
        let reason = format!(
            "`{}` has another default elsewhere, so `param.{}` is one of several parameters",
            param.variable, param.name
        );
        cx.near(param.span, reason, "make them one where they mean the same");
    }
    for secret in declared.secrets.iter().filter(|secret| secret.had_default) {
        let variable = &secret.variable;
        let reason = format!("a secret has no default: `{variable}` has to be set at apply");
        cx.near(secret.span, reason, "set it where `skep apply` runs");
    }
}

fn param(param: &Param) -> Item {
    let mut item = Item::new("param", param.span).arg(param.name.clone());
    if let Some(ty) = param.ty {
        item = item.bare_prop("type", ty);
    }
    if let Some(default) = &param.default {
        item = match param.ty {
            Some("int" | "port" | "cpu" | "float") => item.bare_prop("default", default.clone()),
            Some(_) | None => item.prop("default", default.clone()),
        };
    }
    if let Some(message) = &param.message {
        item = item.prop("doc", message.clone());
    }
    if param.optional {
        item = item.bare("optional");
    }
    item
}

/// What stands for `$` right before a variable.
pub(crate) fn dollar() -> Item {
    Item::made("param").arg(DOLLAR).prop("default", "$")
}
