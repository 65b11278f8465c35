//! `warehouse select`: one rule over the lines of standard input.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::io::{Read, Write};

use artifact_source::{
    Candidate, Judgement, MAX_NAME_IN_DOCUMENT, Recorder, Trace as _, printable, shorten, shown_name,
};
use jiff::Timestamp;
use kargo_expr::{
    CommitVariables, Environment, Expression, Signatures, TagVariables, Time, UnknownName, Value,
};
use selection_strategies::path::PathSelectors;
use selection_strategies::{Constraint, Rejection, Strictness, TagFilter, TagRule, nearest_name};
use serde::Serialize;
use serde_json::Value as Json;
use warehouse_discovery::{reasons, sort_candidates};
use warehouse_spec::{
    Diagnostic, GitSubscription, ImageSelectionStrategy, ImageSubscription, Subscription, SubscriptionKind,
    looks_around, text_of,
};

use crate::arguments::{
    Common, ExplainFormat, Expr, Filter, Lexical, Manifest, Paths, Regex, Rule, Select, Semver,
};
use crate::exit::Exit;
use crate::files::is_standard_input;
use crate::input::{Input, read_warehouses};
use crate::message::{Messages, with_causes};
use crate::output::{Failure, Printed};
use crate::stopping::blocking;
use crate::subscription_name::{is_named, not_named};

/// Applies one rule to the lines of standard input and prints those that fit, best first.
///
/// Ends with [`Exit::Usage`] for a rule that does not compile or cannot be applied to a candidate, and with [`Exit::Failure`] where nothing fits, as grep does.
pub(crate) async fn select(select: Select, messages: &Messages) -> Result<Exit, Exit> {
    let subscription = match select.rule {
        Some(_) => None,
        None => Some(subscription(&select, messages).await?),
    };
    blocking(messages, "the rule could not be applied", move |messages| {
        apply(&select, subscription.as_ref(), messages).map_err(|failed| failed.tell(messages))
    })
    .await
}

/// Why no rule was applied.
#[derive(Debug)]
enum Failed {
    /// A rule or an input that cannot be used, with what to do.
    Unusable(String, Option<String>),
    /// The results could not be written.
    Unwritable(io::Error),
}

impl Failed {
    /// A rule or an input that cannot be used.
    fn usage(message: impl Into<String>) -> Self {
        Self::Unusable(message.into(), None)
    }

    /// Prints it as a message.
    fn tell(self, messages: &Messages) -> Exit {
        match self {
            Self::Unusable(message, help) => {
                messages.error_with_help(&message, help.as_deref());
                Exit::Usage
            }
            Self::Unwritable(error) => messages.unwritable(&error),
        }
    }
}

impl From<String> for Failed {
    fn from(message: String) -> Self {
        Self::usage(message)
    }
}

/// The subscription of a manifest whose rule is applied.
async fn subscription(select: &Select, messages: &Messages) -> Result<Subscription, Exit> {
    let usage = |message: &str, help: Option<&str>| {
        messages.error_with_help(message, help);
        Exit::Usage
    };
    let Some(file) = &select.filename else {
        return Err(usage("the rule is missing", Some("name one, or a manifest with -f FILE")));
    };
    if is_standard_input(file) {
        return Err(usage("standard input has the candidates, so the manifest must be a file", None));
    }
    let manifest = Manifest { filenames: vec![file.clone()], ..Manifest::default() };
    let Input { warehouses, .. } = read_warehouses(manifest, None, messages).await?;
    let all = warehouses.iter().flat_map(|warehouse| warehouse.spec.subscriptions.iter().enumerate());
    let is_asked_for = |(index, subscription): &(usize, &Subscription)| {
        select.subscription.as_deref().is_none_or(|name| is_named(subscription, *index, name))
    };
    let found: Vec<_> = all.filter(is_asked_for).map(|(_, subscription)| subscription).collect();
    match (found.as_slice(), &select.subscription) {
        ([subscription], _) => Ok((*subscription).clone()),
        ([], name) => {
            let all = warehouses.iter().flat_map(|warehouse| &warehouse.spec.subscriptions);
            Err(not_named(name.as_deref().unwrap_or_default(), all, messages))
        }
        (several, _) => {
            let names: Vec<_> = several.iter().map(|subscription| subscription.label().to_string()).collect();
            let message = format!("{} subscriptions could be meant: {}", several.len(), names.join(", "));
            Err(usage(&message, Some("--subscription NAME|URL|N names one")))
        }
    }
}

