//! Times as people read them.

use skep_schema::event::Timestamp;

/// `12 s`, `5 min`, `3 h`, `9 days`: the largest unit that is not zero.
pub(crate) fn ago(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `2026-11-21 05:01:09 UTC`, the same on every machine.
pub(crate) fn date(at: Timestamp) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(
            || "unknown".to_owned(),
            |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_one_unit() {
        let spans = [
            (900, "0 s"),
            (61_000, "1 min"),
            (7_200_000, "2 h"),
            (259_200_000, "3 days"),
        ];
        for (millis, text) in spans {
            assert_eq!(ago(millis), text);
        }
        assert_eq!(
            date(Timestamp(1_795_237_269_000)),
            "2026-11-21 05:01:09 UTC"
        );
    }
}
