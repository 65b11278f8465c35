//! From the bytes of a commit object to a [`Commit`].

use artifact_source::Commit;
use gix::ObjectId;
use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice};
use gix::objs::CommitRef;
use jiff::Timestamp;

/// A commit as the history walk needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) commit: Commit,
    pub(crate) first_parent: Option<ObjectId>,
}

/// Reads a commit object.
pub(crate) fn read(id: ObjectId, data: &[u8]) -> gix::Result<Read> {
    let object = CommitRef::from_bytes(data, id.kind())?;
    let author = object.author()?;
    let committer = object.committer()?;
    let text = |bytes: &BStr| decode(bytes, object.encoding);

    let mut commit = Commit::new(id.to_string());
    commit.subject = shorten(text(subject(object.message).as_bstr()));
    commit.author = person(author, &text);
    commit.committer = person(committer, &text);
    commit.creator_date = date(committer);
    let first_parent = object.parents.first().and_then(|hex| ObjectId::from_hex(hex).ok());
    Ok(Read { commit, first_parent })
}

/// When something was signed, where the date makes sense.
pub(crate) fn date(signature: SignatureRef<'_>) -> Option<Timestamp> {
    Timestamp::from_second(signature.time().ok()?.seconds).ok()
}

/// `Name <email>` (semantics rule 4.5).
pub(crate) fn person(signature: SignatureRef<'_>, text: &dyn Fn(&BStr) -> String) -> String {
    let signature = signature.trim();
    format!("{} <{}>", text(signature.name), text(signature.email))
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
/// tables; of any other the characters that are not ASCII are lost.
pub(crate) fn decode(bytes: &BStr, encoding: Option<&BStr>) -> String {
    let is_latin_1 = encoding.is_some_and(|encoding| {
        [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"]
            .iter()
            .any(|name| encoding.eq_ignore_ascii_case(name))
    });
    if is_latin_1 {
        return bytes.iter().map(|byte| char::from(*byte)).collect();
    }
    bytes.to_str_lossy().into_owned()
}

/// Cuts to 80 bytes at a character boundary (semantics rule 4.5).
fn shorten(mut subject: String) -> String {
    const MOST: usize = 80;
    const DOTS: &str = "...";
    if subject.len() > MOST {
        let mut end = MOST - DOTS.len();
        while !subject.is_char_boundary(end) {
            end -= 1;
        }
        subject.truncate(end);
        subject.push_str(DOTS);
    }
    subject
}
