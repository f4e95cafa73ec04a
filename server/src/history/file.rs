//! The file that a [`Record`] is kept in. Only its user can read it; windows that write at the same time lose nothing of each other's,
//! as each adds what it has counted under a lock.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    record::{Day, Record},
    threshold::Evidence,
};
use crate::{
    engine::private::create_folders,
    files::{self, Unread},
};

const FILE: &str = "history.json";
const LOCK: &str = "history.lock";

/// Of the form of the file. One with another number is left alone.
const VERSION: u32 = 1;

/// 90 days in ten languages are a tenth of this.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// How long another window may hold the lock: it reads and writes one small file.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// Why the file was not read or written.
#[derive(Debug, Error)]
pub enum HistoryError {
    #[error("{} cannot be used: {error}. Check the folder's permissions and free space, or set TACIT_STATE to another folder.", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} was written by another version of tacit. Update tacit, or run `tacit stats --reset` to begin anew.", .0.display())]
    OtherVersion(PathBuf),
    #[error("{} stayed locked by another process. Nothing was written; try again.", .0.display())]
    Locked(PathBuf),
}

/// See [module docs](self).
#[derive(Debug, Clone)]
pub struct HistoryFile {
    folder: PathBuf,
}

/// What is written, and what of it tells the form of the rest.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    days: &'a BTreeMap<String, Day>,
    learned: &'a BTreeMap<String, Evidence>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl HistoryFile {
    /// `folder` need not exist yet.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// What is in the file; an empty record where there is none, or one that was damaged.
    ///
    /// # Errors
    /// If it can't be read, or another version wrote it.
    pub fn load(&self) -> Result<Record, HistoryError> {
        let text = match files::read(&self.path(), MAX_FILE_BYTES) {
            Ok(text) => text,
            Err(Unread::Missing) => return Ok(Record::default()),
            // Nobody has written so much: it is damaged.
            Err(Unread::TooLarge(_)) => return Ok(Record::default()),
            Err(Unread::Io(error)) => return Err(self.failed(error)),
            Err(other) => return Err(self.failed(io::Error::other(other))),
        };
        match serde_json::from_slice::<Version>(&text) {
            Ok(Version { version }) if version != VERSION => {
                Err(HistoryError::OtherVersion(self.path()))
            }
            _ => {
                let read = serde_json::from_slice::<Record>(&text);
                Ok(read.map(Record::mended).unwrap_or_default())
            }
        }
    }

    /// Adds what was counted, and gives all that there is now.
    ///
    /// # Errors
    /// If it can't be read or written; it is as it was then.
    pub fn add(&self, counted: &Record) -> Result<Record, HistoryError> {
        let _lock = self.lock()?;
        let mut record = self.load()?;
        record.merge(counted);
        self.write(&record).map_err(|error| self.failed(error))?;
        Ok(record)
    }

    /// Deletes all that was counted and learned; whether there was anything.
    ///
    /// # Errors
    /// If it can't be deleted.
    pub fn reset(&self) -> Result<bool, HistoryError> {
        if !self.path().exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        match fs::remove_file(self.path()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn write(&self, record: &Record) -> io::Result<()> {
        // Only the user can read a temporary file, and a reader sees all of the new file or all of the old one.
        let file = tempfile::NamedTempFile::new_in(&self.folder)?;
        let written = Written {
            version: VERSION,
            days: &record.days,
            learned: &record.learned,
        };
        serde_json::to_writer_pretty(io::BufWriter::new(&file), &written)?;
        file.persist(self.path())?;
        Ok(())
    }

    /// Held while the file is; given up by the system when a process dies.
    fn lock(&self) -> Result<File, HistoryError> {
        create_folders(&self.folder).map_err(|error| self.failed(error))?;
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(self.folder.join(LOCK));
        let lock = opened.map_err(|error| self.failed(error))?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(self.failed(error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(LOCK_RETRY);
                }
                Err(TryLockError::WouldBlock) => return Err(HistoryError::Locked(self.path())),
            }
        }
    }

    fn failed(&self, error: io::Error) -> HistoryError {
        HistoryError::Io {
            path: self.path(),
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(requests: u64, language: &str, kept: bool) -> Record {
        let mut record = Record::default();
        record.day("2026-11-22").requests = requests;
        record.day("2026-11-22").latency.add(12.0);
        let learned = record.learned.entry(language.to_owned()).or_default();
        learned.observe(0.5, kept);
        record
    }

    #[test]
    fn windows_that_write_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let file = HistoryFile::in_folder(folder.path());
                    for _ in 0..25 {
                        file.add(&counted(2, "rust", true)).unwrap();
                    }
                });
            }
        });
        let record = HistoryFile::in_folder(folder.path()).load().unwrap();
        assert_eq!(record.days["2026-11-22"].requests, 200);
        assert_eq!(record.days["2026-11-22"].latency.count(), 100);
        assert_eq!(record.learned["rust"].suggestions, 100);
    }

    #[test]
    fn what_is_written_is_read_and_can_be_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::in_folder(&folder.path().join("tacit"));
        assert!(file.load().unwrap().is_empty());
        assert!(!file.reset().unwrap());
        let all = file.add(&counted(1, "go", false)).unwrap();
        assert_eq!(file.load().unwrap(), all);
        assert!(file.reset().unwrap());
        assert!(file.load().unwrap().is_empty());
    }

    #[test]
    fn a_damaged_file_counts_as_none_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::in_folder(folder.path());
        file.add(&counted(1, "go", false)).unwrap();
        let whole = fs::read_to_string(file.path()).unwrap();
        for text in [
            "",
            "null",
            "[]",
            r#"{"version": 1, "days": 3}"#,
            &whole[..99],
        ] {
            fs::write(file.path(), text).unwrap();
            assert!(file.load().unwrap().is_empty(), "{text}");
            let all = file.add(&counted(1, "go", false)).unwrap();
            assert_eq!(all.days["2026-11-22"].requests, 1);
        }
        fs::write(file.path(), b"\xff\xfe").unwrap();
        assert!(file.load().unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_the_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::in_folder(folder.path());
        let made = std::process::Command::new("mkfifo")
            .arg(file.path())
            .status();
        assert!(made.unwrap().success());
        assert!(matches!(file.load(), Err(HistoryError::Io { .. })));
    }

    #[test]
    fn the_file_of_another_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = HistoryFile::in_folder(folder.path());
        let text = r#"{"version": 2, "days": ["another form"]}"#;
        fs::write(file.path(), text).unwrap();
        let error = file.add(&counted(1, "go", true)).unwrap_err();
        assert!(error.to_string().contains("--reset"), "{error}");
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
        assert!(file.reset().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("tacit");
        let file = HistoryFile::in_folder(&folder);
        file.add(&counted(1, "go", false)).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(
            [mode(&folder), mode(&file.path()), mode(&folder.join(LOCK))],
            [0o700, 0o600, 0o600]
        );
    }
}
