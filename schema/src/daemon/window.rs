//! Parts of the week: `mon-fri 09:00-17:00`.

use std::fmt;

use serde::{Serialize, Serializer};

use super::values;
use crate::lang::{Decoder, Literal, Read, Type};
use crate::span::Span;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Days of the week, and a time of each. What ends at or before the minute in which it begins ends on
/// the day after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    text: String,
    /// By the number of the day on which it begins.
    days: [bool; 7],
    /// In minutes of the day.
    from: u16,
    /// In minutes of the day, up to 1440.
    to: u16,
}

/// The minutes of a day.
const DAY: u16 = 24 * 60;

impl Day {
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    fn before(self) -> Self {
        Self::ALL[(self as usize + 6) % 7]
    }
}

impl Times {
    /// Reads days, a time from and to, or both.
    pub fn checked(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, times) = match words[..] {
            [days, times] => (days_of(days)?, times_of(times)?),
            [one] => match days_of(one) {
                Some(days) => (days, (0, DAY)),
                None => ([true; 7], times_of(one)?),
            },
            _ => return None,
        };
        let (from, to) = times;
        Some(Self {
            text: words.join(" "),
            days,
            from,
            to,
        })
    }

    /// Whether a minute of a day is in it, both by the clock of its zone.
    pub fn holds(&self, day: Day, minute: u16) -> bool {
        let begins = |day: Day| self.days[day as usize];
        if self.from < self.to {
            return begins(day) && (self.from..self.to).contains(&minute);
        }
        begins(day) && minute >= self.from || begins(day.before()) && minute < self.to
    }

    /// The minutes of a day at which it may begin or end, in order.
    pub fn edges(&self) -> [u16; 2] {
        let to = self.to % DAY;
        [self.from.min(to), self.from.max(to)]
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

/// `mon-fri`, `sat,sun`, `fri-mon`, `*`.
fn days_of(text: &str) -> Option<[bool; 7]> {
    if text == "*" {
        return Some([true; 7]);
    }
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (number(first)?, number(last)?);
        days[at] = true;
        while at != last {
            at = (at + 1) % 7;
            days[at] = true;
        }
    }
    Some(days)
}

fn number(text: &str) -> Option<usize> {
    Day::ALL
        .iter()
        .position(|day| day.word().eq_ignore_ascii_case(text))
}

/// `09:00-17:00`
fn times_of(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from < DAY && from != to).then_some((from, to))
}

/// The minute of the day that `HH:MM` means, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| -> Option<u16> {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY).then_some(all)
}

impl Read for Times {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let help =
            "write days, times or both: \"mon-fri 09:00-17:00\", \"sat,sun\", \"22:00-06:00\"";
        values::read(value, span, cx, "a part of the week", Self::checked, help)
    }
}

#[cfg(test)]
mod tests {
    use super::Day::{Fri, Mon, Sat, Sun, Tue};
    use super::*;

    #[test]
    fn a_window_holds_the_minutes_it_says() {
        for (text, day, minute, expected) in [
            ("mon-fri 09:00-17:00", Mon, 9 * 60, true),
            ("mon-fri 09:00-17:00", Mon, 9 * 60 - 1, false),
            ("mon-fri 09:00-17:00", Fri, 17 * 60 - 1, true),
            ("mon-fri 09:00-17:00", Fri, 17 * 60, false),
            ("mon-fri 09:00-17:00", Sat, 12 * 60, false),
            ("22:00-06:00", Sun, 23 * 60, true),
            ("22:00-06:00", Sun, 60, true),
            ("22:00-06:00", Sun, 12 * 60, false),
            ("fri 22:00-06:00", Sat, 60, true),
            ("fri 22:00-06:00", Fri, 60, false),
            ("sun 22:00-06:00", Mon, 60, true),
            ("fri-mon", Sun, 0, true),
            ("fri-mon", Tue, 0, false),
            ("sat,sun", Sun, DAY - 1, true),
            ("* 00:00-24:00", Tue, DAY - 1, true),
        ] {
            let times = Times::checked(text).expect(text);
            assert_eq!(
                times.holds(day, minute),
                expected,
                "{text} {day:?} {minute}"
            );
        }
    }

    #[test]
    fn what_is_no_part_of_the_week_is_refused() {
        for text in [
            "",
            "mon-",
            "monday",
            "9:00-17:00",
            "09:00",
            "09:00-09:00",
            "24:00-06:00",
            "09:60-10:00",
            "09:00-25:00",
            "mon 09:00-17:00 UTC",
            "09:00-17:00 mon",
        ] {
            assert_eq!(Times::checked(text), None, "{text}");
        }
    }
}
