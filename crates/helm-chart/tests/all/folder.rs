//! Folders on disk.

use std::path::Path;

use helm_chart::{Chart, ChartFolders, DiskFolders, Error};

/// A repository with the chart `charts/web`, and these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let plain = [("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n")];
    for (path, text) in plain.iter().chain(files) {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    root
}

fn read(root: &Path) -> Result<Chart, Error> {
    Chart::read(&DiskFolders::new(root)?, "charts/web")
}

fn paths(chart: &Chart) -> Vec<&str> {
    chart.files().iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn folders_are_found_and_named() {
    let root = repository(&[
        ("charts/api/Chart.yaml", ""),
        ("charts/README.md", ""),
        ("charts/empty/x", ""),
        ("charts/web/charts/in/Chart.yaml", ""),
        ("Chart.yaml", ""),
    ]);
    let folders = DiskFolders::new(root.path()).unwrap();
    assert_eq!(folders.charts("charts").unwrap(), ["charts/api", "charts/web"]);
    assert_eq!(folders.charts("charts/web/charts/").unwrap(), ["charts/web/charts/in"]);
    assert_eq!(folders.charts("").unwrap(), <[String; 0]>::default());
    for (path, message) in
        [("nothing", "no such folder"), ("charts/README.md", "not a folder"), ("../", "not below the root")]
    {
        for error in [
            folders.charts(path).unwrap_err(),
            folders.read(path).unwrap_err(),
            folders.read_kept(path).unwrap_err(),
        ] {
            assert!(error.message().contains(message), "{path}: {error}");
        }
    }
    assert!(DiskFolders::new(root.path().join("nothing")).is_err());
}

#[cfg(unix)]
mod links {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[track_caller]
    fn refused(root: &Path, path: &str, message: &str) {
        let error = read(root).unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert_eq!(error.path(), Some(Path::new(path)), "{error}");
        // The remedy that is named works.
        assert!(error.hint().unwrap().contains(".helmignore"), "{:?}", error.hint());
        let name = path.rsplit('/').next().unwrap();
        std::fs::write(root.join("charts/web/.helmignore"), name).unwrap();
        read(root).unwrap();
    }

    #[test]
    fn a_link_stays_in_the_repository() {
        let outside = repository(&[("secret", "secret")]);
        let root = repository(&[("shared/a.txt", "a"), ("charts/web/b.txt", "b")]);
        let web = root.path().join("charts/web");
        symlink("../../shared", web.join("shared")).unwrap();
        symlink("b.txt", web.join("c.txt")).unwrap();
        let chart = read(root.path()).unwrap();
        assert_eq!(paths(&chart), ["b.txt", "c.txt", "shared/a.txt"]);

        symlink(outside.path().join("secret"), web.join("leak")).unwrap();
        refused(root.path(), "charts/web/leak", "points outside the folder of charts");
        std::fs::remove_file(web.join("leak")).unwrap();
        symlink(outside.path(), web.join("leaks")).unwrap();
        refused(root.path(), "charts/web/leaks", "points outside the folder of charts");
    }

    #[test]
    fn the_ignore_file_itself_may_not_lead_out() {
        let outside = repository(&[("secret", "secret **")]);
        let root = repository(&[]);
        symlink(outside.path().join("secret"), root.path().join("charts/web/.helmignore")).unwrap();
        let error = read(root.path()).unwrap_err();
        assert!(error.to_string().starts_with("charts/web/.helmignore: the link points outside"), "{error}");
    }

    #[test]
    fn circles_and_links_to_nothing() {
        let root = repository(&[]);
        symlink("..", root.path().join("charts/web/up")).unwrap();
        refused(root.path(), "charts/web/up/web", "points to one of its parent folders");
        let root = repository(&[]);
        symlink("loop", root.path().join("charts/web/loop")).unwrap();
        refused(root.path(), "charts/web/loop", "cannot be resolved");
        let root = repository(&[]);
        symlink("gone", root.path().join("charts/web/gone.txt")).unwrap();
        refused(root.path(), "charts/web/gone.txt", "cannot be resolved");
    }

    #[test]
    fn pipes_sockets_and_devices_are_not_opened() {
        let root = repository(&[]);
        let pipe = root.path().join("charts/web/pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            refused(root.path(), "charts/web/pipe", "a device, a pipe or a socket");
        }
        let root = repository(&[]);
        let _socket = UnixListener::bind(root.path().join("charts/web/socket")).unwrap();
        refused(root.path(), "charts/web/socket", "a device, a pipe or a socket");
        let root = repository(&[]);
        symlink("/dev/zero", root.path().join("charts/web/zero")).unwrap();
        refused(root.path(), "charts/web/zero", "points outside");
    }

    #[test]
    fn names_that_are_not_text() {
        let root = repository(&[]);
        let name = std::ffi::OsStr::from_bytes(b"a\xff.txt");
        std::fs::write(root.path().join("charts/web").join(name), "").unwrap();
        let error = read(root.path()).unwrap_err();
        assert_eq!(error.message(), "the name of the file is not text in UTF-8");
        assert_eq!(error.path().unwrap().parent(), Some(Path::new("charts/web")));
    }
}

#[test]
fn a_huge_file_is_not_read() {
    let root = repository(&[]);
    let huge = std::fs::File::create(root.path().join("charts/web/huge.bin")).unwrap();
    huge.set_len(2 << 30).unwrap();
    let error = read(root.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "charts/web/huge.bin: the file has 2147483648 bytes, and Helm 3 loads files of up to 5 MiB"
    );
    std::fs::write(root.path().join("charts/web/.helmignore"), "*.bin\n").unwrap();
    assert_eq!(paths(&read(root.path()).unwrap()), [".helmignore"]);
}

#[test]
fn a_helmignore_that_leaves_the_chart_out() {
    let root = repository(&[("charts/web/.helmignore", "*.yaml\n"), ("charts/web/a.txt", "")]);
    let error = read(root.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "charts/web/.helmignore: `.helmignore` leaves Chart.yaml out, and without it there is no chart"
    );
    let root = repository(&[("charts/other/a.txt", "")]);
    let error = Chart::read(&DiskFolders::new(root.path()).unwrap(), "charts/other").unwrap_err();
    assert!(error.to_string().contains("there is no Chart.yaml"), "{error}");
}
