//! Parameters: declared with a type, given a value from outside, an environment or a default.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Decode, Literal, Node, Prop, nearest};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Param, ParamType};

use super::fits::{Limits, fits};
use super::scope::{Bound, Params, Value};
use crate::context::Context;
use crate::words::there_are;

/// A parameter with the limits on its values, read once.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) param: Param,
    limits: Limits,
    default: Option<Value>,
}

/// The parameters of a project or a component, by name.
pub(crate) type Signature = BTreeMap<String, Declared>;

/// Reads parameters' declarations; a name that is declared twice is reported.
pub(crate) fn signature(cx: &mut Context<'_>, nodes: &[Node]) -> Signature {
    let mut all = Signature::new();
    for node in nodes {
        let Some(param) = Param::decode(node, &mut cx.decoder) else {
            continue;
        };
        let name = param.name.value.as_str().to_owned();
        if let Some(first) = all.get(&name) {
            cx.report(twice(&name, param.name.span, first.param.name.span));
            continue;
        }
        all.insert(name, declare(cx, param));
    }
    all
}

fn twice(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        Code::DeclaredTwice,
        span,
        format!("two parameters are called `{name}`"),
    )
    .label("again here")
    .and(first, "first here")
    .help("keep one of them")
}

fn declare(cx: &mut Context<'_>, param: Param) -> Declared {
    let limits = Limits::of(cx, &param);
    let default = param.default.as_ref().map(|node| {
        let value = shaped(cx, &param, node);
        fits(cx, &param, &limits, value, place(node))
    });
    Declared {
        param,
        limits,
        default,
    }
}

impl Declared {
    fn ty(&self) -> ParamType {
        type_of(&self.param)
    }

    fn is_optional(&self) -> bool {
        self.param.optional.as_ref().is_some_and(|o| o.value)
    }

    /// The value a node of the project gives.
    pub(crate) fn given(&self, cx: &mut Context<'_>, node: &Node) -> Value {
        let value = shaped(cx, &self.param, node);
        fits(cx, &self.param, &self.limits, value, place(node))
    }

    /// The value without anything given; `None` when there must be one.
    pub(crate) fn fallback(&self) -> Option<Value> {
        match &self.default {
            Some(value) => Some(value.clone()),
            None => self.is_optional().then_some(Value::Absent),
        }
    }

