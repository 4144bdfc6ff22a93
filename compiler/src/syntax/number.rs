//! Numbers: which words are one, and what they are worth.

use std::borrow::Cow;

/// What a well-formed number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Int,
    Float,
}

/// Why a word that starts as a number is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Made of a number's characters, in a wrong order: `0x`, `1.`, `.5`, `1e`.
    Malformed,
    /// Something else that starts with a digit: `10s`, `1.2.3`, `8080:80`.
    NotANumber,
    /// An integer that 128 bits do not hold.
    TooLarge,
}

pub(crate) fn check(word: &str) -> Result<Form, Fault> {
    if is_plain(word) {
        return Ok(Form::Int);
    }
    let form = form(word).ok_or_else(|| fault(word))?;
    if form == Form::Int && int(word).is_none() {
        return Err(Fault::TooLarge);
    }
    Ok(form)
}

/// Whether it has nothing but digits, so few that 64 bits hold them: as most have.
fn is_plain(word: &str) -> bool {
    word.len() <= 18 && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn form(word: &str) -> Option<Form> {
    let (_, radix, digits) = split(word);
    if radix != 10 {
        return run(digits, radix)
            .filter(|rest| rest.is_empty())
            .map(|_| Form::Int);
    }
    let mut rest = run(digits, 10)?;
    let mut form = Form::Int;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = run(fraction, 10)?;
        form = Form::Float;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        rest = run(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), 10)?;
        form = Form::Float;
    }
    rest.is_empty().then_some(form)
}

/// What follows a digit and any number of digits and underscores.
fn run(text: &str, radix: u32) -> Option<&str> {
    if !text.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    Some(text.trim_start_matches(|c: char| c == '_' || c.is_digit(radix)))
}

fn fault(word: &str) -> Fault {
    let bytes = word.as_bytes();
    let numeric = |byte: &u8| byte.is_ascii_digit() || b"+-._eExob".contains(byte);
    let dots = word.matches('.').count();
    let dashes = bytes.iter().skip(1).filter(|byte| **byte == b'-').count();
    if dots < 2 && dashes < 2 && bytes.iter().all(numeric) {
        Fault::Malformed
    } else {
        Fault::NotANumber
    }
}

/// Sign, radix and the digits of a number.
fn split(word: &str) -> (bool, u32, &str) {
    let negative = word.starts_with('-');
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let radixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    let prefixed = radixes
        .iter()
        .find_map(|(prefix, radix)| Some((*radix, unsigned.strip_prefix(prefix)?)));
    let (radix, digits) = prefixed.unwrap_or((10, unsigned));
    (negative, radix, digits)
}

/// The value of an integer that [`check`] accepted; `None` when 128 bits do not hold it.
pub(crate) fn int(word: &str) -> Option<i128> {
    if is_plain(word) {
        return word.parse::<u64>().ok().map(i128::from);
    }
    let (negative, radix, digits) = split(word);
    digits
        .chars()
        .filter(|c| *c != '_')
        .try_fold(0i128, |sum, digit| {
            let digit = i128::from(digit.to_digit(radix)?);
            let sum = sum.checked_mul(i128::from(radix))?;
            if negative {
                sum.checked_sub(digit)
            } else {
                sum.checked_add(digit)
            }
        })
}

/// The value of a float that [`check`] accepted, infinite when it is out of range.
pub(crate) fn float(word: &str) -> f64 {
    match word {
        "#inf" => f64::INFINITY,
        "#-inf" => f64::NEG_INFINITY,
        "#nan" => f64::NAN,
        _ => without_gaps(word).parse().unwrap_or(f64::NAN),
    }
}

/// The digits without what only helps to read them.
pub(crate) fn without_gaps(word: &str) -> Cow<'_, str> {
    if word.contains('_') {
        Cow::Owned(word.replace('_', ""))
    } else {
        Cow::Borrowed(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_words() {
        for (word, expected) in [
            ("0", Ok(Form::Int)),
            ("-12_000_", Ok(Form::Int)),
            ("+0xDEAD_beef", Ok(Form::Int)),
            ("0o17", Ok(Form::Int)),
            ("-0b1_0", Ok(Form::Int)),
            ("1.5e-3", Ok(Form::Float)),
            ("1E+1000", Ok(Form::Float)),
            ("170141183460469231731687303715884105727", Ok(Form::Int)),
            ("-170141183460469231731687303715884105728", Ok(Form::Int)),
            (
                "170141183460469231731687303715884105728",
                Err(Fault::TooLarge),
            ),
            ("0x", Err(Fault::Malformed)),
            ("1.", Err(Fault::Malformed)),
            (".5", Err(Fault::Malformed)),
            ("1._5", Err(Fault::Malformed)),
            ("10s", Err(Fault::NotANumber)),
            ("2026-11-03", Err(Fault::NotANumber)),
            ("1.2.3", Err(Fault::NotANumber)),
            ("0xfg", Err(Fault::NotANumber)),
        ] {
            assert_eq!(check(word), expected, "{word}");
        }
    }

    #[test]
    fn integers_keep_sign_and_radix() {
        assert_eq!(int("-0x1F"), Some(-31));
        assert_eq!(int("+0b101"), Some(5));
        assert_eq!(
            int("-170141183460469231731687303715884105728"),
            Some(i128::MIN)
        );
        assert_eq!(float("+1_0.5e1").to_bits(), 105f64.to_bits());
    }
}
