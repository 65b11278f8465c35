//! One bare repository of a server.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fmt::Write;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::error::Error;

/// A bare repository that a [`GitServer`](super::GitServer) serves.
///
/// Ids are deterministic: commits are dated 60 seconds apart from 2024-01-01 on unless they say otherwise, and authors
/// are fixed. Clones refer to the same repository.
#[derive(Clone, Debug)]
pub struct GitRepository {
    pub(super) git: Git,
    pub(super) path: PathBuf,
    url: String,
    clock: Arc<AtomicI64>,
}

/// 2024-01-01T00:00:00Z.
const EPOCH: i64 = 1_704_067_200;

impl GitRepository {
    pub(super) fn create(git: &Git, path: PathBuf, url: String, filter: bool) -> Result<Self, Error> {
        // Of Git's template, the folders alone.
        for folder in ["hooks", "info"] {
            let folder = path.join(folder);
            std::fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        }
        git.run(&path, ["init", "--quiet", "--bare", "--initial-branch=main", "--template=", "."], &[])?;
        // One write in the place of a process for each setting: tests make hundreds of repositories.
        let settings = format!(
            "[uploadpack]\n\tallowFilter = {filter}\n\tallowAnySHA1InWant = true\n[http]\n\treceivepack = true\n\
             [gc]\n\tauto = 0\n[receive]\n\tdenyDeleteCurrent = ignore\n"
        );
        let file = path.join("config");
        let append = || std::fs::OpenOptions::new().append(true).open(&file)?.write_all(settings.as_bytes());
        append().map_err(Error::file(&file))?;
        Ok(Self { git: git.clone(), path, url, clock: Arc::new(AtomicI64::new(EPOCH)) })
    }

    /// Its URL on the server: `http://127.0.0.1:PORT/<name>`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its URL without a server: `file:///...`.
    #[must_use]
    pub fn file_url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Describes a piece of history; [`History::write`] puts all of it into the repository at once.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn history(&self) -> Result<History<'_>, Error> {
        History::new(self)
    }

    /// Adds one commit to a branch and returns its id. Several at once are faster with [`history`](Self::history).
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn commit(&self, branch: &str, commit: Commit) -> Result<String, Error> {
        let mut history = self.history()?;
        let mark = history.commit(branch, commit);
        Ok(history.write()?.id(mark).to_owned())
    }

    /// Points a reference (`refs/heads/main`) to any object, as a force-push does.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git), e.g. if there is no such object.
    pub fn set_reference(&self, name: &str, id: &str) -> Result<(), Error> {
        self.git(["update-ref", name, id]).map(drop)
    }

    /// Removes a reference.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn delete_reference(&self, name: &str) -> Result<(), Error> {
        self.git(["update-ref", "-d", name]).map(drop)
    }

    /// Points `HEAD` to a branch, which need not exist.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn set_head(&self, branch: &str) -> Result<(), Error> {
        self.git(["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]).map(drop)
    }

    /// The id that a revision (`main`, `v1.0^{}`, `HEAD~3`) names.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramFailed`] if it names nothing.
    pub fn resolve(&self, revision: &str) -> Result<String, Error> {
        self.git(["rev-parse", "--verify", "--end-of-options", revision])
    }

    /// Runs any Git command in the repository and returns its standard output, without the last line end. This is the
    /// oracle of many tests: `git(["log", "--first-parent", "--format=%H"])`.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramFailed`] with what Git wrote to standard error.
    pub fn git<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, Error> {
        self.git.run(&self.path, arguments, &[])
    }

    /// Like [`git`](Self::git), with this on standard input: `git_with_input(["fast-import"], stream)`.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn git_with_input<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Result<String, Error> {
        self.git.run(&self.path, arguments, input)
    }

    /// The moment of the next commit that does not name one.
    pub(super) fn tick(&self) -> i64 {
        self.clock.fetch_add(60, Ordering::SeqCst)
    }
}

/// The message and the changes of a commit.
///
/// ```
/// use warehouse_testkit::Commit;
///
/// let commit = Commit::new("Add the chart").file("charts/demo/Chart.yaml", "name: demo\n").remove("old.txt");
/// # let _ = commit;
/// ```
#[derive(Clone, Debug)]
pub struct Commit {
    message: Vec<u8>,
    author: Person,
    committer: Person,
    time: Option<i64>,
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
struct Person(String);

#[derive(Clone, Debug)]
enum Change {
    Write { mode: &'static str, path: Vec<u8>, content: Vec<u8> },
    Submodule { path: Vec<u8>, id: String },
    Remove { path: Vec<u8> },
    Clear,
}

impl Commit {
    /// A commit with this message (subject, and body after an empty line), no changes, and fixed author and committer.
    #[must_use]
    pub fn new(message: impl Into<Vec<u8>>) -> Self {
        Self {
            message: message.into(),
            author: Person("Ada Author <ada@example.com>".into()),
            committer: Person("Carl Committer <carl@example.com>".into()),
            time: None,
            changes: Vec::new(),
        }
    }

