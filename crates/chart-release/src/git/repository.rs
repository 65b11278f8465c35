//! A repository on disk: where it is, what `HEAD` is, which remotes it has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use git_program::REPOSITORY_VARIABLES;
use gix::bstr::{BStr, ByteSlice};

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, GitErrorKind, argument, broken, one_line};

/// A Git repository on this machine.
///
/// What is on disk is read by gitoxide; these methods block, for milliseconds in a usual repository. What asks the remote is async and
/// goes through the installed `git`, see [the module](crate::git).
///
/// ```
/// use chart_release::git::{GitErrorKind, GitRepository};
///
/// let folder = std::env::temp_dir();
/// match GitRepository::discover(&folder) {
///     Ok(repository) => println!("{} at {:?}", repository.root().display(), repository.head()?.commit),
///     Err(error) => assert_eq!(error.kind(), GitErrorKind::NotARepository),
/// }
/// # Ok::<(), chart_release::git::GitError>(())
/// ```
#[derive(Clone)]
pub struct GitRepository {
    inner: gix::ThreadSafeRepository,
    root: PathBuf,
    program: PathBuf,
    time_limit: Duration,
}

/// What `HEAD` is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The commit, or `None` if the branch has no commit yet.
    pub commit: Option<CommitId>,
    /// The name of the branch that is checked out (`main`), or `None` if `HEAD` is detached.
    pub branch: Option<String>,
}

/// How long one call of `git` may take unless [`with_time_limit`](GitRepository::with_time_limit) says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(120);

impl GitRepository {
    /// The repository that this folder is in: the folder itself or the nearest one above it. Bare repositories and linked work trees
    /// are repositories, too. Variables of the environment that name another repository (`GIT_DIR`) are not read.
    ///
    /// # Errors
    ///
    /// [`NotARepository`](GitErrorKind::NotARepository); [`Untrusted`](GitErrorKind::Untrusted) if it belongs to another user and is not
    /// listed in `safe.directory`, as Git itself decides; [`Broken`](GitErrorKind::Broken) if it cannot be read.
    pub fn discover(folder: impl AsRef<Path>) -> Result<Self, GitError> {
        let folder = folder.as_ref();
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        if !folder.is_dir() {
            let message = format!("there is no folder {}", folder.display());
            return Err(GitError::new(GitErrorKind::NotARepository, message));
        }
        if gix::discover::upwards(folder).is_err() {
            let message = format!("{} is in no Git repository", folder.display());
            return Err(GitError::new(GitErrorKind::NotARepository, message).with_hint(
                "run it in a clone of the repository that the charts are in; `git init` begins a new one",
            ));
        }
        let inner = gix::ThreadSafeRepository::discover_opts(folder, Default::default(), trust()).map_err(|error| {
            let error = broken(format!("the Git repository of {} cannot be read", folder.display()))(error);
            if !has_sha256(folder) {
                return error;
            }
            let message = format!("the Git repository of {} names its objects by SHA-256, and only SHA-1 is read", folder.display());
            GitError::new(GitErrorKind::Broken, message).with_hint(
                "release from a repository with SHA-1 (`git init --object-format=sha1`); `release-dev` takes a folder outside of Git",
            )
        })?;
        let repository = inner.to_thread_local();
        let root = repository.workdir().unwrap_or_else(|| repository.git_dir());
        let root = gix::path::realpath(root).unwrap_or_else(|_| root.to_owned());
        if repository.git_dir_trust() != gix::sec::Trust::Full {
            let message = format!("the repository {} belongs to another user", root.display());
            return Err(GitError::new(GitErrorKind::Untrusted, message).with_hint(format!(
                "if you trust it, run: git config --global --add safe.directory {}",
                argument(&root.display().to_string())
            )));
        }
        Ok(Self { inner, root, program: "git".into(), time_limit: TIME_LIMIT })
    }

    /// The `git` program that talks to remotes. Defaults to `git` in `PATH`.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// How long one call of `git` may take. Defaults to two minutes.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The top of the work tree, or the repository's own folder if it is bare.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it has no work tree.
    pub fn is_bare(&self) -> bool {
        self.local().is_bare()
    }

