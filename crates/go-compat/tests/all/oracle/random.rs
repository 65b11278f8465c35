//! A small source of chance that gives the same for the same seed, everywhere and for ever.

/// SplitMix64.
pub struct Random {
    state: u64,
}

impl Random {
    /// Each family draws from a sequence of its own.
    pub fn new(seed: u64, family: &str) -> Self {
        let state = family.bytes().fold(seed, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3).rotate_left(17)
        });
        Self { state }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A character of `alphabet`.
    pub fn character(&mut self, alphabet: &str) -> char {
        alphabet.chars().nth(self.below(alphabet.chars().count())).unwrap()
    }

    /// Concatenates `from` to `to` pieces.
    pub fn repeat(&mut self, from: usize, to: usize, mut piece: impl FnMut(&mut Self) -> String) -> String {
        let count = from + self.below(to - from + 1);
        (0..count).map(|_| piece(self)).collect()
    }

    /// Deletes, doubles, swaps, replaces or inserts a character or two; new ones are of `alphabet`.
    pub fn mutate(&mut self, text: &str, alphabet: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(2) {
            let position = self.below(characters.len() + 1);
            let inside = position < characters.len();
            match self.below(5) {
                0 if inside => drop(characters.remove(position)),
                1 if inside => characters.insert(position, characters[position]),
                2 if inside && position > 0 => characters.swap(position - 1, position),
                3 if inside => characters[position] = self.character(alphabet),
                _ => characters.insert(position, self.character(alphabet)),
            }
        }
        characters.into_iter().collect()
    }
}
