//! Programs that cannot be started.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use child_process::{BoundedCommand, PipedChild, RunError, StartError, StartErrorKind};

use crate::script::Folder;

/// Both ways to start it have the same error.
fn fails(make: impl Fn() -> Command) -> StartError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded =
        runtime.block_on(BoundedCommand::new(make().into(), Duration::from_secs(60)).output()).unwrap_err();
    let piped = PipedChild::spawn(make(), 0).unwrap_err();
    match (bounded, piped) {
        (RunError::Start(one), RunError::Start(other)) => {
            assert_eq!((one.kind(), one.to_string()), (other.kind(), other.to_string()));
            one
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn why_a_program_is_not_started() {
    let folder = Folder::new();
    let write = |name: &str, text: &str, mode| {
        std::fs::write(folder.path(name), text).unwrap();
        std::fs::set_permissions(folder.path(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    write("no-interpreter", "#!/nowhere/python\n", 0o755);
    write("not-executable", "#!/bin/sh\n", 0o644);
    let by_path = |name: &str| folder.path(name).into_os_string();
    let in_path = |name: &'static str| {
        let path = folder.path("");
        move || {
            let mut command = Command::new(name);
            command.env("PATH", &path);
            command
        }
    };
    let in_folder = |program: &'static str, name: &str| {
        let path = folder.path(name);
        move || {
            let mut command = Command::new(program);
            command.current_dir(&path);
            command
        }
    };
    use StartErrorKind::{NoInterpreter, NoSuchProgram, Other};
    for (error, kind, reason) in [
        (fails(|| Command::new("no-such-program")), NoSuchProgram, ": there is no such program"),
        (fails(|| Command::new("/nowhere/program")), NoSuchProgram, ": there is no such program"),
        (fails(in_path("nothing")), NoSuchProgram, ": there is no such program"),
        (
            fails(|| Command::new(by_path("no-interpreter"))),
            NoInterpreter,
            ": it is there, but not the program that runs it",
        ),
        (fails(in_path("no-interpreter")), NoInterpreter, ": it is there, but not the program that runs it"),
        (fails(|| Command::new(by_path("not-executable"))), Other, ""),
        (fails(in_folder("/bin/sh", "no-such-folder")), Other, ""),
        (
            fails(in_folder("./no-interpreter", "")),
            NoInterpreter,
            ": it is there, but not the program that runs it",
        ),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.to_string(), format!("{:?} could not be started{reason}", error.program()));
    }
    assert_eq!(
        fails(|| Command::new(by_path("not-executable"))).io_error().kind(),
        std::io::ErrorKind::PermissionDenied
    );
}
