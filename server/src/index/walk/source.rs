//! One file: whether it is source code of a size that somebody has written, and its text.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    time::SystemTime,
};

use grammars::Language;

use crate::index::symbols;

/// Larger files are data, or generated.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where a NUL says that a file is binary; git looks as far.
const BINARY_PROBE_BYTES: usize = 8000;

/// A longer line was not written by a person: the file is minified, or it holds data.
const MAX_LINE_BYTES: usize = 5000;

/// Tells whether a file has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// `None` for what is not a regular file of a fitting size: links, pipes, sockets, devices. Nothing is opened to find out: opening
    /// a pipe waits for its writer.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let is_fitting = metadata.is_file() && metadata.len() <= MAX_BYTES;
        is_fitting.then(|| Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

/// Whether a file of this name is in a language whose symbols can be told.
pub fn is_source(path: &Path) -> bool {
    Language::detect(path, "").is_some_and(symbols::reads)
}

/// The text of a file that has a [`Stamp`]; `None` if it can't be read, is binary, minified, or not UTF-8.
pub fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    // It may have grown since.
    let file = File::open(path).ok()?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    let is_binary = bytes.iter().take(BINARY_PROBE_BYTES).any(|&byte| byte == 0);
    let has_long_line = bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.len() > MAX_LINE_BYTES);
    if bytes.len() as u64 > MAX_BYTES || is_binary || has_long_line {
        return None;
    }
    String::from_utf8(bytes).ok()
}
