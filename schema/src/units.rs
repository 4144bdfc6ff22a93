//! Quantities with units, kept as integers of the base unit and printed in one canonical spelling.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no quantity, with what to write instead where that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoQuantity {
    pub message: String,
    /// Spellings that would be accepted.
    pub offers: Vec<String>,
}

impl NoQuantity {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            offers: Vec::new(),
        }
    }

    fn offer(message: impl Into<String>, offers: impl IntoIterator<Item = String>) -> Self {
        Self {
            message: message.into(),
            offers: offers.into_iter().collect(),
        }
    }
}

/// A length of time in nanoseconds; up to about 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A share of processors in billionths of one processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu(pub u64);

/// A ratio between 0 and 1 in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(pub u32);

/// Permission bits of a file, as in `0o440`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileMode(pub u32);

const TIMES: &[(&str, u64)] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const SIZES: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

impl Duration {
    pub const fn seconds(n: u64) -> Self {
        Self(n * 1_000_000_000)
    }

    pub const fn milliseconds(n: u64) -> Self {
        Self(n * 1_000_000)
    }

    pub const fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0)
    }
}

impl FromStr for Duration {
    type Err = NoQuantity;

    fn from_str(text: &str) -> Result<Self, NoQuantity> {
        let (digits, unit) = split(text);
        if unit.is_empty() && !digits.is_empty() {
            let offers = ["s", "ms", "m"].map(|u| format!("\"{digits}{u}\""));
            return Err(NoQuantity::offer(
                format!("`{text}` has no unit of time"),
                offers,
            ));
        }
        quantity(
            text,
            TIMES,
            "a duration such as \"10s\", \"250ms\" or \"5m\"",
        )
        .map(Self)
    }
}

impl FromStr for Bytes {
    type Err = NoQuantity;

    fn from_str(text: &str) -> Result<Self, NoQuantity> {
        let (digits, unit) = split(text);
        if let Some(prefix) = ambiguous_size(unit) {
            let offers = [
                format!("\"{digits}{prefix}iB\""),
                format!("\"{digits}{prefix}B\""),
            ];
            return Err(NoQuantity::offer(
                format!("`{text}` may mean powers of 1024 or of 1000"),
                offers,
            ));
        }
        quantity(
            text,
            SIZES,
            "a size such as \"512MiB\", \"1GiB\" or \"1GB\"",
        )
        .map(Self)
    }
}

fn ambiguous_size(unit: &str) -> Option<char> {
    let mut letters = unit.chars();
    let prefix = letters.next()?.to_ascii_uppercase();
    let rest = letters.as_str();
    let bare =
        rest.is_empty() || rest.eq_ignore_ascii_case("b") && !SIZES.iter().any(|(u, _)| *u == unit);
    (bare && "KMGT".contains(prefix)).then_some(prefix)
}

impl FromStr for Cpu {
    type Err = NoQuantity;

    fn from_str(text: &str) -> Result<Self, NoQuantity> {
        let refuse = || {
            NoQuantity::new(format!(
                "`{text}` is no share of processors such as 0.5, 2 or \"250m\""
            ))
        };
        match text.strip_suffix('m') {
            Some(milli) => decimal(milli, 1_000_000).map(Self).ok_or_else(refuse),
            None => decimal(text, 1_000_000_000).map(Self).ok_or_else(refuse),
        }
    }
}

impl FromStr for Ratio {
    type Err = NoQuantity;

    fn from_str(text: &str) -> Result<Self, NoQuantity> {
        decimal(text, 1_000_000)
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n <= 1_000_000)
            .map(Self)
            .ok_or_else(|| NoQuantity::new(format!("`{text}` is no ratio between 0 and 1")))
    }
}

impl FromStr for FileMode {
    type Err = NoQuantity;

    fn from_str(text: &str) -> Result<Self, NoQuantity> {
        let octal = text.strip_prefix("0o").unwrap_or(text);
        u32::from_str_radix(octal, 8)
            .ok()
            .filter(|mode| *mode <= 0o7777)
            .map(Self)
            .ok_or_else(|| NoQuantity::new(format!("`{text}` is no file mode such as 0o440")))
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Reads `1h30m` and `512MiB` alike: numbers, each with a unit of the table.
fn quantity(text: &str, units: &[(&str, u64)], wanted: &str) -> Result<u64, NoQuantity> {
    let refuse = || NoQuantity::new(format!("`{text}` is not {wanted}"));
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (digits, tail) = split(rest);
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, next) = tail.split_at(end);
        let (_, scale) = units.iter().find(|(u, _)| *u == unit).ok_or_else(refuse)?;
        let part = decimal(digits, *scale).ok_or_else(refuse)?;
        total = total.checked_add(part).ok_or_else(refuse)?;
        rest = next;
    }
    if text.is_empty() {
        Err(refuse())
    } else {
        Ok(total)
    }
}

