//! Which of these commits and tags of Git would my Warehouse take, and why not the others? No server is asked.
//!
//! `cargo run -p warehouse-discovery --example commit_rule`

use warehouse_discovery::expressions::{CommitVariables, Time};
use warehouse_discovery::parse;
use warehouse_discovery::spec::{Options, SubscriptionKind};

const MANIFEST: &str = "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {name: app}
spec:
  subscriptions:
  - git:
      repoURL: https://git.example.com/app
      branch: main
      includePaths: [apps]
      expressionFilter: \"!(subject contains '[skip ci]')\"
  - git: {repoURL: https://git.example.com/config, commitSelectionStrategy: SemVer, semverConstraint: ^1.0.0}
";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let manifest = parse("app.yaml", MANIFEST, &Options::default());
    if let Some(problem) = manifest.diagnostics.first() {
        return Err(problem.to_string().into());
    }
    let [of_branch, of_tags] = &manifest.warehouses[0].spec.subscriptions[..] else {
        return Err("two are written".into());
    };
    let (SubscriptionKind::Git(of_branch), SubscriptionKind::Git(of_tags)) = (&of_branch.kind, &of_tags.kind)
    else {
        return Err("both are of Git".into());
    };

    // A commit is judged by what Git says of it, and by the paths that it changes.
    let rule = of_branch.rule()?;
    let now: Time = "2026-01-02T00:00:00Z".parse()?;
    let mut accepted = Vec::new();
    for subject in ["web: new colours", "docs: a comma [skip ci]"] {
        let commit = CommitVariables {
            id: "8a9bd60a1c3bb5a4c8e6a5c2ad6f8b2d6a0e8a11",
            commit_date: "2026-01-01T10:30:00Z".parse()?,
            author: b"Jane Doe <jane@example.com>",
            committer: b"Jane Doe <jane@example.com>",
            subject: subject.as_bytes(),
        };
        let verdict = rule.judge_commit(&commit, &now)?;
        println!("{subject:?}: {verdict}");
        accepted.push(verdict.is_accepted());
    }
    assert_eq!(accepted, [true, false]);
    let paths = rule.judge_paths(["docs/index.md"]);
    println!("docs/index.md: {paths}");
    assert!(!paths.is_accepted());

    // Tags are judged together, best first.
    let judged = of_tags.rule()?.judge_tags(["v1.2.0", "v2.0.0", "v1.10.0"])?;
    for tag in &judged {
        println!("{tag}");
    }
    assert_eq!(judged[0].to_string(), "v1.10.0: accepted");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
