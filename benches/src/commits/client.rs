//! The process that is measured: one poll of some subscriptions, one way.

use std::path::Path;

use super::Failure;
use super::subscription::Work;
use super::{kargo, ours, plain};

/// How commits are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// This project.
    Ours,
    /// Kargo's commands.
    Kargo,
    /// Kargo's commands with partial clones.
    KargoBlobless,
    /// A clone that is kept.
    Clone,
    /// A partial clone without a work tree that is kept.
    PartialClone,
}

impl Way {
    /// All of them, ours first.
    pub const ALL: [Self; 5] =
        [Self::Ours, Self::Kargo, Self::KargoBlobless, Self::Clone, Self::PartialClone];

    /// The name in the table and in the arguments of the process.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Kargo => "Kargo's pattern",
            Self::KargoBlobless => "Kargo's pattern, blobless",
            Self::Clone => "`git clone`, then `git fetch`",
            Self::PartialClone => "the same with `--filter=blob:none`",
        }
    }
}

/// Polls as the arguments `WAY WORK URL FOLDER` say. Prints the ids that each subscription found, as JSON. What is kept between two polls is in the folder.
///
/// # Errors
///
/// Those of the arguments, of Git and of the discovery.
pub fn client(arguments: &[String]) -> Result<(), Failure> {
    let [way, work, url, folder] = arguments else { return Err("WAY WORK URL FOLDER".into()) };
    let way = Way::ALL.into_iter().find(|known| known.name() == way).ok_or("no such way")?;
    let work = Work::ALL.into_iter().find(|known| known.name() == work).ok_or("no such work")?;
    println!("{}", serde_json::to_string(&poll(way, work, url, Path::new(folder))?)?);
    Ok(())
}

fn poll(way: Way, work: Work, url: &str, folder: &Path) -> Result<Vec<Vec<String>>, Failure> {
    let subscriptions = work.subscriptions();
    match way {
        Way::Ours => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(ours::discover(url, &subscriptions, folder))
        }
        Way::Kargo | Way::KargoBlobless => {
            let each = |(number, subscription)| {
                let memory = folder.join(format!("{number}"));
                kargo::poll(url, subscription, way == Way::KargoBlobless, &memory)
            };
            subscriptions.iter().enumerate().map(each).collect()
        }
        Way::Clone | Way::PartialClone => {
            let mut fetched = Vec::new();
            for subscription in &subscriptions {
                let clone = plain::clone_of(subscription, folder);
                if !fetched.contains(&clone) {
                    plain::bring(url, subscription, way == Way::PartialClone, folder)?;
                    fetched.push(clone);
                }
            }
            subscriptions.iter().map(|subscription| plain::select(subscription, folder)).collect()
        }
    }
}
