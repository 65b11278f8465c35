//! What stands behind a tag.

use artifact_source::{Commit, Error};
use gix::ObjectId;
use gix::objs::{Find, Kind, TagRef};
use gix::odb::{Handle, Header as _};

use crate::commit;
use crate::fault::{corrupt, malformed};

/// Tags of tags of tags are followed this far.
const DEEPEST: usize = 16;

/// No larger tag or commit is read.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What stands behind a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A commit, dated by the tagger if the tag is an annotated one (semantics rule 4.2).
    Commit(Box<Commit>),
    /// Something that is no commit: semantics rule 4.2 skips it.
    Other(String),
}

/// Reads what a tag points at; `None` if the store does not have it all.
pub(crate) fn read(objects: &Handle, mut id: ObjectId) -> Result<Option<Behind>, Error> {
    let mut buffer = Vec::new();
    let mut tagged_at = None;
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
            let mut commit = commit::read(id, data.data).map_err(malformed(id))?.commit;
            if depth > 0 {
                commit.creator_date = tagged_at;
            }
            return Ok(Some(Behind::Commit(Box::new(commit))));
        }
        let tag = TagRef::from_bytes(data.data, id.kind()).map_err(malformed(id))?;
        if depth == 0 {
            tagged_at = tag.tagger().map_err(malformed(id))?.and_then(commit::date);
        }
        // A filtered fetch leaves out what is neither commit nor tag, which is not missing then.
        if !matches!(tag.target_kind, Kind::Commit | Kind::Tag) {
            return Ok(Some(Behind::Other(format!("it points at a {}", tag.target_kind))));
        }
        id = tag.target();
    }
    Ok(Some(Behind::Other("it is a tag of too many tags".to_owned())))
}
