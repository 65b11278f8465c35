//! The replacement for an invalid value: quotation marks where they are enough, and otherwise the value
//! that is probably intended, or an example.

pub(crate) mod alphabet;
pub(crate) mod ascii;
pub(crate) mod constraint;
pub(crate) mod foreign;
pub(crate) mod pattern;
pub(crate) mod placeholder;
pub(crate) mod selector;
pub(crate) mod style;

use std::time::Duration;

use go_compat::time::rfc3339_timestamp;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use repository_url::{is_tag, names_secret, redact};
use selection_strategies::{CommitSelectionStrategy, ImageSelectionStrategy, Platform, UnknownValue};

use crate::decode::expression::operator;
use crate::decode::remedy::pattern::List;
use crate::decode::remedy::style::Style;
use crate::diagnostic::Help;
use crate::repo_url::{self, BadUrl, RepositoryKind};
use crate::rule;
use crate::rule::nearest;
use crate::time::Interval;
use crate::warehouse::FreightCreationPolicy;
use crate::yaml::{Node, Scalar, ScalarKind, Value};

/// What a platform looks like.
pub(crate) const PLATFORM: &str =
    "write it like linux/amd64 or linux/arm/v7; leave `platform` out for images of any platform";

/// The fields whose texts may start with a bracket.
const BRACKETS: &[&str] = &[
    "allowTags",
    "allowTagsRegexes",
    "excludePaths",
    "expression",
    "expressionFilter",
    "ignoreTags",
    "ignoreTagsRegexes",
    "includePaths",
];

/// What to write in place of a word that a field does not take.
fn word(text: &str, unknown: &UnknownValue) -> Help {
    let expected: &[&str] = unknown.expected();
    // What strategies are called in the first releases and in other tools.
    let other = match text.to_ascii_lowercase().as_str() {
        "latest" | "newest" | "newest-build" => "NewestBuild",
        "alphabetical" | "name" => "Lexical",
        _ => "",
    };
    let other = expected.iter().copied().find(|name| *name == other);
    match other.or_else(|| nearest(text, expected)) {
        // Every word that a field takes is a text without quotation marks in YAML.
        Some(name) => Help::writing(format!("did you mean `{name}`?"), name).probable(),
        None => format!("write one of {}", expected.join(", ")).into(),
    }
}

impl Style {
    /// What to write in place of a word that a field does not take.
    pub(crate) fn word(self, text: &str, unknown: &UnknownValue) -> Help {
        word(text, unknown).only_if(!self.is_json)
    }

    /// What to do about this text in this field, which YAML took for something else: to quote it, where the field takes it.
    pub(crate) fn quote(self, field: &str, text: &str) -> Help {
        let name = field.split('[').next().unwrap_or_default();
        let other: Option<Help> = match name {
            "constraint" | "semverConstraint" if self.follows_tag => {
                (!is_tag(text)).then(|| rule::NAME_A_TAG.into())
            }
            "constraint" | "semverConstraint" => rule::constraint(text)
                .map(|_| constraint::meant(self, text).unwrap_or_else(|| self.constraint().into())),
            "branch" => (!rule::is_branch(text))
                .then(|| format!("write the name of a branch: {}", rule::BRANCH_NAME).into()),
            "allowTags" | "allowTagsRegexes" | "ignoreTagsRegexes" => {
                pattern::help(self, List::named(name), text)
            }
            "includePaths" | "excludePaths" => selector::help(self, name, text),
            "since" | "discoveredAt" => Some(self.moment(text)),
            "interval" => Some(self.interval(text)),
            "imageSelectionStrategy" => {
                text.parse::<ImageSelectionStrategy>().err().map(|unknown| self.word(text, &unknown))
            }
            "commitSelectionStrategy" => {
                text.parse::<CommitSelectionStrategy>().err().map(|unknown| self.word(text, &unknown))
            }
            "freightCreationPolicy" => {
                text.parse::<FreightCreationPolicy>().err().map(|unknown| self.word(text, &unknown))
            }
            "repoURL" => {
                let kinds = [RepositoryKind::Image, RepositoryKind::Git, RepositoryKind::Chart];
                (!kinds.iter().any(|kind| kind.fits(text))).then(|| "write the repository's URL".into())
            }
            "expression" | "expressionFilter" => {
                let are_criteria = name == "expression";
                let reason = if are_criteria { rule::criteria(text) } else { rule::filter(text) };
                reason.and_then(|_| operator::meant(self, text, are_criteria))
            }
            "platform" => text.parse::<Platform>().is_err().then(|| PLATFORM.into()),
            _ => None,
        };
        other.unwrap_or_else(|| {
            let form = self.quoted(text);
            Help::writing(format!("quote it: {form}"), form)
        })
    }

