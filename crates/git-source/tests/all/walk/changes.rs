//! What happens to the repository, as a stream for `git fast-import`.

use std::fmt::Write;

use super::Random;
use super::oracle::State;

const PATHS: [&str; 7] = ["apps/a", "apps/b/c", "apps/vendor/x", "docs/a", "docs/apps/x", "top", "appsx/a"];

/// 2024-01-01.
const EPOCH: i64 = 1_704_067_200;

/// Makes changes, and knows what they led to.
#[derive(Default)]
pub struct Changes {
    /// All commits that ever were, also those that no reference leads to any more.
    commits: Vec<String>,
    /// Commits that are the first parent of another one's, of which there is a tag.
    parents_of_tagged: Vec<String>,
    /// What the references stand for now: the full name and the id of a commit.
    branches: Vec<(String, String)>,
    tags: Vec<String>,
    /// What this stream changes already: fast-import takes no second time.
    moved: Vec<String>,
    /// The ids of tag objects.
    tag_objects: Vec<String>,
    ticks: i64,
    number: usize,
}

impl Changes {
    /// One to three things that happen at once.
    pub fn next(&mut self, random: &mut Random) -> Vec<u8> {
        let mut stream = String::new();
        self.moved.clear();
        if self.commits.is_empty() {
            for _ in 0..1 + random.below(30) {
                self.commit(&mut stream, "main", None, None, random);
            }
            stream.push_str("reset refs/heads/release\nfrom refs/heads/main\n\n");
        } else {
            // The second one makes the first tags.
            for _ in 0..if self.tags.is_empty() { 12 } else { 0 } {
                self.tag(&mut stream, random);
            }
            for _ in 0..1 + random.below(3) {
                self.one(&mut stream, random);
            }
        }
        stream.push_str("done\n");
        stream.into_bytes()
    }

    fn one(&mut self, stream: &mut String, random: &mut Random) {
        match random.below(16) {
            0..4 => {
                let branch = random.one_of(&["main", "main", "release"]);
                let mut from = self.tip(branch);
                for _ in 0..1 + random.below(6) {
                    self.commit(stream, branch, from.take().as_deref(), None, random);
                }
            }
            4 | 5 => {
                // A side branch from anywhere, merged.
                let from = random.one_of(&self.commits);
                let mut from = Some(from);
                for _ in 0..1 + random.below(4) {
                    self.commit(stream, "side", from.take().as_deref(), None, random);
                }
                let main = self.tip("main");
                self.commit(stream, "main", main.as_deref(), Some("refs/heads/side"), random);
            }
            6 => {
                // The branch is set back, or to a lost commit, perhaps with something new on top.
                let branch = random.one_of(&["main", "release"]);
                let to = random.one_of(&self.commits);
                let _ = write!(stream, "reset refs/heads/{branch}\nfrom {to}\n\n");
                for number in 0..random.below(3) {
                    let from = (number == 0).then_some(to.as_str());
                    self.commit(stream, branch, from, None, random);
                }
                self.branches.retain(|(name, _)| name != branch);
            }
            7 => {
                let _ = write!(stream, "reset refs/heads/release\nfrom {}\n\n", "0".repeat(40));
                self.branches.retain(|(name, _)| name != "release");
            }
            8 if !self.tags.is_empty() => {
                let tag = random.one_of(&self.tags);
                if self.moved.contains(&tag) {
                    return;
                }
                self.moved.push(tag.clone());
                let _ = write!(stream, "reset refs/tags/{tag}\nfrom {}\n\n", "0".repeat(40));
                self.tags.retain(|other| *other != tag);
            }
            _ => self.tag(stream, random),
        }
    }

    /// A tag that is new, or changes.
    fn tag(&mut self, stream: &mut String, random: &mut Random) {
        let name = match (random.below(8), self.tags.is_empty()) {
            (0, _) => format!("build-{}", random.below(20)),
            (1, _) => format!("v{}.{}", random.below(3), random.below(4)),
            (2, _) => format!("v{}.{}.0-rc.{}", random.below(3), random.below(4), random.below(12)),
            (3 | 4, false) => random.one_of(&self.tags),
            _ => format!("v{}.{}.{}", random.below(3), random.below(4), random.below(12)),
        };
        if self.moved.contains(&name) {
            return;
        }
        self.moved.push(name.clone());
        let at = match (random.below(4), self.parents_of_tagged.is_empty()) {
            (0 | 1, false) => random.one_of(&self.parents_of_tagged),
            _ => random.one_of(&self.commits),
        };
        let when = EPOCH + 60 * i64::try_from(random.below(400)).unwrap();
        let tagger = format!("tagger T <t@example.com> {when} +0100\ndata 7\nRelease\n");
        let _ = match random.below(12) {
            0..6 => write!(stream, "reset refs/tags/{name}\nfrom {at}\n\n"),
            6 if !self.tag_objects.is_empty() => {
                let tag = random.one_of(&self.tag_objects);
                write!(stream, "tag {name}\nfrom {tag}\n{tagger}")
            }
            7 => write!(stream, "blob\nmark :1\ndata 2\nx\n\ntag {name}\nfrom :1\n{tagger}"),
            _ => write!(stream, "tag {name}\nfrom {at}\n{tagger}"),
        };
        if !self.tags.contains(&name) {
            self.tags.push(name);
        }
    }

    fn commit(
        &mut self,
        stream: &mut String,
        branch: &str,
        from: Option<&str>,
        merged: Option<&str>,
        random: &mut Random,
    ) {
        self.number += 1;
        self.ticks += 60 * i64::try_from(random.below(3)).unwrap();
        // Clocks differ: some commits are older than their parents, some have the same time.
        let when = EPOCH + self.ticks - if random.below(6) == 0 { 3000 } else { 0 };
        let subject = format!("{} {}", if random.below(5) == 0 { "skip" } else { "change" }, self.number);
        let _ = write!(
            stream,
            "commit refs/heads/{branch}\ncommitter C <c@example.com> {when} +0000\ndata {}\n{subject}\n",
            subject.len()
        );
        if let Some(from) = from {
            let _ = writeln!(stream, "from {from}");
        }
        if let Some(merged) = merged {
            let _ = writeln!(stream, "merge {merged}");
        }
        for _ in 0..random.below(3) {
            let path = random.one_of(&PATHS);
            match random.below(6) {
                0 => {
                    let _ = writeln!(stream, "D {path}");
                }
                mode => {
                    let mode = if mode == 1 { "100755" } else { "100644" };
                    let content = random.below(50).to_string();
                    let _ = write!(stream, "M {mode} inline {path}\ndata {}\n{content}\n", content.len());
                }
            }
        }
        stream.push('\n');
    }

    /// What a commit on this branch follows, as long as nothing else of the same stream has moved it.
    fn tip(&self, branch: &str) -> Option<String> {
        self.branches.iter().find(|(name, _)| name == branch).map(|(_, id)| id.clone())
    }

    /// Takes note of where all stands now.
    pub fn learn(&mut self, state: &State) {
        self.branches = state.branches.clone();
        self.tags = state.tags.iter().map(|tag| tag.name.clone()).collect();
        self.tag_objects =
            state.tags.iter().filter(|tag| tag.is_annotated).map(|tag| tag.id.clone()).collect();
        for id in state.commits.keys() {
            if !self.commits.contains(id) {
                self.commits.push(id.clone());
            }
        }
        let tagged = state.tags.iter().filter_map(|tag| state.commits.get(tag.commit.as_ref()?));
        self.parents_of_tagged = tagged.filter_map(|commit| commit.parent.clone()).collect();
    }
}
