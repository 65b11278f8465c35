//! The cache: broken, shared, left behind by a killed process.

use std::fs;
use std::path::{Path, PathBuf};

use git_source::{GitSource, GitSourceBuilder};
use warehouse_testkit::GitRepository;

use crate::support::{add, find, ids, log, server_with};

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
    assert_eq!(count, 5, "lock, shallow, tips, and a pack with its index");
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
        ["tips", "lock", "shallow"].contains(&name) || name.ends_with(".pack") || name.ends_with(".idx")
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
            let expected = log(repository, "main", limit as usize);
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

/// The cache saves traffic, and the answer does not depend on it.
#[tokio::test]
async fn a_folder_that_cannot_be_used_is_done_without() {
    let (_server, repository) = server_with(3);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let mut folders = vec![file.clone(), file.join("below")];
    // Where not even root may write.
    folders.extend(cfg!(target_os = "linux").then(|| PathBuf::from("/proc/cache")));
    // A file in the place of each folder in turn.
    for place in ["git-1", "commits", "objects", "pack", "lock"] {
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
            assert_eq!(ids(&find(&source).await), log(&repository, "main", 20), "{}", folder.display());
        }
    }
}
