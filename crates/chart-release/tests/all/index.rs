//! The index against Helm 3 and 4, and what happens to indexes of every kind.

use artifact_source::ErrorKind;
use chart_release::Overwrite;
use chart_release::repository::ChartRepository;
use chart_release::store::Condition;
use chart_release::{Error, Package};
use proptest::prelude::*;
use warehouse_testkit::peer::{Tool, available};

use crate::fixture::{self, noon, other_package, package, run};

/// The index after these packages were brought in.
fn merged(index: Option<&str>, packages: &[Package]) -> Result<String, Error> {
    merged_as(index, packages, &Overwrite::Never)
}

fn merged_as(index: Option<&str>, packages: &[Package], overwrite: &Overwrite) -> Result<String, Error> {
    let held = fixture::file_store();
    run(async {
        if let Some(index) = index {
            held.store.put("index.yaml", index.to_owned(), Condition::Always).await.unwrap();
        }
        let repository = held.repository();
        let outcome = match repository.put_archives(packages, overwrite).await {
            Ok(_) => repository.merge_index(packages, overwrite).await,
            Err(error) => Err(error),
        };
        let standing = held.store.get("index.yaml").await.unwrap();
        let text = standing.map(|object| String::from_utf8(object.bytes.to_vec()).unwrap());
        match outcome {
            Ok(_) => Ok(text.unwrap_or_default()),
            Err(error) => {
                assert_eq!(text.as_deref(), index, "an error leaves the index as it is");
                Err(error)
            }
        }
    })
}

/// The text without what a time is.
fn without_times(text: &str) -> String {
    let is_time = |line: &&str| {
        let line = line.trim_start_matches([' ', '-', '"']);
        line.starts_with("created") || line.starts_with("generated")
    };
    text.lines().filter(|line| !is_time(line)).collect::<Vec<_>>().join("\n")
}

fn versions() -> Vec<Package> {
    let mut packages: Vec<Package> = ["1.9.0", "1.10.0", "1.10.0-rc.1", "2.0.0+build.5", "0.1.0", "v3.0.0"]
        .into_iter()
        .map(|version| package("web", version))
        .collect();
    for name in ["web-10", "web-9", "Web", "a_b", "library", "yes", "0x10"] {
        packages.push(package(name, "1.0.0"));
    }
    packages
}

/// The same bytes as Helm's but for times: an index of one part, extended by the other.
#[test]
fn the_result_is_that_of_helm_repo_index_merge() {
    for program in ["helm", "helm3"] {
        let Some(helm) = available(Tool::find(program)) else { continue };
        let packages = versions();
        for (standing, new) in
            [(0, packages.len()), (3, packages.len()), (6, 9), (packages.len() - 1, packages.len())]
        {
            let before = helm.folder().join(format!("before-{standing}-{new}"));
            let after = helm.folder().join(format!("after-{standing}-{new}"));
            for (folder, packages) in [(&before, &packages[..standing]), (&after, &packages[standing..new])] {
                std::fs::create_dir_all(folder).unwrap();
                for package in packages {
                    std::fs::write(folder.join(package.file_name()), package.archive()).unwrap();
                }
            }
            helm.run(["repo", "index", before.to_str().unwrap()]).unwrap();
            let index = before.join("index.yaml");
            let old = std::fs::read_to_string(&index).unwrap();
            helm.run(["repo", "index", after.to_str().unwrap(), "--merge", index.to_str().unwrap()]).unwrap();
            let helms = std::fs::read_to_string(after.join("index.yaml")).unwrap();
            let ours = merged(Some(&old), &packages[standing..new]).unwrap();
            assert_eq!(without_times(&ours), without_times(&helms), "{program} {standing} {new}");
            // What was there is as it was, with its times.
            let created: Vec<_> = old.lines().filter(|line| line.contains("created: ")).collect();
            assert!(created.iter().all(|line| ours.contains(*line)));
            // A new index is Helm's own.
            if standing == 0 {
                assert_eq!(without_times(&merged(None, &packages).unwrap()), without_times(&helms));
            }
        }
        // In JSON, and with a base.
        let folder = helm.folder().join("json");
        std::fs::create_dir(&folder).unwrap();
        for package in &packages[..3] {
            std::fs::write(folder.join(package.file_name()), package.archive()).unwrap();
        }
        helm.run(["repo", "index", folder.to_str().unwrap(), "--json"]).unwrap();
        let old = std::fs::read_to_string(folder.join("index.yaml")).unwrap();
        let ours = merged(Some(&old), &packages[3..]).unwrap();
        for package in &packages[3..] {
            std::fs::write(folder.join(package.file_name()), package.archive()).unwrap();
        }
        helm.run(["repo", "index", folder.to_str().unwrap(), "--json"]).unwrap();
        let helms = std::fs::read_to_string(folder.join("index.yaml")).unwrap();
        let sorted = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["entries"].clone();
        let drop_times = |mut value: serde_json::Value| {
            for list in value.as_object_mut().unwrap().values_mut() {
                for entry in list.as_array_mut().unwrap() {
                    entry.as_object_mut().unwrap().remove("created");
                }
            }
            value
        };
        assert_eq!(drop_times(sorted(&ours)), drop_times(sorted(&helms)));
    }
}

