//! Ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::value::Unfit;

/// A range of addresses, `10.0.0.0/8`; one address is a range of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    /// Its lowest address.
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Bits behind the prefix are cleared: `10.1.2.3/8` is `10.0.0.0/8`.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| Unfit::Rule("is not an address with a prefix length"))?;
        let width = width(address);
        let prefix = match prefix {
            None => Some(width),
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|p| *p <= width && !prefix.starts_with('+')),
        };
        let prefix = prefix.ok_or(Unfit::Rule(
            "has a prefix length its kind of address does not have",
        ))?;
        Ok(Self::at(address, prefix))
    }

    fn at(address: IpAddr, prefix: u8) -> Self {
        let lowest = bits(address) & !tail(width(address), prefix);
        Self {
            address: from_bits(address, lowest),
            prefix,
        }
    }

    /// Whether an address lies in both.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.holds(other) || other.holds(self)
    }

    fn holds(self, other: Self) -> bool {
        width(self.address) == width(other.address)
            && self.prefix <= other.prefix
            && Self::at(other.address, self.prefix) == self
    }

    /// The lower and the upper half; of one address, nothing.
    fn halves(self) -> Option<[Self; 2]> {
        let width = width(self.address);
        if self.prefix == width {
            return None;
        }
        let prefix = self.prefix + 1;
        let middle = bits(self.address) | (1 << (width - prefix));
        Some([
            Self { prefix, ..self },
            Self {
                address: from_bits(self.address, middle),
                prefix,
            },
        ])
    }

    /// The addresses of `all` that are in none of `without`, as few ranges as halving gives.
    pub(super) fn difference(all: &[Self], without: &[Self]) -> Vec<Self> {
        let mut open = all.to_vec();
        let mut kept = Vec::new();
        while let Some(range) = open.pop() {
            if without.iter().any(|hole| hole.holds(range)) {
                continue;
            }
            match range.halves() {
                Some(halves) if without.iter().any(|hole| range.holds(*hole)) => {
                    open.extend(halves);
                }
                _ => kept.push(range),
            }
        }
        kept.sort_unstable();
        kept
    }

    /// Every address there is.
    pub(super) const ALL: [Self; 2] = [
        Self {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            prefix: 0,
        },
        Self {
            address: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            prefix: 0,
        },
    ];
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// As many ones as stand behind the prefix.
fn tail(width: u8, prefix: u8) -> u128 {
    1_u128
        .checked_shl(u32::from(width - prefix))
        .map_or(u128::MAX, |bit| bit - 1)
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn from_bits(kind: IpAddr, bits: u128) -> IpAddr {
    match kind {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(
            u32::try_from(bits).expect("an IPv4 address has 32 bits"),
        )),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(bits)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> Vec<Cidr> {
        text.split_whitespace()
            .map(|text| Cidr::parse(text).unwrap())
            .collect()
    }

    fn spelled(ranges: &[Cidr]) -> String {
        ranges
            .iter()
            .map(Cidr::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_range_starts_at_its_lowest_address() {
        assert_eq!(
            spelled(&ranges("10.1.2.3/8 ::1 2001:db8::1/32 0.0.0.0/0 1.2.3.4")),
            "10.0.0.0/8 ::1/128 2001:db8::/32 0.0.0.0/0 1.2.3.4/32"
        );
        for text in [
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "a",
            "10.0.0.0/8 ",
        ] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_difference_leaves_everything_but_the_holes() {
        let left = Cidr::difference(&ranges("10.0.0.0/8"), &ranges("10.0.0.0/9 10.128.0.0/10"));
        assert_eq!(spelled(&left), "10.192.0.0/10");
        assert_eq!(
            spelled(&Cidr::difference(
                &ranges("10.0.0.0/8 ::/0"),
                &ranges("0.0.0.0/0")
            )),
            "::/0"
        );
        assert_eq!(Cidr::difference(&ranges("1.2.3.4"), &ranges("1.2.3.4")), []);
        let left = Cidr::difference(&Cidr::ALL, &ranges("10.1.2.3"));
        assert_eq!(left.len(), 33);
        assert!(
            !left
                .iter()
                .any(|range| range.holds(Cidr::parse("10.1.2.3").unwrap()))
        );
        assert!(
            left.iter()
                .any(|range| range.holds(Cidr::parse("10.1.2.2").unwrap()))
        );
    }
}
