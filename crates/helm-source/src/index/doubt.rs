//! Why the lexer hands over to the full parser.

/// Why the lexer was not sure, and a full YAML parser read on.
///
/// A doubt is no fault: most of these are valid YAML, only unusual in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// A tab, a carriage return or another control character.
    ControlCharacter,
    /// Bytes that are not UTF-8.
    Encoding,
    /// A character that readers of YAML do not agree on: U+0085, U+2028, U+2029, a byte order mark that
    /// is not at the start, one that is not printable.
    OddCharacter,
    /// A line that is neither a key nor an item of a list, or has a key of unusual characters.
    NotAKey,
    /// Indentation that fits no open level, or something below a value that was finished.
    Indentation,
    /// More levels than an index has.
    Depth,
    /// An anchor, alias, tag, directive or other indicator.
    Indicator,
    /// A list or mapping in brackets that is not empty.
    Flow,
    /// A colon, a comment or a quote where plain text should have ended.
    PlainText,
    /// A header of a block scalar, or its first lines, of an unusual kind.
    BlockScalar,
    /// A quoted text with an unusual escape, with something behind it, or without an end.
    Quoted,
    /// A comment.
    Comment,
    /// A document marker that is not in the first line.
    Document,
    /// A field, a chart or `entries` itself is given twice.
    Repeated,
    /// An entry, a list of versions, or `entries` is not of the usual shape.
    Shape,
    /// A version of characters that versions do not have.
    Version,
    /// The document has no `entries`, so it may be no index at all.
    NoEntries,
    /// One entry, or one field beside `entries`, is larger than the lexer keeps.
    Large,
}
