//! A bundle from anywhere: it is an error, or a replay of it ends.

#![no_main]

use std::io::Write as _;
use std::sync::LazyLock;

use discovery_bundle::{Bundle, Replay};
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use warehouse_discovery::Warehouse;
use warehouse_spec::{ChartSubscription, GitSubscription, ImageSubscription, Subscription};

const HEADER: &[u8] = b"{\"format\":\"warehouse-bundle\",\"version\":1,\"recordedAt\":\"2026-03-01T08:00:00Z\"}\n";

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

static WAREHOUSE: LazyLock<Warehouse> = LazyLock::new(|| {
    let mut git = GitSubscription::new("https://host/repo");
    git.include_paths = vec!["apps".to_owned()];
    let subscriptions = vec![
        Subscription::new(ImageSubscription::new("host/app")),
        Subscription::new(git),
        Subscription::new(ChartSubscription::classic("https://host/charts", "app")),
    ];
    Warehouse::new("fuzz", subscriptions)
});

fuzz_target!(|bytes: &[u8]| {
    let _ = Bundle::read(bytes);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(HEADER).expect("memory");
    encoder.write_all(bytes).expect("memory");
    let Ok(bundle) = Bundle::read(&*encoder.finish().expect("memory")) else { return };
    let mut file = Vec::new();
    bundle.write(&mut file).expect("memory");
    assert_eq!(Bundle::read(&*file).expect("what is written is read"), bundle);
    let _ = warehouse_spec::parse("bundle", &bundle.manifest(), &warehouse_spec::Options::default());
    let replay = Replay::new(bundle);
    let Ok(discoverer) = replay.discoverer().and_then(|builder| builder.build()) else { return };
    RUNTIME.block_on(async { discoverer.run(&WAREHOUSE).await });
});