fn apply(select: &Select, subscription: Option<&Subscription>, messages: &Messages) -> Result<Exit, Failed> {
    // The rule is compiled first, so that a mistake in it is reported before the end of the input.
    let (judge, common) = match (&select.rule, subscription) {
        (None, None) => return Err(Failed::usage("the rule is missing")),
        (None, Some(subscription)) => (of_subscription(subscription, &select.common)?, &select.common),
        (Some(Rule::Semver(arguments)), _) => (semver(arguments, messages)?, &arguments.common),
        (Some(Rule::Lexical(arguments)), _) => (lexical(arguments, messages)?, &arguments.common),
        (Some(Rule::Regex(arguments)), _) => (regex(arguments, messages)?, &arguments.common),
        (Some(Rule::Paths(arguments)), _) => (paths(arguments, messages)?, &arguments.common),
        (Some(Rule::Expr(arguments)), _) => (expression(arguments, messages)?, &arguments.common),
    };
    let lines =
        Lines::read().map_err(|error| Failed::usage(format!("standard input could not be read: {error}")))?;
    let mut count = 0;
    let printed = crate::output::print(|out| {
        let mut results = Results::new(common, out);
        count = judge(&lines, &mut results)?;
        messages.results_begin();
        results.finish(common.output)
    });
    let printed = printed.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Failed::usage(error.to_string()),
        _ => Failed::Unwritable(error),
    })?;
    // A reader that closed the pipe has read a chosen line.
    Ok(if count > 0 || printed == Printed::Closed { Exit::Success } else { Exit::Failure })
}

/// What to write in place of a pattern with look-around, which people know from other engines.
const NO_LOOK_AROUND: &str = "Go's regular expressions (RE2) have no look-around: they have groups `(?:...)`, alternatives `a|b`, the anchors `^` and `$`, and `\\b`; what must not match goes into `--ignore` of `warehouse select semver` or `lexical`";

/// What `lint` says about a rule as fields of a Git subscription.
struct Linted(Vec<Diagnostic>);

impl Linted {
    /// `fields` are those with the rule; those that are null are absent.
    fn of<'a>(fields: impl IntoIterator<Item = (&'a str, Json)>) -> Self {
        let url = [("repoURL", Json::from("https://example.com/a"))];
        let fields = url.into_iter().chain(fields).filter(|(_, value)| !value.is_null());
        let git = fields.map(|(name, value)| (name.to_owned(), value)).collect();
        Self(warehouse_spec::from_value::<GitSubscription>(Json::Object(git)).diagnostics)
    }

    /// The same of patterns.
    fn of_patterns(allow: &[String], ignore: &[String]) -> Self {
        Self::of([
            ("commitSelectionStrategy", "Lexical".into()),
            ("allowTagsRegexes", allow.into()),
            ("ignoreTagsRegexes", ignore.into()),
        ])
    }

    /// Prints what is no error, without the paths of fields.
    fn warn(&self, messages: &Messages) {
        for found in self.0.iter().filter(|found| !found.is_error()) {
            messages.warning(&found.message, found.help.as_deref());
        }
    }

    /// A pattern that does not compile, with what to do about it.
    fn bad_pattern(&self, error: &(dyn std::error::Error + 'static), patterns: &[String]) -> Failed {
        let help = match patterns.iter().any(|pattern| looks_around(pattern)) {
            true => Some(NO_LOOK_AROUND.to_owned()),
            false => self.0.iter().find(|found| found.is_error()).and_then(|found| found.help.clone()),
        };
        Failed::Unusable(with_causes(error), help)
    }
}

/// Judges lines, prints them as the arguments ask for, and returns how many were chosen.
type Judge<'a> = Box<dyn FnOnce(&Lines, &mut Results<'_>) -> io::Result<usize> + 'a>;

/// The rule of a subscription, with its limit unless another is given.
fn of_subscription<'a>(subscription: &Subscription, common: &'a Common) -> Result<Judge<'a>, Failed> {
    let limit = match &subscription.kind {
        SubscriptionKind::Image(image) => image.discovery_limit,
        SubscriptionKind::Git(git) => git.discovery_limit,
        SubscriptionKind::Chart(chart) => chart.discovery_limit,
        _ => u32::MAX,
    };
    let limit = common.limit.unwrap_or(usize::try_from(limit).unwrap_or(usize::MAX));
    match subscription.tag_rule().map_err(|error| with_causes(&error))? {
        Some(rule) => Ok(ranked(rule, subscription.clone(), Some(limit), common.explain)),
        None => Err(Failed::usage(format!(
            "{} has no rule about names: commits are judged by `warehouse select paths` and `warehouse select expr`",
            subscription.label()
        ))),
    }
}

