//! What the end-to-end tests share.

pub mod client;
pub mod completer;
pub mod dice;
pub mod engine;
pub mod fuzz;
pub mod gguf;
pub mod http;
pub mod models;

use std::path::PathBuf;

/// The program under test: `$TACIT_BIN`, else the one that was built beside this test.
///
/// # Panics
/// If there is none: the tests of a binary that was not built prove nothing.
pub fn tacit_binary() -> PathBuf {
    if let Some(path) = std::env::var_os("TACIT_BIN") {
        return path.into();
    }
    let name = format!("tacit{}", std::env::consts::EXE_SUFFIX);
    let test = std::env::current_exe().expect("the test's own path");
    let beside = test
        .ancestors()
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file());
    beside.unwrap_or_else(|| {
        panic!(
            "no {name} above {}: build it, or set TACIT_BIN",
            test.display()
        )
    })
}
