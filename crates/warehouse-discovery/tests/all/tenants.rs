//! One discoverer for the Warehouses of many tenants: each gets its own Secrets and the shared ones, and nothing that was read with
//! those of another.

use std::path::Path;

use artifact_source::{Artifact as _, Error, ErrorKind};
use futures::future::join_all;
use warehouse_discovery::credentials::{KargoSecret, KargoSecrets};
use warehouse_discovery::http::Tenant;
use warehouse_discovery::{Discoverer, Report, SubscriptionReport};
use warehouse_spec::{ChartSubscription, GitSubscription, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::{Chart, ChartServer, Commit, GitRepository, GitServer, Registry, RequestLog};

/// A registry, a Git server and a chart repository that require a password.
struct Servers {
    registry: Registry,
    git: GitServer,
    repository: GitRepository,
    charts: ChartServer,
}

impl Servers {
    fn start() -> Self {
        let registry = Registry::builder().basic("ann", "SECRET-A").start().unwrap();
        registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
        let git = GitServer::builder().basic("ann", "SECRET-A").start().unwrap();
        let repository = git.create("app.git").unwrap();
        let mut history = repository.history().unwrap();
        history.commit("main", Commit::new("First").file("a", "1"));
        history.write().unwrap();
        let charts = ChartServer::builder().basic("ann", "SECRET-A").start().unwrap();
        charts.publish(&Chart::new("web", "1.0.0"));
        Self { registry, git, repository, charts }
    }

    fn image(&self) -> String {
        format!("{}/demo/app", self.registry.host())
    }

    fn logs(&self) -> [&RequestLog; 3] {
        [self.registry.log(), self.git.log(), self.charts.log()]
    }

    /// Secrets of this namespace for all three, by their URLs and by patterns for everything.
    fn secrets(&self, namespace: &str, username: &str, password: &str) -> Vec<KargoSecret> {
        let urls =
            [("image", self.image()), ("git", self.repository.url().to_owned()), ("helm", self.charts.url())];
        let secret = |name: &str, cred_type: &str, url: &str| {
            KargoSecret::new(namespace, name, cred_type)
                .with("repoURL", url)
                .with("username", username)
                .with("password", password)
        };
        urls.iter()
            .flat_map(|(cred_type, url)| {
                [
                    secret(cred_type, cred_type, url),
                    secret(&format!("{cred_type}-all"), cred_type, "")
                        .with("repoURL", ".*")
                        .with("repoURLIsRegex", "true"),
                ]
            })
            .collect()
    }

    /// A Warehouse of this namespace on all three.
    fn warehouse(&self, namespace: &str) -> Warehouse {
        let subscriptions = vec![
            Subscription::new(ImageSubscription::new(self.image())),
            Subscription::new(GitSubscription::new(self.repository.url())),
            Subscription::new(ChartSubscription::classic(self.charts.url(), "web")),
        ];
        of(namespace, subscriptions)
    }

    /// How many requests carried a credential since the last call.
    fn signed(&self) -> usize {
        let all = self.logs().map(RequestLog::all);
        self.logs().iter().for_each(|log| log.clear());
        all.iter().flatten().filter(|request| request.header("authorization").is_some()).count()
    }
}

fn of(namespace: &str, subscriptions: Vec<Subscription>) -> Warehouse {
    let mut warehouse = Warehouse::new("w", subscriptions);
    warehouse.metadata.namespace = Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty());
    warehouse
}

fn discoverer(secrets: impl IntoIterator<Item = KargoSecret>, cache_dir: Option<&Path>) -> Discoverer {
    let secrets = secrets.into_iter().collect::<KargoSecrets>().shared_namespaces(["shared"]);
    let builder = crate::on_loopback().credentials(secrets);
    match cache_dir {
        Some(folder) => builder.cache_dir(folder),
        None => builder,
    }
    .build()
    .unwrap()
}

fn errors(report: &Report) -> Vec<&Error> {
    report.subscriptions.iter().filter_map(|subscription| subscription.error.as_ref()).collect()
}

/// Everything that a tenant is told.
fn told(report: &Report) -> String {
    let one = |subscription: &SubscriptionReport| {
        let error = subscription.error.as_ref();
        format!("{error:?} {:?} {:?}", subscription.warnings, subscription.principal)
    };
    report.subscriptions.iter().map(one).collect()
}

#[track_caller]
fn is_refused(report: &Report, what: &str) {
    let errors = errors(report);
    assert_eq!(errors.len(), report.subscriptions.len(), "{what}: {report:?}");
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{what}: {error:?}");
    }
    assert!(report.subscriptions.iter().all(|subscription| subscription.artifacts.is_empty()), "{what}");
    let told = told(report);
    assert!(!told.contains("team-a") && !told.contains("ann") && !told.contains("SECRET"), "{what}: {told}");
}

