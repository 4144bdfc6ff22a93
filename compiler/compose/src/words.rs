//! Small languages inside of values: shell words, sizes, times.

use skep_schema::units::{Bytes, Cpu, Duration, Ratio};

/// A command line as words, with quotes and backslashes as a shell has them. Nothing where a quote
/// stays open.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().push(letters.next()?),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// `512M`, `1.5gb`, `1073741824`: always powers of 1024, as docker reads them.
pub(crate) fn size(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (digits, unit) = lower.split_at(end.unwrap_or(lower.len()));
    let shift = match unit.trim() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    decimal(digits, 1u128 << shift).map(|bytes| Bytes(bytes).to_string())
}

/// `1h30m`, `1.5s`, `500ms`.
pub(crate) fn time(text: &str) -> Option<String> {
    if text == "0" {
        return Some(Duration(0).to_string());
    }
    let mut total: u64 = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, after) = rest.split_at(end);
        let next = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(next);
        let nanoseconds = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        total = total.checked_add(decimal(digits, nanoseconds)?)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration(total).to_string())
}

/// `0.50`
pub(crate) fn cpu(text: &str) -> Option<String> {
    let text = text
        .strip_prefix('.')
        .map_or_else(|| text.to_owned(), |rest| format!("0.{rest}"));
    text.parse::<Cpu>()
        .ok()
        .filter(|_| !text.ends_with('m'))
        .map(|cpu| cpu.to_string())
}

pub(crate) fn ratio(text: &str) -> Option<String> {
    let text = text
        .strip_prefix('.')
        .map_or_else(|| text.to_owned(), |rest| format!("0.{rest}"));
    text.parse::<Ratio>().ok().map(|ratio| ratio.to_string())
}

pub(crate) fn whole(text: &str) -> Option<String> {
    text.parse::<u64>().ok().map(|number| number.to_string())
}

pub(crate) fn signed(text: &str) -> Option<String> {
    text.parse::<i64>().ok().map(|number| number.to_string())
}

/// A port or a range of ports as a word of KDL.
pub(crate) fn port(text: &str) -> Option<String> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once('-') {
        None => number(text).map(|port| port.to_string()),
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            if first == last {
                return Some(first.to_string());
            }
            (first < last).then(|| format!("\"{first}-{last}\""))
        }
    }
}

/// Permissions: `0440` in octal, and `288` without a zero in front is the same number.
pub(crate) fn mode(text: &str) -> Option<String> {
    let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0'));
    let bits = match octal {
        Some("") => 0,
        Some(octal) => u32::from_str_radix(octal, 8).ok()?,
        None => text.parse::<u32>().ok()?,
    };
    (bits <= 0o7777).then(|| format!("0o{bits:03o}"))
}

/// A decimal number times a unit, where that is whole enough.
fn decimal(digits: &str, unit: u128) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !all(whole) || !all(fraction) || digits.len() > 18 || whole.is_empty() {
        return None;
    }
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let number: u128 = format!("{whole}{fraction}").parse().ok()?;
    u64::try_from(number.checked_mul(unit)? / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        let words = |text| split(text).map(|words| words.join("|"));
        assert_eq!(words("a  b\tc").as_deref(), Some("a|b|c"));
        assert_eq!(
            words("sh -c 'a \"b\"' \"c \\\" d\"").as_deref(),
            Some("sh|-c|a \"b\"|c \" d")
        );
        assert_eq!(words("a\\ b ''").as_deref(), Some("a b|"));
        assert_eq!(words("'a"), None);
        assert_eq!(words("").as_deref(), Some(""));
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, size_of) in [
            ("512M", "512MiB"),
            ("1.5g", "1536MiB"),
            ("1kb", "1KiB"),
            ("1024", "1KiB"),
            ("10 m", "10MiB"),
        ] {
            assert_eq!(size(text).as_deref(), Some(size_of), "{text}");
        }
        assert_eq!((size("x"), size("1x"), size("")), (None, None, None));
    }

    #[test]
    fn times_have_units() {
        for (text, shown) in [
            ("1m30s", "90s"),
            ("1.5s", "1500ms"),
            ("0", "0s"),
            ("10s", "10s"),
        ] {
            assert_eq!(time(text).as_deref(), Some(shown), "{text}");
        }
        assert_eq!((time("10"), time(""), time("1x")), (None, None, None));
    }

    #[test]
    fn modes_and_ports_are_numbers() {
        assert_eq!(mode("0440").as_deref(), Some("0o440"));
        assert_eq!(mode("288").as_deref(), Some("0o440"));
        assert_eq!(port("80").as_deref(), Some("80"));
        assert_eq!(port("80-82").as_deref(), Some("\"80-82\""));
        assert_eq!(
            (port("0"), port("9-8"), mode("9999999")),
            (None, None, None)
        );
    }
}
