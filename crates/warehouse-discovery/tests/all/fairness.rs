//! What one tenant can take from another, and from the program: places, threads, time.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_http::{
    HttpClient, HttpService, LeastProgress, MemoryBudget, ServiceRequest, ServiceResponse, StatusCode,
};
use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use futures::FutureExt as _;
use warehouse_discovery::Report;
use warehouse_spec::{
    ChartSubscription, GitSubscription, ImageSelectionStrategy, ImageSubscription, Subscription, Warehouse,
};
use warehouse_testkit::{Registry, When};

fn of_tenant(namespace: &str, subscriptions: Vec<Subscription>) -> Warehouse {
    let mut warehouse = Warehouse::new("w", subscriptions);
    warehouse.metadata.namespace = Some(namespace.to_owned());
    warehouse
}

fn kinds(report: &Report) -> Vec<Option<ErrorKind>> {
    report.subscriptions.iter().map(|report| report.error.as_ref().map(Error::kind)).collect()
}

fn lexical(url: String) -> ImageSubscription {
    let mut image = ImageSubscription::new(url);
    image.image_selection_strategy = ImageSelectionStrategy::Lexical;
    image
}

fn charts(host: &str, count: usize) -> Vec<Subscription> {
    (0..count)
        .map(|number| {
            Subscription::new(ChartSubscription::classic(format!("https://{host}/{number}"), "web"))
        })
        .collect()
}

/// Hosts that never answer, beside some that do. Counts the requests that are under way at once at each.
#[derive(Debug, Default)]
struct Hosts(Mutex<HashMap<String, (usize, usize)>>);

#[async_trait]
impl HttpService for Hosts {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        let host = request.url.host_str().unwrap().to_owned();
        {
            let mut hosts = self.0.lock().unwrap();
            let (now, most) = hosts.entry(host.clone()).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        if host.starts_with("silent") {
            return std::future::pending().await;
        }
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        self.0.lock().unwrap().get_mut(&host).unwrap().0 -= 1;
        let index = "apiVersion: v1\nentries: {web: [{name: web, version: 1.2.3, urls: [web-1.2.3.tgz]}]}\n";
        Ok(ServiceResponse::new(StatusCode::OK, index))
    }
}

impl Hosts {
    fn most_at_once(&self, host: &str) -> usize {
        self.0.lock().unwrap().get(host).map_or(0, |(_, most)| *most)
    }
}

