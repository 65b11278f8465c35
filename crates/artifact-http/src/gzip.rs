//! Decompression of a body that arrives in pieces.

use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;

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
mod tests {
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
