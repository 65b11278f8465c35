//! Which addresses are not out on the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether only this machine or its own network reaches the address, or nobody does. An IPv6 address that
/// stands for an IPv4 one is what that one is.
pub(crate) fn is_private_address(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => {
            let first = address.segments()[0];
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
                // Site-local addresses, which unique local ones replaced.
                || first & 0xffc0 == 0xfec0
        }
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        // Shared by carriers, and by some clouds for their metadata service.
        || a == 100 && b & 0xc0 == 64
        // Of the protocols themselves; one cloud has its metadata service here.
        || [a, b, c] == [192, 0, 0]
        // Measurements between networks.
        || a == 198 && b & 0xfe == 18
        || a >= 240
        // Azure's own service for its machines, which only looks public.
        || address == Ipv4Addr::new(168, 63, 129, 16)
}

/// The IPv4 address that an IPv6 address stands for, or the address itself: mapped (`::ffff:a.b.c.d`) and compatible
/// (`::a.b.c.d`) ones, those of NAT64 (RFC 6052, RFC 8215), of 6to4 (RFC 3056) and of Teredo (RFC 4380).
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        (0, 0) if [c, d, e, f] == [0, 0, 0, 0xffff] => v4(g, h),
        (0, 0) if [c, d, e, f] == [0; 4] && v6 != Ipv6Addr::UNSPECIFIED && v6 != Ipv6Addr::LOCALHOST => {
            v4(g, h)
        }
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] || c == 1 => v4(g, h),
        (0x2002, _) => v4(b, c),
        (0x2001, 0) => v4(!g, !h),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, private: bool) {
        assert_eq!(is_private_address(address.parse().unwrap()), private, "{address}");
    }

    #[test]
    fn private_addresses() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::10.0.0.1",
            "64:ff9b:1:abcd::192.168.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe:1::2",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn public_addresses() {
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "128.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "fbff::1",
        ] {
            check(address, false);
        }
    }
}
