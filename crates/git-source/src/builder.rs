//! How a source is built.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact_http::{CredentialSource, HttpClient, SourceContext};
use artifact_source::{Clock, Error, SourceId, SourceKind, SystemClock};
use jiff::Timestamp;

use crate::address::Address;
use crate::cache::Cache;
use crate::rule::{Rule, Strategy};
use crate::site::Site;
use crate::source::GitSource;
use crate::transport::{Means, SshCommand};

/// 512 MiB.
const MAX_BYTES: u64 = 512 << 20;
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// Builds a [`GitSource`].
#[must_use]
pub struct GitSourceBuilder {
    repo_url: String,
    id: Option<SourceId>,
    rule: Rule,
    cache_dir: Option<PathBuf>,
    http: Option<HttpClient>,
    credentials: Arc<dyn CredentialSource>,
    allow_plain_credential: bool,
    ssh: SshCommand,
    max_bytes: u64,
    stall_limit: Duration,
    clock: Arc<dyn Clock>,
}

impl GitSourceBuilder {
    pub(crate) fn new(repo_url: String) -> Self {
        Self {
            repo_url,
            id: None,
            rule: Rule::default(),
            cache_dir: None,
            http: None,
            credentials: Arc::new(()),
            allow_plain_credential: false,
            ssh: SshCommand::default(),
            max_bytes: MAX_BYTES,
            stall_limit: STALL_LIMIT,
            clock: Arc::new(SystemClock),
        }
    }

    /// The id in messages and reports. Defaults to one made of the repository's URL.
    pub fn id(mut self, id: SourceId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the sources of one program share. It replaces [`http`](Self::http), [`credentials`](Self::credentials),
    /// [`clock`](Self::clock) and [`cache_dir`](Self::cache_dir).
    pub fn context(self, context: &SourceContext) -> Self {
        self.http(context.http.clone())
            .credentials(Arc::clone(&context.credentials))
            .clock(Arc::clone(&context.clock))
            .cache_dir(context.cache_dir.clone())
    }

    /// Which commits count as the newest; [`Strategy::NewestFromBranch`] if it is not said.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.rule.strategy = strategy;
        self
    }

    /// The branch of [`Strategy::NewestFromBranch`], by its short name (`main`). If it is not said,
    /// the remote's HEAD is followed.
    pub fn branch(mut self, branch: impl Into<Option<String>>) -> Self {
        self.rule.branch = branch.into();
        self
    }

    /// How many commits are found at most; 20 if it is not said.
    pub fn limit(mut self, limit: usize) -> Self {
        self.rule.limit = limit;
        self
    }

    /// The constraint of [`Strategy::SemVer`] (semantics rules 2.6 to 2.10), an empty one being none.
    /// The other strategies do not read it.
    pub fn semver_constraint(mut self, constraint: impl Into<Option<String>>) -> Self {
        self.rule.semver_constraint = constraint.into().filter(|constraint| !constraint.is_empty());
        self
    }

    /// Whether [`Strategy::SemVer`] takes complete versions only (semantics rule 2.3). Yes, if it is not said.
    pub fn strict_semvers(mut self, strict: bool) -> Self {
        self.rule.strict_semvers = strict;
        self
    }

    /// Patterns of which a tag must match at least one; none means every tag (semantics rule 3.1).
    /// Branches are not filtered.
    pub fn allow_tags_regexes(mut self, patterns: impl IntoIterator<Item = String>) -> Self {
        self.rule.allow_tags_regexes = patterns.into_iter().collect();
        self
    }

    /// Patterns of which a tag must match none (semantics rule 3.1).
    pub fn ignore_tags_regexes(mut self, patterns: impl IntoIterator<Item = String>) -> Self {
        self.rule.ignore_tags_regexes = patterns.into_iter().collect();
        self
    }

    /// Tags to ignore, letter by letter.
    pub fn ignore_tags(mut self, tags: impl IntoIterator<Item = String>) -> Self {
        self.rule.ignore_tags = tags.into_iter().collect();
        self
    }

