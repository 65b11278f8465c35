//! The last bytes of a stream.

/// Keeps the last bytes of what is added, within twice its limit of memory.
#[derive(Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    limit: usize,
}

impl Tail {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > self.limit.saturating_mul(2) {
            self.cut();
        }
    }

    /// The kept bytes, at most the limit.
    pub(crate) fn kept(&mut self) -> Vec<u8> {
        self.cut();
        self.bytes.clone()
    }

    fn cut(&mut self) {
        let excess = self.bytes.len().saturating_sub(self.limit);
        self.bytes.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_however_they_arrive() {
        let all: Vec<u8> = (0..=255).collect();
        for limit in [0, 1, 7, 255, 256, 300] {
            for size in [1, 3, 64, 256] {
                let mut tail = Tail::new(limit);
                for chunk in all.chunks(size) {
                    tail.add(chunk);
                    assert!(tail.bytes.len() <= 2 * limit, "{limit} in chunks of {size}");
                }
                assert_eq!(
                    tail.kept(),
                    all[all.len().saturating_sub(limit)..],
                    "{limit} in chunks of {size}"
                );
            }
        }
    }
}
