//! Reads commits and tags from a store.

use artifact_source::{Commit, Error, ErrorKind};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::objs::Kind;
use jiff::Timestamp;
use selection_strategies::shorten_subject;

use crate::repository::Objects;
use crate::selection::object_text::{GitTime, Identity, ObjectText};
use crate::transport::malformed;

/// The largest commit or tag object that is read, in bytes.
const LARGEST_OBJECT: u64 = 16 * 1024 * 1024;

/// The most bytes of a name with its address, in a result and in an expression.
const LONGEST_PERSON: usize = 256;

/// The most bytes of the first paragraph of a message in an expression.
const LONGEST_PARAGRAPH: usize = 8 << 10;

/// How many tags of tags are followed.
const DEEPEST_TAG: usize = 16;

/// A commit, and what filters need to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedCommit {
    /// The result, without branch and tag.
    pub(crate) commit: Commit,
    pub(crate) first_parent: Option<ObjectId>,
    pub(crate) tree: ObjectId,
    pub(crate) fields: CommitFields,
}

/// What an expression can ask about a commit ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), as the bytes that Git has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitFields {
    pub(crate) subject: Vec<u8>,
    pub(crate) author: Vec<u8>,
    pub(crate) committer: Vec<u8>,
    pub(crate) committed_at: GitTime,
}

/// A commit behind a tag, and what the tag itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaggedCommit {
    pub(crate) commit: ParsedCommit,
    /// The tagger's date of an annotated tag, else the committer's.
    pub(crate) created_at: GitTime,
    /// Empty for a lightweight tag.
    pub(crate) tagger: Vec<u8>,
    /// The first paragraph of the tag's message; empty for a lightweight tag.
    pub(crate) annotation: Vec<u8>,
}

/// What a tag leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagTarget {
    /// A commit.
    Commit(Box<TaggedCommit>),
    /// Anything else, with the reason for which [rule 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md) skips it.
    Other(String),
}

/// The time as a result shows it, where that can represent it.
fn timestamp(time: GitTime) -> Option<Timestamp> {
    Timestamp::from_second(time.seconds).ok()
}

/// Reads a commit; `None` if the store does not have it.
pub(crate) fn find(
    objects: &Objects,
    id: ObjectId,
    buffer: &mut Vec<u8>,
) -> Result<Option<ParsedCommit>, Error> {
    let Some((kind, size)) = objects.header(id)? else { return Ok(None) };
    if kind != Kind::Commit {
        let message = format!("object {id} is not a commit but a {kind}");
        return Err(Error::new(ErrorKind::BadAnswer, message));
    }
    if size > LARGEST_OBJECT {
        return Err(Error::new(ErrorKind::TooLarge, format!("commit {id} has {size} bytes")));
    }
    let Some(data) = objects.read(id, buffer)? else { return Ok(None) };
    parse(id, data.data).map(Some)
}

/// Reads what a tag leads to; `None` if the store does not have all of it.
pub(crate) fn find_tag_target(objects: &Objects, mut id: ObjectId) -> Result<Option<TagTarget>, Error> {
    let mut buffer = Vec::new();
    let (mut tagged_at, mut tagger, mut annotation) = (None, Vec::new(), Vec::new());
    for depth in 0..DEEPEST_TAG {
        let Some((kind, size)) = objects.header(id)? else { return Ok(None) };
        match kind {
            Kind::Commit | Kind::Tag if size > LARGEST_OBJECT => {
                return Ok(Some(TagTarget::Other(format!("it has {size} bytes"))));
            }
            Kind::Commit | Kind::Tag => {}
            other => return Ok(Some(TagTarget::Other(format!("it points at a {other}")))),
        }
        let Some(data) = objects.read(id, &mut buffer)? else { return Ok(None) };
        if data.kind == Kind::Commit {
            let mut commit = parse(id, data.data)?;
            let created_at = match tagged_at {
                None => Some(commit.fields.committed_at),
                Some(tagged_at) => tagged_at,
            };
            commit.commit.creator_date = created_at.and_then(timestamp);
            let created_at = created_at.unwrap_or_default();
            return Ok(Some(TagTarget::Commit(Box::new(TaggedCommit {
                commit,
                created_at,
                tagger,
                annotation,
            }))));
        }
        let tag = ObjectText::of(data.data);
        if depth == 0 {
            let identity = tag.header("tagger").map(|value| Identity::of(value));
            // A tag without a tagger has no date, and Git sorts it last.
            tagged_at = Some(identity.map(|identity| identity.time));
            tagger = identity.map(person).unwrap_or_default();
            annotation = subject(tag.unsigned_message());
        }
        // A filtered fetch leaves out what is neither commit nor tag. Such an object is not missing.
        let kind = tag.header("type").and_then(|word| Kind::from_bytes(word).ok());
        match kind.ok_or_else(|| malformed(id, "it does not say what it leads to"))? {
            Kind::Commit | Kind::Tag => id = linked(&tag, "object", id)?,
            other => return Ok(Some(TagTarget::Other(format!("it points at a {other}")))),
        }
    }
    Ok(Some(TagTarget::Other(format!("it is a tag of a tag, more than {DEEPEST_TAG} times"))))
}

