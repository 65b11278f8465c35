//! Every answer about a whole repository against Git's own: all commits of the first-parent history, what each of them changes, all tags.
//!
//! The repository is the one that `GIT_CORPUS` names, a folder with or without a work tree; without it one of a few thousand commits with
//! everything that a history may hold.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use artifact_http::HttpClient;
use futures::future::join_all;
use git_source::{CommitSelectionStrategy, GitSource, RepositoryCache};
use selection_strategies::path::PathSelectors;
use warehouse_testkit::{Commit, CommitMark, GitRepository, GitServer};

use crate::support::{find, rule};

/// The commits on the first-parent history of the generated repository; there are more on side branches.
const COMMITS: usize = 3000;

/// Folders below those of the root that are subscribed to, besides all of the root.
const BELOW: usize = 24;

/// What `git` prints about the repository in this folder.
fn git(folder: &Path, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").env("TZ", "UTC");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
    output.stdout
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A text of at most 80 bytes, as rule 4.5 cuts it.
fn cut(subject: &str) -> String {
    if subject.len() <= 80 {
        return subject.to_owned();
    }
    let end = (0..=77).rev().find(|end| subject.is_char_boundary(*end)).unwrap();
    format!("{}...", &subject[..end])
}

/// What Git says of a commit: id, subject, author, committer, seconds.
type Told = [String; 5];

fn told(printed: &[u8]) -> Vec<Told> {
    let fields: Vec<String> = printed.split(|byte| *byte == 0).map(text).collect();
    fields
        .chunks_exact(5)
        .map(|fields| {
            let [id, subject, author, committer, seconds] = fields.to_vec().try_into().unwrap();
            [id, cut(&subject), author, committer, seconds]
        })
        .collect()
}

const FORMAT: &str = "--format=%H%x00%s%x00%an <%ae>%x00%cn <%ce>%x00%ct";

/// What each commit changes, by `git show`.
fn changes(folder: &Path, ids: &[String]) -> HashMap<String, BTreeSet<Vec<u8>>> {
    let show =
        ["show", "--stdin", "--first-parent", "--no-renames", "--name-status", "-z", "--format=%x01%H"];
    let printed = git(folder, &show, &(ids.join("\n") + "\n"));
    let mut changes: HashMap<String, BTreeSet<Vec<u8>>> = HashMap::new();
    let (mut id, mut is_path) = (String::new(), false);
    for mut field in printed.split(|byte| *byte == 0) {
        if let Some(next) = field.strip_prefix(b"\n") {
            field = next;
        }
        if let Some(next) = field.strip_prefix(b"\x01") {
            id = text(next);
            changes.entry(id.clone()).or_default();
            is_path = false;
        } else if is_path {
            changes.entry(id.clone()).or_default().insert(field.to_vec());
            is_path = false;
        } else {
            is_path = !field.is_empty();
        }
    }
    changes
}

/// What differs between both answers, or the number of commits.
fn compare(what: &str, found: &[artifact_source::Commit], expected: &[(Option<String>, Told)]) -> usize {
    for (at, (ours, (tag, [id, subject, author, committer, seconds]))) in
        found.iter().zip(expected).enumerate()
    {
        let date = ours.creator_date.map(|date| date.as_second().to_string()).unwrap_or_default();
        let of_ours = (&ours.tag, &ours.id, &ours.subject, &ours.author, &ours.committer, &date);
        assert_eq!(of_ours, (tag, id, subject, author, committer, seconds), "{what}, the one at {at}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
    found.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_as_git_says() {
    let server = GitServer::start().unwrap();
    let repository = server.create("corpus.git").unwrap();
    let name = match std::env::var_os("GIT_CORPUS") {
        Some(folder) => {
            share(&PathBuf::from(folder).canonicalize().unwrap(), &repository);
            "the repository of GIT_CORPUS"
        }
        None => {
            generate(&repository);
            eprintln!("NOTE: a generated repository; GIT_CORPUS=FOLDER names a real one");
            "the generated repository"
        }
    };
    let (folder, url) = (repository.path().to_owned(), repository.file_url());
    let cache = tempfile::tempdir().unwrap();
    let shared = RepositoryCache::new(HttpClient::builder().build().unwrap());
    let builder = || {
        let builder = GitSource::builder(&url).limit(usize::MAX).repositories(&shared);
        builder.cache_dir(cache.path().to_owned()).max_bytes(4 << 30)
    };

    let history = told(&git(&folder, &["log", "--first-parent", "-z", FORMAT, "HEAD"], ""));
    let ids: Vec<String> = history.iter().map(|told| told[0].clone()).collect();
    let found = find(&builder().build().unwrap()).await;
    let expected: Vec<_> = history.into_iter().map(|told| (None, told)).collect();
    let commits = compare("history", &found.artifacts, &expected);

    let changes = changes(&folder, &ids);
    assert_eq!(changes.len(), ids.len());
    let selectors = selectors(&changes);
    let sources = selectors
        .iter()
        .map(|selector| builder().rule(rule(|rule| rule.include_paths([selector]))).build().unwrap());
    let sources: Vec<_> = sources.collect();
    let all = join_all(sources.iter().map(find)).await;
    let (mut decisions, mut positive) = (0, 0);
    for (selector, found) in selectors.iter().zip(all) {
        let rule = PathSelectors::new([selector], [""; 0]).unwrap();
        let is_found = |id: &&String| {
            let paths = changes[*id].iter().map(|path| text(path));
            rule.judge_commit(paths).is_accepted()
        };
        let expected: Vec<&String> = ids.iter().filter(is_found).collect();
        let found: Vec<&String> = found.artifacts.iter().map(|commit| &commit.id).collect();
        assert_eq!(found, expected, "{selector:?}");
        decisions += ids.len();
        positive += found.len();
    }

    let expected = tags(&folder);
    let by_date = rule(|rule| rule.strategy(CommitSelectionStrategy::NewestTag));
    let found = find(&builder().rule(by_date).build().unwrap()).await;
    let tags = compare("tags", &found.artifacts, &expected);

    let paths: usize = changes.values().map(BTreeSet::len).sum();
    eprintln!(
        "{name}: {commits} commits; {paths} changed paths, {} selectors, {decisions} decisions ({positive} of them yes); {tags} tags: 0 differences",
        selectors.len()
    );
}

/// Gives a repository the references of another one, and its objects without a copy. So its server leaves files out, and nothing is written to the other.
fn share(from: &Path, to: &GitRepository) {
    let objects = text(&git(from, &["rev-parse", "--path-format=absolute", "--git-path", "objects"], ""));
    std::fs::write(to.path().join("objects/info/alternates"), objects).unwrap();
    let head = text(&git(from, &["rev-parse", "HEAD"], ""));
    let tags =
        text(&git(from, &["for-each-ref", "--format=create %(refname) %(objectname)", "refs/tags"], ""));
    let references = format!("create refs/heads/main {}\n{tags}", head.trim());
    to.git_with_input(["update-ref", "--stdin"], references.as_bytes()).unwrap();
}

/// All names of the root, and some folders below.
fn selectors(changes: &HashMap<String, BTreeSet<Vec<u8>>>) -> Vec<String> {
    let (mut top, mut below) = (BTreeSet::new(), BTreeSet::new());
    for path in changes.values().flatten() {
        let Ok(path) = std::str::from_utf8(path) else { continue };
        let mut parts = path.splitn(3, '/');
        let first = parts.next().unwrap_or_default();
        top.insert(first.to_owned());
        if let Some(second) = parts.next() {
            below.insert(format!("{first}/{second}"));
        }
    }
    let every = below.len().div_ceil(BELOW).max(1);
    let chosen = top.into_iter().chain(below.into_iter().step_by(every));
    // What is written otherwise than it is means something else in a selector.
    chosen.filter(|path| PathSelectors::new([path], [""; 0]).is_ok() && !path.contains(':')).collect()
}

/// All tags that lead to commits: the newest first, those of the same second by name.
fn tags(folder: &Path) -> Vec<(Option<String>, Told)> {
    let sorted =
        ["for-each-ref", "--sort=-creatordate", "--format=%(refname)%00%(creatordate:unix)", "refs/tags"];
    let listed = text(&git(folder, &sorted, ""));
    let listed: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once('\0')).collect();
    let names: String = listed.iter().map(|(name, _)| format!("{name}^{{commit}}\n")).collect();
    let checked = text(&git(folder, &["cat-file", "--batch-check"], &names));
    let leads: Vec<Option<&str>> = checked
        .lines()
        .map(|line| line.split_once(' ').filter(|(_, rest)| rest.starts_with("commit ")).map(|(id, _)| id))
        .collect();
    let ids: String = leads.iter().flatten().map(|id| format!("{id}\n")).collect();
    let log = git(folder, &["log", "--no-walk=unsorted", "--stdin", "-z", FORMAT], &ids);
    let told: HashMap<String, Told> = told(&log).into_iter().map(|told| (told[0].clone(), told)).collect();
    let tags = listed.iter().zip(leads).filter_map(|((name, seconds), id)| {
        let [id, subject, author, committer, _] = told[id?].clone();
        let name = name.strip_prefix("refs/tags/")?.to_owned();
        Some((Some(name), [id, subject, author, committer, (*seconds).to_owned()]))
    });
    tags.collect()
}

/// A small generator, the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }
}

/// A path that may be a file or a folder of others, with every kind of name.
fn path(random: &mut Random) -> Vec<u8> {
    const NAMES: [&[u8]; 16] = [
        b"apps",
        b"docs",
        b"a",
        b"b",
        b"c",
        b"x y",
        b"tab\there",
        b"quote\"d",
        b"back\\slash",
        "ü".as_bytes(),
        b"\xff\xfe",
        b"..two",
        b"a..b",
        b"-dash",
        b".dot",
        b"*",
    ];
    let parts = 1 + random.below(3);
    let parts: Vec<&[u8]> = (0..parts).map(|_| NAMES[random.below(NAMES.len())]).collect();
    parts.join(&b'/')
}

fn change(random: &mut Random, number: usize, clock: &mut i64) -> Commit {
    let subject = match random.below(12) {
        0 => String::new(),
        1 => format!("Long {number} {}", "wört ".repeat(40)),
        2 => format!("Two lines {number}\nof a subject\n\nBody"),
        3 => format!("  Blanks {number}  \t"),
        _ => format!("Change {number}"),
    };
    *clock += i64::try_from(random.below(3) * 60).unwrap();
    let skew = if random.below(7) == 0 { 100_000 } else { 0 };
    let mut commit = Commit::new(subject).at(*clock - skew);
    if random.below(5) == 0 {
        commit = commit.author("Zoë Q. <zoe@example.com>");
    }
    for _ in 0..random.below(4) {
        let path = path(random);
        let content = random.below(30).to_string();
        commit = match random.below(9) {
            0 => commit.remove(path),
            1 => commit.executable(path, content),
            2 => commit.symlink(path, content),
            3 => commit.submodule(path, format!("{:040x}", 1 + random.below(9))),
            // A rename: the old name goes, and the new one has the content.
            4 => commit.remove(path).file(self::path(random), content),
            _ => commit.file(path, content),
        };
    }
    commit
}

/// Everything that a history may hold.
fn generate(repository: &GitRepository) {
    let mut random = Random(13);
    let mut history = repository.history().unwrap();
    let mut clock = 1_704_067_200;
    let mut marks: Vec<CommitMark> = Vec::new();
    for number in 0..COMMITS {
        let next = change(&mut random, number, &mut clock);
        let mark = match random.below(12) {
            0 if number > 10 => {
                // A side branch from anywhere, merged; now and then it merges this branch first, so that both merge each other.
                let from = marks[random.below(marks.len())];
                history.branch("side", from);
                let mut side = from;
                for _ in 0..1 + random.below(3) {
                    side = history.commit("side", change(&mut random, number, &mut clock));
                }
                if random.below(3) == 0 {
                    let last = *marks.last().unwrap();
                    history.merge("side", last, change(&mut random, number, &mut clock));
                }
                history.merge("main", side, next)
            }
            1 if number % 50 == 49 => {
                history.orphan("other");
                let other = history.commit("other", change(&mut random, number, &mut clock));
                history.merge("main", other, next)
            }
            _ => history.commit("main", next),
        };
        marks.push(mark);
        match random.below(40) {
            0..3 => {
                history.tag(&format!("light-{number}"), mark);
            }
            3..6 => {
                let at = clock - i64::try_from(random.below(50_000)).unwrap();
                history.annotated_tag_at(&format!("v1.{number}.0"), mark, "Release", at);
            }
            6 if number % 3 == 0 => {
                history.tag_tree(&format!("tree-{number}"), mark);
            }
            7 if number % 3 == 0 => {
                history.annotated_tag_blob(&format!("blob-{number}"), "x", "A file");
            }
            _ => {}
        }
    }
    history.write().unwrap();
    // Tags on tags.
    let annotated = repository.git(["tag", "--list", "v1.*"]).unwrap();
    for name in annotated.lines().step_by(5) {
        let person = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "advice.nestedTag=false"];
        let nested = format!("nested-{name}");
        repository.git(person.iter().copied().chain(["tag", "-m", "Again", &nested, name])).unwrap();
    }
    // People whom Git itself would not write.
    let tree = repository.resolve("main^{tree}").unwrap();
    for person in [
        "<> 1704067200 +0000",
        "No Email 1704067200 +0000",
        "A <a@example.com>",
        "A <a@example.com> +0000",
        "A <a@example.com> 1704067200",
        "A <a@example.com> 99999999999999999999 +0000",
        "A > B <a@example.com> 1704067200 +0000",
        "A <a@example.com> 1704067200 +9999",
        "A <b <a@example.com> 1704067200 -0100",
    ] {
        let parent = repository.resolve("main").unwrap();
        let commit = format!(
            "tree {tree}\nparent {parent}\nauthor {person}\ncommitter C <c@example.com> 1704067200 +0000\n\nBy {person}\n"
        );
        let write = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
        let id = repository.git_with_input(write, commit.as_bytes()).unwrap();
        repository.set_reference("refs/heads/main", &id).unwrap();
    }
}
