//! A small gzip body that unpacks to a large one.

use std::io;
use std::iter;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use crate::loopback::Body;

const MEBIBYTE: usize = 1024 * 1024;

/// One gzip member (RFC 1952) of `bytes` blanks, rounded up to whole MiB. One MiB is compressed once and sent as often
/// as needed: after a full flush a deflate block refers to nothing before it. So the bomb costs its sender nothing.
pub(super) fn gzip_bomb(bytes: u64) -> Body {
    let count = bytes.div_ceil(MEBIBYTE as u64).max(1);
    let blanks = vec![b' '; MEBIBYTE];
    let block = deflated(&blanks);
    let mut one = Crc::new();
    one.update(&blanks);
    let mut all = Crc::new();
    for _ in 0..count {
        all.combine(&one);
    }
    let mut trailer = vec![0x03, 0x00]; // an empty last block
    trailer.extend_from_slice(&all.sum().to_le_bytes());
    trailer.extend_from_slice(&all.amount().to_le_bytes());

    // magic, deflate, no flags, no time, no extra flags, unknown system
    let header = Bytes::from_static(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let blocks = (0..count).map(move |_| block.clone());
    let parts = iter::once(header).chain(blocks).chain(iter::once(Bytes::from(trailer)));
    StreamBody::new(stream::iter(parts.map(|part| Ok::<_, io::Error>(Frame::data(part))))).boxed_unsync()
}

/// Deflate blocks of `bytes` that end at a byte border and are not the last ones.
fn deflated(bytes: &[u8]) -> Bytes {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(bytes.len() / 64 + 1024);
    loop {
        let consumed = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(consumed..).unwrap_or_default();
        let room = out.capacity() - out.len();
        let flush = if rest.is_empty() { FlushCompress::Full } else { FlushCompress::None };
        match compress.compress_vec(rest, &mut out, flush) {
            // A flush is complete when it left room in the output.
            Ok(Status::Ok | Status::BufError | Status::StreamEnd) => {
                if rest.is_empty() && out.capacity() > out.len() && room > 0 {
                    return out.into();
                }
                out.reserve(1024);
            }
            Err(_) => return out.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{MEBIBYTE, gzip_bomb};
    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;

    #[test]
    fn it_is_one_valid_member_and_small() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bomb = gzip_bomb(3 * MEBIBYTE as u64 - 5);
        let body = runtime.block_on(bomb.collect()).unwrap().to_bytes();
        assert!(body.len() < 3 * MEBIBYTE / 500, "{} bytes", body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked.len(), 3 * MEBIBYTE);
        assert!(unpacked.iter().all(|byte| *byte == b' '));
    }
}
