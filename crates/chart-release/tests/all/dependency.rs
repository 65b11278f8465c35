//! Dependencies: chosen, locked, embedded.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;

use artifact_http::{Call, Credential, HttpClient, SourceContext};
use artifact_source::ErrorKind;
use chart_release::Error;
use chart_release::dependency::{Change, DependencyResolver, DependencyResolverBuilder, Drift, Locked};
use helm_chart::{Chart, DiskFolders, Lock};
use warehouse_testkit::{Chart as Published, ChartServer, Registry, When};

/// A repository of charts on disk.
struct Charts(tempfile::TempDir);

impl Charts {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    /// A chart with dependencies: name, version, repository.
    fn chart(&self, name: &str, version: &str, dependencies: &[(&str, &str, &str)]) -> &Self {
        let mut text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
        if !dependencies.is_empty() {
            text += "dependencies:\n";
        }
        for (name, version, repository) in dependencies {
            text += &format!("- name: {name}\n  version: \"{version}\"\n  repository: \"{repository}\"\n");
        }
        self.file(&format!("charts/{name}/Chart.yaml"), &text)
    }

    fn builder(&self) -> DependencyResolverBuilder {
        self.builder_in(SourceContext::new(HttpClient::builder().build().unwrap()))
    }

    fn builder_in(&self, context: SourceContext) -> DependencyResolverBuilder {
        let now: jiff::Timestamp = "2024-03-01T08:00:00.5Z".parse().unwrap();
        let folders = Arc::new(DiskFolders::new(self.path()).unwrap());
        DependencyResolver::builder(folders, &context.with_clock(now))
    }

    async fn lock(&self, chart: &str) -> Result<Locked, Error> {
        self.builder().build().lock(&format!("charts/{chart}"), &Call::new()).await
    }

    async fn build(&self, chart: &str) -> Result<Chart, Error> {
        self.builder().build().build(&format!("charts/{chart}"), &Call::new()).await
    }

    /// Locks, and writes the lock.
    async fn write_lock(&self, chart: &str) -> Lock {
        let locked = self.lock(chart).await.unwrap();
        let lock = locked.lock.unwrap();
        self.file(&format!("charts/{chart}/{}", locked.file_name), &lock.to_yaml().unwrap());
        lock
    }
}

fn versions(lock: &Lock) -> Vec<(&str, &str)> {
    lock.dependencies().iter().map(|it| (it.name.as_str(), it.version.as_str())).collect()
}

fn chart_error(error: &Error) -> &helm_chart::Error {
    match error {
        Error::Chart(error) => error,
        other => panic!("not about a chart: {other}"),
    }
}

fn network_error(error: &Error) -> &artifact_source::Error {
    match error {
        Error::Network(error) => error,
        other => panic!("not about the network: {other}"),
    }
}

