//! The egress policy, asked before every connection: 127.0.0.1 plays the internet here, and 127.0.0.2 and 127.0.0.3 what is inside.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use artifact_http::{
    Call, EgressPolicy, HttpClient, HttpClientBuilder, HttpService, Method, Request, ServiceRequest,
    ServiceResponse, StatusCode, Url,
};
use artifact_source::{Error, ErrorKind};
use tokio::net::TcpListener;

use crate::server::{Reply, Server, Then, answer};
use crate::tls::Authority;

const PUBLIC: &str = "127.0.0.1";
const PRIVATE: &str = "127.0.0.2";

/// An address of every class that a cluster must not reach, as a URL has it, and as a name may resolve to it.
const INSIDE: [&str; 27] = [
    "127.0.0.2",
    "127.255.255.254",
    "0.0.0.0",
    "::1",
    "::",
    "::ffff:127.0.0.2",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "169.254.0.1",
    "fe80::1",
    "169.254.169.254",
    "169.254.170.2",
    "fd00:ec2::254",
    "168.63.129.16",
    "100.100.100.200",
    // NAT64 (also in the local form), 6to4 and Teredo of what is inside.
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffd",
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn client(egress: EgressPolicy) -> HttpClientBuilder {
    HttpClient::builder()
        .attempts(2)
        .backoff(std::time::Duration::from_millis(1), std::time::Duration::from_millis(1))
        .count_as_public(ip(PUBLIC), 32)
        .resolve("registry.test", [ip(PUBLIC)])
        .resolve("both.test", [ip(PRIVATE), ip("169.254.169.254"), ip(PUBLIC)])
        .resolve("inside.test", [ip(PRIVATE)])
        .resolve("inside-too.test", [ip("127.0.0.3")])
        .egress(egress)
}

fn cluster() -> HttpClient {
    client(EgressPolicy::cluster()).build().unwrap()
}

async fn error_of(client: &HttpClient, request: Request) -> Error {
    client.fetch(request, &Call::new()).await.unwrap_err()
}

#[track_caller]
fn refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(!error.is_transient(), "{error:?}");
    assert_eq!(error.tries(), 1, "{error:?}");
    assert!(error.message().starts_with("the egress policy"), "{error:?}");
    assert!(error.hint().is_some() && error.url().is_some(), "{error:?}");
}

