//! The output of `explain` for Git: paths that are written otherwise than in the repository, and the commits of tags.

use warehouse_testkit::{Commit, GitServer};

use crate::support::warehouse;

/// What is said of a repository under these fields of the subscription.
fn explain(url: &str, fields: &str, arguments: &[&str]) -> String {
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
         - git: {{repoURL: {url}, {fields}}}\n"
    );
    let ran = warehouse(&[&["explain", "--no-cache", "-q", "-f", "-"], arguments].concat(), &manifest);
    ran.out.replace(url, "GIT")
}

/// Two folders that differ in the case of their letters are two folders: the cause is another one, and what its hint says to write takes a commit.
#[test]
fn a_path_that_is_misspelt_beside_one_in_another_case() {
    let server = GitServer::start().unwrap();
    let repository = server.create("shop.git").unwrap();
    let mut history = repository.history().unwrap();
    history.commit("main", Commit::new("Web").file("apps/guestbook/a.yaml", "1"));
    history.commit("main", Commit::new("Upper").file("Apps/Upper/x.yaml", "1"));
    history.write().unwrap();
    for (path, hint, remedy) in [
        ("apps/*", "\"apps/*\" is a plain path; a pattern is written as `glob:apps/*`", "glob:apps/*/*"),
        ("apps/guestbok", "did you mean `apps/guestbook`?", "apps/guestbook"),
        ("app/guestbook", "did you mean `apps/guestbook`?", "apps/guestbook"),
        ("./apps/guestbok/", "did you mean `apps/guestbook`?", "apps/guestbook"),
        ("glob:apps/**/*.yml", "did you mean `glob:apps/**/*.yaml`?", "glob:apps/**/*.yaml"),
        ("apps/guestbook/a.yml", "did you mean `apps/guestbook/a.yaml`?", "apps/guestbook/a.yaml"),
        ("apps/guestbook/b.yaml", "did you mean `apps/guestbook/a.yaml`?", "apps/guestbook/a.yaml"),
    ] {
        let out = explain(repository.url(), &format!("branch: main, includePaths: [\"{path}\"]"), &[]);
        let first = out.lines().next().unwrap();
        assert_eq!(
            first,
            format!(
                "git GIT: nothing fits: none of 2 commits changes a path that `includePaths` ({path:?}) selects: there never was one on this branch"
            )
        );
        assert!(out.contains(&format!("\n  help: {hint}\n")) && !out.contains("letters"), "{path}: {out}");
        let out = explain(repository.url(), &format!("branch: main, includePaths: [\"{remedy}\"]"), &[]);
        assert!(out.contains(", 1 taken, "), "{remedy}: {out}");
    }
    insta::assert_snapshot!(explain(repository.url(), "branch: main, includePaths: [apps]", &[]), @r"
    git GIT: 2 commits: 1 without a change of a selected path, 1 taken, best a7bd72b0d803
    - d3ea1c690836   2024-01-01T00:01:00Z   Upper   Apps/                   no changed path is selected
    + a7bd72b0d803   2024-01-01T00:00:00Z   Web     apps/guestbook/a.yaml
    ");
    let out = explain(repository.url(), "branch: main, includePaths: [nowhere]", &[]);
    assert!(!out.contains("help:"), "{out}");
}

/// The best of tags is a tag, with its commit beside it, by the beginning of which it is found.
#[test]
fn a_tag_has_its_commit() {
    let server = GitServer::start().unwrap();
    let repository = server.create("shop.git").unwrap();
    let mut history = repository.history().unwrap();
    let first = history.commit("main", Commit::new("First").file("a", "1"));
    history.tag("v1.0.0", first);
    let second = history.commit("main", Commit::new("Second").file("a", "2"));
    history.tag("v1.1.0", second);
    history.tag("v1.2.0", second);
    history.tag("weekly", second);
    history.write().unwrap();
    let fields = "commitSelectionStrategy: SemVer";
    let out = explain(repository.url(), fields, &[]);
    insta::assert_snapshot!(out, @r"
    git GIT: 4 tags: 1 not semver, 3 taken, best v1.2.0
    + v1.2.0   2024-01-01T00:01:00Z   336c80240b3a   Second
    + v1.1.0   2024-01-01T00:01:00Z   336c80240b3a   Second
    + v1.0.0   2024-01-01T00:00:00Z   4ea63f901e5b   First
    - weekly                                                  not a semantic version in the strict sense (major.minor.patch)
    ");

    let json: serde_json::Value =
        serde_json::from_str(&explain(repository.url(), fields, &["-o", "json"])).unwrap();
    let subscription = &json["items"][0]["subscriptions"][0];
    assert_eq!(subscription["summary"]["best"], "v1.2.0");
    let commit = subscription["candidates"][0]["commit"].as_str().unwrap();
    assert_eq!((subscription["candidates"][0]["name"].as_str(), commit.len()), (Some("v1.2.0"), 40));

    let out = explain(repository.url(), fields, &["--candidate", &commit[..7]]);
    let answers: Vec<_> = out.lines().skip(1).take(2).collect();
    assert_eq!(answers, ["  v1.2.0 is taken: the best of 3", "  v1.1.0 is taken: number 2 of 3"]);
    let out = explain(repository.url(), fields, &["--candidate", "abcdef0"]);
    let answer =
        "  abcdef0 is not listed by the server, and no tag that was read leads to a commit of this id";
    assert_eq!(out.lines().skip(1).collect::<Vec<_>>(), [answer]);
}

/// Where a limit ends the walk, the summary says so, and a greater one reaches an older commit.
#[test]
fn a_walk_that_ends_at_the_limit() {
    let server = GitServer::start().unwrap();
    let repository = server.create("shop.git").unwrap();
    let mut history = repository.history().unwrap();
    for subject in ["One", "Two", "Three"] {
        history.commit("main", Commit::new(subject).file("a", subject));
    }
    history.write().unwrap();
    let all = explain(repository.url(), "branch: main", &[]);
    let oldest = all.lines().last().unwrap().get(2..9).unwrap();
    let ask = |limit: u8| {
        explain(repository.url(), &format!("branch: main, discoveryLimit: {limit}"), &["--candidate", oldest])
    };
    let out = ask(2).replace(oldest, "OLDEST");
    insta::assert_snapshot!(out, @r"
    git GIT: 2 commits: 2 taken (the limit, at which the walk ends), best f8c73b53a301
      OLDEST was not reached: newer commits fill the `discoveryLimit` of 2, and older ones were not read
      help: if it is an older commit of the branch, a greater `discoveryLimit` reaches it
    ");
    assert!(ask(3).contains("is taken: number 3 of 3"), "{}", ask(3));
}
