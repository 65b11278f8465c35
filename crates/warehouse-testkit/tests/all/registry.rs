//! The registry over plain HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use crate::client::{Answer, get, request, send};
use warehouse_testkit::{Chart, MediaType, Registry, When};

const EVERYTHING: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

fn manifest(registry: &Registry, reference: &str, accept: &str) -> Answer {
    let target = format!("/v2/demo/app/manifests/{reference}");
    send(registry.address(), request("GET", registry.address(), &target).header("accept", accept), "")
}

#[test]
fn three_thousand_tags_of_six_platforms_are_published_in_memory() {
    let registry = Registry::start().unwrap();
    let start = std::time::Instant::now();
    for number in 0..3000 {
        registry
            .image("demo/app")
            .tag(format!("1.{}.{}", number / 100, number % 100))
            .platforms([
                "linux/amd64",
                "linux/arm64",
                "linux/arm/v7",
                "linux/ppc64le",
                "linux/s390x",
                "windows/amd64",
            ])
            .push();
    }
    eprintln!("3000 tags, 18000 manifests: {:?}", start.elapsed());
    assert_eq!(registry.tags("demo/app").len(), 3000);
    assert_eq!(registry.log().counters().requests, 0);
}

#[test]
fn an_index_leads_to_manifests_configs_and_layers() {
    let registry = Registry::start().unwrap();
    let pushed = registry
        .image("demo/app")
        .tag("1.0.0")
        .platforms(["linux/amd64", "linux/arm64/v8"])
        .annotation("a", "1")
        .manifest_annotation("b", "2")
        .descriptor_annotation("c", "3")
        .label("d", "4")
        .created_on("linux/arm64/v8", "2024-06-01T00:00:00Z")
        .push();
    let index = manifest(&registry, "1.0.0", EVERYTHING);
    assert_eq!(index.status, 200);
    assert_eq!(index.header("content-type"), MediaType::OCI_INDEX);
    assert_eq!(index.header("docker-content-digest"), pushed.digest);
    let index = index.json();
    assert_eq!(index["annotations"]["a"], "1");
    let arm = &index["manifests"][1];
    assert_eq!(arm["platform"]["variant"], "v8");
    assert_eq!(arm["annotations"]["c"], "3");
    assert_eq!(arm["digest"], pushed.platforms[1].digest.as_str());
    let child = manifest(&registry, &pushed.platforms[1].digest, EVERYTHING);
    assert_eq!(child.body.len() as u64, arm["size"].as_u64().unwrap());
    let child = child.json();
    assert_eq!(child["annotations"]["b"], "2");
    let config = child["config"]["digest"].as_str().unwrap();
    let config = get(registry.address(), &format!("/v2/demo/app/blobs/{config}")).json();
    assert_eq!(config["created"], "2024-06-01T00:00:00Z");
    assert_eq!(config["config"]["Labels"]["d"], "4");
    assert_eq!(config["architecture"], "arm64");
}

#[test]
fn the_log_is_exact() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1").push();
    let first = manifest(&registry, "1", EVERYTHING);
    let second = get(registry.address(), "/v2/demo/app/tags/list?n=5");
    let counters = registry.log().counters();
    assert_eq!(counters.requests, 2);
    assert_eq!(counters.body_bytes_sent as usize, first.body.len() + second.body.len());
    assert!(counters.wire_bytes_sent > counters.body_bytes_sent);
    assert_eq!(counters.connections, 2);
    assert_eq!(registry.log().count(&When::get("/v2/**/manifests/*")), 1);
    let seen = registry.log().all();
    assert_eq!(seen[0].header("accept"), Some(EVERYTHING));
    assert_eq!(seen[1].query.as_deref(), Some("n=5"));
    assert_eq!(seen[1].status, Some(200));
}

/// Follows the links of `tags/list` and returns the pages.
fn pages(registry: &Registry, query: &str) -> Vec<Vec<String>> {
    let mut target = format!("/v2/demo/app/tags/list{query}");
    let mut pages = Vec::new();
    loop {
        let page = get(registry.address(), &target);
        assert_eq!(page.status, 200, "{target}");
        pages.push(serde_json::from_value(page.json()["tags"].clone()).unwrap());
        let Some(link) = page.headers.get("link") else { return pages };
        let link = link.to_str().unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        let link = link.strip_prefix('<').unwrap();
        target = link.strip_prefix(&registry.url()).unwrap_or(link).to_owned();
    }
}

