//! What a damaged, foreign or unusable place does to the cache on disk: it costs, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use image_source::{CacheScope, DiskCache, FactCache, Facts};
use oci_registry::Digest;

fn scope() -> CacheScope {
    CacheScope::new("ghcr.io/a/b", "me")
}

fn digest(number: usize) -> Digest {
    Digest::of(&number.to_be_bytes())
}

fn facts(number: usize) -> Facts {
    let text = format!(r#"{{"manifest": {{"annotations": {{"number": "{number}"}}}}}}"#);
    serde_json::from_str(&text).unwrap()
}

fn tag(number: usize) -> String {
    format!("1.{number}.0")
}

async fn write(cache: &DiskCache, numbers: impl IntoIterator<Item = usize>) {
    cache.open(&scope()).await;
    for number in numbers {
        cache.put(&scope(), &digest(number), facts(number));
        cache.put_tag(&scope(), &tag(number), &digest(number));
    }
    cache.flush(&scope()).await;
}

/// How many of the first so many facts and tags are known. What is known is right.
async fn known(folder: &Path, among: usize) -> usize {
    let cache = DiskCache::new(folder);
    cache.open(&scope()).await;
    let mut known = 0;
    for number in 0..among {
        if let Some(found) = cache.get(&scope(), &digest(number)) {
            assert_eq!(found, facts(number));
            known += 1;
        }
        if let Some(found) = cache.digest_of(&scope(), &tag(number)) {
            assert_eq!(found, digest(number));
            known += 1;
        }
    }
    known
}

/// The young file of the one scope in a folder.
fn young(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "young")).unwrap()
}

/// After whatever happened, it can be written and read again.
async fn recovers(folder: &Path) {
    let cache = DiskCache::new(folder);
    write(&cache, 0..20).await;
    assert_eq!(known(folder, 20).await, 40);
}

#[tokio::test]
async fn cut_off_anywhere_only_the_last_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    write(&DiskCache::new(folder.path()), 0..5).await;
    let path = young(folder.path());
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        // A line counts as soon as its last byte is there, but for its end.
        let complete = whole[..length].iter().chain(whole.get(length)).filter(|byte| **byte == b'\n').count();
        let expected = complete.saturating_sub(1);
        assert_eq!(known(folder.path(), 5).await, expected, "{length} of {} bytes", whole.len());

        // The next writer does not continue the truncated line.
        write(&DiskCache::new(folder.path()), 10..12).await;
        let after = known(folder.path(), 12).await;
        assert_eq!(after, expected + 4, "{length} of {} bytes, and two more", whole.len());
    }
}

#[tokio::test]
async fn a_changed_byte_costs_a_line_or_two() {
    let folder = tempfile::tempdir().unwrap();
    write(&DiskCache::new(folder.path()), 0..50).await;
    let path = young(folder.path());
    let whole = fs::read(&path).unwrap();
    let mut random = 1_u64;
    for _ in 0..1000 {
        // A generator of numbers that is the same every time (xorshift).
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let position = usize::try_from(random % whole.len() as u64).unwrap();
        let mut changed = whole.clone();
        changed[position] ^= 1 << (random >> 32 & 7);
        fs::write(&path, &changed).unwrap();
        let known = known(folder.path(), 50).await;
        assert!(known >= 98, "{known} of 100 after a change of byte {position}");
    }
    recovers(folder.path()).await;
}

