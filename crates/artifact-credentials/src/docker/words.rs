//! What a failed helper said, as far as it may be shown.

use artifact_source::redact_url;

/// The longest line that is shown, in characters.
const LONGEST: usize = 200;
const MASK: &str = "***";

/// The first line of what a helper said, without anything that may be a secret.
///
/// Nobody knows what a program that failed has written, so this errs on the side of silence: whatever looks like JSON is an
/// answer and no complaint, and is not shown at all; credentials in URLs, values after `password`, `token` and
/// their like, and long words of letters and digits are masked.
pub(super) fn presentable(said: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    if text.contains(['{', '}']) || text.contains("-----BEGIN") {
        return None;
    }
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut shown = String::new();
    let mut conceal = Conceal::Nothing;
    for word in line.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(&conceal.apply(word));
        if shown.len() > 4 * LONGEST {
            break;
        }
    }
    let shown: String = shown.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    (!shown.is_empty()).then_some(shown)
}

/// What is to be done about the word that comes next.
#[derive(Clone, Copy)]
enum Conceal {
    Nothing,
    /// A word such as `password` was read; `is` may come between.
    Value,
}

impl Conceal {
    fn apply(&mut self, word: &str) -> String {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        if matches!(self, Self::Value) && !matches!(bare.to_ascii_lowercase().as_str(), "is" | "was" | "") {
            *self = if names_secret(bare) { Self::Value } else { Self::Nothing };
            return MASK.to_owned();
        }
        // A pair in one word: `token=abc`, `Authorization:abc`.
        if let Some((name, value)) = word.split_once(['=', ':'])
            && names_secret(name)
        {
            *self = if value.is_empty() { Self::Value } else { Self::Nothing };
            return if value.is_empty() { word.to_owned() } else { format!("{name}={MASK}") };
        }
        if names_secret(bare) {
            *self = Self::Value;
            return word.to_owned();
        }
        let word = if word.contains("://") { redact_url(word) } else { word.to_owned() };
        mask_long_runs(&word)
    }
}

/// Whether a word names what must not be shown.
fn names_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let names = ["password", "passwd", "passphrase", "secret", "token", "bearer", "basic", "authorization"];
    names.iter().any(|name| word.ends_with(name)) || word.ends_with("key")
}

/// Masks runs of letters and digits that no word of a language is made of.
fn mask_long_runs(word: &str) -> String {
    let in_run = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '_' | '=' | '-');
    let mut masked = String::new();
    for run in word.split_inclusive(|letter: char| !in_run(letter)) {
        let (core, end) = match run.char_indices().next_back() {
            Some((index, last)) if !in_run(last) => run.split_at(index),
            _ => (run, ""),
        };
        let is_long = core.len() >= 16 && core.bytes().any(|byte| byte.is_ascii_digit());
        masked.push_str(if is_long || core.len() >= 32 { MASK } else { core });
        masked.push_str(end);
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, shown: Option<&str>) {
        assert_eq!(presentable(said.as_bytes()).as_deref(), shown, "{said}");
    }

    #[test]
    fn a_complaint_is_shown() {
        check(
            "\n  gpg: decryption failed: No such file or directory\nmore\n",
            Some("gpg: decryption failed: No such file or directory"),
        );
        check("no valid credential sources found", Some("no valid credential sources found"));
        check("", None);
        check(" \n\t\n", None);
        check("a\u{1b}[31mred", Some("a[31mred"));
        check(&"ab ".repeat(200), Some("ab ".repeat(67).get(..200).unwrap()));
    }

    #[test]
    fn a_secret_is_not() {
        check(r#"{"Username":"me","Secret":"hunter2"}"#, None);
        check("-----BEGIN RSA PRIVATE KEY-----\nhunter2", None);
        check("password=hunter2", Some("password=***"));
        check("the password is hunter2", Some("the password is ***"));
        check("Password: hunter2 now", Some("Password: *** now"));
        check("Authorization: Bearer hunter2", Some("Authorization: *** ***"));
        check("AWS_SECRET_ACCESS_KEY=hunter2", Some("AWS_SECRET_ACCESS_KEY=***"));
        check("at https://me:hunter2@ghcr.io/v2", Some("at https://ghcr.io/v2"));
        check("got ghp_16C7e42F292c6912E7710c838347Ae178B4a", Some("got ***"));
        check("got eyJhbGciOi.eyJpc3MiOiJqb2UiLA0KICJleHAi.x", Some("got eyJhbGciOi.***.x"));
    }
}
