//! Registries as they are named on the command line.

use std::str::FromStr;

use oci_registry::ImageName;

/// The host of a registry: `ghcr.io`, `registry.internal:5000`, `[::1]:5000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistryHost(pub(crate) String);

impl FromStr for RegistryHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match format!("oci://{text}/any").parse::<ImageName>() {
            Ok(_) if !text.contains('/') => Ok(Self(text.to_owned())),
            _ => {
                Err("a registry is named by its host alone, such as ghcr.io or registry.internal:5000"
                    .to_owned())
            }
        }
    }
}

/// How often a registry may be asked: `ghcr.io=50`, `registry.internal:5000=0.5`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RegistryRate {
    pub(crate) host: RegistryHost,
    pub(crate) per_second: f64,
}

impl FromStr for RegistryRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, number) = text.rsplit_once('=').ok_or("write HOST=N, such as ghcr.io=50")?;
        match number.parse::<f64>() {
            Ok(per_second) if per_second.is_finite() && per_second > 0.0 => {
                Ok(Self { host: host.parse()?, per_second })
            }
            _ => Err(format!("{number:?} is no number above zero")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_rates() {
        let read = |text: &str| text.parse::<RegistryRate>().map(|rate| (rate.host.0, rate.per_second));
        assert_eq!(read("ghcr.io=50"), Ok(("ghcr.io".to_owned(), 50.0)));
        assert_eq!(read("[::1]:5000=0.5"), Ok(("[::1]:5000".to_owned(), 0.5)));
        assert_eq!(read("registry=0.5"), Ok(("registry".to_owned(), 0.5)));
        for wrong in
            ["", "ghcr.io", "=5", "ghcr.io=", "ghcr.io=0", "ghcr.io=-1", "ghcr.io=NaN", "ghcr.io=inf"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts() {
        for right in ["ghcr.io", "localhost", "registry", "127.0.0.1:5000", "[::1]:5000"] {
            assert!(right.parse::<RegistryHost>().is_ok(), "{right}");
        }
        for wrong in ["", "http://x", "x/y", "a b", "x:port", "me@x", "x?y"] {
            assert!(wrong.parse::<RegistryHost>().is_err(), "{wrong}");
        }
    }
}