fn drift(error: &Error) -> &Drift {
    chart_error(error).source().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn folders_beside_the_chart() {
    let charts = Charts::new();
    charts
        .chart("web", "1.0.0", &[("common", "^0.4", "file://../common"), ("api", "*", "file://../api/")])
        .chart("api", "2.0.0", &[("common", "0.4.x", "file://../common")])
        .chart("common", "0.4.1", &[])
        .file("charts/common/.helmignore", "docs/\n")
        .file("charts/common/docs/x.md", "ignored")
        .file("charts/web/charts/extra/Chart.yaml", "apiVersion: v2\nname: extra\nversion: 1.0.0\n")
        .file("charts/web/charts/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 0.3.0\n");
    let locked = charts.lock("web").await.unwrap();
    assert!(locked.changed);
    let lock = locked.lock.unwrap();
    assert_eq!(versions(&lock), [("common", "0.4.1"), ("api", "2.0.0")]);
    assert_eq!(lock.generated(), "2024-03-01T08:00:00.5Z");

    let web = charts.build("web").await.unwrap();
    let names: Vec<_> = web.charts().iter().map(|chart| (chart.name(), chart.version())).collect();
    assert_eq!(names, [("api", "2.0.0"), ("common", "0.4.1"), ("extra", "1.0.0")]);
    assert!(web.chart("common").unwrap().files().iter().all(|file| file.path != "docs/x.md"));
    // Helm leaves the dependencies of a dependency out.
    assert_eq!(web.chart("api").unwrap().chart("common").unwrap().version(), "0.4.1");
    assert_eq!(web.package().unwrap(), charts.build("web").await.unwrap().package().unwrap());
    assert!(charts.lock("common").await.unwrap().lock.is_none());
}

#[tokio::test]
async fn one_index_for_all_dependencies_of_a_repository() {
    let server = ChartServer::builder().path("charts").start().unwrap();
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        for version in ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "3.0.0"] {
            server.publish(&Published::new(name, version).file("values.yaml", format!("name: {name}\n")));
        }
    }
    let charts = Charts::new();
    let url = server.url();
    let slash = format!("{url}/");
    let wanted: Vec<_> =
        names.iter().map(|name| (*name, "^1", if *name == "c" { &slash } else { &url }.as_str())).collect();
    charts.chart("web", "1.0.0", &wanted);

    let lock = charts.write_lock("web").await;
    assert_eq!(versions(&lock), names.map(|name| (name, "1.10.0")));
    assert_eq!(server.log().counters().requests, 1);

    server.log().clear();
    let call = Call::new();
    let web = charts.builder().build().build("charts/web", &call).await.unwrap();
    assert_eq!(web.charts().len(), 5);
    assert_eq!(server.log().count(&When::get("/charts/index.yaml")), 1);
    assert_eq!(server.log().counters().requests, 1 + 5);
    assert_eq!(call.cost().requests, 6);
    assert_eq!(web.chart("a").unwrap().version(), "1.10.0");
    web.package().unwrap();

    // A newer version is for the next lock.
    server.publish(&Published::new("a", "1.11.0"));
    assert_eq!(charts.build("web").await.unwrap().chart("a").unwrap().version(), "1.10.0");
    assert_eq!(versions(&charts.write_lock("web").await).first(), Some(&("a", "1.11.0")));
}

