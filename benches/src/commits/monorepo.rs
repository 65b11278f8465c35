//! The repository that is measured on: the applications of a company, each in a folder of its own.

use std::collections::HashMap;

use warehouse_testkit::{Commit, GitRepository, GitServer};

use super::Failure;

/// Folders below `apps`.
const APPS: usize = 100;
/// Files of each.
const FILES: usize = 12;
/// Lines of each file.
const LINES: usize = 60;
/// The folders `app-0` to `app-9` get four of five commits, `app-10` to `app-19` the rest.
const BUSY: usize = 10;
/// Every so many commits there is a tag, and every second one is annotated.
const COMMITS_OF_A_TAG: usize = 10;
/// Branches `release/N`.
const RELEASES: usize = 10;
/// Branches `feature/N`, which nobody subscribes to.
const FEATURES: usize = 140;
/// Every so many commits is the merge of a side branch.
const COMMITS_OF_A_MERGE: usize = 25;

/// A repository behind a server, and what is in its files.
#[derive(Debug)]
pub struct Monorepo {
    /// The server, for its log and its faults.
    pub server: GitServer,
    repository: GitRepository,
    seed: u64,
    /// What is in the files that were changed.
    files: HashMap<(usize, usize), Vec<String>>,
    commits: usize,
    tags: usize,
}

impl Monorepo {
    /// A repository of this many commits on `main`, with a tag for every ten, 150 other branches, and packed as a server packs it.
    ///
    /// # Errors
    ///
    /// What Git says.
    pub fn new(commits: usize) -> Result<Self, Failure> {
        let server = GitServer::start()?;
        let repository = server.create("monorepo.git")?;
        let mut this = Self { server, repository, seed: 13, files: HashMap::new(), commits: 0, tags: 0 };
        this.grow(commits, true)?;
        this.repository.git(["repack", "-a", "-d", "-q", "--depth=50", "--window=10"])?;
        this.repository.git(["pack-refs", "--all"])?;
        this.server.log().clear();
        Ok(this)
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.repository.url()
    }

    /// Its size on disk, in bytes.
    ///
    /// # Errors
    ///
    /// What Git says.
    pub fn size(&self) -> Result<u64, Failure> {
        let counted = self.repository.git(["count-objects", "-v"])?;
        let kib = counted.lines().find_map(|line| line.strip_prefix("size-pack: "));
        Ok(kib.ok_or("Git names no size")?.parse::<u64>()? << 10)
    }

    /// More commits on `main`, and a tag on the last one.
    ///
    /// # Errors
    ///
    /// What Git says.
    pub fn advance(&mut self, commits: usize) -> Result<(), Failure> {
        self.grow(commits, false)
    }

    fn grow(&mut self, commits: usize, is_first: bool) -> Result<(), Failure> {
        let repository = self.repository.clone();
        let mut history = repository.history()?;
        let mut marks = Vec::new();
        if is_first {
            let mut first = Commit::new("All applications");
            for (app, file) in (0..APPS).flat_map(|app| (0..FILES).map(move |file| (app, file))) {
                let content = self.content(app, file).join("\n");
                first = first.file(path(app, file), content);
            }
            marks.push(history.commit("main", first));
        }
        for number in 1..=commits {
            self.commits += 1;
            let all = self.commits;
            let message = format!("Change {all}\n\nThis is why the value had to be another one.\n");
            let change = self.change(Commit::new(message));
            let mark = if is_first && all.is_multiple_of(COMMITS_OF_A_MERGE) {
                history.branch("side", *marks.last().ok_or("there is no commit")?);
                let side = self.change(Commit::new(format!("Side {all}")));
                let side = history.commit("side", side);
                history.merge("main", side, change)
            } else {
                history.commit("main", change)
            };
            marks.push(mark);
            if (is_first && all.is_multiple_of(COMMITS_OF_A_TAG)) || (!is_first && number == commits) {
                self.tags += 1;
                // One that is added later is always among those that are subscribed to.
                let major = if is_first { 1 + self.tags % 3 } else { 2 };
                let name = format!("v{major}.{}.0", self.tags);
                match self.tags % 2 {
                    0 => history.tag(&name, mark),
                    _ => history.annotated_tag(&name, mark, "Release"),
                };
            }
        }
        if is_first {
            for number in 0..RELEASES + FEATURES {
                let kind = if number < RELEASES { "release" } else { "feature" };
                let branch = format!("{kind}/{number}");
                let from = marks.len() - 1 - number * 7 % marks.len();
                history.branch(&branch, *marks.get(from).ok_or("there is no commit")?);
                let fix = self.change(Commit::new(format!("A fix for {branch}")));
                history.commit(&branch, fix);
            }
        }
        history.write()?;
        Ok(())
    }

    /// Changes a line of one file or two of one application.
    fn change(&mut self, mut commit: Commit) -> Commit {
        let app = match self.below(5) {
            0 => BUSY + self.below(BUSY),
            _ => self.below(BUSY),
        };
        for _ in 0..1 + self.below(2) {
            let file = self.below(FILES);
            let mut content = self.content(app, file);
            let (at, line) = (self.below(LINES), self.line());
            if let Some(old) = content.get_mut(at) {
                *old = line;
            }
            commit = commit.file(path(app, file), content.join("\n"));
            self.files.insert((app, file), content);
        }
        commit
    }

    fn content(&mut self, app: usize, file: usize) -> Vec<String> {
        match self.files.get(&(app, file)) {
            Some(content) => content.clone(),
            None => {
                let content: Vec<String> = (0..LINES).map(|_| self.line()).collect();
                self.files.insert((app, file), content.clone());
                content
            }
        }
    }

    fn line(&mut self) -> String {
        let (first, second) = (self.below(1 << 30), self.below(1 << 30));
        format!("  key-{}: value of some {first:x} and {second:x}", first % 97)
    }

    /// A number of a small generator, the same on every machine.
    fn below(&mut self, sides: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.seed >> 33) % sides as u64).unwrap_or_default()
    }
}

fn path(app: usize, file: usize) -> String {
    let folder = if file.is_multiple_of(3) { "chart" } else { "deploy" };
    format!("apps/app-{app}/{folder}/values-{file}.yaml")
}
