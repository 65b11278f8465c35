//! What repetition operators apply to, and the groups that hold it.

/// The flags that change which texts match. Go's `U` does not.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_matches_newline: bool,
}

/// What a repetition operator may apply to.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    /// Where its translation begins in the output.
    pub(super) start: usize,
    /// Whether a repetition operator behind the translation applies to all of it.
    pub(super) is_atom: bool,
    /// How often, at most, it repeats something within it.
    pub(super) repeats: u32,
    /// How deep operators nest in it.
    pub(super) height: u32,
}

/// A group that is being read, or the whole pattern.
#[derive(Clone, Copy, Default)]
pub(super) struct Group {
    /// Where its translation begins in the output.
    pub(super) start: usize,
    pub(super) captures: bool,
    /// The flags to return to.
    pub(super) flags_before: Flags,
    /// The last operand; `None` where a repetition operator would have none.
    pub(super) last: Option<Operand>,
    /// The number of operands in the alternative that is being read.
    pub(super) operands: usize,
    pub(super) has_alternatives: bool,
    /// The largest of all operands before the last.
    pub(super) repeats: u32,
    /// The largest of all operands before the last.
    pub(super) height: u32,
}

impl Group {
    /// A group whose translation begins at `start`.
    pub(super) fn open(start: usize, captures: bool, flags_before: Flags) -> Self {
        Self { start, captures, flags_before, ..Self::default() }
    }

    /// Adds an operand to the alternative that is being read.
    pub(super) fn push(&mut self, operand: Operand) {
        self.settle();
        self.last = Some(operand);
        self.operands += 1;
    }

    /// Notes what is to be known of the last operand, since another follows.
    fn settle(&mut self) {
        if let Some(last) = self.last {
            self.repeats = self.repeats.max(last.repeats);
            self.height = self.height.max(last.height);
        }
    }

    /// Begins the next alternative, behind a `|`.
    pub(super) fn next_alternative(&mut self) {
        self.settle();
        self.last = None;
        self.operands = 0;
        self.has_alternatives = true;
    }

    /// The group as an operand of the one around it.
    pub(super) fn finish(mut self) -> Operand {
        self.settle();
        let is_atom = match self.last {
            Some(last) => self.operands == 1 && last.is_atom,
            None => false,
        };
        Operand {
            start: self.start,
            is_atom: is_atom && !self.has_alternatives,
            repeats: self.repeats.max(1),
            height: self.height.max(1) + u32::from(self.captures),
        }
    }
}

/// How often an operand repeats.
#[derive(Clone, Copy)]
pub(super) struct Repeat {
    pub(super) least: u32,
    pub(super) most: Option<u32>,
}

impl Repeat {
    /// How often something is repeated in all, if `inner` is how often it is within the operand.
    pub(super) fn product(self, inner: u32) -> u32 {
        match self.most.unwrap_or(self.least) {
            0 if self.most.is_some() => 1,
            0 => inner,
            times => inner.saturating_mul(times),
        }
    }
}
