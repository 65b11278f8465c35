//! Tags: their names, where they are, and how they are created.

use std::collections::BTreeMap;
use std::fmt;

use gix::bstr::{BStr, ByteSlice};
use gix::refs::transaction::PreviousValue;
use serde::Serialize;

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, GitErrorKind, broken, one_line};
use crate::git::repository::GitRepository;

/// The longest name of a tag, in bytes: a file system takes 255, and Git appends `.lock`.
const LONGEST_NAME: usize = 240;

/// The name of a tag, without `refs/tags/`, which Git and its command line take as a name.
///
/// ```
/// use chart_release::git::TagName;
///
/// assert_eq!(TagName::of_chart("web", "1.4.0")?.as_str(), "web-1.4.0");
/// for (chart, version) in [("web", "1.0..0"), ("-web", "1.0.0"), ("x/web", "1.0.0"), ("web", "1.0.0 "), ("web", "")] {
///     assert!(TagName::of_chart(chart, version).is_err());
/// }
/// # Ok::<(), chart_release::git::GitError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TagName(String);

impl TagName {
    /// The tag with this name.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](GitErrorKind::InvalidName) if Git forbids it
    /// ([`git check-ref-format`](https://git-scm.com/docs/git-check-ref-format)), if it begins with `-`, or if it has more than 240 bytes.
    pub fn new(name: impl Into<String>) -> Result<Self, GitError> {
        let name = name.into();
        let invalid = |reason: &str| {
            let shown = one_line(&name);
            GitError::new(
                GitErrorKind::InvalidName,
                format!("{shown:?} cannot be the name of a tag: {reason}"),
            )
            .with_hint("change the name or the version of the chart")
        };
        if name.is_empty() {
            return Err(invalid("it is empty"));
        }
        if name.len() > LONGEST_NAME {
            return Err(invalid("it is longer than 240 bytes"));
        }
        if name.starts_with('-') {
            return Err(invalid("it begins with \"-\""));
        }
        if gix::validate::reference::name(BStr::new(format!("refs/tags/{name}").as_bytes())).is_err() {
            return Err(invalid("Git forbids it in references"));
        }
        Ok(Self(name))
    }

