//! What to do about an error, in the words of the command: its options, and never the settings of the library.

use std::error::Error as StdError;

use artifact_source::{Error, Remedy, SourceKind};

/// What marks a setting of the library in a hint that names no typed remedy.
const OF_LIBRARY: &str = "EgressPolicy::";

/// What to do about an error.
pub(crate) fn hint_of(error: &Error) -> Option<String> {
    let words = match error.remedy() {
        Some(Remedy::PermitAddress) => Some("`--egress-allow` permits a host or a network".to_owned()),
        Some(Remedy::PermitProtocol(name)) => Some(format!("`--egress-allow {name}` permits it")),
        Some(Remedy::PermitTokenService(host)) => Some(format!(
            "the registry names {host}, which would get its credential: check that this host gives the tokens for the registry, and if it does, `--egress-allow realm={host}` permits it"
        )),
        Some(Remedy::TellPrivateFailures) => Some(
            "is the URL right, and is the server up? `--egress cluster` does not tell what becomes of a connection to a private address".to_owned(),
        ),
        Some(Remedy::PlainHttp(host)) => plain_http(error, host),
        _ => None,
    };
    words.or_else(|| error.hint().and_then(without_settings))
}

/// The same for an error of another crate that such an error caused, if its remedy is known.
fn hint_of_cause(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(known) = cause.downcast_ref::<Error>().filter(|known| known.remedy().is_some()) {
            return hint_of(known);
        }
        next = cause.source();
    }
    None
}

/// What to do about an error of a chart's or a release's.
pub(crate) fn hint_of_chart(error: &chart_release::Error) -> Option<String> {
    hint_of_cause(error).or_else(|| error.hint().map(|hint| hint.to_string()))
}

/// A server that may serve plain http: an option says so of a registry, the `repoURL` of every other server.
fn plain_http(error: &Error, host: &str) -> Option<String> {
    let is_registry = match error.id() {
        Some(id) => *id.kind() == SourceKind::Image || id.url().starts_with("oci://"),
        None => error.url().is_some_and(|url| url.contains("/v2/")),
    };
    Some(match is_registry {
        true => format!("if the registry serves plain http, `--plain-http {host}` uses it"),
        false => {
            format!("if the server serves plain http, write `http://{host}` at the start of the `repoURL`")
        }
    })
}

/// A hint without the parts that name a setting of the library.
fn without_settings(hint: &str) -> Option<String> {
    if !hint.contains(OF_LIBRARY) {
        return Some(hint.to_owned());
    }
    let mut parts = vec![String::new()];
    for word in hint.split_inclusive(' ') {
        if let Some(part) = parts.last_mut() {
            part.push_str(word);
        }
        if word.trim_end().ends_with(['?', ';', ':', ',']) {
            parts.push(String::new());
        }
    }
    parts.retain(|part| !part.contains(OF_LIBRARY));
    let kept = parts.concat();
    let kept = kept.trim().trim_end_matches([';', ':', ',']);
    Some(kept.to_owned()).filter(|kept| !kept.is_empty())
}

#[cfg(test)]
mod tests {
    use artifact_source::ErrorKind;

    use super::*;

    #[test]
    fn hints_name_options_of_the_command() {
        let error =
            || Error::new(ErrorKind::Refused, "x").with_hint("`EgressPolicy::allow_host` permits a host");
        for (error, expected) in [
            (error(), None),
            (
                error().with_remedy(Remedy::PermitAddress),
                Some("`--egress-allow` permits a host or a network"),
            ),
            (
                error().with_remedy(Remedy::PermitProtocol("ssh://")),
                Some("`--egress-allow ssh://` permits it"),
            ),
            (
                error()
                    .with_remedy(Remedy::PlainHttp("h:5000".to_owned()))
                    .with_url("https://h:5000/v2/a/tags/list"),
                Some("if the registry serves plain http, `--plain-http h:5000` uses it"),
            ),
            (
                error().with_remedy(Remedy::PlainHttp("h".to_owned())).with_url("https://h/index.yaml"),
                Some("if the server serves plain http, write `http://h` at the start of the `repoURL`"),
            ),
            (
                error().with_remedy(Remedy::PermitTokenService("h:5001".to_owned())),
                Some(
                    "the registry names h:5001, which would get its credential: check that this host gives the tokens for the registry, and if it does, `--egress-allow realm=h:5001` permits it",
                ),
            ),
            (Error::new(ErrorKind::Refused, "x").with_hint("a: b; c"), Some("a: b; c")),
            (
                Error::new(ErrorKind::Refused, "x")
                    .with_hint("may it be read? More is not told; `EgressPolicy::y(true)` tells it"),
                Some("may it be read? More is not told"),
            ),
        ] {
            assert_eq!(hint_of(&error).as_deref(), expected, "{error:?}");
        }
    }
}
