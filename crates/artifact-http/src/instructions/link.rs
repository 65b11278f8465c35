//! Reading `Link` ([RFC 8288]).
//!
//! [RFC 8288]: https://www.rfc-editor.org/rfc/rfc8288

use http::HeaderValue;

/// The header follows neither the standard nor a known deviation: it is unknown whether there is a next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One link of the header.
#[derive(Debug, Default, PartialEq, Eq)]
struct Link {
    target: String,
    /// The relation types of the first `rel`, in lower case; `None` where there is none.
    relations: Option<Vec<String>>,
    /// Whether another `rel` names other relations.
    is_contradictory: bool,
}

impl Link {
    /// Whether the relations say that the target is something else than the next page.
    fn leads_elsewhere(&self) -> bool {
        let is_known = |relation: &String| KNOWN_RELATIONS.contains(&relation.as_str());
        !self.is_contradictory && self.relations.iter().flatten().all(is_known)
    }
}

/// The registered relations of the pages of a list, and of what else is linked to in headers
/// (<https://www.iana.org/assignments/link-relations>).
const KNOWN_RELATIONS: [&str; 37] = [
    "about",
    "alternate",
    "author",
    "bookmark",
    "canonical",
    "collection",
    "contents",
    "current",
    "deprecation",
    "describedby",
    "dns-prefetch",
    "edit",
    "first",
    "help",
    "icon",
    "index",
    "last",
    "latest-version",
    "license",
    "modulepreload",
    "preconnect",
    "prefetch",
    "preload",
    "prerender",
    "prev",
    "previous",
    "related",
    "search",
    "self",
    "service-desc",
    "service-doc",
    "start",
    "status",
    "stylesheet",
    "sunset",
    "type",
    "up",
];

/// The targets of the links whose relation is `next`, each once. Where no link has that relation, those of the links without any relation,
/// and of those with an unknown one that `may_be_page` says may be a page of the list, such as `rel="next,"`.
///
/// Servers that write the target without angle brackets, single quotes, or no `rel` at all are understood, and so are parameters in
/// other encodings than UTF-8. A header that cannot be read is an error unless another link is the next one: it may be the one to the next page.
pub(crate) fn next<'a>(
    values: impl IntoIterator<Item = &'a HeaderValue>,
    may_be_page: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Malformed> {
    let (mut next, mut unrelated, mut malformed) = (Vec::new(), Vec::new(), false);
    for value in values {
        let text = String::from_utf8_lossy(value.as_bytes());
        let mut links = Links { rest: &text };
        loop {
            let link = match links.read() {
                Ok(None) => break,
                Ok(Some(link)) => link,
                Err(Malformed) => {
                    malformed = true;
                    break;
                }
            };
            let targets = match &link.relations {
                Some(relations) if relations.iter().any(|relation| relation == "next") => &mut next,
                Some(_) if link.leads_elsewhere() || !may_be_page(&link.target) => continue,
                _ => &mut unrelated,
            };
            let target = link.target;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    match next.is_empty() {
        false => Ok(next),
        true if malformed => Err(Malformed),
        true => Ok(unrelated),
    }
}

/// The links of one header value, one after the other.
struct Links<'a> {
    rest: &'a str,
}

impl Links<'_> {
    fn read(&mut self) -> Result<Option<Link>, Malformed> {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
        if self.rest.is_empty() {
            return Ok(None);
        }
        let target = if let Some(after) = self.rest.strip_prefix('<') {
            let (target, after) = after.split_once('>').ok_or(Malformed)?;
            self.rest = after;
            target
        } else {
            // Quay once left the angle brackets out. Only a target that parameters follow can be told from noise.
            let (target, _) = self.rest.split_once(';').ok_or(Malformed)?;
            if target.trim().is_empty() || target.contains(['<', '>', '"', ',', ' ']) {
                return Err(Malformed);
            }
            self.rest = &self.rest[target.len()..];
            target
        };
        // A target in another encoding cannot be followed.
        if target.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Malformed);
        }
        let mut link = Link { target: target.trim().to_owned(), ..Link::default() };
        loop {
            self.skip_spaces();
            match self.rest.chars().next() {
                None | Some(',') => return Ok(Some(link)),
                Some(';') => self.rest = &self.rest[1..],
                Some(_) => return Err(Malformed),
            }
            self.skip_spaces();
            let end = self.rest.find(|letter: char| !is_token(letter)).unwrap_or(self.rest.len());
            let (name, after) = self.rest.split_at(end);
            self.rest = after;
            self.skip_spaces();
            let value = match self.rest.strip_prefix('=') {
                Some(value) => {
                    self.rest = value;
                    self.skip_spaces();
                    self.value()?
                }
                None => String::new(),
            };
            if name.eq_ignore_ascii_case("rel") {
                let relations = value.split(|letter: char| letter.is_whitespace() || letter == '\'');
                let relations = relations.filter(|relation| !relation.is_empty());
                let relations: Vec<_> = relations.map(str::to_ascii_lowercase).collect();
                // Only the first `rel` counts (section 3.3), but not to end a list.
                match &link.relations {
                    Some(first) => link.is_contradictory |= *first != relations,
                    None => link.relations = Some(relations).filter(|relations| !relations.is_empty()),
                }
            }
        }
    }

    /// A token or a quoted string.
    fn value(&mut self) -> Result<String, Malformed> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            // More than a token may have: relations can be URIs, and some servers do not quote them.
            let end = self.rest.find([';', ',', ' ', '\t', '"', '<', '>']).unwrap_or(self.rest.len());
            let (value, after) = self.rest.split_at(end);
            self.rest = after;
            return Ok(value.to_owned());
        };
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        while let Some((position, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = &quoted[position + 1..];
                    return Ok(value);
                }
                '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
                _ => value.push(letter),
            }
        }
        Err(Malformed)
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }
}

fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next<'a>(values: impl IntoIterator<Item = &'a HeaderValue>) -> Result<Vec<String>, Malformed> {
        super::next(values, |target| target.starts_with("/v2/a/tags/list"))
    }

    #[track_caller]
    fn check(values: &[&str], expected: Result<Option<&str>, Malformed>) {
        let headers: Vec<_> =
            values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap()).collect();
        assert_eq!(
            next(&headers),
            expected.map(|next| next.into_iter().map(str::to_owned).collect()),
            "{values:?}"
        );
    }

    #[test]
    fn what_the_standard_allows() {
        let page = "/v2/a/tags/list?last=b&n=2";
        check(&[&format!(r#"<{page}>; rel="next""#)], Ok(Some(page)));
        check(&[&format!("<{page}>;rel=next")], Ok(Some(page)));
        check(&[&format!("<{page}>  ;\t REL = Next ")], Ok(Some(page)));
        check(&[&format!(r#"<{page}>; rel="prev NEXT""#)], Ok(Some(page)));
        check(&[&format!(r#"<{page}>; title="a; rel=\"prev\", b"; rel="next"; type="x""#)], Ok(Some(page)));
        check(&[&format!(r#"<{page}>; title*=UTF-8''a%20b; rel=next; flag"#)], Ok(Some(page)));
        check(&[&format!(r#"<{page}>;; rel=next;"#)], Ok(Some(page)));
        check(&[&format!(r#"<{page}>; rel="next"; rel="prev""#)], Ok(Some(page)));
        check(&[&format!(r#"</p>; rel="prev", <{page}>; rel="next""#)], Ok(Some(page)));
        check(&[r#"</p>; rel="prev""#, &format!(r#", , <{page}>; rel="next","#)], Ok(Some(page)));
        check(&["<?last=a,b;c&n=2>; rel=next"], Ok(Some("?last=a,b;c&n=2")));
        check(&["< /x >; rel=next"], Ok(Some("/x")));
        check(&["<>; rel=next"], Ok(Some("")));
        check(&[r#"</p>; rel="prev""#], Ok(None));
        check(&["</p>; rel=https://example.com/next"], Ok(None));
        check(&[r#"</p>; rel="prev"; rel="next""#], Ok(None));
        check(&[r#"</p>; title="x, </y>; rel=next"; rel=prev"#], Ok(None));
        check(&["</style.css>; rel=preload; as=style"], Ok(None));
        check(&["", " , "], Ok(None));
        check(&[], Ok(None));
    }

    #[test]
    fn what_careless_servers_write() {
        check(
            &[r#"/v2/a/tags/list?next_page=g%3D&n=50; rel="next""#],
            Ok(Some("/v2/a/tags/list?next_page=g%3D&n=50")),
        );
        check(&["</x>; rel='next'"], Ok(Some("/x")));
        check(&["</x>"], Ok(Some("/x")));
        check(&["</x>; rel", "</x>; rel=\"\"", "</x>; rel="], Ok(Some("/x")));
        check(&["</x>; title=y", "</x>"], Ok(Some("/x")));
        check(&["</x>, </p>; rel=prev"], Ok(Some("/x")));
        check(&["</x>; rel=next, </y"], Ok(Some("/x")));
    }

    #[test]
    fn what_may_be_a_page_and_has_an_unknown_relation_is_followed() {
        let page = "/v2/a/tags/list?last=b";
        for rel in [
            "\"next,\"",
            "\"next;\"",
            "\"next/\"",
            "\"next,last\"",
            "next|last",
            "%22next%22",
            "&quot;next&quot;",
            "\"&quot;next&quot;\"",
            "`next`",
            "(next)",
            "\u{201c}next\u{201d}",
            r#""\"next\"""#,
            "nextpage",
            "next-page",
            "\"prev next-page\"",
            "https://example.com/next",
            r#""last"; rel="next""#,
            "last; rel=next",
            "prev; rel=",
        ] {
            check(&[&format!("<{page}>; rel={rel}")], Ok(Some(page)));
            check(&[&format!("</p>; rel=prev, <{page}>; rel={rel}")], Ok(Some(page)));
            check(&[&format!("<{page}>; rel={rel}, </x>; rel=next")], Ok(Some("/x")));
        }
        for rel in ["prev", "first", "LAST", "\"self up\"", "previous", "canonical", "first; rel=first"] {
            check(&[&format!("<{page}>; rel={rel}")], Ok(None));
        }
        check(&["</style.css>; rel=nextpage"], Ok(None));
        check(&["</x>; rel=\"\u{a0}next\""], Ok(Some("/x")));
        let latin = HeaderValue::from_bytes(b"</v2/a/tags/list>; rel=\"\xa0next\"").unwrap();
        assert_eq!(next([&latin]), Ok(vec!["/v2/a/tags/list".to_owned()]));
    }

    #[test]
    fn what_cannot_be_read_is_no_end_of_a_list() {
        for value in [
            "</x",
            "</x; rel=next",
            "x",
            "rel=next",
            "; rel=next",
            "</x> rel=next",
            r#"</x>; rel="next"#,
            r#"</x>; rel="nex"t"#,
            r#"</p>; rel=prev; </x>; rel=next"#,
            "a b; rel=next",
            "\u{1F600}",
        ] {
            check(&[value], Err(Malformed));
        }
        let latin = HeaderValue::from_bytes(b"</\xff>; rel=next").unwrap();
        assert_eq!(next([&latin]), Err(Malformed));
        check(&["</x>; rel=next, </x>; rel=next"], Ok(Some("/x")));
    }

    #[test]
    fn several_next_links_are_all_given() {
        #[track_caller]
        fn check(value: &str, expected: &[&str]) {
            let value = HeaderValue::from_str(value).unwrap();
            assert_eq!(next([&value]).unwrap(), expected);
        }
        check("</x>; rel=next, </y>; rel=next, </x>; rel=next", &["/x", "/y"]);
        check("</x>, </y>, </x>", &["/x", "/y"]);
        check("</x>, </y>; rel=next", &["/y"]);
    }

    #[test]
    fn a_parameter_in_another_encoding_spoils_nothing() {
        let latin = HeaderValue::from_bytes(b"</x>; title=\"p\xe4ge\"; rel=next").unwrap();
        assert_eq!(next([&latin]), Ok(vec!["/x".to_owned()]));
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(value in r#"[<>;,="a-z \\]{0,40}"#) {
            let _ = next([&HeaderValue::from_str(&value).unwrap()]);
        }

        /// Wherever a header breaks off before the relation is complete, the list has no end there.
        #[test]
        fn a_header_that_breaks_off_never_ends_a_list(cut in 1usize..40, quoted: bool) {
            let whole = if quoted { r#"</v2/a/tags/list?last=b&n=2>; rel="next""# } else { "</v2/a/tags/list?last=b&n=2>; rel=next" };
            let cut = &whole[..cut.min(whole.len())];
            let read = next([&HeaderValue::from_str(cut).unwrap()]);
            proptest::prop_assert!(!matches!(&read, Ok(next) if next.is_empty()), "{} {:?}", cut, read);
        }

        #[test]
        fn the_next_link_is_found_in_every_spelling(
            before in proptest::collection::vec("(</p>; ?rel=\"(prev|first|last)\"(; title=\"[a-z,;<>]{0,8}\")?)", 0..3),
            target in "[a-z0-9/?&=,;:%._-]{0,30}",
            spaces in "[ \t]{0,3}",
            rel in "(rel|REL|Rel)",
            value in "(next|NEXT|\"next\"|\"first next\"|\"NEXT\"|'next')",
            in_one: bool,
        ) {
            let link = format!("<{target}>{spaces};{spaces}{rel}{spaces}={spaces}{value}");
            let mut links = before;
            links.push(link);
            let values = if in_one { vec![links.join(", ")] } else { links };
            let headers: Vec<_> = values.iter().map(|value| HeaderValue::from_str(value).unwrap()).collect();
            proptest::prop_assert_eq!(next(&headers), Ok(vec![target]));
        }
    }
}
