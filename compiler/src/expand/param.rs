//! Parameters: declared with a type, given a value from outside, an environment or a default.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Decode, Literal, Node, Prop, nearest};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Param, ParamType};
use smol_str::SmolStr;

use super::fits::{Limits, fits};
use super::scope::{Bound, Params, Value};
use super::words::label;
use crate::context::Context;
use crate::syntax::NodeRef;
use crate::words::there_are;

/// A parameter as it is declared.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Its name's place.
    pub(crate) span: Span,
    /// Nothing where the declaration is wrong, which has been reported: any value may fit then.
    typed: Option<Typed>,
}

/// What a declaration says, read once.
#[derive(Debug)]
struct Typed {
    param: Param,
    limits: Limits,
    default: Option<Value>,
}

/// The parameters of a project or a component, by name.
pub(crate) type Signature = BTreeMap<String, Declared>;

/// Reads parameters' declarations; a name that is declared twice is reported.
pub(crate) fn signature(cx: &mut Context<'_>, nodes: &[Node]) -> Signature {
    let mut all = Signature::new();
    for node in nodes {
        let before = cx.decoder.diagnostics.len();
        let param = Param::decode(node, &mut cx.decoder);
        let sound = cx.decoder.diagnostics.len() == before;
        let Some(name) = node.label().map(|name| name.map(str::to_owned)) else {
            continue;
        };
        if let Some(first) = all.get(&name.value) {
            cx.report(twice(&name, first.span));
            continue;
        }
        let typed = param.filter(|_| sound).map(|param| Typed::of(cx, param));
        all.insert(
            name.value,
            Declared {
                span: name.span,
                typed,
            },
        );
    }
    all
}

/// Adds the parameters of misspelt `param`s, which are reported as nodes: what they would have
/// declared is not unknown as well.
pub(crate) fn add_misspelt<'n>(
    signature: &mut Signature,
    nodes: impl Iterator<Item = NodeRef<'n>>,
) {
    for node in nodes {
        if let Some(name) = label(node) {
            let broken = Declared {
                span: node.head_span(),
                typed: None,
            };
            signature.entry(name.to_owned()).or_insert(broken);
        }
    }
}

fn twice(name: &At<String>, first: Span) -> Diagnostic {
    let message = format!("two parameters are called `{}`", name.value);
    Diagnostic::new(Code::DeclaredTwice, name.span, message)
        .label("again here")
        .and(first, "first here")
        .help("keep one of them")
}

impl Typed {
    fn of(cx: &mut Context<'_>, param: Param) -> Self {
        let limits = Limits::of(cx, &param);
        let default = param.default.as_ref().map(|node| {
            let value = shaped(cx, &param, node);
            fits(cx, &param, &limits, value, place(node))
        });
        Self {
            param,
            limits,
            default,
        }
    }

    fn is_optional(&self) -> bool {
        self.param.optional.as_ref().is_some_and(|o| o.value)
    }

    /// The value of `-p NAME=TEXT`. It has no place in a file, so what is wrong with it is told at
    /// the declaration.
    fn read_outside(&self, cx: &mut Context<'_>, text: &str) -> Value {
        let span = self.param.name.span;
        let value = parse_text(type_of(&self.param), text, span);
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

impl Declared {
    /// The value a node of the project gives.
    pub(crate) fn given(&self, cx: &mut Context<'_>, node: &Node) -> Value {
        let Some(Typed { param, limits, .. }) = &self.typed else {
            return Value::unknown();
        };
        let value = shaped(cx, param, node);
        fits(cx, param, limits, value, place(node))
    }

    /// The value without anything given; `None` when there must be one.
    pub(crate) fn fallback(&self) -> Option<Value> {
        let Some(typed) = &self.typed else {
            return Some(Value::unknown());
        };
        match &typed.default {
            Some(value) => Some(value.clone()),
            None => typed.is_optional().then_some(Value::Absent),
        }
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
        let diagnostic = unknown(message, name, declared.keys().map(String::as_str), head);
        cx.report_absence(diagnostic);
    }
    let mut params = Params::new();
    for (name, param) in declared {
        let value = match (&param.typed, inputs.params.get(name), set.get(name)) {
            (None, _, _) => Value::unknown(),
            (Some(typed), Some(text), _) => typed.read_outside(cx, text),
            (Some(_), None, Some(given)) => param.given(cx, given),
            (Some(_), None, None) => param
                .fallback()
                .unwrap_or_else(|| unset(cx, name, param.span)),
        };
        params.insert(name.clone(), Bound { value });
    }
    if !inputs.allow_unset_params {
        cx.report_unset();
    }
    params
}

fn unset(cx: &mut Context<'_>, name: &str, span: Span) -> Value {
    if !cx.inputs().allow_unset_params {
        let or = if cx.sources.is_derived(span.file) {
            "write the variable into `.env` beside the file"
        } else {
            "set it in the environment"
        };
        let help = format!("pass -p {name}=VALUE, {or}, or give it a default");
        let message = format!("`{name}` has no value");
        cx.report(Diagnostic::new(Code::UnsetParam, span, message).help(help));
    }
    Value::unknown()
}

/// A parameter's name that nothing declares.
pub(crate) fn unknown<'n>(
    message: String,
    name: &str,
    known: impl Iterator<Item = &'n str>,
    span: Span,
) -> Diagnostic {
    let known: Vec<&str> = known.collect();
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

fn repeated(entries: &[Prop]) -> Option<&At<SmolStr>> {
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
    let string = || Literal::Str(text.into());
    match ty {
        ParamType::List if text.is_empty() => Value::List(Vec::new()),
        ParamType::Map if text.is_empty() => Value::Map(Vec::new()),
        ParamType::List => Value::List(text.split(',').map(|item| item_of(item, span)).collect()),
        ParamType::Map => Value::Map(text.split(',').map(|entry| entry_of(entry, span)).collect()),
        ParamType::Int | ParamType::Port => {
            Value::One(text.parse().map_or_else(|_| string(), Literal::Int))
        }
        ParamType::Bool => Value::One(text.parse().map_or_else(|_| string(), Literal::Bool)),
        ParamType::Float => Value::One(Literal::Float(text.into())),
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
        value: Literal::Str(text.into()),
        span,
    }
}

fn entry_of(text: &str, span: Span) -> Prop {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    Prop {
        key: At::new(key.into(), span),
        value: item_of(value, span),
    }
}
