//! The address that was meant by a text that is none: everything that is wrong with it is mended at once.

use repository_url::is_tag;

use super::form::{RepositoryKind, has_user, shown};
use super::page::{Beside, Misleading, misleading};

/// How many things may be wrong with one text.
const MOST_SLIPS: usize = 8;

/// What is wrong with a text, and the address that was meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mended {
    /// What the text is or has, each as a phrase that follows it.
    pub(super) slips: Vec<String>,
    /// `None` where the text does not say it; then the hint says what to do.
    pub(super) url: Option<String>,
    pub(super) hint: String,
    pub(super) besides: Vec<Beside>,
}

/// One thing that is wrong, and the text without it.
struct Step {
    slip: &'static str,
    url: String,
    hint: &'static str,
    besides: Vec<Beside>,
}

impl Step {
    fn new(slip: &'static str, url: impl Into<String>) -> Self {
        Self { slip, url: url.into(), hint: "", besides: Vec::new() }
    }

    fn hinting(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }
}

/// The address that this text was meant as; `None` where it is not known. A text with a credential is shown nowhere, and none is made of it.
pub(super) fn mended(kind: RepositoryKind, text: &str) -> Option<Mended> {
    // What a browser shows behind `?` says how a page is shown.
    let text = match text.split_once(['?', '#']) {
        Some((page, _)) if misleading(kind, page).is_some_and(|found| found.is_page) => page,
        _ => text,
    };
    if shown(text) != text {
        return None;
    }
    let mut mended =
        Mended { slips: Vec::new(), url: Some(text.to_owned()), hint: String::new(), besides: Vec::new() };
    for _ in 0..MOST_SLIPS {
        let url = mended.url.as_deref()?;
        if let Some(found) = misleading(kind, url) {
            let Misleading { what, meant, hint, besides, .. } = found;
            mended.slips.push(what);
            mended.hint = hint;
            mended.besides.extend(besides);
            mended.url = meant;
            if mended.url.is_none() {
                return Some(mended);
            }
            continue;
        }
        let Some(step) = step(kind, url) else { break };
        mended.slips.push(step.slip.to_owned());
        if !step.hint.is_empty() {
            mended.hint = step.hint.to_owned();
        }
        mended.besides.extend(step.besides);
        mended.url = Some(step.url);
    }
    let is_mended =
        mended.url.as_deref().is_some_and(|url| kind.fits(url) && misleading(kind, url).is_none());
    (is_mended && !mended.slips.is_empty()).then_some(mended)
}

/// The next thing that is wrong.
fn step(kind: RepositoryKind, url: &str) -> Option<Step> {
    if let Some(inside) = in_quotation_marks(url) {
        return Some(Step::new("has quotation marks within it", inside));
    }
    if let Some(step) = of_command(kind, url) {
        return Some(step);
    }
    match kind {
        RepositoryKind::Image => of_image(url),
        RepositoryKind::Git => of_git(url),
        RepositoryKind::Chart => of_chart(url),
    }
}

/// A text without the quotation marks around it.
fn in_quotation_marks(text: &str) -> Option<&str> {
    let text = text.trim();
    let mark = text.chars().next().filter(|mark| matches!(mark, '"' | '\'' | '`'))?;
    text.strip_prefix(mark)?.strip_suffix(mark).filter(|inside| !inside.is_empty())
}

fn of_image(url: &str) -> Option<Step> {
    if let Some((_, rest)) = url.split_once("://") {
        return Some(Step::new("has a scheme", rest));
    }
    if let Some(rest) = url.strip_suffix('/') {
        return Some(Step::new("ends with a slash", rest));
    }
    if let Some((name, _)) = url.split_once('@').filter(|_| !has_user(url)) {
        let hint = "`imageSelectionStrategy: Digest` with `constraint: TAG` follows a tag";
        return Some(Step::new("has a digest", name).hinting(hint));
    }
    let name_at = url.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = url.get(name_at..)?.split_once(':')?;
    // A host and its port are no image.
    let is_host = name_at == 0 && (name == "localhost" || name.contains('.'));
    let hint = "which tags count is said by `constraint` and `allowTagsRegexes`";
    (is_tag(tag) && !is_host).then(|| {
        Step::new("ends with a tag", url.get(..name_at + name.len()).unwrap_or_default()).hinting(hint)
    })
}

/// The schemes of the URLs of repositories.
const SCHEMES: &[&str] = &["http", "https", "oci", "ssh"];

/// A URL with a scheme in upper case.
fn in_lower_case(url: &str) -> Option<Step> {
    let (scheme, rest) = url.split_once("://")?;
    let lower = scheme.to_ascii_lowercase();
    (lower != scheme && SCHEMES.contains(&&*lower))
        .then(|| Step::new("has its scheme in upper case", format!("{lower}://{rest}")))
}

