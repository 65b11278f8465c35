//! Packages compared with those of Helm 3 and Helm 4.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use helm_chart::{Chart, DiskFolders, Package};
use warehouse_testkit::peer::{Tool, available};

use crate::shape;

/// The content of each file of an archive, by path, without the order and the times.
fn content(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mode = entry.header().mode().unwrap();
        assert_eq!(mode, 0o644);
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(files.insert(path.clone(), bytes).is_none(), "{path} is in the archive twice");
    }
    files
}

fn helm_package(helm: &Tool, folder: &Path, more: &[&str]) -> Result<Vec<u8>, String> {
    let out = tempfile::tempdir().unwrap();
    let mut arguments =
        vec!["package", folder.to_str().unwrap(), "--destination", out.path().to_str().unwrap()];
    arguments.extend(more);
    helm.run(arguments).map_err(|error| error.to_string())?;
    let file = std::fs::read_dir(out.path()).unwrap().next().unwrap().unwrap().path();
    Ok(std::fs::read(file).unwrap())
}

fn differences(ours: &BTreeMap<String, Vec<u8>>, theirs: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let paths: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let different = paths.into_iter().filter(|path| ours.get(*path) != theirs.get(*path));
    different
        .map(|path| {
            format!("{path}: ours {:?}, theirs {:?}", ours.get(path).map(text), theirs.get(path).map(text))
        })
        .collect()
}

#[track_caller]
fn check(program: &str) {
    let Some(helm) = available(Tool::find(program)) else { return };
    let root = tempfile::tempdir().unwrap();
    let shapes = shape::all();
    for shape in &shapes {
        shape.write(root.path());
    }
    let folders = DiskFolders::new(root.path()).unwrap();
    let mut failures = Vec::new();
    for shape in &shapes {
        let folder = root.path().join(shape.name);
        let theirs = helm_package(&helm, &folder, &[]);
        let ours = Chart::read(&folders, shape.name).and_then(|chart| chart.package());
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let different = differences(&content(ours.archive()), &content(&theirs));
                failures.extend(different.into_iter().map(|what| format!("{}: {what}", shape.name)));
                // What they wrote is read as what we wrote.
                let read = Package::from_archive(theirs).map(|package| package.chart().unwrap());
                assert_eq!(read.unwrap(), ours.chart().unwrap(), "{}", shape.name);
            }
            (Ok(_), Err(error)) => failures.push(format!("{}: {program} refuses it: {error}", shape.name)),
            (Err(error), Ok(_)) => failures.push(format!("{}: we refuse it: {error}", shape.name)),
            (Err(ours), Err(theirs)) => {
                failures.push(format!("{}: both refuse it: {ours}; {theirs}", shape.name))
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(shapes.len() >= 30);
}

#[test]
fn packages_equal_those_of_helm_4() {
    check("helm");
}

#[test]
fn packages_equal_those_of_helm_3() {
    check("helm3");
}

/// Helm takes our archives as its own.
#[track_caller]
fn takes(program: &str) {
    let Some(helm) = available(Tool::find(program)) else { return };
    let root = tempfile::tempdir().unwrap();
    let shapes = shape::all();
    shapes.iter().for_each(|shape| shape.write(root.path()));
    let folders = DiskFolders::new(root.path()).unwrap();
    for shape in &shapes {
        let package = Chart::read(&folders, shape.name).unwrap().package().unwrap();
        let file = helm.folder().join(package.file_name());
        std::fs::write(&file, package.archive()).unwrap();
        let file = file.to_str().unwrap();
        let shown = helm.run(["show", "chart", file]).unwrap();
        let mut metadata = package.metadata().clone();
        if metadata.api_version == "v1" && shape.name != "v1" {
            metadata.dependencies.clear();
        }
        assert_eq!(shown, helm_chart::go_yaml::to_string(&metadata).unwrap().trim_end(), "{}", shape.name);
        helm.run(["dependency", "list", file]).unwrap();
        // Templates of the shapes are not all valid, and library charts are not installed.
        if ["plain", "locked", "folders", "archives", "names", "v1", "types"].contains(&shape.name) {
            let rendered = helm.run(["template", "--kube-version", "1.30.0", "x", file]);
            rendered.unwrap_or_else(|error| panic!("{program} {}: {error}", shape.name));
        }
    }
}

#[test]
fn helm_4_takes_our_packages() {
    takes("helm");
}

#[test]
fn helm_3_takes_our_packages() {
    takes("helm3");
}

#[test]
fn versions_given_on_the_command_line() {
    let root = tempfile::tempdir().unwrap();
    let full = shape::all().into_iter().find(|shape| shape.name == "full").unwrap();
    full.write(root.path());
    let chart = Chart::read(&DiskFolders::new(root.path()).unwrap(), "full").unwrap();
    let ours = chart.with_version("2.0.0-dev+b").unwrap().with_app_version("1.10").package().unwrap();
    for program in ["helm", "helm3"] {
        let Some(helm) = available(Tool::find(program)) else { continue };
        let more = ["--version", "2.0.0-dev+b", "--app-version", "1.10"];
        let theirs = helm_package(&helm, &root.path().join("full"), &more).unwrap();
        assert_eq!(differences(&content(ours.archive()), &content(&theirs)), Vec::<String>::new());
    }
}

/// The folders with a Chart.yaml, at any depth.
fn charts_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    if folder.join("Chart.yaml").is_file() {
        found.push(folder.to_owned());
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            charts_below(&entry.path(), found);
        }
    }
}

/// Charts that people wrote, below `CONFORMANCE_CORPUS/charts`: packaged alike, and refused alike.
#[test]
fn charts_that_people_wrote() {
    let Some(corpus) = std::env::var_os("CONFORMANCE_CORPUS") else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"SKIPPED: no real charts; set CONFORMANCE_CORPUS\n",
        );
        return;
    };
    let root = Path::new(&corpus).join("charts");
    let mut charts = Vec::new();
    charts_below(&root, &mut charts);
    let Some(helm) = available(Tool::find("helm")) else { return };
    let Some(helm3) = available(Tool::find("helm3")) else { return };
    let folders = DiskFolders::new(&root).unwrap();
    let (mut equal, mut refused, mut failures) = (0, 0, Vec::new());
    for folder in &charts {
        let path = folder.strip_prefix(&root).unwrap().to_str().unwrap();
        let ours = Chart::read(&folders, path).and_then(|chart| chart.package());
        match (ours, helm_package(&helm, folder, &[])) {
            (Ok(ours), Ok(theirs)) => {
                let different = differences(&content(ours.archive()), &content(&theirs));
                equal += usize::from(different.is_empty());
                failures.extend(different.into_iter().map(|what| format!("{path}: {what}")));
            }
            (Ok(_), Err(error)) => failures.push(format!("{path}: Helm refuses it: {error}")),
            (Err(_), Err(_)) => refused += 1,
            // What Helm 4 alone takes.
            (Err(_), Ok(_)) if helm_package(&helm3, folder, &[]).is_err() => refused += 1,
            (Err(error), Ok(_)) => failures.push(format!("{path}: we refuse it: {error}")),
        }
    }
    let summary = format!("charts: {equal} equal, {refused} refused by both, {} others\n", failures.len());
    let _ = std::io::Write::write_all(&mut std::io::stderr(), summary.as_bytes());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
