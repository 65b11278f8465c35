//! The egress policy of a cluster, at each place where an answer names what is asked next: 127.0.0.1 plays the internet where it counts as public, and a network that is
//! permitted where it does not.

use std::net::IpAddr;

use artifact_http::{Call, EgressPolicy, HttpClientBuilder};
use artifact_source::{Error, ErrorKind, Remedy};
use bytes::Bytes;
use oci_registry::{RegistryClient, Repository};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use warehouse_testkit::{Authority, Fault, Registry, Reply, When};

use crate::hostile::hint;
use crate::raw::{RawServer, answer};
use crate::setup::{http, me, with_image};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A host of every class that must not be reached from a server out on the internet, and some spellings of them.
const INSIDE: [&str; 19] = [
    "127.0.0.2",
    "0.0.0.0",
    "[::1]",
    "[::ffff:127.0.0.2]",
    "2130706434",
    "0x7f000002",
    "0177.0.0.2",
    "10.0.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "[fd12:3456::1]",
    "169.254.1.1",
    "[fe80::1]",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "168.63.129.16",
    "100.100.100.200",
    "[64:ff9b::10.0.0.1]",
    "[2002:a9fe:a9fe::1]",
];

/// Names that resolve to such addresses.
const NAMES: [(&str, &str); 3] =
    [("vault.test", "10.0.0.1"), ("metadata.test", "169.254.169.254"), ("loop.test", "127.0.0.2")];

/// A place where an answer says what is asked next.
#[derive(Clone, Copy, Debug)]
enum Instruction {
    Realm,
    RealmRedirect,
    List,
    Manifest,
    Blob,
    Link,
    Session,
    SessionRedirect,
}

const INSTRUCTIONS: [Instruction; 8] = [
    Instruction::Realm,
    Instruction::RealmRedirect,
    Instruction::List,
    Instruction::Manifest,
    Instruction::Blob,
    Instruction::Link,
    Instruction::Session,
    Instruction::SessionRedirect,
];

impl Instruction {
    /// Puts it into the answers of the registry.
    fn install(self, registry: &Registry, base: &str, to: &str) {
        let faults = registry.faults();
        faults.clear();
        let header = |name: &str, value: &str| Fault::Header { name: name.into(), value: value.into() };
        match self {
            Self::Realm => {
                let challenge = format!("Bearer realm=\"{to}\",service=\"x\"");
                faults.add(When::path("/v2/**"), Reply::status(401).header("www-authenticate", challenge));
            }
            Self::RealmRedirect => {
                let challenge = format!("Bearer realm=\"{base}/token\",service=\"x\"");
                faults.add(When::path("/token"), Fault::redirect(to.to_owned()));
                faults.add(When::path("/v2/**"), Reply::status(401).header("www-authenticate", challenge));
            }
            Self::List => faults.add(When::path("/v2/**/tags/list"), Fault::redirect(to.to_owned())),
            Self::Manifest => faults.add(When::path("/v2/**/manifests/*"), Fault::redirect(to.to_owned())),
            Self::Blob => faults.add(When::path("/v2/**/blobs/*"), Fault::redirect(to.to_owned())),
            Self::Link => {
                let link = format!("<{to}>; rel=\"next\"");
                faults.add(When::path("/v2/**/tags/list"), header("link", &link));
            }
            Self::Session => faults.add(When::post("/v2/**/blobs/uploads/"), header("location", to)),
            Self::SessionRedirect => {
                faults.add(When::any().method("PUT"), Fault::redirect(to.to_owned()));
            }
        }
    }

    /// Reads or writes so that the instruction would be followed.
    async fn follow(self, repository: &Repository) -> Result<(), Error> {
        let call = Call::new();
        match self {
            Self::Realm | Self::RealmRedirect | Self::List | Self::Link => {
                repository.tags(&call).await.map(drop)
            }
            Self::Manifest => repository.manifest("1.0.0", &call).await.map(drop),
            Self::Blob => repository.blob(&oci_registry::Digest::of(b"x"), 9, &call).await.map(drop),
            Self::Session | Self::SessionRedirect => {
                let content = Bytes::from_static(b"SECRET content");
                repository.clone().for_push().push_blob(content, &call).await.map(drop)
            }
        }
    }
}