/// As a URL has the address.
fn host(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

#[tokio::test]
async fn no_url_names_an_address_inside() {
    let client = HttpClient::builder().egress(EgressPolicy::cluster()).build().unwrap();
    let mut hosts: Vec<String> = INSIDE.iter().map(|address| host(address)).collect();
    // As resolvers and other readers of URLs take them.
    let spelled =
        ["2130706434", "0x7f000002", "0177.0.0.2", "127.2", "0x7f.0.0.2", "0xa9fea9fe", "2852039166"];
    hosts.extend(spelled.map(str::to_owned));
    hosts.extend(["localhost", "a.localhost", "LOCALHOST."].map(str::to_owned));
    hosts.extend(["vault", "vault.internal", "registry.apps.svc", "nas.lan"].map(str::to_owned));
    hosts.extend(["metadata.google.internal", "METADATA.google.internal.", "metadata"].map(str::to_owned));
    for host in hosts {
        for scheme in ["http", "https"] {
            let call = Call::new();
            let request = Request::get(format!("{scheme}://{host}:8080/v2/"));
            let error = client.fetch(request, &call).await.unwrap_err();
            refused(&error);
            assert_eq!(call.cost().requests, 0, "{host}");
        }
    }
}

#[tokio::test]
async fn no_name_leads_to_an_address_inside() {
    let server = Server::start_at(PRIVATE, |_, _| answer("200 OK", &[], "inside")).await;
    for address in INSIDE {
        for name in ["registry.example.com", "vault.internal"] {
            let client = client(EgressPolicy::cluster()).resolve(name, [ip(address)]).build().unwrap();
            let error = error_of(&client, Request::get(server.url_of(name))).await;
            refused(&error);
            assert_eq!(
                error.message(),
                format!("the egress policy permits no address of {name}"),
                "{address}"
            );
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn of_a_name_with_several_addresses_only_those_that_are_permitted_are_used() {
    let (inside, outside) = (
        Server::start_at(PRIVATE, |_, _| answer("200 OK", &[], "inside")).await,
        Server::start_at(PUBLIC, |_, _| answer("200 OK", &[], "outside")).await,
    );
    for _ in 0..20 {
        let response =
            cluster().fetch(Request::get(outside.url_of("both.test")), &Call::new()).await.unwrap();
        assert_eq!(&response.body[..], b"outside");
        // The name has no server at the port of the other one.
        let error = error_of(&cluster(), Request::get(inside.url_of("both.test"))).await;
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    }
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn no_redirect_leads_inside() {
    let authority = Authority::new();
    let mut inside: Vec<String> =
        INSIDE.iter().map(|address| format!("http://{}:8080/", host(address))).collect();
    inside.extend(["http://inside.test/", "http://2130706434/"].map(str::to_owned));
    for to in inside {
        let header: &'static str = format!("Location: {to}").leak();
        let plain = Server::start(move |_, _| answer("302 X", &[header], "")).await;
        let secure = authority.serve("registry.test", 2099, &*vec![header].leak()).await;
        let client =
            client(EgressPolicy::cluster()).add_root_certificate_pem(authority.pem()).build().unwrap();
        for url in [plain.url_of("registry.test"), plain.url.clone(), secure.url_of("registry.test")] {
            let call = Call::new();
            let error = client.fetch(Request::get(&url), &call).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{url} {to}: {error:?}");
            assert!(call.cost().requests <= 2);
        }
    }
}

/// What an answer names: the next page, a token service, an upload session.
#[tokio::test]
async fn nothing_that_an_answer_names_is_inside() {
    let inside = Server::start_at(PRIVATE, |_, _| answer("200 OK", &[], "inside")).await;
    for url in [inside.url.clone(), inside.url_of("inside.test")] {
        for public_only in [false, true] {
            for request in [
                Request::get(&url),
                Request::head(&url),
                Request::post(&url, "SECRET"),
                Request::put(&url, "SECRET"),
                Request::patch(&url, "SECRET"),
            ] {
                let error = error_of(&cluster(), request.public_only(public_only)).await;
                assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
            }
        }
    }
    assert!(inside.seen().is_empty());
}

/// A server at a private address that is permitted leads to others that are, and to no other.
#[tokio::test]
async fn a_permitted_server_leads_to_permitted_ones_only() {
    let other = Server::start_at("127.0.0.3", |_, _| answer("200 OK", &[], "other")).await;
    let location: &'static str = format!("Location: {}", other.url_of("inside-too.test")).leak();
    let first = Server::start_at(PRIVATE, move |_, _| answer("302 X", &[location], "")).await;
    let policy = || EgressPolicy::cluster().allow_network(PRIVATE).unwrap();
    for url in [first.url.clone(), first.url_of("inside.test")] {
        refused(&error_of(&client(policy()).build().unwrap(), Request::get(&url)).await);
        for wider in [
            policy().allow_network("127.0.0.0/8").unwrap(),
            policy().allow_host("inside-too.test").unwrap(),
            policy().allow_host(&other.url_of("inside-too.test")["http://".len()..]).unwrap(),
        ] {
            let client = client(wider).build().unwrap();
            let response = client.fetch(Request::get(&url), &Call::new()).await.unwrap();
            assert_eq!(&response.body[..], b"other");
            // Where the answer is another's to see, it stays with the host.
            let request = Request::get(&url).public_redirects_only(true);
            assert_eq!(error_of(&client, request).await.kind(), ErrorKind::Refused);
        }
    }
    assert_eq!(other.seen().len(), 6);
}

#[tokio::test]
async fn a_connection_of_another_policy_is_not_used() {
    let inside = Server::start_at(PRIVATE, |_, _| {
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(), Then::Hang)
    })
    .await;
    let free = client(EgressPolicy::workstation()).build().unwrap();
    let request = || Request::get(inside.url_of("inside.test"));
    assert_eq!(&free.fetch(request(), &Call::new()).await.unwrap().body[..], b"ok");
    refused(&error_of(&free.clone().with_egress(EgressPolicy::cluster()), request()).await);
    assert_eq!(inside.seen().len(), 1);
}

/// A port that is open, one that is not HTTP, one that is silent and one that is closed.
async fn ports() -> (Vec<String>, Vec<Server>, TcpListener) {
    let http = Server::start_at(PRIVATE, |_, _| answer("200 OK", &[], "inside")).await;
    let other =
        Server::start_at(PRIVATE, |_, _| Reply(b"-ERR unknown command\r\n".to_vec(), Then::Close)).await;
    let long = Server::start_at(PRIVATE, |_, _| {
        Reply([b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 1 << 20]].concat(), Then::Close)
    })
    .await;
    let silent = TcpListener::bind((PRIVATE, 0)).await.unwrap();
    let closed = {
        let listener = TcpListener::bind((PRIVATE, 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let urls = vec![
        http.url.clone(),
        other.url.clone(),
        long.url.clone(),
        format!("http://{}", silent.local_addr().unwrap()),
        format!("http://{closed}"),
    ];
    (urls, vec![http, other, long], silent)
}

/// What is told of a port, without its number.
async fn told(client: &HttpClient, url: &str) -> String {
    let url = Url::parse(url).unwrap();
    let error = error_of(client, Request::get(url.as_str())).await;
    let port = url.port().unwrap().to_string();
    format!("{error:?} {error} {:?} {:?} {}", error.hint(), error.status(), error.is_transient())
        .replace(&port, "PORT")
}

#[tokio::test]
async fn an_error_does_not_tell_what_is_behind_a_port() {
    let (urls, servers, _silent) = ports().await;
    for scheme in ["http", "https"] {
        for name in [PRIVATE, "inside.test"] {
            let of =
                |url: &String| format!("{scheme}://{name}:{}/", Url::parse(url).unwrap().port().unwrap());
            let mut all = Vec::new();
            for url in &urls {
                all.push(told(&cluster(), &of(url)).await);
            }
            all.dedup();
            assert_eq!(all.len(), 1, "{all:#?}");

            // Where the network is permitted, an answer is one, and everything else is the same.
            let permitted = EgressPolicy::cluster().allow_network("127.0.0.0/8").unwrap();
            let patient = |egress: EgressPolicy| {
                let brief = std::time::Duration::from_millis(200);
                client(egress).connect_timeout(brief).stall_timeout(brief).build().unwrap()
            };
            let mut all = Vec::new();
            for url in &urls[usize::from(scheme == "http")..] {
                all.push(told(&patient(permitted.clone()), &of(url)).await);
            }
            all.dedup();
            assert_eq!(all.len(), 1, "{all:#?}");
            assert!(all[0].contains("no answer came from this address"), "{all:?}");

            let explained = permitted.explain_private_failures(true);
            let mut all = Vec::new();
            for url in &urls[1..] {
                all.push(told(&patient(explained.clone()), &of(url)).await);
            }
            all.sort();
            all.dedup();
            assert!(all.len() > 1, "{all:#?}");
        }
    }
    drop(servers);
}

/// A certificate is shown by a server that answers, so what is wrong with it is told.
#[tokio::test]
async fn certificates_are_explained() {
    let authority = Authority::new();
    let server = authority.serve("registry.test", 2099, &[]).await;
    let permitted = EgressPolicy::cluster().allow_host("registry.test").unwrap();
    // Without the range that counts as public: what is here is inside.
    let client =
        HttpClient::builder().resolve("registry.test", [ip(PUBLIC)]).egress(permitted).build().unwrap();
    let error = error_of(&client, Request::get(server.url_of("registry.test"))).await;
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
}

#[tokio::test]
async fn what_is_permitted_by_which_setting() {
    let server = Server::start_at(PRIVATE, |_, _| answer("200 OK", &[], "inside")).await;
    let port = Url::parse(&server.url).unwrap().port().unwrap();
    let cluster = EgressPolicy::cluster;
    for (policy, by_address, by_name) in [
        (EgressPolicy::workstation(), true, true),
        (cluster(), false, false),
        (cluster().allow_network("127.0.0.2").unwrap(), true, true),
        (cluster().allow_network("127.0.0.0/8").unwrap(), true, true),
        (cluster().allow_network("127.0.0.3/32").unwrap(), false, false),
        // Loopback is nobody's private network.
        (cluster().allow_network("0.0.0.0/0").unwrap(), false, false),
        (cluster().allow_network("0.0.0.0/1").unwrap(), false, false),
        (cluster().allow_network("::/0").unwrap(), false, false),
        (cluster().allow_host("127.0.0.2").unwrap(), true, false),
        (cluster().allow_host(&format!("127.0.0.2:{port}")).unwrap(), true, false),
        (cluster().allow_host("127.0.0.2:1").unwrap(), false, false),
        (cluster().allow_host("inside.test").unwrap(), false, true),
        (cluster().allow_host("INSIDE.test.").unwrap(), false, true),
        (cluster().allow_host(&format!("inside.test:{port}")).unwrap(), false, true),
        (cluster().allow_host("inside.test:1").unwrap(), false, false),
        (cluster().allow_host("test").unwrap(), false, false),
        (cluster().allow_realm("inside.test").unwrap(), false, false),
    ] {
        let client = client(policy.clone()).build().unwrap();
        for (url, expected) in [(server.url.clone(), by_address), (server.url_of("inside.test"), by_name)] {
            match client.fetch(Request::get(&url), &Call::new()).await {
                Ok(response) => assert!(expected, "{url} {policy:?} {:?}", response.body),
                Err(error) => {
                    refused(&error);
                    assert!(!expected, "{url} {policy:?} {error:?}");
                }
            }
        }
    }
}

/// Keeps the URLs that reach it, and redirects the first one.
#[derive(Debug, Default)]
struct Own {
    seen: Mutex<Vec<String>>,
    location: Option<&'static str>,
}

#[async_trait::async_trait]
impl HttpService for Own {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        assert!(!request.egress.permits("registry.example.com", ip("10.0.0.1")));
        assert!(request.egress.permits("registry.example.com", ip("1.1.1.1")));
        self.seen.lock().unwrap().push(request.url.to_string());
        let mut response = ServiceResponse::new(StatusCode::OK, "ok");
        if let Some(location) = self.location
            && request.url.path() == "/first"
        {
            response.status = StatusCode::FOUND;
            response.headers.insert("location", location.parse().unwrap());
        }
        Ok(response.with_private(true))
    }
}

#[tokio::test]
async fn a_service_of_the_program_is_asked_through_the_policy() {
    for location in
        ["http://10.0.0.1/", "http://169.254.169.254/", "http://vault.internal/", "http://localhost/"]
    {
        let own = Arc::new(Own { location: Some(location), ..Own::default() });
        let client =
            HttpClient::builder().service(Arc::clone(&own)).egress(EgressPolicy::cluster()).build().unwrap();
        refused(&error_of(&client, Request::get(location)).await);
        refused(&error_of(&client, Request::get("https://registry.example.com/first")).await);
        // Also where the service is used by another client, or wrapped.
        let request = ServiceRequest::new(Method::GET, Url::parse(location).unwrap());
        refused(&client.service().call(request.clone()).await.unwrap_err());
        let wrapped = client.clone().wrap_service(|inner| inner);
        refused(&error_of(&wrapped, Request::get(location)).await);
        refused(&wrapped.service().call(request).await.unwrap_err());
        assert_eq!(own.seen.lock().unwrap()[..], ["https://registry.example.com/first"]);
    }
    // Who resolves a name that no public server has is not known, so a network does not permit it.
    let own = Arc::new(Own::default());
    let network = EgressPolicy::cluster().allow_network("192.168.0.0/16").unwrap();
    let client = |egress: EgressPolicy| {
        HttpClient::builder().service(Arc::clone(&own)).egress(egress).build().unwrap()
    };
    refused(&error_of(&client(network.clone()), Request::get("http://vault.internal/")).await);
    let host = network.allow_host("vault.internal").unwrap();
    let response = client(host).fetch(Request::get("http://vault.internal/"), &Call::new()).await.unwrap();
    assert_eq!(&response.body[..], b"ok");
}

#[tokio::test]
async fn a_client_that_checks_no_certificate_needs_a_policy_that_permits_it() {
    let build = |egress| HttpClient::builder().skip_tls_verify(true).egress(egress).build();
    let error = build(EgressPolicy::cluster()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.hint().unwrap().contains("allow_insecure_skip_tls_verify"), "{error:?}");
    assert!(build(EgressPolicy::cluster().allow_insecure_skip_tls_verify(true)).is_ok());
    assert!(HttpClient::builder().skip_tls_verify(true).build().is_ok());
}

#[test]
fn what_is_no_network_or_host_is_told() {
    for network in [
        "",
        "10.0.0.0/33",
        "10.0.0/8",
        "fd00::/129",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "::ffff:10.0.0.0/104",
        "a/8",
    ] {
        let error = EgressPolicy::cluster().allow_network(network).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{network}");
        assert!(error.message().contains("is not a network"), "{error}");
    }
    for host in ["", "a b", "a/b", "http://a", "a:port", "a:", "a:99999", "me@a", "[::1", "::1:x"] {
        for error in [
            EgressPolicy::cluster().allow_host(host).unwrap_err(),
            EgressPolicy::cluster().allow_realm(host).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{host}");
            assert!(error.message().contains("is not a host"), "{error}");
        }
    }
    for host in ["::1", "[::1]:5000", "registry", "registry.internal:80", "10.0.0.7"] {
        assert!(EgressPolicy::cluster().allow_host(host).is_ok(), "{host}");
    }
}