async fn another_tenant_is_a_stranger(cache_dir: Option<&Path>) {
    let servers = Servers::start();
    let own = servers.secrets("team-b", "bob", "SECRET-B");
    for (what, of_b) in [("without a Secret", vec![]), ("with Secrets of its own", own)] {
        let is_alone = of_b.is_empty();
        let discoverer =
            discoverer(servers.secrets("team-a", "ann", "SECRET-A").into_iter().chain(of_b), cache_dir);
        let (a, b) = (servers.warehouse("team-a"), servers.warehouse("team-b"));
        servers.signed();
        // Before anything is cached.
        is_refused(&discoverer.run(&b).await, what);
        assert_eq!(servers.signed() == 0, is_alone, "{what}");
        assert!(discoverer.run(&a).await.is_complete(), "{what}");
        assert!(servers.signed() > 0, "{what}");
        // And after it.
        is_refused(&discoverer.run(&b).await, what);
        // At the same moment, in both orders.
        for order in [[&a, &b, &a, &b], [&b, &a, &b, &a]] {
            let reports = join_all(order.map(|warehouse| async { discoverer.run(warehouse).await })).await;
            for (warehouse, report) in order.iter().zip(&reports) {
                match warehouse.namespace() {
                    Some("team-a") => assert!(report.is_complete(), "{what}: {report:?}"),
                    _ => is_refused(report, what),
                }
            }
        }
        servers.signed();
        for namespace in ["", "Team-A", "team", "shared", "kargo-shared-resources", "a"] {
            is_refused(&discoverer.run(&servers.warehouse(namespace)).await, namespace);
        }
        assert_eq!(servers.signed(), 0, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_is_a_stranger_to_what_is_in_memory() {
    another_tenant_is_a_stranger(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_is_a_stranger_to_what_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    another_tenant_is_a_stranger(Some(folder.path())).await;
}

/// Whatever a tenant writes, its server never gets a credential of another, and no server gets that of another tenant for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_url_leads_to_the_secret_of_another() {
    let servers = Servers::start();
    let mine = Servers::start();
    let discoverer = discoverer(servers.secrets("team-a", "ann", "SECRET-A"), None);
    let [host, my_host] = [servers.registry.host(), mine.registry.host()];
    let git = |url: String| Subscription::new(GitSubscription::new(url));
    let chart = |url: String| Subscription::new(ChartSubscription::classic(url, "web"));
    let image = |url: String| Subscription::new(ImageSubscription::new(url));
    let subscriptions = vec![
        image(format!("{host}/demo/app")),
        image(format!("{my_host}/demo/app")),
        image(format!("{my_host}/{host}/demo/app")),
        image(format!("{}/demo/app", host.to_uppercase())),
        git(servers.repository.url().to_owned()),
        git(mine.repository.url().to_owned()),
        git(servers.repository.url().replace("://", "://ann@")),
        git(format!("http://{host}@{my_host}/app.git")),
        git(format!("http://{my_host}\\@{host}/app.git")),
        git(format!("http://{my_host}/../{host}/app.git")),
        git(format!("http://{my_host}/#@{host}/app.git")),
        git(format!("HTTP://{my_host}/app.git?x={host}")),
        chart(servers.charts.url()),
        chart(mine.charts.url()),
        chart(format!("http://{my_host}/{host}")),
        chart(format!("http://{host}%40{my_host}/")),
        chart(format!("http://{host}:x@{my_host}/")),
    ];
    // A user in the URL is the tenant's own business, and is what it wrote.
    let own = |value: &str| {
        let plain = value.strip_prefix("Basic ").and_then(base64);
        plain.is_some_and(|plain| !plain.contains("SECRET"))
    };
    for namespace in ["team-b", ""] {
        for subscription in &subscriptions {
            let report = discoverer.run(&of(namespace, vec![subscription.clone()])).await;
            assert_eq!(errors(&report).len(), 1, "{report:?}");
            let told = told(&report);
            assert!(!told.contains("team-a") && !told.contains("SECRET"), "{told}");
        }
    }
    for request in [servers.logs(), mine.logs()].iter().flatten().flat_map(|log| log.all()) {
        assert!(request.header("authorization").is_none_or(own), "{request:?}");
    }
}

fn base64(text: &str) -> Option<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().filter(|&letter| letter != b'=') {
        let value = LETTERS.iter().position(|&known| known == letter)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Two tenants with one and the same credential share neither tokens nor facts: what one may read is decided by its own Secret, which
/// may be withdrawn.
#[tokio::test]
async fn equal_credentials_of_two_tenants_share_nothing() {
    let registry = Registry::builder().bearer("ann", "SECRET").start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    let url = format!("{}/demo/app", registry.host());
    let secret = |namespace: &str| {
        KargoSecret::new(namespace, "s", "image")
            .with("repoURL", &*url)
            .with("username", "ann")
            .with("password", "SECRET")
    };
    let discoverer = discoverer([secret("team-a"), secret("team-b")], None);
    let mut counts = Vec::new();
    for namespace in ["team-a", "team-b", "team-a", "team-b"] {
        let warehouse = of(namespace, vec![Subscription::new(ImageSubscription::new(&*url))]);
        registry.log().clear();
        assert!(discoverer.run(&warehouse).await.is_complete());
        counts.push(registry.log().counters().requests);
    }
    assert_eq!(registry.tokens_issued(), 2);
    assert_eq!(
        (counts[0], counts[2]),
        (counts[1], counts[3]),
        "the second one finds nothing of the first: {counts:?}"
    );
    assert!(counts[0] > counts[2], "and each finds what is its own: {counts:?}");

    // The Secret of one is withdrawn: it has nothing any more, and the other everything.
    let secrets = [secret("team-a")].into_iter().collect::<KargoSecrets>();
    let discoverer = discoverer.with_credentials(secrets);
    for (namespace, expected) in [("team-b", 1), ("team-a", 0)] {
        let warehouse = of(namespace, vec![Subscription::new(ImageSubscription::new(&*url))]);
        assert_eq!(errors(&discoverer.run(&warehouse).await).len(), expected, "{namespace}");
    }
}

#[tokio::test]
async fn the_tenant_of_a_run_is_its_namespace_or_what_the_program_says() {
    let servers = Servers::start();
    let discoverer = discoverer(servers.secrets("team-a", "ann", "SECRET-A"), None);
    // A program that got the manifest from a stranger does not believe its namespace.
    let claimed = servers.warehouse("team-a");
    is_refused(&discoverer.run(&claimed).for_tenant("team-b").await, "another tenant");
    is_refused(&discoverer.run(&claimed).for_tenant(Tenant::default()).await, "no tenant");
    assert_eq!(servers.signed(), 0);
    assert!(discoverer.run(&servers.warehouse("team-b")).for_tenant("team-a").await.is_complete());
}

/// What is read without a credential is what anyone gets, so that all tenants share it. Each is told its own reason for a refusal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_anonymously_is_read_once_for_all_tenants() {
    let registry = Registry::builder().deny("demo/private").start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    let warehouse = |number: usize, name: &str| {
        of(
            &format!("team-{number}"),
            vec![Subscription::new(ImageSubscription::new(format!("{}/demo/{name}", registry.host())))],
        )
    };
    let secrets = (0..10).map(|number| {
        KargoSecret::new(format!("team-{number}"), format!("s{number}"), "image")
            .with("repoURL", format!("ghcr.io/of/{number}"))
    });
    let discoverer = discoverer(secrets, None);
    let run = async |name: &str| {
        registry.log().clear();
        let warehouses: Vec<_> = (0..10).map(|number| warehouse(number, name)).collect();
        let reports =
            join_all(warehouses.iter().map(async |warehouse| discoverer.run(warehouse).await)).await;
        (reports, registry.log().counters().requests)
    };
    let (reports, cost) = run("app").await;
    assert!(reports.iter().all(|report| report.subscriptions[0].artifacts[0].name() == "1.0.0"));
    assert_eq!(cost, 2, "the tags, and one manifest");
    let (reports, cost) = run("private").await;
    assert_eq!(cost, 1);
    for (number, report) in reports.iter().enumerate() {
        let hint = errors(report)[0].hint().unwrap();
        assert!(hint.contains("the only Secret for images does not have the repoURL"), "{hint}");
        for other in (0..10).filter(|other| *other != number) {
            assert!(!hint.contains(&format!("team-{other}/")), "{number}: {hint}");
        }
    }
}

/// The owner of one Warehouse does not decide that the Secret of all goes to a server that may be anyone.
#[tokio::test]
async fn a_shared_secret_is_not_sent_where_no_certificate_is_checked() {
    let servers = Servers::start();
    let discoverer = discoverer(servers.secrets("shared", "ann", "SECRET-A"), None);
    assert!(discoverer.run(&servers.warehouse("team-b")).await.is_complete(), "it is for all tenants");
    servers.signed();
    let mut image = ImageSubscription::new(servers.image());
    image.insecure_skip_tls_verify = true;
    let mut git = GitSubscription::new(servers.repository.url());
    git.insecure_skip_tls_verify = true;
    let mut chart = ChartSubscription::classic(servers.charts.url(), "web");
    chart.insecure_skip_tls_verify = true;
    let unchecked = [Subscription::new(image), Subscription::new(git), Subscription::new(chart)];
    let report = discoverer.run(&of("team-b", unchecked.to_vec())).await;
    let errors = errors(&report);
    assert_eq!(errors.len(), 3, "{report:?}");
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert!(
            error
                .to_string()
                .contains("is shared, and is not sent to a server whose certificate is not checked"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("in the namespace of the Warehouse"), "{error:?}");
    }
    assert!(servers.logs().iter().all(|log| log.all().is_empty()), "nothing is asked");
    // The remedy: a Secret of one's own.
    let own = servers.secrets("team-b", "ann", "SECRET-A");
    let discoverer =
        self::discoverer(servers.secrets("shared", "ann", "SECRET-A").into_iter().chain(own), None);
    assert!(discoverer.run(&of("team-b", unchecked.to_vec())).await.is_complete());
}
