//! Repositories on every store, with faults, and read by those who use them.

use std::collections::BTreeMap;
use std::time::Duration;

use artifact_source::{ArtifactSource as _, DiscoverRequest, Discovery};
use chart_release::Error;
use chart_release::Overwrite;
use chart_release::repository::ArchivePut;
use chart_release::store::Condition;
use helm_source::HelmSource;
use warehouse_testkit::peer::{Nginx, Tool, available};
use warehouse_testkit::{Conditions, Fault, Reply, When};

use crate::fixture::{self, Held, limits, open_s3, other_package, package, run};

fn every_store() -> Vec<(&'static str, Held)> {
    let mut stores = vec![("file", fixture::file_store())];
    stores.push(("s3", fixture::s3_store(Conditions::Kept)));
    stores.push(("s3 without conditions", fixture::s3_store(Conditions::Ignored)));
    stores.extend(fixture::rclone_s3_store(Conditions::Kept).map(|held| ("rclone serve s3", held)));
    stores.extend(fixture::rclone_store().map(|held| ("rclone", held)));
    stores
}

#[test]
fn each_step_says_what_it_found_and_can_be_done_again() {
    for (name, held) in every_store() {
        let repository = held.repository();
        let packages = [package("web", "1.0.0"), package("api", "2.0.0")];
        run(async {
            let charts = [("web", "1.0.0"), ("api", "2.0.0")];
            let standing = repository.standing(&charts).await.unwrap();
            assert!(standing.iter().all(|chart| chart.archive.is_none() && !chart.is_listed), "{name}");
            let put = repository.put_archives(&packages, &Overwrite::Never).await.unwrap();
            assert_eq!(put, [ArchivePut::Written, ArchivePut::Written], "{name}");
            let merge = repository.merge_index(&packages, &Overwrite::Never).await.unwrap();
            assert_eq!(merge.added, ["web-1.0.0", "api-2.0.0"], "{name}");
            let standing = repository.standing(&charts).await.unwrap();
            for (package, standing) in packages.iter().zip(&standing) {
                assert_eq!(standing.archive.as_deref(), Some(package.digest()), "{name}");
                assert_eq!(standing.entry.as_deref(), Some(package.digest()), "{name}");
            }
            let put = repository.put_archives(&packages, &Overwrite::Never).await.unwrap();
            assert_eq!(put, [ArchivePut::Stands, ArchivePut::Stands], "{name}");
            assert!(!repository.merge_index(&packages, &Overwrite::Never).await.unwrap().is_written());

            let other = other_package("web", "1.0.0", "other");
            let error =
                repository.put_archives(std::slice::from_ref(&other), &Overwrite::Never).await.unwrap_err();
            assert!(
                matches!(&error, Error::Conflict(conflict)
                if conflict.published == packages[0].digest() && conflict.ours == other.digest()),
                "{error}"
            );
            assert_eq!(repository.store().locks().await.unwrap(), [], "{name}");

            let dev = Overwrite::Version("0.0.0-dev".to_owned());
            for (content, expected) in
                [("1", ArchivePut::Written), ("2", ArchivePut::Replaced), ("2", ArchivePut::Stands)]
            {
                let package = other_package("web", "0.0.0-dev", content);
                let put = repository.put_archives(std::slice::from_ref(&package), &dev).await.unwrap();
                assert_eq!(put, [expected], "{name}");
                repository.merge_index(std::slice::from_ref(&package), &dev).await.unwrap();
                let standing = repository.standing(&[("web", "0.0.0-dev")]).await.unwrap();
                assert_eq!(standing[0].entry.as_deref(), Some(package.digest()));
            }
        });
    }
}