    /// Author and committer, as `Name <email>`.
    #[must_use]
    pub fn by(mut self, person: impl Into<String>) -> Self {
        self.author = Person(person.into());
        self.committer = self.author.clone();
        self
    }

    /// The author only, as `Name <email>`.
    #[must_use]
    pub fn author(mut self, person: impl Into<String>) -> Self {
        self.author = Person(person.into());
        self
    }

    /// When it was made, in seconds since 1970. Without it the repository's own clock ticks.
    #[must_use]
    pub fn at(mut self, seconds: i64) -> Self {
        self.time = Some(seconds);
        self
    }

    /// Writes a file. Paths are bytes, as in Git.
    #[must_use]
    pub fn file(self, path: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        self.write("100644", path, content)
    }

    /// Writes a file that may be executed.
    #[must_use]
    pub fn executable(self, path: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        self.write("100755", path, content)
    }

    /// Writes a symbolic link.
    #[must_use]
    pub fn symlink(self, path: impl Into<Vec<u8>>, target: impl Into<Vec<u8>>) -> Self {
        self.write("120000", path, target)
    }

    /// Writes a submodule (a commit id of another repository, 40 hexadecimal digits).
    #[must_use]
    pub fn submodule(mut self, path: impl Into<Vec<u8>>, id: impl Into<String>) -> Self {
        self.changes.push(Change::Submodule { path: path.into(), id: id.into() });
        self
    }

    /// Removes a file or a folder.
    #[must_use]
    pub fn remove(mut self, path: impl Into<Vec<u8>>) -> Self {
        self.changes.push(Change::Remove { path: path.into() });
        self
    }

    /// Removes everything that was there before.
    #[must_use]
    pub fn clear(mut self) -> Self {
        self.changes.push(Change::Clear);
        self
    }

    fn write(mut self, mode: &'static str, path: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        self.changes.push(Change::Write { mode, path: path.into(), content: content.into() });
        self
    }
}

/// A commit of a [`History`] that is not written yet; afterwards [`WrittenHistory::id`] has its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitMark(u64);

/// A piece of history to be written.
///
/// ```
/// use warehouse_testkit::{Commit, GitServer};
///
/// # if std::process::Command::new("git").arg("--version").output().is_err() { return Ok(()); }
/// let server = GitServer::start()?;
/// let repository = server.create("demo/app.git")?;
/// let mut history = repository.history()?;
/// let first = history.commit("main", Commit::new("First").file("README.md", "# Demo\n"));
/// history.branch("feature", first);
/// let side = history.commit("feature", Commit::new("Feature").file("feature.txt", "1\n"));
/// let merge = history.merge("main", side, Commit::new("Merge feature"));
/// history.tag("v1.0.0", merge).annotated_tag("v1.0.1", merge, "Release 1.0.1");
/// let written = history.write()?;
/// assert_eq!(written.id(merge), repository.resolve("v1.0.1^{}")?);
/// # Ok::<(), warehouse_testkit::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a history is written by write()"]
pub struct History<'a> {
    repository: &'a GitRepository,
    stream: Vec<u8>,
    next_mark: u64,
    /// The tip of each branch: `from` of its next commit.
    heads: HashMap<String, String>,
    /// References on objects that fast-import cannot tag.
    references: BTreeMap<String, Target>,
}

#[derive(Debug)]
enum Target {
    Mark(u64),
    TreeOf(u64),
}

impl<'a> History<'a> {
    pub(super) fn new(repository: &'a GitRepository) -> Result<Self, Error> {
        let listed =
            repository.git(["for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"])?;
        let heads = listed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(id, branch)| (branch.to_owned(), id.to_owned()))
            .collect();
        Ok(Self { repository, stream: Vec::new(), next_mark: 1, heads, references: BTreeMap::new() })
    }

    /// Adds a commit on top of a branch. On a branch that does not exist it is a root commit.
    pub fn commit(&mut self, branch: &str, commit: Commit) -> CommitMark {
        self.add(branch, &commit, None)
    }

    /// Adds a commit on top of a branch with a second parent: the merge of `other` into it.
    pub fn merge(&mut self, branch: &str, other: CommitMark, commit: Commit) -> CommitMark {
        self.add(branch, &commit, Some(other))
    }

