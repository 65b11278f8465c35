//! From the bytes of a commit object to a [`Commit`].

use artifact_source::Commit;
use gix::ObjectId;
use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice};
use gix::objs::CommitRef;
use jiff::Timestamp;
use selection_strategies::shorten_subject;

/// A commit, and what is asked about it besides the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// The result, without branch and tag.
    pub(crate) commit: Commit,
    pub(crate) first_parent: Option<ObjectId>,
    pub(crate) tree: ObjectId,
    pub(crate) facts: Facts,
}

/// What a filter can ask about a commit (semantics rule 4.6), as the bytes that Git has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) subject: Vec<u8>,
    pub(crate) author: Vec<u8>,
    pub(crate) committer: Vec<u8>,
    pub(crate) committed_at: Moment,
}

/// A moment, and how far the local time was from UTC. Zero for a date that makes no sense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) offset: i32,
}

impl Moment {
    /// When something was signed.
    pub(crate) fn of(signature: SignatureRef<'_>) -> Self {
        signature
            .time()
            .map_or_else(|_| Self::default(), |time| Self { seconds: time.seconds, offset: time.offset })
    }

    /// The moment as a result shows it, where the date makes sense.
    pub(crate) fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_second(self.seconds).ok()
    }
}

/// Reads a commit object.
pub(crate) fn parse(id: ObjectId, data: &[u8]) -> gix::Result<Parsed> {
    let object = CommitRef::from_bytes(data, id.kind())?;
    let text = |bytes: &BStr| decode(bytes, object.encoding);
    let facts = Facts {
        subject: text(subject(object.message).as_bstr()),
        author: text(person(object.author()?).as_bstr()),
        committer: text(person(object.committer()?).as_bstr()),
        committed_at: Moment::of(object.committer()?),
    };
    let mut commit = Commit::new(id.to_string());
    commit.subject = shorten_subject(&facts.subject).into_owned();
    commit.author = facts.author.to_str_lossy().into_owned();
    commit.committer = facts.committer.to_str_lossy().into_owned();
    commit.creator_date = facts.committed_at.timestamp();
    let first_parent = object.parents.first().and_then(|hex| ObjectId::from_hex(hex).ok());
    Ok(Parsed { commit, first_parent, tree: object.tree(), facts })
}

/// `Name <email>` (semantics rule 4.5).
pub(crate) fn person(signature: SignatureRef<'_>) -> Vec<u8> {
    let signature = signature.trim();
    [signature.name, b" <".as_bstr(), signature.email, b">".as_bstr()].map(|part| part.to_vec()).concat()
}

/// The first paragraph of a message on one line, as `git log --format=%s` has it.
pub(crate) fn subject(message: &BStr) -> Vec<u8> {
    let lines =
        message.split(|byte| *byte == b'\n').map(|line| line.trim_end_with(|end| end.is_ascii_whitespace()));
    let paragraph: Vec<_> =
        lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    paragraph.join(&b' ')
}

/// Messages are UTF-8 unless they say otherwise. Latin-1 is the only other encoding that needs no
/// tables; any other is left as it is.
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
