//! Locks compared with those of Helm 3 and Helm 4.

use std::path::Path;
use std::sync::Arc;

use artifact_http::{Call, HttpClient, SourceContext};
use chart_release::dependency::{DependencyResolver, Locked};
use helm_chart::{Chart, ChartFolders as _, DiskFolders, Lock};
use warehouse_testkit::peer::{Tool, available};
use warehouse_testkit::{Chart as Published, ChartServer, Registry};

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn resolver(root: &Path) -> DependencyResolver {
    let context = SourceContext::new(HttpClient::builder().build().unwrap());
    let folders = Arc::new(DiskFolders::new(root).unwrap());
    DependencyResolver::builder(folders, &context).build()
}

async fn lock(root: &Path, chart: &str) -> Locked {
    resolver(root).lock(chart, &Call::new()).await.unwrap()
}

/// Charts with dependencies of every kind: name of the chart, and its dependencies.
fn cases(server: &ChartServer, registry: &Registry) -> Vec<(&'static str, String)> {
    let (url, oci) = (server.url(), format!("oci://{}/charts", registry.host()));
    vec![
        ("local", "- {name: common, version: ^0.4, repository: \"file://../common\"}\n".into()),
        ("classic", format!("- {{name: redis, version: '>=1.0.0 <2', repository: \"{url}\"}}\n")),
        (
            "options",
            format!(
                "- {{name: redis, version: 1.x, repository: \"{url}\", alias: cache, condition: 'a.b,c', tags: [x, y], import-values: [data, {{child: a, parent: b}}]}}\n- {{name: kafka, version: '*', repository: \"{url}\"}}\n"
            ),
        ),
        (
            "oci",
            format!(
                "- {{name: redis, version: ^1.0.0, repository: \"{oci}\"}}\n- {{name: kafka, version: 3.0.0, repository: \"{oci}\"}}\n"
            ),
        ),
        ("inner", "- {name: inner, version: ^1, repository: \"\"}\n".into()),
        ("prerelease", format!("- {{name: redis, version: '>=1.0.0-0', repository: \"{url}/\"}}\n")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_equal_those_of_helm() {
    let (server, registry) = (ChartServer::start().unwrap(), Registry::start().unwrap());
    for (name, version) in
        [("redis", "1.0.0"), ("redis", "1.10.0"), ("redis", "2.0.0-rc.1"), ("kafka", "3.0.0")]
    {
        server.publish(&Published::new(name, version));
        registry.push_chart("charts", &Published::new(name, version));
    }
    for program in ["helm", "helm3"] {
        let Some(helm) = available(Tool::find(program)) else { continue };
        let root = helm.folder();
        write(root, "common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 0.4.1\ntype: library\n");
        // `dependency build` knows the repositories that were added only.
        helm.run(["repo", "add", "team", &server.url()]).unwrap();
        for (name, dependencies) in cases(&server, &registry) {
            let text = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies:\n{dependencies}");
            write(root, &format!("{name}/Chart.yaml"), &text);
            if name == "inner" {
                write(root, "inner/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.2.0\n");
            }
            let ours = lock(root, name).await.lock.unwrap();
            let file = root.join(name).join("Chart.lock");
            std::fs::write(&file, ours.to_yaml().unwrap()).unwrap();
            let plain = if name == "oci" { &["--plain-http"][..] } else { &[] };
            let run = |command: &str| {
                let mut arguments = vec!["dependency", command, name];
                arguments.extend(plain);
                helm.run(arguments).unwrap_or_else(|error| panic!("{program} {command} {name}: {error}"))
            };
            run("build");
            assert_eq!(std::fs::read(&file).unwrap(), ours.to_yaml().unwrap().as_bytes(), "{program} {name}");

            std::fs::remove_file(&file).unwrap();
            run("update");
            let text = std::fs::read_to_string(&file).unwrap();
            let theirs = Lock::parse(text.as_bytes()).unwrap();
            assert_eq!(theirs.to_yaml().unwrap(), text, "what Helm wrote is written again as it was");
            let generated = |text: &str, lock: &Lock| text.replace(lock.generated(), "TIME");
            assert_eq!(
                generated(&ours.to_yaml().unwrap(), &ours),
                generated(&text, &theirs),
                "{program} {name}"
            );
            // What Helm packages then is what we package.
            helm.run(["package", name]).unwrap();
            let theirs_packaged = std::fs::read(root.join(format!("{name}-1.0.0.tgz"))).unwrap();
            std::fs::remove_dir_all(root.join(name).join("charts")).unwrap();
            if name == "inner" {
                write(root, "inner/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.2.0\n");
            }
            let chart = resolver(root).build(name, &Call::new()).await.unwrap();
            assert_eq!(chart, Chart::from_archive(&theirs_packaged).unwrap(), "{program} {name}");
            let again = lock(root, name).await;
            assert_eq!((again.lock, again.changed), (Some(theirs), false), "{program} {name}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &to.join(entry.file_name())),
            kind if kind.is_file() => {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
            _ => {}
        }
    }
}

/// Charts that people wrote, in folders with a folder `charts` below `CONFORMANCE_CORPUS/charts`: those that depend on folders alone.
#[tokio::test(flavor = "multi_thread")]
async fn charts_that_people_wrote() {
    let Some(corpus) = std::env::var_os("CONFORMANCE_CORPUS") else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"SKIPPED: no real charts; set CONFORMANCE_CORPUS\n",
        );
        return;
    };
    let Some(helm) = available(Tool::find("helm")) else { return };
    let (mut equal, mut refused, mut skipped, mut failures) = (0, 0, 0, Vec::new());
    for repository in std::fs::read_dir(Path::new(&corpus).join("charts")).into_iter().flatten() {
        let root = tempfile::tempdir().unwrap();
        copy(&repository.unwrap().path(), root.path());
        let folders = DiskFolders::new(root.path()).unwrap();
        for path in folders.charts("charts").unwrap_or_default() {
            let dependencies = |chart: Chart| chart.metadata().dependencies.clone();
            let wanted = Chart::read(&folders, &path).map(dependencies).unwrap_or_default();
            if wanted.iter().any(|wanted| !wanted.repository.starts_with("file://")) {
                skipped += 1;
                continue;
            }
            let ours = resolver(root.path()).build(&path, &Call::new()).await;
            let folder = root.path().join(&path);
            let out = tempfile::tempdir().unwrap();
            let (chart, out) = (folder.to_str().unwrap(), out.path().to_str().unwrap());
            let theirs = helm
                .run(["dependency", "update", chart])
                .and_then(|_| helm.run(["package", chart, "--destination", out]));
            match (ours, theirs) {
                (Ok(ours), Ok(_)) => {
                    let file = std::fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
                    let theirs = Chart::from_archive(&std::fs::read(file).unwrap()).unwrap();
                    if theirs.with_lock(None) == ours.with_lock(None) {
                        equal += 1;
                    } else {
                        failures.push(format!("{path}: another chart"));
                    }
                }
                (Err(_), Err(_)) => refused += 1,
                (ours, theirs) => failures.push(format!("{path}: ours {:?}, theirs {theirs:?}", ours.err())),
            }
            let _ = std::fs::remove_dir_all(folder.join("charts"));
        }
    }
    let summary =
        format!("charts: {equal} equal, {refused} refused by both, {skipped} with remote dependencies\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), summary.as_bytes());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
