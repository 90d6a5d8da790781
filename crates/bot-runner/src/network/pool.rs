//! Arithmetic of subnets.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A range of IPv4 addresses, e.g. `10.231.0.0/16`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pool {
    base: u32,
    prefix: u8,
}

/// The length of a bot's subnet: a gateway and five hosts, enough for an update's two containers.
const BOT_PREFIX: u8 = 29;
/// The length of the build network's subnet, at the pool's end.
const BUILD_PREFIX: u8 = 26;

/// Why a text is no pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no IPv4 range of /8 to /25, like 10.231.0.0/16")]
pub struct ParsePoolError(String);

impl Pool {
    /// The range of `prefix` bits around `base`.
    pub(crate) fn new(base: Ipv4Addr, prefix: u8) -> Self {
        Self {
            base: u32::from(base) & mask(prefix),
            prefix,
        }
    }

    /// The subnets for bots, in order.
    pub(crate) fn bot_subnets(self) -> impl Iterator<Item = Self> {
        let build = self.build_subnet().base;
        (0..1u32 << (BOT_PREFIX - self.prefix))
            .map(move |index| Self {
                base: self.base + (index << (32 - BOT_PREFIX)),
                prefix: BOT_PREFIX,
            })
            .take_while(move |subnet| subnet.base < build)
    }

    /// The subnet of the network dependencies are installed in.
    pub(crate) fn build_subnet(self) -> Self {
        Self {
            base: self.last() - (!mask(BUILD_PREFIX)),
            prefix: BUILD_PREFIX,
        }
    }

    /// Whether the two have an address in common.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.base <= other.last() && other.base <= self.last()
    }

    /// The first host: the gateway of a network.
    pub(crate) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(self.base + 1)
    }

    fn last(self) -> u32 {
        self.base | !mask(self.prefix)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl Default for Pool {
    fn default() -> Self {
        Self::new(Ipv4Addr::new(10, 231, 0, 0), 16)
    }
}

impl FromStr for Pool {
    type Err = ParsePoolError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = parse_cidr(text).filter(|pool| (8..=25).contains(&pool.prefix));
        parsed.ok_or_else(|| ParsePoolError(text.to_owned()))
    }
}

/// Any IPv4 range; `None` for IPv6 and nonsense.
pub(crate) fn parse_cidr(text: &str) -> Option<Pool> {
    let (base, prefix) = text.split_once('/')?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
    Some(Pool::new(base.parse().ok()?, prefix))
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.prefix)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_cut_in_disjoint_subnets_and_one_for_builds() {
        let pool: Pool = "10.9.0.0/24".parse().unwrap();
        let subnets: Vec<_> = pool.bot_subnets().collect();
        assert_eq!(subnets.len(), (256 - 64) / 8);
        assert_eq!(subnets.first().unwrap().to_string(), "10.9.0.0/29");
        assert_eq!(subnets.first().unwrap().gateway().to_string(), "10.9.0.1");
        assert_eq!(subnets.last().unwrap().to_string(), "10.9.0.184/29");
        assert_eq!(pool.build_subnet().to_string(), "10.9.0.192/26");
        for (i, a) in subnets.iter().enumerate() {
            assert!(!a.overlaps(pool.build_subnet()));
            assert!(subnets.iter().skip(i + 1).all(|b| !a.overlaps(*b)));
        }
    }

    #[test]
    fn ranges_are_read_and_normalised() {
        assert_eq!("10.231.5.9/16".parse::<Pool>().unwrap(), Pool::default());
        for bad in [
            "10.0.0.0",
            "10.0.0.0/29",
            "10.0.0.0/4",
            "fd00::/64",
            "x/16",
            "",
        ] {
            assert!(bad.parse::<Pool>().is_err(), "{bad}");
        }
        let lan = parse_cidr("10.231.128.0/17").unwrap();
        assert!(lan.overlaps(Pool::default()));
        assert!(
            !parse_cidr("172.17.0.0/16")
                .unwrap()
                .overlaps(Pool::default())
        );
        assert!(parse_cidr("0.0.0.0/0").unwrap().overlaps(lan));
    }
}
