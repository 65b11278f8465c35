//! Which connections a discovery may make.

use std::str::FromStr;

use artifact_http::EgressPolicy;
use artifact_source::{Error, ErrorKind};
use clap::{Args, ValueEnum};

/// The policy of connections.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Egress")]
pub(crate) struct Egress {
    /// Which connections may be made for what the manifests name.
    #[arg(long = "egress", value_name = "POLICY", default_value = "workstation")]
    policy: Policy,

    /// Permit what `--egress cluster` does not: a network (10.96.0.0/12), a host (registry.internal, registry.internal:5000), a
    /// token service of registries at private addresses (realm=auth.internal), or one of ssh:// (with your keys), git://, file:// and
    /// insecureSkipTLSVerify. May be given several times.
    #[arg(long = "egress-allow", value_name = "CIDR|[realm=]HOST[:PORT]|SCHEME://")]
    allow: Vec<Permission>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// Every address and every protocol: you write the manifests.
    Workstation,
    /// http and https to public addresses: others write the manifests. No loopback, private, link-local or metadata addresses, no ssh,
    /// git:// and file://, and no insecureSkipTLSVerify.
    Cluster,
}

/// One thing that is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Permission {
    Network(String),
    Host(String),
    Realm(String),
    Ssh,
    GitDaemon,
    File,
    InsecureSkipTlsVerify,
}

impl Permission {
    fn add_to(&self, policy: EgressPolicy) -> Result<EgressPolicy, Error> {
        Ok(match self {
            Self::Network(network) => policy.allow_network(network)?,
            Self::Host(host) => policy.allow_host(host)?,
            // Only registries that name it reach it: it is no place for a subscription.
            Self::Realm(host) => policy.allow_realm(host)?,
            // The command has no other keys than those of its user.
            Self::Ssh => policy.allow_ssh(true).allow_ssh_identity(true),
            Self::GitDaemon => policy.allow_git_daemon(true),
            Self::File => policy.allow_file(true),
            Self::InsecureSkipTlsVerify => policy.allow_insecure_skip_tls_verify(true),
        })
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let permission = match text {
            "ssh://" => Self::Ssh,
            "git://" => Self::GitDaemon,
            "file://" => Self::File,
            "insecureSkipTLSVerify" => Self::InsecureSkipTlsVerify,
            _ if text.contains("://") => {
                return Err(
                    "ssh://, git:// and file:// can be permitted; http and https always are".to_owned()
                );
            }
            _ => match text.strip_prefix("realm=") {
                Some(host) => Self::Realm(host.to_owned()),
                None if text.contains('/') => Self::Network(text.to_owned()),
                None => Self::Host(text.to_owned()),
            },
        };
        let checked = permission.add_to(EgressPolicy::cluster());
        checked.map_err(|error| match error.hint() {
            Some(hint) => format!("{error}: {hint}"),
            None => error.to_string(),
        })?;
        Ok(permission)
    }
}

impl Egress {
    /// The policy of these arguments.
    ///
    /// # Errors
    ///
    /// If something is permitted that needs no permission.
    pub(crate) fn policy(&self) -> Result<EgressPolicy, Error> {
        match self.policy {
            Policy::Workstation if self.allow.is_empty() => Ok(EgressPolicy::workstation()),
            Policy::Workstation => {
                let message = "--egress-allow needs --egress cluster: without it, everything is permitted";
                Err(Error::new(ErrorKind::InvalidInput, message))
            }
            Policy::Cluster => {
                let mut permissions = self.allow.iter();
                permissions.try_fold(EgressPolicy::cluster(), |policy, one| one.add_to(policy))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions() {
        for (text, permission) in [
            ("10.96.0.0/12", Permission::Network("10.96.0.0/12".to_owned())),
            ("fd00::/8", Permission::Network("fd00::/8".to_owned())),
            ("registry.internal:5000", Permission::Host("registry.internal:5000".to_owned())),
            ("[fd00::1]:5000", Permission::Host("[fd00::1]:5000".to_owned())),
            ("realm=auth.internal:8443", Permission::Realm("auth.internal:8443".to_owned())),
            ("ssh://", Permission::Ssh),
            ("git://", Permission::GitDaemon),
            ("file://", Permission::File),
            ("insecureSkipTLSVerify", Permission::InsecureSkipTlsVerify),
        ] {
            assert_eq!(text.parse(), Ok(permission), "{text}");
        }
        for (text, words) in [
            ("10.0.0.0/33", "is not a network"),
            ("registry.internal/app", "is not a network"),
            ("https://registry.internal", "http and https always are"),
            ("registry internal", "is not a host"),
            ("registry.internal:port", "is not a host"),
            ("", "is not a host"),
            ("realm=", "is not a host"),
            ("realm=10.0.0.0/8", "is not a host"),
        ] {
            let error = text.parse::<Permission>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