#[test]
fn tags_come_in_pages() {
    let fill = |registry: &Registry| {
        for tag in ["a", "b", "B", "10", "9"] {
            registry.image("demo/app").tag(tag).push();
        }
    };
    let open = Registry::start().unwrap();
    fill(&open);
    assert_eq!(pages(&open, ""), [["10", "9", "B", "a", "b"]]);
    assert_eq!(pages(&open, "?n=2"), [vec!["10", "9"], vec!["B", "a"], vec!["b"]]);
    assert_eq!(pages(&open, "?n=5").len(), 1, "no link when nothing follows");
    assert_eq!(pages(&open, "?n=0"), [[""; 0]]);
    assert_eq!(pages(&open, "?last=B"), [["a", "b"]]);
    assert_eq!(pages(&open, "?last=C"), [["a", "b"]], "last need not be a tag");
    assert_eq!(get(open.address(), "/v2/demo/app/tags/list?n=x").status, 400);
    let unknown = get(open.address(), "/v2/none/tags/list");
    assert_eq!(unknown.json()["errors"][0]["code"], "NAME_UNKNOWN");

    let capped = Registry::builder().page_size(3).absolute_links().reverse_tags().start().unwrap();
    fill(&capped);
    assert_eq!(pages(&capped, ""), [vec!["B", "9", "10"], vec!["b", "a"]]);
    assert_eq!(pages(&capped, "?n=1000").len(), 2);
    let strict = Registry::builder().page_size(3).refuse_larger_pages().start().unwrap();
    fill(&strict);
    assert_eq!(get(strict.address(), "/v2/demo/app/tags/list?n=4").status, 413);
    let old = Registry::builder().ignore_paging().start().unwrap();
    fill(&old);
    assert_eq!(pages(&old, "?n=2&last=B"), [["10", "9", "B", "a", "b"]]);
}

#[test]
fn a_manifest_is_for_those_who_accept_its_type() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("index").platforms(["linux/amd64"]).push();
    registry.image("demo/app").tag("single").push();
    let list =
        registry.image("demo/app").tag("list").platforms(["linux/arm64", "linux/amd64"]).docker().push();
    let status = |reference: &str, accept: &str| manifest(&registry, reference, accept).status.as_u16();
    assert_eq!(status("index", EVERYTHING), 200);
    assert_eq!(status("index", "*/*"), 200);
    assert_eq!(status("index", MediaType::OCI_MANIFEST), 200);
    assert_eq!(status("list", MediaType::OCI_MANIFEST), 400);
    assert_eq!(status("single", MediaType::OCI_INDEX), 404);
    assert_eq!(status("single", "application/vnd.oci.image.manifest.v1+json; q=0.5"), 200);
    let child = manifest(&registry, "list", MediaType::DOCKER_MANIFEST);
    assert_eq!(child.header("docker-content-digest"), list.platforms[1].digest);
    assert_eq!(child.header("content-type"), MediaType::DOCKER_MANIFEST);
    let whole = manifest(&registry, &list.digest, MediaType::DOCKER_MANIFEST);
    assert_eq!(whole.header("content-type"), MediaType::DOCKER_LIST, "by digest nothing is exchanged");
    let none = manifest(&registry, "none", EVERYTHING);
    assert_eq!(
        (none.status.as_u16(), none.json()["errors"][0]["code"].as_str()),
        (404, Some("MANIFEST_UNKNOWN"))
    );
}

#[test]
fn head_has_everything_but_the_body() {
    let registry = Registry::start().unwrap();
    let pushed = registry.image("demo/app").tag("1").platforms(["linux/amd64"]).push();
    let ask = request("HEAD", registry.address(), "/v2/demo/app/manifests/1").header("accept", EVERYTHING);
    let head = send(registry.address(), ask, "");
    assert_eq!((head.header("docker-content-digest"), head.body.len()), (pushed.digest.as_str(), 0));
    let length: usize = head.header("content-length").parse().unwrap();
    assert_eq!(length, manifest(&registry, "1", EVERYTHING).body.len());
    let ask = request("GET", registry.address(), "/v2/demo/app/manifests/1")
        .header("accept", EVERYTHING)
        .header("if-none-match", head.header("etag"));
    assert_eq!(send(registry.address(), ask, "").status, 304);
}

