//! The files of a commit, read from Git's objects.

use std::collections::VecDeque;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::objs::tree::EntryKind;
use helm_chart::{ChartFile, ChartFolders, Error, HelmIgnore};

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, broken};
use crate::git::repository::GitRepository;

/// The largest folder that is read, as Helm's own limit of charts: 100 MiB.
const MOST_BYTES: u64 = 100 << 20;

/// The largest number of entries below one folder.
const MOST_ENTRIES: usize = 50_000;

/// The longest chain of folders.
const DEEPEST: usize = 64;

/// How many links one path may go through, as on Linux.
const MOST_LINKS: usize = 40;

/// The longest target of a link, in bytes.
const LONGEST_TARGET: u64 = 4096;

/// The largest `.helmignore` that is read.
const LARGEST_IGNORE_FILE: u64 = 1 << 20;

/// How a file begins that Git LFS stands in for.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The largest such file, by its specification.
const LARGEST_LFS_POINTER: usize = 1024;

/// The folders of charts at a commit: what a release packages, regardless of the work tree.
///
/// Files are read from Git's objects, as they were committed. So
///
/// - `export-ignore` and the other attributes of `.gitattributes` are not applied: line ends are those of the commit (`core.autocrlf` and
///   `eol` change nothing), `$Id$` is not expanded, no filter runs;
/// - a symbolic link is followed as on disk, as long as it stays in the repository;
/// - a submodule, and a file that Git LFS keeps elsewhere, are errors: their content is not in the commit;
/// - files that `.helmignore` leaves out are not read, so they are no errors and have no size;
/// - the file mode is not read: Helm's archives have none.
///
/// A folder has at most 100 MiB in 50 000 files; sizes are known before a file is read.
///
/// ```no_run
/// use chart_release::git::GitRepository;
/// use helm_chart::ChartFolders;
///
/// let repository = GitRepository::discover(".")?;
/// let commit = repository.at_commit(repository.head_commit()?)?;
/// for chart in commit.charts("charts")? {
///     println!("{chart} has {} files", commit.read(&chart)?.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AtCommit {
    repository: GitRepository,
    commit: CommitId,
    tree: ObjectId,
}

impl GitRepository {
    /// The files of this commit.
    ///
    /// # Errors
    ///
    /// [`Broken`](crate::git::GitErrorKind::Broken) if the commit cannot be read.
    pub fn at_commit(&self, commit: CommitId) -> Result<AtCommit, GitError> {
        let local = self.local();
        let found = local.find_commit(commit.object()).and_then(|found| found.tree_id().map(gix::Id::detach));
        let tree = found.map_err(broken(format!("the commit {commit} cannot be read")))?;
        Ok(AtCommit { repository: self.clone(), commit, tree })
    }
}

/// One file below a folder.
pub(crate) struct TreeFile {
    /// Relative to the folder.
    pub(crate) path: String,
    /// Its content, or why the commit has none: a submodule, a link that leads nowhere or out of the repository.
    pub(crate) id: Result<ObjectId, Error>,
}

impl AtCommit {
    /// The commit.
    pub fn commit(&self) -> CommitId {
        self.commit
    }

    /// The files below a folder, without their content, sorted by path. `None` if there is no such folder.
    pub(crate) fn files(&self, path: &str) -> Result<Option<Vec<TreeFile>>, Error> {
        let objects = Objects::new(self);
        let Some(Node::Folder(place)) = objects.locate(Place::root(self.tree), path.as_bytes(), path)? else {
            return Ok(None);
        };
        let mut listing = Listing { objects: &objects, files: Vec::new(), entries: 0 };
        listing.add(&place, "", path, 0)?;
        listing.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Some(listing.files))
    }

    /// Whether there is such a folder.
    pub(crate) fn is_folder(&self, path: &str) -> Result<bool, Error> {
        let objects = Objects::new(self);
        let found = objects.locate(Place::root(self.tree), path.as_bytes(), path)?;
        Ok(matches!(found, Some(Node::Folder(_))))
    }

    /// The submodules in a folder, each with the commit that it is at.
    pub(crate) fn submodules(&self, path: &str) -> Result<Vec<(String, ObjectId)>, Error> {
        let objects = Objects::new(self);
        let Some(Node::Folder(place)) = objects.locate(Place::root(self.tree), path.as_bytes(), path)? else {
            return Ok(Vec::new());
        };
        let entries = objects.entries(place.tree(), path)?;
        let submodules = entries.into_iter().filter(|entry| entry.kind == EntryKind::Commit);
        Ok(submodules.filter_map(|entry| Some((join(path, entry.name.to_str().ok()?), entry.id))).collect())
    }

    /// The `.helmignore` of a folder.
    pub(crate) fn ignore_rules(&self, path: &str) -> Result<HelmIgnore, Error> {
        let name = join(path, HelmIgnore::FILE_NAME);
        match self.file(&name, LARGEST_IGNORE_FILE)? {
            Some(bytes) => HelmIgnore::parse(&bytes).map_err(|error| error.at(name)),
            None => Ok(HelmIgnore::default()),
        }
    }

    /// The content of one file, if it is there and not larger than this.
    pub(crate) fn file(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let objects = Objects::new(self);
        match objects.locate(Place::root(self.tree), path.as_bytes(), path)? {
            Some(Node::File(id)) => objects.read_blob(id, most, path).map(Some),
            _ => Ok(None),
        }
    }
}