#[tokio::test]
async fn a_file_in_another_format_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    write(&DiskCache::new(folder.path()), 0..50).await;
    let path = young(folder.path());
    let ours = fs::read_to_string(&path).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = DiskCache::new(elsewhere.path());
    let other_scope = CacheScope::new("ghcr.io/a/b", "you");
    other.put(&other_scope, &digest(1), facts(2));
    other.flush(&other_scope).await;

    for (what, bytes) in [
        ("zeros", vec![0; 100_000]),
        ("one long line", vec![b'x'; 100_000]),
        ("no text", (0..=255).cycle().take(100_000).collect()),
        // Its title is another, and so are its checks.
        ("another version", ours.replace("version 3", "version 4").replace('{', "[").into_bytes()),
        ("the file of another scope", fs::read(young(elsewhere.path())).unwrap()),
    ] {
        fs::write(&path, &bytes).unwrap();
        let cache = DiskCache::new(folder.path());
        cache.open(&scope()).await;
        for number in 0..50 {
            assert_eq!(cache.get(&scope(), &digest(number)), None, "{what}");
        }
        if what != "the file of another scope" {
            let problem = cache.take_problem().unwrap();
            assert!(problem.contains(&path.display().to_string()), "{what}: {problem}");
        }
        assert_eq!(cache.take_problem(), None, "{what}: it is told once");
        write(&cache, 0..20).await;
        assert_eq!(cache.take_problem(), None, "{what}");
        assert_eq!(known(folder.path(), 20).await, 40, "{what}");
        if what != "the file of another scope" {
            assert!(
                fs::read_to_string(&path)
                    .unwrap()
                    .starts_with("# facts, version 3, of images of ghcr.io/a/b\n")
            );
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a/b");
    write(&DiskCache::new(&place), 0..5).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place), mode(&young(&place))), (0o700, 0o600));
}

/// Nothing is stored in this folder, the error is reported, and the memory is used all the same.
async fn is_done_without(place: &Path, why: &str) {
    let cache = DiskCache::new(place);
    write(&cache, 0..20).await;
    let problem = cache.take_problem().unwrap();
    assert!(problem.contains(why) && problem.contains(&place.display().to_string()), "{problem}");
    cache.open(&scope()).await;
    assert_eq!(cache.get(&scope(), &digest(7)), Some(facts(7)));
    assert_eq!(cache.digest_of(&scope(), "1.7.0"), Some(digest(7)));
    assert_eq!(known(place, 20).await, 0);
}

#[tokio::test]
async fn unusable_folders_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    is_done_without(&file, "").await;
    is_done_without(&file.join("below"), "").await;
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    is_done_without(Path::new("/proc/no-such-place"), "").await;

    // A folder in a file's place may be somebody's: it is left alone.
    let place = folder.path().join("place");
    write(&DiskCache::new(&place), 0..5).await;
    let path = young(&place);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("precious"), "").unwrap();
    is_done_without(&place, "").await;
    assert!(path.join("precious").exists());
    fs::remove_dir_all(&path).unwrap();
    recovers(&place).await;

    // The lock likewise.
    fs::remove_file(place.join("lock")).unwrap();
    fs::create_dir(place.join("lock")).unwrap();
    let cache = DiskCache::new(&place);
    write(&cache, 30..40).await;
    assert!(cache.take_problem().unwrap().starts_with("facts about images could not be cached: "));
    assert_eq!(known(&place, 20).await, 40, "what is there is read without a lock");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_only_be_read_is_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    write(&DiskCache::new(folder.path()), 0..20).await;
    let allow = |mode| {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(mode & 0o666)).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0o500);
    assert_eq!(known(folder.path(), 20).await, 40);
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("SKIPPED: this user may write everywhere, so that it cannot be tried");
        allow(0o700);
        return;
    }
    let cache = DiskCache::new(folder.path());
    write(&cache, 20..30).await;
    assert!(cache.take_problem().unwrap().contains("could not be kept"));
    allow(0o000);
    let cache = DiskCache::new(folder.path());
    write(&cache, 20..30).await;
    assert!(cache.take_problem().is_some());
    allow(0o700);
    recovers(folder.path()).await;
}

#[tokio::test]
async fn the_wait_for_another_writer_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    write(&DiskCache::new(folder.path()), 0..5).await;
    let lock = fs::File::options().write(true).open(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let cache = DiskCache::new(folder.path());
    write(&cache, 5..10).await;
    let problem = cache.take_problem().unwrap();
    assert!(problem.contains("another process has held it for 2.0s"), "{problem}");
    // That was in vain, so nothing more is waited for: not in this discovery, nor for another scope, nor in the next one.
    let other = CacheScope::new("ghcr.io/a/c", "me");
    for scope in [&scope(), &other, &scope(), &other] {
        for number in 5..10 {
            cache.get(scope, &digest(number));
            cache.put(scope, &digest(number), facts(number));
        }
        cache.flush(scope).await;
        let problem = cache.take_problem().unwrap();
        assert!(problem.ends_with("another process holds it"), "{problem}");
        cache.open(scope).await;
    }
    assert_eq!(known(folder.path(), 10).await, 10, "reading needs no lock");
    lock.unlock().unwrap();
    // What could not be written is written when it is used again.
    let used: BTreeMap<usize, _> =
        (5..10).map(|number| (number, cache.get(&scope(), &digest(number)))).collect();
    assert!(used.values().all(Option::is_some));
    cache.flush(&scope()).await;
    assert_eq!(known(folder.path(), 10).await, 10 + 5);
}

