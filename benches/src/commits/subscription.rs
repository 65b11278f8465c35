//! What is subscribed to.

use std::fmt;

use super::Way;

/// A subscription to commits.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Which commits.
    pub what: What,
    /// The folder whose changes count; all of them if there is none.
    pub path: Option<String>,
    /// The largest number of commits.
    pub limit: usize,
}

/// Which commits are subscribed to.
#[derive(Clone, Debug)]
pub enum What {
    /// The newest of a branch.
    Branch(String),
    /// The largest versions of this major one.
    Versions(u64),
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The newest 20 commits of `main`.
    Newest,
    /// The newest 20 of a folder that every twelfth commit changes.
    Path,
    /// The newest 20 of a folder that every sixtieth commit changes.
    RarePath,
    /// The largest 20 versions of the tags.
    Tags,
    /// 57 subscriptions to the repository: 20 to folders, 10 to branches, 17 to versions and 10 to `main`.
    Many,
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Newest, Self::Path, Self::RarePath, Self::Tags, Self::Many];

    /// The name by which the command selects it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Path => "path",
            Self::RarePath => "rare-path",
            Self::Tags => "tags",
            Self::Many => "many",
        }
    }

    /// How it is done. Of what takes minutes, few ways.
    pub fn ways(self) -> &'static [Way] {
        match self {
            Self::Many => &[Way::Ours, Way::Kargo],
            _ => &Way::ALL,
        }
    }

    /// What is subscribed to.
    pub fn subscriptions(self) -> Vec<Subscription> {
        let branch = |name: &str| What::Branch(name.to_owned());
        let app = |number: usize| Some(format!("apps/app-{number}"));
        match self {
            Self::Newest => vec![Subscription { what: branch("main"), path: None, limit: 20 }],
            Self::Path => vec![Subscription { what: branch("main"), path: app(3), limit: 20 }],
            Self::RarePath => vec![Subscription { what: branch("main"), path: app(13), limit: 20 }],
            Self::Tags => vec![Subscription { what: What::Versions(2), path: None, limit: 20 }],
            Self::Many => (0..57)
                .map(|number| match number {
                    0..20 => Subscription { what: branch("main"), path: app(number % 10), limit: 5 },
                    20..30 => {
                        let branch = branch(&format!("release/{}", number - 20));
                        Subscription { what: branch, path: None, limit: 20 }
                    }
                    30..47 => {
                        let what = What::Versions(1 + number as u64 % 3);
                        Subscription { what, path: None, limit: number - 29 }
                    }
                    _ => Subscription { what: branch("main"), path: None, limit: number - 46 },
                })
                .collect(),
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newest => "newest 20 of a branch",
            Self::Path => "newest 20 of a folder",
            Self::RarePath => "newest 20 of a folder that few commits change",
            Self::Tags => "20 versions of 300 tags",
            Self::Many => "57 subscriptions",
        })
    }
}

impl Subscription {
    /// It as a line of a Warehouse.
    pub fn yaml(&self, url: &str) -> String {
        let what = match &self.what {
            What::Branch(branch) => format!("branch: {branch}"),
            What::Versions(major) => {
                format!("commitSelectionStrategy: SemVer, semverConstraint: '^{major}'")
            }
        };
        let paths = self.path.as_ref().map(|path| format!(", includePaths: [{path}]")).unwrap_or_default();
        format!("git: {{repoURL: {url}, {what}{paths}, discoveryLimit: {}}}", self.limit)
    }

    /// Whether one of these paths counts.
    pub fn has_path<'a>(&self, mut paths: impl Iterator<Item = &'a str>) -> bool {
        let Some(folder) = &self.path else { return true };
        paths.any(|path| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')))
    }
}
