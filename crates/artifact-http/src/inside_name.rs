//! Host names that no public server has.

/// Top-level domains that are not in the public DNS and never will be, or that every resolver keeps on its own network.
const INSIDE: [&str; 17] = [
    // RFC 6761: special use. RFC 9476: outside the DNS.
    "alt",
    "example",
    "invalid",
    "localhost",
    "test",
    // RFC 6762: mDNS, and appendix G: what networks use for themselves.
    "corp",
    "home",
    "internal",
    "intranet",
    "lan",
    "local",
    "private",
    // ICANN delegates none of these (with `corp` and `home`, resolution 2018.02.04.12).
    "mail",
    // Of clusters, containers and machines.
    "consul",
    "docker",
    "localdomain",
    "svc",
];

/// Domains below a public one that every network has for itself: RFC 8375, RFC 9665, RFC 9462.
const INSIDE_ARPA: [&str; 3] = ["home", "service", "resolver"];

/// Whether no server on the internet has this name, whatever a proxy or a name server makes of it: it has one label, or ends in a domain
/// that is reserved for networks of their own.
pub(crate) fn is_inside_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let mut labels = name.rsplit('.');
    match (labels.next().unwrap_or_default(), labels.next()) {
        (_, None) => true,
        ("arpa", Some(second)) => INSIDE_ARPA.contains(&second),
        (last, Some(_)) => INSIDE.contains(&last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "vault",
            "registry",
            "registry.",
            "localhost",
            "a.localhost",
            "vault.internal",
            "VAULT.Internal.",
            "metadata.google.internal",
            "10-0-0-1.corp.local",
            "printer.local",
            "nas.lan",
            "router.home.arpa",
            "nas.home",
            "git.corp",
            "wiki.intranet",
            "x.private",
            "vault.default.svc",
            "vault.default.svc.cluster.local",
            "vault.service.consul",
            "x.localdomain",
            "x.test",
            "x.example",
            "x.invalid",
            "x.alt",
        ] {
            assert!(is_inside_name(name), "{name}");
        }
        for name in [
            "ghcr.io",
            "example.com",
            "internal.example.com",
            "local.ghcr.io",
            "svc.example.org.",
            "notlocal.locals",
            "1.0.0.127.in-addr.arpa",
            "xn--p1ai.xn--p1ai",
        ] {
            assert!(!is_inside_name(name), "{name}");
        }
    }
}