    /// Whether the clone has only the newest part of the history, as `actions/checkout` makes it.
    ///
    /// # Errors
    ///
    /// [`Broken`](GitErrorKind::Broken).
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        self.local().is_shallow().map_err(broken("the list of shallow commits cannot be read"))
    }

    /// What `HEAD` is.
    ///
    /// # Errors
    ///
    /// [`Broken`](GitErrorKind::Broken) if it cannot be read.
    pub fn head(&self) -> Result<Head, GitError> {
        let local = self.local();
        let mut head = local.head().map_err(broken("HEAD cannot be read"))?;
        let branch = head.referent_name().map(|name| name.shorten().to_str_lossy().into_owned());
        let commit = if head.is_unborn() {
            None
        } else {
            let commit = head.peel_to_commit().map_err(broken("HEAD leads to no commit"))?;
            Some(CommitId::new(commit.id))
        };
        Ok(Head { commit, branch })
    }

    /// The commit that `HEAD` is.
    ///
    /// # Errors
    ///
    /// [`NoCommit`](GitErrorKind::NoCommit) if the branch has no commit yet, [`Broken`](GitErrorKind::Broken).
    pub fn head_commit(&self) -> Result<CommitId, GitError> {
        let head = self.head()?;
        head.commit.ok_or_else(|| {
            let branch = head.branch.unwrap_or_default();
            GitError::new(GitErrorKind::NoCommit, format!("the branch {branch:?} has no commit yet"))
                .with_hint("commit the charts first")
        })
    }

    /// The commit that a revision names: an id or its beginning, a branch, a tag, `HEAD~3`, `origin/main`.
    ///
    /// # Errors
    ///
    /// [`UnknownRevision`](GitErrorKind::UnknownRevision) if it names nothing in this clone, or something else than a commit.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let local = self.local();
        let shown = one_line(revision);
        let unknown = |what: String| {
            GitError::new(GitErrorKind::UnknownRevision, what).with_hint(if self.is_shallow().unwrap_or(false) {
                "the clone is shallow: run `git fetch --unshallow`, or set `fetch-depth: 0` for actions/checkout"
            } else {
                "check the spelling; a commit or branch of the remote may need `git fetch` first"
            })
        };
        let found = local
            .rev_parse_single(BStr::new(revision.as_bytes()))
            .map_err(|error| unknown(format!("{shown:?} names nothing in this clone")).caused_by(&error))?;
        let commit = found
            .object()
            .and_then(|object| object.peel_to_kind(gix::object::Kind::Commit))
            .map_err(|error| unknown(format!("{shown:?} names no commit")).caused_by(&error))?;
        Ok(CommitId::new(commit.id))
    }

    /// Whether the commit is in this clone.
    pub fn has_commit(&self, commit: CommitId) -> bool {
        self.local().find_commit(commit.object()).is_ok()
    }

    /// The message of a commit. Bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    ///
    /// [`Broken`](GitErrorKind::Broken) if the commit cannot be read.
    pub fn message(&self, commit: CommitId) -> Result<String, GitError> {
        let local = self.local();
        let object = local
            .find_commit(commit.object())
            .map_err(broken(format!("the commit {commit} cannot be read")))?;
        Ok(object.message_raw_sloppy().to_str_lossy().into_owned())
    }

    /// When a commit was made: its committer time. A time beyond the year 9999 counts as 1970.
    ///
    /// # Errors
    ///
    /// [`Broken`](GitErrorKind::Broken) if the commit cannot be read.
    pub fn committer_time(&self, commit: CommitId) -> Result<jiff::Timestamp, GitError> {
        let local = self.local();
        let unreadable = || broken(format!("the commit {commit} cannot be read"));
        let object = local.find_commit(commit.object()).map_err(unreadable())?;
        let time = object.time().map_err(unreadable())?;
        Ok(jiff::Timestamp::from_second(time.seconds).unwrap_or_default())
    }

    /// The name of the remote: this one, or else `origin`, or else the only one.
    ///
    /// # Errors
    ///
    /// [`NoRemote`](GitErrorKind::NoRemote) if there is none of this name, none at all, or several without `origin`.
    pub fn remote_name(&self, name: Option<&str>) -> Result<String, GitError> {
        let names: Vec<String> =
            self.local().remote_names().iter().map(|name| name.to_str_lossy().into_owned()).collect();
        let error = |message: String, hint: String| {
            Err(GitError::new(GitErrorKind::NoRemote, message).with_hint(hint))
        };
        let add = || "add it with: git remote add origin URL".to_owned();
        let listed = || format!("the remotes are: {}", names.join(", "));
        let wanted = match (name, names.as_slice()) {
            (_, []) => return error("the repository has no remote".into(), add()),
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, _) => "origin",
        };
        match (names.iter().find(|name| *name == wanted), name) {
            // It is an argument of git; Git itself refuses to add such a name.
            (Some(found), _) if found.starts_with('-') => {
                error(format!("the remote {:?} has a name that Git forbids", one_line(found)), listed())
            }
            (Some(found), _) => Ok(found.clone()),
            (None, Some(name)) => error(format!("there is no remote {:?}", one_line(name)), listed()),
            (None, None) => error(
                "there are several remotes, and none is named \"origin\"".into(),
                format!("name one; {}", listed()),
            ),
        }
    }

    /// The remote's default branch as this clone recorded it when it was cloned (`refs/remotes/REMOTE/HEAD`), which may be out of date:
    /// [`RemoteListing::default_branch`](crate::git::RemoteListing::default_branch) is what the remote says now.
    ///
    /// # Errors
    ///
    /// [`Broken`](GitErrorKind::Broken).
    pub fn recorded_default_branch(&self, remote: &str) -> Result<Option<String>, GitError> {
        let name = format!("refs/remotes/{remote}/HEAD");
        let local = self.local();
        let found =
            local.try_find_reference(name.as_str()).map_err(broken(format!("{name} cannot be read")))?;
        let prefix = format!("refs/remotes/{remote}/");
        Ok(found.and_then(|head| {
            let target = head.target().try_name()?.as_bstr().to_str().ok()?.to_owned();
            target.strip_prefix(&prefix).map(str::to_owned)
        }))
    }

    pub(crate) fn local(&self) -> gix::Repository {
        let mut local = self.inner.to_thread_local();
        local.object_cache_size_if_unset(4 << 20);
        local
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn time_limit(&self) -> Duration {
        self.time_limit
    }
}

