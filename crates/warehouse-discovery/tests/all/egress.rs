//! What a Warehouse may name where nobody says otherwise, and what permits the rest.

use std::sync::Arc;

use artifact_http::{EgressPolicy, HttpClient};
use artifact_source::{Error, ErrorKind};
use helm_source::IndexCache;
use warehouse_discovery::{Discoverer, DiscovererBuilder};
use warehouse_spec::{ChartSubscription, GitSubscription, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::{Authority, Chart, ChartServer, Commit, GitServer, Registry};

/// One server of each kind.
struct World {
    registry: Registry,
    charts: ChartServer,
    git: GitServer,
    repository: warehouse_testkit::GitRepository,
}

impl World {
    fn start() -> Self {
        let registry = Registry::start().unwrap();
        registry.image("demo/app").tag("1.0.0").push();
        let charts = ChartServer::start().unwrap();
        charts.publish(&Chart::new("web", "1.0.0"));
        let git = GitServer::start().unwrap();
        let repository = git.create("demo.git").unwrap();
        let mut history = repository.history().unwrap();
        history.commit("main", Commit::new("one").file("a", "a"));
        history.write().unwrap();
        git.log().clear();
        Self { registry, charts, git, repository }
    }

    fn subscriptions(&self) -> Vec<Subscription> {
        vec![
            Subscription::new(ImageSubscription::new(format!("{}/demo/app", self.registry.host()))),
            Subscription::new(ChartSubscription::classic(self.charts.url(), "web")),
            Subscription::new(GitSubscription::new(self.repository.url())),
            Subscription::new(GitSubscription::new(self.repository.file_url())),
        ]
    }

    fn requests(&self) -> u64 {
        self.registry.log().counters().requests
            + self.charts.log().counters().requests
            + self.git.log().counters().requests
    }
}

async fn errors(builder: DiscovererBuilder, subscriptions: Vec<Subscription>) -> Vec<Option<Error>> {
    let report = builder.build().unwrap().run(&Warehouse::new("w", subscriptions)).await;
    report.subscriptions.into_iter().map(|subscription| subscription.error).collect()
}

#[tokio::test]
async fn this_machine_is_not_read_unless_that_is_permitted() {
    let world = World::start();
    let ready = || HttpClient::builder().build().unwrap();
    for builder in [
        Discoverer::builder(),
        Discoverer::builder().http(HttpClient::builder().user_agent("x")),
        Discoverer::builder().http_client(ready()),
        Discoverer::builder().http_client(ready()).index_cache(IndexCache::new(ready())),
        // What is said about the discoverer counts before what its client was given.
        Discoverer::builder()
            .http(HttpClient::builder().egress(EgressPolicy::workstation()))
            .egress(EgressPolicy::cluster()),
    ] {
        for error in errors(builder, world.subscriptions()).await {
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
            assert!(error.message().starts_with("the egress policy does not permit"), "{error}");
            assert!(error.hint().unwrap().contains("EgressPolicy::allow_"), "{error:?}");
        }
    }
    assert_eq!(world.requests(), 0);

    // The remedies that the hints name.
    let network = || EgressPolicy::cluster().allow_network("127.0.0.0/8").unwrap();
    for policy in [network(), EgressPolicy::cluster().allow_host("127.0.0.1").unwrap()] {
        for builder in [
            Discoverer::builder().egress(policy.clone()),
            Discoverer::builder().http(HttpClient::builder().egress(policy.clone())),
            Discoverer::builder().http_client(ready().with_egress(policy.clone())),
        ] {
            let errors = errors(builder, world.subscriptions()).await;
            assert!(errors[..3].iter().all(Option::is_none), "{errors:?}");
            assert_eq!(errors[3].as_ref().unwrap().kind(), ErrorKind::Refused);
        }
    }
    let everything = errors(Discoverer::builder().egress(network().allow_file(true)), world.subscriptions());
    assert!(everything.await.iter().all(Option::is_none));
}

#[tokio::test]
async fn protocols_are_permitted_one_by_one() {
    let urls = [
        ("ssh://git@192.0.2.1/a.git", "allow_ssh(true)"),
        ("git@192.0.2.1:a.git", "allow_ssh(true)"),
        ("git://192.0.2.1/a.git", "allow_git_daemon(true)"),
        ("file:///srv/git/a.git", "allow_file(true)"),
        ("file:///", "allow_file(true)"),
    ];
    let subscriptions: Vec<_> =
        urls.iter().map(|(url, _)| Subscription::new(GitSubscription::new(*url))).collect();
    // A program that would say that it ran.
    let builder = Discoverer::builder().ssh_command("no-such-program", [""; 0]);
    for (error, (url, knob)) in errors(builder, subscriptions).await.into_iter().zip(urls) {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Refused, "{url}: {error:?}");
        assert!(error.hint().unwrap().contains(knob), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn an_unchecked_certificate_is_permitted_by_a_switch() {
    let authority = Authority::new().unwrap();
    let registry = Registry::builder().tls(authority.certificate(["127.0.0.1"]).unwrap()).start().unwrap();
    registry.image("demo/app").tag("1.0.0").push();
    let mut image = ImageSubscription::new(format!("{}/demo/app", registry.host()));
    image.insecure_skip_tls_verify = true;
    let subscriptions = || vec![Subscription::new(image.clone())];
    let policy = EgressPolicy::cluster().allow_network("127.0.0.0/8").unwrap();
    let builder = || Discoverer::builder().https(registry.host());

    let refused = errors(builder().egress(policy.clone()), subscriptions()).await.remove(0).unwrap();
    assert_eq!((refused.kind(), refused.field()), (ErrorKind::Refused, Some("insecureSkipTLSVerify")));
    assert!(refused.hint().unwrap().contains("allow_insecure_skip_tls_verify"), "{refused:?}");
    // Also where there is a client that would do it.
    let unchecked = HttpClient::builder().skip_tls_verify(true).build().unwrap();
    let given = builder().http_client_without_tls_verify(unchecked).egress(policy.clone());
    assert_eq!(errors(given, subscriptions()).await.remove(0).unwrap().kind(), ErrorKind::Refused);
    assert_eq!(registry.log().counters().requests, 0);

    let permitted = builder().egress(policy.allow_insecure_skip_tls_verify(true));
    assert!(errors(permitted, subscriptions()).await[0].is_none());
}

/// Whether a folder exists, and is a repository, is not to be learnt from an error.
#[tokio::test]
async fn errors_about_files_are_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("empty")).unwrap();
    std::fs::write(path("file"), "x").unwrap();
    let urls: Vec<_> =
        ["empty", "file", "nothing"].iter().map(|name| format!("file://{}", path(name).display())).collect();
    let told = async |policy: EgressPolicy| {
        let subscriptions = urls.iter().map(|url| Subscription::new(GitSubscription::new(url.as_str())));
        let errors = errors(Discoverer::builder().egress(policy), subscriptions.collect()).await;
        let mut told: Vec<_> = errors
            .into_iter()
            .map(|error| {
                let error = error.unwrap();
                format!("{:?} {} {:?}", error.kind(), error.message(), error.hint())
            })
            .collect();
        told.sort();
        told.dedup();
        told
    };
    let refused = told(EgressPolicy::cluster()).await;
    assert_eq!(refused.len(), 1, "{refused:#?}");
    let permitted = told(EgressPolicy::cluster().allow_file(true)).await;
    assert_eq!(permitted.len(), 1, "{permitted:#?}");
    assert!(permitted[0].contains("no repository at this path can be read"), "{permitted:#?}");
    assert!(told(EgressPolicy::workstation()).await.len() > 1);
}

/// The index cache is the program's, and what it holds is not served where the policy refuses the server.
#[tokio::test]
async fn what_the_program_has_read_is_not_served_to_a_warehouse_that_may_not_read_it() {
    let world = World::start();
    let indexes = IndexCache::new(HttpClient::builder().build().unwrap());
    let own = helm_source::HelmSource::builder(world.charts.url()).chart("web").cache(indexes.clone());
    let own = own.build().unwrap();
    let found =
        artifact_source::ArtifactSource::discover(&own, artifact_source::DiscoverRequest::new()).await;
    assert!(found.is_ok());
    let subscriptions = vec![Subscription::new(ChartSubscription::classic(world.charts.url(), "web"))];
    let facts = Arc::new(image_source::MemoryCache::default());
    let builder = Discoverer::builder().fact_cache(facts).index_cache(indexes);
    let error = errors(builder, subscriptions).await.remove(0).unwrap();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert_eq!(world.charts.log().counters().requests, 1);
}
