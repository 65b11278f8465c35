//! Values that are none yet: variables, templates and placeholders.

/// What to do about a placeholder.
const FILL_IN: &str = "put the real value in place of the <placeholder>";

/// What to do about a value that is not one yet: a variable, a template, a placeholder.
pub(crate) fn unfilled(name: &str, text: &str) -> Option<&'static str> {
    let is_placeholder = || {
        let (_, after) = text.split_once('<')?;
        let (inside, _) = after.split_once('>')?;
        inside.contains(char::is_alphabetic).then_some(FILL_IN)
    };
    unrendered(name, text).or_else(is_placeholder)
}

/// The same of an expression, a pattern or a constraint, in which `<` and `>` have meanings of their own. Of several remedies, the one with an edit counts.
pub(crate) fn unfilled_rule(name: &str, text: &str, has_edit: bool) -> Option<&'static str> {
    let is_placeholder =
        || !has_edit && placeholder_in_pattern(text).is_some_and(|part| part.starts_with('<'));
    unrendered(name, text).or_else(|| is_placeholder().then_some(FILL_IN))
}

/// What to do about a variable or a template.
fn unrendered(name: &str, text: &str) -> Option<&'static str> {
    if text.contains("${{") {
        return Some(match name {
            "expression" | "expressionFilter" => {
                "leave `${{` and `}}` out and write what is between them: the whole field is an expression"
            }
            _ => "write the value itself: `${{ }}` is not evaluated in a Warehouse",
        });
    }
    if text.contains("{{") {
        return Some("render the template first, for example with `helm template`");
    }
    // `$1.0` and `$(a` are none.
    let is_name = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_variable = text.split_once("${").is_some_and(|(_, rest)| is_name(rest))
        || text.strip_prefix('$').is_some_and(is_name)
        || text.starts_with("$(") && text.ends_with(')');
    is_variable.then_some("fill in the variable first, for example with `envsubst`")
}

/// The part of a text that was never filled in: `<name>`, `${NAME}`, `$NAME` or `{{ name }}`.
pub(crate) fn placeholder(text: &str) -> Option<&str> {
    let between = |open: &str, close: &str| {
        let start = text.find(open)?;
        let end = text.get(start..)?.find(close)? + close.len();
        text.get(start..start + end)
    };
    let is_named = |part: &&str| part.contains(char::is_alphabetic);
    let variable = || {
        text.match_indices('$').find_map(|(at, _)| {
            let rest = text.get(at + 1..)?;
            let length = rest
                .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .unwrap_or(rest.len());
            rest.starts_with(|first: char| first.is_ascii_alphabetic())
                .then(|| text.get(at..at + 1 + length))?
        })
    };
    between("{{", "}}")
        .filter(is_named)
        .or_else(|| between("${", "}").filter(is_named))
        .or_else(|| between("<", ">").filter(is_named))
        .or_else(variable)
}

/// The part of an address that is a word which examples have in place of a name.
pub(crate) fn example_word(text: &str) -> Option<&str> {
    const WORDS: &[&str] = &[
        "changeme",
        "change-me",
        "change_me",
        "replaceme",
        "replace-me",
        "replace_me",
        "your-org",
        "your-repo",
    ];
    let is_example = |word: &&str| {
        let lower = word.to_ascii_lowercase();
        let lower = lower.strip_suffix(".git").unwrap_or(&lower);
        WORDS.contains(&lower) || lower.starts_with("your_") || lower.starts_with("your-user")
    };
    text.split(['/', ':', '@']).find(is_example)
}

/// The part of a pattern that was never filled in. `(?P<name>...)`, `a{2}` and `\$(a)` are parts of expressions.
pub(crate) fn placeholder_in_pattern(pattern: &str) -> Option<&str> {
    let inside = |open: &str, close: &str| {
        let start = pattern.find(open)?;
        let rest = pattern.get(start + open.len()..)?;
        let end = rest.find(close)?;
        let inside = rest.get(..end)?;
        // `<2 and >1` are comparisons.
        let name = if open == "<" { inside } else { inside.trim() };
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._- ".contains(&byte));
        let is_group = pattern.get(..start).is_some_and(|before| before.ends_with(['?', 'P', '\\']));
        let is_named = is_name && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '.');
        (is_named && !name.ends_with(' ') && !is_group)
            .then(|| pattern.get(start..start + open.len() + end + close.len()))?
    };
    inside("{{", "}}")
        .or_else(|| inside("${", "}"))
        .or_else(|| inside("$(", ")"))
        .or_else(|| inside("<", ">"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        for (text, part) in [
            ("https://github.com/<your-org>/x", Some("<your-org>")),
            ("https://github.com/${ORG}/x", Some("${ORG}")),
            ("git@github.com:$ORG/x.git", Some("$ORG")),
            ("oci://h/{{ .Values.x }}", Some("{{ .Values.x }}")),
            ("https://h/a$b", Some("$b")),
            ("https://h/a$", None),
            ("https://h/a", None),
        ] {
            assert_eq!(placeholder(text), part, "{text}");
        }
        for (text, word) in [
            ("https://github.com/your-org/your-repo.git", Some("your-org")),
            ("ghcr.io/YOUR_ORG/app", Some("YOUR_ORG")),
            ("ghcr.io/REPLACE_ME/app", Some("REPLACE_ME")),
            ("https://github.com/a/changeme.git", Some("changeme.git")),
            ("https://github.com/your/app", None),
            ("https://github.com/a/your-app", None),
        ] {
            assert_eq!(example_word(text), word, "{text}");
        }
        for (pattern, part) in [
            ("^${TAG}$", Some("${TAG}")),
            ("^{{ .tag }}", Some("{{ .tag }}")),
            ("<tag>", Some("<tag>")),
            ("(?P<major>v[0-9]+)", None),
            ("(?<major>v[0-9]+)", None),
            ("a{2}$", None),
            ("^v[0-9]{1,3}$", None),
        ] {
            assert_eq!(placeholder_in_pattern(pattern), part, "{pattern}");
        }
    }
}
