//! No secret is shown, whichever encoding it is in.

use std::error::Error as _;
use std::time::{Duration, Instant};

use super::fixture::{Disturbance, Fixture};
use super::report::{Check, Checked, Violation};
use crate::{ArtifactSource, DiscoverRequest, Error, Recorder};

/// None of the [secrets](Fixture::secrets) stands in what the source shows: its id, `Debug` and `Display`, its trace and warnings, its observation and
/// artifacts.
///
/// A secret is found as it is, with the escapes of `Debug`, percent-encoded (once or twice), in hex, as a list of bytes, and in Base64: alone or within a longer text
/// such as the `user:password` of Basic, in either alphabet, with padding or without.
///
/// # Errors
///
/// Where a secret stands, and in which encoding. The secret is not in the message.
pub async fn no_secret_is_shown<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("no_secret_is_shown");
    let Some(secrets) = secrets(fixture) else { return Ok(Checked::NotChecked(NO_SECRETS)) };
    let source = fixture.source().await;
    let recorder = Recorder::new();
    let found = check.found(source.discover(DiscoverRequest::new().with_trace(&recorder)).await)?;
    let observation = serde_json::to_string(&found.observation).unwrap_or_default();
    // The trace of a discovery that knows the observation may hold other warnings.
    let again = DiscoverRequest::new().with_previous(found.observation.as_ref()).with_trace(&recorder);
    check.answer(source.discover(again).await)?;
    for (part, text) in [
        ("id", format!("{:?}\n{}", source.id(), source.id())),
        ("Debug", format!("{source:?}\n{source:#?}")),
        ("Display", source.to_string()),
        ("trace", format!("{recorder:?}")),
        ("observation", format!("{:?}\n{observation}", found.observation)),
        ("artifacts", format!("{:?}", found.artifacts)),
    ] {
        check.is_free_of(&secrets, part, &text)?;
    }
    Ok(Checked::Kept)
}

/// None of the [secrets](Fixture::secrets) stands in an error: of a server that is unavailable, of one that is busy past the deadline, and of one that is silent until
/// the deadline.
///
/// # Errors
///
/// Where a secret stands, and in which encoding. The secret is not in the message.
pub async fn no_secret_is_in_an_error<F: Fixture>(fixture: &mut F) -> Result<Checked, Violation> {
    let check = Check("no_secret_is_in_an_error");
    let Some(secrets) = secrets(fixture) else { return Ok(Checked::NotChecked(NO_SECRETS)) };
    let mut checked = Checked::Kept;
    for (disturbance, missing) in [
        (Disturbance::Unavailable, "the server cannot be made unavailable"),
        (Disturbance::Busy, "the server cannot be made busy"),
        (Disturbance::Silent, "the server cannot be made silent"),
    ] {
        let warm = fixture.source().await;
        let found = check.found(warm.discover(DiscoverRequest::new()).await)?;
        let cold = fixture.source().await;
        if !fixture.disturb(Some(disturbance)).await {
            checked = Checked::NotChecked(missing);
            continue;
        }
        for (source, previous) in [(&warm, found.observation.as_ref()), (&cold, None)] {
            let recorder = Recorder::new();
            let deadline = Instant::now() + Duration::from_millis(300);
            let request = DiscoverRequest::new().with_previous(previous).with_trace(&recorder);
            if let Err(error) = source.discover(request.with_deadline(deadline)).await {
                check.is_free_of(&secrets, "error", &shown(&error))?;
            }
            check.is_free_of(&secrets, "trace", &format!("{recorder:?}"))?;
            check.is_free_of(&secrets, "Debug", &format!("{source:?}"))?;
        }
        fixture.disturb(None).await;
    }
    Ok(checked)
}

const NO_SECRETS: &str = "the source was given no secret";

fn secrets<F: Fixture>(fixture: &F) -> Option<Vec<String>> {
    let mut secrets = fixture.secrets();
    secrets.retain(|secret| !secret.is_empty());
    Some(secrets).filter(|secrets| !secrets.is_empty())
}

/// Everything of an error that a person may see.
fn shown(error: &Error) -> String {
    let mut shown = format!(
        "{error}\n{error:?}\n{error:#?}\n{}\n{}\n{}\n{}",
        error.message(),
        error.hint().unwrap_or_default(),
        error.server_message().unwrap_or_default(),
        error.url().unwrap_or_default()
    );
    let mut cause = error.source();
    while let Some(error) = cause {
        shown.push_str(&format!("\n{error}\n{error:?}"));
        cause = error.source();
    }
    shown
}