/// The usual release: two requests for the probe of a strange server, one for each archive, two for the index.
#[test]
fn a_release_costs_few_requests() {
    let held = fixture::s3_store(Conditions::Kept);
    let log = held.server().log();
    run(held.store.conditional_put()).unwrap();
    let before = log.counters().requests;
    let packages: Vec<_> = (0..10).map(|chart| package(&format!("chart-{chart}"), "1.0.0")).collect();
    run(held.repository().publish(&packages, &Overwrite::Never)).unwrap();
    assert_eq!(log.counters().requests - before, 10 + 2);
}

/// A reader never sees an entry without its archive: archives are refused, and the index is as it was.
#[test]
fn what_the_store_refuses_leaves_a_state_that_the_same_command_finishes() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    let mut short = limits();
    (short.stall, short.operation) = (Duration::from_millis(300), Duration::from_secs(3));
    let store = open_s3(&proxy.url(), short);
    run(store.conditional_put()).unwrap();
    let repository =
        chart_release::repository::ChartRepository::new(store.clone()).with_clock(fixture::noon());
    run(repository.publish(&[package("web", "0.1.0")], &Overwrite::Never)).unwrap();
    let reply = |status, code: &str| {
        Fault::Reply(Reply::status(status).body(format!("<Error><Code>{code}</Code></Error>")))
    };
    let faults = || {
        [
            reply(500, "InternalError"),
            reply(403, "AccessDenied"),
            reply(412, "PreconditionFailed"),
            reply(503, "SlowDown"),
            reply(400, "BadDigest"),
            Fault::Stall,
            Fault::Reset,
            Fault::Close,
            Fault::Truncate { keep: 0 },
        ]
    };
    for (step, pattern) in [("archives", "/bucket/charts/*.tgz"), ("index", "/bucket/charts/index.yaml")] {
        for method in ["GET", "PUT"] {
            if (step, method) == ("archives", "GET") {
                continue;
            }
            for (number, fault) in faults().into_iter().enumerate() {
                let what = format!("{method} {step}, fault {number}: {fault:?}");
                let packages = [package(&format!("{step}-{}-{number}", method.to_lowercase()), "1.0.0")];
                proxy.faults().add(When::path(pattern).method(method), fault);
                let outcome = run(repository.publish(&packages, &Overwrite::Never));
                let injected = proxy.faults().injected();
                assert!(injected > 0, "{what}");
                proxy.faults().clear();
                if let Err(error) = &outcome {
                    assert!(error.hint().is_some() || matches!(error, Error::Network(_)), "{what}: {error}");
                    assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
                }
                consistent(&held.objects());
                run(repository.publish(&packages, &Overwrite::Never))
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                let standing = run(repository.standing(&[(packages[0].name(), "1.0.0")])).unwrap();
                assert_eq!(standing[0].entry.as_deref(), Some(packages[0].digest()), "{what}");
            }
        }
    }
    let index = &held.objects()["index.yaml"];
    assert_eq!(helm_source::Index::from_slice(index).unwrap().version_count(), 1 + 9 * 3);
}

/// Every entry has its archive.
pub fn consistent(objects: &BTreeMap<String, Vec<u8>>) {
    let Some(index) = objects.get("index.yaml") else { return };
    let index = helm_source::Index::from_slice(index).unwrap();
    for (chart, versions) in index.charts() {
        for version in versions {
            assert!(
                objects.contains_key(&format!("{chart}-{version}.tgz")),
                "{chart} {version} has no archive"
            );
        }
    }
}

/// An answer that gets lost after the index was written is not an error, and no entry is written twice.
#[test]
fn an_answer_that_gets_lost_is_looked_after() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    run(held.store.conditional_put()).unwrap();
    let packages = [package("web", "1.0.0")];
    // The proxy writes, then cuts the answer.
    proxy.faults().add(When::path("/bucket/charts/*").method("PUT").nth(2), Fault::ResetAfter { keep: 0 });
    let merge = run(held.repository().publish(&packages, &Overwrite::Never)).unwrap();
    assert!(merge.tries >= 1);
    let index = &held.objects()["index.yaml"];
    assert_eq!(helm_source::Index::from_slice(index).unwrap().version_count(), 1);
}

