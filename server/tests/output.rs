//! Commands whose output has nowhere to go: they end in order, and say so where it is a fault.

use std::fs::File;
use std::io;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const COMMANDS: &[&[&str]] = &[
    &["models", "list"],
    &["models", "list", "--json"],
    &["stats"],
    &["stats", "--json"],
];

fn run(arguments: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let home = TempDir::new().expect("a temporary folder");
    Command::new(env!("CARGO_BIN_EXE_tacit"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .stdout(stdout)
        .stderr(stderr)
        .output()
        .expect("the program runs")
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    for arguments in COMMANDS {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = run(arguments, writer.into(), Stdio::piped());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), &*said),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_in_words() {
    let full = || {
        Stdio::from(
            File::options()
                .write(true)
                .open("/dev/full")
                .expect("a device"),
        )
    };
    for arguments in COMMANDS {
        let output = run(arguments, full(), Stdio::piped());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.starts_with("error: standard output cannot be written"),
            "{said}"
        );
    }
    // Where not even that can be said, the exit code still tells it.
    let output = run(&["models", "path", "0.5b"], Stdio::piped(), full());
    assert_eq!(output.status.code(), Some(1));
}
