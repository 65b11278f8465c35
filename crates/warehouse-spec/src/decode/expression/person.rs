//! Comparisons of an author, a committer or a tagger with a name or an address alone: each of them is `Name <address>`, and equal to neither.

use kargo_expr::NameUse;

use crate::decode::expression::unfinished::end_of_text;

/// The variables that hold a person.
pub(crate) const PERSONS: &[&str] = &["author", "committer", "tagger"];

/// A comparison that is never true, or always.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comparison<'t> {
    pub(crate) name: &'t str,
    /// The first text that the person is never equal to, in its quotation marks.
    pub(crate) text: &'t str,
    /// Where the comparison is.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What compares the name, or the address.
    pub(crate) instead: String,
}

/// A part of an expression that is no blank.
#[derive(Clone, Copy, Debug)]
struct Token<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Token<'t> {
    fn end(self) -> usize {
        self.start + self.text.len()
    }

    /// The inside of a text in quotation marks without an escape.
    fn literal(self) -> Option<&'t str> {
        let mark = self.text.chars().next().filter(|mark| matches!(mark, '\'' | '"' | '`'))?;
        let inside = self.text.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inside.contains('\\')).then_some(inside)
    }

    /// Whether it is a text that no person is equal to: a name or an address alone.
    fn is_part_of_person(self) -> bool {
        self.literal().is_some_and(|inside| !inside.trim().is_empty() && !inside.contains('<'))
    }
}

fn tokens(expression: &str) -> Vec<Token<'_>> {
    let is_sign = |letter: char| "=!<>&|".contains(letter);
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(rest) = expression.get(at..)
        && let Some(first) = rest.chars().next()
    {
        let all = |is: &dyn Fn(char) -> bool| rest.find(|letter| !is(letter)).unwrap_or(rest.len());
        let length = match first {
            '\'' | '"' | '`' => end_of_text(rest),
            _ if is_sign(first) => all(&is_sign),
            _ if is_word(first) => all(&is_word),
            _ => first.len_utf8(),
        };
        if !first.is_whitespace() {
            tokens.push(Token { start: at, text: &rest[..length] });
        }
        at += length;
    }
    tokens
}

/// The comparisons in an expression, in the order of the text.
pub(crate) fn comparisons<'t>(expression: &'t str, uses: &[NameUse], known: &[&str]) -> Vec<Comparison<'t>> {
    let tokens = tokens(expression);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_person = PERSONS.contains(&token.text) && known.contains(&token.text);
        let is_read =
            |used: &&NameUse| used.position == token.start && used.member.is_none() && !used.is_called;
        if !is_person || uses.iter().find(is_read).is_none() {
            continue;
        }
        found.extend(equality(&tokens, at).or_else(|| membership(expression, &tokens, at)));
    }
    found
}

/// `author == 'Bob'` and `'Bob' != author`.
fn equality<'t>(tokens: &[Token<'t>], at: usize) -> Option<Comparison<'t>> {
    let person = *tokens.get(at)?;
    let is_operator = |token: &&Token<'_>| matches!(token.text, "==" | "!=");
    let behind = || Some((tokens.get(at + 1).filter(is_operator)?, tokens.get(at + 2)?));
    let before =
        || Some((tokens.get(at.checked_sub(1)?).filter(is_operator)?, tokens.get(at.checked_sub(2)?)?));
    let (operator, text) =
        [behind(), before()].into_iter().flatten().find(|(_, text)| text.is_part_of_person())?;
    let compared = alone(person, *text)?;
    Some(Comparison {
        name: person.text,
        text: text.text,
        start: person.start.min(text.start),
        end: person.end().max(text.end()),
        instead: if operator.text == "!=" { format!("!({compared})") } else { compared },
    })
}

/// `author in ['Bob', 'Eve']`, also with `not`.
fn membership<'t>(expression: &str, tokens: &[Token<'t>], at: usize) -> Option<Comparison<'t>> {
    let person = *tokens.get(at)?;
    let is = |index: usize, word: &str| tokens.get(index).is_some_and(|token| token.text == word);
    let is_negated = is(at + 1, "not");
    let open = at + 2 + usize::from(is_negated);
    if !is(open - 1, "in") || !is(open, "[") {
        return None;
    }
    let length = tokens.get(open + 1..)?.iter().position(|token| token.text == "]")?;
    let items = tokens.get(open + 1..open + 1 + length)?;
    let texts: Vec<Token<'t>> = items.iter().step_by(2).copied().collect();
    let commas = items.iter().skip(1).step_by(2);
    if items.len() % 2 == 0 || commas.into_iter().any(|token| token.text != ",") {
        return None;
    }
    let first = texts.iter().find(|text| text.is_part_of_person())?;
    let parts: Option<Vec<String>> = texts.iter().map(|text| alone(person, *text)).collect();
    let parts = parts?;
    let negation = if is_negated { "!" } else { "" };
    let end = tokens.get(open + 1 + length)?.end();
    expression.get(person.start..end)?;
    Some(Comparison {
        name: person.text,
        text: first.text,
        start: person.start,
        end,
        instead: format!("{negation}({})", parts.join(" || ")),
    })
}

/// What compares a person with a text: with the whole, or with the part of it that the text is.
fn alone(person: Token<'_>, text: Token<'_>) -> Option<String> {
    let inside = text.literal()?;
    let mark = text.text.get(..1)?;
    let name = person.text;
    Some(match (text.is_part_of_person(), inside.contains('@')) {
        (false, _) => format!("{name} == {mark}{inside}{mark}"),
        (true, true) => format!("{name} endsWith {mark}<{inside}>{mark}"),
        (true, false) => format!("{name} startsWith {mark}{inside} <{mark}"),
    })
}