#[test]
fn a_base_is_put_before_the_name_of_the_archive() {
    let held = fixture::file_store();
    let repository = held.repository().with_url(url::Url::parse("https://example.com/charts").unwrap());
    run(repository.publish(&[package("web", "1.0.0+a")], &Overwrite::Never)).unwrap();
    let index = std::fs::read_to_string(held.root().join("index.yaml")).unwrap();
    assert!(index.contains("- https://example.com/charts/web-1.0.0+a.tgz\n"), "{index}");
}

const BY_HAND: &str = "# Our charts.
apiVersion: v1
annotations:
  x: |
    entries:
      web: []
entries:
  api:   # the API
  - version: 1.10
    name: api
  web:
  # The old one.
  - name: web
    surprise: {a: [1, 2]}
    version: \"1.2.0\"
    digest: 00ff
    created: 2020-01-01T00:00:00Z

  # Not maintained.
  zebra: []
generated: yesterday
serverInfo:
  contextPath: /x
";

/// Only what is new comes in; everything else is there, byte for byte.
#[test]
fn what_others_wrote_stays_as_it_is() {
    let new = [
        package("api", "1.11.0"),
        package("api", "0.9.0"),
        package("web", "1.0.0"),
        package("zebra", "1.0.0"),
        package("m", "1.0.0"),
    ];
    let crlf = BY_HAND.replace('\n', "\r\n");
    let bom = format!("\u{feff}{BY_HAND}");
    let no_end = BY_HAND.trim_end();
    let indented = "apiVersion: v1\nentries:\n    web:\n      - version: 1.0.1\n        name: web\n";
    let no_end_in_entries = "apiVersion: v1\nentries:\n  api:\n  - version: 1.0.1";
    for (index, name) in [
        (BY_HAND, "by hand"),
        (&crlf, "CRLF"),
        (&bom, "BOM"),
        (no_end, "no end"),
        (indented, "indented"),
        (no_end_in_entries, "no end in entries"),
    ] {
        let result = merged(Some(index), &new).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Every line is there, in its order, but for the time and the list that is not empty any more.
        let mut rest = result.as_str();
        for line in index.split_inclusive('\n') {
            if line.contains("generated") || line.contains("zebra: []") {
                continue;
            }
            let at = rest.find(line).unwrap_or_else(|| panic!("{name}: {line:?} is lost in\n{result}"));
            rest = &rest[at + line.len()..];
        }
        let read = helm_source::Index::from_slice(result.as_bytes()).unwrap();
        assert!(read.versions("api").unwrap().any(|version| version == "1.11.0"), "{name}");
        assert_eq!(read.versions("m").unwrap().len(), 1);
        assert_eq!(index.contains("\r\n"), !result.replace("\r\n", "").contains('\n'), "{name}");
        if name == "by hand" {
            let versions = |chart| read.versions(chart).unwrap().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(versions("api"), ["1.11.0", "1.10", "0.9.0"]);
            assert_eq!(versions("web"), ["1.2.0", "1.0.0"]);
            assert!(result.contains("generated: \"2026-11-29T12:00:00Z\"\nserverInfo"), "{result}");
        }
    }
}

