//! Spans of time as every proxy can hold them, and what is counted in them.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::value::Unfit;

/// A span of time in whole milliseconds, from 1 ms to a day: what all the proxies can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(NonZeroU32);

impl Millis {
    const DAY: u64 = 86_400_000;
    /// A replica that is there answers a connection in far less.
    pub(super) const CONNECT: Self = Self::literal(2_000);
    pub(super) const TIMEOUT: Self = Self::literal(60_000);
    /// How old an answer of the DNS may be. A stopping task leaves the DNS 2 s before it gets its signal.
    pub(super) const REFRESH: Self = Self::literal(2_000);

    const fn literal(millis: u32) -> Self {
        Self(NonZeroU32::new(millis).expect("not zero"))
    }

    /// Parts of a millisecond are rounded up.
    pub fn new(duration: Duration) -> Result<Self, Unfit> {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        let millis = u32::try_from(millis)
            .ok()
            .filter(|millis| u64::from(*millis) <= Self::DAY);
        millis
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or(Unfit::Rule("is not from 1 ms to a day"))
    }

    pub(super) const fn get(self) -> u32 {
        self.0.get()
    }

    /// Rounded up, for headers that count in seconds.
    pub(super) const fn seconds(self) -> u32 {
        self.get().div_ceil(1000)
    }
}

impl fmt::Display for Millis {
    /// `30s` or `250ms`, which nginx, HAProxy and Go all read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            millis if millis.is_multiple_of(1000) => write!(f, "{}s", millis / 1000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

/// A bucket of `burst` requests for each client address, filled again at the pace of `count` in `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    count: NonZeroU32,
    per: Millis,
    burst: NonZeroU32,
}

impl RateLimit {
    /// The bucket holds `count` requests unless `burst` says otherwise. It has to be full again within a day.
    pub fn new(count: NonZeroU32, per: Millis, burst: Option<NonZeroU32>) -> Result<Self, Unfit> {
        let limit = Self {
            count,
            per,
            burst: burst.unwrap_or(count),
        };
        if limit.refill_millis() > Millis::DAY {
            return Err(Unfit::Rule(
                "lets a burst take more than a day to come back",
            ));
        }
        Ok(limit)
    }

    pub(super) const fn count(self) -> u32 {
        self.count.get()
    }

    pub(super) const fn per(self) -> Millis {
        self.per
    }

    pub(super) const fn burst(self) -> u32 {
        self.burst.get()
    }

    /// How long an empty bucket takes to be full again, rounded up.
    pub(super) fn refill_millis(self) -> u64 {
        (u64::from(self.per.get()) * u64::from(self.burst.get()))
            .div_ceil(u64::from(self.count.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_whole_milliseconds_up_to_a_day() {
        assert_eq!(
            Millis::new(Duration::from_micros(1500))
                .unwrap()
                .to_string(),
            "2ms"
        );
        assert_eq!(
            Millis::new(Duration::from_secs(90)).unwrap().to_string(),
            "90s"
        );
        assert!(Millis::new(Duration::ZERO).is_err());
        assert!(Millis::new(Duration::from_secs(86_401)).is_err());
    }

    #[test]
    fn a_bucket_is_full_again_within_a_day() {
        let number = |n: u32| NonZeroU32::new(n).unwrap();
        let hour = Millis::new(Duration::from_hours(1)).unwrap();
        assert_eq!(RateLimit::new(number(2), hour, None).unwrap().burst(), 2);
        assert!(RateLimit::new(number(1), hour, Some(number(24))).is_ok());
        assert!(RateLimit::new(number(1), hour, Some(number(25))).is_err());
    }
}
