//! Types of single values: how each is read, and how the table names it.

use std::str::FromStr;

use smol_str::{SmolStr, ToSmolStr};

use super::decode::Decoder;
use super::tree::{Literal, Template};
use crate::address::Kind;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{At, Span};
use crate::units::{Bytes, Cpu, Duration, FileMode, NoQuantity, Ratio};

/// A type of single values, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any string, `(fmt)` references included.
    Text,
    /// A string without references.
    Str,
    Int,
    Bool,
    /// A string, number or boolean, printed canonically.
    Scalar,
    /// A scalar, a `(fmt)` text or a `(secret)`.
    EnvValue,
    Duration,
    Bytes,
    Cpu,
    Ratio,
    Mode,
    Port,
    /// One or several ports: `80`, `8000-8010`.
    Ports,
    /// The name of a swarm object, in the engine's own grammar.
    Name,
    Cidr,
    Ip,
    Host,
    /// A path in a URL, from `/`.
    UrlPath,
    Url,
    /// An absolute path in a container.
    Path,
    /// A file of the project.
    File,
    Image,
    HeaderName,
    Cron,
    /// A small total expression, in flows.
    Expression,
    OneOf(&'static [&'static str]),
    /// The name of a node of one of these kinds.
    Ref(&'static [Kind]),
    /// The address of a node, `service.api`.
    Address,
    /// The name or number of a port of the service at hand.
    PortRef,
}

/// A type that can be read from one value. `None` means a diagnostic was given, or that the value
/// is unknown and nothing is to be said.
pub trait Read: Sized {
    const TYPE: Type;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self>;
}

/// Reports a value of the wrong type.
pub(crate) fn mismatch(cx: &mut Decoder, value: &Literal, span: Span, wanted: &str) {
    if matches!(value, Literal::Unknown) {
        return;
    }
    cx.report(
        Diagnostic::new(
            Code::WrongType,
            span,
            format!("expected {wanted}, found {}", value.describe()),
        )
        .label(format!("this is {}", value.describe())),
    );
}

/// Reports a value of the right type that does not fit.
pub(crate) fn refuse(cx: &mut Decoder, span: Span, message: impl Into<String>, help: &str) {
    let diagnostic = Diagnostic::new(Code::BadValue, span, message);
    cx.report(if help.is_empty() {
        diagnostic
    } else {
        diagnostic.help(help)
    });
}

/// The string a value holds, or a diagnostic that names what was wanted.
pub(crate) fn plain<'a>(
    cx: &mut Decoder,
    value: &'a Literal,
    span: Span,
    wanted: &str,
) -> Option<&'a str> {
    match value {
        Literal::Str(text) => Some(text),
        Literal::Text(_) => {
            cx.report(
                Diagnostic::new(Code::NoReferenceHere, span, "references cannot stand here")
                    .label("needed before the graph is known")
                    .help("write the value out, or pass it in as a parameter: (var)param.name"),
            );
            None
        }
        Literal::Secret(_) => {
            secret_here(cx, span);
            None
        }
        Literal::Null
        | Literal::Bool(_)
        | Literal::Int(_)
        | Literal::Float(_)
        | Literal::Unknown => {
            mismatch(cx, value, span, wanted);
            None
        }
    }
}

impl Read for String {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        match value {
            Literal::Int(_) | Literal::Float(_) | Literal::Bool(_) => {
                let quoted = format!("\"{}\"", scalar_text(value).unwrap_or_default());
                let message = format!("expected a string, found {}", value.describe());
                cx.report(
                    Diagnostic::new(Code::WrongType, span, message)
                        .help(format!("write {quoted}"))
                        .fix("put it in quotes", span, quoted),
                );
                None
            }
            Literal::Null
            | Literal::Str(_)
            | Literal::Text(_)
            | Literal::Secret(_)
            | Literal::Unknown => plain(cx, value, span, "a string").map(str::to_owned),
        }
    }
}

impl Read for bool {
    const TYPE: Type = Type::Bool;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        if let Literal::Bool(flag) = value {
            return Some(*flag);
        }
        mismatch(cx, value, span, "#true or #false");
        None
    }
}

impl Read for Template {
    const TYPE: Type = Type::Text;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        match value {
            Literal::Text(template) => match secret_in(template) {
                Some(place) => {
                    secret_here(cx, place);
                    None
                }
                None => Some(template.clone()),
            },
            Literal::Str(_) | Literal::Int(_) | Literal::Float(_) | Literal::Bool(_) => {
                scalar_text(value).map(|text| Template {
                    parts: vec![super::tree::Part::Text(text)],
                })
            }
            Literal::Secret(_) => {
                secret_here(cx, span);
                None
            }
            Literal::Null | Literal::Unknown => {
                mismatch(cx, value, span, "a string");
                None
            }
        }
    }
}