/// 40 servers that never answer, and a tenant who asks them all: a neighbour is asked, with as many subscriptions as it has.
#[tokio::test]
async fn a_tenant_with_silent_servers_does_not_keep_a_neighbour_waiting() {
    let hosts = Arc::new(Hosts::default());
    let settings = HttpClient::builder().service(Arc::clone(&hosts));
    let discoverer = crate::on_loopback().http(settings).concurrency(4).build().unwrap();
    let crowd = of_tenant("crowd", charts("silent.example.com", 40));
    let mut crowd = Box::pin(discoverer.run(&crowd).into_future());
    for _ in 0..100 {
        assert!((&mut crowd).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    let neighbour = of_tenant("neighbour", charts("charts.example.com", 10));
    tokio::select! {
        biased;
        report = discoverer.run(&neighbour) => assert_eq!(kinds(&report), [None; 10]),
        _ = &mut crowd => panic!("the crowd came first"),
    }
    assert!(hosts.most_at_once("silent.example.com") <= 4);
}

#[tokio::test]
async fn a_run_without_a_deadline_has_that_of_the_discoverer() {
    let settings = HttpClient::builder().service(Arc::new(Hosts::default()));
    let builder = crate::on_loopback().http(settings).deadline(Duration::from_millis(200));
    let warehouse = of_tenant("a", charts("silent.example.com", 2));
    let report = builder.build().unwrap().run(&warehouse).await;
    assert_eq!(kinds(&report), [Some(ErrorKind::TimedOut); 2]);
}

/// Subscriptions with rules of their own to one repository read different manifests of it.
#[tokio::test]
async fn a_crowd_on_one_repository_sends_a_bounded_number_of_requests_at_once() {
    #[derive(Debug)]
    struct Counting {
        inner: Arc<dyn HttpService>,
        now: AtomicUsize,
        most: Arc<AtomicUsize>,
    }
    #[async_trait]
    impl HttpService for Counting {
        async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
            self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let answer = self.inner.call(request).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            answer
        }
    }
    let registry = Registry::start().unwrap();
    for number in 0..60 {
        registry.image("demo/app").tag(format!("v{:02}-{number:02}", number % 20)).push();
    }
    let most = Arc::new(AtomicUsize::new(0));
    let client = HttpClient::builder().requests_at_once(8).build().unwrap();
    let client =
        client.wrap_service(|inner| Counting { inner, now: AtomicUsize::new(0), most: most.clone() });
    let subscriptions = (0..20).map(|number| {
        let mut image = lexical(format!("{}/demo/app", registry.host()));
        image.allow_tags_regexes = vec![format!("^v{number:02}-")];
        Subscription::new(image)
    });
    let warehouse = of_tenant("crowd", subscriptions.collect());
    let report = crate::on_loopback().http_client(client).build().unwrap().run(&warehouse).await;
    assert_eq!(kinds(&report), [None; 20]);
    let found: usize = report.subscriptions.iter().map(|report| report.artifacts.len()).sum();
    assert_eq!(found, 60);
    assert!((2..=8).contains(&most.load(Ordering::SeqCst)), "{most:?} at once");
}

/// 40 Warehouses of one tenant read a registry at its rate, and another tenant, who comes later, takes turns with them.
#[tokio::test]
async fn tenants_take_turns_at_the_rate_of_a_registry() {
    let registry = Registry::start().unwrap();
    let host = registry.host();
    for number in 0..40 {
        registry.image(format!("crowd/{number}")).tag("v1").push();
    }
    registry.image("neighbour/app").tag("v1").push();
    let discoverer = crate::on_loopback().registry_rate(&host, 20.0).build().unwrap();
    let crowd: Vec<Warehouse> = (0..40)
        .map(|number| of_tenant("crowd", vec![Subscription::new(lexical(format!("{host}/crowd/{number}")))]))
        .collect();
    let crowd = futures::future::join_all(crowd.iter().map(|one| discoverer.run(one).into_future()));
    tokio::pin!(crowd);
    // Its burst is over, and its requests wait.
    while registry.log().count(&When::any()) < 20 {
        tokio::select! {
            biased;
            _ = &mut crowd => panic!("the registry has no rate"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    let before = registry.log().count(&When::any());
    let neighbour = of_tenant("neighbour", vec![Subscription::new(lexical(format!("{host}/neighbour/app")))]);
    let run = discoverer.run(&neighbour).into_future();
    tokio::select! {
        biased;
        report = run => assert_eq!(kinds(&report), [None]),
        _ = &mut crowd => panic!("the crowd came first"),
    }
    // It has a burst of its own, so that none of its requests waits for those of the crowd.
    let all = registry.log().all();
    let own = all.iter().filter(|request| request.path.contains("/neighbour/")).count();
    let between = all.len() - before - own;
    assert!(own >= 2 && between <= own + 2, "{between} requests of the crowd beside {own}");
}

/// 40 patterns that touch 80 states for each byte, over 20,000 tags of 90 bytes: some minutes of work.
#[tokio::test]
async fn judging_ends_at_the_deadline_and_takes_turns_with_a_neighbour() {
    let registry = Registry::start().unwrap();
    let digest = registry.image("demo/app").tag("v1.0.0").push().digest;
    for number in 0..20_000_u64 {
        // Without a period, so that no state of the search comes twice.
        let mut state = number * 2 + 1;
        let letters = (0..100).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ['a', 'B', '9'][(state >> 33) as usize % 3]
        });
        let tag = format!("{number:06}{}", letters.collect::<String>());
        registry.tag("demo/app", &digest, &tag).unwrap();
    }
    registry.image("demo/other").tag("v2.0.0").push();
    let discoverer = crate::on_loopback().work_threads(1).build().unwrap();
    let subscriptions = (0..4).map(|subscription| {
        let mut image = lexical(format!("{}/demo/app", registry.host()));
        image.ignore_tags_regexes =
            (0..40).map(|n| format!("[aB][aB9]{{{}}}[x-z]", 20 + n + subscription)).collect();
        Subscription::new(image)
    });
    let warehouse = of_tenant("crowd", subscriptions.collect());
    let neighbour =
        of_tenant("neighbour", vec![Subscription::new(lexical(format!("{}/demo/other", registry.host())))]);
    let mut crowd = Box::pin(discoverer.run(&warehouse).into_future());
    tokio::select! {
        biased;
        report = &mut crowd => panic!("this takes minutes: {:?}", kinds(&report)),
        // It is being judged by now, or will be.
        () = tokio::time::sleep(Duration::from_secs(2)) => {}
    }
    tokio::select! {
        biased;
        report = discoverer.run(&neighbour) => assert_eq!(kinds(&report), [None]),
        _ = &mut crowd => panic!("the neighbour waited for the crowd"),
    }
    drop(crowd);

    let deadline = Instant::now() + Duration::from_secs(2);
    let crowd = discoverer.run(&warehouse).with_deadline(deadline).await;
    assert_eq!(kinds(&crowd), [Some(ErrorKind::TimedOut); 4]);
}

#[tokio::test]
async fn the_patterns_of_a_warehouse_have_one_budget() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("v1.0.0").push();
    let with_pattern = |pattern: &str| {
        let mut image = lexical(format!("{}/demo/app", registry.host()));
        image.allow_tags_regexes = vec![pattern.to_owned()];
        Subscription::new(image)
    };
    let mut git = GitSubscription::new("https://git.example.com/a");
    git.include_paths = vec!["regex:^d/".to_owned()];
    let patterns = ["^v", "^v1", "^v", "^v1.0"].map(with_pattern);
    let warehouse = of_tenant("a", patterns.into_iter().chain([Subscription::new(git)]).collect());
    let discoverer = crate::on_loopback().pattern_budget(2, 1 << 20).build().unwrap();
    let report = discoverer.run(&warehouse).await;
    let refused = Some(ErrorKind::InvalidInput);
    assert_eq!(kinds(&report), [None, None, None, refused, refused]);
    let error = report.subscriptions[3].error.as_ref().unwrap();
    assert_eq!(error.field(), Some("allowTagsRegexes"));
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    assert!(
        causes.iter().any(|cause| cause.contains("exceeds what all patterns may take together")),
        "{causes:?}"
    );
}

/// An index that comes a byte at a time, over the wire.
/// Warehouses with large patterns on servers that never answer: of the memory for patterns one tenant has half, and small ones do not wait.
#[tokio::test]
async fn the_patterns_of_all_warehouses_have_one_memory() {
    let memory = MemoryBudget::new(64 << 20);
    let settings = HttpClient::builder().service(Arc::new(Hosts::default()));
    let discoverer = crate::on_loopback().http(settings).memory(memory.clone()).build().unwrap();
    let with_patterns = |namespace: &str, patterns: usize| {
        let mut image = lexical("silent.example.com/demo/app".to_owned());
        image.allow_tags_regexes = (0..patterns).map(|number| format!(r"^\pL{{100}}{number}")).collect();
        of_tenant(namespace, vec![Subscription::new(image)])
    };
    let large: Vec<Warehouse> = (0..12).map(|number| with_patterns(["a", "b"][number % 2], 4)).collect();
    let large = futures::future::join_all(large.iter().map(|one| discoverer.run(one).into_future()));
    tokio::pin!(large);
    let small = with_patterns("c", 0);
    let small = discoverer.run(&small).with_deadline(Instant::now() + Duration::from_secs(3)).into_future();
    tokio::select! {
        biased;
        _ = &mut large => panic!("the servers never answer"),
        report = small => assert_eq!(kinds(&report), [Some(ErrorKind::TimedOut)]),
    }
    let held = memory.held();
    assert!((4 << 20..=16 << 20).contains(&held), "{} MiB", held >> 20);
}

#[tokio::test]
async fn a_chart_repository_that_drips_is_too_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nentries:\n");
            while connection.write_all(b"#").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    });
    let least = LeastProgress::new(1 << 10, Duration::from_millis(500));
    let settings = HttpClient::builder().stall_timeout(Duration::from_secs(60)).attempts(1);
    let discoverer = crate::on_loopback().http(settings).least_progress(least).build().unwrap();
    let warehouse = of_tenant("a", vec![Subscription::new(ChartSubscription::classic(url, "web"))]);
    let report = discoverer.run(&warehouse).await;
    assert_eq!(kinds(&report), [Some(ErrorKind::TimedOut)]);
    let message = report.subscriptions[0].error.as_ref().unwrap().to_string();
    assert!(message.contains("less than 1024 bytes a second"), "{message}");
}
