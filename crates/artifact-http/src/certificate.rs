//! The fields of a certificate, read from its DER (RFC 5280) for error messages. Nothing here decides what is trusted.

use rustls::ExtendedKeyPurpose;

/// Whether the certificate names no purposes, or that of a server among them (RFC 5280, section 4.2.1.12).
pub(crate) fn may_serve(certificate: &[u8]) -> bool {
    let serves = |purpose: &ExtendedKeyPurpose| match purpose {
        ExtendedKeyPurpose::ServerAuth => true,
        other => is_any(other),
    };
    purposes(certificate).is_none_or(|purposes| purposes.iter().any(serves))
}

pub(crate) fn is_any(purpose: &ExtendedKeyPurpose) -> bool {
    matches!(purpose, ExtendedKeyPurpose::Other(numbers) if numbers[..] == [2, 5, 29, 37, 0])
}

/// Whether the certificate names no purposes, or that of a server itself. webpki does not take any purpose for it.
pub(crate) fn names_servers(certificate: &[u8]) -> bool {
    purposes(certificate).is_none_or(|purposes| purposes.contains(&ExtendedKeyPurpose::ServerAuth))
}

/// What the certificate is for (its extended key usage); `None` if it has no such extension, and nothing if that cannot be read.
pub(crate) fn purposes(certificate: &[u8]) -> Option<Vec<ExtendedKeyPurpose>> {
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
        [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
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
pub(crate) fn purpose_name(purpose: &ExtendedKeyPurpose) -> String {
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

/// The number of bits of an RSA key below which TLS libraries do not take it.
pub(crate) const LEAST_RSA_BITS: usize = 2048;

/// The number of bits of the public key, if it is one of RSA.
pub(crate) fn rsa_bits(certificate: &[u8]) -> Option<usize> {
    // The type of the key, and its beginning as a bit string.
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let position = certificate.windows(RSA.len()).position(|window| window == RSA)?;
    let (key, _) = der_value(certificate.get(position + RSA.len()..)?, 0x03)?;
    let (numbers, _) = der_value(key.strip_prefix(&[0])?, 0x30)?;
    let (modulus, _) = der_value(numbers, 0x02)?;
    let start = modulus.iter().position(|byte| *byte != 0)?;
    let first = modulus.get(start)?;
    Some((modulus.len() - start) * 8 - first.leading_zeros() as usize)
}

/// The common name, or else the organization, of the issuer.
pub(crate) fn issuer(certificate: &[u8]) -> Option<String> {
    const SHOWN: usize = 64;
    let issuer = issuer_name(certificate)?;
    let text = [0x03, 0x0a].iter().find_map(|attribute| {
        let identifier = [0x06, 0x03, 0x55, 0x04, *attribute];
        let position = issuer.windows(identifier.len()).position(|window| window == identifier)?;
        let value = issuer.get(position + identifier.len()..)?;
        [0x0c, 0x13, 0x16].iter().find_map(|tag| der_value(value, *tag))
    });
    let text = String::from_utf8_lossy(text?.0).into_owned();
    let is_plain = |letter: &char| {
        letter.is_ascii_graphic() && *letter != '`' || *letter == ' ' || letter.is_alphanumeric()
    };
    let text: String = text.chars().filter(is_plain).take(SHOWN).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The name of the issuer, as DER.
fn issuer_name(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = der_value(certificate, 0x30)?;
    let (content, _) = der_value(certificate, 0x30)?;
    // The version, which may be missing, the serial number, and the algorithm of the signature.
    let content = der_value(content, 0xa0).map_or(content, |(_, rest)| rest);
    let (_, content) = der_value(content, 0x02)?;
    let (_, content) = der_value(content, 0x30)?;
    der_value(content, 0x30).map(|(issuer, _)| issuer)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let _ = rsa_bits(&bytes);
            drop(issuer(&bytes));
            let _ = rsa_bits(&[&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00][..], &bytes].concat());
            drop(issuer(&[&[0x30, 40, 0x30, 38, 2, 1, 1, 0x30, 1, 0][..], &bytes].concat()));
        }
    }
}
