//! Which charts a push or a pull request concerns.
//!
//! ```no_run
//! use chart_release::changed::{ChangedOptions, Since, changed};
//! use chart_release::git::GitRepository;
//!
//! let repository = GitRepository::discover(".")?;
//! let changed = changed(&repository, &Since::revision("origin/main"), &ChangedOptions::default())?;
//! for chart in &changed.charts {
//!     println!("{} {:?}", chart.path, chart.reason);
//! }
//! for chart in &changed.deleted {
//!     println!("{} is gone", chart.path);
//! }
//! # Ok::<(), chart_release::Error>(())
//! ```
//!
//! # What is compared
//!
//! `HEAD`, since that is what a release packages, with
//!
//! - for a revision, the newest common ancestor of it and `HEAD` (`git diff REF...HEAD`): what happened on this side since then;
//! - for a push, the commit that the branch was at before, which must be in the history of `HEAD`;
//! - for a pull request, the newest common ancestor of its target and `HEAD`.
//!
//! Where there is no such commit, the answer is an error with the remedy, or all charts
//! ([`all_if_unknown`](ChangedOptions::all_if_unknown)); never silently none.
//!
//! # Which charts
//!
//! A chart is a folder one level below the folder of charts (`charts` unless [`charts_folder`](ChangedOptions::charts_folder) says otherwise) with a
//! `Chart.yaml`. It is changed if the files that enter its package are: their paths and contents. So
//!
//! - a sub-chart in `charts/x/charts/y` is part of `x`, and is not listed itself;
//! - files beside charts count for nothing;
//! - files that `.helmignore` leaves out of the package count for nothing; the `.helmignore` itself counts;
//! - a file mode counts for nothing, since Helm's archives have none;
//! - a file or folder that a symbolic link in the chart leads to counts, wherever in the repository it is;
//! - a chart that depends by `file://` on a changed chart or folder is listed as [`Dependent`](ChangeReason::Dependent), and so on from dependent to
//!   dependent, also if that chart was deleted;
//! - a deleted chart is in [`Changed::deleted`] and is no error.

mod base;
mod base_error;
mod content;
mod event;

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;
use helm_chart::ChartFolders as _;
use serde::Serialize;

pub use base_error::{BaseError, BaseErrorKind};
pub use event::{Event, PullRequestEvent, PushEvent};

use crate::Error;
use crate::git::{AtCommit, CommitId, GitRepository};

/// What `HEAD` is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// A commit, branch or tag of this clone.
    Revision(String),
    /// What an event brought.
    Event(Event),
}

impl Since {
    /// A commit, branch or tag of this clone: `origin/main`, `HEAD~3`, `v1`.
    pub fn revision(revision: impl Into<String>) -> Self {
        Self::Revision(revision.into())
    }
}

/// Settings of [`changed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedOptions {
    charts_folder: String,
    all_if_unknown: bool,
}

impl Default for ChangedOptions {
    fn default() -> Self {
        Self { charts_folder: "charts".to_owned(), all_if_unknown: false }
    }
}

impl ChangedOptions {
    /// The folder that the charts are in, relative to the top of the repository, with `/`. Defaults to `charts`.
    #[must_use]
    pub fn charts_folder(mut self, folder: impl Into<String>) -> Self {
        self.charts_folder = folder.into();
        self
    }

    /// Whether all charts are listed where there is nothing to compare with: an unknown commit, a new branch, a force-push, a clone that is too
    /// shallow. Defaults to false: such a case is an error.
    #[must_use]
    pub fn all_if_unknown(mut self, all: bool) -> Self {
        self.all_if_unknown = all;
        self
    }
}

/// The charts that changed. As JSON it is made for the matrix of a workflow: `fromJSON(...).charts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Changed {
    /// The commit that `HEAD` was compared with, or `None` if all charts are listed.
    pub base: Option<CommitId>,
    /// The commit that `HEAD` is.
    pub head: CommitId,
    /// Why all charts are listed, if they are.
    pub all_because: Option<String>,
    /// The charts that are there and changed, sorted by path.
    pub charts: Vec<ChangedChart>,
    /// The charts that are gone, sorted by path.
    pub deleted: Vec<DeletedChart>,
    /// What could not be read, and did not stop the rest.
    pub problems: Vec<Problem>,
}

/// One chart that is there and changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedChart {
    /// The name of its folder.
    pub name: String,
    /// Its folder, relative to the top of the repository.
    pub path: String,
    /// Why it is listed.
    #[serde(flatten)]
    pub reason: ChangeReason,
}

/// Why a chart is listed: the first of these that applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
#[non_exhaustive]
pub enum ChangeReason {
    /// It is new.
    Added,
    /// It is new, and at least half of its files are those of a chart that is gone.
    Renamed {
        /// The name of the folder that it had.
        from: String,
    },
    /// A file of it is new, has other content, or is gone.
    Modified,
    /// It depends by `file://` on charts that changed, directly or through others.
    Dependent {
        /// The folders that changed themselves, sorted.
        on: Vec<String>,
    },
    /// There was nothing to compare with.
    Unknown,
}

