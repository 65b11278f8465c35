//! The cache: damaged, shared, left by a killed process, bounded, private.

use std::fs;
use std::path::{Path, PathBuf};

use artifact_source::{ArtifactSource, DiscoverRequest, Recorder};
use git_source::{GitSource, GitSourceBuilder};
use warehouse_testkit::{Commit, GitRepository, GitServer};

use crate::support::{add, find, ids, log, rule, server_with};

fn builder(repository: &GitRepository, folder: &Path) -> GitSourceBuilder {
    GitSource::builder(repository.url()).cache_dir(folder.to_owned())
}

/// Everything under a folder, the nearest first.
fn folders_and_files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let below: Vec<_> =
        found.iter().filter(|path| path.is_dir()).flat_map(|path| folders_and_files(path)).collect();
    found.extend(below);
    found
}

/// All files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[tokio::test]
async fn any_file_of_it_may_be_lost_or_damaged() {
    let (_server, repository) = server_with(30);
    let count = {
        let folder = tempfile::tempdir().unwrap();
        find(&builder(&repository, folder.path()).build().unwrap()).await;
        files(folder.path()).len()
    };
    assert_eq!(count, 7, "the greeting, lock, writer, shallow, tips, and a pack with its index");
    for number in 0..count {
        for damage in ["gone", "empty", "garbage", "cut"] {
            let folder = tempfile::tempdir().unwrap();
            find(&builder(&repository, folder.path()).build().unwrap()).await;
            let file = files(folder.path()).remove(number);
            let before = fs::read(&file).unwrap();
            // Packs are read-only.
            fs::remove_file(&file).unwrap();
            match damage {
                "gone" => {}
                "empty" => fs::write(&file, b"").unwrap(),
                "garbage" => fs::write(&file, b"\xff\x00garbage\n".repeat(200)).unwrap(),
                _ => fs::write(&file, &before[..before.len() / 2]).unwrap(),
            }
            for state in ["unmoved", "moved"] {
                let found = find(&builder(&repository, folder.path()).build().unwrap()).await;
                assert_eq!(ids(&found), log(&repository, "main", 20), "{damage} {}, {state}", file.display());
                add(&repository, "main", 1);
            }
        }
    }
}

/// The store has the trees of the newest commits, and of the others none. A branch begins at one of those: the server believes that their trees are
/// here, and sends what differs from them.
#[tokio::test]
async fn a_branch_may_begin_at_a_commit_without_trees() {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let mut history = repository.history().unwrap();
    let wide = (0..200).fold(Commit::new("Begin"), |commit, number| {
        commit.file(format!("apps/file-{number}"), format!("{number}")).file(format!("file-{number}"), "")
    });
    history.commit("main", wide);
    for number in 0..400 {
        let commit = Commit::new(format!("Change {number}")).file("apps/file-7", format!("change {number}"));
        history.commit("main", commit);
    }
    history.write().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let on = |branch: &str, limit| {
        let rule = rule(|rule| rule.branch(branch.to_owned()).include_paths(["apps"]));
        builder(&repository, folder.path()).rule(rule).limit(limit).build().unwrap()
    };
    find(&builder(&repository, folder.path()).limit(400).build().unwrap()).await;
    find(&on("main", 5)).await;

    repository.git(["branch", "release", "main~300"]).unwrap();
    let mut history = repository.history().unwrap();
    history.commit("release", Commit::new("Fix").file("apps/file-9", "fixed"));
    history.write().unwrap();
    server.log().clear();
    let found = find(&on("release", 5)).await;
    assert_eq!(ids(&found), log(&repository, "release", 5));
    assert_eq!(server.log().counters().requests, 5, "the pack that cannot be used costs one");
    // The store was not emptied.
    server.log().clear();
    find(&on("main", 5)).await;
    assert_eq!(server.log().counters().requests, 1);
}