/// `text` times `scale` exactly; `None` for no number, too large a one, or a remainder.
fn decimal(text: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 18 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    if fraction.is_empty() {
        return (!text.contains('.')).then_some(whole);
    }
    let places = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = fraction.parse::<u128>().ok()? * u128::from(scale);
    (part % places == 0).then(|| whole.checked_add(u64::try_from(part / places).ok()?))?
}

/// The largest unit that divides without a remainder, of those that may be taken.
fn print(
    f: &mut fmt::Formatter<'_>,
    value: u64,
    units: &[(&str, u64)],
    may: impl Fn(&str) -> bool,
) -> fmt::Result {
    let fits =
        |(unit, scale): &&(&str, u64)| value >= *scale && value.is_multiple_of(*scale) && may(unit);
    match units.iter().find(fits) {
        Some((unit, scale)) => write!(f, "{}{unit}", value / scale),
        None => write!(
            f,
            "0{}",
            units
                .iter()
                .find(|u| matches!(u.0, "s" | "B"))
                .map_or("", |u| u.0)
        ),
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, self.0, TIMES, |_| true)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A binary size is one of whole KiB.
        let binary = self.0 > 0 && self.0.is_multiple_of(1 << 10);
        print(f, self.0, SIZES, |unit| !binary || unit.ends_with("iB"))
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fixed(f, self.0, 1_000_000_000, 9)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fixed(f, u64::from(self.0), 1_000_000, 6)
    }
}

fn fixed(f: &mut fmt::Formatter<'_>, value: u64, one: u64, mut places: usize) -> fmt::Result {
    let (whole, mut fraction) = (value / one, value % one);
    if fraction == 0 {
        return write!(f, "{whole}");
    }
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        places -= 1;
    }
    write!(f, "{whole}.{fraction:0places$}")
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0o{:03o}", self.0)
    }
}

/// The units of lengths of time, with their milliseconds.
#[cfg(test)]
pub(crate) fn time_units() -> impl Iterator<Item = (&'static str, u64)> {
    TIMES.iter().copied()
}

/// The units of sizes, with their bytes.
#[cfg(test)]
pub(crate) fn size_units() -> impl Iterator<Item = (&'static str, u64)> {
    SIZES.iter().copied()
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Duration, Bytes, Cpu, Ratio, FileMode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_length_of_time_has_one_spelling() {
        for (text, canonical) in [
            ("60s", "1m"),
            ("1m", "1m"),
            ("1h30m", "90m"),
            ("1.5s", "1500ms"),
            ("0s", "0s"),
            ("90d", "90d"),
        ] {
            let duration: Duration = text.parse().expect(text);
            assert_eq!(duration.to_string(), canonical);
            assert_eq!(canonical.parse(), Ok(duration));
        }
    }

    #[test]
    fn one_size_has_one_spelling() {
        for (text, canonical) in [
            ("1024KiB", "1MiB"),
            ("1GB", "1GB"),
            ("0.5GiB", "512MiB"),
            ("0B", "0B"),
            ("3B", "3B"),
        ] {
            let size: Bytes = text.parse().expect(text);
            assert_eq!(size.to_string(), canonical);
            assert_eq!(canonical.parse(), Ok(size));
        }
    }

    #[test]
    fn a_size_that_may_mean_two_things_offers_both() {
        for text in ["1G", "512M", "10k", "1gb"] {
            let refused = text.parse::<Bytes>().expect_err(text);
            assert_eq!(refused.offers.len(), 2, "{text}");
        }
    }

    #[test]
    fn shares_of_processors_are_exact() {
        for (text, nano, canonical) in [
            ("0.5", 500_000_000, "0.5"),
            ("250m", 250_000_000, "0.25"),
            ("2", 2_000_000_000, "2"),
        ] {
            let cpu: Cpu = text.parse().expect(text);
            assert_eq!((cpu.0, cpu.to_string().as_str()), (nano, canonical));
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        assert!("".parse::<Duration>().is_err());
        assert!("10".parse::<Duration>().is_err());
        assert!("-1s".parse::<Duration>().is_err());
        assert!("1.".parse::<Cpu>().is_err());
        assert!("1e9".parse::<Cpu>().is_err());
        assert!("99999999999999999999d".parse::<Duration>().is_err());
        assert!("1.1".parse::<Ratio>().is_err());
        assert!("0o888".parse::<FileMode>().is_err());
    }
}
