//! IP addresses: which of them are public, and what the others lead to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The internet.
    Public,
    /// This machine: loopback, and the unspecified addresses, which connect to it too.
    Loopback,
    /// The own link.
    LinkLocal,
    /// The metadata service of a cloud, which gives the credentials of the machine to what runs on it.
    Metadata,
    /// A private or shared network, or nothing at all: reserved addresses and multicast.
    Private,
}

impl Place {
    /// What the address leads to. An IPv6 address that stands for an IPv4 one leads to what that one does.
    pub(crate) fn of(address: IpAddr) -> Self {
        let address = canonical(address);
        if METADATA.contains(&address) {
            return Self::Metadata;
        }
        let (is_this_machine, is_link_local) = match address {
            IpAddr::V4(v4) => (v4.is_loopback() || v4.octets()[0] == 0, v4.is_link_local()),
            IpAddr::V6(v6) => (v6.is_loopback() || v6.is_unspecified(), v6.is_unicast_link_local()),
        };
        match address {
            _ if is_this_machine => Self::Loopback,
            _ if is_link_local => Self::LinkLocal,
            _ if is_private_address(address) => Self::Private,
            _ => Self::Public,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Private => "a private address",
        })
    }
}

/// The addresses at which clouds give a machine its metadata and credentials.
const METADATA: [IpAddr; 13] = [
    // AWS, Azure, Google Cloud, DigitalOcean, Oracle, OpenStack and others.
    v4(169, 254, 169, 254),
    // The credentials of tasks and of pods at AWS.
    v4(169, 254, 170, 2),
    v4(169, 254, 170, 23),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]),
    // Google Cloud over IPv6.
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]),
    // OpenStack over IPv6.
    v6([0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe]),
    // Azure's own service for its machines.
    v4(168, 63, 129, 16),
    // Alibaba Cloud.
    v4(100, 100, 100, 200),
    // Oracle Cloud.
    v4(192, 0, 0, 192),
    // Tencent Cloud.
    v4(169, 254, 0, 23),
    // Scaleway.
    v4(169, 254, 42, 42),
    v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]),
];

/// The names of these services.
const METADATA_NAMES: [&str; 6] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
}

/// Whether this name, in small letters and without a dot at its end, is that of a metadata service.
pub(crate) fn is_metadata_name(name: &str) -> bool {
    METADATA_NAMES.contains(&name)
}

/// A network: an address, and how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl Cidr {
    pub(crate) fn new(address: IpAddr, bits: u8) -> Self {
        Self { address, bits }
    }

    pub(crate) fn contains(self, address: IpAddr) -> bool {
        let (width, difference) = match (canonical(self.address), canonical(address)) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => (32, u128::from(ours.to_bits() ^ other.to_bits())),
            (IpAddr::V6(ours), IpAddr::V6(other)) => (128, ours.to_bits() ^ other.to_bits()),
            _ => return false,
        };
        // A shift by the whole width leaves nothing to differ.
        difference.checked_shr(width - u32::from(self.bits).min(width)).unwrap_or(0) == 0
    }

    /// Whether all its addresses lead to such a place. Of metadata services, which lie within other places, it says nothing.
    pub(crate) fn is_within(self, place: Place) -> bool {
        let blocks: &[(IpAddr, u8)] = match place {
            Place::Loopback => &[
                (v4(127, 0, 0, 0), 8),
                (v4(0, 0, 0, 0), 8),
                (v6([0, 0, 0, 0, 0, 0, 0, 1]), 128),
                (v6([0; 8]), 128),
            ],
            Place::LinkLocal => &[(v4(169, 254, 0, 0), 16), (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10)],
            _ => return false,
        };
        blocks
            .iter()
            .any(|(address, bits)| self.bits >= *bits && Self::new(*address, *bits).contains(self.address))
    }
}

impl FromStr for Cidr {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| "it does not begin with an IP address")?;
        // What an IPv6 address stands for is compared, so its bits would count from elsewhere.
        if canonical(address) != address {
            return Err("write the IPv4 network that it stands for");
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) if bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().ok().filter(|bits| *bits <= width).ok_or("it has more bits than its address")?
            }
            Some(_) => return Err("what follows the `/` is not a number of bits"),
        };
        Ok(Self::new(address, bits))
    }
}

/// Whether the address is reached from this machine or its own network only, or not at all. An IPv6 address that
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
