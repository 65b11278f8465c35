//! The text of commits and tags, read as Git reads it.
//!
//! Old histories, and those that came from other systems, have names without an address, addresses with a `<`, and dates that are none. Git shows
//! what it can of them, and so must a reader: one such commit is no reason to fail for all others. gitoxide's reader refuses them.

use gix::bstr::{BStr, ByteSlice};

/// The headers of a commit or a tag, and its message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectText<'a> {
    headers: &'a [u8],
    message: &'a [u8],
}

impl<'a> ObjectText<'a> {
    pub(crate) fn of(object: &'a [u8]) -> Self {
        let (headers, message) = object.split_once_str("\n\n").unwrap_or((object, b""));
        Self { headers, message }
    }

    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&'a BStr> {
        let mut lines = self.headers.split(|byte| *byte == b'\n');
        lines.find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" ")).map(ByteSlice::as_bstr)
    }

    pub(crate) fn message(&self) -> &'a BStr {
        self.message.as_bstr()
    }

    /// The message of a tag without the signature at its end.
    pub(crate) fn unsigned_message(&self) -> &'a BStr {
        const SIGNATURES: [&[u8]; 4] = [
            b"-----BEGIN PGP SIGNATURE-----",
            b"-----BEGIN PGP MESSAGE-----",
            b"-----BEGIN SIGNED MESSAGE-----",
            b"-----BEGIN SSH SIGNATURE-----",
        ];
        let (mut at, mut end) = (0, self.message.len());
        for line in self.message.split_inclusive(|byte| *byte == b'\n') {
            if SIGNATURES.iter().any(|signature| line.starts_with(signature)) {
                end = at;
            }
            at += line.len();
        }
        self.message.get(..end).unwrap_or(self.message).as_bstr()
    }
}

/// A time, and the offset of the local time from UTC, in seconds. Zero for a date that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GitTime {
    pub(crate) seconds: i64,
    pub(crate) offset: i32,
}

/// Who made an object, and when: `Name <address> seconds offset`. What is missing is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) email: &'a [u8],
    pub(crate) time: GitTime,
}

impl<'a> Identity<'a> {
    /// The value of a header. As for Git, the address begins at the first `<` and ends at the next `>`, and the date comes after the
    /// last `>`; without an address there is no name.
    pub(crate) fn of(value: &'a [u8]) -> Self {
        let Some((name, rest)) = value.split_once_str("<") else { return Self::default() };
        let Some((email, _)) = rest.split_once_str(">") else { return Self::default() };
        let date = value.rsplit_once_str(">").map_or(&b""[..], |(_, date)| date);
        Self { name: name.trim_end(), email, time: time(date).unwrap_or_default() }
    }
}

/// Reads `seconds offset`.
fn time(date: &[u8]) -> Option<GitTime> {
    let (seconds, rest) = digits(date.trim_start());
    let zone = rest.trim_start();
    let sign = match zone.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (zone, _) = digits(zone.get(1..)?);
    let (hours, minutes) = (zone? / 100, zone? % 100);
    // As far as Go reads an offset.
    let offset = if hours <= 24 && minutes <= 60 { hours * 3600 + minutes * 60 } else { 0 };
    Some(GitTime { seconds: seconds?, offset: sign * i32::try_from(offset).ok()? })
}

/// The number at the start, if there is one that fits, and the rest.
fn digits(text: &[u8]) -> (Option<i64>, &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.to_str().ok().and_then(|digits| digits.parse().ok()), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people() {
        // What `git log --format='%an|%ae|%ct'` prints, but for a date that cannot be read.
        for (value, name, email, seconds, offset) in [
            ("A <a@example.com> 1704067200 +0000", "A", "a@example.com", 1_704_067_200, 0),
            ("A B  <a@example.com> 5 -0130", "A B", "a@example.com", 5, -5400),
            ("<> 1 +0100", "", "", 1, 3600),
            ("<a@example.com> 1 +0000", "", "a@example.com", 1, 0),
            ("A <a@example.com>", "A", "a@example.com", 0, 0),
            ("A <a@example.com> +0000", "A", "a@example.com", 0, 0),
            ("A <a@example.com> 1", "A", "a@example.com", 0, 0),
            ("A <a@example.com> 99999999999999999999 +0000", "A", "a@example.com", 0, 0),
            ("A <a@example.com> 1 +9999", "A", "a@example.com", 1, 0),
            ("A > B <a@example.com> 1 +0000", "A > B", "a@example.com", 1, 0),
            ("A <b <a@example.com> 1 +0000", "A", "b <a@example.com", 1, 0),
            ("A <a@b>x 5 +0000", "A", "a@b", 0, 0),
            ("A <a> b> 5 +0000", "A", "a", 5, 0),
            ("No Email 1704067200 +0000", "", "", 0, 0),
            ("A <a@b", "", "", 0, 0),
            ("A a@b> 1 +0000", "", "", 0, 0),
            ("", "", "", 0, 0),
        ] {
            let expected = Identity {
                name: name.as_bytes(),
                email: email.as_bytes(),
                time: GitTime { seconds, offset },
            };
            assert_eq!(Identity::of(value.as_bytes()), expected, "{value:?}");
        }
    }

    #[test]
    fn texts() {
        let commit = b"tree 1\nparent 2\nparent 3\nauthor A\ngpgsig -----BEGIN\n author B\n \n end\ncommitter C\n\nSubject\n\nBody";
        let text = ObjectText::of(commit);
        let header = |name| text.header(name).map(ToString::to_string);
        assert_eq!(header("tree").as_deref(), Some("1"));
        assert_eq!(header("parent").as_deref(), Some("2"));
        assert_eq!(header("author").as_deref(), Some("A"));
        assert_eq!(header("committer").as_deref(), Some("C"));
        assert_eq!((header("tre"), header("encoding")), (None, None));
        assert_eq!(text.message(), "Subject\n\nBody");
        assert_eq!(ObjectText::of(b"tree 1").message(), "");
        let signed = "Release\n\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n";
        let text = format!("object 1\n\n{signed}");
        assert_eq!(ObjectText::of(text.as_bytes()).unsigned_message(), "Release\n\n");
        assert_eq!(ObjectText::of(text.as_bytes()).message(), signed);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(object in proptest::collection::vec(proptest::num::u8::ANY, 0..60), value in "[<> +\\-0-9a\\PC]{0,30}") {
            let text = ObjectText::of(&object);
            let _ = (text.header("tree"), text.unsigned_message());
            let _ = (Identity::of(value.as_bytes()), Identity::of(&object));
        }
    }
}
