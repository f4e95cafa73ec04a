//! What tacit remembers about model files: which bytes it has hashed, so that a start does not read gigabytes, and which
//! bytes the user vouches for. One small JSON file in the model folder; owned by [`super::store`].
//!
//! Whoever can write that file decides which models are used. So it counts only if nobody but the user could have written it:
//! otherwise there are no records, every file is hashed again, and nothing is trusted. A lost or damaged file costs the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::file::Stamp;
use super::lock::LockFile;
use crate::engine::private::{self, Exposed, create_folders};

const FILE: &str = "records.json";
const LOCK: &str = "records.lock";

/// Records of ten thousand files are far shorter.
const MAX_BYTES: u64 = 8 << 20;

/// A change of the records takes milliseconds: who holds the lock for longer is stopped or hangs, and a start does not wait for that.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_POLL: Duration = Duration::from_millis(20);

/// Why something is not remembered. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error("{} cannot be written: {source}. Check the folder's permissions and free space, or set TACIT_MODELS to another folder.", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "{} {exposed}, so what is verified and trusted is not kept there: anybody could add to it. If the folder is yours alone, run `chmod go-w` on it; \
         else set TACIT_MODELS to a folder of your own.",
        .folder.display()
    )]
    Exposed { folder: PathBuf, exposed: Exposed },
    #[error("Another process holds {} and does not let go of it. End that process, or try again.", .0.display())]
    Locked(PathBuf),
}

/// Keys are canonical paths; digests are lower-case hexadecimal SHA-256.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Records {
    verified: BTreeMap<String, Verified>,
    trusted: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Verified {
    #[serde(flatten)]
    stamp: Stamp,
    sha256: String,
}

impl Records {
    /// What is remembered in this folder; nothing where nothing can be read, or where others could have written it.
    pub fn load(folder: &Path) -> Self {
        match Self::read(folder) {
            Ok(records) => records,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    let path = folder.join(FILE);
                    tracing::warn!(path = %path.display(), "what was verified and trusted is not known: {error}");
                }
                Self::default()
            }
        }
    }

    fn read(folder: &Path) -> io::Result<Self> {
        // The folder itself may be reached through a link; what counts is who can write where that leads.
        private::ours_alone(&fs::metadata(folder)?)
            .map_err(|exposed| io::Error::other(format!("the folder {exposed}")))?;
        let file = private::open_regular(File::options().read(true), &folder.join(FILE))?;
        private::ours_alone(&file.metadata()?)
            .map_err(|exposed| io::Error::other(format!("the file {exposed}")))?;
        let mut json = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// Whether records are kept in this folder; one that does not exist yet will do.
    ///
    /// # Errors
    /// If others can write there, so that nothing in it may be believed.
    pub fn check(folder: &Path) -> Result<(), RecordsError> {
        let Ok(metadata) = fs::metadata(folder) else {
            return Ok(());
        };
        private::ours_alone(&metadata).map_err(|exposed| RecordsError::Exposed {
            folder: folder.to_owned(),
            exposed,
        })
    }

    /// Changes the records. Changes of several processes at once follow one another, and a reader sees all or nothing.
    ///
    /// # Errors
    /// If they cannot be written, if others could write them too, or if another process does not let go of the lock.
    pub fn update(folder: &Path, change: impl FnOnce(&mut Self)) -> Result<(), RecordsError> {
        let path = folder.join(FILE);
        let failed = |source| RecordsError::Write {
            path: path.clone(),
            source,
        };
        create_folders(folder).map_err(failed)?;
        Self::check(folder)?;
        let lock_path = folder.join(LOCK);
        let lock = LockFile::open(&lock_path).map_err(failed)?;
        let give_up = Instant::now() + LOCK_PATIENCE;
        while !lock.try_lock().map_err(failed)? {
            if Instant::now() >= give_up {
                return Err(RecordsError::Locked(lock_path));
            }
            thread::sleep(LOCK_POLL);
        }
        let write = || -> io::Result<()> {
            let mut records = Self::load(folder);
            change(&mut records);
            // Only the user can read and write a temporary file, and it takes the place of whatever lies there.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec_pretty(&records)?)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(failed)
    }

    /// The digest of a file that has not been touched since.
    pub fn verified(&self, key: &str, stamp: &Stamp) -> Option<String> {
        let known = self
            .verified
            .get(key)
            .filter(|known| known.stamp == *stamp && stamp.tells_changes())?;
        Some(known.sha256.clone())
    }

    pub fn verify(&mut self, key: &str, stamp: Stamp, sha256: &str) {
        self.verified.insert(
            key.to_owned(),
            Verified {
                stamp,
                sha256: sha256.to_owned(),
            },
        );
    }

    /// The digest that the user vouched for.
    pub fn trusted(&self, key: &str) -> Option<String> {
        self.trusted.get(key).cloned()
    }

    pub fn trusted_paths(&self) -> Vec<PathBuf> {
        self.trusted.keys().map(PathBuf::from).collect()
    }

    pub fn trust(&mut self, key: &str, sha256: &str) {
        self.trusted.insert(key.to_owned(), sha256.to_owned());
    }

    pub fn forget(&mut self, key: &str) {
        self.trusted.remove(key);
        self.verified.remove(key);
    }
}