/// The place of the first secret in a text.
fn secret_in(template: &Template) -> Option<Span> {
    let secret = |path: &&At<Vec<String>>| path.value.first().is_some_and(|word| word == "secret");
    template.paths().find(secret).map(|path| path.span)
}

fn secret_here(cx: &mut Decoder, span: Span) {
    cx.report(
        Diagnostic::new(Code::SecretHere, span, "a secret cannot stand here")
            .help("only values of `env` may hold a secret; elsewhere mount it with `secret NAME`"),
    );
}

/// The canonical text of a string, number or boolean.
pub fn scalar_text(value: &Literal) -> Option<SmolStr> {
    match value {
        Literal::Str(text) | Literal::Float(text) => Some(text.clone()),
        Literal::Int(int) => Some(int.to_smolstr()),
        Literal::Bool(flag) => Some(flag.to_smolstr()),
        Literal::Null | Literal::Text(_) | Literal::Secret(_) | Literal::Unknown => None,
    }
}

macro_rules! ints {
    ($($int:ty),*) => {$(
        impl Read for $int {
            const TYPE: Type = Type::Int;
            fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
                let Literal::Int(int) = value else {
                    mismatch(cx, value, span, "a whole number");
                    return None;
                };
                let fits = <$int>::try_from(*int).ok();
                if fits.is_none() {
                    let message = format!("{int} is not between {} and {}", <$int>::MIN, <$int>::MAX);
                    refuse(cx, span, message, "");
                }
                fits
            }
        }
    )*};
}

ints!(u16, u32, u64, i64);

macro_rules! quantities {
    ($($type:ty, $row:ident, $wanted:literal);* $(;)?) => {$(
        impl Read for $type {
            const TYPE: Type = Type::$row;
            fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
                quantity(value, span, cx, $wanted)
            }
        }
    )*};
}

quantities! {
    Duration, Duration, "a duration such as \"10s\"";
    Bytes, Bytes, "a size such as \"512MiB\"";
    Cpu, Cpu, "a share of processors such as 0.5";
    Ratio, Ratio, "a ratio between 0 and 1";
}

impl Read for FileMode {
    const TYPE: Type = Type::Mode;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let wanted = "a file mode such as 0o440";
        match value {
            Literal::Int(bits) => match u32::try_from(*bits) {
                Ok(bits) if bits <= 0o7777 => Some(FileMode(bits)),
                Ok(_) | Err(_) => {
                    refuse(
                        cx,
                        span,
                        format!("{bits} is no file mode"),
                        "write it in octal: 0o440",
                    );
                    None
                }
            },
            Literal::Str(_) => quantity(value, span, cx, wanted),
            Literal::Null
            | Literal::Bool(_)
            | Literal::Float(_)
            | Literal::Text(_)
            | Literal::Secret(_)
            | Literal::Unknown => {
                mismatch(cx, value, span, wanted);
                None
            }
        }
    }
}

/// Reads a quantity from a string or a number, offering the spellings that would do.
fn quantity<T: FromStr<Err = NoQuantity>>(
    value: &Literal,
    span: Span,
    cx: &mut Decoder,
    wanted: &str,
) -> Option<T> {
    let Some(text) = scalar_text(value).filter(|_| !matches!(value, Literal::Bool(_))) else {
        if let Literal::Text(_) = value {
            plain(cx, value, span, wanted);
        } else {
            mismatch(cx, value, span, wanted);
        }
        return None;
    };
    match text.parse() {
        Ok(quantity) => Some(quantity),
        Err(refused) => {
            report_quantity(cx, span, &refused);
            None
        }
    }
}

fn report_quantity(cx: &mut Decoder, span: Span, refused: &NoQuantity) {
    use crate::diagnostic::Applicability::MaybeIncorrect;
    let mut diagnostic = Diagnostic::new(Code::BadQuantity, span, refused.message.clone());
    if !refused.offers.is_empty() {
        diagnostic = diagnostic.help(format!("write {}", refused.offers.join(" or ")));
    }
    for offer in &refused.offers {
        diagnostic = diagnostic.offer(
            format!("write {offer}"),
            MaybeIncorrect,
            vec![(span, offer.clone())],
        );
    }
    cx.report(diagnostic);
}

/// One of a few words, or a diagnostic with the nearest.
pub fn one_of(
    value: &Literal,
    span: Span,
    cx: &mut Decoder,
    words: &'static [&'static str],
) -> Option<&'static str> {
    if let Literal::Str(text) = value
        && let Some(word) = words.iter().find(|word| *word == text)
    {
        return Some(word);
    }
    let listed: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let wanted = format!("one of {}", listed.join(", "));
    let text = plain(cx, value, span, &wanted)?;
    let message = format!("`{text}` is not {wanted}");
    let diagnostic = Diagnostic::new(Code::NotOneOf, span, message);
    cx.report(match super::suggest::nearest(text, words.iter().copied()) {
        Some(near) => diagnostic.meant(near),
        None => diagnostic,
    });
    None
}
