//! Text that is not UTF-8, in a value of JSON that is read although it may be anything.
//!
//! A JSON parser skips such a text, and fails at it when it is to be returned. What is masked is ASCII, so it is returned.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Whether a [`MaskReader`] masks.
#[derive(Debug, Default)]
pub(super) struct Mask(Cell<bool>);

/// Ends the masking when it is dropped.
pub(super) struct Masked(Rc<Mask>);

impl Mask {
    /// Masks from here on.
    pub(super) fn mask(self: &Rc<Self>) -> Masked {
        self.0.set(true);
        Masked(Rc::clone(self))
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

/// A reader that replaces each byte beyond ASCII by `?` while it masks. It holds no bytes back, so that a parser which reads byte by byte
/// has the bytes of one value masked, and no others.
pub(super) struct MaskReader<R> {
    reader: R,
    mask: Rc<Mask>,
}

impl<R> MaskReader<R> {
    pub(super) fn new(reader: R, mask: &Rc<Mask>) -> Self {
        Self { reader, mask: Rc::clone(mask) }
    }
}

impl<R: Read> Read for MaskReader<R> {
    #[inline]
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        if self.mask.0.get() {
            into.iter_mut().take(read).filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        }
        Ok(read)
    }
}