impl std::fmt::Debug for AtCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AtCommit")
            .field("repository", &self.repository)
            .field("commit", &self.commit)
            .finish()
    }
}

impl ChartFolders for AtCommit {
    fn read(&self, path: &str) -> Result<Vec<ChartFile>, Error> {
        let files = self.files(path)?.ok_or_else(|| no_folder(self, path))?;
        let objects = Objects::new(self);
        let mut left = MOST_BYTES;
        let mut read = Vec::with_capacity(files.len());
        let rules = self.ignore_rules(path)?;
        for TreeFile { path: name, id } in files {
            if rules.ignores_file(&name) {
                continue;
            }
            let shown = join(path, &name);
            let id = id?;
            let size = objects.size(id, &shown)?;
            left = left.checked_sub(size).ok_or_else(|| {
                Error::new(format!("with this file of {size} bytes the folder has more than 100 MiB"))
                    .at(&shown)
                    .with_hint("remove what does not belong into the chart")
            })?;
            let bytes = objects.read_blob(id, size, &shown)?;
            if bytes.len() <= LARGEST_LFS_POINTER && bytes.starts_with(LFS_POINTER) {
                return Err(Error::new(
                    "Git LFS keeps the content of the file elsewhere; the commit has only a pointer to it",
                )
                .at(shown)
                .with_hint(
                    "commit the file itself: `git lfs untrack PATH`, then `git add --renormalize PATH`",
                ));
            }
            read.push(ChartFile { path: name, bytes });
        }
        Ok(read)
    }

    fn charts(&self, path: &str) -> Result<Vec<String>, Error> {
        let objects = Objects::new(self);
        let Some(Node::Folder(place)) = objects.locate(Place::root(self.tree), path.as_bytes(), path)? else {
            return Err(no_folder(self, path));
        };
        let mut charts = Vec::new();
        for entry in objects.entries(place.tree(), path)? {
            if !matches!(entry.kind, EntryKind::Tree | EntryKind::Link) {
                continue;
            }
            let Ok(name) = entry.name.to_str() else { continue };
            let shown = join(path, name);
            // A link that leads nowhere or out of the repository is no chart, and concerns none.
            let Ok(Some(Node::Folder(folder))) = objects.locate(place.clone(), name.as_bytes(), &shown)
            else {
                continue;
            };
            if let Ok(Some(Node::File(_))) = objects.locate(folder, b"Chart.yaml", &shown) {
                charts.push(shown);
            }
        }
        charts.sort();
        Ok(charts)
    }
}

fn no_folder(at: &AtCommit, path: &str) -> Error {
    Error::new(format!("the commit {} has no such folder", at.commit.short()))
        .at(path)
        .with_hint("check the spelling, and that the folder is committed")
}

/// `folder/name`, where the folder may be the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match folder.trim_matches('/') {
        "" | "." => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// A folder of the tree, with the folders above it.
#[derive(Clone, Debug)]
struct Place {
    root: ObjectId,
    below: Vec<(BString, ObjectId)>,
}

impl Place {
    fn root(tree: ObjectId) -> Self {
        Self { root: tree, below: Vec::new() }
    }

    fn tree(&self) -> ObjectId {
        self.below.last().map_or(self.root, |(_, id)| *id)
    }

    fn is_at_or_above(&self, other: &Self) -> bool {
        other.below.starts_with(&self.below)
    }
}

enum Node {
    Folder(Place),
    File(ObjectId),
}

struct TreeEntry {
    name: BString,
    kind: EntryKind,
    id: ObjectId,
}

struct Objects {
    repository: gix::Repository,
    commit: CommitId,
}

impl Objects {
    fn new(at: &AtCommit) -> Self {
        Self { repository: at.repository.local(), commit: at.commit }
    }

    fn missing(&self, shown: &str, error: &gix::Error) -> Error {
        Error::new(format!("an object of the commit {} is not in this clone, or cannot be read", self.commit.short()))
            .at(shown)
            .with_hint("if the clone is partial (`git clone --filter`), run `git fetch --refetch --no-filter`; else `git fsck` says what is broken")
            .with_cause(crate::git::error::one_line(&error.to_string()))
    }

