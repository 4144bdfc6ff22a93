//! Numbers as docker prints them where a text is wanted.

/// What docker makes of a value without quotes where a text is wanted: `010` is 8, `1.10` is 1.1.
pub(crate) fn plain_text(text: &str) -> String {
    whole(text)
        .map(|number| number.to_string())
        .or_else(|| fraction(text))
        .unwrap_or_else(|| text.to_owned())
}

fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let clean = digits.replace('_', "");
    let radix = |prefix: &str, radix| {
        let rest = clean.strip_prefix(prefix)?;
        i128::from_str_radix(rest, radix).ok()
    };
    let number = radix("0x", 16)
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0o", 8))
        .or_else(|| radix("0", 8))
        .or_else(|| clean.parse().ok())?;
    Some(if negative { -number } else { number })
}

/// Large and small numbers keep their spelling: docker writes them with an exponent.
fn fraction(text: &str) -> Option<String> {
    let (whole, rest) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(rest) || text.len() > 15 {
        return None;
    }
    let kept = rest.trim_end_matches('0');
    let start = whole.trim_start_matches('0');
    let start = if start.is_empty() { "0" } else { start };
    Some(if kept.is_empty() {
        start.to_owned()
    } else {
        format!("{start}.{kept}")
    })
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn numbers_without_quotes_are_written_as_docker_writes_them() {
        for (text, shown) in [
            ("8080", "8080"),
            ("010", "8"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("1.10", "1.1"),
            ("3.0", "3"),
            ("-5", "-5"),
            ("08", "8"),
            ("1.2.3", "1.2.3"),
            ("yes", "yes"),
            ("true", "true"),
            ("", ""),
        ] {
            assert_eq!(plain_text(text), shown, "{text}");
        }
    }
}
