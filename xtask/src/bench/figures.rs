//! Repeated measurements, and how they are printed.

use std::time::Duration;

/// Of one thing measured several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    /// With an even count the median is the upper one of the two in the middle.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self {
            min: at(0),
            median: at(values.len() / 2),
            max: at(values.len().saturating_sub(1)),
        }
    }

    pub(super) fn milliseconds(times: &[Duration]) -> Self {
        Self::of(times.iter().map(|time| time.as_secs_f64() * 1e3))
    }

    /// How many times as long as the other, round by round.
    pub(super) fn ratio(longer: &[Duration], shorter: &[Duration]) -> Self {
        let pairs = longer.iter().zip(shorter);
        Self::of(pairs.map(|(long, short)| long.as_secs_f64() / short.as_secs_f64()))
    }

    pub(super) fn line(self, what: &str, unit: &str) -> String {
        let Self { min, median, max } = self;
        format!("  {what:<34} {min:>9.1} {median:>9.1} {max:>9.1}  {unit}")
    }
}

pub(super) fn head(title: &str) -> String {
    format!("{title:<36} {:>9} {:>9} {:>9}", "min", "median", "max")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: &[u64]) -> Vec<Duration> {
        let times = milliseconds.iter().copied();
        times.map(Duration::from_millis).collect()
    }

    #[test]
    fn ratios_are_of_the_same_round_and_sorted_afterwards() {
        let ratio = Spread::ratio(&times(&[300, 100, 800]), &times(&[100, 100, 200]));
        let line = ratio.line("long / short", "times");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[3..], ["1.0", "3.0", "4.0", "times"]);
    }
}
