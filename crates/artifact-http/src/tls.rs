//! Which certificates are trusted, and what a refused one means in words.

use std::error::Error as StdError;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

#[cfg(feature = "aws-lc-rs")]
fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("artifact-http needs one of its features `ring` and `aws-lc-rs` for TLS");

/// The configuration that trusts the platform and these roots, or everyone.
pub(crate) fn configuration(roots_pem: &[u8], skip_verify: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(provider());
    let roots =
        CertificateDer::pem_slice_iter(roots_pem).collect::<Result<Vec<_>, _>>().map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "a root certificate is not in PEM form").with_cause(cause)
        })?;
    if roots.is_empty() && roots_pem.iter().any(|byte| !byte.is_ascii_whitespace()) {
        return Err(Error::new(ErrorKind::InvalidInput, "there is no certificate in the PEM text")
            .with_hint("it begins with -----BEGIN CERTIFICATE-----"));
    }
    let (with_roots, named) = (!roots.is_empty(), roots.clone());
    let verifier: Arc<dyn ServerCertVerifier> = if skip_verify {
        Arc::new(TrustAnswer { provider: Arc::clone(&provider), trusted: true })
    } else {
        match rustls_platform_verifier::Verifier::new_with_extra_roots(roots, Arc::clone(&provider)) {
            Ok(verifier) => Arc::new(TrustNamed { verifier, named }),
            Err(cause) if with_roots => {
                return Err(Error::new(ErrorKind::InvalidInput, "a root certificate cannot be used")
                    .with_cause(cause));
            }
            // A container without any certificates can still speak plain http to its own machine.
            Err(_) => Arc::new(TrustAnswer { provider: Arc::clone(&provider), trusted: false }),
        }
    };
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|cause| {
        Error::new(ErrorKind::Internal, "the TLS library has no protocol version").with_cause(cause)
    })?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Trusts every certificate, or none. Either way the peer must hold the key of what it shows.
#[derive(Debug)]
struct TrustAnswer {
    provider: Arc<CryptoProvider>,
    trusted: bool,
}

