//! Stores with a lock: it is given back at a deadline and on a signal, and removed on request.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use warehouse_testkit::{RcloneS3, peer};

use super::world::{Publishing, names};

/// A remote of rclone that is a folder, with an `rclone` before the real one that never ends a copy of the archive while a file says so.
struct Locked {
    world: Publishing,
    programs: PathBuf,
    config: PathBuf,
}

impl Locked {
    fn new() -> Option<Self> {
        let program = peer::available(RcloneS3::program())?;
        let world = Publishing::new();
        let folder = world.folder.path();
        let (programs, config) = (folder.join("programs"), folder.join("rclone.conf"));
        std::fs::create_dir(&programs).unwrap();
        std::fs::write(&config, format!("[x]\ntype = alias\nremote = {}\n", world.store().display()))
            .unwrap();
        let slow = folder.join("slow");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *alone-1.4.0.tgz*) [ -e {slow} ] && case \"$1\" in copyto) echo > {slow}.begun; exec sleep 60;; esac;; esac\nexec {program} \"$@\"\n",
            slow = slow.display(),
            program = program.display()
        );
        let file = programs.join("rclone");
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        world.run(&["chart", "package", "charts/alone", "-d", "../out"]);
        Some(Self { world, programs, config })
    }

    fn slow(&self, slow: bool) {
        let file = self.world.folder.path().join("slow");
        let _ = std::fs::remove_file(self.world.folder.path().join("slow.begun"));
        match slow {
            true => std::fs::write(file, "").unwrap(),
            false => std::fs::remove_file(file).unwrap(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(&[&["chart"], arguments].concat());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.programs.display()));
        command.env("RCLONE_CONFIG", &self.config).env("WAREHOUSE_CHART_BACKUP", "rclone:x:");
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        ended(self.command(arguments).spawn().unwrap())
    }

    /// Waits until the archive is being written, under the lock.
    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.world.folder.path().join("slow.begun").exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(self.locks().len(), 1);
    }

    fn locks(&self) -> Vec<String> {
        let folder = self.world.store().join(".chart-release");
        if folder.exists() { names(&folder) } else { Vec::new() }
    }
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const ARCHIVE: &str = "../out/alone-1.4.0.tgz";

#[test]
fn it_is_given_back_on_a_signal_and_at_the_deadline() {
    let Some(locked) = Locked::new() else { return };
    for arguments in [&["backup", ARCHIVE][..], &["release", "alone"]] {
        for signal in ["TERM", "INT"] {
            locked.slow(true);
            let child = locked.command(arguments).spawn().unwrap();
            locked.wait();
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            let (code, _, err) = ended(child);
            assert_eq!(code, Some(130), "{err}");
            assert!(err.contains("stopped") && err.contains("run the same command again"), "{err}");
            assert_eq!(locked.locks(), [""; 0], "{signal}: {err}");
        }
        locked.slow(true);
        let (code, _, err) = locked.run(&[arguments, &["--timeout", "4s"]].concat());
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("the deadline passed") && err.contains("--timeout"), "{err}");
        assert_eq!(locked.locks(), [""; 0], "{err}");
    }
    locked.slow(false);
    let (code, _, err) = locked.run(&["backup", ARCHIVE]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(locked.world.stored(), ["alone-1.4.0.tgz", "index.yaml"]);
}

/// A killed one leaves it. The next run says so, fails with the remedy, and the remedy works.
#[test]
fn a_killed_release_leaves_it_and_it_is_removed() {
    let Some(locked) = Locked::new() else { return };
    locked.slow(true);
    let mut child = locked.command(&["backup", ARCHIVE]).spawn().unwrap();
    locked.wait();
    child.kill().unwrap();
    child.wait().unwrap();
    locked.slow(false);
    let lock = locked.locks().remove(0);
    let (code, _, err) = locked.run(&["backup", ARCHIVE, "--timeout", "4s"]);
    assert_eq!(code, Some(1), "{err}");
    for part in [
        "waiting for another writer of the store: .chart-release/",
        "error: another writer holds the lock of the store: .chart-release/",
        "`warehouse chart unlock --backup rclone:x:`",
        &lock,
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
    // It may be at work: only looking for a lease tells.
    let (code, _, err) = locked.run(&["unlock", "--timeout", "6s"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("looking for 180 s") && err.contains("--force") && err.contains(&lock), "{err}");
    let (code, out, err) = locked.run(&["unlock", "--force"]);
    assert_eq!((code, out), (Some(0), format!("removed .chart-release/{lock}\n")), "{err}");
    let (code, _, err) = locked.run(&["unlock"]);
    assert!(code == Some(0) && err.contains("the store has no lock"), "{err}");

    // One with a short lease lapses while it is looked at.
    let short = format!("lock-{}-500", "0".repeat(32));
    std::fs::write(locked.world.store().join(".chart-release").join(&short), "").unwrap();
    let (code, out, err) = locked.run(&["unlock"]);
    assert_eq!((code, out), (Some(0), format!("removed .chart-release/{short}\n")), "{err}");
    assert_eq!(locked.run(&["backup", ARCHIVE]).0, Some(0));
}
