//! Certificates for TLS servers, made when they are needed.

use std::fmt;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::digest::digest_of;
use crate::error::Error;

/// A certificate authority. A client trusts it once it is given its [`pem`](Self::pem).
///
/// ```
/// use warehouse_testkit::{Authority, Registry};
///
/// let authority = Authority::new()?;
/// let registry = Registry::builder().tls(authority.certificate(["127.0.0.1"])?).start()?;
/// assert!(registry.url().starts_with("https://127.0.0.1:"));
/// let trusted_by_the_client = authority.pem();
/// # let _ = trusted_by_the_client;
/// # Ok::<(), warehouse_testkit::Error>(())
/// ```
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// An authority with a key of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if no key can be made.
    pub fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(invalid)?;
        // Two authorities of one name would look like one whose signatures are wrong.
        let name = format!("warehouse-testkit {}", &digest_of(key.public_key_raw())["sha256:".len()..]);
        params.distinguished_name.push(DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, key).map(Self).map_err(invalid)
    }

    /// Its certificate, to be trusted by clients.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a server of these names and addresses, e.g. `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a name is not valid in a certificate.
    pub fn certificate<T: Into<String>>(
        &self,
        names: impl IntoIterator<Item = T>,
    ) -> Result<ServerCertificate, Error> {
        self.sign(names, 2099)
    }

    /// The same, but it was good until the year 2001 only.
    ///
    /// # Errors
    ///
    /// As [`certificate`](Self::certificate).
    pub fn expired_certificate<T: Into<String>>(
        &self,
        names: impl IntoIterator<Item = T>,
    ) -> Result<ServerCertificate, Error> {
        self.sign(names, 2001)
    }

    fn sign<T: Into<String>>(
        &self,
        names: impl IntoIterator<Item = T>,
        until: i32,
    ) -> Result<ServerCertificate, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut params = CertificateParams::new(names).map_err(invalid)?;
        params.distinguished_name.push(DnType::CommonName, "warehouse-testkit server");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().map_err(invalid)?;
        let certificate = params.signed_by(&key, &self.0).map_err(invalid)?;
        Ok(ServerCertificate { chain: certificate.pem(), key: key.serialize_pem() })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authority(..)")
    }
}

/// A certificate and its private key. `Debug` does not show the key.
#[derive(Clone)]
pub struct ServerCertificate {
    chain: String,
    key: String,
}

impl ServerCertificate {
    /// From PEM texts: the certificate, those above it if there are any, and the private key.
    pub fn from_pem(chain: impl Into<String>, key: impl Into<String>) -> Self {
        Self { chain: chain.into(), key: key.into() }
    }

    /// The certificate in PEM form.
    #[must_use]
    pub fn chain_pem(&self) -> &str {
        &self.chain
    }

    /// The private key in PEM form, for a foreign server that wants it in a file.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key
    }

    /// The configuration of a TLS server with this certificate.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, Error> {
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(invalid)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(invalid)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(invalid)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerCertificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}

fn invalid(error: impl fmt::Display) -> Error {
    Error::Invalid(format!("no certificate: {error}"))
}