    /// What a version constraint looks like.
    pub(crate) fn constraint(self) -> String {
        match self.is_json {
            true => r#"write it like "^1.2.0", "~1.2", or ">=1.2 <2""#.to_owned(),
            false => "write it like ^1.2.0, ~1.2, or '>=1.2 <2'".to_owned(),
        }
    }

    /// What to do about a value of another type than this.
    pub(crate) fn of_type(self, (field, node): (&str, &Node), expected: &str) -> Help {
        let text = node.text().unwrap_or_default();
        let base = field.split('[').next().unwrap_or_default();
        let only = match &node.value {
            Value::List(items) => items.first().filter(|_| items.len() == 1),
            _ => None,
        };
        match expected {
            "a string" => {
                let written = node.written.as_deref().filter(|_| !names_secret(field));
                let help = written.map(|written| self.quote(field, written));
                match (help, only.and_then(Node::text)) {
                    (Some(help), Some(only))
                        if BRACKETS.contains(&base)
                            && !base.starts_with("expression")
                            && help.text.starts_with("quote it")
                            && !is_class(only)
                            && is_list_of(written, only) =>
                    {
                        let form = match base.contains("Tags") {
                            true => self.single_quoted(only),
                            false => self.form(only),
                        };
                        let brackets = help.text.trim_start_matches("quote it: ").to_owned();
                        Help::writing(
                            format!("write {form}, or {brackets} if the brackets belong to it"),
                            form,
                        )
                        .probable()
                    }
                    // Brackets may be a part of a pattern or of an expression.
                    (Some(help), _)
                        if only.is_none()
                            || BRACKETS.contains(&base) && help.text.starts_with("quote it") =>
                    {
                        help
                    }
                    // What is not shown cannot be copied.
                    (_, Some(only)) if redact(only) != only => "write it without the list around it".into(),
                    (_, Some(only))
                        if !names_secret(field) && self.quote(field, only).text.starts_with("quote it") =>
                    {
                        self.writing(only)
                    }
                    (help, _) => help.unwrap_or_else(|| "write one text in its place".into()),
                }
            }
            "true or false" => match text.to_ascii_lowercase().as_str() {
                "0" | "0.0" | "false" | "no" | "off" => Help::writing("write false", "false"),
                "1" | "1.0" | "true" | "yes" | "on" => Help::writing("write true", "true"),
                _ => "write true or false".into(),
            },
            "a whole number" => {
                match text.strip_suffix('.').unwrap_or(text.trim_end_matches('0').trim_end_matches('.')) {
                    number if text.contains('.') && number.parse::<i64>().is_ok() => {
                        Help::writing(format!("write {number}"), number)
                    }
                    _ => "write a number from 1 to 100".into(),
                }
            }
            "a mapping" => match only.map(|only| &only.value) {
                Some(Value::Mapping(_)) => "write its fields without a list around them",
                _ => "write its fields below it, indented, each as `name: value`",
            }
            .into(),
            _ => "write each on a line of its own below it, after `- `".into(),
        }
    }

    /// The moment in RFC 3339 that a text or a number stands for, or what one looks like.
    pub(crate) fn moment(self, text: &str) -> Help {
        match moment(text) {
            Some(moment) => self.writing(&moment).probable(),
            None => format!("write it like {}", self.form("2025-01-31T00:00:00Z")).into(),
        }
    }

    /// The duration that a text or a number stands for, or what one looks like.
    pub(crate) fn interval(self, text: &str) -> Help {
        let number = text.trim().parse::<u32>().ok().filter(|&number| number > 0);
        let of = |unit: &str| durations(&format!("{}{unit}", number?)).map(|text| self.form(&text));
        if let (Some(minutes), Some(seconds)) = (of("m"), of("s")) {
            return format!("write {minutes} for minutes, {seconds} for seconds").into();
        }
        match durations(text) {
            Some(duration) => self.writing(&duration),
            None => format!(
                "write numbers with `h`, `m` and `s`, such as {} or {}",
                self.form("5m0s"),
                self.form("1h30m")
            )
            .into(),
        }
    }
}