    /// Points a branch to a commit.
    pub fn branch(&mut self, branch: &str, at: CommitMark) -> &mut Self {
        self.line(&format!("reset refs/heads/{branch}\nfrom :{}\n\n", at.0));
        self.heads.insert(branch.into(), format!(":{}", at.0));
        self
    }

    /// Starts the branch anew: its next commit is a root commit.
    pub fn orphan(&mut self, branch: &str) -> &mut Self {
        self.heads.remove(branch);
        self.line(&format!("reset refs/heads/{branch}\n\n"));
        self
    }

    /// Sets a light tag.
    pub fn tag(&mut self, name: &str, at: CommitMark) -> &mut Self {
        self.references.insert(format!("refs/tags/{name}"), Target::Mark(at.0));
        self
    }

    /// Sets an annotated tag, dated by the repository's own clock.
    pub fn annotated_tag(&mut self, name: &str, at: CommitMark, message: &str) -> &mut Self {
        let time = self.repository.tick();
        self.annotated_tag_at(name, at, message, time)
    }

    /// Sets an annotated tag with this date, in seconds since 1970.
    pub fn annotated_tag_at(&mut self, name: &str, at: CommitMark, message: &str, time: i64) -> &mut Self {
        self.tag_object(name, at.0, message, time);
        self
    }

    /// Sets a light tag on a file's content instead of a commit.
    pub fn tag_blob(&mut self, name: &str, content: impl AsRef<[u8]>) -> &mut Self {
        let mark = self.blob(content.as_ref());
        self.references.insert(format!("refs/tags/{name}"), Target::Mark(mark));
        self
    }

    /// Sets an annotated tag on a file's content instead of a commit.
    pub fn annotated_tag_blob(&mut self, name: &str, content: impl AsRef<[u8]>, message: &str) -> &mut Self {
        let mark = self.blob(content.as_ref());
        let time = self.repository.tick();
        self.tag_object(name, mark, message, time);
        self
    }

    /// Sets a light tag on the tree of a commit.
    pub fn tag_tree(&mut self, name: &str, of: CommitMark) -> &mut Self {
        self.references.insert(format!("refs/tags/{name}"), Target::TreeOf(of.0));
        self
    }

    /// Writes everything with one `git fast-import`.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramFailed`] with Git's output, e.g. if a branch name, a person or a path is not valid;
    /// [`Error::File`] if the repository's folder is gone.
    pub fn write(mut self) -> Result<WrittenHistory, Error> {
        self.line("done\n");
        let marks = self.repository.path.join("testkit-marks");
        let export = format!("--export-marks={}", marks.display());
        let import = ["fast-import", "--quiet", "--force", "--done", &export];
        self.repository.git.run(&self.repository.path, import, &self.stream)?;
        let listed = std::fs::read_to_string(&marks).map_err(Error::file(&marks))?;
        std::fs::remove_file(&marks).map_err(Error::file(&marks))?;
        let ids: HashMap<u64, String> = listed
            .lines()
            .filter_map(|line| line.strip_prefix(':')?.split_once(' '))
            .filter_map(|(mark, id)| Some((mark.parse().ok()?, id.to_owned())))
            .collect();
        let mut updates = String::new();
        for (name, target) in &self.references {
            let id = match target {
                Target::Mark(mark) => ids.get(mark).cloned().unwrap_or_default(),
                Target::TreeOf(mark) => {
                    let commit = ids.get(mark).map_or("", String::as_str);
                    self.repository.resolve(&format!("{commit}^{{tree}}"))?
                }
            };
            // Writing to a string does not fail.
            let _ = writeln!(updates, "update {name} {id}");
        }
        if !updates.is_empty() {
            let update = ["update-ref", "--stdin"];
            self.repository.git.run(&self.repository.path, update, updates.as_bytes())?;
        }
        Ok(WrittenHistory { ids })
    }

    fn add(&mut self, branch: &str, commit: &Commit, other: Option<CommitMark>) -> CommitMark {
        let mark = self.mark();
        let time = commit.time.unwrap_or_else(|| self.repository.tick());
        self.line(&format!("commit refs/heads/{branch}\nmark :{mark}\n"));
        self.line(&format!("author {} {time} +0000\n", commit.author.0));
        self.line(&format!("committer {} {time} +0000\n", commit.committer.0));
        self.data(&commit.message);
        if let Some(head) = self.heads.get(branch).cloned() {
            self.line(&format!("from {head}\n"));
        }
        if let Some(CommitMark(other)) = other {
            self.line(&format!("merge :{other}\n"));
        }
        for change in &commit.changes {
            match change {
                Change::Write { mode, path, content } => {
                    self.line(&format!("M {mode} inline "));
                    self.path(path);
                    self.data(content);
                }
                Change::Submodule { path, id } => {
                    self.line(&format!("M 160000 {id} "));
                    self.path(path);
                }
                Change::Remove { path } => {
                    self.line("D ");
                    self.path(path);
                }
                Change::Clear => self.line("deleteall\n"),
            }
        }
        self.line("\n");
        self.heads.insert(branch.into(), format!(":{mark}"));
        CommitMark(mark)
    }

