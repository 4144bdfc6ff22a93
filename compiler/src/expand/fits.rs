//! Whether a value fits its parameter: type, limits, pattern, choice.

use regex_lite::Regex;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Decoder, Literal, Node, Read, nearest, scalar_text};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Cidr, File, Host, Param, ParamType, Path, Port, Scalar, Url};
use skep_schema::units::{Bytes, Cpu, Duration, FileMode};

use super::param::type_of;
use super::scope::Value;
use crate::context::Context;

/// What a parameter's declaration says about its values beside the type.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    min: Option<At<i128>>,
    max: Option<At<i128>>,
    pattern: Option<Regex>,
    choices: Vec<String>,
}

impl Limits {
    /// Reads them once; what makes no sense is reported and left out.
    pub(crate) fn of(cx: &mut Context<'_>, param: &Param) -> Self {
        Self {
            min: param.min.as_ref().and_then(|node| bound(cx, param, node)),
            max: param.max.as_ref().and_then(|node| bound(cx, param, node)),
            pattern: param
                .pattern
                .as_ref()
                .and_then(|pattern| compile(cx, pattern)),
            choices: choices(param),
        }
    }
}

fn bound(cx: &mut Context<'_>, param: &Param, node: &Node) -> Option<At<i128>> {
    let ty = type_of(param);
    if !has_size(ty) {
        let message = format!("`{}` means nothing for a {}", node.name.value, ty.word());
        cx.report(
            Diagnostic::new(Code::BadValue, node.span, message)
                .help("it is for numbers and quantities; texts have `match` and `one-of`"),
        );
        return None;
    }
    let arg = node.args.first()?;
    let checked = typed(&mut cx.decoder, ty, &arg.value, arg.span)?;
    size(ty, &checked).map(|size| At::new(size, arg.span))
}

/// The pattern, made to match whole texts.
fn compile(cx: &mut Context<'_>, pattern: &At<String>) -> Option<Regex> {
    match Regex::new(&format!("^(?:{})$", pattern.value)) {
        Ok(regex) => Some(regex),
        Err(wrong) => {
            let message = format!("this is no regular expression: {wrong}");
            cx.report(Diagnostic::new(Code::BadValue, pattern.span, message));
            None
        }
    }
}

/// `one-of="a b"` and `one-of a b` are the same.
fn choices(param: &Param) -> Vec<String> {
    let listed = param.one_of.as_ref().map_or(&[][..], |list| &list.items);
    match listed {
        [
            At {
                value: Scalar(all), ..
            },
        ] => all.split_whitespace().map(str::to_owned).collect(),
        several => several.iter().map(|item| item.value.0.clone()).collect(),
    }
}

/// The value, or unknown when it does not fit, which has then been reported at `span` or nearer.
pub(crate) fn fits(
    cx: &mut Context<'_>,
    param: &Param,
    limits: &Limits,
    value: Value,
    span: Span,
) -> Value {
    let fitting = match &value {
        Value::One(literal) => {
            let Some(literal) = typed(&mut cx.decoder, type_of(param), literal, span) else {
                return Value::unknown();
            };
            let refused = refused(param, limits, &literal, span);
            return if said(cx, param, refused) {
                Value::unknown()
            } else {
                Value::One(literal)
            };
        }
        Value::List(items) => {
            let refused = items
                .iter()
                .find_map(|i| refused(param, limits, &i.value, i.span));
            !said(cx, param, refused)
        }
        Value::Map(_) | Value::Absent => true,
    };
    if fitting { value } else { Value::unknown() }
}

/// Whether there was something to say.
fn said(cx: &mut Context<'_>, param: &Param, refused: Option<Diagnostic>) -> bool {
    let any = refused.is_some();
    if let Some(diagnostic) = refused {
        cx.report(diagnostic.and(param.name.span, "declared here"));
    }
    any
}

/// The value where it has the type, or is not known yet.
fn typed(cx: &mut Decoder, ty: ParamType, value: &Literal, span: Span) -> Option<Literal> {
    match (ty, value) {
        (_, Literal::Unknown) => return Some(Literal::Unknown),
        (ParamType::String | ParamType::Url | ParamType::Path, Literal::Text(_)) => {
            return Some(value.clone());
        }
        (_, _) => {}
    }
    let read = match ty {
        ParamType::String | ParamType::Ref => String::read(value, span, cx).is_some(),
        ParamType::Int => i64::read(value, span, cx).is_some(),
        ParamType::Bool => bool::read(value, span, cx).is_some(),
        ParamType::Float => decimal(cx, value, span),
        ParamType::Hostname => {
            return Host::read(value, span, cx).map(|h| Literal::Str(h.as_str().into()));
        }
        ParamType::Port => Port::read(value, span, cx).is_some(),
        ParamType::Duration => Duration::read(value, span, cx).is_some(),
        ParamType::Bytes => Bytes::read(value, span, cx).is_some(),
        ParamType::Cpu => Cpu::read(value, span, cx).is_some(),
        ParamType::Cidr => Cidr::read(value, span, cx).is_some(),
        ParamType::Cron => cron(cx, value, span),
        ParamType::Mode => FileMode::read(value, span, cx).is_some(),
        ParamType::Path => path(cx, value, span),
        ParamType::Url => Url::read(value, span, cx).is_some(),
        // Their shape is their type, and it was looked at where the value was made.
        ParamType::List | ParamType::Map => true,
    };
    read.then(|| value.clone())
}

