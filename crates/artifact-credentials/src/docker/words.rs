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

/// What is to be done about the words that come next.
#[derive(Clone, Copy)]
enum Conceal {
    Nothing,
    /// A word such as `token` was read: its value is a word, and `is` may come between.
    Word,
    /// A word such as `password` was read: its value may have blanks.
    Rest,
}

impl Conceal {
    /// What follows a word that is the name of a secret; nothing special for other words.
    fn after(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |names: &[&str]| names.iter().any(|secret| name.ends_with(secret));
        if ends(&["password", "passwd", "passphrase", "passcode", "secret"]) {
            Self::Rest
        } else if ends(&["token", "bearer", "basic", "authorization", "key", "auth"]) {
            Self::Word
        } else {
            Self::Nothing
        }
    }

    fn is_nothing(self) -> bool {
        matches!(self, Self::Nothing)
    }

    fn apply(&mut self, word: &str) -> String {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        if !self.is_nothing() && !matches!(bare.to_ascii_lowercase().as_str(), "is" | "was" | "") {
            if matches!(self, Self::Word) {
                *self = Self::after(bare);
            }
            return MASK.to_owned();
        }
        // How every JSON Web Token begins.
        if bare.starts_with("eyJ") {
            return MASK.to_owned();
        }
        let word = if word.contains("://") { redact_url(word) } else { word.to_owned() };
        // A pair in one word: `token=abc`, `user=me;password:abc`. What follows is a value, whatever it is.
        for (at, separator) in word.match_indices(['=', ':']) {
            let (name, value) = (&word[..at], &word[at + separator.len()..]);
            let after = Self::after(name);
            if after.is_nothing() {
                continue;
            }
            if value.is_empty() {
                *self = after;
                return word;
            }
            // `Authorization:Bearer abc`
            *self = if matches!(after, Self::Rest) { after } else { Self::after(value) };
            return format!("{}{separator}{MASK}", mask_long_runs(name));
        }
        if self.is_nothing() {
            *self = Self::after(bare);
        }
        mask_long_runs(&word)
    }
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
        check("the password is correct horse", Some("the password is *** ***"));
        check("password=correct horse", Some("password=*** ***"));
        check("Password: hunter2 now", Some("Password: *** ***"));
        check("Authorization: Bearer hunter2", Some("Authorization: *** ***"));
        check("Authorization:Bearer hunter2", Some("Authorization:*** ***"));
        check("AWS_SECRET_ACCESS_KEY=hunter2", Some("AWS_SECRET_ACCESS_KEY=***"));
        check("user=me,token=hunter2 now", Some("user=me,token=*** now"));
        check("--token hunter2 now", Some("--token *** now"));
        check("at https://me:hunter2@ghcr.io/v2", Some("at https://ghcr.io/v2"));
        check("at https://ghcr.io/?x=hunter2: 401", Some("at https://ghcr.io/?x=... 401"));
        check("got ghp_16C7e42F292c6912E7710c838347Ae178B4a", Some("got ***"));
        check("got eyJhbGciOi.eyJpc3MiOiJqb2UiLA0KICJleHAi.x", Some("got ***"));
    }
}
