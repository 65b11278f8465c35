//! An edited manifest: what would have been chosen, or what the bundle does not have.

use artifact_source::{AnyArtifact, Artifact as _};
use discovery_bundle::Bundle;
use warehouse_spec::{GitSubscription, ImageSubscription, Subscription, Warehouse};

use crate::world::{Credentials, World, record, replay};

/// The names of what one subscription finds in the bundle, or its error.
async fn found(bundle: &Bundle, subscription: Subscription) -> Result<Vec<String>, String> {
    let warehouse = Warehouse::new("edited", vec![subscription]);
    let (report, replay) = replay(bundle, &warehouse).await;
    let found = &report.subscriptions[0];
    match &found.error {
        Some(error) => {
            assert!(!replay.missing().is_empty(), "{error}");
            assert!(
                error.hint().is_some_and(|hint| hint.contains("record one with this manifest")),
                "{error:?}"
            );
            Err(error.to_string())
        }
        None => Ok(found.artifacts.iter().map(name).collect()),
    }
}

/// The tag or version, or the subject of a commit.
fn name(artifact: &AnyArtifact) -> String {
    match artifact {
        AnyArtifact::Commit(commit) => commit.tag.clone().unwrap_or_else(|| commit.subject.clone()),
        other => other.name().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_for_images() {
    let world = World::start();
    let (_, bundle) = record(&world.warehouse(), Credentials).await;
    let image = |edit: &dyn Fn(&mut ImageSubscription)| {
        let mut image = world.image("shop/web");
        edit(&mut image);
        Subscription::new(image)
    };
    let constrained = |constraint: &str, limit: u32| {
        image(&|image| (image.constraint, image.discovery_limit) = (Some(constraint.to_owned()), limit))
    };
    assert_eq!(
        found(&bundle, constrained("<=1.13.0", 2)).await,
        Ok(vec!["1.13.0".to_owned(), "1.12.0".to_owned()])
    );
    assert_eq!(found(&bundle, constrained(">=3", 2)).await, Ok(vec![]));
    let arm = image(&|image| {
        image.platform = Some("linux/arm64".parse().unwrap());
        image.discovery_limit = 1;
    });
    assert_eq!(found(&bundle, arm).await, Ok(vec!["1.14.0".to_owned()]));
    // The five newest were read, and what was read ahead. 1.2.0 was not.
    let error = found(&bundle, constrained("<=1.2.0", 1)).await.unwrap_err();
    assert!(error.contains("the bundle does not have"), "{error}");
    assert!(error.contains("/v2/shop/web/manifests/1.2.0"), "{error}");
    // Another repository of the same registry.
    let error = found(&bundle, Subscription::new(world.image("shop/other"))).await.unwrap_err();
    assert!(error.contains("/v2/shop/other/tags/list"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_for_commits() {
    let world = World::start();
    let (_, bundle) = record(&world.warehouse(), Credentials).await;
    let branch = |edit: &dyn Fn(&mut GitSubscription)| {
        let mut git = world.branch();
        edit(&mut git);
        Subscription::new(git)
    };
    let subjects =
        |numbers: &[u32]| Ok(numbers.iter().map(|number| format!("Change {number}")).collect::<Vec<_>>());
    assert_eq!(found(&bundle, branch(&|git| git.discovery_limit = 2)).await, subjects(&[39, 38]));
    // Of the folder that was selected the trees were read that decided; of another one none.
    let path = |path: &str| {
        branch(&|git| {
            git.include_paths = vec![path.to_owned()];
            git.discovery_limit = 2;
        })
    };
    assert_eq!(found(&bundle, path("apps/app-1")).await, subjects(&[37, 33]));
    assert_eq!(found(&bundle, path("nowhere")).await, subjects(&[]));
    let error = found(&bundle, path("apps/app-2")).await.unwrap_err();
    assert!(error.contains("the bundle does not have the object"), "{error}");
    let expression = branch(&|git| {
        git.expression_filter = Some("subject contains '7'".to_owned());
        git.discovery_limit = 1;
    });
    assert_eq!(found(&bundle, expression).await, subjects(&[37]));
    let tags = |constraint: &str| {
        let mut git = GitSubscription::new(world.repository.url());
        git.commit_selection_strategy = warehouse_spec::CommitSelectionStrategy::SemVer;
        git.semver_constraint = Some(constraint.to_owned());
        Subscription::new(git)
    };
    assert_eq!(found(&bundle, tags("^1")).await, Ok(vec!["v1.1.0".to_owned(), "v1.0.0".to_owned()]));
    let error = found(&bundle, branch(&|git| git.branch = Some("dev".to_owned()))).await.unwrap_err();
    assert!(error.contains("the bundle does not have the references refs/heads/dev*"), "{error}");
}