fn semver<'a>(semver: &'a Semver, messages: &Messages) -> Result<Judge<'a>, Failed> {
    let constraint = semver.constraint.as_deref().filter(|text| !text.is_empty());
    let constraint = constraint.map(Constraint::parse).transpose().map_err(|error| with_causes(&error))?;
    let strictness = if semver.loose { Strictness::Loose } else { Strictness::Strict };
    let filter = filter(&semver.filter, messages)?;
    Linted::of([
        ("commitSelectionStrategy", "SemVer".into()),
        ("semverConstraint", semver.constraint.as_deref().into()),
        ("strictSemvers", (!semver.loose).into()),
    ])
    .warn(messages);
    let rule = TagRule::semver(constraint).with_strictness(strictness).with_filter(filter);
    let mut image = ImageSubscription::new(ANY_IMAGE);
    image.constraint.clone_from(&semver.constraint);
    image.strict_semvers = !semver.loose;
    Ok(ranked(rule, Subscription::new(image), semver.common.limit, semver.common.explain))
}

fn lexical<'a>(lexical: &'a Lexical, messages: &Messages) -> Result<Judge<'a>, Failed> {
    let rule = TagRule::lexical().with_filter(filter(&lexical.filter, messages)?);
    let mut image = ImageSubscription::new(ANY_IMAGE);
    image.image_selection_strategy = ImageSelectionStrategy::Lexical;
    Ok(ranked(rule, Subscription::new(image), lexical.common.limit, lexical.common.explain))
}

fn filter(filter: &Filter, messages: &Messages) -> Result<TagFilter, Failed> {
    let linted = Linted::of_patterns(&filter.allow, &filter.ignore);
    linted.warn(messages);
    let built = TagFilter::builder().allow_all(&filter.allow).ignore_all(&filter.ignore).build();
    built.map_err(|error| linted.bad_pattern(&error, &[filter.allow.as_slice(), &filter.ignore].concat()))
}

/// The image of a rule that has none.
const ANY_IMAGE: &str = "example.com/image";

/// Candidates under a rule; with `explain` all of them, in the order and with the reasons of the command `explain` for a subscription with it.
fn ranked<'a>(rule: TagRule, subscription: Subscription, limit: Option<usize>, explain: bool) -> Judge<'a> {
    Box::new(move |lines, results| {
        let names = lines.text()?;
        if !explain {
            let mut ranking = rule.rank(names, |_, _| {});
            let best: Vec<_> = match limit {
                Some(limit) => ranking.by_ref().take(limit).collect(),
                None => ranking.into_sorted(),
            };
            for candidate in &best {
                results.chosen(candidate.name.as_bytes())?;
            }
            return Ok(best.len());
        }
        let mut selection = rule.select(names);
        if let Some(limit) = limit {
            selection = selection.limit(limit);
        }
        let recorder = Recorder::new();
        for candidate in &selection.chosen {
            recorder.accepted(&Candidate::new(candidate.name));
        }
        for (name, why) in &selection.rejected {
            recorder.rejected(&Candidate::new(name), why);
        }
        let mut judged = recorder.into_judgements();
        sort_candidates(&subscription, &mut judged);
        let reasons = reasons(&subscription, &judged);
        for (Judgement { name, rejection, .. }, reason) in judged.iter().zip(reasons) {
            match rejection {
                None => results.chosen(name.as_bytes())?,
                Some(why) => results.rejected(name.as_bytes(), why.rule(), &reason.unwrap_or_default())?,
            }
        }
        Ok(selection.chosen.len())
    })
}

fn regex<'a>(regex: &'a Regex, messages: &Messages) -> Result<Judge<'a>, Failed> {
    let patterns = std::slice::from_ref(&regex.pattern);
    let linted = Linted::of_patterns(patterns, &[]);
    linted.warn(messages);
    let built = TagFilter::builder().allow(&regex.pattern).build();
    // The rule has one pattern, and no list of allowed ones.
    let filter = built.map_err(|error| {
        let cause = std::error::Error::source(&error).unwrap_or(&error);
        linted.bad_pattern(cause, patterns)
    })?;
    Ok(Box::new(move |lines, results| {
        let mut counter = Counter::new(&regex.common);
        for line in lines.text()? {
            counter.print(
                results,
                line.as_bytes(),
                filter.judge(line).into_result().map_err(|why| ("notAllowed", why)),
            )?;
        }
        Ok(counter.chosen)
    }))
}

