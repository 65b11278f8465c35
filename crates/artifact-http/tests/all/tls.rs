//! Certificates that are trusted, and what is said about those that are not.

use std::sync::Arc;

use crate::server::{Server, answer};
use artifact_http::{Authorization, Call, HttpClient, HttpClientBuilder, Request};
use artifact_source::{Error, ErrorKind};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server with a certificate for this name, good until this year.
    pub async fn serve(&self, name: &str, until_year: i32, reply: &'static [&'static str]) -> Server {
        self.serve_from(2000, name, until_year, reply).await
    }

    /// The same from this year on.
    async fn serve_from(
        &self,
        year: i32,
        name: &str,
        until_year: i32,
        reply: &'static [&'static str],
    ) -> Server {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(year, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let status = match reply.first() {
            None => "200 OK",
            Some(header) if header.starts_with("Proxy-Authenticate") => "407 X",
            Some(_) => "302 X",
        };
        let tls = configuration(certificate.der().clone(), &key);
        Server::start_tls(tls, move |_, _| answer(status, reply, "secure")).await
    }
}

fn configuration(certificate: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    chain_configuration(vec![certificate], key)
}

fn chain_configuration(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

async fn get(builder: HttpClientBuilder, url: &str) -> Result<Vec<u8>, Error> {
    let response = builder.build()?.fetch(Request::get(url), &Call::new()).await?;
    Ok(response.body.to_vec())
}

/// A server with a certificate that nobody but itself signed.
async fn self_signed(name: &str) -> Server {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    Server::start_tls(configuration(certificate.der().clone(), &key), |_, _| answer("200 OK", &[], "secure"))
        .await
}

/// The certificate of this server is refused, with these words.
#[track_caller]
fn refused(answer: Result<Vec<u8>, Error>, message: &str, hint: &str) {
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), error.message(), error.hint()), (ErrorKind::Tls, message, Some(hint)));
    assert_eq!((error.tries(), error.is_transient()), (1, false), "it is not tried again");
}

const UNTRUSTED: &str = "the certificate was issued by an authority that is not trusted";

fn untrusted_hint(authority: &str, is_alone: bool) -> String {
    let chain = "; where the authority above that one is trusted, let the server show the whole chain instead, its own certificate first";
    let chain = if is_alone { chain } else { "" };
    format!(
        "add the certificate (PEM) of the authority{authority}, or exactly that of the server, to the trusted ones{chain}"
    )
}

#[tokio::test]
async fn an_added_authority_is_trusted() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 2099, &[]).await;
    let trusting = HttpClient::builder().add_root_certificate_pem(authority.pem());
    assert_eq!(get(trusting, &server.url).await.unwrap(), b"secure");
    let both = HttpClient::builder().add_root_certificate_pem(Authority::new().pem());
    assert_eq!(get(both.add_root_certificate_pem(authority.pem()), &server.url).await.unwrap(), b"secure");
}

#[tokio::test]
async fn an_unknown_authority() {
    let server = Authority::new().serve("127.0.0.1", 2099, &[]).await;
    for client in
        [HttpClient::builder(), HttpClient::builder().add_root_certificate_pem(Authority::new().pem())]
    {
        refused(
            get(client, &server.url).await,
            UNTRUSTED,
            &untrusted_hint(" \"rcgen self signed cert\"", true),
        );
    }
}

#[tokio::test]
async fn a_certificate_that_only_its_owner_signed() {
    let server = self_signed("127.0.0.1").await;
    let hint = untrusted_hint(" \"rcgen self signed cert\"", true);
    refused(get(HttpClient::builder(), &server.url).await, UNTRUSTED, &hint);
}

/// A server whose own certificate is marked as an authority's, as `openssl req -x509` makes them, and that certificate.
async fn marked_as_authority(name: &str, until_year: i32) -> (Server, String) {
    marked_for(name, until_year, &[]).await
}

/// The same with these purposes.
async fn marked_for(name: &str, until_year: i32, purposes: &[ExtendedKeyUsagePurpose]) -> (Server, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages = purposes.to_vec();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until_year, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let tls = configuration(certificate.der().clone(), &key);
    (Server::start_tls(tls, |_, _| answer("200 OK", &[], "secure")).await, certificate.pem())
}

