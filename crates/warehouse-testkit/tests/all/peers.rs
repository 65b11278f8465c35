//! The testkit and the real programs: real clients judge our servers, and our servers answer as the real ones do.
//!
//! `scripts/peers` installs the programs; what is absent is skipped loudly, and fails with `CI=true`.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;

use crate::client::{Answer, get, request, send};
use warehouse_testkit::peer::{GitDaemon, Nginx, OldRegistry, ReferenceRegistry, Tool, available};
use warehouse_testkit::{Authority, Chart, ChartServer, Commit, GitServer, MediaType, Registry};

/// Five tags of one index, four of a single manifest.
fn filled() -> Registry {
    let registry = Registry::builder().link_after_full_page().start().unwrap();
    let index =
        registry.image("demo/app").tag("1.0").platforms(["linux/amd64", "linux/arm64/v8"]).attested().push();
    for tag in ["1.1", "1.2", "1.3", "latest"] {
        registry.tag("demo/app", &index.digest, tag).unwrap();
    }
    registry.image("demo/app").tag("single").single("linux/amd64").annotation("a", "1").push();
    registry.image("demo/app").tag("list").platforms(["linux/amd64", "linux/arm64"]).docker().push();
    registry
}

#[test]
fn crane_reads_what_we_published() {
    let Some(crane) = available(Tool::find("crane")) else { return };
    let registry = filled();
    let image = format!("{}/demo/app", registry.host());
    let run = |arguments: &[&str]| crane.run(arguments).unwrap();
    assert_eq!(run(&["ls", "--insecure", &image]).lines().count(), 7);
    for tag in ["1.0", "single", "list"] {
        let digest = run(&["digest", "--insecure", &format!("{image}:{tag}")]);
        assert_eq!(Some(digest), registry.digest("demo/app", tag), "{tag}");
        run(&["validate", "--insecure", "--remote", &format!("{image}:{tag}")]);
    }
    let files =
        run(&["pull", "--insecure", "--platform=linux/arm64/v8", &format!("{image}:1.0"), "image.tar"]);
    assert_eq!(files, "");
}

#[test]
fn crane_pushes_to_us() {
    let Some(crane) = available(Tool::find("crane")) else { return };
    let source = filled();
    for target in [
        Registry::start().unwrap(),
        Registry::builder().anonymous_bearer().bearer("user", "secret").start().unwrap(),
    ] {
        let login = ["auth", "login", &target.host(), "-u", "user", "-p", "secret"];
        crane.run(login).unwrap();
        for tag in ["1.0", "single", "list"] {
            let from = format!("{}/demo/app:{tag}", source.host());
            let to = format!("{}/copy:{tag}", target.host());
            crane.run(["copy", "--insecure", &from, &to]).unwrap();
            assert_eq!(target.digest("copy", tag), source.digest("demo/app", tag), "{tag}");
        }
        crane.run(["delete", "--insecure", &format!("{}/copy:1.0", target.host())]).unwrap();
        assert_eq!(target.tags("copy"), ["list", "single"]);
    }
}

#[test]
fn skopeo_trusts_our_authority_and_signs_in() {
    let Some(skopeo) = available(Tool::find("skopeo")) else { return };
    let authority = Authority::new().unwrap();
    let certificate = authority.certificate(["127.0.0.1"]).unwrap();
    let registry = Registry::builder().tls(certificate).bearer_for("user", "secret", ["a"]).start().unwrap();
    for repository in ["a", "b"] {
        registry.image(repository).tag("1.0").platforms(["linux/amd64"]).push();
    }
    let list = |repository: &str, more: &[&str]| {
        let image = format!("docker://{}/{repository}", registry.host());
        let arguments = ["--insecure-policy", "list-tags", "--creds", "user:secret"];
        skopeo.run(arguments.iter().chain(more).chain(&[image.as_str()]))
    };
    let stranger = list("a", &[]).unwrap_err().to_string();
    assert!(stranger.contains("unknown authority"), "{stranger}");
    assert_eq!(registry.log().counters().requests, 0);
    std::fs::write(skopeo.folder().join("ca.crt"), authority.pem()).unwrap();
    assert!(list("a", &["--cert-dir=."]).unwrap().contains("\"1.0\""));
    assert!(list("b", &["--cert-dir=."]).is_err());
}