/// A registry with a public name, over plain http or TLS, and a client under this policy.
fn public(tls: bool, egress: EgressPolicy) -> (Registry, String, HttpClientBuilder) {
    let mut client =
        http().attempts(1).count_as_public(HERE, 32).egress(egress).resolve("registry.test", [HERE]);
    for (name, address) in NAMES {
        client = client.resolve(name, [address.parse::<IpAddr>().unwrap()]);
    }
    let mut builder = Registry::builder();
    if tls {
        let authority = Authority::new().unwrap();
        builder = builder.tls(authority.certificate(["registry.test"]).unwrap());
        client = client.add_root_certificate_pem(authority.pem());
    }
    let registry = with_image(builder);
    let host = format!("registry.test:{}", registry.address().port());
    (registry, host, client)
}

#[tokio::test]
async fn nothing_that_a_public_registry_names_is_inside() {
    let (cluster, workstation) = (EgressPolicy::cluster(), EgressPolicy::workstation());
    for (tls, policy) in [(false, cluster.clone()), (true, cluster), (false, workstation)] {
        let (registry, host, client) = public(tls, policy);
        let scheme = if tls { "https" } else { "http" };
        let base = format!("{scheme}://{host}");
        let client = RegistryClient::builder(client.build().unwrap()).credentials(me());
        let client = if tls { client } else { client.plain_http(&host) }.build();
        let hosts = INSIDE.into_iter().chain(NAMES.map(|(name, _)| name));
        for (inside, instruction) in hosts.flat_map(|inside| INSTRUCTIONS.map(|each| (inside, each))) {
            instruction.install(&registry, &base, &format!("{scheme}://{inside}:8080/v2/demo/app/tags/list"));
            let repository = client.repository(&format!("{host}/demo/app")).unwrap();
            let error = instruction.follow(&repository).await.unwrap_err();
            let what = format!("{instruction:?} {inside} {tls}: {error:?}");
            assert_eq!(error.kind(), ErrorKind::Refused, "{what}");
            assert!(!what.contains("SECRET"), "{what}");
        }
    }
}

/// A registry in a network that is permitted, under two names of one address.
fn private(egress: EgressPolicy) -> (Registry, String, RegistryClient) {
    let registry = with_image(Registry::builder());
    let client = http().attempts(1).egress(egress);
    let client = ["registry.internal", "auth.internal", "vault.internal"]
        .into_iter()
        .fold(client, |client, name| client.resolve(name, [HERE]));
    let host = format!("registry.internal:{}", registry.address().port());
    let client = RegistryClient::builder(client.build().unwrap()).plain_http(&host).build();
    (registry, host, client)
}

fn permitted() -> EgressPolicy {
    EgressPolicy::cluster().allow_network("127.0.0.0/8").unwrap()
}

async fn tags(client: &RegistryClient, host: &str) -> Result<Vec<String>, Error> {
    client.repository(&format!("{host}/demo/app")).unwrap().tags(&Call::new()).await.map(|tags| tags.to_vec())
}

