//! The conditions of `when`: a small total language, checked here and evaluated by the daemon.
//!
//! Values are paths, numbers, `'text'` or `"text"`, `true` and `false`. Operators, loosest first:
//! `||`, `&&`, then `== != < <= > >=`, then `!`; parentheses group. Nothing else, and no recursion:
//! operators and operands are kept on two stacks.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;
use skep_schema::spec::FlowType;

use crate::context::Context;

/// Tokens a condition may have.
const MOST: usize = 200;

/// What a value is, as far as conditions care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Text,
    Number,
    Bool,
    /// Fits everything: the mistake was reported already, or only a run knows.
    Unknown,
}

impl Ty {
    pub(super) const fn of(ty: FlowType) -> Self {
        match ty {
            FlowType::String | FlowType::Text | FlowType::Url => Ty::Text,
            FlowType::Int | FlowType::Float | FlowType::Duration | FlowType::Bytes => Ty::Number,
            FlowType::Bool => Ty::Bool,
            FlowType::Map | FlowType::List => Ty::Unknown,
        }
    }

    fn fits(self, other: Self) -> bool {
        self == other || self == Ty::Unknown || other == Ty::Unknown
    }

    const fn word(self) -> &'static str {
        match self {
            Ty::Text => "a text",
            Ty::Number => "a number",
            Ty::Bool => "true or false",
            Ty::Unknown => "anything",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Path(Vec<&'a str>),
    Value(Ty),
    Op(Op),
    Open,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Or,
    And,
    Equal,
    Order,
    Not,
}

impl Op {
    const fn strength(self) -> u8 {
        match self {
            Op::Or => 1,
            Op::And => 2,
            Op::Equal | Op::Order => 3,
            Op::Not => 4,
        }
    }
}

/// Reports a condition that is malformed, or compares what cannot be compared.
pub(super) fn check(
    text: &str,
    span: Span,
    mut kind: impl FnMut(&[&str], &mut Context<'_>) -> Ty,
    cx: &mut Context<'_>,
) {
    let outcome = tokens(text).and_then(|tokens| evaluate(&tokens, |path| kind(path, cx)));
    let message = match outcome {
        Ok(Ty::Bool | Ty::Unknown) => return,
        Ok(ty @ (Ty::Text | Ty::Number)) => {
            format!("a condition is true or false, and this is {}", ty.word())
        }
        Err(message) => message,
    };
    cx.report(
        Diagnostic::new(Code::BadCondition, span, message)
            .help("write such as task.plan.destroys > 0 && param.env == 'prod'"),
    );
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, length) = token(rest)?;
        all.push(token);
        rest = rest[length..].trim_start();
        if all.len() > MOST {
            return Err(format!("the condition has more than {MOST} parts"));
        }
    }
    Ok(all)
}

const SIGNS: &[(&str, Token<'static>)] = &[
    ("||", Token::Op(Op::Or)),
    ("&&", Token::Op(Op::And)),
    ("==", Token::Op(Op::Equal)),
    ("!=", Token::Op(Op::Equal)),
    ("<=", Token::Op(Op::Order)),
    (">=", Token::Op(Op::Order)),
    ("<", Token::Op(Op::Order)),
    (">", Token::Op(Op::Order)),
    ("!", Token::Op(Op::Not)),
    ("(", Token::Open),
    (")", Token::Close),
];

fn token(text: &str) -> Result<(Token<'_>, usize), String> {
    if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| text.starts_with(sign)) {
        return Ok((token.clone(), sign.len()));
    }
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let end = text[1..]
            .find(quote)
            .ok_or_else(|| "a text in the condition does not end".to_owned())?;
        return Ok((Token::Value(Ty::Text), end + 2));
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .unwrap_or(text.len());
    let word = &text[..end];
    if word.is_empty() {
        let c = text.chars().next().unwrap_or(' ');
        return Err(format!("`{c}` means nothing in a condition"));
    }
    let token = match word {
        "true" | "false" => Token::Value(Ty::Bool),
        number if number.parse::<f64>().is_ok() => Token::Value(Ty::Number),
        path => Token::Path(path.split('.').collect()),
    };
    Ok((token, end))
}

enum Open {
    Op(Op),
    Paren,
}

fn evaluate(tokens: &[Token<'_>], mut kind: impl FnMut(&[&str]) -> Ty) -> Result<Ty, String> {
    let mut values: Vec<Ty> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut wants_value = true;
    for token in tokens {
        let fits = match token {
            Token::Path(_) | Token::Value(_) | Token::Open | Token::Op(Op::Not) => wants_value,
            Token::Op(_) | Token::Close => !wants_value,
        };
        if !fits {
            return Err("the condition is out of shape".to_owned());
        }
        match token {
            Token::Path(path) => values.push(kind(path)),
            Token::Value(ty) => values.push(*ty),
            Token::Open => open.push(Open::Paren),
            Token::Close => close(&mut open, &mut values)?,
            Token::Op(Op::Not) => open.push(Open::Op(Op::Not)),
            Token::Op(op) => {
                while let Some(Open::Op(before)) = open.last() {
                    if before.strength() < op.strength() {
                        break;
                    }
                    apply(*before, &mut values)?;
                    open.pop();
                }
                open.push(Open::Op(*op));
            }
        }
        wants_value = matches!(token, Token::Op(_) | Token::Open);
    }
    while let Some(left) = open.pop() {
        match left {
            Open::Op(op) => apply(op, &mut values)?,
            Open::Paren => return Err("a `(` in the condition is not closed".to_owned()),
        }
    }
    match values.as_slice() {
        [one] if !wants_value => Ok(*one),
        _ => Err("the condition is not complete".to_owned()),
    }
}

fn close(open: &mut Vec<Open>, values: &mut Vec<Ty>) -> Result<(), String> {
    loop {
        match open.pop() {
            Some(Open::Paren) => return Ok(()),
            Some(Open::Op(op)) => apply(op, values)?,
            None => return Err("a `)` in the condition was never opened".to_owned()),
        }
    }
}

fn apply(op: Op, values: &mut Vec<Ty>) -> Result<(), String> {
    let mut take = || {
        values
            .pop()
            .ok_or_else(|| "the condition is not complete".to_owned())
    };
    let right = take()?;
    let left = if op == Op::Not { right } else { take()? };
    let wanted = match op {
        Op::Or | Op::And | Op::Not => Ty::Bool,
        Op::Equal => left,
        Op::Order => Ty::Number,
    };
    if let Some(wrong) = [left, right].into_iter().find(|ty| !ty.fits(wanted)) {
        return Err(format!(
            "{} is compared or joined where {} belongs",
            wrong.word(),
            wanted.word()
        ));
    }
    values.push(Ty::Bool);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Ty, evaluate, tokens};

    fn ty(text: &str) -> Result<Ty, String> {
        evaluate(&tokens(text)?, |path| {
            if path[0] == "n" { Ty::Number } else { Ty::Text }
        })
    }

    #[test]
    fn conditions_have_a_type() {
        for text in [
            "n > 0",
            "t == 'prod'",
            "!(n >= 1 && t != \"x\") || true",
            "n == 1.5",
        ] {
            assert_eq!(ty(text), Ok(Ty::Bool), "{text}");
        }
        assert_eq!(ty("n"), Ok(Ty::Number));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "",
            "n >",
            "n > 'x'",
            "n && true",
            "(n > 1",
            "n > 1)",
            "n 1",
            "'open",
            "a ; b",
            "!t",
        ] {
            assert!(ty(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_condition_is_refused_and_not_followed() {
        assert!(ty(&"(".repeat(100_000)).is_err());
        assert!(ty(&"!".repeat(100_000)).is_err());
    }
}