    /// The value of `-p NAME=TEXT`. It has no place in a file, so what is wrong with it is told at
    /// the declaration.
    fn given_text(&self, cx: &mut Context<'_>, text: &str) -> Value {
        let span = self.param.name.span;
        let value = parse_text(self.ty(), text, span);
        let before = std::mem::take(&mut cx.decoder);
        let value = fits(cx, &self.param, &self.limits, value, span);
        let refused = std::mem::replace(&mut cx.decoder, before);
        let name = self.param.name.value.as_str();
        for inner in refused.diagnostics {
            let message = format!("`-p {name}={text}` does not fit: {}", inner.message);
            let diagnostic = Diagnostic::new(Code::BadParam, span, message).label("declared here");
            cx.report(match inner.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
        value
    }
}

pub(crate) fn type_of(param: &Param) -> ParamType {
    param.ty.map_or(ParamType::String, |ty| ty.value)
}

/// Gives each parameter its value: from `-p`, from the environment, or its default.
pub(crate) fn bind(
    cx: &mut Context<'_>,
    declared: &Signature,
    set: &BTreeMap<String, Node>,
    head: Span,
) -> Params {
    let inputs = cx.inputs();
    for name in inputs
        .params
        .keys()
        .filter(|name| !declared.contains_key(*name))
    {
        let message = format!("there is no parameter `{name}`, as given with -p");
        cx.report(unknown(message, name, declared.keys(), head));
    }
    let mut params = Params::new();
    for (name, param) in declared {
        let value = match (inputs.params.get(name), set.get(name)) {
            (Some(text), _) => param.given_text(cx, text),
            (None, Some(given)) => param.given(cx, given),
            (None, None) => param.fallback().unwrap_or_else(|| unset(cx, param)),
        };
        params.insert(name.clone(), Bound { value });
    }
    params
}

fn unset(cx: &mut Context<'_>, param: &Declared) -> Value {
    if !cx.inputs().allow_unset_params {
        let name = param.param.name.value.as_str();
        cx.report(
            Diagnostic::new(
                Code::UnsetParam,
                param.param.name.span,
                format!("`{name}` has no value"),
            )
            .help(format!(
                "pass -p {name}=VALUE, set it in the environment, or give it a default"
            )),
        );
    }
    Value::unknown()
}

/// A parameter's name that nothing declares.
pub(crate) fn unknown<'n>(
    message: String,
    name: &str,
    known: impl Iterator<Item = &'n String>,
    span: Span,
) -> Diagnostic {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let diagnostic = Diagnostic::new(Code::UnknownParam, span, message);
    if let Some(near) = nearest(name, known.iter().copied()) {
        return diagnostic.meant(near);
    }
    diagnostic.help(there_are(known))
}

/// Where a node's only value stands.
fn place(node: &Node) -> Span {
    node.args.first().map_or(node.span, |arg| arg.span)
}

/// The value a node holds, in the shape the type wants; what cannot have it is reported.
fn shaped(cx: &mut Context<'_>, param: &Param, node: &Node) -> Value {
    match type_of(param) {
        ParamType::List => list(cx, node),
        ParamType::Map => map(cx, node),
        ParamType::String
        | ParamType::Int
        | ParamType::Bool
        | ParamType::Float
        | ParamType::Hostname
        | ParamType::Port
        | ParamType::Duration
        | ParamType::Bytes
        | ParamType::Cpu
        | ParamType::Cidr
        | ParamType::Cron
        | ParamType::Mode
        | ParamType::Path
        | ParamType::Url
        | ParamType::Ref => one(cx, node),
    }
}

fn one(cx: &mut Context<'_>, node: &Node) -> Value {
    match (
        node.args.as_slice(),
        node.props.first(),
        node.children.first(),
    ) {
        ([only], None, None) => Value::One(only.value.clone()),
        (_, _, _) => misshapen(cx, node, "one value"),
    }
}

fn list(cx: &mut Context<'_>, node: &Node) -> Value {
    match (node.props.first(), node.children.first()) {
        (None, None) if node.args.iter().any(|a| a.value == Literal::Unknown) => Value::unknown(),
        (None, None) => Value::List(node.args.clone()),
        (_, _) => misshapen(cx, node, "values one after the other"),
    }
}

fn map(cx: &mut Context<'_>, node: &Node) -> Value {
    let mut entries = node.props.clone();
    let mut fit = node.args.iter().all(|a| a.value == Literal::Unknown);
    for child in &node.children {
        match child.args.as_slice() {
            [only] if child.props.is_empty() && child.children.is_empty() => {
                entries.push(Prop {
                    key: child.name.clone(),
                    value: only.clone(),
                });
            }
            _ => fit = false,
        }
    }
    if !fit {
        return misshapen(cx, node, "keys with values");
    }
    if let Some(again) = repeated(&entries) {
        cx.report(Diagnostic::new(
            Code::WrittenTwice,
            again.span,
            format!("`{}` is written twice", again.value),
        ));
    }
    if node.args.is_empty() {
        Value::Map(entries)
    } else {
        Value::unknown()
    }
}

fn repeated(entries: &[Prop]) -> Option<&At<String>> {
    let mut seen = BTreeSet::new();
    entries
        .iter()
        .map(|e| &e.key)
        .find(|key| !seen.insert(key.value.as_str()))
}

fn misshapen(cx: &mut Context<'_>, node: &Node, wanted: &str) -> Value {
    let name = &node.name.value;
    cx.report(Diagnostic::new(
        Code::WrongType,
        node.span,
        format!("`{name}` takes {wanted}"),
    ));
    Value::unknown()
}

fn parse_text(ty: ParamType, text: &str, span: Span) -> Value {
    let string = || Literal::Str(text.to_owned());
    match ty {
        ParamType::List => Value::List(text.split(',').map(|item| item_of(item, span)).collect()),
        ParamType::Map => Value::Map(text.split(',').map(|entry| entry_of(entry, span)).collect()),
        ParamType::Int | ParamType::Port => {
            Value::One(text.parse().map_or_else(|_| string(), Literal::Int))
        }
        ParamType::Bool => Value::One(text.parse().map_or_else(|_| string(), Literal::Bool)),
        ParamType::Float => Value::One(Literal::Float(text.to_owned())),
        ParamType::String
        | ParamType::Hostname
        | ParamType::Duration
        | ParamType::Bytes
        | ParamType::Cpu
        | ParamType::Cidr
        | ParamType::Cron
        | ParamType::Mode
        | ParamType::Path
        | ParamType::Url
        | ParamType::Ref => Value::One(string()),
    }
}

fn item_of(text: &str, span: Span) -> Arg {
    Arg {
        value: Literal::Str(text.to_owned()),
        span,
    }
}

fn entry_of(text: &str, span: Span) -> Prop {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    Prop {
        key: At::new(key.to_owned(), span),
        value: item_of(value, span),
    }
}