#[tokio::test]
async fn a_server_that_shows_exactly_a_named_certificate_is_trusted_though_it_is_marked_as_an_authority() {
    let here = ["127.0.0.1".parse().unwrap()];
    let named = |pem: &str| {
        HttpClient::builder()
            .add_root_certificate_pem(pem)
            .resolve("registry.test", here)
            .resolve("other.test", here)
    };
    let (server, pem) = marked_as_authority("registry.test", 2099).await;
    let url = server.url_of("registry.test");
    assert_eq!(get(named(&pem), &url).await.unwrap(), b"secure");
    let with_another = named(&Authority::new().pem()).add_root_certificate_pem(&pem);
    assert_eq!(get(with_another, &url).await.unwrap(), b"secure");

    let (both, pem_of_both) = marked_for(
        "registry.test",
        2099,
        &[ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth],
    )
    .await;
    assert_eq!(get(named(&pem_of_both), &both.url_of("registry.test")).await.unwrap(), b"secure");

    let not_for = "the certificate is not for other.test";
    let names = "it is for registry.test: use such a name, or ask the operator of the server for a certificate that is also for other.test";
    refused(get(named(&pem), &server.url_of("other.test")).await, not_for, names);
    let (_, of_another) = marked_as_authority("registry.test", 2099).await;
    let authority = "the certificate is that of an authority, and not of a server";
    let hint = "let the server show a certificate that the authority issued, or add exactly this certificate (PEM) to the trusted ones";
    for untrusting in [named(&of_another), named(&Authority::new().pem())] {
        refused(get(untrusting, &url).await, authority, hint);
    }
    let (expired, pem) = marked_as_authority("registry.test", 2001).await;
    let renew = "ask the operator of the server to renew it";
    refused(get(named(&pem), &expired.url_of("registry.test")).await, "the certificate has expired", renew);
}

#[tokio::test]
async fn a_server_whose_own_certificate_is_named_is_trusted_whoever_issued_it() {
    let key = KeyPair::generate().unwrap();
    let authority = Authority::new();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority.0).unwrap();
    let tls = configuration(certificate.der().clone(), &key);
    let server = Server::start_tls(tls, |_, _| answer("200 OK", &[], "secure")).await;
    let named = HttpClient::builder().add_root_certificate_pem(certificate.pem());
    assert_eq!(get(named.clone(), &server.url).await.unwrap(), b"secure");
    let another = authority.serve("127.0.0.1", 2099, &[]).await;
    assert_eq!(
        get(named, &another.url).await.unwrap_err().kind(),
        ErrorKind::Tls,
        "another one of the same authority"
    );
}

#[tokio::test]
async fn a_wrong_name() {
    let authority = Authority::new();
    let client = || {
        HttpClient::builder()
            .add_root_certificate_pem(authority.pem())
            .resolve("other.example.com", ["127.0.0.1".parse().unwrap()])
            .resolve("registry.example.com", ["127.0.0.1".parse().unwrap()])
    };
    let server = authority.serve("registry.example.com", 2099, &[]).await;
    let (right, wrong) = (server.url_of("registry.example.com"), server.url_of("other.example.com"));
    assert_eq!(get(client(), &right).await.unwrap(), b"secure");
    let hint = |host: &str| {
        format!(
            "it is for registry.example.com: use such a name, or ask the operator of the server for a certificate that is also for {host}"
        )
    };
    let message = "the certificate is not for other.example.com";
    refused(get(client(), &wrong).await, message, &hint("other.example.com"));
    refused(get(client(), &server.url).await, "the certificate is not for 127.0.0.1", &hint("127.0.0.1"));
}

#[tokio::test]
async fn a_certificate_without_a_name() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "127.0.0.1");
    let certificate = params.signed_by(&key, &authority.0).unwrap();
    let tls = configuration(certificate.der().clone(), &key);
    let server = Server::start_tls(tls, |_, _| answer("200 OK", &[], "secure")).await;
    let hint = "it names no host (a common name does not count): ask the operator of the server for one with the subject alternative name 127.0.0.1";
    let trusting = HttpClient::builder().add_root_certificate_pem(authority.pem());
    refused(get(trusting, &server.url).await, "the certificate is not for 127.0.0.1", hint);
}