/// Whether the inside of brackets is the class of an expression, by a range or an escape in it or as one character, and no text of its own.
fn is_class(inside: &str) -> bool {
    let bytes = inside.as_bytes();
    let is_range = |part: &[u8]| part[1] == b'-' && part[0].is_ascii_alphanumeric() && part[0] < part[2];
    inside.contains('\\') || bytes.len() == 1 || bytes.len() == 3 && bytes.windows(3).any(is_range)
}

/// Whether a list is written with this one text alone.
fn is_list_of(written: Option<&str>, only: &str) -> bool {
    let inside = written.and_then(|written| written.strip_prefix('[')?.strip_suffix(']'));
    inside.is_some_and(|inside| inside.trim().trim_matches(['"', '\'']) == only)
}

/// The moment that a number of seconds or milliseconds, a year, a date or another form of a moment stands for. UTC where it
/// does not say.
fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    let moment = match text.parse::<u64>().ok().map(|number| (text.len(), number)) {
        Some((4, year @ 1970..=2100)) => midnight(Date::new(i16::try_from(year).ok()?, 1, 1).ok()?)?,
        Some((8, _)) => midnight(text.parse().ok()?)?,
        Some((9..=11, seconds)) => Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?,
        Some((12..=14, milliseconds)) => {
            Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()?
        }
        Some(_) => return None,
        None => text.parse().ok().or_else(|| utc(text.parse::<DateTime>().ok()?))?,
    };
    Some(moment.to_string()).filter(|text| rfc3339_timestamp(text).is_some())
}

fn midnight(date: Date) -> Option<Timestamp> {
    utc(date.to_datetime(jiff::civil::Time::midnight()))
}

