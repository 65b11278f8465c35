//! An index of charts that is extended: every version in it is there afterwards, and the new one.

#![no_main]

use std::sync::LazyLock;

use chart_release::Package;
use chart_release::repository::extend_index;
use helm_source::Index;
use libfuzzer_sys::fuzz_target;

static PACKAGE: LazyLock<Package> = LazyLock::new(|| {
    let chart = warehouse_testkit::Chart::new("web", "1.5.0");
    Package::from_archive(chart.archive()).expect("a chart")
});

fuzz_target!(|index: &[u8]| {
    let packages = std::slice::from_ref(&*PACKAGE);
    let Ok(Some(result)) = extend_index(Some(index), packages, None, Default::default()) else { return };
    let before = Index::from_slice(index).expect("an index");
    let after = Index::from_slice(result.as_bytes()).expect("an index");
    assert_eq!(after.version_count(), before.version_count() + 1);
    for (chart, versions) in before.charts() {
        let now: Vec<_> = after.versions(chart).expect("the same charts").collect();
        for version in versions {
            assert!(now.contains(&version), "{chart} {version}");
        }
    }
    assert!(after.versions("web").expect("the chart").any(|version| version == "1.5.0"));
});
