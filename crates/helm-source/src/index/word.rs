//! Eight bytes of text at a time, in the register of any machine: what is searched for is mostly found in the first words, where a call of a
//! search for long texts costs more than it saves.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// A word of eight bytes, the first of them in the lowest place.
#[derive(Clone, Copy)]
pub(super) struct Word(u64);

/// Bytes of a word. The first one is exact; others after it may be wrong.
#[derive(Clone, Copy)]
pub(super) struct Marks(u64);

impl Word {
    pub(super) fn new(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// The bytes that equal this one.
    #[inline]
    pub(super) fn equal(self, byte: u8) -> Marks {
        let word = self.0 ^ (ONES * u64::from(byte));
        Marks(word.wrapping_sub(ONES) & !word & HIGH)
    }

    /// The bytes that are less than this one, which is at most 0x80.
    #[inline]
    pub(super) fn less(self, byte: u8) -> Marks {
        Marks(self.0.wrapping_sub(ONES * u64::from(byte)) & !self.0 & HIGH)
    }

    /// The bytes that are neither ASCII letters and digits nor one of `-./_`. All are exact.
    #[inline]
    pub(super) fn outside_names(self) -> Marks {
        // Without the highest bits, no sum carries into the next byte.
        let low = self.0 & !HIGH;
        let within = |word: u64, first: u8, last: u8| {
            (word + ONES * u64::from(0x80 - first)) & !(word + ONES * u64::from(0x7f - last))
        };
        let letters = within(low | (ONES * 0x20), b'a', b'z');
        let others = within(low, b'-', b'9') | within(low, b'_', b'_');
        Marks((!(letters | others) | self.0) & HIGH)
    }

    /// The number of bytes at the start that equal this one.
    #[inline]
    fn leading(self, byte: u8) -> usize {
        ((self.0 ^ (ONES * u64::from(byte))).trailing_zeros() / 8) as usize
    }

    /// Not 0 if there is a byte of 0x7f or above.
    #[inline]
    pub(super) fn at_least_0x7f(self) -> u64 {
        // Only 0xff carries, which is marked itself.
        (self.0 | self.0.wrapping_add(ONES)) & HIGH
    }
}

impl Marks {
    /// These and the others.
    #[inline]
    pub(super) fn or(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// The position of the first byte.
    #[inline]
    pub(super) fn first(self) -> Option<usize> {
        (self.0 != 0).then_some((self.0.trailing_zeros() / 8) as usize)
    }
}

/// The position of the first byte that is marked. Short texts are filled up with zeros, so it may be behind the text if zeros are marked.
#[inline]
pub(super) fn find(text: &[u8], marks: impl Fn(Word) -> Marks) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        if let Some(at) = marks(Word::new(*word)).first() {
            return Some(number * 8 + at);
        }
    }
    if rest.is_empty() {
        return None;
    }
    match text.last_chunk::<8>() {
        // It begins with bytes of the last word, none of which is marked.
        Some(last) => marks(Word::new(*last)).first().map(|at| text.len() - 8 + at),
        None => marks(short(text)).first(),
    }
}

/// A text of fewer than eight bytes, filled up with zeros.
#[inline]
fn short(text: &[u8]) -> Word {
    let word = match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << (8 * (text.len() - 4))
        }
        _ => text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    Word(word)
}

/// The number of bytes at the start of a text that equal this one, which is not zero.
#[inline]
pub(super) fn leading(text: &[u8], byte: u8) -> usize {
    let mut count = 0;
    for word in text.as_chunks::<8>().0 {
        let more = Word::new(*word).leading(byte);
        count += more;
        if more < 8 {
            return count;
        }
    }
    count + text.iter().skip(count).take_while(|other| **other == byte).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_several_bytes(
            text in prop::collection::vec(prop_oneof![4 => b'a'..=b'c', 1 => any::<u8>()], 0..40),
            sought in prop_oneof![Just(b':'), Just(b'a'), Just(b'"'), 1..=0xff_u8],
        ) {
            let found = find(&text, |word| word.equal(sought).or(word.equal(b'\\')));
            prop_assert_eq!(found, text.iter().position(|byte| *byte == sought || *byte == b'\\'));
            prop_assert_eq!(leading(&text, sought), text.iter().take_while(|byte| **byte == sought).count());
            if let Some(bytes) = text.first_chunk::<8>() {
                let word = Word::new(*bytes);
                prop_assert_eq!(word.less(0x20).first(), bytes.iter().position(|byte| *byte < 0x20));
                prop_assert_eq!(word.at_least_0x7f() != 0, bytes.iter().any(|byte| *byte >= 0x7f));
                let is_of_names = |byte: &u8| byte.is_ascii_alphanumeric() || b"-./_".contains(byte);
                let outside = word.outside_names();
                prop_assert_eq!(outside.first(), bytes.iter().position(|byte| !is_of_names(byte)));
            }
        }
    }
}
