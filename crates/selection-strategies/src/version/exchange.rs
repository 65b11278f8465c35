//! Conversions from and to [`semver::Version`], the ecosystem's common type.

use super::{Version, VersionError, VersionRef};

/// Why a version cannot be carried over from or to [`semver::Version`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A numeric prerelease identifier does not fit into 64 bits. The two sides would order it
    /// differently: as a text here (rule 2.4), as a number there.
    #[error("the prerelease identifier {identifier} is a number of more than 64 bits")]
    HugeIdentifier {
        /// The identifier.
        identifier: String,
    },
    /// The text of the version is not a version on the other side, because it is too long.
    #[error("the version cannot be read back")]
    Unreadable(#[source] VersionError),
    /// The `semver` crate refuses the prerelease or the build metadata.
    #[error("the semver crate refuses the version")]
    Refused(#[source] semver::Error),
}

/// Keeps the numbers, the prerelease and the metadata; the spelling is lost.
///
/// Precedence is the same on both sides, which is why huge numeric identifiers are refused.
impl TryFrom<VersionRef<'_>> for semver::Version {
    type Error = ExchangeError;

    fn try_from(version: VersionRef<'_>) -> Result<Self, ExchangeError> {
        refuse_huge_identifiers(version.prerelease())?;
        Ok(Self {
            major: version.major(),
            minor: version.minor(),
            patch: version.patch(),
            pre: semver::Prerelease::new(version.prerelease()).map_err(ExchangeError::Refused)?,
            build: semver::BuildMetadata::new(version.metadata()).map_err(ExchangeError::Refused)?,
        })
    }
}

/// As for [`VersionRef`].
impl TryFrom<&Version> for semver::Version {
    type Error = ExchangeError;

    fn try_from(version: &Version) -> Result<Self, ExchangeError> {
        version.as_version_ref().try_into()
    }
}

/// The original text is the normal form.
///
/// ```
/// use selection_strategies::Version;
///
/// let version = Version::try_from(&semver::Version::new(1, 2, 3))?;
/// assert_eq!(version.original(), "1.2.3");
/// assert_eq!(semver::Version::try_from(&version)?, semver::Version::new(1, 2, 3));
/// # Ok::<(), selection_strategies::ExchangeError>(())
/// ```
impl TryFrom<&semver::Version> for Version {
    type Error = ExchangeError;

    fn try_from(version: &semver::Version) -> Result<Self, ExchangeError> {
        refuse_huge_identifiers(version.pre.as_str())?;
        Self::parse(&version.to_string()).map_err(ExchangeError::Unreadable)
    }
}

fn refuse_huge_identifiers(prerelease: &str) -> Result<(), ExchangeError> {
    let huge = prerelease.split('.').find(|identifier| {
        !identifier.is_empty()
            && identifier.bytes().all(|byte| byte.is_ascii_digit())
            && identifier.parse::<u64>().is_err()
    });
    match huge {
        Some(identifier) => Err(ExchangeError::HugeIdentifier { identifier: identifier.to_owned() }),
        None => Ok(()),
    }
}
