//! Content encodings: which ones are supported, and gzip.

use std::io;
use std::io::{BufRead, Read};

use artifact_source::{Error, ErrorKind};
use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;
use http::{HeaderMap, header};
use url::Url;

/// How much of a body is looked at: no compressed one is text for that long.
pub(crate) const SNIFFED: usize = 64;

/// Compressions that a body can have, and that are never requested.
const NEVER_ASKED_FOR: [&str; 9] =
    ["br", "brotli", "zstd", "deflate", "compress", "x-compress", "lz4", "xz", "bzip2"];

/// What the `Content-Encoding` of an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The body is what it is.
    None,
    /// It is compressed with gzip, the one supported encoding.
    Gzip,
    /// It is compressed with this encoding, which was not requested.
    Other(String),
}

impl Encoding {
    /// What these headers say, all lines of them.
    ///
    /// Object stores replay what an upload said: `aws-chunked`, `utf-8`. Such a name is not a compression, and is ignored.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut gzips = 0;
        for line in headers.get_all(header::CONTENT_ENCODING) {
            for coding in line.as_bytes().split(|&byte| byte == b',') {
                let coding = String::from_utf8_lossy(coding).trim().to_ascii_lowercase();
                match coding.as_str() {
                    "gzip" | "x-gzip" => gzips += 1,
                    other if NEVER_ASKED_FOR.contains(&other) => return Self::Other(coding),
                    _ => {}
                }
            }
        }
        match gzips {
            0 => Self::None,
            1 => Self::Gzip,
            _ => Self::Other("gzip twice".to_owned()),
        }
    }
}

/// Whether a body that begins like this is text in UTF-8 rather than compressed.
pub(crate) fn is_text(begin: &[u8]) -> bool {
    let text = match std::str::from_utf8(begin) {
        Ok(text) => text,
        // The last character may go on in what was not read.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&begin[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r'))
}

/// The compression or archive that a file with these first bytes is, by the signature of its format: `gzip`, `zstd`, `xz`, `bzip2`,
/// `compress` or `zip`. `None` for any other, which may be compressed in a format without a signature.
///
/// ```
/// use artifact_http::compression_of;
///
/// assert_eq!(compression_of(b"\x1f\x8b\x08\0"), Some("gzip"));
/// assert_eq!(compression_of(b"apiVersion: v1\n"), None);
/// ```
pub fn compression_of(begin: &[u8]) -> Option<&'static str> {
    let signatures: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x1f\x9d", "compress"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh9", "bzip2"),
        (b"PK\x03\x04", "zip"),
    ];
    signatures.into_iter().find(|(signature, _)| begin.starts_with(signature)).map(|(_, what)| what)
}

/// What a body is by its beginning, whatever its header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Text, or something that has a message of its own where it is read as text.
    AsItIs,
    Gzip,
    /// Compressed with this, which was not requested.
    Other(String),
}

/// Decides by the beginning of a body and its header.
pub(crate) fn sniffed(begin: &[u8], named: Encoding) -> Sniffed {
    match (compression_of(begin), named) {
        (Some("gzip"), _) => Sniffed::Gzip,
        (_, Encoding::None | Encoding::Gzip) => Sniffed::AsItIs,
        (None, Encoding::Other(_)) if is_text(begin) => Sniffed::AsItIs,
        (Some(what), Encoding::Other(_)) => Sniffed::Other(what.to_owned()),
        (None, Encoding::Other(name)) => Sniffed::Other(name),
    }
}

/// The error for a body in an encoding that was not requested.
pub(crate) fn unasked(coding: &str, url: &Url) -> Error {
    let message = format!("the body has a compression that was not asked for: {coding}");
    let hint = "let the server send the file as it is, or with gzip: mend its header Content-Encoding or the proxy that compresses";
    Error::new(ErrorKind::BadAnswer, message).with_url(url).with_hint(hint)
}

/// The most that one call gives, so that no piece of input, however well compressed, takes more memory.
const PIECE: usize = 64 << 10;

