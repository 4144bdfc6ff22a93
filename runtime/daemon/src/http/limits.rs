//! How often something may be asked: a bucket for each asker and class, that fills with time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use skep_schema::api::audit::Origin;
use skep_schema::api::subject::Subject;
use skep_schema::event::Timestamp;

const MINUTE: u64 = 60_000;
/// Buckets that are kept. Who comes from a thousand addresses makes others forgotten, never more kept.
const BUCKETS: usize = 10_000;

/// Kinds of requests that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Credentials that prove nothing.
    Auth,
    /// What was not meant for the daemon, or says nothing of who asks.
    Stray,
    /// Records of refusals, of all whom nobody knows together: they fill the audit no faster.
    Record,
    Webhook,
    Plan,
    Apply,
    Read,
    /// Answers that go on: everybody comes back at once when a daemon was started anew.
    Stream,
}

impl Class {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Auth,
        Self::Stray,
        Self::Record,
        Self::Webhook,
        Self::Plan,
        Self::Apply,
        Self::Read,
        Self::Stream,
    ];

    /// How many there may be in a minute, and at once after a pause.
    pub(crate) const fn a_minute(self) -> u32 {
        match self {
            Self::Auth | Self::Stray | Self::Apply => 10,
            Self::Webhook | Self::Record => 60,
            Self::Plan => 30,
            Self::Read => 600,
            Self::Stream => 3_000,
        }
    }
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asker {
    Actor(Subject),
    Address(IpAddr),
    Anybody,
}

impl Asker {
    /// Where somebody came from. A network of IPv6 is one asker: its owner has all of its addresses.
    pub(crate) fn from(origin: &Origin) -> Option<Self> {
        match origin {
            Origin::Inside => None,
            Origin::Socket { uid } => Some(Self::Actor(Subject::Uid(*uid))),
            Origin::Address { ip } => Some(Self::Address(network(*ip))),
        }
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

/// It was asked too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("asked too often")]
pub(crate) struct TooOften {
    /// Whole seconds, at least one.
    pub(crate) retry_after: u64,
    /// Whether the one before was taken. Only of this one a record is kept, so that nobody fills the
    /// audit by asking.
    pub(crate) is_first: bool,
}

/// All buckets. Time is handed in; a clock that goes back fills nothing.
#[derive(Debug)]
pub(crate) struct Limits {
    buckets: BTreeMap<(Class, Asker), Bucket>,
}

/// What is left, in milliseconds of filling: one request takes as many as a minute has for it.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Timestamp,
    is_refusing: bool,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            buckets: BTreeMap::new(),
        }
    }

    /// Takes one of each asker, or of none where one has none left.
    pub(crate) fn take(
        &mut self,
        class: Class,
        askers: &[Asker],
        now: Timestamp,
    ) -> Result<(), TooOften> {
        for asker in askers {
            self.check(class, asker, now)?;
        }
        for asker in askers {
            let bucket = self.bucket(class, asker, now);
            bucket.left -= cost(class);
            bucket.is_refusing = false;
        }
        Ok(())
    }

    /// Whether one is left, without taking it.
    pub(crate) fn check(
        &mut self,
        class: Class,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<(), TooOften> {
        let bucket = self.bucket(class, asker, now);
        let missing = cost(class).saturating_sub(bucket.left);
        if missing == 0 {
            return Ok(());
        }
        let is_first = !std::mem::replace(&mut bucket.is_refusing, true);
        Err(TooOften {
            retry_after: missing.div_ceil(1000),
            is_first,
        })
    }

    fn bucket(&mut self, class: Class, asker: &Asker, now: Timestamp) -> &mut Bucket {
        let key = (class, asker.clone());
        if self.buckets.len() >= BUCKETS && !self.buckets.contains_key(&key) {
            self.make_room(now);
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            left: MINUTE,
            at: now,
            is_refusing: false,
        });
        bucket.fill(now);
        bucket
    }

    /// Forgets whoever is back at the start, or else the one who is nearest to it.
    fn make_room(&mut self, now: Timestamp) {
        self.buckets.retain(|_, bucket| {
            bucket.fill(now);
            bucket.left < MINUTE
        });
        if self.buckets.len() >= BUCKETS {
            let fullest = self.buckets.iter().max_by_key(|(_, bucket)| bucket.left);
            if let Some(key) = fullest.map(|(key, _)| key.clone()) {
                self.buckets.remove(&key);
            }
        }
    }
}

