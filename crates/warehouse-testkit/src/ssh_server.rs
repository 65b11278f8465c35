//! OpenSSH's `sshd`, with a key that it accepts.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::error::Error;
use crate::peer::{Process, failed, find, write};

/// Where `sshd` shuts itself in while a client is not known yet, where it is started by root.
const EMPTY_FOLDER: &str = "/run/sshd";

/// OpenSSH's `sshd` on 127.0.0.1: the user who runs the test may sign in with one key, and every file of the machine is there, so Git
/// repositories too.
///
/// Started by root, `sshd` demands an account `sshd`, which `scripts/peers` makes then.
///
/// ```no_run
/// use warehouse_testkit::peer::available;
/// use warehouse_testkit::{GitServer, SshServer};
///
/// # fn main() -> Result<(), warehouse_testkit::Error> {
/// let server = GitServer::start()?;
/// let repository = server.create("demo.git")?;
/// let Some(ssh) = available(SshServer::start()) else { return Ok(()) };
/// println!("git clone {}", ssh.url(repository.path()));
/// println!("with ssh {}", ssh.arguments().join(" "));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SshServer {
    process: Process,
    user: String,
    keys: TempDir,
}

impl SshServer {
    /// Starts `sshd`, which lets clients ask for Git's protocol 2.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `sshd` or `ssh-keygen` is not installed, or root has no account `sshd`; [`Error::ProgramFailed`] or
    /// [`Error::NotReady`] if it did not start.
    pub fn start() -> Result<Self, Error> {
        Self::start_with("AcceptEnv GIT_PROTOCOL\n")
    }

    /// Starts `sshd` with these directives in the place of the one that lets clients ask for Git's protocol 2.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(directives: &str) -> Result<Self, Error> {
        let program = find("sshd")?;
        let keygen = find("ssh-keygen")?;
        let user = run(Command::new("id").arg("-un"), "id -un")?;
        if user == "root" {
            prepare_for_root()?;
        }
        let keys =
            TempDir::with_prefix("warehouse-testkit-keys-").map_err(Error::file(std::env::temp_dir()))?;
        for name in ["host", "user", "other", "other-host"] {
            let mut command = Command::new(&keygen);
            command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(keys.path().join(name));
            run(&mut command, "ssh-keygen")?;
        }
        let process = Process::start("sshd", |address, folder| {
            let key = |name: &str| keys.path().join(name).display().to_string();
            let config = format!(
                "ListenAddress {address}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
                 StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
                 PermitRootLogin prohibit-password\n{directives}",
                key("host"),
                key("user.pub"),
            );
            let config = write(folder, "sshd_config", &config)?;
            let mut command = Command::new(&program);
            command.arg("-D").arg("-e").arg("-f").arg(config);
            Ok(command)
        })?;
        let this = Self { process, user, keys };
        this.write_known_hosts("known_hosts", "host.pub")?;
        this.write_known_hosts("other_known_hosts", "other-host.pub")?;
        write(this.keys.path(), "no_known_hosts", "")?;
        Ok(this)
    }

    fn write_known_hosts(&self, name: &str, key: &str) -> Result<(), Error> {
        let key = self.keys.path().join(key);
        let key = std::fs::read_to_string(&key).map_err(Error::file(&key))?;
        let address = self.process.address();
        write(self.keys.path(), name, &format!("[{}]:{} {key}", address.ip(), address.port())).map(drop)
    }

    /// `ssh://USER@127.0.0.1:PORT/PATH` of this absolute path, percent-encoded where a URL needs it.
    #[must_use]
    pub fn url(&self, path: &Path) -> String {
        let path = path.display().to_string().replace('%', "%25").replace(' ', "%20");
        format!("ssh://{}@{}{path}", self.user, self.process.address())
    }

    /// The arguments with which `ssh` signs in, and knows the key of the host: no configuration, no agent.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        self.arguments_with("user", "known_hosts")
    }

    /// The same with a key that the server does not accept.
    #[must_use]
    pub fn arguments_with_another_key(&self) -> Vec<String> {
        self.arguments_with("other", "known_hosts")
    }

    /// The same without knowing the key of any host.
    #[must_use]
    pub fn arguments_without_host(&self) -> Vec<String> {
        self.arguments_with("user", "no_known_hosts")
    }

    /// The same where the host is known by another key.
    #[must_use]
    pub fn arguments_with_another_host(&self) -> Vec<String> {
        self.arguments_with("user", "other_known_hosts")
    }

    fn arguments_with(&self, key: &str, known_hosts: &str) -> Vec<String> {
        let file = |name: &str| self.keys.path().join(name).display().to_string();
        let options = [
            "IdentityAgent=none".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "GlobalKnownHostsFile=/dev/null".to_owned(),
            format!("UserKnownHostsFile={}", file(known_hosts)),
        ];
        let options = options.into_iter().flat_map(|option| ["-o".to_owned(), option]);
        ["-F".to_owned(), "none".to_owned(), "-i".to_owned(), file(key)].into_iter().chain(options).collect()
    }

    /// The file of the key that the server accepts.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.keys.path().join("user")
    }
}

/// What `sshd` demands where root starts it.
fn prepare_for_root() -> Result<(), Error> {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    if !accounts.lines().any(|line| line.starts_with("sshd:")) {
        let hint = "started by root, sshd needs an account of its own: scripts/peers sshd, as root, makes it";
        return Err(Error::ProgramMissing { program: "the account sshd".into(), hint });
    }
    match std::fs::create_dir(EMPTY_FOLDER) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::file(Path::new(EMPTY_FOLDER))(error))
        }
        _ => Ok(()),
    }
}

fn run(command: &mut Command, name: &str) -> Result<String, Error> {
    let output = command.output().map_err(|source| failed(name, "not started", source.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(failed(name, &output.status.to_string(), said));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