/// Decompresses a gzip stream that is pushed in and pulled out piece by piece.
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Input>,
    piece: Box<[u8]>,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        let input = Input { bytes: Bytes::new(), ended: false };
        Self { decoder: MultiGzDecoder::new(input), piece: vec![0; PIECE].into_boxed_slice() }
    }

    /// Hands over the next piece. The earlier one must be used up: [`pull`](Self::pull) said `None`.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.decoder.get_mut().bytes = bytes;
    }

    /// Says that nothing more will come.
    pub(crate) fn end(&mut self) {
        self.decoder.get_mut().ended = true;
    }

    /// The next piece of output. `None` means that more input is needed, or, after the end, that this was
    /// all. An error means damage, an early end included.
    pub(crate) fn pull(&mut self) -> io::Result<Option<Bytes>> {
        match self.decoder.read(&mut self.piece) {
            Ok(0) => Ok(None),
            Ok(length) => Ok(Some(Bytes::copy_from_slice(self.piece.get(..length).unwrap_or_default()))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What has arrived and was not decompressed yet.
struct Input {
    bytes: Bytes,
    ended: bool,
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.bytes)
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.advance(amount.min(self.bytes.len()));
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = {
            let mut available = self.fill_buf()?;
            available.read(into)?
        };
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod encoding_tests {
    use super::*;

    #[test]
    fn headers() {
        let other = |name: &str| Encoding::Other(name.to_owned());
        for (lines, expected) in [
            (&[][..], Encoding::None),
            (&[""], Encoding::None),
            (&["identity"], Encoding::None),
            (&["aws-chunked", "utf-8"], Encoding::None),
            (&["gzip"], Encoding::Gzip),
            (&["X-GZip"], Encoding::Gzip),
            (&["aws-chunked,gzip"], Encoding::Gzip),
            (&["aws-chunked", "gzip"], Encoding::Gzip),
            (&["gzip", "aws-chunked"], Encoding::Gzip),
            (&["gzip", "gzip"], other("gzip twice")),
            (&["gzip, gzip"], other("gzip twice")),
            (&["aws-chunked", "BR"], other("br")),
            (&["gzip, zstd"], other("zstd")),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_ENCODING, line.parse().unwrap());
            }
            assert_eq!(Encoding::of(&headers), expected, "{lines:?}");
        }
    }

    #[test]
    fn the_beginning_decides() {
        let other = |name: &str| Encoding::Other(name.to_owned());
        let refused = |name: &str| Sniffed::Other(name.to_owned());
        let (gzip, zstd, brotli) =
            (&b"\x1f\x8b\x08\0"[..], &b"\x28\xb5\x2f\xfd"[..], &b"\x0b\x02\x80hello\x03"[..]);
        for named in [Encoding::None, Encoding::Gzip, other("br"), other("gzip twice")] {
            assert_eq!(sniffed(gzip, named.clone()), Sniffed::Gzip);
            for text in [&b"entries: {}\n"[..], b""] {
                assert_eq!(sniffed(text, named.clone()), Sniffed::AsItIs);
            }
        }
        for named in [Encoding::None, Encoding::Gzip] {
            for begin in [zstd, brotli, b"M\xfcnchen"] {
                assert_eq!(sniffed(begin, named.clone()), Sniffed::AsItIs);
            }
        }
        assert_eq!(sniffed(brotli, other("br")), refused("br"));
        assert_eq!(sniffed(zstd, other("br")), refused("zstd"));
    }

    #[test]
    fn text() {
        for (begin, expected) in [
            (&b""[..], true),
            (b"apiVersion: v1\r\nentries:\t{}\n", true),
            ("{\"ä\": \"漢".as_bytes(), true),
            (&"ä".as_bytes()[..1], true),
            (b"\xef\xbb\xbfa: b", true),
            (b"M\xfcnchen", false),
            (b"\x1f\x8b\x08", false),
            (b"\x28\xb5\x2f\xfd", false),
            (b"x\x9c\x4b\x04", false),
            (b"\x0b\x02\x80hello\x03", false),
            (b"a\x7f", false),
            (b"a\0", false),
        ] {
            assert_eq!(is_text(begin), expected, "{}", begin.escape_ascii());
        }
    }
}

#[cfg(test)]
mod gzip_tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Decompresses what is cut into pieces of this size.
    fn gunzip(bytes: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let mut gunzip = Gunzip::new();
        let mut out = Vec::new();
        for piece in bytes.chunks(size.max(1)) {
            gunzip.push(Bytes::copy_from_slice(piece));
            while let Some(bytes) = gunzip.pull()? {
                assert!(bytes.len() <= PIECE);
                out.extend_from_slice(&bytes);
            }
        }
        gunzip.end();
        while let Some(bytes) = gunzip.pull()? {
            out.extend_from_slice(&bytes);
        }
        Ok(out)
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4), size in 1_usize..40) {
            let packed: Vec<u8> = members.iter().flat_map(|member| gzip(member)).collect();
            prop_assert_eq!(gunzip(&packed, size).unwrap(), members.concat());
        }

        #[test]
        fn an_early_end_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1_usize..30, size in 1_usize..40) {
            let packed = gzip(&bytes);
            let cut = packed.len().saturating_sub(cut).max(1);
            prop_assert!(gunzip(&packed[..cut], size).is_err());
        }

        #[test]
        fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..40) {
            let _ = gunzip(&noise, size);
            let _ = gunzip(&[gzip(b"x"), noise].concat(), size);
        }
    }

    #[test]
    fn a_bomb_comes_out_in_small_pieces() {
        let bomb = gzip(&vec![0; 50 << 20]);
        assert_eq!(gunzip(&bomb, bomb.len()).unwrap().len(), 50 << 20);
    }
}