#[test]
fn helm_pushes_and_pulls() {
    let Some(helm) = available(Tool::find("helm")) else { return };
    let run = |arguments: &[&str]| helm.run(arguments).unwrap();
    let registry = Registry::start().unwrap();
    let chart = Chart::new("demo", "1.2.3+b1").app_version("1.10");
    std::fs::write(helm.folder().join("demo.tgz"), chart.archive()).unwrap();
    let charts = format!("oci://{}/charts", registry.host());
    run(&["push", "demo.tgz", &charts, "--plain-http"]);
    assert_eq!(registry.tags("charts/demo"), ["1.2.3_b1"]);

    registry.push_chart("charts", &Chart::new("demo", "1.3.0"));
    let demo = format!("{charts}/demo");
    let shown = run(&["show", "chart", &demo, "--plain-http"]);
    assert!(shown.contains("version: 1.3.0"), "{shown}");

    let server = ChartServer::start().unwrap();
    server.publish(&chart);
    server.publish(&Chart::new("demo", "1.3.0"));
    let shown = run(&["show", "chart", "demo", "--repo", &server.url(), "--version", "1.2.3+b1"]);
    assert!(shown.contains("appVersion: \"1.10\""), "{shown}");
}

#[test]
fn our_index_is_what_helm_writes() {
    let Some(helm) = available(Tool::find("helm")) else { return };
    let server = ChartServer::start().unwrap();
    std::fs::create_dir(helm.folder().join("repo")).unwrap();
    for chart in
        [Chart::new("demo", "1.10.0").app_version("1.10"), Chart::new("other", "0.1.0-rc.1").deprecated()]
    {
        server.publish(&chart);
        std::fs::write(helm.folder().join("repo").join(chart.file_name()), chart.archive()).unwrap();
    }
    helm.run(["repo", "index", "repo"]).unwrap();
    let theirs = std::fs::read_to_string(helm.folder().join("repo/index.yaml")).unwrap();
    let ours = String::from_utf8(server.index().to_vec()).unwrap();
    // The moments differ; everything else is the same, down to the quotes.
    let timeless = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("created:") && !line.contains("generated:"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(timeless(&ours), timeless(&theirs));
}

/// What a client can see of an answer.
fn essence(answer: &Answer, host: &str) -> String {
    let header = |name: &str| {
        let value = answer.headers.get(name).map(|value| value.to_str().unwrap().replace(host, "HOST"));
        format!("{name}: {}", value.unwrap_or_else(|| "-".into()))
    };
    let mut lines = vec![answer.status.as_u16().to_string()];
    lines.extend(["content-type", "docker-content-digest", "link"].map(header));
    match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(body) if body.get("errors").is_some() => lines.push(body["errors"][0]["code"].to_string()),
        Ok(body) => lines.push(body.to_string()),
        Err(_) => lines.push(format!("{} bytes", answer.body.len())),
    }
    lines.join("\n").replace("; charset=utf-8", "")
}

