//! Reading a version: one pass over the bytes, no allocation.

/// The longest text that is read as a version, in bytes ([rule 2.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub const MAX_VERSION_LENGTH: usize = 256;

/// How complete a version must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// `1`, `v1.2`, `01.2.3` and `1.25-alpine` are versions; missing parts are zero ([rule 2.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Loose,
    /// Major, minor and patch are all there, none with leading zeros; one `v` may precede them.
    /// This is what `strictSemvers` asks for ([rule 2.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[default]
    Strict,
    /// As [`Strict`](Self::Strict), without the `v`: the letter of the Semantic Versioning
    /// specification, and what OCI charts are held to ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Bare,
}

impl Strictness {
    /// Whether major, minor and patch must all be there.
    #[must_use]
    pub fn is_strict(self) -> bool {
        !matches!(self, Self::Loose)
    }
}

/// Why a text is not a version.
///
/// Positions are byte offsets into the text. The text itself is left out: the caller has
/// it, and a repository may hold a hundred thousand tags that are not versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// The text is empty.
    #[error("a version cannot be empty")]
    Empty,
    /// The text is longer than [`MAX_VERSION_LENGTH`](crate::MAX_VERSION_LENGTH) ([rule 2.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[error("{length} bytes are too long for a version, the limit is 256")]
    TooLong {
        /// The length of the text in bytes.
        length: usize,
    },
    /// A number, identifier or separator was expected, but something else was found.
    #[error("unexpected character at byte {position}")]
    UnexpectedCharacter {
        /// Where it is.
        position: usize,
    },
    /// The text ends where a number or an identifier was expected: `1.`, `1.0.0-`.
    #[error("the version ends where a number or an identifier was expected")]
    UnexpectedEnd,
    /// A number does not fit into 64 bits.
    #[error("the number at byte {position} does not fit into 64 bits")]
    NumberTooLarge {
        /// Where the number begins.
        position: usize,
    },
    /// A number has a leading zero where none may be: in a prerelease identifier, and in strict
    /// versions in any of the three numbers.
    #[error("the number at byte {position} has a leading zero")]
    LeadingZero {
        /// Where the number begins.
        position: usize,
    },
    /// Minor or patch is missing from a version that has to be strict.
    #[error("a strict version has major, minor and patch")]
    MissingPart,
}

/// Which byte begins build metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Literal,
    /// `_` as well as `+`, as in the tags of OCI charts.
    Underscore,
}

/// A version without its text. The offsets fit because the text is at most 256 bytes long.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    prerelease_start: u16,
    prerelease_end: u16,
    metadata_start: u16,
}

impl Parts {
    pub(super) fn prerelease(self, text: &str) -> &str {
        text.get(usize::from(self.prerelease_start)..usize::from(self.prerelease_end)).unwrap_or_default()
    }

    pub(super) fn metadata(self, text: &str) -> &str {
        text.get(usize::from(self.metadata_start)..).unwrap_or_default()
    }

    pub(super) fn is_prerelease(self) -> bool {
        self.prerelease_start != self.prerelease_end
    }
}

pub(super) fn parse(text: &str, strictness: Strictness, plus: Plus) -> Result<Parts, VersionError> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err(VersionError::Empty);
    }
    if bytes.len() > MAX_VERSION_LENGTH {
        return Err(VersionError::TooLong { length: bytes.len() });
    }
    let mut cursor = Cursor { bytes, position: 0 };
    if bytes.first() == Some(&b'v') && strictness != Strictness::Bare {
        cursor.position = 1;
    }
    let strict = strictness.is_strict();
    let mut numbers = [0; 3];
    let mut count = 0;
    for number in &mut numbers {
        *number = cursor.number(strict)?;
        count += 1;
        if count == 3 || !cursor.take(b'.') {
            break;
        }
    }
    if strict && count < 3 {
        return Err(VersionError::MissingPart);
    }

    let (mut prerelease_start, mut prerelease_end) = (cursor.position, cursor.position);
    if cursor.take(b'-') {
        prerelease_start = cursor.position;
        cursor.identifiers(true)?;
        prerelease_end = cursor.position;
    }
    if cursor.take(b'+') || (plus == Plus::Underscore && cursor.take(b'_')) {
        let start = cursor.position;
        cursor.identifiers(false)?;
        cursor.finish()?;
        return Ok(parts(numbers, prerelease_start, prerelease_end, start));
    }
    cursor.finish()?;
    Ok(parts(numbers, prerelease_start, prerelease_end, bytes.len()))
}

/// The offsets are at most `MAX_VERSION_LENGTH`, so the casts lose nothing.
#[allow(clippy::cast_possible_truncation)]
fn parts(
    [major, minor, patch]: [u64; 3],
    prerelease_start: usize,
    prerelease_end: usize,
    metadata_start: usize,
) -> Parts {
    Parts {
        major,
        minor,
        patch,
        prerelease_start: prerelease_start as u16,
        prerelease_end: prerelease_end as u16,
        metadata_start: metadata_start as u16,
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn number(&mut self, no_leading_zero: bool) -> Result<u64, VersionError> {
        let start = self.position;
        let mut number: u64 = 0;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            number = number
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u64::from(byte - b'0')))
                .ok_or(VersionError::NumberTooLarge { position: start })?;
            self.position += 1;
        }
        if self.position == start {
            return Err(self.unexpected());
        }
        if no_leading_zero && self.position - start > 1 && self.bytes.get(start) == Some(&b'0') {
            return Err(VersionError::LeadingZero { position: start });
        }
        Ok(number)
    }

    /// Identifiers joined by dots; with `numbers_are_plain`, none is a number with a leading zero.
    fn identifiers(&mut self, numbers_are_plain: bool) -> Result<(), VersionError> {
        loop {
            let start = self.position;
            let mut digits_only = true;
            while let Some(byte) = self.peek() {
                if !byte.is_ascii_digit() {
                    if !byte.is_ascii_alphabetic() && byte != b'-' {
                        break;
                    }
                    digits_only = false;
                }
                self.position += 1;
            }
            if self.position == start {
                return Err(self.unexpected());
            }
            if numbers_are_plain
                && digits_only
                && self.position - start > 1
                && self.bytes.get(start) == Some(&b'0')
            {
                return Err(VersionError::LeadingZero { position: start });
            }
            if !self.take(b'.') {
                return Ok(());
            }
        }
    }

    fn finish(&self) -> Result<(), VersionError> {
        if self.position == self.bytes.len() { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> VersionError {
        if self.position < self.bytes.len() {
            VersionError::UnexpectedCharacter { position: self.position }
        } else {
            VersionError::UnexpectedEnd
        }
    }
}