/// One chart that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeletedChart {
    /// The name of the folder that it had.
    pub name: String,
    /// The folder that it had.
    pub path: String,
    /// The name of the folder that it has now, if it was renamed.
    pub renamed_to: Option<String>,
}

/// Something that could not be read, in a chart or beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The chart.
    pub path: String,
    /// What is wrong, and where.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The charts that changed between a commit and `HEAD`, see [the module](self). It blocks, and sends nothing.
///
/// A chart with something that cannot be read (a submodule, a link that leads out of the repository) is in [`Changed::problems`], and counts as
/// changed if its files cannot be listed.
///
/// # Errors
///
/// [`Error::Base`] if there is nothing to compare with, and if the dependencies of a chart cannot be read (a partial clone, a broken
/// `Chart.yaml`): the list would not have all charts; [`Error::Git`] if the repository cannot be read or has no commit, [`Error::Chart`] if there is no
/// folder of charts, neither before nor at `HEAD`.
pub fn changed(
    repository: &GitRepository,
    since: &Since,
    options: &ChangedOptions,
) -> Result<Changed, Error> {
    let head = repository.head_commit()?;
    let new = Side::read(repository.at_commit(head)?, &options.charts_folder)?;
    let base = match base_of(repository, since, head) {
        Err(Error::Base(error)) if options.all_if_unknown && error.kind().is_unknown_base() => {
            return new.all(head, &error, &options.charts_folder);
        }
        base => base?,
    };
    let old = Side::read(repository.at_commit(base)?, &options.charts_folder)?;
    if !old.has_folder && !new.has_folder {
        return Err(new.no_folder(&options.charts_folder));
    }
    let mut comparison =
        Comparison { old, new, problems: BTreeSet::new(), unread: BTreeSet::new(), touched: BTreeMap::new() };
    let found = comparison.run(base, head);
    let Some(first) = comparison.unread.pop_first() else { return Ok(found) };
    let message =
        format!("it is not known whether {} depends on what changed: {}", first.path, first.message);
    let error = BaseError::new(BaseErrorKind::Incomplete, message);
    let error = match first.hint {
        Some(hint) => error.with_hint(hint),
        None => error.with_hint("repair the file, or name all charts: --all-if-unknown"),
    };
    match options.all_if_unknown {
        true => comparison.new.all(head, &error, &options.charts_folder),
        false => Err(error.into()),
    }
}

fn base_of(repository: &GitRepository, since: &Since, head: CommitId) -> Result<CommitId, Error> {
    match since {
        Since::Revision(revision) => base::since(repository, revision, head),
        Since::Event(Event::PullRequest(event)) => base::pull_request(repository, event.base, head),
        Since::Event(Event::Push(event)) if event.deleted || event.after.is_none() => Err(BaseError::new(
            BaseErrorKind::Deleted,
            "the push deleted the branch, so there is nothing to release",
        )
        .with_hint("let the workflow run on pushes to branches that exist")
        .into()),
        Since::Event(Event::Push(event)) => base::before_push(repository, event.before, event.forced, head),
    }
}

/// The charts at one commit.
struct Side {
    at: AtCommit,
    folder: String,
    charts: BTreeSet<String>,
    has_folder: bool,
}

impl Side {
    fn read(at: AtCommit, folder: &str) -> Result<Self, Error> {
        let has_folder = at.is_folder(folder)?;
        let charts = if has_folder { at.charts(folder)?.into_iter().collect() } else { BTreeSet::new() };
        Ok(Self { at, folder: folder.to_owned(), charts, has_folder })
    }

    fn no_folder(&self, folder: &str) -> Error {
        match self.at.charts(folder) {
            Err(error) => error.into(),
            Ok(_) => helm_chart::Error::new("there is no such folder").at(folder).into(),
        }
    }

    fn all(&self, head: CommitId, error: &BaseError, folder: &str) -> Result<Changed, Error> {
        if !self.has_folder {
            return Err(self.no_folder(folder));
        }
        let chart = |path: &String| ChangedChart {
            name: name_of(path).to_owned(),
            path: path.clone(),
            reason: ChangeReason::Unknown,
        };
        Ok(Changed {
            base: None,
            head,
            all_because: Some(error.to_string()),
            charts: self.charts.iter().map(chart).collect(),
            deleted: Vec::new(),
            problems: Vec::new(),
        })
    }
}

type Content = BTreeMap<String, ObjectId>;

struct Comparison {
    old: Side,
    new: Side,
    problems: BTreeSet<Problem>,
    /// The charts whose dependencies could not be read.
    unread: BTreeSet<Problem>,
    /// Folders that were compared already.
    touched: BTreeMap<String, bool>,
}