/// The registry gets the token, so it must not be what another server of the network answers.
#[tokio::test]
async fn a_private_registry_has_its_token_service_at_its_own_host_and_port() {
    let registry = "registry.internal";
    // The realm is the registry itself, another port of its host, another host.
    for (policy, expected) in [
        (permitted(), [true, false, false]),
        (permitted().allow_host("auth.internal").unwrap(), [true, false, false]),
        (permitted().allow_host(registry).unwrap(), [true, true, false]),
        (permitted().allow_realm("auth.internal").unwrap(), [true, false, true]),
        (permitted().allow_realm("vault.internal").unwrap(), [true, false, false]),
        (permitted().allow_realm(registry).unwrap(), [true, true, false]),
        (EgressPolicy::workstation(), [true, true, true]),
    ] {
        for (place, expected) in ["itself", "port", "host"].into_iter().zip(expected) {
            let (registry, host, client) = private(policy.clone());
            let token = || Reply::status(200).body(r#"{"access_token": "INTERNAL"}"#);
            let elsewhere =
                RawServer::start(|_| answer("200 OK", &[], r#"{"access_token": "INTERNAL"}"#)).await;
            let realm = match place {
                "itself" => host.clone(),
                "port" => format!("registry.internal:{}", elsewhere.port()),
                _ => format!("auth.internal:{}", elsewhere.port()),
            };
            let challenge = format!("Bearer realm=\"http://{realm}/token\",service=\"x\"");
            registry
                .faults()
                .add(When::path("/v2/**").first(1), Reply::status(401).header("www-authenticate", challenge));
            registry.faults().add(When::path("/token"), token());
            let tags = tags(&client, &host).await;
            assert_eq!(tags.is_ok(), expected, "{policy:?} {place} {tags:?}");
            if let Err(error) = tags {
                assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
                hint(&error, "`EgressPolicy::allow_realm`");
                assert_eq!(error.remedy(), Some(&Remedy::PermitTokenService(realm)));
                assert!(
                    elsewhere.seen().is_empty() && registry.log().matching(&When::path("/token")).is_empty()
                );
            }
        }
    }
}

/// A name that leads to the registry first and to another server of the network then.
#[tokio::test]
async fn what_another_address_of_the_name_answers_is_no_token() {
    for (policy, is_trusted) in
        [(permitted(), false), (permitted().allow_host("registry.internal").unwrap(), true)]
    {
        let registry = tokio::net::TcpListener::bind((HERE, 0)).await.unwrap();
        let port = registry.local_addr().unwrap().port();
        let host = format!("registry.internal:{port}");
        let inside = RawServer::start_on(("127.0.0.2", port), |_| {
            answer("200 OK", &[], r#"{"access_token": "INTERNAL", "name": "demo/app", "tags": ["1.0.0"]}"#)
        })
        .await;
        let challenge = format!(
            "HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer realm=\"http://{host}/token\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let once = tokio::spawn(async move {
            let (mut socket, _) = registry.accept().await.unwrap();
            drop(registry);
            let _ = socket.read(&mut [0; 4096]).await;
            socket.write_all(challenge.as_bytes()).await.unwrap();
        });
        let addresses = [HERE, "127.0.0.2".parse().unwrap()];
        let http = http().attempts(1).egress(policy).resolve("registry.internal", addresses).build().unwrap();
        let client = RegistryClient::builder(http).plain_http(&host).build();
        let tags = tags(&client, &host).await;
        once.await.unwrap();
        assert_eq!(tags.is_ok(), is_trusted, "{tags:?}");
        if let Err(error) = tags {
            assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
            assert_eq!(
                error.message(),
                "the name of the server leads to another private address than before"
            );
            hint(&error, "`EgressPolicy::allow_host`");
            assert!(
                inside.seen().iter().all(|head| !head.contains("internal\r\n") && !head.contains("bearer"))
            );
        }
    }
}

#[tokio::test]
async fn the_token_service_of_a_private_registry_does_not_redirect_elsewhere() {
    let inside = RawServer::start(|_| answer("200 OK", &[], r#"{"access_token": "INTERNAL"}"#)).await;
    for to in ["vault.internal", "registry.internal", "127.0.0.1"] {
        for status in [301, 302, 303, 307, 308] {
            let (registry, host, client) = private(permitted());
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"x\"");
            registry
                .faults()
                .add(When::path("/v2/**"), Reply::status(401).header("www-authenticate", challenge));
            let secret = format!("http://{to}:{}/secret", inside.port());
            registry.faults().add(When::path("/token"), Reply::redirect(status, secret));
            let error = tags(&client, &host).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{to} {status}: {error:?}");
        }
    }
    assert!(inside.seen().is_empty(), "{:?}", inside.seen());
}