#[test]
fn pushes_over_http_in_every_way() {
    let registry = Registry::start().unwrap();
    let address = registry.address();
    let digest = |bytes: &str| registry.push_blob("scratch", bytes.to_owned());
    let (one, two, three) = (digest("one"), digest("two"), digest("three"));

    let posted =
        send(address, request("POST", address, &format!("/v2/a/blobs/uploads/?digest={one}")), "one");
    assert_eq!(posted.status, 201);
    let begun = send(address, request("POST", address, "/v2/a/blobs/uploads/"), "");
    let location = begun.header("location").to_owned();
    let put = send(address, request("PUT", address, &format!("{location}?digest={two}")), "two");
    assert_eq!((begun.status.as_u16(), put.status.as_u16()), (202, 201));
    let location =
        send(address, request("POST", address, "/v2/a/blobs/uploads/"), "").header("location").to_owned();
    assert_eq!(send(address, request("PATCH", address, &location), "thr").header("range"), "0-2");
    send(address, request("PATCH", address, &location), "ee");
    let put = send(address, request("PUT", address, &format!("{location}?digest={three}")), "");
    assert_eq!(put.status, 201);
    for (digest, expected) in [(&one, "one"), (&two, "two"), (&three, "three")] {
        assert_eq!(get(address, &format!("/v2/a/blobs/{digest}")).text(), expected);
    }
    let mounted =
        send(address, request("POST", address, &format!("/v2/b/blobs/uploads/?mount={one}&from=a")), "");
    assert_eq!(mounted.status, 201);
    let wrong = send(address, request("POST", address, &format!("/v2/a/blobs/uploads/?digest={one}")), "two");
    assert_eq!(wrong.json()["errors"][0]["code"], "DIGEST_INVALID");
    assert_eq!(send(address, request("PUT", address, &format!("{location}?digest={three}")), "").status, 404);

    let body =
        format!(r#"{{"schemaVersion":2,"config":{{"digest":"{one}"}},"layers":[{{"digest":"{two}"}}]}}"#);
    let push = |reference: &str, repository: &str, body: &str| {
        let target = format!("/v2/{repository}/manifests/{reference}");
        let ask = request("PUT", address, &target).header("content-type", MediaType::OCI_MANIFEST);
        send(address, ask, body.to_owned())
    };
    let pushed = push("1.0", "a", &body);
    assert_eq!(pushed.status, 201);
    assert_eq!(registry.digest("a", "1.0").as_deref(), Some(pushed.header("docker-content-digest")));
    assert_eq!(push("1.0", "b", &body).json()["errors"][0]["code"], "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(push(&one, "a", &body).json()["errors"][0]["code"], "DIGEST_INVALID");
    assert_eq!(push("1.0", "a", "no json").json()["errors"][0]["code"], "MANIFEST_INVALID");
    assert_eq!(send(address, request("DELETE", address, "/v2/a/manifests/1.0"), "").status, 202);
    assert_eq!(registry.tags("a"), [""; 0]);
}

#[test]
fn tokens_are_required_and_checked() {
    let registry = Registry::builder().bearer("user", "secret").refresh_token("identity").start().unwrap();
    registry.image("demo/app").tag("1").push();
    let address = registry.address();
    let target = "/v2/demo/app/tags/list";
    let refused = get(address, target);
    let realm = format!("{}/token", registry.url());
    let challenge =
        format!("Bearer realm=\"{realm}\",service=\"testkit\",scope=\"repository:demo/app:pull\"");
    assert_eq!((refused.status.as_u16(), refused.header("www-authenticate")), (401, challenge.as_str()));
    assert_eq!(get(address, "/v2/").status, 401);

    let scope = "/token?service=testkit&scope=repository:demo/app:pull";
    assert_eq!(get(address, scope).status, 401, "no anonymous tokens here");
    let basic = |value| request("GET", address, scope).header("authorization", value);
    assert_eq!(send(address, basic("Basic dXNlcjp3cm9uZw=="), "").status, 401);
    let given = send(address, basic("Basic dXNlcjpzZWNyZXQ="), "").json();
    assert_eq!(given["expires_in"], 300);
    let bearer = |target, token: &str| {
        request("GET", address, target).header("authorization", format!("Bearer {token}"))
    };
    let token = given["token"].as_str().unwrap();
    assert_eq!(send(address, bearer(target, token), "").status, 200);
    assert_eq!(send(address, bearer("/v2/", token), "").status, 200);
    let other = send(address, bearer("/v2/demo/other/tags/list", token), "");
    assert!(other.header("www-authenticate").ends_with(",error=\"insufficient_scope\""));
    registry.expire_tokens();
    let expired = send(address, bearer(target, token), "");
    assert!(expired.header("www-authenticate").ends_with(",error=\"invalid_token\""));

    let form = "grant_type=refresh_token&refresh_token=identity&service=testkit&scope=repository%3Ademo%2Fapp%3Apull";
    let given = send(address, request("POST", address, "/token"), form).json();
    assert_eq!(send(address, bearer(target, given["access_token"].as_str().unwrap()), "").status, 200);
    let form = form.replace("identity", "wrong");
    assert_eq!(send(address, request("POST", address, "/token"), form).status, 401);
    assert_eq!(registry.tokens_issued(), 2);
    let shown =
        format!("{registry:?} {:?} {:?}", registry.log(), Registry::builder().bearer("user", "secret"));
    assert!(!shown.contains("secret") && !shown.contains("identity"), "{shown}");
}

#[test]
fn other_doors() {
    let basic = Registry::builder().basic("user", "secret").deny("private").start().unwrap();
    basic.image("demo/app").tag("1").push();
    let address = basic.address();
    assert!(get(address, "/v2/").header("www-authenticate").starts_with("Basic "));
    let ask = |target| {
        send(address, request("GET", address, target).header("authorization", "Basic dXNlcjpzZWNyZXQ="), "")
    };
    assert_eq!(ask("/v2/demo/app/tags/list").status, 200);
    assert_eq!(ask("/v2/private/tags/list").json()["errors"][0]["code"], "DENIED");

    let silent = Registry::builder().without_digest_header().start().unwrap();
    silent.image("demo/app").tag("1").push();
    let answer = get(silent.address(), "/v2/demo/app/manifests/1");
    assert_eq!((answer.status.as_u16(), answer.headers.contains_key("docker-content-digest")), (200, false));

    let amazon =
        Registry::builder().anonymous_bearer().expired_is_forbidden().redirect_blobs().start().unwrap();
    let blob = amazon.push_blob("demo/app", "content");
    let address = amazon.address();
    let token =
        get(address, "/token?scope=repository:demo/app:pull").json()["token"].as_str().unwrap().to_owned();
    let ask = || {
        let target = format!("/v2/demo/app/blobs/{blob}");
        send(address, request("GET", address, &target).header("authorization", format!("Bearer {token}")), "")
    };
    let redirected = ask();
    assert_eq!(redirected.status, 307);
    let location = redirected.header("location").strip_prefix(&amazon.url()).unwrap().to_owned();
    assert_eq!(get(address, &location).text(), "content");
    amazon.expire_tokens();
    let expired = ask();
    assert_eq!((expired.status.as_u16(), expired.headers.contains_key("www-authenticate")), (403, false));
}

#[test]
fn charts_are_artifacts() {
    let registry = Registry::start().unwrap();
    let pushed = registry.push_chart("charts", &Chart::new("demo", "1.2.3+b1"));
    assert_eq!((pushed.repository.as_str(), pushed.tags[0].as_str()), ("charts/demo", "1.2.3_b1"));
    let (_, manifest) = registry.manifest("charts/demo", "1.2.3_b1").unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["config"]["mediaType"], MediaType::HELM_CONFIG);
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let archive = get(registry.address(), &format!("/v2/charts/demo/blobs/{layer}"));
    assert_eq!(archive.body, Chart::new("demo", "1.2.3+b1").archive());
}
