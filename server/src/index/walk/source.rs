//! One file: whether it is source code of a size that somebody has written, and its text.

use std::path::Path;

use grammars::Language;

use crate::{
    context::privacy,
    files::{self, Stamp},
    index::symbols,
};

/// Larger files are data, or generated.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where a NUL says that a file is binary; git looks as far.
const BINARY_PROBE_BYTES: usize = 8000;

/// A longer line was not written by a person: the file is minified, or it holds data.
const MAX_LINE_BYTES: usize = 5000;

/// `None` for what is not a regular file of a fitting size: links, pipes, sockets, devices.
pub fn stamp(path: &Path) -> Option<Stamp> {
    Stamp::of(path, MAX_BYTES)
}

/// Whether a file of this name is in a language whose symbols can be told.
pub fn is_source(path: &Path) -> bool {
    Language::detect(path, "").is_some_and(symbols::reads)
}

/// The text of a file that has a [`stamp`]; `None` if it can't be read, is binary, minified, not UTF-8, or a key under the name of code.
pub fn read(path: &Path) -> Option<String> {
    let text = files::read_unlinked_text(path, MAX_BYTES).ok()?;
    let bytes = text.as_bytes();
    let is_binary = bytes.iter().take(BINARY_PROBE_BYTES).any(|&byte| byte == 0);
    let has_long_line = bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.len() > MAX_LINE_BYTES);
    let is_wanted = !is_binary && !has_long_line && privacy::secret_text(&text, true).is_none();
    is_wanted.then_some(text)
}
