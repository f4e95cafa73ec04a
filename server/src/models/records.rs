//! What tacit remembers about model files: which bytes it has hashed, so that a start does not read gigabytes, and which
//! bytes the user vouches for. One small JSON file in the model folder; owned by [`super::store`].
//!
//! A lost or damaged file costs a new hash and a new `trust`; it never makes a file usable.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const FILE: &str = "records.json";

/// The folder does not let itself be written to.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}. Check the folder's permissions and free space, or set TACIT_MODELS to another folder.", .path.display())]
pub struct RecordsError {
    path: PathBuf,
    source: io::Error,
}

/// What tells that a file was not touched since it was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub bytes: u64,
    /// Nanoseconds since 1970; none where the file system keeps no times, and then nothing is remembered.
    pub modified_ns: Option<u64>,
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
    /// What is remembered in this folder; nothing where nothing can be read.
    pub fn load(folder: &Path) -> Self {
        fs::read(folder.join(FILE)).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// Changes the records. Changes of several processes at once follow one another, and a reader sees all or nothing.
    pub fn update(folder: &Path, change: impl FnOnce(&mut Self)) -> Result<(), RecordsError> {
        let path = folder.join(FILE);
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let lock = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("records.lock"))?;
            lock.lock()?;
            let mut records = Self::load(folder);
            change(&mut records);
            let temporary = folder.join("records.json.new");
            fs::write(&temporary, serde_json::to_vec_pretty(&records)?)?;
            File::open(&temporary)?.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|source| RecordsError { path: path.clone(), source })
    }

    /// The digest of a file that has not been touched since.
    pub fn verified(&self, key: &str, stamp: &Stamp) -> Option<String> {
        let known = self.verified.get(key).filter(|known| known.stamp == *stamp && stamp.modified_ns.is_some())?;
        Some(known.sha256.clone())
    }

    pub fn verify(&mut self, key: &str, stamp: Stamp, sha256: &str) {
        self.verified.insert(key.to_owned(), Verified { stamp, sha256: sha256.to_owned() });
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
