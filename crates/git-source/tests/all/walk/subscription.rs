//! What is subscribed to, and what Git has for it by rules of this file's own.

use std::cmp::Reverse;
use std::path::Path;

use artifact_http::HttpClient;
use git_source::{CommitRule, CommitSelectionStrategy, GitSource};
use jiff::Timestamp;

use super::Random;
use super::oracle::{Answer, Known, State, Tag};

/// `since` of some subscriptions: 2024-01-01T00:50:00Z.
const SINCE: i64 = 1_704_070_200;

/// What is subscribed to.
#[derive(Clone, Debug)]
pub struct Subscription {
    strategy: CommitSelectionStrategy,
    branch: Option<&'static str>,
    include: &'static [&'static str],
    exclude: &'static [&'static str],
    limit: usize,
    since: bool,
    /// Whether an expression leaves out what is called `skip`.
    skips: bool,
    /// Whether a pattern leaves out tags that do not begin with a `v`.
    only_v: bool,
}

impl Subscription {
    /// Each strategy with paths and without, the rest by chance.
    pub fn some(random: &mut Random) -> Vec<Self> {
        let strategies = [
            CommitSelectionStrategy::NewestFromBranch,
            CommitSelectionStrategy::SemVer,
            CommitSelectionStrategy::Lexical,
            CommitSelectionStrategy::NewestTag,
        ];
        let filters: [(&[&str], &[&str]); 5] = [
            (&["apps"], &[]),
            (&["apps"], &["apps/vendor"]),
            (&["apps/b", "top"], &[]),
            (&[], &["docs", "top"]),
            (&["apps/vendor/x"], &[]),
        ];
        let mut all = Vec::new();
        for strategy in strategies {
            for with_paths in [false, true] {
                let (include, exclude) =
                    if with_paths { random.one_of(&filters) } else { (&[][..], &[][..]) };
                all.push(Self {
                    strategy,
                    branch: random.one_of(&[None, Some("main"), Some("release")]),
                    include,
                    exclude,
                    limit: random.one_of(&[1, 2, 3, 5, 20, 100]),
                    since: random.below(4) == 0,
                    skips: random.below(4) == 0,
                    only_v: random.below(3) == 0,
                });
            }
        }
        all
    }

    /// The source, with what it fetched earlier in this folder.
    pub fn source(&self, url: &str, folder: Option<&Path>, http: &HttpClient) -> GitSource {
        let mut rule = CommitRule::builder()
            .strategy(self.strategy)
            .include_paths(self.include.iter().copied())
            .exclude_paths(self.exclude.iter().copied())
            .expression_filter(if self.skips { "!(subject startsWith 'skip')" } else { "" });
        if self.strategy == CommitSelectionStrategy::NewestFromBranch {
            let since = self.since.then(|| Timestamp::from_second(SINCE).unwrap());
            rule = rule.branch(self.branch.unwrap_or_default()).since(since);
        } else if self.only_v {
            rule = rule.allow_tags_regexes(["^v"]);
        }
        let builder =
            GitSource::builder(url).http(http.clone()).rule(rule.build().unwrap()).limit(self.limit);
        builder.cache_dir(folder.map(Path::to_owned)).build().unwrap()
    }

    /// What Git has for it.
    pub fn expected(&self, state: &State) -> Answer {
        let limit = self.limit;
        if self.strategy == CommitSelectionStrategy::NewestFromBranch {
            let Some(history) = state.history(self.branch.unwrap_or("main")) else { return Answer::NoBranch };
            let young = |id: &&str| !self.since || state.commits[*id].seconds >= SINCE;
            let taken = history.into_iter().take_while(young);
            let taken = taken.filter(|id| self.takes(&state.commits[*id]));
            return Answer::Commits(taken.take(limit).map(|id| (None, id.to_owned())).collect());
        }
        let mut tags: Vec<&Tag> = state.tags.iter().collect();
        tags.retain(|tag| !self.only_v || tag.name.starts_with('v'));
        match self.strategy {
            CommitSelectionStrategy::SemVer => {
                tags.retain(|tag| version(&tag.name).is_some());
                tags.sort_by_key(|tag| Reverse(version(&tag.name)));
            }
            CommitSelectionStrategy::Lexical => tags.sort_by_key(|tag| Reverse(tag.name.as_bytes())),
            // They are the newest first already.
            _ => {}
        }
        let commits = tags.into_iter().filter_map(|tag| Some((tag.name.clone(), tag.commit.clone()?)));
        let taken = commits.filter(|(_, id)| self.takes(&state.commits[id]));
        Answer::Commits(taken.take(limit).map(|(name, id)| (Some(name), id)).collect())
    }

    fn takes(&self, commit: &Known) -> bool {
        let within = |path: &str, folders: &[&str]| {
            folders.iter().any(|folder| {
                path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let counts = |path: &String| {
            (self.include.is_empty() || within(path, self.include)) && !within(path, self.exclude)
        };
        let has_paths = self.include.is_empty() && self.exclude.is_empty() || commit.paths.iter().any(counts);
        has_paths && !(self.skips && commit.subject.starts_with("skip"))
    }
}

/// The order of complete versions: a release comes after all of its candidates, and those by number.
fn version(name: &str) -> Option<(Vec<u32>, u32)> {
    let (release, candidate) = match name.strip_prefix('v')?.split_once("-rc.") {
        Some((release, candidate)) => (release, candidate.parse().ok()?),
        None => (name.strip_prefix('v')?, u32::MAX),
    };
    let numbers: Vec<u32> = release.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    (numbers.len() == 3).then_some((numbers, candidate))
}