    /// `CHART-VERSION`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if the chart or the version is empty or has a `/`.
    pub fn of_chart(chart: &str, version: &str) -> Result<Self, GitError> {
        for (what, part) in [("name", chart), ("version", version)] {
            if part.is_empty() || part.contains('/') {
                let message = format!("{:?} cannot be the {what} of a chart in a tag", one_line(part));
                return Err(GitError::new(GitErrorKind::InvalidName, message)
                    .with_hint(format!("change the {what} of the chart; it has no \"/\" and is not empty")));
            }
        }
        Self::new(format!("{chart}-{version}"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `refs/tags/NAME`.
    pub(crate) fn reference(&self) -> String {
        format!("refs/tags/{}", self.0)
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a tag is, here and at the remote, seen from the commit that it is meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
#[non_exhaustive]
pub enum TagStanding {
    /// There is no such tag.
    Absent,
    /// It is on the commit, here only: it is to be pushed.
    HereOnly,
    /// It is on the commit, at the remote only.
    RemoteOnly,
    /// It is on the commit, here and at the remote.
    Both,
    /// It is on another commit, here or at the remote.
    Elsewhere {
        /// The commit it is on here, if it is here.
        here: Option<CommitId>,
        /// The commit it is on at the remote, if it is there.
        remote: Option<CommitId>,
    },
}

impl TagStanding {
    pub(crate) fn of(commit: CommitId, here: Option<CommitId>, remote: Option<CommitId>) -> Self {
        let is_elsewhere = |place: Option<CommitId>| place.is_some_and(|place| place != commit);
        match (here, remote) {
            _ if is_elsewhere(here) || is_elsewhere(remote) => Self::Elsewhere { here, remote },
            (None, None) => Self::Absent,
            (Some(_), None) => Self::HereOnly,
            (None, Some(_)) => Self::RemoteOnly,
            (Some(_), Some(_)) => Self::Both,
        }
    }
}

/// How a tag is created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagKind {
    /// A name for the commit and nothing besides.
    #[default]
    Light,
    /// An object with a message and the person who made it.
    Annotated {
        /// The message.
        message: String,
        /// Who makes it. `None` takes the committer of Git's configuration (`user.name`, `user.email`, `GIT_COMMITTER_*`) and the
        /// present time.
        tagger: Option<Tagger>,
    },
}

/// Who makes an annotated tag, and when: the identity of a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagger {
    /// The name.
    pub name: String,
    /// The address for mail.
    pub email: String,
    /// When the tag is made.
    pub time: jiff::Timestamp,
}

/// Whether [`GitRepository::create_tag`] had something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagCreation {
    /// The tag is new.
    Created,
    /// It was on the commit already, light or annotated.
    AlreadyThere,
}

impl GitRepository {
    /// The commit that the tag with exactly this name is on in this clone: `x/a-1.0.0` is not `a-1.0.0`. An annotated tag is followed to its
    /// commit. A tag on something else than a commit gives the id of that.
    ///
    /// # Errors
    ///
    /// [`Broken`](GitErrorKind::Broken), and [`Incomplete`](GitErrorKind::Incomplete) if the tag's object is not in this clone.
    pub fn tag(&self, name: &TagName) -> Result<Option<CommitId>, GitError> {
        let local = self.local();
        // A full name: a partial one is looked for in several places.
        let reference = local
            .try_find_reference(name.reference().as_str())
            .map_err(broken(format!("the tag {name:?} cannot be read", name = name.as_str())))?;
        reference.map(|reference| peeled(reference, name.as_str())).transpose()
    }

    /// All tags of this clone by name, each with the commit that it is on.
    ///
    /// # Errors
    ///
    /// As [`tag`](Self::tag).
    pub fn tags(&self) -> Result<BTreeMap<String, CommitId>, GitError> {
        let local = self.local();
        let failed = || broken("the tags cannot be read");
        let mut tags = BTreeMap::new();
        for reference in local.references().map_err(failed())?.tags().map_err(failed())? {
            let reference = reference.map_err(failed())?;
            let name = reference.name().as_bstr().to_str_lossy();
            let name = name.strip_prefix("refs/tags/").unwrap_or(&name).to_owned();
            tags.insert(name.clone(), peeled(reference, &name)?);
        }
        Ok(tags)
    }

    /// Creates a tag on a commit. One that is there already stays as it is; none is ever moved. Tags are not signed, for any
    /// `tag.gpgSign`.
    ///
    /// # Errors
    ///
    /// [`TagElsewhere`](GitErrorKind::TagElsewhere) if it is on another commit; [`Locked`](GitErrorKind::Locked) if another process holds
    /// its lock, or a killed one left it; [`InvalidName`](GitErrorKind::InvalidName) for a tagger that Git cannot write, or if none is known;
    /// [`UnknownRevision`](GitErrorKind::UnknownRevision) if the commit is not in this clone; [`Broken`](GitErrorKind::Broken) if the
    /// repository cannot be written.
    pub fn create_tag(
        &self,
        name: &TagName,
        commit: CommitId,
        kind: &TagKind,
    ) -> Result<TagCreation, GitError> {
        if let Some(stands_on) = self.tag(name)? {
            return already_there(name, commit, stands_on);
        }
        if !self.has_commit(commit) {
            let message = format!("the commit {commit} is not in this clone");
            return Err(GitError::new(GitErrorKind::UnknownRevision, message));
        }
        let local = self.local();
        let created = match kind {
            TagKind::Light => {
                local.tag_reference(name.as_str(), commit.object(), PreviousValue::MustNotExist)
            }
            TagKind::Annotated { message, tagger } => {
                let signature = signature(&local, tagger.as_ref())?;
                let mut buffer = gix::date::parse::TimeBuf::default();
                local.tag(
                    name.as_str(),
                    commit.object(),
                    gix::object::Kind::Commit,
                    Some(signature.to_ref(&mut buffer)),
                    with_line_end(message),
                    PreviousValue::MustNotExist,
                )
            }
        };
        match created {
            Ok(_) => Ok(TagCreation::Created),
            // Somebody else may have created it in between.
            Err(error) => match self.tag(name)? {
                Some(stands_on) => already_there(name, commit, stands_on),
                None => Err(self.not_created(name, &error)),
            },
        }
    }

    fn not_created(&self, name: &TagName, error: &gix::Error) -> GitError {
        let local = self.local();
        let lock = local.common_dir().join(format!("{}.lock", name.reference()));
        let packed = local.common_dir().join("packed-refs.lock");
        for lock in [lock, packed] {
            if lock.exists() {
                let message =
                    format!("the tag {:?} cannot be created: {} exists", name.as_str(), lock.display());
                return GitError::new(GitErrorKind::Locked, message)
                    .with_hint("if no other Git command is running, a killed one left the file: remove it")
                    .caused_by(error);
            }
        }
        GitError::new(GitErrorKind::Broken, format!("the tag {:?} cannot be created", name.as_str()))
            .with_hint("check that the repository can be written, and that no tag is named like a folder of this one")
            .caused_by(error)
    }
}

fn already_there(name: &TagName, commit: CommitId, stands_on: CommitId) -> Result<TagCreation, GitError> {
    if stands_on == commit {
        return Ok(TagCreation::AlreadyThere);
    }
    let message = format!("the tag {:?} stands on {stands_on}, not on {commit}", name.as_str());
    Err(GitError::new(GitErrorKind::TagElsewhere, message)
        .with_hint("a released version stays as it is: raise the version of the chart"))
}

fn peeled(mut reference: gix::Reference<'_>, name: &str) -> Result<CommitId, GitError> {
    let id = reference.peel_to_id().map_err(|error| {
        GitError::new(
            GitErrorKind::Incomplete,
            format!("the tag {:?} leads to an object that is missing", one_line(name)),
        )
        .with_hint("run `git fetch --tags`, or `git fsck` to see what is missing")
        .caused_by(&error)
    })?;
    Ok(CommitId::new(id.detach()))
}

fn signature(local: &gix::Repository, tagger: Option<&Tagger>) -> Result<gix::actor::Signature, GitError> {
    let Some(tagger) = tagger else {
        let unknown = || {
            GitError::new(GitErrorKind::InvalidName, "no tagger is configured").with_hint(
                "give a name and an address, or set them: git config user.name NAME; git config user.email ADDRESS",
            )
        };
        let committer = local.committer().ok_or_else(unknown)?;
        let committer = committer.map_err(|error| unknown().caused_by(&error))?;
        return committer.to_owned().map_err(|error| unknown().caused_by(&error));
    };
    for text in [&tagger.name, &tagger.email] {
        if text.trim().is_empty() || text.contains(['<', '>', '\n', '\0']) {
            let message = format!("{:?} cannot be the name or address of a tagger", one_line(text));
            return Err(GitError::new(GitErrorKind::InvalidName, message)
                .with_hint("it is one line without \"<\" and \">\", and not empty"));
        }
    }
    Ok(gix::actor::Signature {
        name: tagger.name.trim().into(),
        email: tagger.email.trim().into(),
        time: gix::date::Time::new(tagger.time.as_second(), 0),
    })
}

/// Git ends a message with a line end.
fn with_line_end(message: &str) -> String {
    format!("{}\n", message.trim_end().replace('\0', ""))
}
