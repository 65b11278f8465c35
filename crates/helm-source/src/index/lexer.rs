//! The fast path: block YAML as index files are written, line by line, each line verified.
//!
//! The lexer knows a small part of YAML: block mappings and lists, plain, quoted and block scalars,
//! `[]` and `{}`. Within that part it checks everything that a full parser would, so that what it
//! accepts means what it says. Whatever else it meets is a [`Doubt`], and then a full parser goes on
//! [from the last place that was sure](Handover).

use memchr::{memchr_iter, memrchr};

use super::doubt::Doubt;
use super::handover::Handover;
use super::structure::{BYTE_ORDER_MARK, State};
use super::table::Index;
use super::text;

/// How much of one entry, or of one field beside `entries`, is kept until it is understood.
const MOST_PENDING: usize = 4 << 20;

/// Takes the bytes of an index in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// What was received since the last checkpoint, an unfinished line at its end included.
    pending: Vec<u8>,
    /// How much of it has been looked at.
    lexed: usize,
    state: State,
}

impl Lexer {
    /// Takes the next piece. After a doubt, [`hand_over`](Self::hand_over) is all that is left to do;
    /// the piece counts as taken.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Doubt> {
        let before = self.pending.len();
        self.pending.extend_from_slice(bytes);
        if let Some(last) = memrchr(b'\n', bytes) {
            self.lex(before + last + 1)?;
            self.pending.drain(..self.state.checkpoint);
            self.lexed -= self.state.checkpoint;
            self.state.checkpoint = 0;
        }
        if self.pending.len() > MOST_PENDING { Err(Doubt::Large) } else { Ok(()) }
    }

    /// Ends the input.
    pub(super) fn finish(&mut self) -> Result<Index, Doubt> {
        self.lex(self.pending.len())?;
        self.state.end()
    }

    /// What the lexer was sure about, and the bytes behind that.
    pub(super) fn hand_over(mut self, doubt: Doubt) -> Handover {
        self.pending.drain(..self.state.checkpoint);
        let State { index, place, lines, fields, .. } = self.state;
        Handover { doubt, index, place, lines, fields, pending: self.pending }
    }

    fn lex(&mut self, end: usize) -> Result<(), Doubt> {
        let lines = &self.pending[self.lexed..end];
        text::check(lines.strip_prefix(&BYTE_ORDER_MARK).filter(|_| !self.state.started).unwrap_or(lines))?;
        let mut start = self.lexed;
        for line_feed in memchr_iter(b'\n', lines) {
            let line_end = self.lexed + line_feed;
            self.state.line(&self.pending[start..line_end], start)?;
            start = line_end + 1;
        }
        if start < end {
            self.state.line(&self.pending[start..end], start)?;
        }
        self.lexed = end;
        Ok(())
    }
}
