//! The class of a failure, and the line that says most.

/// Why `git` or `ssh` failed, by what can be done about it.
///
/// ```
/// use git_program::GitFailure;
///
/// let stderr = "remote: Permission to o/r.git denied to me.\n\
///               fatal: unable to access 'https://github.com/o/r.git/': The requested URL returned error: 403\n";
/// assert_eq!(GitFailure::of(stderr), GitFailure::Forbidden);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GitFailure {
    /// The key of the host is not known to `ssh`, or is another one than before.
    HostKey,
    /// The certificate of the server is not trusted.
    Certificate,
    /// The server wants a credential, and Git has none and cannot ask for one.
    NoCredential,
    /// The server does not accept the credential or the key.
    BadCredential,
    /// The account may not do this, or the file system of the server does not let it.
    Forbidden,
    /// The repository has no reference of this name.
    NoSuchReference,
    /// There is no such repository, or the account does not see it.
    NotFound,
    /// The repository belongs to another user
    /// ([`safe.directory`](https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory)).
    DubiousOwnership,
    /// No connection could be made.
    Unreachable,
    /// The connection ended before the answer did, or the server answered with an error of its own (HTTP 5xx).
    Disconnected,
    /// None of these.
    Other,
}

/// Texts in lower case, and what they mean. The first class with a text in the output counts: what `ssh` says about keys and hosts comes before
/// what Git concludes from it, and a file that `ssh` did not find is less than a key that the server did not accept.
const TEXTS: &[(GitFailure, &[&str])] = &[
    (GitFailure::HostKey, &["host key verification failed", "remote host identification has changed"]),
    (
        GitFailure::Certificate,
        &["ssl certificate problem", "certificate verification failed", "server certificate"],
    ),
    (
        GitFailure::NoCredential,
        &["could not read username", "could not read password", "terminal prompts disabled"],
    ),
    (
        GitFailure::BadCredential,
        &[
            "authentication failed",
            "invalid username or password",
            "permission denied (",
            "permission denied, please try again",
            "too many authentication failures",
            "returned error: 401",
        ],
    ),
    // GitLab. Its text has the words of a permission.
    (GitFailure::NotFound, &["could not be found or you don't have permission"]),
    (
        GitFailure::Forbidden,
        &[
            "returned error: 403",
            "access denied",
            "permission to ",
            "write access to repository not granted",
            "insufficient permission",
        ],
    ),
    (GitFailure::NoSuchReference, &["couldn't find remote ref"]),
    (GitFailure::DubiousOwnership, &["dubious ownership"]),
    (
        GitFailure::NotFound,
        &[
            "is this a git repository?",
            "does not appear to be a git repository",
            "not a git repository",
            "repository not found",
            // `fatal: repository 'https://example.com/a.git/' not found`
            "/' not found",
            "no such file or directory",
        ],
    ),
    (GitFailure::Forbidden, &["permission denied"]),
    (
        GitFailure::Unreachable,
        &[
            "could not resolve host",
            "name or service not known",
            "failed to connect",
            "couldn't connect",
            "connection refused",
            "connection timed out",
            "operation timed out",
            "no route to host",
            "network is unreachable",
        ],
    ),
    (
        GitFailure::Disconnected,
        &[
            "connection reset",
            "connection closed",
            "closed by remote host",
            "broken pipe",
            "early eof",
            "hung up unexpectedly",
            "unexpected disconnect",
            "empty reply",
            "rpc failed",
            "returned error: 5",
            "transfer closed",
        ],
    ),
];

impl GitFailure {
    /// The class of a failure, from all that the program wrote to standard error, in English (`LC_ALL=C`, `LANGUAGE=C`), or from its end.
    /// [`Other`](Self::Other) if no line says a known reason. Warnings say none: Git warns of a configuration that it may not read,
    /// and `ssh` of a key that is not there.
    pub fn of(stderr: &str) -> Self {
        let said: Vec<String> =
            lines(stderr).map(str::to_ascii_lowercase).filter(|line| !is_aside(line)).collect();
        let has = |text: &&str| said.iter().any(|line| line.contains(text));
        TEXTS.iter().find(|(_, texts)| texts.iter().any(has)).map_or(Self::Other, |(class, _)| *class)
    }
}

/// Whether a line, in lower case, is not about the failure itself.
fn is_aside(line: &str) -> bool {
    // A program of Git's own that is not installed, `ssh` for example.
    line.starts_with("warning:") || line.starts_with("error: cannot run ")
}

/// The line of standard error that says most: the last one that Git, the remote or a hook wrote (`fatal:`, `error:`, `remote:`) and that is
/// not general advice, else the last line that is not. Without the spaces around it; empty if there is none.
///
/// ```
/// let stderr = "remote: no such thing\r\nfatal: Could not read from remote repository.\n";
/// assert_eq!(git_program::decisive_line(stderr), "remote: no such thing");
/// ```
pub fn decisive_line(stderr: &str) -> &str {
    let speaks = |line: &&str| ["fatal:", "error:", "remote:"].iter().any(|prefix| line.starts_with(prefix));
    let useful = || lines(stderr).filter(|line| !is_advice(line));
    useful().rfind(speaks).or_else(|| useful().next_back()).unwrap_or_default()
}

/// Whether a line is what Git or a remote adds to any failure of its kind.
fn is_advice(line: &str) -> bool {
    let said = line.strip_prefix("remote:").unwrap_or(line);
    !said.contains(char::is_alphanumeric)
        || [
            "Please make sure",
            "and the repository exists",
            "hint:",
            "error: failed to push some refs",
            "fatal: unable to fork",
        ]
        .iter()
        .any(|advice| line.starts_with(advice))
        || line.ends_with("Could not read from remote repository.")
}

/// The lines, without empty ones. A carriage return ends one, too: progress is written over itself.
fn lines(stderr: &str) -> impl DoubleEndedIterator<Item = &str> {
    stderr.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty())
}
