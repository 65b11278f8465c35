//! The newest images of one repository, without a manifest.
//!
//! `cargo run -p warehouse-discovery --example one_image_repository [REPOSITORY]` asks a registry on loopback that the example starts, or the repository
//! that you name, such as `ghcr.io/akuity/kargo`.

use warehouse_discovery::image::ImageSource;
use warehouse_discovery::rules::{Constraint, TagRule};
use warehouse_discovery::source::{ArtifactSource, DiscoverRequest, Discovery};
use warehouse_testkit::Registry;

type Failure = Box<dyn std::error::Error>;

async fn newest(repository: &str) -> Result<(), Failure> {
    let rule = TagRule::semver(Some(Constraint::parse(">=1.0.0")?));
    let source = ImageSource::builder(repository).rule(rule).limit(3).build()?;

    let Discovery::Found(found) = source.discover(DiscoverRequest::new()).await? else {
        return Err("without an earlier observation nothing can be unchanged".into());
    };
    for image in &found.artifacts {
        println!("{repository}:{} {}", image.tag, image.digest);
    }
    println!("{}", found.cost);

    // The observation of this answer makes the next one cheaper: the source says `Unchanged` where it can prove it.
    let request = DiscoverRequest::new().with_previous(found.observation.as_ref());
    println!("again: {}", source.discover(request).await?.cost());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).filter(|argument| argument.contains('/')) {
        Some(repository) => newest(&repository).await,
        None => {
            let registry = Registry::start()?;
            for tag in ["1.0.0", "1.1.0", "0.9.0", "latest"] {
                registry.image("example/app").tag(tag).push();
            }
            newest(&format!("{}/example/app", registry.host())).await
        }
    }
}

#[test]
fn it_runs() {
    main().unwrap();
}
