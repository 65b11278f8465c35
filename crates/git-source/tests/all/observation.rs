//! The layout of an observation, which is stored for months.

use artifact_http::Credential;
use artifact_source::Discovery;
use git_source::{CommitSelectionStrategy, GitSource, ObservedRefs};
use warehouse_testkit::{Commit, GitServer};

use crate::support::{again, find, rule};

/// The ids of the two commits below.
const FIRST: &str = "d69e8a619cf66ef177b463d28b16a4580554de78";
const SECOND: &str = "b244ed038199d6ae5e1714b719ef93046e4390ec";

/// The SHA-1 of each tag's name, a zero byte and its id, by name: checked with `sha1sum`.
const TAGS: &str = "715585c742eccc569c13a06a8cbb4529f1015d88";

/// A repository whose commits have the same ids in every run.
fn server() -> (GitServer, warehouse_testkit::GitRepository) {
    let server = GitServer::builder().basic("me", "SECRET").start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let mut history = repository.history().unwrap();
    let first = history.commit("main", Commit::new("First").by("A <a@example.com>").at(1_700_000_000));
    let second = history.commit("main", Commit::new("Second").by("A <a@example.com>").at(1_700_000_100));
    history.tag("v1.0.0", first).tag("v1.1.0", second).tag("other", second);
    history.write().unwrap();
    (server, repository)
}

#[tokio::test]
async fn its_text_is_fixed() {
    let (_server, repository) = server();
    for (rule, (strategy, fields), state) in [
        (
            rule(|rule| rule.branch("main").include_paths(["apps"])),
            (r#""newestFromBranch""#, r#","branch":"main","includePaths":["apps"]"#),
            format!(r#"{{"digest":"{SECOND}","refs":{{"branchHead":"{SECOND}"}}}}"#),
        ),
        (
            rule(|rule| rule.strategy(CommitSelectionStrategy::SemVer).semver_constraint("^1")),
            (r#""semVer","constraint":"^1","strictness":"strict","names":"gitTag""#, ""),
            format!(
                r#"{{"digest":"{TAGS}","refs":{{"tags":[["v1.0.0","{FIRST}"],["v1.1.0","{SECOND}"]]}}}}"#
            ),
        ),
    ] {
        let url = repository.url().replace("://", "://me:SECRET@");
        let builder = || GitSource::builder(&url).rule(rule.clone()).limit(7);
        let found = find(&builder().build().unwrap()).await;
        let observation = found.observation.unwrap();
        let text = serde_json::to_string(&observation).unwrap();

        let fingerprint = format!(
            r#"{{"kind":"git","repository":"{}","rule":{{"strategy":{strategy}}},"limit":7{fields}}}"#,
            repository.url()
        );
        let fingerprint = serde_json::to_string(&fingerprint).unwrap();
        let expected = format!(r#"{{"schema":4,"fingerprint":{fingerprint},"state":{state}}}"#);
        assert_eq!(text, expected);
        assert!(!text.contains("SECRET"), "{text}");

        // The layout until version 3 is as good as none.
        let old = text.replace("\"schema\":4", "\"schema\":3");
        let old = serde_json::from_str(&old).unwrap();
        assert_eq!(ObservedRefs::of(&old), None);
        assert!(matches!(again(&builder().build().unwrap(), Some(&old)).await, Discovery::Found(_)));

        // What is read back proves that nothing moved, also to a source that gets its credential otherwise.
        let read = serde_json::from_str(&text).unwrap();
        assert_eq!(ObservedRefs::of(&read), ObservedRefs::of(&observation));
        let other = GitSource::builder(repository.url()).rule(rule.clone()).limit(7);
        let other = other.credentials(Credential::password("me", "SECRET")).build().unwrap();
        assert!(matches!(again(&other, Some(&read)).await, Discovery::Unchanged { .. }));
        let other_limit = builder().limit(8).build().unwrap();
        assert!(matches!(again(&other_limit, Some(&read)).await, Discovery::Found(_)));
    }
}
