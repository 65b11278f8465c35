//! Prints the newest commits of a repository, twice, and what each time cost.
//!
//! ```text
//! cargo run -p git-source --example newest -- https://github.com/akuity/kargo main
//! ```

use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
use git_source::GitSource;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: newest URL [BRANCH]")?;
    let source = GitSource::builder(url).branch(arguments.next()).build()?;

    let mut seen = None;
    for _ in 0..2 {
        match source.discover(DiscoverRequest::new().with_previous(seen.as_ref())).await? {
            Discovery::Unchanged { cost } => println!("unchanged: {cost}"),
            Discovery::Found(found) => {
                for commit in &found.artifacts {
                    println!("{} {}", &commit.id[..12], commit.subject);
                }
                println!("{} commits: {}", found.artifacts.len(), found.cost);
                seen = found.observation;
            }
        }
    }
    Ok(())
}
