//! The Neovim plugin in a real Neovim in a real terminal, with the real server and the real model.
//!
//! Needs tmux, the Neovim that `tests/editors/install_neovim.sh` installs (or `NVIM`), `target/release/tacit` (or
//! `TACIT_BIN`) and a pulled model (`TACIT_MODELS` names its folder); `make test` provides all of them. What is
//! missing fails the test. Waits poll the screen, so a slow machine makes them longer, never wrong.

mod actions;
mod commands;
mod editor;
mod ghost_text;

use std::process::Command;

use editor::{neovim, repository};

/// Runs one of the specs, which bring a scripted server.
fn passes(spec: &str) {
    let mut command = Command::new(neovim());
    command
        .arg("-l")
        .arg(repository().join("tests/editors").join(spec));
    let output = command.env_remove("NVIM").output().expect("Neovim starts");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn ghost_text_and_keys_hold_against_a_scripted_server() {
    passes("neovim_spec.lua");
}

#[test]
fn commands_and_actions_hold_against_a_scripted_server() {
    passes("neovim_command_spec.lua");
}
