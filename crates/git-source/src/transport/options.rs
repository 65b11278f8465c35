//! What opening a connection needs besides the address.

use std::ffi::OsString;

use artifact_http::{Authorization, Credential, HttpClient, Identity, Secret};
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
        Ok(Self { authorization: authorization.transpose()?, identity })
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
