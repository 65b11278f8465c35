//! Rate limits of registries.

use artifact_http::Pace;
use artifact_source::{Error, ErrorKind};

use crate::ImageName;

/// The requests per second to one registry, and the size of a burst.
const STANDARD: (f64, u32) = (20.0, 20);

/// The pace of a client that is given none.
pub(crate) fn standard() -> Pace {
    let (per_second, burst) = STANDARD;
    Pace::per_second(per_second, burst)
}

/// The rate of requests to registries, with other rates for some of them: for [`RegistryClientBuilder::pace`](crate::RegistryClientBuilder::pace),
/// and for several clients at once, which then keep it together.
///
/// A registry without its own rate gets 20 requests a second; this machine has no limit. Each rate is a host, as names of
/// images have it (`ghcr.io`, `registry.internal:5000`), and a number of requests per second, of which as many are sent at once after a rest. The rate
/// of `docker.io` is that of the host that answers for it.
///
/// ```
/// use artifact_http::HttpClient;
/// use artifact_source::SourceKind;
/// use oci_registry::{RegistryClient, registry_pace};
///
/// let pace = registry_pace([("docker.io", 5.0), ("registry.internal:5000", 200.0)])?;
/// let http = HttpClient::builder().build()?;
/// let images = RegistryClient::builder(http.clone()).pace(pace.clone()).build();
/// let charts = RegistryClient::builder(http).kind(SourceKind::Chart).pace(pace).build();
/// # Ok::<(), artifact_source::Error>(())
/// ```
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) for a host that no image can have, and for a rate that is not a number above zero.
pub fn registry_pace<H: AsRef<str>>(rates: impl IntoIterator<Item = (H, f64)>) -> Result<Pace, Error> {
    rates.into_iter().try_fold(standard(), |pace, (host, per_second)| {
        let host = host.as_ref();
        if !per_second.is_finite() || per_second <= 0.0 {
            let message = format!("{host} cannot be asked {per_second} times a second");
            return Err(
                Error::new(ErrorKind::InvalidInput, message).with_hint("the rate is a number above zero")
            );
        }
        let name: ImageName = format!("oci://{host}/any").parse()?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "above zero, and a cast from float saturates"
        )]
        let burst = per_second.ceil() as u32;
        Ok(pace.with_host(name.host(), per_second, burst))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_hosts() {
        let shown = format!("{:?}", registry_pace([("docker.io", 5.0)]).unwrap());
        assert!(shown.contains("registry-1.docker.io"), "{shown}");
        assert!(registry_pace::<&str>([]).is_ok());
        for (host, rate) in [
            ("ghcr.io", 0.0),
            ("ghcr.io", -1.0),
            ("ghcr.io", f64::NAN),
            ("ghcr.io", f64::INFINITY),
            ("a b", 1.0),
            ("me@ghcr.io", 1.0),
            ("", 1.0),
        ] {
            let error = registry_pace([(host, rate)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{host} {rate}");
        }
    }
}