#[tokio::test]
async fn what_a_killed_process_leaves_behind_is_removed() {
    let (_server, repository) = server_with(3);
    let folder = tempfile::tempdir().unwrap();
    find(&builder(&repository, folder.path()).build().unwrap()).await;
    let shallow = files(folder.path()).into_iter().find(|file| file.ends_with("tips")).unwrap();
    let store = shallow.parent().unwrap();
    fs::write(store.join("shallow.lock"), b"").unwrap();
    fs::write(store.join("objects/pack/.tmpAbCdEf"), b"PACK").unwrap();
    fs::write(store.join("objects/pack/pack-0123.keep"), b"").unwrap();
    add(&repository, "main", 1);

    let found = find(&builder(&repository, folder.path()).build().unwrap()).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert!(files(store).iter().all(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        ["tips", "lock", "writer", "shallow"].contains(&name)
            || name.ends_with(".pack")
            || name.ends_with(".idx")
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sources_share_it() {
    let (server, repository) = server_with(25);
    let other = server.create("other.git").unwrap();
    add(&other, "main", 4);
    let folder = tempfile::tempdir().unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (repository, limit) = if number % 2 == 0 { (&repository, 5 + number) } else { (&other, 20) };
            let source = builder(repository, folder.path()).limit(limit).build().unwrap();
            let expected = log(repository, "main", limit);
            tokio::spawn(async move { (ids(&find(&source).await), expected) })
        })
        .collect();
    for task in tasks {
        let (found, expected) = task.await.unwrap();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn it_does_not_grow_for_ever() {
    let (_server, repository) = server_with(1);
    let folder = tempfile::tempdir().unwrap();
    let source = builder(&repository, folder.path()).build().unwrap();
    for _ in 0..60 {
        add(&repository, "main", 1);
        assert_eq!(ids(&find(&source).await), log(&repository, "main", 20));
    }
    let packs =
        files(folder.path()).iter().filter(|file| file.extension().is_some_and(|end| end == "pack")).count();
    assert!(packs <= 51, "{packs}");
}

/// The cache saves traffic, and the answer does not depend on it. The caller is told once per discovery.
#[tokio::test]
async fn a_folder_that_cannot_be_used_is_told_and_the_answer_is_right() {
    let (_server, repository) = server_with(3);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let mut folders = vec![file.clone(), file.join("below")];
    // Where not even root may write.
    folders.extend(cfg!(target_os = "linux").then(|| PathBuf::from("/proc/cache")));
    // A file in the place of each folder in turn.
    for place in ["git-2", "tmp", "commits", "objects", "pack", "lock", "writer"] {
        let cache = folder.path().join(format!("no-{place}"));
        find(&builder(&repository, &cache).build().unwrap()).await;
        let taken = folders_and_files(&cache).into_iter().find(|path| path.ends_with(place)).unwrap();
        if taken.is_dir() {
            fs::remove_dir_all(&taken).unwrap();
            fs::write(&taken, b"").unwrap();
        } else {
            fs::remove_file(&taken).unwrap();
            fs::create_dir(&taken).unwrap();
        }
        folders.push(cache);
    }
    for folder in folders {
        let source = builder(&repository, &folder).build().unwrap();
        for _ in 0..2 {
            add(&repository, "main", 1);
            let recorder = Recorder::new();
            let request = DiscoverRequest::new().with_trace(&recorder);
            let found = source.discover(request).await.unwrap().found().unwrap();
            assert_eq!(ids(&found), log(&repository, "main", 20), "{}", folder.display());
            let warnings = recorder.warnings();
            let [warning] = &warnings[..] else { panic!("{}: {warnings:?}", folder.display()) };
            assert!(warning.message.starts_with("the cache folder "), "{warning}");
            assert!(warning.message.contains(&folder.display().to_string()), "{warning}");
            assert!(warning.message.contains(" cannot be used: "), "{warning}");
            assert!(warning.hint.as_ref().is_some_and(|hint| hint.contains("name another cache directory")));
        }
    }
}

/// The locks of all stores.
fn stores(folder: &Path) -> Vec<PathBuf> {
    let mut stores: Vec<_> = files(folder).into_iter().filter(|file| file.ends_with("lock")).collect();
    stores.sort();
    stores
}

#[tokio::test]
async fn it_has_a_bound() {
    let (server, repository) = server_with(20);
    let other = server.create("other.git").unwrap();
    add(&other, "main", 20);
    let folder = tempfile::tempdir().unwrap();
    let find_within = async |repository: &GitRepository, bytes: u64| {
        let source = builder(repository, folder.path()).max_cache_bytes(bytes).build().unwrap();
        let found = find(&source).await;
        assert_eq!(ids(&found), log(repository, "main", 20));
        found.cost.requests
    };
    assert_eq!(find_within(&repository, 1 << 20).await, 3);
    let first = stores(folder.path());
    assert_eq!(find_within(&other, 1 << 20).await, 3);
    assert_eq!(stores(folder.path()).len(), 2, "there is room for both");
    assert_eq!(find_within(&repository, 1 << 20).await, 1, "it is in the cache");

    // Nothing is removed while nothing grows; then what was not used for longest is.
    assert_eq!(find_within(&repository, 1).await, 1);
    assert_eq!(stores(folder.path()).len(), 2);
    add(&repository, "main", 1);
    assert_eq!(find_within(&repository, 1).await, 2);
    assert_eq!(stores(folder.path()), first, "the other one is gone");
    assert_eq!(find_within(&other, 1).await, 3, "and it is fetched again");
    assert_eq!(stores(folder.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_in_use_is_not_removed() {
    let (server, repository) = server_with(20);
    let others: Vec<_> =
        (0..4).map(|number| server.create(&format!("other-{number}.git")).unwrap()).collect();
    for other in &others {
        add(other, "main", 20);
    }
    let folder = tempfile::tempdir().unwrap();
    let http = artifact_http::HttpClient::builder().build().unwrap();
    for _ in 0..3 {
        let tasks: Vec<_> = others
            .iter()
            .chain([&repository])
            .flat_map(|repository| [repository, repository])
            .map(|repository| {
                let source = builder(repository, folder.path()).max_cache_bytes(1).http(http.clone());
                let (source, expected) = (source.build().unwrap(), log(repository, "main", 20));
                tokio::spawn(async move {
                    let recorder = Recorder::new();
                    let found = source.discover(DiscoverRequest::new().with_trace(&recorder)).await;
                    (ids(&found.unwrap().found().unwrap()), expected, recorder.warnings())
                })
            })
            .collect();
        for task in tasks {
            let (found, expected, warnings) = task.await.unwrap();
            assert_eq!(found, expected);
            assert!(warnings.is_empty(), "{warnings:?}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_server, repository) = server_with(20);
    repository.git(["config", "uploadpackfilter.tree.allow", "false"]).unwrap();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("made/by/the/source");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    find(&builder(&repository, &folder).build().unwrap()).await;
    let all = folders_and_files(parent.path());
    assert!(all.iter().any(|path| path.ends_with("filter")), "{all:?}");
    for path in &all {
        if path.is_dir() {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        } else {
            assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
        }
    }

    // What an older version made is closed.
    for path in all.iter().rev() {
        fs::set_permissions(path, fs::Permissions::from_mode(if path.is_dir() { 0o755 } else { 0o644 }))
            .unwrap();
    }
    add(&repository, "main", 1);
    find(&builder(&repository, &folder).build().unwrap()).await;
    assert_eq!(mode(&folder.join("git/git-2")), 0o700);
    // The store that is in use since the server refused a filter.
    let store = stores(&folder).into_iter().find(|lock| lock.to_string_lossy().contains("/trees/")).unwrap();
    for path in folders_and_files(store.parent().unwrap()) {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}
