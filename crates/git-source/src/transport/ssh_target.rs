//! How `ssh` reaches a host, and what it takes from the process.

use std::net::IpAddr;
use std::process::Command;

use artifact_http::EgressPolicy;
use artifact_source::Error;

const SSH_PORT: u16 = 22;

/// The one variable that `ssh` gets from the process where it gets none of the user's: where programs are found.
const PATH: &str = "PATH";

/// The options with which `ssh` offers no key and asks no agent but those that the program names in its own arguments. What is
/// named first counts, so these come after the arguments of the program.
const NOTHING_OF_THE_USER: [&str; 14] = [
    "-o",
    "IdentityAgent=none",
    // With the key of a `-i` before it, this adds none; alone, it replaces the default ones.
    "-o",
    "IdentityFile=none",
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "PKCS11Provider=none",
    "-o",
    "GSSAPIAuthentication=no",
    "-o",
    "HostbasedAuthentication=no",
    "-o",
    "ClearAllForwardings=yes",
];

/// Where a connection of `ssh` goes, and with what of the user.
pub(crate) struct SshTarget {
    /// An address that the policy permits, and the name under which the key of the host is known. `None` where `ssh` finds the host by itself.
    pinned: Option<(IpAddr, String)>,
    with_identity: bool,
}

impl SshTarget {
    /// The target of this destination (`host` or `user@host`) under this policy.
    ///
    /// # Errors
    ///
    /// `Refused` if the host has no address that the policy permits; `Unreachable` if it cannot be resolved.
    pub(crate) fn new(egress: &EgressPolicy, destination: &str, port: Option<u16>) -> Result<Self, Error> {
        let with_identity = egress.permits_ssh_identity();
        if !egress.is_limited() {
            return Ok(Self { pinned: None, with_identity });
        }
        let host = destination.rsplit_once('@').map_or(destination, |(_, host)| host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.unwrap_or(SSH_PORT);
        let addresses = egress.resolve(host, port)?;
        // As OpenSSH writes it into `known_hosts`.
        let known_as = if port == SSH_PORT { bare.to_owned() } else { format!("[{bare}]:{port}") };
        Ok(Self { pinned: addresses.first().map(|address| (address.ip(), known_as)), with_identity })
    }

    /// The address, where it is chosen here.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.pinned.as_ref().map(|(address, _)| *address)
    }

    /// Adds the options after those of the program, and takes the environment away where it is not to be used.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Some((address, known_as)) = &self.pinned {
            // The name is not resolved again.
            command.args(["-o", &format!("HostName={address}"), "-o", &format!("HostKeyAlias={known_as}")]);
            command.args(["-o", "ProxyCommand=none", "-o", "ProxyJump=none"]);
        }
        if !self.with_identity {
            // Of several, the last one counts.
            if !command.get_args().any(|argument| argument.as_encoded_bytes().starts_with(b"-F")) {
                command.args(["-F", "none"]);
            }
            command.args(NOTHING_OF_THE_USER);
            command.env_clear();
            if let Some(path) = std::env::var_os(PATH) {
                command.env(PATH, path);
            }
        }
    }
}