fn paths<'a>(paths: &'a Paths, messages: &Messages) -> Result<Judge<'a>, Failed> {
    let lists = [("includePaths", &paths.include), ("excludePaths", &paths.exclude)];
    let linted = Linted::of(lists.map(|(name, list)| (name, list.as_slice().into())));
    linted.warn(messages);
    let selectors = PathSelectors::new(&paths.include, &paths.exclude)
        .map_err(|error| linted.bad_pattern(&error, &[paths.include.as_slice(), &paths.exclude].concat()))?;
    Ok(Box::new(move |lines, results| {
        let mut counter = Counter::new(&paths.common);
        for line in lines.bytes() {
            let verdict = selectors.judge(line);
            counter.print(
                results,
                line,
                if verdict.is_included() { Ok(()) } else { Err(("noMatchingPath", verdict)) },
            )?;
        }
        Ok(counter.chosen)
    }))
}

/// Prints judged lines up to the limit.
struct Counter {
    limit: usize,
    chosen: usize,
}

impl Counter {
    fn new(common: &Common) -> Self {
        Self { limit: common.limit.unwrap_or(usize::MAX), chosen: 0 }
    }

    /// Prints a judged line, as far as limit and arguments allow. A rejection is the rule and the reason.
    fn print(
        &mut self,
        results: &mut Results<'_>,
        line: &[u8],
        verdict: Result<(), (&str, impl Display)>,
    ) -> io::Result<()> {
        match verdict {
            Ok(()) if self.chosen < self.limit => {
                self.chosen += 1;
                results.chosen(line)
            }
            Ok(()) => {
                let why = Rejection::BeyondLimit { limit: self.limit };
                results.rejected(line, why.rule(), &why)
            }
            Err((rule, why)) => results.rejected(line, rule, &why),
        }
    }
}

fn expression<'a>(expr: &'a Expr, messages: &'a Messages) -> Result<Judge<'a>, Failed> {
    let expression = Expression::compile(&expr.expression).map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, results| {
        warn_of_unknown(&expr.expression, lines, messages)?;
        let now = Timestamp::now();
        let now = Time::from_unix(now.as_second(), now.subsec_nanosecond().unsigned_abs(), 0);
        let mut counter = Counter::new(&expr.common);
        for (number, line) in lines.text()?.enumerate() {
            let invalid = |error: &(dyn std::error::Error + 'static)| {
                let message = format!("candidate {}: {}", number + 1, with_causes(error));
                io::Error::new(io::ErrorKind::InvalidData, message)
            };
            let environment = environment(line).map_err(|error| invalid(&error))?.now(now.clone());
            let verdict = match expression.decide(&environment) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    let why = Rejection::FilteredByExpression { expression: expr.expression.as_str().into() };
                    Err(("expression", why))
                }
                Err(error) => return Err(invalid(&error)),
            };
            counter.print(results, line.as_bytes(), verdict)?;
        }
        Ok(counter.chosen)
    }))
}

/// Warns of names that no candidate has, and that are nil for that reason.
fn warn_of_unknown(expression: &str, lines: &Lines, messages: &Messages) -> io::Result<()> {
    let mut known = BTreeSet::new();
    for line in lines.text()? {
        match line.starts_with('{') {
            false => drop(known.insert("tag".to_owned())),
            // What is no JSON is told when it is judged.
            true => {
                let object: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap_or_default();
                known.extend(object.into_iter().map(|(name, _)| name));
            }
        }
    }
    let variables = TagVariables::NAMES.iter().chain(CommitVariables::NAMES).copied();
    let names: Vec<&str> = match known.is_empty() {
        true => variables.collect(),
        false => known.iter().map(String::as_str).collect(),
    };
    let unknown = Expression::unknown_names(expression, &names, &Signatures::none()).unwrap_or_default();
    let mut told = BTreeSet::new();
    for UnknownName { name, .. } in unknown {
        if told.insert(name.clone()) {
            let help = match nearest_name(&name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the candidates have {}", names.join(", ")),
            };
            messages
                .warning(&format!("`{name}` is nil: no candidate has a variable of this name"), Some(&help));
        }
    }
    Ok(())
}