#[tokio::test]
async fn the_credential_goes_to_the_repository_alone() {
    let other = ChartServer::start().unwrap();
    let server = ChartServer::builder().basic("me", "SECRET").start().unwrap();
    let [own, foreign] = ["own", "foreign"].map(|name| Published::new(name, "1.0.0"));
    server.publish(&own);
    other.publish(&foreign);
    server.set_index(format!(
        "apiVersion: v1\nentries:\n  own:\n  - version: 1.0.0\n    urls: [{}/own-1.0.0.tgz]\n  foreign:\n  - version: 1.0.0\n    urls: [\"{}/foreign-1.0.0.tgz\"]\n",
        server.url(),
        other.url()
    ));
    let charts = Charts::new();
    charts.chart("web", "1.0.0", &[("own", "1.0.0", &server.url()), ("foreign", "1.0.0", &server.url())]);
    let context = SourceContext::new(HttpClient::builder().build().unwrap())
        .with_credentials(Credential::password("me", "SECRET"));
    let web = charts.builder_in(context).build().build("charts/web", &Call::new()).await.unwrap();
    assert_eq!(web.charts().len(), 2);
    assert!(server.log().all().iter().all(|request| request.header("authorization").is_some()));
    let foreign = other.log().all();
    assert_eq!(foreign.len(), 1);
    assert_eq!(foreign[0].header("authorization"), None);

    let error = charts.build("web").await.unwrap_err();
    assert_eq!(network_error(&error).kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn an_archive_is_the_one_of_the_index() {
    let server = ChartServer::start().unwrap();
    server.publish(&Published::new("a", "1.0.0"));
    let charts = Charts::new();
    charts.chart("web", "1.0.0", &[("a", "1.0.0", &server.url())]);
    charts.build("web").await.unwrap();

    let replaced = Published::new("a", "1.0.0").description("replaced").archive();
    server.put("a-1.0.0.tgz", replaced.clone(), "application/gzip");
    let error = charts.build("web").await.unwrap_err();
    let text = network_error(&error).to_string();
    assert!(text.contains("the archive of a 1.0.0 has the digest sha256:"), "{text}");
    assert!(text.contains(&oci_registry::Digest::of(&replaced).to_string()), "{text}");

    server.set_index("apiVersion: v1\nentries:\n  a:\n  - version: 1.0.0\n    urls: [other.tgz]\n");
    for (archive, message) in [
        (Published::new("b", "1.0.0").archive(), "the dependency a is a chart with the name \"b\""),
        (Published::new("a", "1.0.1").archive(), "the lock has a 1.0.0, and"),
        (b"<html>".to_vec(), "the archive of a 1.0.0 is not a chart"),
    ] {
        server.put("other.tgz", archive, "application/gzip");
        let error = charts.build("web").await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[tokio::test]
async fn what_a_repository_lacks() {
    let server = ChartServer::start().unwrap();
    server.publish(&Published::new("redis", "18.1.0"));
    let charts = Charts::new();
    let url = server.url();
    for (name, version, message, hint) in [
        (
            "redis",
            "^19",
            "no version of redis is within the constraint \"^19\"",
            "the newest version there is 18.1.0",
        ),
        ("reddis", "*", "the chart repository has no chart \"reddis\"", "similar names there: redis"),
        (
            "redis",
            "one",
            "the version \"one\" of the dependency redis is not a constraint",
            "write a version",
        ),
        ("redis", "", "the version \"\" of the dependency redis is not a constraint", "write a version"),
    ] {
        charts.chart("web", "1.0.0", &[(name, version, &url)]);
        let error = charts.lock("web").await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{:?}", error.hint());
    }
    for (index, message) in [
        ("<html>", "is not the index of a chart repository"),
        ("{}", "it has no `entries`"),
        ("\u{1}", "is not the index"),
    ] {
        server.set_index(index);
        charts.chart("web", "1.0.0", &[("redis", "*", &url)]);
        let error = charts.lock("web").await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
    // A version without a URL cannot be fetched, so it is not chosen.
    server.set_index(
        "entries:\n  redis:\n  - {version: 2.0.0}\n  - {version: 1.0.0, urls: [x.tgz]}\n  - null\n",
    );
    assert_eq!(versions(&charts.lock("web").await.unwrap().lock.unwrap()), [("redis", "1.0.0")]);
}

#[tokio::test]
async fn charts_of_a_registry() {
    let registry = Registry::start().unwrap();
    for version in ["1.0.0", "1.10.0", "1.9.0", "2.0.0"] {
        registry.push_chart("team/charts", &Published::new("redis", version));
    }
    let charts = Charts::new();
    let url = format!("oci://{}/team/charts", registry.host());
    charts.chart("web", "1.0.0", &[("redis", "^1", &url)]);
    assert_eq!(versions(&charts.write_lock("web").await), [("redis", "1.10.0")]);
    assert_eq!(charts.build("web").await.unwrap().chart("redis").unwrap().version(), "1.10.0");

    // An exact version is not asked for.
    registry.log().clear();
    charts.chart("api", "1.0.0", &[("redis", "2.0.0", &format!("{url}/"))]);
    assert_eq!(versions(&charts.write_lock("api").await), [("redis", "2.0.0")]);
    assert_eq!(registry.log().counters().requests, 0);
    charts.build("api").await.unwrap();
    assert_eq!(registry.log().counters().requests, 2, "the manifest and the layer");

    charts.chart("api", "1.0.0", &[("redis", "^3", &url)]);
    let error = charts.lock("api").await.unwrap_err();
    assert_eq!(network_error(&error).kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no version of redis is within the constraint \"^3\""), "{error}");
}

#[tokio::test]
async fn a_lock_that_is_out_of_step_says_what_changed() {
    let server = ChartServer::start().unwrap();
    for (name, version) in [("a", "1.0.0"), ("a", "2.0.0"), ("b", "1.0.0"), ("c", "1.0.0")] {
        server.publish(&Published::new(name, version));
    }
    let url = server.url();
    let charts = Charts::new();
    charts.chart("web", "1.0.0", &[("a", "^1", &url), ("b", "1.0.0", &url)]);
    charts.write_lock("web").await;
    let resolver = || charts.builder().build();
    resolver().verify("charts/web").unwrap();

    let moved = format!("{url}/moved");
    let added = |name: &str| Change::Added { name: name.into() };
    let removed = |name: &str| Change::Removed { name: name.into() };
    let text = |text: &str| text.to_owned();
    for (wanted, changes, message) in [
        (
            vec![("a", "^2", url.as_str()), ("b", "1.0.0", &url)],
            vec![Change::Version { name: text("a"), locked: text("1.0.0"), wanted: text("^2") }],
            "a 1.0.0 is not within the constraint \"^2\"",
        ),
        (vec![("b", "1.0.0", &url)], vec![removed("a")], "a was removed"),
        (vec![("a", "^1", &url), ("c", "*", &url), ("b", "1.0.0", &url)], vec![added("c")], "c was added"),
        (
            vec![("c", "*", &url)],
            vec![added("c"), removed("a"), removed("b")],
            "c was added; a was removed; b was removed",
        ),
        (
            vec![("a", "^1", &moved), ("b", "1.0.0", &url)],
            vec![Change::Repository { name: text("a"), locked: url.clone(), wanted: moved.clone() }],
            "the repository of a changed from",
        ),
        (
            vec![("a", "^1.0", &url), ("b", "1.0.0", &url)],
            vec![],
            "a constraint, a condition, a tag, an alias or the order",
        ),
        (vec![("b", "1.0.0", &url), ("a", "^1", &url)], vec![], "the order of dependencies changed"),
    ] {
        charts.chart("web", "1.0.0", &wanted);
        server.log().clear();
        for error in [charts.build("web").await.unwrap_err(), resolver().verify("charts/web").unwrap_err()] {
            assert_eq!(drift(&error).changes, changes);
            let text = error.to_string();
            assert!(
                text.starts_with("charts/web/Chart.lock: the lock is out of step with Chart.yaml: "),
                "{text}"
            );
            assert!(text.contains(message), "{text}");
            assert!(error.hint().unwrap().contains("helm dependency update charts/web"));
        }
        assert_eq!(server.log().counters().requests, 0);
    }
    // The remedy.
    charts.write_lock("web").await;
    resolver().verify("charts/web").unwrap();
    charts.build("web").await.unwrap();
}

#[tokio::test]
async fn a_lock_stays_as_it_is_where_nothing_changed() {
    let charts = Charts::new();
    charts.chart("common", "0.4.1", &[]).chart("web", "1.0.0", &[("common", "^0.4", "file://../common")]);
    let written = charts.write_lock("web").await;
    let older = written.to_yaml().unwrap().replace("2024-03-01T08:00:00.5Z", "2020-01-01T00:00:00Z");
    charts.file("charts/web/Chart.lock", &older);
    let locked = charts.lock("web").await.unwrap();
    assert!(!locked.changed);
    assert_eq!(locked.lock.unwrap().generated(), "2020-01-01T00:00:00Z");

    charts.chart("common", "0.4.2", &[]);
    for error in
        [charts.build("web").await.unwrap_err(), charts.builder().build().verify("charts/web").unwrap_err()]
    {
        assert_eq!(
            error.to_string(),
            "charts/web/Chart.lock: the lock has common 0.4.1, and charts/common has 0.4.2"
        );
    }
    let locked = charts.lock("web").await.unwrap();
    assert!(locked.changed);
    assert_eq!(locked.lock.unwrap().generated(), "2024-03-01T08:00:00.5Z");

    charts.chart("common", "0.5.0", &[]);
    let error = charts.lock("web").await.unwrap_err();
    assert!(
        error.to_string().contains("common is wanted in the version \"^0.4\", and charts/common has 0.5.0"),
        "{error}"
    );
}

#[tokio::test]
async fn a_chart_without_a_lock() {
    let server = ChartServer::start().unwrap();
    server.publish(&Published::new("a", "1.0.0"));
    let charts = Charts::new();
    charts
        .chart("common", "1.0.0", &[])
        .chart("exact", "1.0.0", &[("a", "1.0.0", &server.url()), ("common", "*", "file://../common")])
        .chart("range", "1.0.0", &[("a", "^1", &server.url())]);
    let strict = charts.builder().require_lock(true).build();
    strict.build("charts/exact", &Call::new()).await.unwrap();
    let error = strict.build("charts/range", &Call::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "charts/range/Chart.yaml: a \"^1\" can resolve to another version later, and there is no Chart.lock"
    );
    charts.build("range").await.unwrap();
    charts.write_lock("range").await;
    strict.build("charts/range", &Call::new()).await.unwrap();
    strict.verify("charts/exact").unwrap();
    strict.verify("charts/common").unwrap();
}

#[tokio::test]
async fn a_chart_of_version_1() {
    let server = ChartServer::start().unwrap();
    server.publish(&Published::new("a", "1.5.0"));
    let charts = Charts::new();
    let requirements = format!("dependencies:\n- name: a\n  version: ^1\n  repository: {}\n", server.url());
    charts
        .file("charts/old/Chart.yaml", "apiVersion: v1\nname: old\nversion: 1.0.0\n")
        .file("charts/old/requirements.yaml", &requirements);
    let locked = charts.lock("old").await.unwrap();
    assert_eq!(locked.file_name, "requirements.lock");
    charts.write_lock("old").await;
    assert_eq!(charts.build("old").await.unwrap().chart("a").unwrap().version(), "1.5.0");

    // A lock of Helm 2 has a digest of the requirements alone.
    let json =
        format!(r#"{{"dependencies":[{{"name":"a","version":"^1","repository":"{}"}}]}}"#, server.url());
    let digest = oci_registry::Digest::of(json.as_bytes());
    let lock = format!(
        "dependencies:\n- name: a\n  repository: {}\n  version: 1.5.0\ndigest: {digest}\ngenerated: 2019-01-01T00:00:00Z\n",
        server.url()
    );
    charts.file("charts/old/requirements.lock", &lock);
    charts.build("old").await.unwrap();
    charts.file("charts/old/requirements.yaml", &requirements.replace("^1", "^2"));
    let error = charts.build("old").await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("charts/old/requirements.lock: the lock is out of step with requirements.yaml"),
        "{error}"
    );
}

#[tokio::test]
async fn names_of_repositories() {
    let server = ChartServer::start().unwrap();
    server.publish(&Published::new("a", "1.0.0"));
    let charts = Charts::new();
    charts.chart("web", "1.0.0", &[("a", "1.0.0", "@team")]).chart(
        "api",
        "1.0.0",
        &[("a", "1.0.0", "alias:team")],
    );
    for chart in ["web", "api"] {
        let error = charts.lock(chart).await.unwrap_err();
        assert!(error.to_string().contains("a name that one machine gave to a URL"), "{error}");
        assert!(error.hint().unwrap().starts_with("write the URL of the repository"));
        let resolver = charts.builder().repository_alias("team", server.url()).build();
        let path = format!("charts/{chart}");
        let lock = resolver.lock(&path, &Call::new()).await.unwrap().lock.unwrap();
        assert_eq!(lock.dependencies()[0].repository, server.url());
        resolver.build(&path, &Call::new()).await.unwrap();
    }
    for repository in ["stable", "ftp://u:SECRET@example.com", "s3://bucket"] {
        charts.chart("web", "1.0.0", &[("a", "1.0.0", repository)]);
        let error = charts.lock("web").await.unwrap_err();
        assert!(error.to_string().contains("is not a URL that is known"), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"));
    }
}

#[tokio::test]
async fn a_chart_in_its_own_folder() {
    let charts = Charts::new();
    charts.chart("web", "1.0.0", &[("inner", "^1", "")]);
    let error = charts.build("web").await.unwrap_err();
    assert!(error.to_string().contains("has no repository, and charts/inner is not there"), "{error}");
    charts.file("charts/web/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.2.0\n");
    let lock = charts.write_lock("web").await;
    assert_eq!(versions(&lock), [("inner", "^1")], "as Helm locks it");
    assert_eq!(charts.build("web").await.unwrap().chart("inner").unwrap().version(), "1.2.0");
    charts.file("charts/web/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 2.0.0\n");
    let error = charts.build("web").await.unwrap_err();
    assert!(
        error.to_string().contains("wanted in the version \"^1\", and charts/inner has 2.0.0"),
        "{error}"
    );
}

#[tokio::test]
async fn circles_and_paths_that_lead_out() {
    let charts = Charts::new();
    charts
        .chart("self", "1.0.0", &[("self", "*", "file://.")])
        .chart("a", "1.0.0", &[("b", "*", "file://../b")])
        .chart("b", "1.0.0", &[("c", "*", "file://../../charts/c")])
        .chart("c", "1.0.0", &[("b", "*", "file://../b/")]);
    for (chart, circle) in [
        ("self", "charts/self -> charts/self"),
        ("b", "charts/b -> charts/c -> charts/b"),
        ("a", "charts/b -> charts/c -> charts/b"),
    ] {
        let error = charts.build(chart).await.unwrap_err();
        assert!(
            error.to_string().ends_with(&format!("charts depend on each other in a circle: {circle}")),
            "{error}"
        );
        assert!(error.hint().is_some());
    }
    for (repository, message) in [
        ("file://../../../etc", "leads out of the folder of all charts"),
        ("file:///etc", "is an absolute path"),
        (
            "file://../nothing",
            "charts/web/Chart.yaml: the dependency x is file://../nothing, and there is no chart in charts/nothing",
        ),
    ] {
        charts.chart("web", "1.0.0", &[("x", "*", repository)]);
        for error in [charts.build("web").await.unwrap_err(), charts.lock("web").await.unwrap_err()] {
            assert!(error.to_string().contains(message), "{error}");
        }
    }
    // Deep, and not in a circle.
    for at in 0..40 {
        let next = format!("n{}", at + 1);
        charts.chart(&format!("n{at}"), "1.0.0", &[(&next, "*", &format!("file://../{next}"))]);
    }
    charts.chart("n40", "1.0.0", &[]);
    let error = charts.build("n0").await.unwrap_err();
    assert!(error.to_string().contains("more than 32 deep"), "{error}");
}

#[tokio::test]
async fn one_chart_twice() {
    let server = ChartServer::start().unwrap();
    for version in ["1.0.0", "2.0.0"] {
        server.publish(&Published::new("a", version));
    }
    let charts = Charts::new();
    let url = server.url();
    let two = |first: &str, second: &str| {
        charts.file(
            "charts/web/Chart.yaml",
            &format!(
                "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {{name: a, version: {first}, repository: \"{url}\", alias: one}}\n- {{name: a, version: {second}, repository: \"{url}\", alias: two}}\n"
            ),
        );
    };
    two("1.0.0", "1.0.0");
    charts.write_lock("web").await;
    server.log().clear();
    assert_eq!(charts.build("web").await.unwrap().charts().len(), 1);
    assert_eq!(server.log().counters().requests, 2, "the index, and the archive once");
    two("1.0.0", "2.0.0");
    charts.write_lock("web").await;
    let error = charts.build("web").await.unwrap_err();
    assert!(error.to_string().contains("a is wanted as 1.0.0 and as 2.0.0"), "{error}");
}