impl Comparison {
    fn run(&mut self, base: CommitId, head: CommitId) -> Changed {
        let added: Vec<String> = self.new.charts.difference(&self.old.charts).cloned().collect();
        let gone: Vec<String> = self.old.charts.difference(&self.new.charts).cloned().collect();
        let renamed = self.renamed(&added, &gone);
        let graph = self.graph();
        let mut charts = Vec::new();
        for path in self.new.charts.clone() {
            let from = renamed.iter().find(|(_, to)| **to == path).map(|(from, _)| name_of(from).to_owned());
            let reason = if added.contains(&path) {
                from.map_or(ChangeReason::Added, |from| ChangeReason::Renamed { from })
            } else if self.is_touched(&path) {
                ChangeReason::Modified
            } else {
                let on: Vec<String> =
                    reachable(&graph, &path).into_iter().filter(|folder| self.is_touched(folder)).collect();
                if on.is_empty() {
                    continue;
                }
                ChangeReason::Dependent { on }
            };
            charts.push(ChangedChart { name: name_of(&path).to_owned(), path, reason });
        }
        self.submodules();
        let deleted = gone.into_iter().map(|path| DeletedChart {
            name: name_of(&path).to_owned(),
            renamed_to: renamed.get(&path).map(|to| name_of(to).to_owned()),
            path,
        });
        let deleted = deleted.collect();
        Changed {
            base: Some(base),
            head,
            all_because: None,
            charts,
            deleted,
            problems: std::mem::take(&mut self.problems).into_iter().collect(),
        }
    }

    /// Names the submodules among the charts that are at another commit than before: whether they are charts, and what changed in them, is not known
    /// here.
    fn submodules(&mut self) {
        let of = |side: &Side| side.at.submodules(&side.folder).unwrap_or_default();
        let (old, new) = (of(&self.old), of(&self.new));
        for (path, _) in new.into_iter().filter(|submodule| !old.contains(submodule)) {
            let error = helm_chart::Error::new(
                "a submodule has changed, and is not listed: the commit has only the id of its commit",
            )
            .at(&path)
            .with_hint("release it from its own repository, or put its files in the place of the submodule");
            self.problem(&path, &error);
        }
    }

    /// Whether the files of a folder differ. One that cannot be listed does.
    fn is_touched(&mut self, path: &str) -> bool {
        if let Some(known) = self.touched.get(path) {
            return *known;
        }
        let old = content::content(&self.old.at, path);
        let is_touched = match content::content(&self.new.at, path) {
            Ok(new) => old.map_or(true, |old| old != new),
            Err(error) => {
                self.problem(path, &error);
                true
            }
        };
        self.touched.insert(path.to_owned(), is_touched);
        is_touched
    }

    fn problem(&mut self, path: &str, error: &helm_chart::Error) {
        self.problems.insert(problem(path, error));
    }

    /// The folders that each folder depends on by `file://`, at `HEAD`: those of charts, and those that they lead to.
    fn graph(&mut self) -> BTreeMap<String, BTreeSet<String>> {
        let mut graph = BTreeMap::new();
        let mut waiting: Vec<String> = self.new.charts.iter().cloned().collect();
        while let Some(path) = waiting.pop() {
            if graph.contains_key(&path) {
                continue;
            }
            let dependencies = match content::local_dependencies(&self.new.at, &path) {
                Ok((dependencies, outside)) => {
                    outside.iter().for_each(|error| self.problem(&path, error));
                    dependencies
                }
                // One that changed itself is listed, and so is what depends on it.
                Err(error) if self.is_touched(&path) => {
                    self.problem(&path, &error);
                    BTreeSet::new()
                }
                Err(error) => {
                    self.unread.insert(problem(&path, &error));
                    BTreeSet::new()
                }
            };
            waiting.extend(dependencies.iter().cloned());
            graph.insert(path, dependencies);
        }
        graph
    }

    /// Which of the charts that are gone became which of the new ones: the pair with most files in common first, of which there must be as
    /// many as the half of the larger one.
    fn renamed(&self, added: &[String], gone: &[String]) -> BTreeMap<String, String> {
        let read = |side: &Side, paths: &[String]| -> Vec<(String, Content)> {
            let read = |path: &String| Some((path.clone(), content::content(&side.at, path).ok()??));
            paths.iter().filter_map(read).collect()
        };
        let (added, gone) = (read(&self.new, added), read(&self.old, gone));
        let mut pairs = Vec::new();
        for (from, old) in &gone {
            for (to, new) in &added {
                let same = old.iter().filter(|(path, id)| new.get(*path) == Some(*id)).count();
                if same > 0 && 2 * same >= old.len().max(new.len()) {
                    pairs.push((std::cmp::Reverse(same), from, to));
                }
            }
        }
        pairs.sort();
        let (mut renamed, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for (_, from, to) in pairs {
            if !renamed.contains_key(from) && taken.insert(to) {
                renamed.insert(from.clone(), to.clone());
            }
        }
        renamed
    }
}

fn problem(path: &str, error: &helm_chart::Error) -> Problem {
    Problem { path: path.to_owned(), message: error.to_string(), hint: error.hint().map(str::to_owned) }
}

/// The folders that this one depends on, directly or through others.
fn reachable(graph: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(path) = waiting.pop() {
        for next in graph.get(path).into_iter().flatten() {
            if next != from && found.insert(next.clone()) {
                waiting.push(next);
            }
        }
    }
    found
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
