//! Which certificates are trusted, and what a refused one means in words.

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
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, ExtendedKeyPurpose, SignatureScheme};

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
                        "it is damaged, or is no certificate".to_owned()
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

/// Whether the certificate names no purposes, or that of a server among them (RFC 5280, section 4.2.1.12).
fn may_serve(certificate: &[u8]) -> bool {
    let serves = |purpose: &ExtendedKeyPurpose| match purpose {
        ExtendedKeyPurpose::ServerAuth => true,
        other => is_any(other),
    };
    purposes(certificate).is_none_or(|purposes| purposes.iter().any(serves))
}

fn is_any(purpose: &ExtendedKeyPurpose) -> bool {
    matches!(purpose, ExtendedKeyPurpose::Other(numbers) if numbers[..] == [2, 5, 29, 37, 0])
}

/// Whether the certificate names no purposes, or that of a server itself. webpki does not take any purpose for it.
fn names_servers(certificate: &[u8]) -> bool {
    purposes(certificate).is_none_or(|purposes| purposes.contains(&ExtendedKeyPurpose::ServerAuth))
}

/// What the certificate is for (its extended key usage); `None` if it has no such extension, and nothing if that cannot be read.
fn purposes(certificate: &[u8]) -> Option<Vec<ExtendedKeyPurpose>> {
    const EXTENSION: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x25];
    let position = certificate.windows(EXTENSION.len()).position(|window| window == EXTENSION)?;
    let rest = certificate.get(position + EXTENSION.len()..)?;
    // Whether it is critical does not matter here.
    let rest = rest.strip_prefix(&[0x01, 0x01, 0xff]).unwrap_or(rest);
    let list = der_value(rest, 0x04).and_then(|(value, _)| der_value(value, 0x30));
    let Some((mut list, _)) = list else { return Some(Vec::new()) };
    let mut purposes = Vec::new();
    while let Some((identifier, rest)) = der_value(list, 0x06) {
        purposes.push(match object_identifier(identifier)[..] {
            [1, 3, 6, 1, 5, 5, 7, 3, 1] => ExtendedKeyPurpose::ServerAuth,
            [1, 3, 6, 1, 5, 5, 7, 3, 2] => ExtendedKeyPurpose::ClientAuth,
            ref other => ExtendedKeyPurpose::Other(other.to_vec()),
        });
        list = rest;
    }
    Some(purposes)
}

/// The value of this type at the start of DER, and what follows it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der.strip_prefix(&[tag])? {
        [0x81, length, rest @ ..] => (*length, rest),
        [length @ 0..=0x7f, rest @ ..] => (*length, rest),
        _ => return None,
    };
    rest.split_at_checked(length.into())
}

/// The numbers of an object identifier.
fn object_identifier(bytes: &[u8]) -> Vec<usize> {
    let mut numbers = Vec::new();
    let mut number = 0_usize;
    for byte in bytes {
        number = number.wrapping_shl(7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            // The first two numbers are in one.
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    numbers
}

/// The name of a purpose as RFC 5280 and OpenSSL's configuration write it, or its numbers.
fn purpose_name(purpose: &ExtendedKeyPurpose) -> String {
    let numbers = match purpose {
        ExtendedKeyPurpose::ServerAuth => return "serverAuth".to_owned(),
        ExtendedKeyPurpose::ClientAuth => return "clientAuth".to_owned(),
        ExtendedKeyPurpose::Other(numbers) => numbers,
    };
    match numbers[..] {
        [2, 5, 29, 37, 0] => "anyExtendedKeyUsage".to_owned(),
        [1, 3, 6, 1, 5, 5, 7, 3, 3] => "codeSigning".to_owned(),
        [1, 3, 6, 1, 5, 5, 7, 3, 4] => "emailProtection".to_owned(),
        [1, 3, 6, 1, 5, 5, 7, 3, 8] => "timeStamping".to_owned(),
        [1, 3, 6, 1, 5, 5, 7, 3, 9] => "OCSPSigning".to_owned(),
        _ => numbers.iter().map(usize::to_string).collect::<Vec<_>>().join("."),
    }
}

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

    #[test]
    fn purposes_are_read_from_der() {
        use ExtendedKeyPurpose::{ClientAuth, Other, ServerAuth};
        let extension = [0x06, 0x03, 0x55, 0x1d, 0x25];
        let (any, code) = ([6, 4, 0x55, 0x1d, 0x25, 0], [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3]);
        let (server, client) = ([6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1], [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]);
        let vendor = [6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x0a, 3, 4];
        #[track_caller]
        fn check(certificate: &[u8], expected: Option<Vec<ExtendedKeyPurpose>>, serves: bool) {
            assert_eq!((purposes(certificate), may_serve(certificate)), (expected, serves));
        }
        let with = |list: &[&[u8]], critical: &[u8]| {
            let list = list.concat();
            let length = list.len() as u8;
            [&[0x30, 0x82][..], &extension, critical, &[4, length + 2, 0x30, length], &list, &[1, 2, 3]]
                .concat()
        };
        check(&[0x30, 0x03, 1, 1, 1], None, true);
        check(&with(&[&client], &[]), Some(vec![ClientAuth]), false);
        check(&with(&[&client, &server], &[1, 1, 0xff]), Some(vec![ClientAuth, ServerAuth]), true);
        check(&with(&[&any], &[]), Some(vec![Other(vec![2, 5, 29, 37, 0])]), true);
        let other = [vec![1, 3, 6, 1, 5, 5, 7, 3, 3], vec![1, 3, 6, 1, 4, 1, 311, 10, 3, 4]];
        assert_eq!(
            other.clone().map(|numbers| purpose_name(&Other(numbers))),
            ["codeSigning", "1.3.6.1.4.1.311.10.3.4"]
        );
        check(&with(&[&code, &vendor], &[]), Some(other.map(Other).to_vec()), false);
        check(&with(&[], &[]), Some(Vec::new()), false);
        check(&extension, Some(Vec::new()), false);
        check(&[&extension[..], &[4, 0x82, 1, 0]].concat(), Some(Vec::new()), false);
        check(&[&extension[..], &[4, 2, 0x30, 0x7f]].concat(), Some(Vec::new()), false);
        let long = with(&[&client], &[]);
        let long = [&long[..7], &[4, 0x81, 12, 0x30, 10], &client].concat();
        check(&long, Some(vec![ClientAuth]), false);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let certificate = [&[0x06, 0x03, 0x55, 0x1d, 0x25][..], &bytes].concat();
            may_serve(&certificate);
            purposes(&certificate).unwrap_or_default().iter().for_each(|purpose| drop(purpose_name(purpose)));
            object_identifier(&bytes);
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
