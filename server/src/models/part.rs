//! A file on its way: `NAME.part`. Owns the bytes that have arrived, their running SHA-256, and the last step, in which
//! the whole file gets its name if and only if what was written is the pinned one. Knows nothing about where bytes come from.
//!
//! In a folder that others may write to, the part may be theirs, and may change behind our back: so what is loaded in the end is
//! hashed once more by [`super::store`], and a link is never written through.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::catalogue::Entry;
use super::file::hexadecimal;
use super::pull::{Progress, PullError, Step};
use crate::engine::private::open_regular;

pub(super) struct Part {
    file: File,
    path: PathBuf,
    hasher: Sha256,
    written: u64,
    /// Length of the whole file, once it is known.
    expected: Option<u64>,
}

impl Part {
    /// Opens or creates the part. At most `keep` bytes of what is there stay, and are hashed.
    pub fn open(
        path: PathBuf,
        expected: Option<u64>,
        keep: u64,
        progress: Progress,
    ) -> Result<Self, PullError> {
        let open = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            open_regular(&mut options, &path)
        };
        let file = open().map_err(|source| PullError::write(&path, expected, source))?;
        let mut part = Self {
            file,
            path,
            hasher: Sha256::new(),
            written: 0,
            expected,
        };
        let length = part
            .file
            .metadata()
            .map_err(|source| part.failed(source))?
            .len();
        if length > keep {
            part.file
                .set_len(keep)
                .map_err(|source| part.failed(source))?;
        }
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = part
                .file
                .read(&mut buffer)
                .map_err(|source| part.failed(source))?;
            if read == 0 {
                return Ok(part);
            }
            part.hasher.update(&buffer[..read]);
            part.written += read as u64;
            part.report(progress)?;
        }
    }

    /// Bytes that have arrived.
    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn expected(&self) -> Option<u64> {
        self.expected
    }

    pub fn expect(&mut self, bytes: u64) {
        self.expected = Some(bytes);
    }

    pub fn append(&mut self, bytes: &[u8], progress: Progress) -> Result<(), PullError> {
        self.file
            .write_all(bytes)
            .map_err(|source| self.failed(source))?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        self.report(progress)
    }

    /// Throws away what has arrived.
    pub fn restart(&mut self) -> Result<(), PullError> {
        self.file.set_len(0).map_err(|source| self.failed(source))?;
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(|source| self.failed(source))?;
        self.hasher = Sha256::new();
        self.written = 0;
        Ok(())
    }

    /// Makes what has arrived survive a power cut.
    pub fn sync(&self) -> Result<(), PullError> {
        self.file.sync_data().map_err(|source| self.failed(source))
    }

    /// Gives the file its name if its bytes are the entry's; else deletes it.
    pub fn finish(self, entry: &Entry, target: &Path, progress: Progress) -> Result<(), PullError> {
        go_on(progress(Step::Verifying))?;
        self.file.sync_all().map_err(|source| self.failed(source))?;
        let sha256 = hexadecimal(self.hasher.clone());
        if sha256 != entry.sha256 || !entry.may_have_length(self.written) {
            fs::remove_file(&self.path).map_err(|source| self.failed(source))?;
            return Err(PullError::WrongContent {
                name: entry.name.clone(),
                bytes: self.written,
                sha256,
                expected: entry.sha256.clone(),
            });
        }
        fs::rename(&self.path, target).map_err(|source| self.failed(source))?;
        // The new name must survive a power cut too. Not every system opens folders; the bytes are safe in any case.
        if let Some(folder) = target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    fn report(&self, progress: Progress) -> Result<(), PullError> {
        go_on(progress(Step::Bytes {
            done: self.written,
            total: self.expected,
        }))
    }

    fn failed(&self, source: io::Error) -> PullError {
        PullError::write(
            &self.path,
            self.expected
                .map(|bytes| bytes.saturating_sub(self.written)),
            source,
        )
    }
}

/// Turns the listener's wish to stop into the error that ends a pull.
pub(super) fn go_on(flow: std::ops::ControlFlow<()>) -> Result<(), PullError> {
    match flow {
        std::ops::ControlFlow::Continue(()) => Ok(()),
        std::ops::ControlFlow::Break(()) => Err(PullError::Cancelled),
    }
}