/// Whether the configuration of the repository says so.
fn has_sha256(folder: &Path) -> bool {
    let Ok((found, _)) = gix::discover::upwards(folder) else { return false };
    let (git_dir, _) = found.into_repository_and_work_tree_directories();
    let config = std::fs::File::open(git_dir.join("config"));
    let mut text = String::new();
    let read = config
        .and_then(|file| std::io::Read::read_to_string(&mut std::io::Read::take(file, 1 << 20), &mut text));
    let has = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.split_once('=')
            .is_some_and(|(key, value)| key.trim() == "objectformat" && value.trim() == "sha256")
    };
    read.is_ok() && text.lines().any(has)
}

/// How repositories are opened, by trust. gitoxide reads the variables of another repository and those that name Git's configuration
/// (`GIT_CONFIG_GLOBAL`) with one permission, so the latter are ignored where one of the former is set.
fn trust() -> gix::sec::trust::Mapping<gix::open::Options> {
    let mut trust = gix::sec::trust::Mapping::<gix::open::Options>::default();
    if REPOSITORY_VARIABLES.iter().any(|variable| std::env::var_os(variable).is_some()) {
        let mut permissions = gix::open::Permissions::all();
        permissions.env.git_prefix = gix::sec::Permission::Deny;
        permissions.env.objects = gix::sec::Permission::Deny;
        trust.full = trust.full.permissions(permissions);
    }
    trust
}

impl std::fmt::Debug for GitRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitRepository").field("root", &self.root).finish_non_exhaustive()
    }
}
