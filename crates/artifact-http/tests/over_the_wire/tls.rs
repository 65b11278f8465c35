//! Certificates that are trusted, and what is said about those that are not.

use std::sync::Arc;

use crate::server::{Server, answer};
use artifact_http::{Authorization, Call, HttpClient, HttpClientBuilder, Request};
use artifact_source::{Error, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

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
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let status = if reply.is_empty() { "200 OK" } else { "302 X" };
        Server::start_tls(tls, move |_, _| answer(status, reply, "secure")).await
    }
}

async fn get(builder: HttpClientBuilder, url: &str) -> Result<Vec<u8>, Error> {
    let response = builder.build()?.fetch(Request::get(url), &Call::new()).await?;
    Ok(response.body.to_vec())
}

#[tokio::test]
async fn an_added_authority_is_trusted_and_others_are_not() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 2099, &[]).await;
    let trusting = HttpClient::builder().add_root_certificate_pem(authority.pem());
    assert_eq!(get(trusting, &server.url).await.unwrap(), b"secure");
    assert_eq!(get(HttpClient::builder().skip_tls_verify(true), &server.url).await.unwrap(), b"secure");

    let stranger = HttpClient::builder().add_root_certificate_pem(Authority::new().pem());
    let error = get(stranger, &server.url).await.unwrap_err();
    assert_eq!(error.message(), "the certificate was issued by an authority that is not trusted");
    assert_eq!((error.kind(), error.tries()), (ErrorKind::Tls, 1));
    assert_eq!(error.hint(), Some("add the authority's certificate to the trusted ones"));
}

#[tokio::test]
async fn a_wrong_name_and_a_late_date_are_named() {
    let authority = Authority::new();
    let trusting = || HttpClient::builder().add_root_certificate_pem(authority.pem());

    let server = authority.serve("registry.example.com", 2099, &[]).await;
    let error = get(trusting(), &server.url).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Tls, "the certificate is not for 127.0.0.1"));
    assert_eq!(error.hint(), Some("it is for registry.example.com"));

    let server = authority.serve("127.0.0.1", 2001, &[]).await;
    let error = get(trusting(), &server.url).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Tls, "the certificate has expired"));
}

#[tokio::test]
async fn http_and_https_mistaken_for_each_other() {
    let plain = Server::start(|_, _| answer("200 OK", &[], "")).await;
    let error = get(HttpClient::builder(), &plain.url.replace("http:", "https:")).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Tls, "the server does not speak TLS"));
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
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "a root certificate cannot be used"),
    ] {
        let error = HttpClient::builder().add_root_certificate_pem(pem).build().unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, message));
    }
}