/// The variables of one line: the keys of a JSON object, or `tag`.
fn environment(line: &str) -> serde_json::Result<Environment<'static>> {
    if !line.starts_with('{') {
        return Ok(Environment::new().variable("tag", line));
    }
    let object: serde_json::Map<String, Json> = serde_json::from_str(line)?;
    Ok(object.into_iter().fold(Environment::new(), |environment, (name, value)| {
        // JSON has no times. Those of rule 4.6 have fixed names.
        let time = match &value {
            Json::String(text) if name == "commitDate" || name == "creatorDate" => text.parse::<Time>().ok(),
            _ => None,
        };
        environment.variable(&name, time.map_or_else(|| from_json(value), Value::from))
    }))
}

fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => value.into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => Value::list(items.into_iter().map(from_json).collect()),
        Json::Object(entries) => Value::map(entries.into_iter().map(|(key, value)| (key, from_json(value)))),
    }
}

/// The lines of standard input, without their ends; empty lines are ignored.
#[derive(Debug)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    pub(super) fn read() -> io::Result<Self> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        // What PowerShell writes begins with a mark, and may be UTF-16. A path need not be text.
        let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
        if marks.iter().any(|mark| bytes.starts_with(mark))
            && let Ok(text) = text_of(&bytes)
        {
            bytes = text.into_owned().into_bytes();
        }
        Ok(Self(bytes))
    }

    /// The lines as bytes: a path need not be UTF-8.
    pub(super) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.filter(|line| !line.is_empty())
    }

    /// The lines as text. Bytes that are not UTF-8 are an error, because no registry has such tags.
    pub(super) fn text(&self) -> io::Result<impl Iterator<Item = &str>> {
        let text = std::str::from_utf8(&self.0).map_err(|error| {
            let line = self.0[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            io::Error::new(io::ErrorKind::InvalidData, format!("line {line} of standard input is not UTF-8"))
        })?;
        Ok(text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
            .filter(|line| !line.is_empty()))
    }
}

/// What was judged, printed as it comes, or collected for a document.
pub(super) struct Results<'o> {
    out: &'o mut dyn Write,
    explain: bool,
    document: Option<Vec<Item>>,
}

/// A candidate in a document.
#[derive(Serialize)]
struct Item {
    name: String,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'o> Results<'o> {
    fn new(common: &Common, out: &'o mut dyn Write) -> Self {
        let document = (common.output != ExplainFormat::Text).then(Vec::new);
        Self { out, explain: common.explain, document }
    }

    /// A candidate that fits. As text and without an explanation it is for another program and stays the bytes that it was.
    fn chosen(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some(items) = &mut self.document {
            items.push(Item { name: named(line), accepted: true, rule: None, reason: None });
            return Ok(());
        }
        if self.explain {
            return writeln!(self.out, "+ {}", shown(line));
        }
        self.out.write_all(line)?;
        self.out.write_all(b"\n")
    }

    /// A candidate that does not fit, if the arguments ask for it.
    fn rejected(&mut self, line: &[u8], rule: &str, why: &dyn Display) -> io::Result<()> {
        if !self.explain {
            return Ok(());
        }
        if let Some(items) = &mut self.document {
            let (rule, reason) = (Some(rule.to_owned()), Some(why.to_string()));
            items.push(Item { name: named(line), accepted: false, rule, reason });
            return Ok(());
        }
        writeln!(self.out, "- {}\t{}", shown(line), printable(&why.to_string()))
    }

    fn finish(self, format: ExplainFormat) -> io::Result<()> {
        match self.document {
            Some(items) => format.write(&items, &[] as &[Failure], self.out),
            None => Ok(()),
        }
    }
}

/// The name in a document.
fn named(line: &[u8]) -> String {
    shorten(&String::from_utf8_lossy(line), MAX_NAME_IN_DOCUMENT).into_owned()
}

/// A line for people; bytes that are not UTF-8 as `\xff`.
fn shown(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(text) => shown_name(text),
        Err(_) => {
            let mut shown = String::new();
            for chunk in line.utf8_chunks() {
                shown.push_str(&printable(chunk.valid()));
                shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
            }
            shorten(&shown, artifact_source::MAX_SHOWN_NAME).into_owned()
        }
    }
}