/// Each discovery waits again, if the lock was free in between.
#[tokio::test]
async fn the_lock_is_waited_for_again_after_it_was_free() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path());
    write(&cache, 0..5).await;
    let lock = fs::File::options().write(true).open(folder.path().join("lock")).unwrap();
    for numbers in [5..10, 10..15] {
        lock.lock().unwrap();
        write(&cache, numbers.clone()).await;
        let problem = cache.take_problem().unwrap();
        assert!(problem.contains("another process has held it for 2.0s"), "{problem}");
        lock.unlock().unwrap();
        write(&cache, numbers).await;
        assert_eq!(cache.take_problem(), None);
    }
    assert_eq!(known(folder.path(), 15).await, 30);

    // Within one discovery, what was waited was waited.
    cache.open(&scope()).await;
    for (number, words) in [(20, "another process has held it for 2.0s"), (21, "another process holds it")] {
        lock.lock().unwrap();
        cache.put(&scope(), &digest(number), facts(number));
        cache.flush(&scope()).await;
        let problem = cache.take_problem().unwrap();
        assert!(problem.ends_with(words), "{problem}");
        lock.unlock().unwrap();
        cache.put(&scope(), &digest(number + 10), facts(number + 10));
        cache.flush(&scope()).await;
        assert_eq!(cache.take_problem(), None);
    }
}

#[tokio::test]
async fn records_that_another_process_wrote_meanwhile_are_read_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (DiskCache::new(folder.path()), DiskCache::new(folder.path()));
    write(&one, 0..5).await;
    one.open(&scope()).await;
    write(&other, 5..10).await;
    one.put(&scope(), &digest(10), facts(10));
    one.flush(&scope()).await;
    one.open(&scope()).await;
    for number in 0..=10 {
        assert_eq!(one.get(&scope(), &digest(number)), Some(facts(number)));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn neither_links_nor_pipes_in_a_files_place_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    write(&DiskCache::new(&place), 0..5).await;
    let young = young(&place);
    let file = folder.path().join("file");
    let absent = folder.path().join("absent");
    for (path, reads) in
        [(young.clone(), false), (young.with_extension("old"), false), (place.join("lock"), true)]
    {
        for what in ["precious", ""] {
            fs::write(&file, what).unwrap();
            let _ = fs::remove_file(&path);
            std::os::unix::fs::symlink(&file, &path).unwrap();
            is_refused(&place, &path, "it is a link, which is not followed", reads).await;
            assert_eq!(fs::read_to_string(&file).unwrap(), what);
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&absent, &path).unwrap();
        is_refused(&place, &path, "it is a link, which is not followed", reads).await;
        assert!(!absent.exists());

        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        is_refused(&place, &path, "it is not a file", reads).await;
        fs::remove_file(&path).unwrap();
        recovers(&place).await;
    }
}

/// The error says that this file is not used, and why; the memory is used all the same, and nothing waits.
async fn is_refused(place: &Path, path: &Path, why: &str, reads: bool) {
    /// Facts that are not in the file yet.
    static NEW: AtomicUsize = AtomicUsize::new(100);
    let cache = DiskCache::new(place);
    cache.open(&scope()).await;
    let opened = cache.take_problem();
    let number = NEW.fetch_add(1, Ordering::Relaxed);
    write(&cache, [number]).await;
    let problem = if reads { cache.take_problem() } else { opened };
    let problem = problem.unwrap();
    assert!(problem.ends_with(&format!("{}: {why}", path.display())), "{problem}");
    assert_eq!(cache.get(&scope(), &digest(number)), Some(facts(number)));
}