/// The name must stand as what it is.
#[tokio::test]
async fn a_certificate_whose_names_are_of_another_type() {
    let dns = rcgen::SanType::DnsName("127.0.0.1".try_into().unwrap());
    let email = rcgen::SanType::Rfc822Name("me@example.com".try_into().unwrap());
    for (name, hint) in [
        (
            dns,
            "it has 127.0.0.1 as the name of a host, which does not count for an address: ask the operator of the server for a certificate with the subject alternative name IP:127.0.0.1",
        ),
        (
            email,
            "it names no host (a common name does not count): ask the operator of the server for one with the subject alternative name 127.0.0.1",
        ),
    ] {
        let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![name];
        let certificate = params.signed_by(&key, &authority.0).unwrap();
        let tls = configuration(certificate.der().clone(), &key);
        let server = Server::start_tls(tls, |_, _| answer("200 OK", &[], "secure")).await;
        let trusting = HttpClient::builder().add_root_certificate_pem(authority.pem());
        refused(get(trusting, &server.url).await, "the certificate is not for 127.0.0.1", hint);
    }
}

#[tokio::test]
async fn a_certificate_that_is_for_any_purpose() {
    let here = ["127.0.0.1".parse().unwrap()];
    let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(vec!["registry.test".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    let issued = params.signed_by(&key, &authority.0).unwrap();
    let tls = configuration(issued.der().clone(), &key);
    let server = Server::start_tls(tls, |_, _| answer("200 OK", &[], "secure")).await;
    let trusting =
        HttpClient::builder().add_root_certificate_pem(authority.pem()).resolve("registry.test", here);
    let message =
        "the certificate does not name servers as its purpose: its extended key usage is anyExtendedKeyUsage";
    let hint = "let the server show a certificate whose extended key usage has serverAuth, or that has no extended key usage: \
                to trust this one does not help";
    refused(get(trusting, &server.url_of("registry.test")).await, message, hint);
}

#[test]
fn a_root_certificate_that_is_damaged_is_told_in_words() {
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = HttpClient::builder().add_root_certificate_pem(pem).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.message(), "a root certificate cannot be used: it is damaged, or is not a certificate");
    assert!(std::error::Error::source(&error).is_none(), "{error:?}");
}

/// A certificate that is not for servers is refused, whether it is named, issued by a trusted authority or marked as one, and what is
/// said does not depend on that: to trust it does not help.
#[tokio::test]
async fn a_certificate_that_is_for_clients() {
    let here = ["127.0.0.1".parse().unwrap()];
    let trusting =
        |pem: &str| HttpClient::builder().add_root_certificate_pem(pem).resolve("registry.test", here);
    let hint = "let the server show a certificate whose extended key usage has serverAuth, or that has no extended key usage: \
                to trust this one does not help";
    let (client, code) = (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::CodeSigning);
    for (purposes, shown) in
        [(vec![client.clone()], "clientAuth"), (vec![code, client], "codeSigning, clientAuth")]
    {
        let message = format!("the certificate is not for servers: its extended key usage is {shown}");
        let (marked, pem) = marked_for("registry.test", 2099, &purposes).await;
        let url = marked.url_of("registry.test");
        refused(get(trusting(&pem), &url).await, &message, hint);
        // Nothing else is said where it is not named, as to name it would not help.
        refused(get(trusting(&Authority::new().pem()), &url).await, &message, hint);

        let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(vec!["registry.test".to_owned()]).unwrap();
        params.extended_key_usages = purposes;
        let issued = params.signed_by(&key, &authority.0).unwrap();
        let tls = configuration(issued.der().clone(), &key);
        let server = Server::start_tls(tls, |_, _| answer("200 OK", &[], "secure")).await;
        for pem in [issued.pem(), authority.pem()] {
            refused(get(trusting(&pem), &server.url_of("registry.test")).await, &message, hint);
        }
    }
    // An authority between a trusted one and the server.
    let root = Authority::new();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.distinguished_name.push(rcgen::DnType::CommonName, "between");
    let between = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &root.0).unwrap();
    let key = KeyPair::generate().unwrap();
    let issued =
        CertificateParams::new(vec!["registry.test".to_owned()]).unwrap().signed_by(&key, &between).unwrap();
    let chain = vec![issued.der().clone(), between.der().clone()];
    let server =
        Server::start_tls(chain_configuration(chain, &key), |_, _| answer("200 OK", &[], "secure")).await;
    let message =
        "the certificate was issued by an authority that is not for servers (its extended key usage)";
    let error = get(trusting(&root.pem()), &server.url_of("registry.test")).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Tls, message));
    assert!(error.hint().unwrap().contains("serverAuth"));
    // The remedy.
    let both = [ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    for purposes in [&both[..], &[]] {
        let (server, pem) = marked_for("registry.test", 2099, purposes).await;
        assert_eq!(get(trusting(&pem), &server.url_of("registry.test")).await.unwrap(), b"secure");
    }
}

