//! `tacit models` as scripts see it: exit codes, and what goes to stdout.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Runs the program with a home folder of its own, where nothing is installed and nothing can be reached.
fn models(home: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tacit"));
    command
        .arg("models")
        .args(arguments)
        .env_clear()
        .env("HOME", home.path());
    command
        .env("TACIT_MODELS", home.path().join("models"))
        .output()
        .expect("the program runs")
}

fn home() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

#[test]
fn list_prints_one_json_object_on_stdout_and_makes_nothing() {
    let home = home();
    let output = models(&home, &["list", "--json"]);
    assert!(output.status.success());
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let default = list["models"]
        .as_array()
        .expect("models")
        .iter()
        .find(|model| model["default"] == true);
    assert_eq!(default.expect("a default")["license"], "Apache-2.0");
    assert!(!home.path().join("models").exists());
}

#[test]
fn a_failure_is_1_and_a_wrong_name_or_usage_is_2() {
    let home = home();
    let not_a_model = home.path().join("text.gguf");
    std::fs::write(&not_a_model, "text").expect("a file");
    let not_a_model = not_a_model.to_string_lossy();
    for (arguments, code) in [
        (vec!["path", "0.5b"], 1),
        (vec!["verify", "0.5b"], 1),
        (vec!["remove", "0.5b"], 1),
        (vec!["trust", &not_a_model], 1),
        (vec!["path", "no-such-model"], 2),
        (vec!["pull", "no-such-model"], 2),
        (vec!["path"], 2),
        (vec![], 2),
    ] {
        let output = models(&home, &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(
            output.stdout.is_empty(),
            "{arguments:?}: errors go to stderr"
        );
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