/// Indexes in forms that Helm does not write are written anew, and lose no entry.
#[test]
fn indexes_of_every_form_are_extended() {
    let new = [package("web", "1.0.0")];
    for (index, versions) in [
        ("apiVersion: v1\nentries: {}\n", &["1.0.0"] as &[&str]),
        ("apiVersion: v1\nentries: null\n", &["1.0.0"]),
        ("apiVersion: v1\nentries:\n", &["1.0.0"]),
        ("apiVersion: v1\n", &["1.0.0"]),
        ("apiVersion: v1\nentries:\n  web:\n", &["1.0.0"]),
        ("apiVersion: v1\nentries:\n  web: ~\n", &["1.0.0"]),
        ("entries: {web: [{version: 1.10}, {version: 0.9}]}\n", &["1.10", "1.0.0", "0.9"]),
        ("x: &a {version: 2.0.0}\nentries:\n  web:\n  - *a\n", &["2.0.0", "1.0.0"]),
        ("---\nentries:\n  web:\n  - version: 2.0.0\n---\nother: document\n", &["2.0.0", "1.0.0"]),
        ("entries:\n  web:\n  -\n    version: 2.0.0\n", &["2.0.0", "1.0.0"]),
        ("entries:\n  ? web\n  : - version: 2.0.0\n", &["2.0.0", "1.0.0"]),
        ("entries:\n  web:\n  - version: 2.0.0\n  - version: 2.0.0\n", &["2.0.0", "2.0.0", "1.0.0"]),
        ("entries:\n  web:\n  - version: nonsense\n  - name: web\n", &["1.0.0", "nonsense", ""]),
        (
            "entries:\n  web:\n  - version: 2.0.0\n    description: |+\n      # not a comment\n\n",
            &["2.0.0", "1.0.0"],
        ),
        ("{\"apiVersion\":\"v1\",\"entries\":{}}", &["1.0.0"]),
        ("{\"apiVersion\":\"v1\",\"entries\":null}", &["1.0.0"]),
        ("{\"apiVersion\":\"v1\"}", &["1.0.0"]),
        (
            "{\"entries\":{\"web\":[{\"version\":\"2.0.0\",\"x\":{\"y\":1.50}},{\"version\":0.5}]}}",
            &["2.0.0", "1.0.0", "0.5"],
        ),
        ("{\n  \"entries\": {\n    \"zoo\": [ ]\n  }\n}\n", &["1.0.0"]),
    ] {
        let result = merged(Some(index), &new).unwrap_or_else(|error| panic!("{index}\n{error}"));
        let read = helm_source::Index::from_slice(result.as_bytes()).unwrap();
        assert_eq!(read.versions("web").unwrap().collect::<Vec<_>>(), versions, "{index}\n{result}");
        // The same again changes nothing.
        assert_eq!(merged(Some(&result), &new).unwrap(), result);
    }
}