fn parse(id: ObjectId, data: &[u8]) -> Result<ParsedCommit, Error> {
    let object = ObjectText::of(data);
    let encoding = object.header("encoding");
    let text = |bytes: &BStr| decode(bytes, encoding);
    let identity = |header| object.header(header).map(|value| Identity::of(value)).unwrap_or_default();
    let (author, committer) = (identity("author"), identity("committer"));
    let fields = CommitFields {
        subject: text(subject(object.message()).as_bstr()),
        author: text(person(author).as_bstr()),
        committer: text(person(committer).as_bstr()),
        committed_at: committer.time,
    };
    let mut commit = Commit::new(id.to_string());
    commit.subject = shorten_subject(&fields.subject).into_owned();
    commit.author = fields.author.to_str_lossy().into_owned();
    commit.committer = fields.committer.to_str_lossy().into_owned();
    commit.creator_date = timestamp(fields.committed_at);
    let first_parent = object.header("parent").map(|_| linked(&object, "parent", id)).transpose()?;
    Ok(ParsedCommit { commit, first_parent, tree: linked(&object, "tree", id)?, fields })
}

/// The id in a header of the object of this id, which has the same hash.
fn linked(object: &ObjectText<'_>, header: &str, id: ObjectId) -> Result<ObjectId, Error> {
    let named = object.header(header).and_then(|hex| ObjectId::from_hex(hex).ok());
    let named = named.filter(|named| named.kind() == id.kind());
    named.ok_or_else(|| malformed(id, format!("its header {header:?} has no id")))
}

/// `Name <email>` ([rule 4.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), of which an unusually long one is
/// cut.
fn person(identity: Identity<'_>) -> Vec<u8> {
    let part = |text: &'_ [u8]| cut(text.as_bstr(), LONGEST_PERSON).to_vec();
    let (name, email) = (part(identity.name), part(identity.email));
    [&name[..], b" <", &email, b">"].concat()
}

/// The first paragraph of a message on one line, as `git log --format=%s` prints it.
fn subject(message: &BStr) -> Vec<u8> {
    let lines =
        message.split(|byte| *byte == b'\n').map(|line| line.trim_end_with(|end| end.is_ascii_whitespace()));
    let paragraph: Vec<_> =
        lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    cut(paragraph.join(&b' ').as_bstr(), LONGEST_PARAGRAPH).to_vec()
}

/// The text up to this many bytes, and no part of a character in UTF-8.
fn cut(text: &BStr, longest: usize) -> &[u8] {
    let Some(&next) = text.get(longest) else { return text };
    let is_inside = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    let mut end = longest;
    if is_inside(next) {
        let start = text.iter().take(longest).rposition(|byte| !is_inside(*byte));
        // Four bytes are the longest character.
        end = start.filter(|start| longest - start < 4).unwrap_or(longest);
    }
    text.get(..end).unwrap_or(text)
}

/// The text in UTF-8. Latin-1 is the only other encoding that needs no tables; any other text is left as it is.
fn decode(bytes: &BStr, encoding: Option<&BStr>) -> Vec<u8> {
    let is_latin_1 = encoding.is_some_and(|encoding| {
        [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"]
            .iter()
            .any(|name| encoding.eq_ignore_ascii_case(name))
    });
    if is_latin_1 {
        return bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes();
    }
    bytes.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, longest, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("ab\u{e9}", 4, "ab\u{e9}"),
            ("ab\u{e9}", 3, "ab"),
            ("a\u{1f600}", 4, "a"),
            ("a\u{1f600}b", 5, "a\u{1f600}"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text.into(), longest), expected.as_bytes(), "{text:?} {longest}");
        }
        let bytes = [0x80_u8; 20];
        assert_eq!(cut(bytes.as_bstr(), 10).len(), 10, "no text in UTF-8 at all");
    }

    proptest::proptest! {
        #[test]
        fn a_cut_text_is_text(text in "\\PC{0,40}", longest in 0_usize..60) {
            let cut = cut(text.as_str().into(), longest);
            proptest::prop_assert!(cut.len() <= longest && text.len().min(longest) - cut.len() < 4);
            proptest::prop_assert!(std::str::from_utf8(cut).is_ok_and(|cut| text.starts_with(cut)));
        }
    }
}
