//! Lints that the author has looked at and lets stand, with the reason.

use serde::{Serialize, Serializer};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::lang::{Decoder, Literal, Read, Type, plain};
use crate::node;
use crate::span::Span;

/// The code of a lint. Errors are not among them: what is wrong cannot be let stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LintCode(pub Code);

impl LintCode {
    /// Whether a word has the form of a code, whether or not there is one.
    pub fn looks_like(word: &str) -> bool {
        let start = word.get(..2).unwrap_or_default();
        let digits = word.get(2..).unwrap_or_default();
        start.eq_ignore_ascii_case("SK")
            && digits.len() == 4
            && digits.bytes().all(|b| b.is_ascii_digit())
    }
}

impl Serialize for LintCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.as_str())
    }
}

impl Read for LintCode {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "the code of a lint")?;
        let (message, help) = match Code::parse(text) {
            Some(code) if code.info().severity < Severity::Error => return Some(Self(code)),
            Some(code) => (
                format!("{code} is an error, which cannot be allowed"),
                format!("mend it: `skep explain {code}` says how"),
            ),
            None => (
                format!("there is no code `{text}`"),
                "write the code of the lint, such as SK5007".to_owned(),
            ),
        };
        cx.report(Diagnostic::new(Code::BadValue, span, message).help(help));
        None
    }
}

/// Why something is as it is, in words for the next reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason(pub String);

impl Read for Reason {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "a reason")?.trim();
        if text.is_empty() {
            cx.report(
                Diagnostic::new(Code::BadValue, span, "the reason says nothing")
                    .help("write why this is right here, for whoever reads it next"),
            );
            return None;
        }
        Some(Self(text.to_owned()))
    }
}

node! {
    /// A lint that may stand, and why. In a node, at any depth, it holds for what that node's block
    /// has in it; in a use for what that use makes; at the top of a file for the whole project. Errors
    /// cannot be allowed.
    Allowance "allow" {
        /// The lint's code.
        code: arg(LintCode) "CODE";
        /// Why it may stand; `skep explain ADDRESS` shows it.
        reason: arg(Reason) "REASON";
    }
}
