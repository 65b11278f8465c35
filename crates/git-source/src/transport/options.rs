//! What opening a connection needs besides the address.

use std::ffi::OsString;

use artifact_http::{Authorization, Credential, HttpClient, Identity, Secret, Tenant};
use artifact_source::{Error, ErrorKind};

/// The settings of all connections of a source.
#[derive(Clone, Debug)]
pub(crate) struct TransportOptions {
    pub(crate) ssh: SshCommand,
    pub(crate) http: HttpClient,
    /// Whether a credential may be sent over plain HTTP to another machine.
    pub(crate) allow_plain_credential: bool,
}

/// The program that connects to a host over SSH, called as OpenSSH's `ssh` is.
#[derive(Clone, Debug)]
pub(crate) struct SshCommand {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
}

impl Default for SshCommand {
    fn default() -> Self {
        Self { program: "ssh".into(), arguments: Vec::new() }
    }
}

/// The identity that one discovery uses, and the header that proves it.
#[derive(Clone, Default)]
pub(crate) struct Authentication {
    pub(crate) authorization: Option<Authorization>,
    pub(crate) identity: Identity,
    /// The tenant that asks as the system, with its ssh keys and its files, where HTTP is not spoken. What is read so is not what
    /// anyone may read.
    pub(crate) system: Option<Tenant>,
}

impl Authentication {
    /// The authentication with this identity.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an identity token, which no Git server accepts.
    pub(crate) fn new(identity: Identity) -> Result<Self, Error> {
        let authorization = identity.credential().map(|credential| {
            credential.authorization().ok_or_else(|| {
                Error::new(ErrorKind::InvalidInput, "a Git server does not accept an identity token")
                    .with_hint("give a user name and a password or an access token")
            })
        });
        Ok(Self { authorization: authorization.transpose()?, identity, system: None })
    }

    /// The identity that errors are explained to, and the authentication of an exchange that other tenants may share.
    pub(crate) fn shared(self) -> (Identity, Self) {
        let identity = self.identity.without_reason();
        (self.identity, Self { identity, ..self })
    }

    /// The authentication that is up to `ssh` and to the system, for this tenant.
    pub(crate) fn of_system(tenant: Tenant) -> Self {
        Self { system: Some(tenant), ..Self::default() }
    }

    /// The key of what is read with it, without a secret.
    pub(crate) fn scope(&self) -> String {
        match self.system.as_ref().and_then(Tenant::name) {
            Some(tenant) => format!("the system for {tenant:?}"),
            None => self.identity.scope(),
        }
    }

    /// What may stand in no message.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        match self.identity.credential() {
            Some(Credential::Password { password: secret, .. } | Credential::Bearer(secret)) => {
                vec![secret.clone()]
            }
            _ => Vec::new(),
        }
    }
}