impl Bucket {
    fn fill(&mut self, now: Timestamp) {
        self.left = (self.left + now.since(self.at)).min(MINUTE);
        self.at = now;
    }
}

fn cost(class: Class) -> u64 {
    MINUTE / u64::from(class.a_minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(last: u8) -> Asker {
        Asker::Address([192, 0, 2, last].into())
    }

    fn spent(limits: &mut Limits, class: Class, asker: &Asker, now: u64) -> Option<TooOften> {
        let askers = std::slice::from_ref(asker);
        (0..10_000).find_map(|_| limits.take(class, askers, Timestamp(now)).err())
    }

    #[test]
    fn asvs_6_3_1_a_minute_has_so_many_of_each_class_and_no_more() {
        for class in Class::ALL {
            let mut limits = Limits::new();
            let one = [address(1)];
            for _ in 0..class.a_minute() {
                assert_eq!(limits.take(class, &one, Timestamp(5)), Ok(()), "{class:?}");
            }
            let refused = limits.take(class, &one, Timestamp(5)).expect_err("spent");
            assert_eq!(refused.retry_after, cost(class).div_ceil(1000));
            assert_eq!(limits.take(class, &[address(2)], Timestamp(5)), Ok(()));
            let later = Timestamp(5 + refused.retry_after * 1000);
            assert_eq!(limits.take(class, &one, later), Ok(()), "{class:?}");
        }
    }

    #[test]
    fn who_has_none_left_takes_none_of_the_others() {
        let mut limits = Limits::new();
        spent(&mut limits, Class::Apply, &address(1), 0).expect("spent");
        for _ in 0..20 {
            let both = [address(2), address(1)];
            assert!(limits.take(Class::Apply, &both, Timestamp(0)).is_err());
        }
        assert_eq!(
            limits.take(Class::Apply, &[address(2)], Timestamp(0)),
            Ok(())
        );
    }

    #[test]
    fn only_the_first_refusal_of_many_is_for_the_audit() {
        let mut limits = Limits::new();
        let first = spent(&mut limits, Class::Auth, &address(1), 0).expect("spent");
        assert!(first.is_first);
        let second = spent(&mut limits, Class::Auth, &address(1), 0).expect("spent");
        assert!(!second.is_first);
        let after = spent(&mut limits, Class::Auth, &address(1), 60_000).expect("spent");
        assert!(after.is_first);
    }

    #[test]
    fn a_network_of_ipv6_and_an_address_in_either_form_are_one_asker() {
        let from = |ip: &str| {
            let ip = ip.parse().expect("an address");
            Asker::from(&Origin::Address { ip })
        };
        assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::9"));
        assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
    }

    #[test]
    fn asvs_15_2_2_many_askers_take_no_more_memory_and_a_spent_one_is_kept() {
        let mut limits = Limits::new();
        spent(&mut limits, Class::Auth, &address(1), 0).expect("spent");
        for n in 0..u32::try_from(BUCKETS).expect("it fits") + 50 {
            let asker = [Asker::Address(std::net::Ipv4Addr::from_bits(n).into())];
            assert_eq!(limits.take(Class::Auth, &asker, Timestamp(0)), Ok(()));
        }
        assert!(limits.buckets.len() <= BUCKETS);
        assert!(
            limits
                .take(Class::Auth, &[address(1)], Timestamp(0))
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn never_more_than_a_minutes_worth_and_what_time_filled(
            class in prop::sample::select(&Class::ALL), steps in prop::collection::vec(0_u64..4000, 1..300),
        ) {
            let mut limits = Limits::new();
            let (mut now, mut taken) = (0, 0);
            for step in steps {
                now += step;
                taken += u64::from(limits.take(class, &[address(1)], Timestamp(now)).is_ok());
                prop_assert!(taken * cost(class) <= MINUTE + now);
            }
        }

        #[test]
        fn a_clock_that_jumps_gives_what_its_steps_forward_give(times in prop::collection::vec(0_u64..200_000, 1..200)) {
            let mut limits = Limits::new();
            let (mut taken, mut forward, mut last) = (0, 0, times[0]);
            for now in times {
                forward += now.saturating_sub(last);
                last = now;
                taken += u64::from(limits.take(Class::Plan, &[address(1)], Timestamp(now)).is_ok());
                prop_assert!(taken * cost(Class::Plan) <= MINUTE + forward);
            }
        }
    }
}
