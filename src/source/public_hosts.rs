//! Which hosts a list may name: only those on the public internet, unless
//! `input.allow_private_hosts` is set.
//!
//! Every address that a name resolves to is checked at the moment of connecting, so that a
//! name can't change its address in between. Source: IANA's registries of special-purpose
//! addresses (RFC 6890 and later).

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A host that lists must not name.
#[derive(Debug, thiserror::Error)]
#[error("{host} is a private or local host; set input.allow_private_hosts to allow it")]
pub(crate) struct PrivateHost {
    /// Its name or address.
    pub(crate) host: String,
}

/// A resolver that returns only public addresses.
pub(crate) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.iter().copied().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(PrivateHost { host: name.as_str().to_owned() }.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is on the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 10
        || a == 127
        || a >= 224
        || (a, b) == (169, 254)
        || (a, b) == (192, 168)
        || (a == 172 && (16..32).contains(&b))
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address embedded in an IPv6 address is judged as the IPv4 address.
    let segments = address.segments();
    let low = || Ipv4Addr::from((u32::from(segments[6]) << 16) | u32::from(segments[7]));
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] => address.to_ipv4_mapped().is_some_and(is_public_v4),
        // NAT64, with its well-known and its local prefix.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => is_public_v4(low()),
        [0x64, 0xff9b, ..] => false,
        // 6to4: the next 32 bits are the IPv4 address.
        [0x2002, high, next, ..] => is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(next))),
        // Teredo, benchmarking, ORCHID, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, ..] => false,
        // Only 2000::/3 is global unicast.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_addresses_are_public() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("93.184.216.34", true),
            // The last address before, and the first after each block.
            ("1.0.0.0", true),
            ("9.255.255.255", true),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("126.255.255.255", true),
            ("128.0.0.0", true),
            ("169.253.255.255", true),
            ("172.15.255.255", true),
            ("172.32.0.1", true),
            ("192.0.1.0", true),
            ("192.167.255.255", true),
            ("198.17.255.255", true),
            ("198.20.0.0", true),
            ("223.255.255.255", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("::7f00:1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", true),
            ("2002:7f00:1::", false),
            ("2002:808:808::", true),
            ("64:ff9b:1::808:808", false),
            ("2001:0:808:808::", false),
            ("2001:200::1", true),
            ("2001:db8::1", false),
            ("3fff::1", false),
            ("4000::1", false),
            ("1fff::1", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
