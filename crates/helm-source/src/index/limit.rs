//! How much is read for one part of an index.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The largest entry, chart without entries, or field beside `entries`, in bytes. The largest entries of public repositories have some
/// 100 KB. What a parser holds at one time is a few times as much.
pub(super) const MAX_PART: usize = 16 << 20;

/// What was read since the last part of the index began, and whether it was too much.
#[derive(Debug, Default)]
pub(super) struct PartMeter {
    read: Cell<usize>,
    lines: Cell<u64>,
    is_exceeded: Cell<bool>,
}

impl PartMeter {
    /// Counts from here on: the next part begins.
    pub(super) fn next_part(&self) {
        self.read.set(0);
    }

    /// The line that was being read when it became too much, from 1.
    pub(super) fn exceeded_at(&self) -> Option<u64> {
        self.is_exceeded.get().then(|| self.lines.get() + 1)
    }
}

/// A reader that fails when more than [`MAX_PART`] bytes are read in one part.
pub(super) struct PartReader<R> {
    reader: R,
    meter: Rc<PartMeter>,
}

impl<R> PartReader<R> {
    pub(super) fn new(reader: R, meter: &Rc<PartMeter>) -> Self {
        Self { reader, meter: Rc::clone(meter) }
    }
}

impl<R: Read> Read for PartReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let meter = &*self.meter;
        if meter.read.get() > MAX_PART {
            meter.is_exceeded.set(true);
            return Err(io::ErrorKind::InvalidData.into());
        }
        let read = self.reader.read(into)?;
        meter.read.set(meter.read.get() + read);
        let lines = memchr::memchr_iter(b'\n', into.get(..read).unwrap_or_default()).count();
        meter.lines.set(meter.lines.get() + lines as u64);
        Ok(read)
    }
}