    fn entries(&self, tree: ObjectId, shown: &str) -> Result<Vec<TreeEntry>, Error> {
        let tree = self.repository.find_tree(tree).map_err(|error| self.missing(shown, &error))?;
        let mut entries = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|error| self.missing(shown, &error))?;
            entries.push(TreeEntry {
                name: entry.filename().to_owned(),
                kind: entry.mode().kind(),
                id: entry.object_id(),
            });
        }
        Ok(entries)
    }

    /// What a path leads to from a folder, through links. `None` if there is nothing.
    fn locate(&self, from: Place, path: &[u8], shown: &str) -> Result<Option<Node>, Error> {
        let leaves = || {
            Error::new("the path leads out of the repository")
                .at(shown)
                .with_hint("a chart has only files and links that stay in its repository")
        };
        if path.starts_with(b"/") {
            return Err(leaves());
        }
        let mut place = from;
        let mut links = 0;
        let mut rest: VecDeque<BString> = path.split_str("/").map(Into::into).collect();
        while let Some(name) = rest.pop_front() {
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    place.below.pop().ok_or_else(leaves)?;
                    continue;
                }
                _ => {}
            }
            let tree =
                self.repository.find_tree(place.tree()).map_err(|error| self.missing(shown, &error))?;
            let Some(entry) = tree.find_entry(name.clone()) else { return Ok(None) };
            let (kind, id) = (entry.mode().kind(), entry.object_id());
            match kind {
                EntryKind::Tree => place.below.push((name, id)),
                EntryKind::Link => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(Error::new("the link leads through more than 40 links, or in a circle")
                            .at(shown)
                            .with_hint("let it lead to a file or folder"));
                    }
                    let target = self.read_blob(id, LONGEST_TARGET, shown)?;
                    if target.starts_with(b"/") {
                        return Err(leaves());
                    }
                    let names: Vec<&[u8]> = target.split_str("/").collect();
                    for name in names.into_iter().rev() {
                        rest.push_front(name.into());
                    }
                }
                EntryKind::Commit => return Err(submodule(shown)),
                EntryKind::Blob | EntryKind::BlobExecutable if rest.iter().all(|name| name.is_empty()) => {
                    return Ok(Some(Node::File(id)));
                }
                EntryKind::Blob | EntryKind::BlobExecutable => return Ok(None),
            }
        }
        Ok(Some(Node::Folder(place)))
    }

    fn size(&self, id: ObjectId, shown: &str) -> Result<u64, Error> {
        let header = self.repository.find_header(id).map_err(|error| self.missing(shown, &error))?;
        Ok(header.size())
    }

    /// The content of a file, whose size is known before it is read.
    fn read_blob(&self, id: ObjectId, most: u64, shown: &str) -> Result<Vec<u8>, Error> {
        let size = self.size(id, shown)?;
        if size > most {
            let message = format!("it has {size} bytes, and at most {most} are read");
            return Err(Error::new(message).at(shown).with_hint("make it shorter"));
        }
        let mut blob = self.repository.find_blob(id).map_err(|error| self.missing(shown, &error))?;
        Ok(blob.take_data())
    }
}

fn submodule(shown: &str) -> Error {
    Error::new("a submodule is not part of the commit; Git keeps only the id of its commit")
        .at(shown)
        .with_hint("commit its files into the folder of the chart, or make it a dependency of the chart")
}

struct Listing<'a> {
    objects: &'a Objects,
    files: Vec<TreeFile>,
    entries: usize,
}

impl Listing<'_> {
    /// Adds the files of a folder, which is `prefix` (with a final `/`) seen from the folder that is listed, and `shown` in errors.
    fn add(&mut self, place: &Place, prefix: &str, shown: &str, depth: usize) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(Error::new("the folders are nested more than 64 deep").at(shown));
        }
        for entry in self.objects.entries(place.tree(), shown)? {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(Error::new("the folder has more than 50000 files")
                    .at(shown)
                    .with_hint("a chart has fewer"));
            }
            let name = match entry.name.to_str() {
                Ok(name) if is_file_name(name) => name,
                Ok(name) => {
                    let message = format!("{name:?} cannot be the name of a file");
                    return Err(Error::new(message).at(shown).with_hint("rename it"));
                }
                Err(_) => {
                    let message = format!("the name of a file is not UTF-8: {:?}", entry.name.to_str_lossy());
                    return Err(Error::new(message).at(shown).with_hint("rename it"));
                }
            };
            let shown = join(shown, name);
            let path = format!("{prefix}{name}");
            let id = match entry.kind {
                EntryKind::Blob | EntryKind::BlobExecutable => Ok(entry.id),
                EntryKind::Commit => Err(submodule(&shown)),
                EntryKind::Tree => {
                    let mut below = place.clone();
                    below.below.push((entry.name.clone(), entry.id));
                    self.add(&below, &format!("{path}/"), &shown, depth + 1)?;
                    continue;
                }
                EntryKind::Link => match self.objects.locate(place.clone(), name.as_bytes(), &shown) {
                    Ok(Some(Node::File(id))) => Ok(id),
                    Ok(Some(Node::Folder(target))) if !target.is_at_or_above(place) => {
                        self.add(&target, &format!("{path}/"), &shown, depth + 1)?;
                        continue;
                    }
                    Ok(Some(Node::Folder(_))) => Err(Error::new("the link leads to a folder that it is in")
                        .at(&shown)
                        .with_hint("let it lead to another folder")),
                    Ok(None) => Err(Error::new("the link leads to nothing")
                        .at(&shown)
                        .with_hint("remove it, or commit what it leads to")),
                    Err(error) => Err(error),
                },
            };
            self.files.push(TreeFile { path, id });
        }
        Ok(())
    }
}

/// Whether a name in a tree can be that of a file. Git refuses to make others.
fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}
