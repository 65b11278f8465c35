//! Variables of `ARG` and `ENV`.

use std::collections::HashMap;
use std::rc::Rc;

/// How many variables of a stage are known.
const MAX_VARIABLES: usize = 1_000;
/// How long a value may be that is put in, in bytes.
const MAX_VALUE: usize = 4 << 10;

/// What is known of the variables at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(HashMap<Rc<str>, Rc<str>>);

/// One variable of an `ARG` or `ENV`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Rc::as_ref)
    }

    /// Sets a variable, or forgets it where the value is not known.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.0.remove(name);
        if let Some(value) = value
            && self.0.len() < MAX_VARIABLES
        {
            self.0.insert(name.into(), value.into());
        }
    }

    /// The text with its variables put in: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`. Nothing if one is not known or
    /// another form is used,
    /// or if the text grows too long.
    pub(super) fn resolve(&self, text: &str) -> Option<String> {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            if resolved.len() > MAX_VALUE {
                return None;
            }
            resolved.push_str(before);
            let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
            if let Some(braced) = after.strip_prefix('{') {
                let (inside, after) = braced.split_once('}')?;
                let end = inside.find(|character| !is_name(character)).unwrap_or(inside.len());
                let (name, form) = inside.split_at_checked(end)?;
                let default = form.strip_prefix(":-").or_else(|| form.strip_prefix('-'));
                let value = self.get(name).filter(|value| !value.is_empty() || default.is_none());
                match (value, default) {
                    (Some(value), _) if form.is_empty() || default.is_some() => resolved.push_str(value),
                    (None, Some(default)) if !default.contains('$') => resolved.push_str(default),
                    _ => return None,
                }
                rest = after;
            } else {
                let end = after.find(|character| !is_name(character)).unwrap_or(after.len());
                let (name, after) = after.split_at_checked(end)?;
                resolved.push_str(self.get(name)?);
                rest = after;
            }
        }
        resolved.push_str(rest);
        (resolved.len() <= 2 * MAX_VALUE).then_some(resolved)
    }
}

/// The variables of an `ARG`: `NAME`, `NAME=VALUE`, several of them.
pub(super) fn of_arg(arguments: &str) -> Vec<Assignment> {
    words(arguments).into_iter().map(assignment).collect()
}

/// The variables of an `ENV`: `NAME=VALUE ...`, or `NAME VALUE`.
pub(super) fn of_env(arguments: &str) -> Vec<Assignment> {
    let (first, rest) = arguments.trim().split_once(char::is_whitespace).unwrap_or((arguments.trim(), ""));
    if first.contains('=') {
        return of_arg(arguments);
    }
    vec![Assignment { name: first.to_owned(), value: Some(rest.trim().to_owned()) }]
}

fn assignment(word: String) -> Assignment {
    match word.split_once('=') {
        Some((name, value)) => Assignment { name: name.to_owned(), value: Some(value.to_owned()) },
        None => Assignment { name: word, value: None },
    }
}

/// Words between white space, without their quotation marks.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (Some(open), character) if open == character => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}
