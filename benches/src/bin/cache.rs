//! What a cache of facts about images costs on disk: ours, and one in redb behind the same trait.
//!
//! `cargo run --release -p benches --bin cache`

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use benches::redb_cache::RedbCache;
use image_source::{CacheScope, DiskCache, FactCache, Facts};
use oci_registry::Digest;

/// Images of six platforms each, of which nothing tells when they were built: an index, six manifests, six configurations.
const IMAGES: usize = 1000;
const PLATFORMS: [&str; 6] = ["amd64", "arm64", "arm", "386", "ppc64le", "s390x"];
const ROUNDS: usize = 9;
/// So many entries are in the file that is damaged.
const KEPT: usize = 700;

type Make = fn(&Path) -> Result<Arc<dyn FactCache>, Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let entries = entries()?;
    println!("{} facts and {IMAGES} tags of one repository\n", entries.len() - IMAGES);
    println!("| | written | read by a new process | bytes on disk |\n|---|---|---|---|");
    let ways: [(&str, Make); 2] = [("DiskCache", disk), ("redb", redb)];
    for (name, make) in ways {
        let mut best = (Duration::MAX, Duration::MAX);
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir().map_err(setup)?;
            let (written, read) = round(make, folder.path(), &entries).await?;
            best = (best.0.min(written), best.1.min(read));
            bytes = size(folder.path());
        }
        let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        println!("| {name} | {} | {} | {bytes} |", shown(best.0), shown(best.1));
    }
    println!(
        "\n| | a second process at the same time | of 200 bits turned over, one at a time: right answers, wrong ones, panics |\n|---|---|---|"
    );
    for (name, make) in ways {
        let folder = tempfile::tempdir().map_err(setup)?;
        let first = make(folder.path())?;
        let second = match make(folder.path()) {
            Ok(_) => "both work".to_owned(),
            Err(error) => format!("refused: {}", error.message()),
        };
        drop(first);
        let harm = harm(make, &entries).await?;
        println!("| {name} | {second} | {harm} |");
    }
    Ok(())
}

fn disk(folder: &Path) -> Result<Arc<dyn FactCache>, Error> {
    Ok(Arc::new(DiskCache::new(folder)))
}

fn redb(folder: &Path) -> Result<Arc<dyn FactCache>, Error> {
    Ok(Arc::new(RedbCache::open(&folder.join("facts.redb"))?))
}

/// Something to keep.
enum Entry {
    Fact(Digest, Facts),
    Tag(String, Digest),
}

fn entries() -> Result<Vec<Entry>, Error> {
    let fact = |text: String| serde_json::from_str::<Facts>(&text).map_err(setup);
    let mut entries = Vec::new();
    for image in 0..IMAGES {
        let digest = |part: &str| Digest::of(format!("{image} {part}").as_bytes());
        let listed: Vec<String> = PLATFORMS
            .iter()
            .map(|arch| {
                format!(
                    r#"{{"platform":{{"os":"linux","architecture":"{arch}"}},"digest":"{}"}}"#,
                    digest(arch)
                )
            })
            .collect();
        let index = fact(format!(r#"{{"manifest":{{"entries":[{}]}}}}"#, listed.join(",")))?;
        entries.push(Entry::Fact(digest("index"), index));
        for arch in PLATFORMS {
            let config = digest(&format!("{arch} config"));
            entries
                .push(Entry::Fact(digest(arch), fact(format!(r#"{{"manifest":{{"config":"{config}"}}}}"#))?));
            let text = format!(
                r#"{{"config":{{"created":"2024-01-01T00:00:00Z","platform":{{"os":"linux","architecture":"{arch}"}}}}}}"#
            );
            entries.push(Entry::Fact(config, fact(text)?));
        }
        entries.push(Entry::Tag(format!("1.{image}.0"), digest("index")));
    }
    Ok(entries)
}

/// Writes everything as a discovery does, settling every 256, and reads it again through another cache.
async fn round(make: Make, folder: &Path, entries: &[Entry]) -> Result<(Duration, Duration), Error> {
    let scope = CacheScope::new("ghcr.io/example/app", "me");
    let began = Instant::now();
    let cache = make(folder)?;
    cache.open(&scope).await;
    for (number, entry) in entries.iter().enumerate() {
        match entry {
            Entry::Fact(digest, facts) => cache.put(&scope, digest, facts.clone()),
            Entry::Tag(tag, digest) => cache.put_tag(&scope, tag, digest),
        }
        if number % 256 == 255 {
            cache.flush(&scope).await;
        }
    }
    cache.flush(&scope).await;
    drop(cache);
    let written = began.elapsed();
    let began = Instant::now();
    let (right, _) = read(make, folder, entries).await?;
    assert_eq!(right, entries.len(), "a cache of this size keeps everything");
    Ok((written, began.elapsed()))
}

/// How many entries a new cache gives back, and how many it gives back as something else.
async fn read(make: Make, folder: &Path, entries: &[Entry]) -> Result<(usize, usize), Error> {
    let scope = CacheScope::new("ghcr.io/example/app", "me");
    let cache = make(folder)?;
    cache.open(&scope).await;
    let (mut right, mut wrong) = (0, 0);
    for entry in entries {
        let is_right = match entry {
            Entry::Fact(digest, facts) => cache.get(&scope, digest).map(|found| found == *facts),
            Entry::Tag(tag, digest) => cache.digest_of(&scope, tag).map(|found| found == *digest),
        };
        right += usize::from(is_right == Some(true));
        wrong += usize::from(is_right == Some(false));
    }
    Ok((right, wrong))
}

/// What becomes of it when a bit of the file turns over.
async fn harm(make: Make, entries: &[Entry]) -> Result<String, Error> {
    let few = &entries[..entries.len().min(KEPT)];
    let folder = tempfile::tempdir().map_err(setup)?;
    round(make, folder.path(), few).await?;
    let path = largest(folder.path());
    let whole = fs::read(&path).map_err(setup)?;
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap_or_default();
    let (mut all, mut fewer, mut wrong, mut refused, mut panics) = (0, 0, 0, 0, 0);
    std::panic::set_hook(Box::new(|_| {}));
    for number in 0..200 {
        let mut bytes = whole.clone();
        bytes[number * used / 200] ^= 1 << (number % 8);
        fs::write(&path, bytes).map_err(setup)?;
        let (path, few) = (folder.path().to_owned(), few.iter().map(Entry::again).collect::<Vec<_>>());
        match tokio::spawn(async move { read(make, &path, &few).await }).await {
            Ok(Ok((_, 1..))) => wrong += 1,
            Ok(Ok((KEPT, 0))) => all += 1,
            Ok(Ok(_)) => fewer += 1,
            Ok(Err(_)) => refused += 1,
            Err(_) => panics += 1,
        }
    }
    let _ = std::panic::take_hook();
    Ok(format!(
        "{all} times everything, {fewer} times less, {wrong} times something wrong, {refused} times the file was refused, {panics} panics"
    ))
}

impl Entry {
    fn again(&self) -> Self {
        match self {
            Self::Fact(digest, facts) => Self::Fact(digest.clone(), facts.clone()),
            Self::Tag(tag, digest) => Self::Tag(tag.clone(), digest.clone()),
        }
    }
}

fn files(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.metadata().ok()?.len(), entry.path()))).collect()
}

fn size(folder: &Path) -> u64 {
    files(folder).iter().map(|(length, _)| length).sum()
}

fn largest(folder: &Path) -> PathBuf {
    files(folder).into_iter().max().map(|(_, path)| path).unwrap_or_default()
}

fn setup(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "the bench could not be set up").with_cause(cause)
}