impl ServerCertVerifier for TrustAnswer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.trusted {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Trusts what the platform trusts, and a server that shows exactly one of the certificates that were named, also where that one is
/// marked as an authority's, as `openssl req -x509` makes them. OpenSSL and Go trust such a server; webpki refuses it for the mark.
#[derive(Debug)]
struct TrustNamed {
    verifier: rustls_platform_verifier::Verifier,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for TrustNamed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verifier.verify_server_cert(certificate, intermediates, name, ocsp_response, now) {
            // webpki has looked at the time before it says this. For an authority's certificate it has not looked at its purpose.
            Err(rustls::Error::InvalidCertificate(problem))
                if (is_authority(&problem) && may_serve(certificate)
                    || matches!(
                        problem,
                        CertificateError::UnknownIssuer | CertificateError::BadSignature
                    ))
                    && self.named.iter().any(|named| named == certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            answer => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Whether the certificate names no purposes, or that of a server among them (RFC 5280, section 4.2.1.12). The object identifiers are
/// looked for as they are encoded.
fn may_serve(certificate: &[u8]) -> bool {
    const PURPOSES: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x25];
    const SERVER: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    const ANY: &[u8] = &[0x06, 0x04, 0x55, 0x1d, 0x25, 0x00];
    let holds = |part: &[u8]| certificate.windows(part.len()).any(|window| window == part);
    !holds(PURPOSES) || holds(SERVER) || holds(ANY)
}

/// Whether the fault is that a server shows the certificate of an authority. rustls has no variant for it.
fn is_authority(problem: &CertificateError) -> bool {
    matches!(problem, CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity")
}

/// What a fault of TLS means and what to do about it; `None` for a fault of another kind.
pub(crate) fn explain(cause: &(dyn StdError + 'static), host: &str) -> Option<(String, String)> {
    use CertificateError as Certificate;

    const ASK: &str = "ask the operator of the server to renew it";
    const CLOCK: &str = "is the clock of this machine right?";
    let fault = cause.downcast_ref::<rustls::Error>()?;
    let said = |message: &str, hint: &str| (message.to_owned(), hint.to_owned());
    Some(match fault {
        rustls::Error::InvalidCertificate(problem) => match problem {
            // A bad signature is that of another authority of the same name.
            Certificate::UnknownIssuer | Certificate::BadSignature => said(
                "the certificate was issued by an authority that is not trusted",
                "add the authority's certificate (PEM) to the trusted ones",
            ),
            Certificate::NotValidForName => {
                (format!("the certificate is not for {host}"), "is the host name right?".to_owned())
            }
            Certificate::NotValidForNameContext { presented, .. } => {
                let names: Vec<_> = presented.iter().take(5).map(|name| readable_name(name)).collect();
                let hint = if names.is_empty() {
                    "it names no host at all".to_owned()
                } else {
                    format!("it is for {}", names.join(", "))
                };
                (format!("the certificate is not for {host}"), hint)
            }
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                said("the certificate has expired", ASK)
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                said("the certificate is not valid yet", CLOCK)
            }
            Certificate::Revoked => said("the certificate was revoked", ASK),
            authority if is_authority(authority) => said(
                "the certificate is that of an authority, and not of a server",
                "let the server show a certificate that the authority issued, or add exactly this certificate (PEM) to the trusted ones",
            ),
            Certificate::Other(other) => {
                (format!("the certificate cannot be used: {}", in_words(&other.to_string())), ASK.to_owned())
            }
            other => (
                format!("the certificate cannot be used: {}", in_words(&format!("{other:?}"))),
                ASK.to_owned(),
            ),
        },
        rustls::Error::InvalidMessage(_) => {
            said("the server does not speak TLS", "does it serve plain http on this port?")
        }
        other => {
            let what = match other {
                rustls::Error::AlertReceived(alert) => {
                    format!("the server says \"{}\"", in_words(&format!("{alert:?}")))
                }
                rustls::Error::PeerIncompatible(why) => in_words(&format!("{why:?}")),
                rustls::Error::PeerMisbehaved(why) => in_words(&format!("{why:?}")),
                other => in_words(&format!("{other:?}")),
            };
            let message = format!("no secure connection could be made: {what}");
            (message, "does the server speak TLS 1.2 or 1.3?".to_owned())
        }
    })
}

/// `ca used as end entity` out of `CaUsedAsEndEntity { .. }`: the name of a Rust value as words.
fn in_words(value: &str) -> String {
    let name = value.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    let mut words = String::new();
    let mut was_upper = true;
    for letter in name.chars() {
        if letter.is_uppercase() && !was_upper {
            words.push(' ');
        }
        was_upper = letter.is_uppercase();
        words.extend(letter.to_lowercase());
    }
    words
}

/// `example.com` out of `DnsName("example.com")`, and `127.0.0.1` out of `IpAddress(127.0.0.1)`.
fn readable_name(name: &str) -> &str {
    let inner =
        name.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or(name, |(inner, _)| inner);
    inner.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_certificates_are_readable() {
        for (name, shown) in [
            (r#"DnsName("example.com")"#, "example.com"),
            ("IpAddress(127.0.0.1)", "127.0.0.1"),
            ("example.com", "example.com"),
        ] {
            assert_eq!(readable_name(name), shown);
        }
    }

    #[test]
    fn names_of_rust_values_become_words() {
        for (value, words) in [
            ("CaUsedAsEndEntity", "ca used as end entity"),
            ("BadEncoding", "bad encoding"),
            ("InvalidPurposeContext { required: ServerAuth }", "invalid purpose context"),
            ("OtherError(Some(1))", "other error"),
            ("", ""),
        ] {
            assert_eq!(in_words(value), words);
        }
    }
}
