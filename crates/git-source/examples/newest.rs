//! Prints the newest commits of a repository, twice, and their cost.
//!
//! ```text
//! cargo run -p git-source --example newest -- https://github.com/akuity/kargo main
//! ```

use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
use git_source::{CommitRule, GitSource};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: newest URL [BRANCH]")?;
    let source = GitSource::builder(url)
        .rule(CommitRule::builder().branch(arguments.next().unwrap_or_default()).build()?)
        .build()?;

    let mut previous = None;
    for _ in 0..2 {
        match source.discover(DiscoverRequest::new().with_previous(previous.as_ref())).await? {
            Discovery::Unchanged { cost } => println!("unchanged: {cost}"),
            Discovery::Found(found) => {
                for commit in &found.artifacts {
                    println!("{} {}", &commit.id[..12], commit.subject);
                }
                println!("{} commits: {}", found.artifacts.len(), found.cost);
                previous = found.observation;
            }
        }
    }
    Ok(())
}