    fn tag_object(&mut self, name: &str, mark: u64, message: &str, time: i64) {
        self.line(&format!("tag {name}\nfrom :{mark}\ntagger Tina Tagger <tina@example.com> {time} +0000\n"));
        self.data(message.as_bytes());
    }

    fn blob(&mut self, content: &[u8]) -> u64 {
        let mark = self.mark();
        self.line(&format!("blob\nmark :{mark}\n"));
        self.data(content);
        mark
    }

    fn mark(&mut self) -> u64 {
        self.next_mark += 1;
        self.next_mark - 1
    }

    fn line(&mut self, text: &str) {
        self.stream.extend_from_slice(text.as_bytes());
    }

    fn data(&mut self, content: &[u8]) {
        self.line(&format!("data {}\n", content.len()));
        self.stream.extend_from_slice(content);
        self.line("\n");
    }

    /// A path in C-style quotes, so that any byte may occur in it, and the end of the line.
    fn path(&mut self, path: &[u8]) {
        self.stream.push(b'"');
        for &byte in path {
            if byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' {
                self.stream.push(byte);
            } else {
                self.line(&format!("\\{byte:03o}"));
            }
        }
        self.line("\"\n");
    }
}

/// The ids of a written [`History`].
#[derive(Clone, Debug)]
pub struct WrittenHistory {
    ids: HashMap<u64, String>,
}

impl WrittenHistory {
    /// The id of a commit, 40 hexadecimal digits; empty for a mark of another history.
    #[must_use]
    pub fn id(&self, commit: CommitMark) -> &str {
        self.ids.get(&commit.0).map_or("", String::as_str)
    }
}

const HINT: &str = "install Git 2.20 or newer (Debian: apt-get install git)";

/// How to call Git: with its own home folder, without system or user configuration, and without prompts.
#[derive(Clone, Debug)]
pub(super) struct Git {
    home: PathBuf,
}

impl Git {
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `git` is not installed.
    pub(super) fn find(home: &Path) -> Result<Self, Error> {
        let git = Self { home: home.into() };
        git.run(home, ["--version"], &[])?;
        Ok(git)
    }

    /// The environment every Git process of ours gets, on top of `PATH`.
    pub(super) fn environment(&self) -> Vec<(&'static str, &OsStr)> {
        vec![
            ("HOME", self.home.as_os_str()),
            ("XDG_CONFIG_HOME", self.home.as_os_str()),
            ("GIT_CONFIG_NOSYSTEM", OsStr::new("1")),
            ("GIT_CONFIG_GLOBAL", OsStr::new("/dev/null")),
            ("GIT_TERMINAL_PROMPT", OsStr::new("0")),
            ("GIT_ASKPASS", OsStr::new("true")),
            ("LC_ALL", OsStr::new("C")),
            ("TZ", OsStr::new("UTC")),
        ]
    }

    /// Runs `git` in `folder` and returns its standard output, without the line end.
    pub(super) fn run<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Result<String, Error> {
        let mut command = Command::new("git");
        command.current_dir(folder).args(arguments).env_clear().envs(self.environment());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let described = describe(&command);
        let output = feed(command, input).map_err(|source| failed_to_start(&described, source))?;
        if !output.status.success() {
            return Err(Error::ProgramFailed {
                command: described,
                status: output.status.to_string(),
                stderr: tail(&output.stderr),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}

/// Writes all of `input` while the output is collected.
fn feed(mut command: Command, input: &[u8]) -> std::io::Result<Output> {
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A process that ends early reports why by its status.
                let _ = stdin.write_all(input);
            }
        });
        child.wait_with_output()
    })
}

fn failed_to_start(described: &str, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::NotFound {
        return Error::ProgramMissing { program: "git".into(), hint: HINT };
    }
    Error::ProgramFailed {
        command: described.into(),
        status: "not started".into(),
        stderr: source.to_string(),
    }
}

fn describe(command: &Command) -> String {
    let mut described = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        described.push(' ');
        described.push_str(&argument.to_string_lossy());
    }
    described
}

/// The end of what a program wrote.
pub(crate) fn tail(bytes: &[u8]) -> String {
    let start = bytes.len().saturating_sub(4096);
    String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).trim().to_owned()
}