fn of_git(url: &str) -> Option<Step> {
    let path = url.split_once('/').map(|(host, _)| host);
    let is_host = |host: &str| host.contains('.') && !host.contains(['@', ':']) && !host.starts_with('.');
    if path.is_some_and(is_host) {
        return Some(Step::new("has no scheme", format!("https://{url}")));
    }
    let protocol = url.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case("git://"));
    if let Some(rest) = protocol.and(url.get(6..)) {
        let slip = "is of the git protocol, which is not supported";
        return Some(Step::new(slip, format!("https://{rest}")));
    }
    if let Some(rest) = url.strip_prefix("git+").filter(|rest| rest.contains("://")) {
        return Some(Step::new("has the scheme of another tool", rest));
    }
    in_lower_case(url)
}

fn of_chart(url: &str) -> Option<Step> {
    let host = url.split_once('/').map(|(host, _)| host).filter(|host| !host.contains(['@', ':']));
    if host.is_some_and(is_registry) {
        return Some(Step::new("has no scheme", format!("oci://{url}")));
    }
    in_lower_case(url)
}

/// Whether a host is known to be a registry, in which a chart has a URL with `oci://`.
fn is_registry(host: &str) -> bool {
    let hosts = ["ghcr.io", "quay.io", "registry-1.docker.io", "registry.gitlab.com", "public.ecr.aws"];
    let ends = [".azurecr.io", ".pkg.dev", ".gcr.io", ".amazonaws.com"];
    hosts.contains(&host) || ends.iter().any(|end| host.ends_with(end))
}

/// Programs whose commands name a repository, and the words of their commands before it.
const COMMANDS: &[(&str, &[&str])] = &[
    ("docker", &["image", "container", "pull", "push", "run", "create", "inspect", "manifest", "buildx"]),
    ("podman", &["image", "container", "pull", "push", "run", "create", "inspect", "manifest"]),
    ("nerdctl", &["image", "container", "pull", "push", "run", "create", "inspect"]),
    ("crane", &["pull", "ls", "digest", "manifest", "copy", "config"]),
    ("skopeo", &["inspect", "copy", "list-tags"]),
    (
        "helm",
        &["repo", "add", "pull", "install", "upgrade", "template", "show", "chart", "values", "dependency"],
    ),
    ("git", &["clone", "fetch", "pull", "ls-remote", "remote", "add", "submodule"]),
    ("gh", &["repo", "clone", "view", "fork"]),
];

/// The options of these commands without a value behind them.
const SWITCHES: &[&str] = &[
    "-i",
    "-t",
    "-d",
    "-it",
    "-ti",
    "-dit",
    "-q",
    "--rm",
    "--tty",
    "--interactive",
    "--detach",
    "--quiet",
    "--init",
    "--privileged",
    "--all-tags",
    "-a",
    "--devel",
    "--untar",
    "--force-update",
    "--no-update",
    "--wait",
    "--bare",
    "--mirror",
    "--recursive",
    "--recurse-submodules",
    "--single-branch",
    "--tags",
    "--no-tags",
];

/// The repository in a command that was copied: that of `docker pull nginx`.
fn of_command(kind: RepositoryKind, text: &str) -> Option<Step> {
    let mut words = text.split_whitespace().skip_while(|word| matches!(*word, "$" | "sudo")).peekable();
    let program = words.next()?;
    let (_, commands) = COMMANDS.iter().find(|(name, _)| *name == program)?;
    let (mut found, mut besides) = (None, Vec::new());
    let mut is_command = true;
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None if SWITCHES.contains(&word) => (word, None),
                None => (word, words.next()),
            };
            besides.extend(value.and_then(|value| of_option(kind, option, value)));
        } else if is_command && commands.contains(&word) {
            continue;
        } else if found.is_none() {
            is_command = false;
            // Names come before it, as of `helm repo add`.
            let is_meant = kind.fits(word) || mended(kind, word).is_some_and(|mended| mended.url.is_some());
            found = Some(word).filter(|_| is_meant);
        }
    }
    Some(Step { slip: "is a command", url: found?.to_owned(), hint: "", besides })
}

/// The field that says what an option of a command said.
fn of_option(kind: RepositoryKind, option: &str, value: &str) -> Option<Beside> {
    match (kind, option) {
        (RepositoryKind::Git, "-b" | "--branch") if crate::rule::is_branch(value) => {
            Some(Beside::Text("branch", value.to_owned()))
        }
        (RepositoryKind::Chart, "--version") if crate::rule::constraint(value).is_none() => {
            Some(Beside::Text("semverConstraint", value.to_owned()))
        }
        (RepositoryKind::Image, "--platform") if value.parse::<selection_strategies::Platform>().is_ok() => {
            Some(Beside::Text("platform", value.to_owned()))
        }
        _ => None,
    }
}
