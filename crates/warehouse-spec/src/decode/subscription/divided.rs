//! A constraint without quotation marks in braces, which its commas divide: `{constraint: >=1.0.0, <2.0.0}` has a field `<2.0.0`.

use crate::decode::context::Context;
use crate::decode::edit;
use crate::decode::object::Object;
use crate::diagnostic::{Code, Help};
use crate::rule;

impl Context {
    /// Reports a constraint of this name that commas have divided, and takes what is behind them with it. False where it is none.
    pub(crate) fn tell_divided(&mut self, object: &mut Object<'_>, name: &str) -> bool {
        let text = self.text_read();
        let Some(first) = object.look(name).filter(|_| edit::is_flow(&text, object.node)) else {
            return false;
        };
        let is_part = |key: &str| {
            key.contains(|letter: char| letter.is_ascii_digit()) && rule::constraint(key).is_none()
        };
        let parts = object.keys_behind(name, is_part);
        let Some(last) = parts.last() else { return false };
        let span = first.node.mark.start..last.key.end;
        let Some(whole) = text.get(span.clone()).filter(|whole| rule::constraint(whole).is_none()) else {
            return false;
        };
        let (alone, form) = (self.written_at(first.node.mark), self.style.quoted(whole));
        let message = format!("a comma ends a value in braces, so that `{name}` is `{alone}` alone");
        let help = Help::rewriting(format!("quote it: {form}"), span, form);
        self.error(Code::Unquoted, &first, message, help);
        let names: Vec<&str> =
            parts.iter().filter_map(|part| text.get(part.key.start..part.key.end)).collect();
        object.ignore(&names);
        object.ignore(&[name]);
        true
    }
}
