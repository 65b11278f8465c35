//! Which certificates are trusted, and the errors of refused ones.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, ExtendedKeyPurpose, OtherError, SignatureScheme,
};

use crate::certificate::{
    LEAST_RSA_BITS, is_any, issuer, may_serve, names_servers, purpose_name, purposes, rsa_bits,
};

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
                // What stands in the cause is the name of a Rust value.
                let why = match &cause {
                    rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                        "it is damaged, or is not a certificate".to_owned()
                    }
                    rustls::Error::InvalidCertificate(problem) => in_words(&format!("{problem:?}")),
                    other => in_words(&format!("{other:?}")),
                };
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!("a root certificate cannot be used: {why}"),
                )
                .with_hint("copy the whole certificate again, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----"));
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
            // For an authority's certificate webpki has not looked at its purpose.
            Err(rustls::Error::InvalidCertificate(problem))
                if is_authority(&problem) && !may_serve(certificate)
                    || is_purpose(&problem) && !names_servers(certificate) =>
            {
                let presented = purposes(certificate).unwrap_or_default();
                let required = ExtendedKeyPurpose::ServerAuth;
                Err(CertificateError::InvalidPurposeContext { required, presented }.into())
            }
            // It is that of an authority between.
            Err(rustls::Error::InvalidCertificate(problem)) if is_purpose(&problem) => {
                Err(CertificateError::InvalidPurpose.into())
            }
            // webpki has looked at the time before it says this.
            Err(rustls::Error::InvalidCertificate(problem))
                if (is_authority(&problem)
                    || matches!(
                        problem,
                        CertificateError::UnknownIssuer | CertificateError::BadSignature
                    ))
                    && self.named.iter().any(|named| named == certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            Err(rustls::Error::InvalidCertificate(problem)) => {
                Err(self.described(problem, certificate, intermediates))
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
        let verified = self.verifier.verify_tls12_signature(message, certificate, signed);
        verified.map_err(|error| weak_key([certificate]).unwrap_or(error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = self.verifier.verify_tls13_signature(message, certificate, signed);
        verified.map_err(|error| weak_key([certificate]).unwrap_or(error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl TrustNamed {
    /// The fault with what the certificates say about it.
    fn described(
        &self,
        problem: CertificateError,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> rustls::Error {
        if !matches!(problem, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
            return problem.into();
        }
        let shown = || [certificate].into_iter().chain(intermediates);
        if let Some(weak) = weak_key(shown().chain(&self.named)) {
            return weak;
        }
        let last = intermediates.last().unwrap_or(certificate);
        Fault::Untrusted { issuer: issuer(last), is_alone: intermediates.is_empty() }.into()
    }
}

/// The fault of the first of these certificates whose key is too short. The TLS library says of it that its signature is wrong.
fn weak_key<'c>(certificates: impl IntoIterator<Item = &'c CertificateDer<'c>>) -> Option<rustls::Error> {
    let bits = certificates
        .into_iter()
        .find_map(|certificate| rsa_bits(certificate).filter(|bits| *bits < LEAST_RSA_BITS))?;
    Some(Fault::WeakKey { bits }.into())
}

/// A fault of a certificate for which rustls has no variant.
#[derive(Debug)]
enum Fault {
    /// Its key, or that of its issuer, is too short.
    WeakKey { bits: usize },
    /// No trusted authority has issued it.
    Untrusted { issuer: Option<String>, is_alone: bool },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.explained().0)
    }
}

impl StdError for Fault {}

impl From<Fault> for rustls::Error {
    fn from(fault: Fault) -> Self {
        CertificateError::Other(OtherError(Arc::new(fault))).into()
    }
}

impl Fault {
    /// What it means, and what to do.
    fn explained(&self) -> (String, String) {
        match self {
            Self::WeakKey { bits } => (
                format!(
                    "the certificate, or that of its issuer, has an RSA key of {bits} bits, which is too short"
                ),
                format!(
                    "ask the operator of the server for a certificate with a key of {LEAST_RSA_BITS} bits or more, or of the curve P-256 or P-384: to trust this one does not help"
                ),
            ),
            Self::Untrusted { issuer, is_alone } => {
                let name = issuer.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
                let mut hint = format!(
                    "add the certificate (PEM) of the authority{name}, or exactly that of the server, to the trusted ones"
                );
                if *is_alone {
                    hint += "; where the authority above that one is trusted, let the server show the whole chain instead, its own certificate first";
                }
                (UNTRUSTED.to_owned(), hint)
            }
        }
    }
}

const UNTRUSTED: &str = "the certificate was issued by an authority that is not trusted";

/// Whether the fault is that a server shows the certificate of an authority. rustls has no variant for it.
fn is_authority(problem: &CertificateError) -> bool {
    matches!(problem, CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity")
}

/// Whether the fault is the extended key usage of the certificate or of an authority between. The verifiers of all platforms say it with
/// a type that has no name.
fn is_purpose(problem: &CertificateError) -> bool {
    match problem {
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => true,
        CertificateError::Other(other) => other.to_string() == "certificate had invalid extensions",
        _ => false,
    }
}

/// Whether the fault is that of a certificate, which a server of TLS has shown.
pub(crate) fn is_about_certificate(cause: &(dyn StdError + 'static)) -> bool {
    matches!(cause.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Whether a failure is that the server answers something else than TLS.
pub(crate) fn speaks_no_tls(cause: &(dyn StdError + 'static)) -> Option<()> {
    matches!(cause.downcast_ref::<rustls::Error>()?, rustls::Error::InvalidMessage(_)).then_some(())
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
            Certificate::UnknownIssuer | Certificate::BadSignature => {
                Fault::Untrusted { issuer: None, is_alone: false }.explained()
            }
            Certificate::NotValidForName => {
                (format!("the certificate is not for {host}"), "is the host name right?".to_owned())
            }
            Certificate::NotValidForNameContext { presented, .. } => {
                let names: Vec<_> = presented.iter().filter_map(|name| readable_name(name)).collect();
                let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
                let hint = match listed(names.iter()) {
                    Some(_) if is_address && names.contains(&host) => format!(
                        "it has {host} as the name of a host, which does not count for an address: ask the operator of the server for a certificate with the subject alternative name IP:{host}"
                    ),
                    None => format!(
                        "it names no host (a common name does not count): ask the operator of the server for one with the subject alternative name {host}"
                    ),
                    Some(names) => format!(
                        "it is for {names}: use such a name, or ask the operator of the server for a certificate that is also for {host}"
                    ),
                };
                (format!("the certificate is not for {host}"), hint)
            }
            Certificate::InvalidPurpose => said(
                "the certificate was issued by an authority that is not for servers (its extended key usage)",
                "let the server show a certificate of an authority whose extended key usage has serverAuth, or that has no extended key usage",
            ),
            Certificate::InvalidPurposeContext { presented, .. } => {
                let what = match listed(presented.iter().map(purpose_name)) {
                    Some(purposes) => format!(": its extended key usage is {purposes}"),
                    None => String::new(),
                };
                let hint = "let the server show a certificate whose extended key usage has serverAuth, or that has no extended key usage: to trust this one does not help";
                let message = match presented.iter().any(is_any) {
                    true => format!("the certificate does not name servers as its purpose{what}"),
                    false => format!("the certificate is not for servers{what}"),
                };
                (message, hint.to_owned())
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
            Certificate::Other(other) => match other.0.downcast_ref::<Fault>() {
                Some(fault) => fault.explained(),
                None => of_another_kind(&other.to_string()),
            },
            Certificate::UnsupportedSignatureAlgorithmContext { .. }
            | Certificate::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => said(
                "the certificate is signed with an algorithm that is not supported",
                "ask the operator of the server for a certificate with RSA of 2048 bits or more, or with the curve P-256 or P-384, up to its authority",
            ),
            other => of_another_kind(&format!("{other:?}")),
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
            // The server found nothing that both sides support.
            if matches!(other, rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure)) {
                return Some((
                    message,
                    "does the server speak TLS 1.2 or 1.3, and has it a certificate with RSA of 2048 bits or more, Ed25519, or the curve P-256 or P-384? A key of the curve P-521 is not supported everywhere"
                        .to_owned(),
                ));
            }
            (message, "does the server speak TLS 1.2 or 1.3?".to_owned())
        }
    })
}

/// A fault that webpki alone has a name for.
fn of_another_kind(name: &str) -> (String, String) {
    let (what, to_do) = match name {
        "NameConstraintViolation" => (
            "the authority that issued it may not issue certificates for its names (name constraints)"
                .to_owned(),
            "ask the operator of the server for a certificate that another authority issued, or whose names are within those constraints",
        ),
        "UnsupportedCriticalExtension" => (
            "it has a critical extension that is not known".to_owned(),
            "ask the operator of the server for a certificate without it",
        ),
        "PathLenConstraintViolated" => (
            "there are more authorities between it and a trusted one than that one allows (path length)"
                .to_owned(),
            "ask the operator of the server for a certificate that a higher authority issued",
        ),
        "EndEntityUsedAsCa" => (
            "what issued it is not the certificate of an authority".to_owned(),
            "ask the operator of the server for a certificate that an authority issued",
        ),
        other => (in_words(other), "ask the operator of the server for another certificate"),
    };
    (format!("the certificate cannot be used: {what}"), to_do.to_owned())
}

/// The first of these texts, and how many others there are; `None` for none.
fn listed(texts: impl ExactSizeIterator<Item: ToString>) -> Option<String> {
    const SHOWN: usize = 5;
    let others = texts.len().saturating_sub(SHOWN);
    let mut shown = texts.take(SHOWN).map(|text| text.to_string()).collect::<Vec<_>>().join(", ");
    if others > 0 {
        shown += &format!(" and {others} more");
    }
    Some(shown).filter(|shown| !shown.is_empty())
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

/// `example.com` out of `DnsName("example.com")`, and `127.0.0.1` out of `IpAddress(127.0.0.1)`; `None` for what names no host, such as an
/// e-mail address.
fn readable_name(name: &str) -> Option<&str> {
    let Some((kind, rest)) = name.split_once('(') else { return Some(name) };
    let inner = rest.rsplit_once(')').map_or(rest, |(inner, _)| inner);
    matches!(kind, "DnsName" | "IpAddress").then(|| inner.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_certificates_are_readable() {
        for (name, shown) in [
            (r#"DnsName("example.com")"#, Some("example.com")),
            ("IpAddress(127.0.0.1)", Some("127.0.0.1")),
            ("example.com", Some("example.com")),
            ("Unsupported(0x01)", None),
        ] {
            assert_eq!(readable_name(name), shown);
        }
    }

    /// What no server of rustls shows, as it looks at its own certificate.
    #[test]
    fn faults_that_webpki_alone_has_a_name_for() {
        for (name, message) in [
            ("UnsupportedCriticalExtension", "it has a critical extension that is not known"),
            ("EndEntityUsedAsCa", "what issued it is not the certificate of an authority"),
            ("UnsupportedCertVersion", "unsupported cert version"),
        ] {
            let (said, hint) = of_another_kind(name);
            assert_eq!(said, format!("the certificate cannot be used: {message}"));
            assert!(hint.starts_with("ask the operator of the server for "), "{hint}");
        }
    }

    #[test]
    fn many_names_are_counted() {
        assert_eq!(listed(["a"; 0].into_iter()), None);
        assert_eq!(listed(["a", "b"].into_iter()).as_deref(), Some("a, b"));
        assert_eq!(listed(["a"; 7].into_iter()).as_deref(), Some("a, a, a, a, a and 2 more"));
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
