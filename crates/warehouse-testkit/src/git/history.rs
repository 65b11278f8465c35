//! Commits, merges and tags, described in Rust and written by one `git fast-import`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use super::repository::GitRepository;
use crate::error::Error;

/// What a commit says and changes.
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

/// A commit of a [`History`] that is not written yet; afterwards [`WrittenHistory::id`] knows its id.
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
    /// Where each branch stands: what `from` of its next commit says.
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

    /// Lets a branch stand at a commit, whatever it stood at before.
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
    /// [`Error::ProgramFailed`] with what Git says, e.g. if a branch name, a person or a path is none;
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
