//! Time tables: five fields, and at least one day on which all of them fit.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::At;
use skep_schema::spec::Scalar;

/// A field's range and the words that stand for numbers in it.
struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        least: 0,
        most: 59,
        words: &[],
    },
    Field {
        name: "hour",
        least: 0,
        most: 23,
        words: &[],
    },
    Field {
        name: "day of the month",
        least: 1,
        most: 31,
        words: &[],
    },
    Field {
        name: "month",
        least: 1,
        most: 12,
        words: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of the week",
        least: 0,
        most: 7,
        words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// The most days a month can have, leap years included.
const DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// What is wrong with a time table, if anything.
pub fn refused(expression: &At<Scalar>) -> Option<Diagnostic> {
    let message = match fields(&expression.value.0) {
        Ok(sets) if fires(&sets) => return None,
        Ok(_) => "this time never comes: no such day is in any of these months".to_owned(),
        Err(message) => message,
    };
    let refused = Diagnostic::new(Code::BadCron, expression.span, message);
    let help =
        "five fields: minute, hour, day of the month, month, day of the week; \"30 2 * * *\"";
    Some(refused.help(help))
}

fn fields(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() != FIELDS.len() {
        return Err(format!("`{text}` has {} fields, not five", words.len()));
    }
    words
        .iter()
        .zip(&FIELDS)
        .map(|(word, field)| set(word, field))
        .collect()
}

fn set(text: &str, field: &Field) -> Result<Vec<u8>, String> {
    let refuse = || format!("`{text}` is no {}", field.name);
    let mut all = Vec::new();
    for part in text.split(',') {
        let (range, step) = part
            .split_once('/')
            .map_or((part, None), |(r, s)| (r, Some(s)));
        let step: u8 = step.map_or(Ok(1), str::parse).map_err(|_| refuse())?;
        let (first, last) = bounds(range, field, step > 1).ok_or_else(refuse)?;
        if step == 0 || first > last {
            return Err(refuse());
        }
        all.extend((first..=last).step_by(step.into()));
    }
    Ok(all)
}

fn bounds(range: &str, field: &Field, stepped: bool) -> Option<(u8, u8)> {
    if range == "*" {
        return Some((field.least, field.most));
    }
    if let Some((first, last)) = range.split_once('-') {
        return Some((number(first, field)?, number(last, field)?));
    }
    let only = number(range, field)?;
    Some((only, if stepped { field.most } else { only }))
}

fn number(text: &str, field: &Field) -> Option<u8> {
    let word = field
        .words
        .iter()
        .position(|w| w.eq_ignore_ascii_case(text));
    let number = match word {
        Some(place) => u8::try_from(place).ok()? + field.least,
        None => text.parse().ok()?,
    };
    (field.least..=field.most)
        .contains(&number)
        .then_some(number)
}

/// With a day of the week, that alone is enough; else some month must have some of the days.
fn fires(sets: &[Vec<u8>]) -> bool {
    let [_, _, days, months, weekdays] = sets else {
        return false;
    };
    let any_weekday = (0..=6).all(|d| weekdays.contains(&d));
    let some_day = || {
        months
            .iter()
            .any(|m| days.iter().any(|d| *d <= DAYS[usize::from(*m) - 1]))
    };
    !any_weekday || some_day()
}

#[cfg(test)]
mod tests {
    use super::{fields, fires};

    #[test]
    fn time_tables_are_read_and_those_that_never_come_are_known() {
        for (text, wanted) in [
            ("30 2 * * *", Some(true)),
            ("*/15 8-18 * * mon-fri", Some(true)),
            ("0 0 29 2 *", Some(true)),
            ("0 0 30 2 *", Some(false)),
            ("0 0 31 4,6,9,11 *", Some(false)),
            ("0 0 30 2 mon", Some(true)),
            ("0 24 * * *", None),
            ("* * * *", None),
            ("*/0 * * * *", None),
            ("5-1 * * * *", None),
        ] {
            assert_eq!(fields(text).ok().map(|sets| fires(&sets)), wanted, "{text}");
        }
    }
}
