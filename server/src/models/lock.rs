//! Locks between the processes of tacit: each an empty file beside what it guards, which stays, because deleting it would let
//! two processes hold two locks of the same name. Owns how they are taken; how long anybody waits is its own business.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::engine::private::open_regular;

/// Dropping it frees the lock, if it was taken.
pub(super) struct LockFile(File);

impl LockFile {
    /// Opens or creates the file, and takes nothing yet.
    ///
    /// # Errors
    /// If that cannot be done, or a link lies there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        open_regular(&mut options, path).map(Self)
    }

    /// Takes the lock; false if another process has it. True as well where the file system has no locks, as some network ones:
    /// there two processes may do the same work at once, and nothing is lost by it but time.
    ///
    /// # Errors
    /// If the system cannot say.
    pub fn try_lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn has_no_locks(error: &io::Error) -> bool {
    // NFS without a running lock service says ENOLCK, for which the standard library has no kind.
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_at_a_time_and_freed_by_dropping_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = LockFile::open(&path).unwrap();
        let second = LockFile::open(&path).unwrap();
        assert!(first.try_lock().unwrap());
        assert!(!second.try_lock().unwrap());
        drop(first);
        assert!(second.try_lock().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn file_systems_without_locks_are_known_by_what_they_say() {
        use rustix::io::Errno;
        for (error, expected) in [
            (Errno::NOLCK, true),
            (Errno::OPNOTSUPP, true),
            (Errno::NOSYS, true),
            (Errno::IO, false),
            (Errno::ACCESS, false),
        ] {
            let error = io::Error::from_raw_os_error(error.raw_os_error());
            assert_eq!(has_no_locks(&error), expected, "{error}");
        }
    }
}
