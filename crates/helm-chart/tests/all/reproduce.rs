//! The same chart gives the same bytes.

use std::io::Write as _;

use helm_chart::{Chart, ChartFile, ChartFolders, DiskFolders, Package};
use proptest::prelude::*;

use crate::shape;

fn file(path: &str, bytes: impl AsRef<[u8]>) -> ChartFile {
    ChartFile { path: path.to_owned(), bytes: bytes.as_ref().to_vec() }
}

/// The bytes change only with a decision: digests of published charts would change with them.
#[test]
fn the_bytes_of_a_package_are_pinned() {
    let chart = Chart::from_files(vec![
        file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '1.10'\n"),
        file("values.yaml", "replicas: 1\n"),
        file("templates/deployment.yaml", "kind: Deployment\n".repeat(100)),
        file("files/ü.txt", "x"),
        file("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.1.0\ntype: library\n"),
    ]);
    let package = chart.unwrap().package().unwrap();
    assert_eq!(package.digest(), "sha256:01449e611527b5b8e77759eadbc75c33e622a39ceefed63bd0b7e3ebc2fb68e7");
    assert_eq!(package.file_name(), "web-1.2.3.tgz");
}

/// Not the clock, nor the mode of files, nor the place and order of the folder change it.
#[test]
fn two_checkouts_give_the_same_bytes() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let shapes = shape::all();
    shapes.iter().for_each(|shape| shape.write(one.path()));
    let deep = other.path().join("at/another/place");
    shapes.iter().rev().for_each(|shape| {
        let mut shape = shape.clone();
        shape.files.reverse();
        shape.write(&deep);
    });
    for file in std::fs::read_dir(deep.join("full")).unwrap() {
        let file = std::fs::File::open(file.unwrap().path()).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    }
    let (one, other) = (DiskFolders::new(one.path()).unwrap(), DiskFolders::new(&deep).unwrap());
    for shape in &shapes {
        let package = |folders: &DiskFolders| Chart::read(folders, shape.name).unwrap().package().unwrap();
        assert_eq!(package(&one), package(&other), "{}", shape.name);
        // What does not look at `.helmignore` before it reads, gives the same.
        if shape.name != "ignore-charts" {
            let files = one.read(shape.name).unwrap();
            assert_eq!(Chart::from_files(files).unwrap().package().unwrap(), package(&one), "{}", shape.name);
        }
    }
}

#[test]
fn other_versions() {
    let chart = || {
        Chart::from_files(vec![file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n")]).unwrap()
    };
    let package = chart().with_version("2.0.0-dev+b.1").unwrap().with_app_version("1.10").package().unwrap();
    assert_eq!(package.file_name(), "web-2.0.0-dev+b.1.tgz");
    assert_eq!(package.chart().unwrap().metadata().app_version, "1.10");
    let error = chart().with_version("two").unwrap_err();
    assert_eq!(error.to_string(), "the version \"two\" is not a semantic version");
}

/// As Helm does it, after `requirements.yaml` was read.
#[test]
fn requirements_may_say_the_version_of_the_format() {
    let fields = "apiVersion: v2\nname: a\nversion: 1.2.3\n";
    let files =
        vec![file("requirements.lock", ""), file("requirements.yaml", fields), file("Chart.yaml", "{}")];
    let package = Chart::from_files(files).unwrap().package().unwrap();
    assert_eq!(package.chart().unwrap().metadata().name, "a");
    assert_eq!(package.chart().unwrap().package().unwrap(), package);
    let old = vec![file("requirements.yaml", "x: 1\n"), file("Chart.yaml", "name: a\nversion: 1.2.3\n")];
    assert_eq!(Chart::from_files(old).unwrap().files().len(), 1);
}

fn any_path() -> impl Strategy<Value = String> {
    let known = prop_oneof![
        Just("Chart.yaml"),
        Just("values.yaml"),
        Just("values.schema.json"),
        Just("Chart.lock"),
        Just("requirements.yaml"),
        Just("requirements.lock"),
        Just(".helmignore"),
        Just("charts/a.tgz"),
        Just("charts/a/Chart.yaml"),
        Just("charts/x"),
        Just("templates/a.yaml"),
    ];
    prop_oneof![
        3 => known.prop_map(str::to_owned),
        2 => "[a-z.]{1,3}(/[a-zü.]{1,3}){0,3}",
        1 => "\\PC{0,12}",
    ]
}

fn any_content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => "apiVersion: v[12]\nname: [a-c]\nversion: [0-9]\\.[0-9]\n((dependencies|maintainers|keywords|annotations|type|x): [\\[{a~]?[\\]}]?\n)?".prop_map(String::into_bytes),
        2 => "[a-z*!/\\[\\]\\\\# \n:{}&<-]{0,40}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
        1 => Just(b"{}".to_vec()),
    ]
}

fn any_files() -> impl Strategy<Value = Vec<ChartFile>> {
    let files = proptest::collection::vec((any_path(), any_content()), 0..8);
    (files, any::<bool>()).prop_map(|(files, with_fields)| {
        let fields = with_fields.then(|| file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"));
        files.into_iter().map(|(path, bytes)| ChartFile { path, bytes }).chain(fields).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_files_panic_and_a_package_is_read_back(files in any_files()) {
        if let Ok(package) = Chart::from_files(files).and_then(|chart| chart.package()) {
            let read = Package::from_archive(package.archive()).unwrap();
            prop_assert_eq!(&read.chart().unwrap().package().unwrap(), &package);
            prop_assert_eq!(read, package);
        }
    }

    #[test]
    fn the_order_of_the_files_does_not_matter((files, shuffled) in any_files().prop_flat_map(|mut files| {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files.dedup_by(|one, other| one.path == other.path);
        (Just(files.clone()), Just(files).prop_shuffle())
    })) {
        let package = |files| Chart::from_files(files).and_then(|chart| chart.package()).map_err(|error| error.to_string());
        prop_assert_eq!(package(files), package(shuffled));
    }

    #[test]
    fn no_archive_panics(bytes in any_content(), at in any::<usize>(), byte in any::<u8>()) {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let _ = Chart::from_archive(&gzip.finish().unwrap());
        let chart = Chart::from_files(vec![file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"), file("x", bytes)]);
        let mut archive = chart.unwrap().package().unwrap().archive().to_vec();
        let _ = Chart::from_archive(&archive[..at % archive.len()]);
        let at = at % archive.len();
        archive[at] = byte;
        let _ = Chart::from_archive(&archive);
    }
}