#[tokio::test]
async fn a_certificate_that_has_expired() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 2001, &[]).await;
    let trusting = HttpClient::builder().add_root_certificate_pem(authority.pem());
    let hint = "ask the operator of the server to renew it";
    refused(get(trusting, &server.url).await, "the certificate has expired", hint);
}

#[tokio::test]
async fn a_certificate_whose_time_has_not_come() {
    let authority = Authority::new();
    let server = authority.serve_from(2090, "127.0.0.1", 2099, &[]).await;
    let trusting = HttpClient::builder().add_root_certificate_pem(authority.pem());
    let message = "the certificate is not valid yet";
    refused(get(trusting, &server.url).await, message, "is the clock of this machine right?");
}

#[tokio::test]
async fn verification_is_skipped_where_that_was_said_and_nowhere_else() {
    let authority = Authority::new();
    for server in [
        authority.serve("127.0.0.1", 2099, &[]).await,
        authority.serve("registry.example.com", 2099, &[]).await,
        authority.serve("127.0.0.1", 2001, &[]).await,
        self_signed("127.0.0.1").await,
    ] {
        let skipping = HttpClient::builder().skip_tls_verify(true);
        assert_eq!(get(skipping, &server.url).await.unwrap(), b"secure");
        let error = get(HttpClient::builder().skip_tls_verify(false), &server.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
    }
}

#[tokio::test]
async fn the_name_is_said_before_the_certificate_is_shown() {
    let authority = Authority::new();
    let server = authority.serve("registry.example.com", 2099, &[]).await;
    let client = HttpClient::builder()
        .add_root_certificate_pem(authority.pem())
        .resolve("registry.example.com", ["127.0.0.1".parse().unwrap()]);
    get(client, &server.url_of("registry.example.com")).await.unwrap();
    assert_eq!(server.names(), [Some("registry.example.com".to_owned())]);
}

#[tokio::test]
async fn plain_http_where_https_is_spoken() {
    let server = Authority::new().serve("127.0.0.1", 2099, &[]).await;
    let error = get(HttpClient::builder(), &server.url.replace("https:", "http:")).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::BadAnswer, "the answer is not HTTP"));
    assert_eq!(error.hint(), Some("does the server use http instead of https, or another protocol?"));
}

#[tokio::test]
async fn https_where_plain_http_is_spoken() {
    let plain = Server::start(|_, _| answer("200 OK", &[], "")).await;
    let url = plain.url.replace("http:", "https:");
    let hint = "does it serve plain http on this port?";
    refused(get(HttpClient::builder(), &url).await, "the server does not speak TLS", hint);
}

#[tokio::test]
async fn who_answers_over_tls_is_known_by_address_too() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 2099, &[]).await;
    let client = HttpClient::builder().add_root_certificate_pem(authority.pem());
    for (client, private) in
        [(client.clone(), true), (client.count_as_public("127.0.0.0".parse().unwrap(), 8), false)]
    {
        let response = client.build().unwrap().fetch(Request::get(&server.url), &Call::new()).await.unwrap();
        assert_eq!(response.came_from_private_address(), private);
    }
}

#[tokio::test]
async fn a_credential_never_leaves_https() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 2099, &["Location: http://127.0.0.1:1/x"]).await;
    let client = HttpClient::builder().add_root_certificate_pem(authority.pem()).build().unwrap();
    let request = Request::get(&server.url).authorization(Authorization::bearer("SECRET"));
    let error = client.fetch(request, &Call::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.message().starts_with("a redirect from https to http://127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn roots_that_are_none() {
    for (pem, message) in [
        ("nonsense", "there is no certificate in the PEM text"),
        (
            "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----",
            "a root certificate is not in PEM form",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "a root certificate cannot be used: it is damaged, or is not a certificate",
        ),
    ] {
        let error = HttpClient::builder().add_root_certificate_pem(pem).build().unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, message));
    }
}

/// An authority between this one and a server, with these extras.
fn between(
    root: &Authority,
    name: &str,
    with: impl FnOnce(&mut CertificateParams),
) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    with(&mut params);
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &root.0).unwrap()
}

/// A server with a certificate of this authority, which shows that of the authority, too, or not.
async fn behind(authority: &CertifiedIssuer<'static, KeyPair>, shows_it: bool) -> (Server, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let issued = params.signed_by(&key, authority).unwrap();
    let own = issued.der().clone();
    let chain = if shows_it { vec![own, authority.der().clone()] } else { vec![own] };
    (
        Server::start_tls(chain_configuration(chain, &key), |_, _| answer("200 OK", &[], "secure")).await,
        issued.pem(),
    )
}

