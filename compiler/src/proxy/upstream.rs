//! The services a request may go to, and their shares.

use std::num::NonZeroU16;

use super::value::{DnsName, Unfit};

/// One service's replicas, found by name in the swarm's DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// A name that resolves to every replica, `tasks.shop_api`.
    pub name: DnsName,
    pub port: NonZeroU16,
    /// This service's share of the requests against that of its neighbours, however many replicas each has.
    pub weight: Weight,
    /// How many replicas HAProxy has room for; see [`Upstream::slots_for`].
    pub slots: NonZeroU16,
}

impl Upstream {
    /// Room for twice the replicas there are, in steps that rarely change the config: 16, 32, 64, and so on.
    pub fn slots_for(replicas: u32) -> NonZeroU16 {
        let slots = replicas
            .saturating_mul(2)
            .clamp(16, 4096)
            .next_power_of_two();
        u16::try_from(slots)
            .ok()
            .and_then(NonZeroU16::new)
            .expect("a power of two from 16 to 4096")
    }
}

/// One service or more, each with its share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstreams(Vec<Upstream>);

impl Upstreams {
    pub fn one(upstream: Upstream) -> Self {
        Self(vec![upstream])
    }

    /// None when there are none, or more than 16.
    pub fn new(upstreams: Vec<Upstream>) -> Option<Self> {
        (1..=16)
            .contains(&upstreams.len())
            .then_some(Self(upstreams))
    }

    pub(super) fn as_slice(&self) -> &[Upstream] {
        &self.0
    }

    pub(super) fn first(&self) -> &Upstream {
        &self.0[0]
    }

    pub(super) fn total_weight(&self) -> u32 {
        self.0
            .iter()
            .map(|upstream| u32::from(upstream.weight.0))
            .sum()
    }
}

/// A share from 1 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(u16);

impl Weight {
    pub const ONE: Self = Self(1);

    pub const fn new(weight: u64) -> Result<Self, Unfit> {
        match weight {
            #[expect(clippy::cast_possible_truncation, reason = "at most 256")]
            1..=256 => Ok(Self(weight as u16)),
            _ => Err(Unfit::Rule("is not a weight from 1 to 256")),
        }
    }

    pub(super) const fn get(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_for_replicas_grows_in_steps() {
        let slots = [0, 1, 8, 9, 100, u32::MAX].map(|replicas| Upstream::slots_for(replicas).get());
        assert_eq!(slots, [16, 16, 16, 32, 256, 4096]);
    }
}
