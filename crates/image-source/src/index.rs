//! Judging an index by the images that it lists, and that the indexes inside it list (semantics rules 3.5, 3.6 and 3.10).

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use artifact_source::{Error, ErrorKind};
use futures::future::try_join_all;
use jiff::Timestamp;
use oci_registry::Digest;

use crate::facts::{Entry, ManifestFacts};
use crate::inspect::Inspector;
use crate::miss::{Miss, not_an_image, wrong_platform};
use crate::{created, platform};

/// How many indexes may stand inside each other, below the one that the tag names.
const DEEPEST: u8 = 4;
/// How many entries of indexes inside an index are looked at, for one tag.
const MOST_BELOW: usize = 1000;

type Annotations = BTreeMap<String, String>;
type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Miss>> + Send + 'a>>;

/// An image of an index, wherever in it.
#[derive(Clone, Debug)]
struct Leaf {
    entry: Entry,
    /// The annotations of the indexes between the outermost and the image, the inner ones on top.
    above: Annotations,
}

/// What was read for the time of an entry.
#[derive(Debug)]
struct Built {
    time: Timestamp,
    /// The manifests of images that were read, and what they say of themselves.
    read: Vec<(Digest, Annotations)>,
}

/// What is left of what may be looked at below one tag.
#[derive(Clone, Copy, Debug)]
struct Nest<'a> {
    depth: u8,
    looked_at: &'a AtomicUsize,
}

impl Nest<'_> {
    /// One level further down, where there are so many entries.
    fn below(self, entries: usize) -> Result<Self, Miss> {
        let looked_at = self.looked_at.fetch_add(entries, Ordering::Relaxed) + entries;
        let message = match self.depth {
            DEEPEST => format!("indexes inside the index stand more than {DEEPEST} deep"),
            _ if looked_at > MOST_BELOW => {
                format!("indexes inside the index have more than {MOST_BELOW} entries")
            }
            depth => return Ok(Self { depth: depth + 1, ..self }),
        };
        Err(Miss::Refused(Error::new(ErrorKind::TooLarge, message)))
    }
}

