//! The registries that are measured on: a token is wanted, a page holds a thousand tags, images are for six platforms.

use artifact_http::{Credential, HttpClient};
use image_source::{ImageSource, ImageSourceBuilder};
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::{ImageBuilder, Registry, RegistryBuilder};

use super::exchange::Failure;
use super::kargo::Kargo;

/// The one repository of each.
pub const REPOSITORY: &str = "demo/app";
const USER: (&str, &str) = ("me", "secret");
const PLATFORMS: [&str; 6] =
    ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x"];
const CREATED: &str = "org.opencontainers.image.created";

/// A registry and what is in it.
#[derive(Debug)]
pub struct Shape(pub Registry);

impl Shape {
    /// 3,000 versions. Three pages of tags.
    ///
    /// # Errors
    ///
    /// What the registry says that could not be started.
    pub fn versions() -> Result<Self, Failure> {
        let shape = Self::start(Registry::builder())?;
        (0..3000).for_each(|number| drop(shape.version(number).platforms(PLATFORMS).push()));
        Ok(shape)
    }

    /// 3,000 tags, 1,400 of them versions. Four pages: a full one is followed by a link, be there anything behind it or not, as
    /// the reference registry does it.
    ///
    /// # Errors
    ///
    /// As [`versions`](Self::versions).
    pub fn some_versions() -> Result<Self, Failure> {
        let shape = Self::start(Registry::builder().link_after_full_page())?;
        (0..1400).for_each(|number| drop(shape.version(number).platforms(PLATFORMS).push()));
        shape.fill_up("main", 3000)?;
        Ok(shape)
    }

    /// 3,000 tags, 2,100 of them versions that are not indexes: one manifest for linux/amd64 each. Four pages.
    ///
    /// # Errors
    ///
    /// As [`versions`](Self::versions).
    pub fn single_manifests() -> Result<Self, Failure> {
        let shape = Self::start(Registry::builder().link_after_full_page())?;
        (0..2100).for_each(|number| drop(shape.version(number).single("linux/amd64").push()));
        shape.fill_up("main", 3000)?;
        Ok(shape)
    }

    /// 1,000 tags, 960 of them builds whose index says when they were made; the others begin with `cache-`. Two pages.
    ///
    /// # Errors
    ///
    /// As [`versions`](Self::versions).
    pub fn builds() -> Result<Self, Failure> {
        let shape = Self::start(Registry::builder().link_after_full_page())?;
        for number in 0..960 {
            let created = moment(number);
            shape.version(number).platforms(PLATFORMS).annotation(CREATED, created).push();
        }
        shape.fill_up("cache", 1000)?;
        Ok(shape)
    }

    fn start(builder: RegistryBuilder) -> Result<Self, Failure> {
        Ok(Self(builder.bearer(USER.0, USER.1).page_size(1000).start()?))
    }

    fn version(&self, number: usize) -> ImageBuilder<'_> {
        self.0.image(REPOSITORY).tag(format!("1.{number}.0")).created(moment(number))
    }

    /// More tags of one image, none of them a version.
    fn fill_up(&self, prefix: &str, total: usize) -> Result<(), Failure> {
        for number in self.0.tags(REPOSITORY).len()..total {
            self.0.tag(REPOSITORY, "1.0.0", &format!("{prefix}-{number}"))?;
        }
        Ok(())
    }

    /// Kargo's pattern on it.
    pub fn kargo(&self) -> Kargo {
        Kargo::new(self.0.address(), REPOSITORY, USER.0, USER.1)
    }

    /// Ours on it.
    ///
    /// # Errors
    ///
    /// What the client says that could not be built.
    pub fn ours(&self, rule: TagRule) -> Result<ImageSourceBuilder, Failure> {
        let http = HttpClient::builder().build()?;
        let client = RegistryClient::builder(http)
            .credentials(Credential::password(USER.0, USER.1))
            .pace(None)
            .build();
        Ok(ImageSource::builder(format!("{}/{REPOSITORY}", self.0.host()))
            .registry(client.clone())
            .rule(rule))
    }
}

/// The later, the larger the number.
fn moment(number: usize) -> String {
    format!("2024-01-01T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60)
}
