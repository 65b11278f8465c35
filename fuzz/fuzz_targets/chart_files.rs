//! A chart of some bytes: files that the first byte chooses, or an archive. What is packaged is read back as it was.

#![no_main]

use helm_chart::{Chart, ChartFile, HelmIgnore, Lock, Package};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 8] = [
    "Chart.yaml",
    "values.yaml",
    ".helmignore",
    "Chart.lock",
    "requirements.yaml",
    "values.schema.json",
    "charts/a.tgz",
    "charts/a/Chart.yaml",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let _ = HelmIgnore::parse(rest).map(|rules| rules.ignores_file("templates/a/b.yaml"));
    let _ = Lock::parse(rest);
    let _ = Package::from_archive(rest);
    let mut files = Vec::new();
    for (at, part) in rest.split(|byte| *byte == 0).take(PATHS.len()).enumerate() {
        let path = PATHS[(usize::from(choice) + at) % PATHS.len()].to_owned();
        files.push(ChartFile { path, bytes: part.to_vec() });
    }
    if !files.iter().any(|file| file.path == "Chart.yaml") {
        let bytes = b"apiVersion: v2\nname: web\nversion: 1.2.3\n".to_vec();
        files.push(ChartFile { path: "Chart.yaml".to_owned(), bytes });
    }
    let mut reversed = files.clone();
    reversed.reverse();
    let package = Chart::from_files(files).and_then(|chart| chart.package());
    let other = Chart::from_files(reversed).and_then(|chart| chart.package());
    match (package, other) {
        (Ok(package), Ok(other)) => {
            assert_eq!(package, other);
            assert_eq!(package.chart().and_then(|chart| chart.package()).expect("it is read back"), package);
        }
        (Err(_), Err(_)) => {}
        (one, other) => panic!("{one:?} {other:?}"),
    }
});
