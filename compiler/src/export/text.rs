//! Texts that more than one export spells.

use skep_schema::plan::Need;

/// How something is that is waited for.
pub(super) const fn awaited(need: Need) -> &'static str {
    match need {
        Need::Exists => "is there",
        Need::Started => "has started",
        Need::Healthy => "is healthy",
        Need::Complete => "has ended well",
    }
}

/// A number in the largest unit that leaves no fraction; nothing for 0.
pub(super) fn largest(value: u64, units: &[(&str, u64)]) -> Option<String> {
    let fits = |(_, scale): &&(&str, u64)| value >= *scale && value.is_multiple_of(*scale);
    let (unit, scale) = units.iter().find(fits)?;
    Some(format!("{}{unit}", value / scale))
}

/// The name of a secret without the star that an apply puts a fingerprint for.
pub(super) fn whole(name: &str) -> &str {
    name.strip_suffix("-*").unwrap_or(name)
}