    /// Commits older than this end the walk along a branch (semantics rule 4.1).
    pub fn since(mut self, since: impl Into<Option<Timestamp>>) -> Self {
        self.rule.since = since.into();
        self
    }

    /// What must be true of a commit or tag (semantics rule 4.6).
    pub fn expression_filter(mut self, expression: impl Into<Option<String>>) -> Self {
        self.rule.expression = expression.into();
        self
    }

    /// Selectors of which a changed path must match at least one; none means every path (semantics rule 4.4).
    pub fn include_paths(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.rule.include_paths = paths.into_iter().collect();
        self
    }

    /// Selectors whose paths do not count (semantics rule 4.4).
    pub fn exclude_paths(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.rule.exclude_paths = paths.into_iter().collect();
        self
    }

    /// A folder for objects that the next discovery may reuse, in this process or in another one: they are kept in its folder `git`. It may
    /// be deleted at any moment, and shared by all sources. `None`, and a folder that cannot be used, give the source a temporary folder
    /// of its own.
    pub fn cache_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Self {
        self.cache_dir = folder.into();
        self
    }

    /// The client for http and https. If it is not said, one with its own defaults is made.
    pub fn http(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// Where the credential for http and https is looked up, once at each discovery; a user and a password in the URL count where it has
    /// none. The credential is sent to the repository's own scheme, host and port, and to no other.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// Whether a credential may travel over plain http to another machine. No, if it is not said.
    pub fn allow_plain_credential(mut self, allow: bool) -> Self {
        self.allow_plain_credential = allow;
        self
    }

    /// The program that is started for `ssh://` and `user@host:path`, called as OpenSSH's `ssh` is, and
    /// arguments that come before all others: `-i` and a key file, for instance. Just `ssh` if it is
    /// not said.
    pub fn ssh_command<A: Into<OsString>>(
        mut self,
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.ssh = SshCommand { program: program.into(), arguments };
        self
    }

    /// How many bytes one discovery receives at most; 512 MiB if it is not said. Only a server that
    /// cannot leave files out of a pack comes anywhere near.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How long a server may be silent; 30 seconds if it is not said.
    pub fn stall_limit(mut self, limit: Duration) -> Self {
        self.stall_limit = limit;
        self
    }

    /// What `now()` is in an expression filter; the system's clock if it is not said. An expression that
    /// asks for it is evaluated anew at every discovery.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The source. Nothing is asked of any server and no file is touched.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) for a URL that is none of http, https,
    /// ssh, the scp form, git and file; for a branch whose name Git does not allow; for a limit of 0; for
    /// a constraint, a pattern, a path selector or an expression that is none.
    pub fn build(self) -> Result<GitSource, Error> {
        let id = self.id.unwrap_or_else(|| SourceId::new(SourceKind::Git, &self.repo_url));
        let name_it = |error: Error| error.with_id(&id);
        let address = Address::parse(&self.repo_url).map_err(name_it)?;
        let plan = self.rule.plan(self.clock).map_err(name_it)?;
        let http = match self.http {
            Some(client) => client,
            None => HttpClient::builder().build().map_err(name_it)?,
        };
        let means = Means { ssh: self.ssh, http, allow_plain_credential: self.allow_plain_credential };
        let site =
            Site { address, means, cache: Cache::new(self.cache_dir.map(|folder| folder.join("git"))) };
        Ok(GitSource {
            fingerprint: format!("{} {}", site.address, plan.fingerprint()),
            id,
            repo_url: self.repo_url,
            site: Arc::new(site),
            plan: Arc::new(plan),
            credentials: self.credentials,
            max_bytes: self.max_bytes,
            stall_limit: self.stall_limit,
        })
    }
}

impl fmt::Debug for GitSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSourceBuilder")
            .field("repo_url", &artifact_source::redact_url(&self.repo_url))
            .field("rule", &self.rule)
            .field("cache_dir", &self.cache_dir)
            .finish_non_exhaustive()
    }
}