fn decimal(cx: &mut Decoder, value: &Literal, span: Span) -> bool {
    let number = matches!(value, Literal::Int(_)) || scaled(value).is_some();
    if !number {
        let message = format!("expected a decimal number, found {}", value.describe());
        cx.report(
            Diagnostic::new(Code::WrongType, span, message).help("write digits, such as 0.5"),
        );
    }
    number
}

fn cron(cx: &mut Decoder, value: &Literal, span: Span) -> bool {
    let Some(text) = String::read(value, span, cx) else {
        return false;
    };
    let fields = text.split_whitespace().count();
    if !(5..=6).contains(&fields) {
        let message = format!("`{text}` is no cron expression");
        cx.report(
            Diagnostic::new(Code::BadValue, span, message)
                .help("write minute, hour, day, month and weekday, as in \"30 2 * * *\""),
        );
    }
    (5..=6).contains(&fields)
}

fn path(cx: &mut Decoder, value: &Literal, span: Span) -> bool {
    let Some(text) = String::read(value, span, cx) else {
        return false;
    };
    let fits = Path::checked(&text).is_some() || File::checked(&text).is_some();
    if !fits {
        let message = format!("`{text}` is no path");
        cx.report(
            Diagnostic::new(Code::BadValue, span, message)
                .help("write an absolute path, or one inside the project"),
        );
    }
    fits
}

fn refused(param: &Param, limits: &Limits, value: &Literal, span: Span) -> Option<Diagnostic> {
    let name = param.name.value.as_str();
    let say = |message: String| Diagnostic::new(Code::BadParam, span, message);
    let ty = type_of(param);
    let size = size(ty, value);
    if let (Some(size), Some(min)) = (size, limits.min)
        && size < min.value
    {
        return Some(say(format!(
            "`{name}` is at least {}",
            written(param.min.as_ref())
        )));
    }
    if let (Some(size), Some(max)) = (size, limits.max)
        && size > max.value
    {
        return Some(say(format!(
            "`{name}` is at most {}",
            written(param.max.as_ref())
        )));
    }
    let text = scalar_text(value)?;
    if let Some(pattern) = &limits.pattern
        && !pattern.is_match(&text)
    {
        let wanted = param.pattern.as_ref().map_or("", |p| &p.value);
        return Some(say(format!("`{text}` does not match `{wanted}`")));
    }
    if limits.choices.is_empty() || limits.choices.iter().any(|choice| *choice == text) {
        return None;
    }
    let listed: Vec<String> = limits.choices.iter().map(|c| format!("`{c}`")).collect();
    let diagnostic = say(format!("`{name}` is one of {}", listed.join(", ")));
    Some(
        match nearest(&text, limits.choices.iter().map(String::as_str)) {
            Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
            None => diagnostic,
        },
    )
}

/// A limit as its author wrote it.
fn written(limit: Option<&Node>) -> String {
    limit
        .and_then(|node| node.args.first())
        .and_then(|arg| scalar_text(&arg.value))
        .unwrap_or_default()
        .into()
}

/// Whether values of a type are larger and smaller than each other.
const fn has_size(ty: ParamType) -> bool {
    match ty {
        ParamType::Int
        | ParamType::Port
        | ParamType::Mode
        | ParamType::Float
        | ParamType::Duration
        | ParamType::Bytes
        | ParamType::Cpu => true,
        ParamType::String
        | ParamType::Bool
        | ParamType::List
        | ParamType::Map
        | ParamType::Hostname
        | ParamType::Cidr
        | ParamType::Cron
        | ParamType::Path
        | ParamType::Url
        | ParamType::Ref => false,
    }
}

/// A number that is larger for a larger value; `None` for what has no size.
fn size(ty: ParamType, value: &Literal) -> Option<i128> {
    match ty {
        ParamType::Int | ParamType::Port | ParamType::Mode | ParamType::Float => scaled(value),
        ParamType::Duration => quantity::<Duration>(value).map(|d| i128::from(d.0)),
        ParamType::Bytes => quantity::<Bytes>(value).map(|b| i128::from(b.0)),
        ParamType::Cpu => quantity::<Cpu>(value).map(|c| i128::from(c.0)),
        ParamType::String
        | ParamType::Bool
        | ParamType::List
        | ParamType::Map
        | ParamType::Hostname
        | ParamType::Cidr
        | ParamType::Cron
        | ParamType::Path
        | ParamType::Url
        | ParamType::Ref => None,
    }
}

fn quantity<T: std::str::FromStr>(value: &Literal) -> Option<T> {
    scalar_text(value)?.parse().ok()
}

/// A decimal number in billionths, without rounding by a binary float.
fn scaled(value: &Literal) -> Option<i128> {
    let text = match value {
        Literal::Int(int) => return int.checked_mul(1_000_000_000),
        Literal::Float(text) => text,
        Literal::Null
        | Literal::Bool(_)
        | Literal::Str(_)
        | Literal::Text(_)
        | Literal::Secret(_)
        | Literal::Unknown => return None,
    };
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > 9 {
        return None;
    }
    let billionths: i128 = format!("{fraction:0<9}").parse().ok()?;
    whole
        .parse::<i128>()
        .ok()?
        .checked_mul(1_000_000_000)?
        .checked_add(billionths)?
        .checked_mul(sign)
}
