//! Registries that require one scope for the tags and another one for the manifests of a repository, as Azure's does.

use std::collections::BTreeSet;
use std::sync::Mutex;

use artifact_http::{Call, Credential, Url};
use oci_registry::RegistryClient;

use crate::raw::{Answer, RawServer, answer};
use crate::setup::{client, http, me, read_many};

/// `metadata_read` for tags, `pull` for the rest. A token says what it is good for: its number is an index. With `one_only`, a token
/// for two scopes at once is refused.
async fn azure(one_only: bool) -> RawServer {
    let tokens: Mutex<Vec<BTreeSet<String>>> = Mutex::default();
    let reply = move |head: &str| -> Answer {
        let line = head.lines().next().unwrap();
        let (method, path) = (line.split(' ').next().unwrap(), line.split(' ').nth(1).unwrap());
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let url = Url::parse(&format!("http://{host}{path}")).unwrap();
        let mut tokens = tokens.lock().unwrap();
        if url.path() == "/token" {
            let scopes: BTreeSet<String> = url
                .query_pairs()
                .filter(|(name, _)| name == "scope")
                .map(|(_, scope)| scope.into_owned())
                .collect();
            if method != "get" || one_only && scopes.len() > 1 {
                return answer("400 X", &[], r#"{"error": "invalid_scope"}"#);
            }
            tokens.push(scopes);
            return answer("200 OK", &[], format!(r#"{{"token": "testkit-token-{}"}}"#, tokens.len() - 1));
        }
        let mut parts = url.path().trim_start_matches("/v2/").split('/');
        let (name, what) = (parts.next().unwrap(), parts.next().unwrap());
        let required = format!("repository:{name}:{}", if what == "tags" { "metadata_read" } else { "pull" });
        let shown = head.lines().find_map(|line| line.strip_prefix("authorization: bearer testkit-token-"));
        if shown.is_some_and(|index| tokens[index.parse::<usize>().unwrap()].contains(&required)) {
            return answer("200 OK", &[], r#"{"tags": [], "manifests": []}"#);
        }
        let challenge =
            format!(r#"WWW-Authenticate: Bearer realm="http://{host}/token",service="x",scope="{required}""#);
        answer("401 X", &[&challenge], "")
    };
    RawServer::start(reply).await
}

async fn tags_and_manifests(
    client: &RegistryClient,
    server: &RawServer,
    name: &str,
    manifests: usize,
) -> u64 {
    let repository = client.repository(&format!("{}/{name}", server.host)).unwrap();
    let call = Call::new();
    repository.tags(&call).await.unwrap();
    for read in read_many(&repository, manifests, &call).await {
        read.unwrap();
    }
    call.meter.requests()
}

#[tokio::test]
async fn one_token_has_both_scopes() {
    let server = azure(false).await;
    let client = client(me());
    assert_eq!(tags_and_manifests(&client, &server, "a", 32).await, 1 + 1 + 1 + 32);
    assert_eq!(tags_and_manifests(&client, &server, "a", 32).await, 1 + 32);
    assert_eq!(
        tags_and_manifests(&client, &server, "b", 32).await,
        1 + 1 + 32,
        "another repository is not refused"
    );
}

#[tokio::test]
async fn earlier_scopes_are_requested_again() {
    let server = azure(false).await;
    let client = client(me());
    let repository = client.repository(&format!("{}/a", server.host)).unwrap();
    let call = Call::new();
    repository.manifest("1.0.0", &call).await.unwrap();
    assert_eq!(call.meter.requests(), 3);
    repository.tags(&call).await.unwrap();
    assert_eq!(call.meter.requests(), 3 + 3, "the scope of tags is not known before");
    assert_eq!(tags_and_manifests(&client, &server, "a", 8).await, 1 + 8);
}

#[tokio::test]
async fn a_service_that_issues_tokens_of_one_scope() {
    let server = azure(true).await;
    let client = client(me());
    for name in ["a", "b"] {
        let requests = tags_and_manifests(&client, &server, name, 1).await;
        assert!(requests <= 9, "{requests}");
    }
}

#[tokio::test]
async fn an_identity_token_names_its_scopes_in_one_field() {
    let server = RawServer::start(|head| match head {
        _ if head.starts_with("post /token") => {
            answer("200 OK", &[], r#"{"access_token": "testkit-token-x"}"#)
        }
        _ if head.contains("bearer testkit-token-x") => answer("200 OK", &[], r#"{"tags": []}"#),
        _ => {
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            let challenge = format!(
                r#"WWW-Authenticate: Bearer realm="http://{host}/token",scope="repository:a:metadata_read""#
            );
            answer("401 X", &[&challenge], "")
        }
    })
    .await;
    let client = RegistryClient::builder(http().build().unwrap())
        .credentials(Credential::identity_token("SECRET+"))
        .build();
    client.repository(&format!("{}/a", server.host)).unwrap().tags(&Call::new()).await.unwrap();
    let posted = &server.seen()[1];
    let body = "scope=repository%3aa%3ametadata_read+repository%3aa%3apull&grant_type=refresh_token&client_id=warehouse&refresh_token=secret%2b";
    assert!(posted.ends_with(body), "{posted}");
}