#[test]
fn we_answer_as_the_reference_registry() {
    let Some(reference) = available(ReferenceRegistry::start()) else { return };
    let Some(crane) = available(Tool::find("crane")) else { return };
    let ours = filled();
    for tag in ours.tags("demo/app") {
        let image = |host: &str| format!("{host}/demo/app:{tag}");
        crane.run(["copy", "--insecure", &image(&ours.host()), &image(&reference.host())]).unwrap();
    }
    let single = ours.digest("demo/app", "single").unwrap();
    let list = ours.digest("demo/app", "list").unwrap();
    let accepts =
        [MediaType::OCI_INDEX, MediaType::OCI_MANIFEST, MediaType::DOCKER_LIST, MediaType::DOCKER_MANIFEST];
    let mut requests = Vec::new();
    for reference in ["1.0", "single", "list", "none", &single, &list] {
        let target = format!("/v2/demo/app/manifests/{reference}");
        for accept in accepts {
            requests.push(("GET", target.clone(), accept.to_owned()));
            requests.push(("HEAD", target.clone(), accept.to_owned()));
        }
        requests.push(("GET", target, accepts.join(", ")));
    }
    let tags =
        ["", "?n=2", "?n=2&last=1.1", "?n=7", "?n=8", "?last=1.15", "?last=zzz", "?n=0", "?n=x", "?n=-1"];
    let targets = tags.map(|query| format!("/v2/demo/app/tags/list{query}"));
    let blobs = [format!("/v2/demo/app/blobs/sha256:{}", "0".repeat(64))];
    let others = ["/v2/none/tags/list", "/v2/", "/v2/demo/app/nothing"].map(str::to_owned);
    for target in targets.into_iter().chain(blobs).chain(others) {
        requests.push(("GET", target, "*/*".to_owned()));
    }
    let mut different = Vec::new();
    for (method, target, accept) in &requests {
        let ask = |host: &str| {
            let address: SocketAddr = host.parse().unwrap();
            let answer = send(address, request(method, address, target).header("accept", accept), "");
            essence(&answer, host)
        };
        let (theirs, ours) = (ask(&reference.host()), ask(&ours.host()));
        if theirs != ours {
            different
                .push(format!("{method} {target} accept {accept}\n--- theirs\n{theirs}\n--- ours\n{ours}\n"));
        }
    }
    eprintln!("{} requests compared, {} different", requests.len(), different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn old_registries_ignore_pages() {
    let Some(old) = available(OldRegistry::start()) else { return };
    let Some(crane) = available(Tool::find("crane")) else { return };
    let source = filled();
    let ours = Registry::builder().ignore_paging().start().unwrap();
    for tag in ["list", "single"] {
        for host in [old.host(), ours.host()] {
            let from = format!("{}/demo/app:{tag}", source.host());
            crane.run(["copy", "--insecure", &from, &format!("{host}/demo/app:{tag}")]).unwrap();
        }
    }
    for query in ["", "?n=1", "?n=1&last=list"] {
        let ask = |host: String| get(host.parse().unwrap(), &format!("/v2/demo/app/tags/list{query}"));
        let (theirs, ours) = (ask(old.host()), ask(ours.host()));
        let sorted = |answer: &Answer| {
            let mut tags: Vec<String> = serde_json::from_value(answer.json()["tags"].clone()).unwrap();
            tags.sort();
            (tags, answer.headers.contains_key("link"))
        };
        assert_eq!(sorted(&theirs), sorted(&ours), "{query}");
    }
}

#[test]
fn nginx_and_we_validate_alike() {
    let folder = tempfile::tempdir().unwrap();
    let server = ChartServer::start().unwrap();
    server.publish(&Chart::new("demo", "1.0.0"));
    std::fs::write(folder.path().join("index.yaml"), server.index()).unwrap();
    let Some(nginx) =
        available(Nginx::serve_with(folder.path(), "location = /old { return 302 /index.yaml; }"))
    else {
        return;
    };
    server.redirect("/old", "/index.yaml");
    let theirs: SocketAddr = nginx.url().strip_prefix("http://").unwrap().parse().unwrap();
    let shape = |address: SocketAddr| {
        let ask = |name: &str, value: &str| {
            send(address, request("GET", address, "/index.yaml").header(name, value), "")
        };
        let plain = ask("accept", "*/*");
        let packed = ask("accept-encoding", "gzip");
        let tag = plain.header("etag").to_owned();
        vec![
            plain.status.as_u16().to_string(),
            plain.text(),
            plain.header("content-type").to_owned(),
            packed.header("content-encoding").to_owned(),
            packed.header("etag").get(..2).unwrap().to_owned(),
            ask("if-none-match", &tag).status.to_string(),
            ask("if-none-match", packed.header("etag")).status.to_string(),
            ask("if-none-match", "\"other\"").status.to_string(),
            ask("if-modified-since", plain.header("last-modified")).status.to_string(),
            ask("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT").status.to_string(),
            get(address, "/none").status.to_string(),
            get(address, "/old").status.to_string(),
        ]
    };
    assert_eq!(shape(server.address()), shape(theirs));
}

#[test]
fn git_daemon_serves_the_same_folder() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo/app.git").unwrap();
    let id = repository.commit("main", Commit::new("First").file("a", "1")).unwrap();
    let Some(daemon) = available(GitDaemon::serve(&server.root())) else { return };
    let listed = repository.git(["ls-remote", &format!("{}/demo/app.git", daemon.url()), "main"]).unwrap();
    assert_eq!(listed, format!("{id}\trefs/heads/main"));
}

/// Pushes and deletes in a row, and what each was answered.
fn pushed(host: &str) -> Vec<String> {
    let address: SocketAddr = host.parse().unwrap();
    let scratch = Registry::start().unwrap();
    let digest = |bytes: &str| scratch.push_blob("scratch", bytes.to_owned());
    let (one, two) = (digest("{}"), digest("two"));
    let mut answers = Vec::new();
    let mut ask = |what: &str, method: &str, target: &str, media_type: &str, body: &str| {
        let ask = request(method, address, target).header("content-type", media_type);
        let answer = send(address, ask, body.to_owned());
        let code = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
        let code = code.and_then(|body| Some(body["errors"][0]["code"].as_str()?.to_owned()));
        let digest =
            answer.headers.get("docker-content-digest").map(|value| value.to_str().unwrap().to_owned());
        answers.push(format!("{what}: {} {code:?} {digest:?}", answer.status.as_u16()));
        let location = answer.headers.get("location").map(|value| value.to_str().unwrap().to_owned());
        location.map(|location| location.replace(&format!("http://{host}"), "")).unwrap_or_default()
    };
    let octets = "application/octet-stream";
    let with = |location: &str, digest: &str| {
        let sign = if location.contains('?') { '&' } else { '?' };
        format!("{location}{sign}digest={digest}")
    };
    let begin = "/v2/a/blobs/uploads/";
    let upload = ask("begin", "POST", begin, octets, "");
    ask("finish", "PUT", &with(&upload, &one), octets, "{}");
    ask("finish again", "PUT", &with(&upload, &one), octets, "{}");
    let upload = ask("begin", "POST", begin, octets, "");
    let upload = ask("append", "PATCH", &upload, octets, "tw");
    let upload = ask("append", "PATCH", &upload, octets, "o");
    ask("finish", "PUT", &with(&upload, &two), octets, "");
    let upload = ask("begin", "POST", begin, octets, "");
    ask("wrong digest", "PUT", &with(&upload, &one), octets, "not this");
    let upload = ask("begin", "POST", begin, octets, "");
    ask("cancel", "DELETE", &upload, octets, "");
    ask("mount", "POST", &format!("/v2/b/blobs/uploads/?mount={one}&from=a"), octets, "");
    ask("mount nothing", "POST", &format!("/v2/b/blobs/uploads/?mount={one}&from=none"), octets, "");

    let config = format!(r#"{{"mediaType":"{}","digest":"{one}","size":2}}"#, MediaType::OCI_CONFIG);
    let layer = format!(r#"{{"mediaType":"{}","digest":"{two}","size":3}}"#, MediaType::OCI_LAYER);
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","config":{config},"layers":[{layer}]}}"#,
        MediaType::OCI_MANIFEST
    );
    let kind = MediaType::OCI_MANIFEST;
    ask("manifest", "PUT", "/v2/a/manifests/1.0", kind, &manifest);
    ask("by digest", "PUT", &format!("/v2/a/manifests/{}", digest(&manifest)), kind, &manifest);
    ask("by another digest", "PUT", &format!("/v2/a/manifests/{one}"), kind, &manifest);
    ask("layer missing", "PUT", "/v2/b/manifests/1.0", kind, &manifest);
    ask("no json", "PUT", "/v2/a/manifests/1.0", kind, "no json");
    ask("list", "GET", "/v2/a/tags/list", octets, "");
    ask("delete blob", "DELETE", &format!("/v2/a/blobs/{two}"), octets, "");
    ask("delete no blob", "DELETE", &format!("/v2/a/blobs/{two}"), octets, "");
    ask("delete tag", "DELETE", "/v2/a/manifests/1.0", octets, "");
    ask("tag is gone", "GET", "/v2/a/manifests/1.0", octets, "");
    ask("delete no tag", "DELETE", "/v2/a/manifests/1.0", octets, "");
    ask("delete manifest", "DELETE", &format!("/v2/a/manifests/{}", digest(&manifest)), octets, "");
    ask("delete no manifest", "DELETE", &format!("/v2/a/manifests/{}", digest(&manifest)), octets, "");
    ask("put to tags", "PUT", "/v2/a/tags/list", octets, "");
    answers
}

#[test]
fn we_take_pushes_as_the_reference_registry() {
    let Some(reference) = available(ReferenceRegistry::start()) else { return };
    let ours = Registry::start().unwrap();
    assert_eq!(pushed(&ours.host()), pushed(&reference.host()));
}
