//! The last look at a model file, at every load: weights leave the memory when nobody works and are read again later, from a file that
//! may be another one by then. Owns the comparison with what was verified, and hands loaders the file that it has compared; how
//! a file comes to be verified in the first place is [`crate::models::store`]'s business.

use std::cell::Cell;
use std::path::PathBuf;

use super::backend::{Backend, LoadError, Loader};
use crate::models::file::{ModelFile, Stamp};
use crate::models::gguf::Facts;
use crate::models::store::quoted;

/// Loads a back end from a model file.
pub trait FileLoader: Send + 'static {
    /// As [`Loader::load`] does, from a file that has been checked and stays open meanwhile.
    fn load_file(
        &self,
        file: &CheckedFile,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError>;
}

/// An open file with the bytes that were verified, and what its header says.
pub struct CheckedFile {
    file: ModelFile,
    pub facts: Facts,
}

impl CheckedFile {
    /// For people.
    pub fn path(&self) -> PathBuf {
        self.file.path.clone()
    }

    /// What to open: leads to this very file where the system allows it.
    pub fn own_path(&self) -> PathBuf {
        self.file.own_path()
    }
}

/// The bytes that may be loaded, and where they were.
#[derive(Debug, Clone)]
pub struct VerifiedModel {
    path: PathBuf,
    /// Lower-case hexadecimal; without it only the header is checked.
    sha256: Option<String>,
    /// Of the file when it had this digest.
    stamp: Cell<Option<Stamp>>,
    /// Of the file when it was refused, so that not each job reads gigabytes to find the same.
    refused: Cell<Option<Stamp>>,
}

impl VerifiedModel {
    pub fn new(path: PathBuf, sha256: Option<String>, stamp: Option<Stamp>) -> Self {
        Self {
            path,
            sha256,
            stamp: Cell::new(stamp),
            refused: Cell::new(None),
        }
    }

    /// Opens the file and makes sure that it is the one that was verified. Whatever has touched it since, it is read from end to end
    /// once more, and counts if its bytes are the same.
    fn open(&self) -> Result<CheckedFile, LoadError> {
        let unreadable = |error: std::io::Error| {
            LoadError(format!(
                "The model file {} cannot be read ({error}). Look for it with `tacit models list`, or get it again with `tacit models pull`.",
                self.path.display()
            ))
        };
        let file = ModelFile::open(&self.path).map_err(unreadable)?;
        let seen = Some(file.stamp);
        let is_known = seen == self.stamp.get() && file.stamp.tells_changes();
        if let Some(sha256) = &self.sha256
            && !is_known
        {
            if seen == self.refused.get() {
                return Err(self.changed());
            }
            tracing::info!("the model file was touched since it was verified, so it is read again");
            if file.sha256().map_err(unreadable)? != *sha256 {
                self.refused.set(seen);
                return Err(self.changed());
            }
            self.confirm(&file)?;
            self.stamp.set(seen);
        }
        let facts = file.inspect().map_err(|refusal| {
            LoadError(format!(
                "The model file {} cannot be used. {refusal}",
                self.path.display()
            ))
        })?;
        Ok(CheckedFile { file, facts })
    }

    fn confirm(&self, file: &ModelFile) -> Result<(), LoadError> {
        match file.is_unchanged() {
            true => Ok(()),
            false => Err(LoadError(format!(
                "The model file {} changed while it was read, so it is not used. Wait until whoever writes it is done.",
                self.path.display()
            ))),
        }
    }

    fn changed(&self) -> LoadError {
        LoadError(format!(
            "The model file {} has changed since it was verified, so it is not loaded. If you changed it yourself, allow it with `tacit models trust {}` and \
             restart the language server; else `tacit models verify NAME` says what is wrong with it, and `tacit models pull NAME` gets it again.",
            self.path.display(),
            quoted(&self.path)
        ))
    }
}

/// Loads from a file only what was verified. See [module docs](self).
#[derive(Debug)]
pub struct VerifiedLoader<L> {
    pub model: VerifiedModel,
    /// For people; usually the name in the catalogue.
    pub name: String,
    /// With how many threads `inner` loads.
    pub threads: u32,
    pub inner: L,
}

impl<L: FileLoader> Loader for VerifiedLoader<L> {
    fn load(
        &self,
        progress: &mut dyn FnMut(f32),
        work: &mut dyn FnMut(&mut dyn Backend),
    ) -> Result<(), LoadError> {
        let checked = self.model.open()?;
        // Where the loader opens a path of the folder, another file may have been there just then.
        let mut confirmed = Ok(());
        self.inner.load_file(&checked, progress, &mut |backend| {
            confirmed = self.model.confirm(&checked.file);
            if confirmed.is_ok() {
                work(backend);
            }
        })?;
        confirmed
    }

    fn model(&self) -> String {
        self.name.clone()
    }

    fn threads(&self) -> u32 {
        self.threads
    }
}

#[cfg(test)]
mod tests;