#[test]
fn an_index_that_is_none_is_an_error_and_stays() {
    for (index, says) in [
        ("", "the index is empty"),
        ("\n", "the index is empty"),
        ("<!DOCTYPE html><html>", "an HTML page"),
        ("<Error><Code>AccessDenied</Code></Error>", "XML or HTML"),
        ("error: unauthorized\n", "not a chart index"),
        ("{\"error\":\"unauthorized\"}", "not a chart index"),
        ("apiVersion: v1\nentries:\n  web:\n  - version: \"1.0", "not valid"),
        ("apiVersion: v1\nentries:\n  web:\n  - version: 1.0.0\n<<<<<<< HEAD\n", "not valid"),
        ("{\"entries\":{\"web\":[{\"version\":\"1.0.0\"}", "not valid"),
        ("text", "not valid"),
    ] {
        let error = merged(Some(index), &[package("web", "1.0.0")]).unwrap_err();
        assert!(error.to_string().contains(says), "{index:?}: {error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("nothing was written")), "{error}");
        let Error::Network(error) = error else { panic!("{error}") };
        assert_eq!(error.kind(), ErrorKind::BadAnswer);
        assert!(error.url().unwrap().ends_with("/index.yaml"));
    }
}

#[test]
fn a_version_with_other_content_is_refused_and_both_digests_are_named() {
    let (first, second) = (package("web", "1.0.0"), other_package("web", "1.0.0", "new"));
    let index = merged(None, std::slice::from_ref(&first)).unwrap();
    let error = merged(Some(&index), std::slice::from_ref(&second)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(first.digest()) && text.contains(second.digest()), "{text}");
    assert!(text.contains("web 1.0.0") && error.hint().unwrap().contains("raise `version`"));
    // Each of several entries counts.
    let twice = "entries:\n  web:\n  - version: 1.0.0\n  - version: 1.0.0\n    digest: 00ff\n";
    assert!(matches!(merged(Some(twice), &[first]), Err(Error::Conflict(_))));
}

#[test]
fn the_dev_version_alone_is_replaced_where_the_caller_says_so() {
    let dev = Overwrite::Version("0.0.0-dev".to_owned());
    let standing = [package("web", "0.0.0-dev"), package("web", "1.0.0"), package("api", "0.0.0-dev")];
    let index = merged(None, &standing).unwrap();
    let new = other_package("web", "0.0.0-dev", "new");
    let result = merged_as(Some(&index), std::slice::from_ref(&new), &dev).unwrap();
    let digest = |package: &Package| package.digest().trim_start_matches("sha256:").to_owned();
    assert!(result.contains(&digest(&new)) && !result.contains(&digest(&standing[0])));
    assert_eq!(result.replace(&digest(&new), &digest(&standing[0])), index);
    assert!(matches!(merged(Some(&index), std::slice::from_ref(&new)), Err(Error::Conflict(_))));
    let other = other_package("web", "1.0.0", "new");
    assert!(matches!(merged_as(Some(&index), &[other], &dev), Err(Error::Conflict(_))));
}

/// 30 MB: the time is told by the test's own limit, the memory by what is held (the text twice).
#[test]
fn a_large_index_is_extended() {
    let mut index = String::from("apiVersion: v1\nentries:\n");
    for chart in 0..300 {
        index.push_str(&format!("  chart-{chart:03}:\n"));
        for version in (0..20).rev() {
            index.push_str(&format!(
                "  - apiVersion: v2\n    created: \"2020-01-01T00:00:00Z\"\n    description: {}\n    digest: {:064x}\n    name: chart-{chart:03}\n    urls:\n    - chart-{chart:03}-1.0.{version}.tgz\n    version: 1.0.{version}\n",
                "x".repeat(5100), chart * 1000 + version
            ));
        }
    }
    index.push_str("generated: \"2020-01-01T00:00:00Z\"\n");
    assert!(index.len() > 30 << 20, "{}", index.len());
    let new: Vec<Package> = (0..67).map(|chart| package(&format!("chart-{chart:03}"), "1.0.9-dev")).collect();
    let result = merged(Some(&index), &new).unwrap();
    let read = helm_source::Index::from_slice(result.as_bytes()).unwrap();
    assert_eq!(read.version_count(), 6_067);
    assert_eq!(read.versions("chart-000").unwrap().position(|version| version == "1.0.9-dev"), Some(11));
}

fn some_package() -> impl Strategy<Value = Package> {
    let name = prop::sample::select(vec!["web", "web-2", "web-10", "api", "Zoo", "true"]);
    let version = prop::sample::select(vec!["1.0.0", "1.0.0+a", "1.0.0+b", "1.10.0", "1.9.0-rc.1", "v2.0.0"]);
    (name, version).prop_map(|(name, version)| package(name, version))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Who came first cannot be seen.
    #[test]
    fn the_order_of_merges_does_not_matter(
        first in prop::collection::vec(some_package(), 0..3),
        x in some_package(),
        y in some_package(),
        form in 0_usize..4,
    ) {
        let start = match form {
            0 => None,
            1 => Some(BY_HAND.to_owned()),
            2 => Some("{\"apiVersion\": \"v1\", \"entries\": {}}".to_owned()),
            _ => Some("entries: {api: [{version: 1.10}]}".to_owned()),
        };
        let start = match merged(start.as_deref(), &first) {
            Ok(index) if !index.is_empty() => Some(index),
            _ => start,
        };
        let then = |a: &Package, b: &Package| {
            let once = merged(start.as_deref(), std::slice::from_ref(a)).unwrap();
            merged(Some(&once), std::slice::from_ref(b)).unwrap()
        };
        let both = merged(start.as_deref(), &[x.clone(), y.clone()]).unwrap();
        prop_assert_eq!(&then(&x, &y), &then(&y, &x));
        prop_assert_eq!(then(&x, &y), both);
    }
}

/// What a mutation puts in.
const PIECES: [&str; 24] = [
    "\n",
    " ",
    "  ",
    "- ",
    "#",
    ": ",
    ":",
    "'",
    "\"",
    "|\n",
    "[]",
    "{}",
    "~",
    "version: 1.0.0",
    "digest: 00ff",
    "  web:\n",
    "&a ",
    "*a",
    "---\n",
    "entries:\n",
    "generated: x\n",
    "\r\n",
    "\t",
    "\u{feff}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// For any file there: it is refused, or every version in it is there afterwards, and the new one.
    #[test]
    fn no_index_loses_an_entry(
        of_json in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(PIECES.as_slice()), 0_usize..4), 0..4),
    ) {
        let seed = if of_json {
            "{\n  \"apiVersion\": \"v1\",\n  \"entries\": {\n    \"api\": [\n      {\"version\": \"1.0.0\"}\n    ]\n  },\n  \"generated\": \"x\"\n}\n"
        } else {
            BY_HAND
        };
        let mut index: Vec<char> = seed.chars().collect();
        for (at, piece, removed) in edits {
            let at = at.index(index.len());
            let end = (at + removed).min(index.len());
            index.splice(at..end, piece.chars());
        }
        let index: String = index.into_iter().collect();
        let new = package("web", "1.5.0");
        match chart_release::repository::extend_index(Some(index.as_bytes()), std::slice::from_ref(&new), None, noon()) {
            Err(_) | Ok(None) => {}
            Ok(Some(result)) => {
                let before = helm_source::Index::from_slice(index.as_bytes()).unwrap();
                let after = helm_source::Index::from_slice(result.as_bytes()).unwrap();
                for (chart, versions) in before.charts() {
                    let now: Vec<_> = after.versions(chart).unwrap().collect();
                    for version in versions {
                        prop_assert!(now.contains(&version), "{} {}\n{}\n{}", chart, version, index, result);
                    }
                }
                prop_assert!(after.versions("web").unwrap().any(|version| version == "1.5.0"));
                prop_assert_eq!(after.version_count(), before.version_count() + 1);
            }
        }
    }
}

#[test]
fn the_clock_decides_the_times() {
    let held = fixture::file_store();
    let repository = ChartRepository::new(held.store.clone()).with_clock(noon());
    run(repository.publish(&[package("web", "1.0.0")], &Overwrite::Never)).unwrap();
    let index = std::fs::read_to_string(held.root().join("index.yaml")).unwrap();
    assert!(
        index.contains("created: \"2026-11-29T12:00:00Z\"")
            && index.ends_with("generated: \"2026-11-29T12:00:00Z\"\n")
    );
}