/// The error names the authority that is missing, and each of its remedies works.
#[tokio::test]
async fn a_server_that_does_not_show_the_authority_between() {
    let root = Authority::new();
    let middle = between(&root, "Middle `CA`\u{1b}[31m", |_| {});
    let trusting = |pem: &str| HttpClient::builder().add_root_certificate_pem(pem);
    let (alone, pem) = behind(&middle, false).await;
    let hint = untrusted_hint(" \"Middle CA[31m\"", true);
    refused(get(trusting(&root.pem()), &alone.url).await, UNTRUSTED, &hint);
    for added in [middle.pem(), pem] {
        assert_eq!(get(trusting(&added), &alone.url).await.unwrap(), b"secure");
    }
    let (whole, _) = behind(&middle, true).await;
    assert_eq!(get(trusting(&root.pem()), &whole.url).await.unwrap(), b"secure");
    // Of a whole chain the last one is what is missing.
    let hint = untrusted_hint(" \"rcgen self signed cert\"", false);
    refused(get(HttpClient::builder(), &whole.url).await, UNTRUSTED, &hint);
}

#[tokio::test]
async fn what_an_authority_may_not_issue() {
    let root = Authority::new();
    let trusting = || HttpClient::builder().add_root_certificate_pem(root.pem());
    let constrained = between(&root, "constrained", |params| {
        let permitted_subtrees =
            vec![rcgen::GeneralSubtree::IpAddress(rcgen::CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0]))];
        params.name_constraints =
            Some(rcgen::NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    });
    let (server, _) = behind(&constrained, true).await;
    refused(
        get(trusting(), &server.url).await,
        "the certificate cannot be used: the authority that issued it may not issue certificates for its names (name constraints)",
        "ask the operator of the server for a certificate that another authority issued, or whose names are within those constraints",
    );
}

/// A server of `openssl s_server`, with a certificate that this command line makes.
struct OpenSsl {
    child: std::process::Child,
    port: u16,
    pem: String,
}

impl OpenSsl {
    /// `None`, said loudly, where there is no OpenSSL.
    fn serve(key: &[&str]) -> Option<Self> {
        use std::io::BufRead as _;
        use std::process::{Command, Stdio};

        let folder = tempfile::tempdir().unwrap();
        let request = [
            "req", "-x509", "-nodes", "-subj", "/CN=weak", "-days", "30", "-keyout", "key.pem", "-out",
            "own.pem",
        ];
        let names = ["-addext", "subjectAltName=IP:127.0.0.1"];
        let made = Command::new("openssl").args(request).args(names).args(key).current_dir(&folder).output();
        let Ok(made) = made else {
            eprintln!("SKIPPED: there is no `openssl` on this machine");
            assert!(std::env::var_os("CI").is_none(), "openssl is missing");
            return None;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-key", "key.pem", "-cert", "own.pem", "-www"])
            .args(["-cipher", "DEFAULT@SECLEVEL=0"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let line = output.lines().map_while(Result::ok).find(|line| line.starts_with("ACCEPT")).unwrap();
        let port = line.rsplit_once(':').unwrap().1.trim().parse().unwrap();
        let pem = std::fs::read_to_string(folder.path().join("own.pem")).unwrap();
        Some(Self { child, port, pem })
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keys that this client does not take, or that a server cannot use with it: trusting them does not help, and nobody is told to.
#[tokio::test]
async fn keys_that_are_not_supported() {
    let p521 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp521r1"];
    for (key, message, hint) in [
        (
            &["-newkey", "rsa:1024"][..],
            "the certificate, or that of its issuer, has an RSA key of 1024 bits, which is too short",
            "to trust this one does not help",
        ),
        (
            &p521,
            "no secure connection could be made: the server says \"handshake failure\"",
            "the curve P-521 is not supported everywhere",
        ),
    ] {
        let Some(server) = OpenSsl::serve(key) else { return };
        let trusting = HttpClient::builder().add_root_certificate_pem(&server.pem);
        match get(trusting, &format!("https://127.0.0.1:{}/", server.port)).await {
            Err(error) => {
                assert_eq!((error.kind(), error.message()), (ErrorKind::Tls, message), "{error:?}");
                assert!(error.hint().unwrap().contains(hint), "{error:?}");
            }
            // aws-lc-rs has the curve.
            Ok(_) => assert!(cfg!(feature = "aws-lc-rs") && key == &p521[..], "{key:?}"),
        }
    }
}