#[test]
fn charts_whose_names_leave_the_folder_are_refused() {
    let held = fixture::file_store();
    for (name, version) in
        [("../web", "1.0.0"), ("a/b", "1.0.0"), (".x", "1.0.0"), ("web", "../1"), ("web", "")]
    {
        let error = run(held.repository().standing(&[(name, version)])).unwrap_err();
        assert!(error.to_string().contains("cannot be the name and version"), "{error}");
    }
}

/// An entry is not written without its archive where the archive may be replaced by others.
#[test]
fn an_index_before_its_archives_is_refused_for_dev_versions() {
    let held = fixture::file_store();
    let dev = Overwrite::Version("0.0.0-dev".to_owned());
    let ours = other_package("web", "0.0.0-dev", "ours");
    assert!(run(held.repository().merge_index(std::slice::from_ref(&ours), &dev)).is_err());
    // Another writer has replaced the archive since: the entry is that writer's.
    run(held.repository().put_archives(std::slice::from_ref(&ours), &dev)).unwrap();
    let theirs = other_package("web", "0.0.0-dev", "theirs");
    run(held.repository().put_archives(std::slice::from_ref(&theirs), &dev)).unwrap();
    let merge = run(held.repository().merge_index(&[ours], &dev)).unwrap();
    assert_eq!((merge.superseded.as_slice(), merge.is_written()), (&["web-0.0.0-dev".to_owned()][..], false));
    run(held.repository().merge_index(std::slice::from_ref(&theirs), &dev)).unwrap();
    let standing = run(held.repository().standing(&[("web", "0.0.0-dev")])).unwrap();
    assert_eq!(standing[0].entry.as_deref(), Some(theirs.digest()));
}

/// `helm repo add`, `helm pull` and our own discovery, over nginx.
#[test]
fn what_is_published_is_found() {
    let held = fixture::file_store();
    let packages = [package("web", "1.0.0"), package("web", "1.1.0+b"), package("api", "0.1.0")];
    run(held.repository().publish(&packages, &Overwrite::Never)).unwrap();
    let Some(nginx) = available(Nginx::serve(&held.root())) else { return };
    let source = HelmSource::builder(nginx.url()).chart("web").build().unwrap();
    let Discovery::Found(found) = run(source.discover(DiscoverRequest::new())).unwrap() else { panic!() };
    let versions: Vec<_> = found.artifacts.iter().map(|chart| chart.version.to_string()).collect();
    assert_eq!(versions, ["1.1.0+b", "1.0.0"]);
    for program in ["helm", "helm3"] {
        let Some(helm) = available(Tool::find(program)) else { continue };
        helm.run(["repo", "add", "ours", &nginx.url()]).unwrap();
        for package in &packages {
            let chart = format!("ours/{}", package.name());
            helm.run(["pull", &chart, "--version", package.version()]).unwrap();
            let pulled = std::fs::read(helm.folder().join(package.file_name())).unwrap();
            assert_eq!(pulled, package.archive(), "{program}");
        }
    }
}

#[test]
fn an_index_that_comes_between_is_read_again() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    run(held.store.conditional_put()).unwrap();
    run(held.store.put(
        "index.yaml",
        "apiVersion: v1\nentries:\n  zoo:\n  - version: 1.0.0\n",
        Condition::Always,
    ))
    .unwrap();
    run(held.store.put("zoo-1.0.0.tgz", "", Condition::Always)).unwrap();
    let refused = Reply::status(412).body("<Error><Code>PreconditionFailed</Code></Error>".to_owned());
    proxy.faults().add(When::path("/bucket/charts/index.yaml").method("PUT").first(3), Fault::Reply(refused));
    let merge = run(held.repository().publish(&[package("web", "1.0.0")], &Overwrite::Never)).unwrap();
    assert_eq!(merge.tries, 4);
    consistent(&held.objects());
}