fn utc(moment: DateTime) -> Option<Timestamp> {
    moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The sum of a row of numbers and units as they are written elsewhere (`5 min`, `1d 12h`, `PT5M`), in the form of Go.
fn durations(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let mut rest = lower.strip_prefix('p').unwrap_or(&lower).trim_start_matches('t').trim_start();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(end);
        let after = after.trim_start();
        let unit = &after[..after.find(|letter: char| !letter.is_alphabetic()).unwrap_or(after.len())];
        let (unit, after) = match unit.split_once('t') {
            // The `T` of ISO 8601 is between days and hours.
            Some(("d", _)) => ("d", &after[2..]),
            _ => (unit, &after[unit.len()..]),
        };
        let seconds = match unit {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
            "d" | "day" | "days" => 86_400.0,
            "w" | "week" | "weeks" => 604_800.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = after.trim_start_matches([' ', ',']);
    }
    let text = match total {
        Duration::ZERO => return None,
        // Go writes less than a second in a unit that the field does not take.
        total if total < Duration::from_secs(1) => format!("{}s", total.as_secs_f64()),
        total => Interval::try_from(total).ok()?.to_string(),
    };
    text.parse::<Interval>().is_ok().then_some(text)
}

/// The text of a node that is a text, or a list of one text.
pub(crate) fn repository_alone(node: &Node) -> Option<&str> {
    let node = match &node.value {
        Value::List(items) if node.misread.is_none() => items.first().filter(|_| items.len() == 1)?,
        _ => node,
    };
    let is_text = matches!(&node.value, Value::Scalar(Scalar { kind: ScalarKind::Text, .. }));
    node.text().filter(|text| is_text && node.misread.is_none() && !text.is_empty())
}

/// What to write in place of `image: ghcr.io/a/b` and the like. A chart of a repository has a name, which may be beside it.
pub(crate) fn of_type(style: Style, key: &str, url: &str, beside: Option<&str>) -> String {
    let key = if key == "helm" { "chart" } else { key };
    // What is not shown cannot be copied.
    if redact(url) != url {
        return format!("write `{key}` with fields of its own, the URL as its `repoURL`");
    }
    let below = format!("write `{key}:` and below it, indented,");
    let name = beside.map_or_else(|| "its `name`".to_owned(), |name| format!("`name: {}`", style.form(name)));
    let moved = if beside.is_some() { ", without the `name` beside it" } else { "" };
    if style.is_json {
        return in_json(style, key, url, beside);
    }
    let checked = RepositoryKind::of_type(key).map_or(Ok(()), |kind| kind.check(url));
    match checked {
        Ok(()) if key == "chart" && repo_url::is_classic(url) => {
            format!("{below} `repoURL: {}` and {name}{moved}", style.form(url))
        }
        Ok(()) => format!("{below} `repoURL: {}`", style.form(url)),
        Err(_) if key == "chart" && !url.contains(['/', ':']) => {
            format!(
                "{below} `repoURL:` with the URL of its repository, and `name: {}`{moved}",
                style.form(url)
            )
        }
        Err(BadUrl { meant: Some((meant, _)), .. }) => format!("{below} `repoURL: {}`", style.form(&meant)),
        Err(bad) => format!("{below} `repoURL:` with the URL: {}", bad.help),
    }
}

/// The same for JSON.
fn in_json(style: Style, key: &str, url: &str, beside: Option<&str>) -> String {
    let (url, name) = match key == "chart" && !url.contains(['/', ':']) {
        true => ("https://host/path", Some(url)),
        false => (url, beside.filter(|_| key == "chart" && repo_url::is_classic(url))),
    };
    let moved = if name.is_some() && beside.is_some() { ", without the `name` beside it" } else { "" };
    let name = match (name, key == "chart" && repo_url::is_classic(url)) {
        (Some(name), _) => format!(", \"name\": {}", style.quoted(name)),
        (None, true) => ", \"name\": \"...\"".to_owned(),
        (None, false) => String::new(),
    };
    format!("write `\"{key}\": {{\"repoURL\": {}{name}}}`{moved}", style.quoted(url))
}

/// What to write in place of a subscription that is a text: the type is told by the form of the URL.
pub(crate) fn without_type(style: Style, url: &str) -> String {
    let below = |key: &str| match style.is_json {
        true => format!("write `{{\"{key}\": {{\"repoURL\": {}}}}}`", style.quoted(url)),
        false => format!("write `{key}:` and below it, indented, `repoURL: {}`", style.form(url)),
    };
    if redact(url) != url {
        return "write a subscription with a type, and below it the URL as its `repoURL`".to_owned();
    }
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if url.starts_with("oci://") && RepositoryKind::Chart.fits(url) {
        below("chart")
    } else if RepositoryKind::Git.fits(url) && (!is_web || url.contains("git")) {
        below("git")
    } else if RepositoryKind::Git.fits(url) {
        format!("{}; for a chart repository write `chart:`, and the `name` of the chart, too", below("git"))
    } else if RepositoryKind::Image.fits(url) {
        below("image")
    } else {
        "write `image:`, `git:` or `chart:` and below it, indented, its `repoURL:`".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_that_are_meant() {
        for (text, expected) in [
            ("5 min", Some("5m0s")),
            ("5M", Some("5m0s")),
            ("1d", Some("24h0m0s")),
            ("1w", Some("168h0m0s")),
            ("1d12h", Some("36h0m0s")),
            ("1h 30m", Some("1h30m0s")),
            ("1 hour, 5 minutes", Some("1h5m0s")),
            ("PT5M", Some("5m0s")),
            ("P1DT2H", Some("26h0m0s")),
            ("500ms", Some("0.5s")),
            ("1.5h", Some("1h30m0s")),
            ("5m30", None),
            ("-5m", None),
            ("five", None),
            ("0m", None),
            ("1..5h", None),
            ("99999999999999999999999d", None),
            ("", None),
            ("5é", None),
            ("1dtö", None),
        ] {
            assert_eq!(durations(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn moments_that_are_meant() {
        for (text, expected) in [
            ("1704067200", Some("2024-01-01T00:00:00Z")),
            ("1704067200000", Some("2024-01-01T00:00:00Z")),
            ("2024", Some("2024-01-01T00:00:00Z")),
            ("20240131", Some("2024-01-31T00:00:00Z")),
            ("2024-01-31", Some("2024-01-31T00:00:00Z")),
            ("2024-01-31 10:30", Some("2024-01-31T10:30:00Z")),
            ("2024-01-31T10:30:00", Some("2024-01-31T10:30:00Z")),
            ("2024-01-31T10:30:00+0200", Some("2024-01-31T08:30:00Z")),
            ("20249999", None),
            ("5", None),
            ("30 days ago", None),
            ("", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text:?}");
        }
    }
}