impl Check {
    fn is_free_of(&self, secrets: &[String], part: &str, text: &str) -> Result<(), Violation> {
        match secrets.iter().find_map(|secret| encoding(text, secret)) {
            Some(encoding) => self.broken(format!("a secret is in its {part}, {encoding}")),
            None => Ok(()),
        }
    }
}

/// How the secret stands in the text; `None` where it does not.
fn encoding(text: &str, secret: &str) -> Option<&'static str> {
    if text.contains(&*secret.escape_debug().to_string())
        || text.contains(&*secret.escape_default().to_string())
    {
        return Some("as it is");
    }
    let list: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
    let without_blanks: String = text.split_whitespace().collect();
    if secret.len() > 3 && without_blanks.contains(&list.join(",")) {
        return Some("as a list of bytes");
    }
    let mut view = text.as_bytes().to_vec();
    for round in 0..3 {
        if holds(&view, secret.as_bytes()) {
            return Some(if round == 0 { "as it is" } else { "percent-encoded" });
        }
        if runs(&view, sextet).any(|run| (0..4).any(|at| holds(&joined(&run, at, 6), secret.as_bytes()))) {
            return Some("in Base64");
        }
        if runs(&view, nibble).any(|run| (0..2).any(|at| holds(&joined(&run, at, 4), secret.as_bytes()))) {
            return Some("in hex");
        }
        view = percent_decoded(&view);
    }
    None
}

fn holds(text: &[u8], secret: &[u8]) -> bool {
    text.windows(secret.len()).any(|window| window == secret)
}

/// The values of each run of characters that have one.
fn runs(text: &[u8], value: fn(u8) -> Option<u8>) -> impl Iterator<Item = Vec<u8>> {
    text.split(move |byte| value(*byte).is_none())
        .filter(|run| !run.is_empty())
        .map(move |run| run.iter().copied().filter_map(value).collect())
}

/// The whole bytes in these values of so many bits each, from this one on.
fn joined(values: &[u8], from: usize, bits: u32) -> Vec<u8> {
    let (mut bytes, mut buffer, mut held) = (Vec::new(), 0u32, 0);
    for value in values.iter().skip(from) {
        buffer = (buffer << bits | u32::from(*value)) & 0xffff;
        held += bits;
        if held >= 8 {
            held -= 8;
            bytes.push((buffer >> held & 0xff) as u8);
        }
    }
    bytes
}

/// The value of a character of Base64, in either alphabet (RFC 4648, sections 4 and 5).
fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let pair = match after {
            [high, low, ..] if byte == b'%' => nibble(*high).zip(nibble(*low)),
            _ => None,
        };
        let (byte, consumed) = pair.map_or((byte, 0), |(high, low)| (high << 4 | low, 2));
        decoded.push(byte);
        rest = after.get(consumed..).unwrap_or_default();
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let secret = "hunter2/\"S\"";
        for (text, expected) in [
            ("nothing", None),
            ("hunter2", None),
            ("x hunter2/\"S\" y", Some("as it is")),
            (r#"password: "hunter2/\"S\"""#, Some("as it is")),
            ("hunter2%2F%22S%22", Some("percent-encoded")),
            ("hunter2%2f%22%53%22", Some("percent-encoded")),
            ("hunter2%252F%2522S%2522", Some("percent-encoded")),
            ("aHVudGVyMi8iUyI=", Some("in Base64")),
            // `me:` and `you:` before it, which shift the alignment; with other text beside it, and percent-encoded.
            ("Basic bWU6aHVudGVyMi8iUyI=", Some("in Base64")),
            ("Basic eW91Omh1bnRlcjIvIlMi", Some("in Base64")),
            ("x/y-bWU6aHVudGVyMi8iUyI", Some("in Base64")),
            ("bWU6aHVudGVyMi8iUyI%3D", Some("in Base64")),
            ("68756e746572322f225322", Some("in hex")),
            ("a68756E746572322F225322", Some("in hex")),
            ("[104, 117, 110,\n 116, 101, 114, 50, 47, 34, 83, 34]", Some("as a list of bytes")),
        ] {
            assert_eq!(encoding(text, secret), expected, "{text}");
        }
    }
}
