//! What the `Content-Encoding` of an answer says, and whether it is true.

use artifact_source::{Error, ErrorKind};
use http::{HeaderMap, header};
use url::Url;

/// How much of a body is looked at: no compressed one is text for that long.
pub(crate) const SNIFFED: usize = 64;

/// Compressions that a body can have, and that are never asked for.
const NEVER_ASKED_FOR: [&str; 9] =
    ["br", "brotli", "zstd", "deflate", "compress", "x-compress", "lz4", "xz", "bzip2"];

/// What the `Content-Encoding` of an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The body is what it is.
    None,
    /// It is compressed in the one way that can be asked for.
    Gzip,
    /// It is compressed in this way, which was not asked for.
    Other(String),
}

impl Encoding {
    /// What these headers say, all lines of them.
    ///
    /// Object stores replay what an upload said: `aws-chunked`, `utf-8`. Such a name is no compression, and is passed over.
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

/// The error for a body in an encoding that was not asked for.
pub(crate) fn unasked(coding: &str, url: &Url) -> Error {
    let message = format!("the body has a compression that was not asked for: {coding}");
    let hint = "let the server send the file as it is, or with gzip: mend its header Content-Encoding or the proxy that compresses";
    Error::new(ErrorKind::BadAnswer, message).with_url(url).with_hint(hint)
}

#[cfg(test)]
mod tests {
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
