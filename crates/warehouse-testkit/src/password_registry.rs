//! The reference registry and the old one, behind a user name and a password.

use std::process::Command;

use crate::error::Error;
use crate::peer::{Process, find, registry_config, write};

/// A foreign registry that everything needs a user name and a password for, as HTTP Basic: `registry` (distribution v3) or Debian's
/// `docker-registry` 2.8.
///
/// ```
/// use warehouse_testkit::PasswordRegistry;
/// use warehouse_testkit::peer::available;
///
/// # if std::env::var_os("CI").is_some() { return; }
/// let Some(registry) = available(PasswordRegistry::start("registry")) else { return };
/// assert!(registry.host().starts_with("127.0.0.1:"));
/// ```
#[derive(Debug)]
pub struct PasswordRegistry(Process);

impl PasswordRegistry {
    /// The user name.
    pub const USER: &str = "me";
    /// The password.
    pub const PASSWORD: &str = "SECRET";
    /// The line of both in a file of `htpasswd`, with bcrypt.
    const LINE: &str = "me:$2y$05$abcdefghijklmnopqrstuut8ZTYF15i3pHepiKytN0/oFavq8PP.2\n";

    /// Starts `PROGRAM serve` over an empty folder.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if the program is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it did not start.
    pub fn start(program: &str) -> Result<Self, Error> {
        let path = find(program)?;
        let process = Process::start(program, |address, folder| {
            let users = write(folder, "htpasswd", Self::LINE)?;
            let config = registry_config(address, &folder.join("storage"));
            let auth = format!("auth:\n  htpasswd:\n    realm: testkit\n    path: {}\n", users.display());
            let settings = write(folder, "config.yml", &(config + &auth))?;
            let mut command = Command::new(&path);
            command.arg("serve").arg(settings).env("OTEL_TRACES_EXPORTER", "none");
            Ok(command)
        })?;
        Ok(Self(process))
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.address().to_string()
    }
}
