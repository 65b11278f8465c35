//! What a server says when it is greeted over HTTP.
//!
//! With protocol 2 that is a list of what the server can do, and the same for every client. Each request of HTTP stands for itself. So a server whose
//! greeting is known need not be greeted: the first request is the question.

use std::cell::RefCell;

/// The longest greeting that is kept, in bytes. Servers send less than a kilobyte.
const LONGEST: usize = 8 << 10;

/// The greeting of one connection: known before, or heard now.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    known: Option<String>,
    /// What was heard so far; `None` where it is not kept.
    heard: RefCell<Option<Vec<u8>>>,
}

impl Greeting {
    /// The greeting of a server that is not known.
    pub(crate) fn unknown() -> Self {
        Self { known: None, heard: RefCell::new(Some(Vec::new())) }
    }

    /// What this server said before.
    pub(crate) fn known(text: String) -> Self {
        Self { known: Some(text), heard: RefCell::default() }
    }

    /// What the server said before, if it is known.
    pub(crate) fn known_text(&self) -> Option<&str> {
        self.known.as_deref()
    }

    /// Adds what the server sends.
    pub(crate) fn hear(&self, bytes: &[u8]) {
        let mut heard = self.heard.borrow_mut();
        match &mut *heard {
            Some(text) if text.len() + bytes.len() <= LONGEST => text.extend_from_slice(bytes),
            _ => *heard = None,
        }
    }

    /// Keeps nothing: another server answers in the place of this one.
    pub(crate) fn discard(&self) {
        *self.heard.borrow_mut() = None;
    }

    /// What was heard, if it can be kept.
    pub(crate) fn heard_text(&self) -> Option<String> {
        let heard = self.heard.borrow_mut().take()?;
        String::from_utf8(heard).ok().filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_is_kept_if_it_is_short_text_of_this_server() {
        let heard = |pieces: &[&[u8]]| {
            let greeting = Greeting::unknown();
            pieces.iter().for_each(|piece| greeting.hear(piece));
            greeting
        };
        assert_eq!(
            heard(&[b"000eversion ", b"2\n0000"]).heard_text().as_deref(),
            Some("000eversion 2\n0000")
        );
        assert_eq!(heard(&[]).heard_text(), None);
        assert_eq!(heard(&[b"\xff"]).heard_text(), None);
        let long = vec![b'a'; LONGEST];
        assert!(heard(&[&long]).heard_text().is_some());
        assert_eq!(heard(&[&long, b"a"]).heard_text(), None);
        assert_eq!(heard(&[&long, b"a", b"b"]).heard_text(), None);
        let elsewhere = heard(&[b"000eversion 2\n0000"]);
        elsewhere.discard();
        elsewhere.hear(b"more");
        assert_eq!(elsewhere.heard_text(), None);
        assert_eq!(Greeting::known("000eversion 2\n0000".to_owned()).heard_text(), None);
    }
}
