//! Which addresses may be posted to. Whoever may start jobs may name a webhook; that must not let
//! them reach what only this machine can reach.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

/// A lookup under way.
pub type Looking<'a> = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// How names become addresses.
pub trait Lookup: Send + Sync {
    /// Looks a name up.
    fn lookup<'a>(&'a self, name: &'a str) -> Looking<'a>;
}

/// As the system does.
#[derive(Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup<'a>(&'a self, name: &'a str) -> Looking<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|addr| addr.ip()).collect())
        })
    }
}

/// Why there is no address to post to.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAddress {
    /// It must not be posted to. The address is not told: it would tell of the network.
    #[error("the webhook's host is not on the public internet")]
    Forbidden,
    /// The name could not be looked up.
    #[error("the webhook's host was not found: {0}")]
    Unknown(std::io::Error),
}

/// The addresses of a host that may be posted to. The connection is made to one of these, and the
/// name is not looked up again, so that it can't have another answer by then.
pub(super) async fn allowed(
    lookup: &dyn Lookup,
    host: &str,
    port: u16,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, NoAddress> {
    let found = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(literal) => vec![literal],
        Err(_) => lookup.lookup(host).await.map_err(NoAddress::Unknown)?,
    };
    if found.is_empty() {
        let none = std::io::Error::other("the name has no address");
        return Err(NoAddress::Unknown(none));
    }
    let good: Vec<SocketAddr> = found
        .into_iter()
        .filter(|ip| allow_private || is_public(*ip))
        .map(|ip| (ip, port).into())
        .collect();
    if good.is_empty() {
        return Err(NoAddress::Forbidden);
    }
    Ok(good)
}

/// Whether it is plain from an address alone that it is never posted to. Names are looked up when
/// it comes to that: what they stand for may change.
pub(crate) fn is_hopeless(url: &str) -> bool {
    let Some(target) = super::post::Target::read(url) else {
        return false;
    };
    let host = target.host.trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(literal) => !is_public(literal),
        // RFC 6761, section 6.3: these are always this machine.
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether an address is one of the public internet: none of those IANA's registries of special
/// addresses keep for networks of one's own, this machine, several machines at once, examples or
/// measurements, nor one that clouds answer to from inside only.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Networks that are not public, and the lengths of their prefixes.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let same = |net: Ipv4Addr, length: u32| {
        let rest = 32 - length;
        ip.to_bits() >> rest == net.to_bits() >> rest
    };
    !SPECIAL_V4.iter().any(|(net, length)| same(*net, *length))
}

/// Parts of the global unicast range that are not public.
const SPECIAL_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let head = ip.segments();
    // Addresses that carry an IPv4 one are as public as that: 6to4, and RFC 6052's.
    if head[0] == 0x2002 {
        return is_public_v4(inner(head[1], head[2]));
    }
    if head[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(inner(head[6], head[7]));
    }
    let same = |net: Ipv6Addr, length: u32| {
        let rest = 128 - length;
        ip.to_bits() >> rest == net.to_bits() >> rest
    };
    // 2000::/3 is all of global unicast there is.
    head[0] >> 13 == 1 && !SPECIAL_V6.iter().any(|(net, length)| same(*net, *length))
}

fn inner(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public_in_whatever_form() {
        for special in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "2002:c0a8:101::",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "3fff::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    struct Fixed(Vec<IpAddr>);

    impl Lookup for Fixed {
        fn lookup<'a>(&'a self, _: &'a str) -> Looking<'a> {
            Box::pin(async { Ok(self.0.clone()) })
        }
    }

    #[tokio::test]
    async fn of_several_addresses_only_public_ones_are_used() {
        let both = Fixed(vec![
            "10.0.0.1".parse().unwrap(),
            "8.8.8.8".parse().unwrap(),
        ]);
        let good = allowed(&both, "example.com", 443, false).await.unwrap();
        assert_eq!(good, ["8.8.8.8:443".parse().unwrap()]);
        let inside = Fixed(vec!["192.168.1.1".parse().unwrap()]);
        let refused = allowed(&inside, "example.com", 443, false).await;
        assert!(matches!(refused, Err(NoAddress::Forbidden)));
        assert!(allowed(&inside, "example.com", 443, true).await.is_ok());
        let none = allowed(&Fixed(Vec::new()), "example.com", 443, true).await;
        assert!(matches!(none, Err(NoAddress::Unknown(_))));
    }
}
