//! What Git says about the repository: two processes, whatever is asked of it afterwards.

use std::collections::BTreeMap;
use std::fmt;

use warehouse_testkit::GitRepository;

/// What a poll comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The tags and ids of commits, best first.
    Commits(Vec<(Option<String>, String)>),
    NoBranch,
}

impl Answer {
    /// What is wrong with this answer.
    pub fn difference(&self, expected: &Self) -> String {
        let (Self::Commits(found), Self::Commits(wanted)) = (self, expected) else {
            return format!("the answer is {self:?}, and Git's {expected:?}");
        };
        let place = found.iter().zip(wanted).take_while(|(one, other)| one == other).count();
        format!(
            "{} commits, and {} for Git; at {place}: {:?}, and {:?} for Git\nfound: {found:?}\nGit's: {wanted:?}",
            found.len(),
            wanted.len(),
            found.get(place),
            wanted.get(place)
        )
    }
}

/// A repository as Git sees it.
pub struct State {
    /// By id, all that are on the first-parent history of a reference.
    pub commits: BTreeMap<String, Known>,
    /// Short names and ids.
    pub branches: Vec<(String, String)>,
    /// The newest first, and those of the same time by name.
    pub tags: Vec<Tag>,
}

/// A commit.
pub struct Known {
    pub parent: Option<String>,
    pub seconds: i64,
    pub subject: String,
    /// What differs from the first parent.
    pub paths: Vec<String>,
}

/// A tag.
pub struct Tag {
    pub name: String,
    pub id: String,
    pub is_annotated: bool,
    /// Where it leads to, if that is a commit.
    pub commit: Option<String>,
}

impl State {
    pub fn read(repository: &GitRepository) -> Self {
        let format = "--format=%x01%H%x00%P%x00%ct%x00%s%x00%D";
        let log = repository
            .git([
                "log",
                "--all",
                "--first-parent",
                "-m",
                "--no-renames",
                "--name-only",
                "-z",
                "--decorate=full",
                format,
            ])
            .unwrap();
        let (mut commits, mut leads) = (BTreeMap::new(), BTreeMap::new());
        for record in log.split('\u{1}').filter(|record| record.contains('\0')) {
            let mut fields = record.split('\0').map(|field| field.trim_start_matches('\n'));
            let mut field = || fields.next().unwrap();
            let (id, parents, seconds, subject, names) = (field(), field(), field(), field(), field());
            for name in names.split(", ") {
                let name = name.trim_start_matches("HEAD -> ").trim_start_matches("tag: ");
                leads.insert(name.to_owned(), id.to_owned());
            }
            let known = Known {
                parent: parents.split(' ').next().filter(|id| !id.is_empty()).map(str::to_owned),
                seconds: seconds.parse().unwrap(),
                subject: subject.to_owned(),
                paths: fields.filter(|path| !path.is_empty()).map(str::to_owned).collect(),
            };
            commits.insert(id.to_owned(), known);
        }

        let format = "--format=%(objectname) %(objecttype) %(refname)";
        let references = repository.git(["for-each-ref", "--sort=-creatordate", format]).unwrap();
        let (mut branches, mut tags) = (Vec::new(), Vec::new());
        for line in references.lines() {
            let [id, kind, full] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
            if let Some(name) = full.strip_prefix("refs/heads/") {
                branches.push((name.to_owned(), id.to_owned()));
            } else if let Some(name) = full.strip_prefix("refs/tags/") {
                let commit = leads.get(full).cloned();
                let is_annotated = kind == "tag";
                tags.push(Tag { name: name.to_owned(), id: id.to_owned(), is_annotated, commit });
            }
        }
        Self { commits, branches, tags }
    }

    /// The first-parent history of a branch, newest first.
    pub fn history(&self, branch: &str) -> Option<Vec<&str>> {
        let (_, tip) = self.branches.iter().find(|(name, _)| name == branch)?;
        let next = |id: &&str| self.commits[*id].parent.as_deref();
        Some(std::iter::successors(Some(tip.as_str()), next).collect())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, id) in &self.branches {
            writeln!(f, "branch {name} {id}")?;
        }
        for Tag { name, id, commit, .. } in &self.tags {
            writeln!(f, "tag {name} {id} {commit:?}")?;
        }
        for (id, Known { parent, seconds, subject, paths }) in &self.commits {
            writeln!(f, "{id} {seconds} {subject:?} {paths:?} {parent:?}")?;
        }
        Ok(())
    }
}