impl Inspector<'_> {
    /// Judges an index: when it was built, if that is known or needed; `annotations` become those of the image.
    pub(crate) async fn index(
        &self,
        entries: &[Entry],
        facts: &ManifestFacts,
        needs_time: bool,
        annotations: &mut Annotations,
    ) -> Result<Option<Timestamp>, Miss> {
        let looked_at = AtomicUsize::new(0);
        let nest = Nest { depth: 0, looked_at: &looked_at };
        let chosen = self.chosen(entries, nest).await?;
        let (time, mut read) = match created::stated(&facts.annotations) {
            Some(time) => (Some(time), Vec::new()),
            None => self.newest(entries, needs_time, nest).await?,
        };
        if let Some(Leaf { entry, above }) = chosen {
            annotations.extend(above);
            let position = read.iter().position(|(digest, _)| *digest == entry.digest);
            annotations.extend(position.map(|position| read.swap_remove(position).1).unwrap_or_default());
            annotations.extend(entry.annotations);
        }
        Ok(time)
    }

    /// When an index was built that does not say so itself: as the newest image in it, whichever platform is wanted. What was
    /// read for that comes with it. `None` where that is neither known nor needed.
    async fn newest(
        &self,
        entries: &[Entry],
        needs_time: bool,
        nest: Nest<'_>,
    ) -> Result<(Option<Timestamp>, Vec<(Digest, Annotations)>), Miss> {
        let known = entries.iter().map(|entry| created::stated(&entry.annotations));
        let known: Option<Vec<Timestamp>> = known.collect();
        match known {
            Some(times) => Ok((times.into_iter().max(), Vec::new())),
            None if needs_time => {
                let builds = try_join_all(entries.iter().map(|entry| self.build(entry, nest))).await?;
                let time = builds.iter().map(|build| build.time).max();
                Ok((time, builds.into_iter().flat_map(|build| build.read).collect()))
            }
            None => Ok((None, Vec::new())),
        }
    }

    /// The image of the wanted platform, if one is wanted. Indexes inside are read only where the entries beside them do not
    /// decide.
    async fn chosen(&self, entries: &[Entry], nest: Nest<'_>) -> Result<Option<Leaf>, Miss> {
        let is_image = |entry: &&Entry| platform::is_real(&entry.platform);
        let beside: Vec<Leaf> = entries.iter().filter(is_image).map(Leaf::from).collect();
        let Some(constraint) = self.platform else {
            return match beside.is_empty() && self.leaves(entries, nest).await?.is_empty() {
                true => Err(not_an_image("an index that lists no image, nor do the indexes inside it")),
                false => Ok(None),
            };
        };
        let choose = |leaves: &[Leaf]| {
            let fits = |leaf: &&Leaf| constraint.fits(&leaf.entry.platform);
            // Of several variants the plain one describes the image best.
            let plain = leaves.iter().filter(fits).find(|leaf| leaf.entry.platform.variant.is_none());
            plain.or_else(|| leaves.iter().find(fits)).cloned()
        };
        if let Some(leaf) = choose(&beside) {
            return Ok(Some(leaf));
        }
        let leaves = self.leaves(entries, nest).await?;
        match choose(&leaves) {
            Some(leaf) => Ok(Some(leaf)),
            None if leaves.is_empty() => {
                Err(not_an_image("an index that lists no image, nor do the indexes inside it"))
            }
            None => Err(wrong_platform(constraint, leaves.iter().map(|leaf| &leaf.entry.platform))),
        }
    }

    /// The images that these entries are, and those in the indexes among them that are listed without a platform.
    fn leaves<'a>(&'a self, entries: &'a [Entry], nest: Nest<'a>) -> Boxed<'a, Vec<Leaf>> {
        Box::pin(async move {
            let leaves = entries.iter().map(async |entry| {
                if platform::is_real(&entry.platform) {
                    return Ok(vec![Leaf::from(entry)]);
                }
                let Some(facts) = self.child(entry).await? else { return Ok(Vec::new()) };
                let Some(inner) = &facts.entries else { return Ok(Vec::new()) };
                let mut leaves = self.leaves(inner, nest.below(inner.len())?).await?;
                for leaf in &mut leaves {
                    let inner = std::mem::replace(&mut leaf.above, facts.annotations.clone());
                    leaf.above.extend(inner);
                }
                Ok::<_, Miss>(leaves)
            });
            Ok(try_join_all(leaves).await?.into_iter().flatten().collect())
        })
    }

    /// When one entry was built: as its descriptor says, else its manifest, else its configuration, or if it is an index, as
    /// the newest image in it.
    fn build<'a>(&'a self, entry: &'a Entry, nest: Nest<'a>) -> Boxed<'a, Built> {
        Box::pin(async move {
            if let Some(time) = created::stated(&entry.annotations) {
                return Ok(Built { time, read: Vec::new() });
            }
            let Some(facts) = self.child(entry).await? else {
                return Ok(Built { time: created::UNSAID, read: Vec::new() });
            };
            let mut read = Vec::new();
            let time = match (created::stated(&facts.annotations), &facts.entries, &facts.config) {
                (Some(time), ..) => time,
                (None, Some(inner), _) => {
                    let nest = nest.below(inner.len())?;
                    let builds = try_join_all(inner.iter().map(|entry| self.build(entry, nest))).await?;
                    let time = builds.iter().map(|build| build.time).max().unwrap_or(created::UNSAID);
                    read.extend(builds.into_iter().flat_map(|build| build.read));
                    time
                }
                (None, None, Some(config)) => self.config(config).await?.created.unwrap_or(created::UNSAID),
                (None, None, None) => created::UNSAID,
            };
            read.push((entry.digest.clone(), facts.annotations));
            Ok(Built { time, read })
        })
    }

    /// The manifest of an entry; `None` for one that is no image after all.
    async fn child(&self, entry: &Entry) -> Result<Option<ManifestFacts>, Miss> {
        match self.manifest(&entry.digest).await {
            Ok(facts) => Ok(Some(facts)),
            Err(Miss::Unfit(_)) => Ok(None),
            Err(miss) => Err(miss),
        }
    }
}

impl From<&Entry> for Leaf {
    fn from(entry: &Entry) -> Self {
        Self { entry: entry.clone(), above: Annotations::new() }
    }
}
