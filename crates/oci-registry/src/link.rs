//! Reading `Link: <...>; rel="next"`.

use artifact_http::{HeaderMap, header};

/// The target of the first link whose relation is `next` (RFC 8288).
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::LINK).iter();
    values.filter_map(|value| value.to_str().ok()).find_map(next_in)
}

fn next_in(value: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        // Parameters reach to the next target; a comma inside a quoted value does no harm, as `<` is what counts.
        let parameters = after.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (value, expected) in [
            (r#"</v2/a/tags/list?last=b&n=2>; rel="next""#, Some("/v2/a/tags/list?last=b&n=2")),
            ("</x>;rel=next", Some("/x")),
            ("</x>; title=\"a\"; REL=\"prev Next\"", Some("/x")),
            (r#"</p>; rel="prev", </n>; rel="next""#, Some("/n")),
            (r#"</p>; rel="prev""#, None),
            ("</x>", None),
            ("rel=next", None),
            ("<x", None),
            ("", None),
        ] {
            assert_eq!(next_in(value).as_deref(), expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(value in r#"[<>;,="a-z ]{0,40}"#) {
            next_in(&value);
        }
    }
}
