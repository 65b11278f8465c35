//! What stands behind a tag.

use artifact_source::Error;
use gix::ObjectId;
use gix::objs::{Find, Kind, TagRef};
use gix::odb::{Handle, Header as _};

use crate::commit::{self, Moment};
use crate::fault::{corrupt, malformed};
use crate::sieve::Tagged;

/// Tags of tags of tags are followed this far.
const DEEPEST: usize = 16;

/// No larger tag or commit is read.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What stands behind a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A commit.
    Commit(Box<Tagged>),
    /// Something that is no commit: semantics rule 4.2 skips it.
    Other(String),
}

/// Reads what a tag points at; `None` if the store does not have it all.
pub(crate) fn read(objects: &Handle, mut id: ObjectId) -> Result<Option<Behind>, Error> {
    let mut buffer = Vec::new();
    let (mut tagged_at, mut tagger, mut annotation) = (None, Vec::new(), Vec::new());
    for depth in 0..DEEPEST {
        let Some(header) = objects.try_header(&id).map_err(corrupt(id))? else { return Ok(None) };
        match header.kind() {
            Kind::Commit | Kind::Tag if header.size() > LARGEST => {
                return Ok(Some(Behind::Other(format!("it has {} bytes", header.size()))));
            }
            Kind::Commit | Kind::Tag => {}
            other => return Ok(Some(Behind::Other(format!("it points at a {other}")))),
        }
        let Some(data) = objects.try_find(&id, &mut buffer).map_err(corrupt(id))? else { return Ok(None) };
        if data.kind == Kind::Commit {
            let mut commit = commit::parse(id, data.data).map_err(malformed(id))?;
            let created_at = match tagged_at {
                None => Some(commit.facts.committed_at),
                Some(tagged_at) => tagged_at,
            };
            commit.commit.creator_date = created_at.and_then(Moment::timestamp);
            let created_at = created_at.unwrap_or_default();
            return Ok(Some(Behind::Commit(Box::new(Tagged { commit, created_at, tagger, annotation }))));
        }
        let tag = TagRef::from_bytes(data.data, id.kind()).map_err(malformed(id))?;
        if depth == 0 {
            let signature = tag.tagger().map_err(malformed(id))?;
            // A tag without a tagger is dated by nobody: it has no date, and Git sorts it behind all others.
            tagged_at = Some(signature.map(Moment::of));
            tagger = signature.map(commit::person).unwrap_or_default();
            annotation = commit::subject(tag.message);
        }
        // A filtered fetch leaves out what is neither commit nor tag, which is not missing then.
        if !matches!(tag.target_kind, Kind::Commit | Kind::Tag) {
            return Ok(Some(Behind::Other(format!("it points at a {}", tag.target_kind))));
        }
        id = tag.target();
    }
    Ok(Some(Behind::Other("it is a tag of too many tags".to_owned())))
}
