//! Sequences saved to disk, so that a restart does not mean a cold prompt. Owns the files, their index and every check before one
//! is used; the states themselves are the back end's.
//!
//! `ROOT/<model>/<id>.state` is what the back end wrote, `<id>.json` beside it says what is in it. The tokens there and the states
//! *are* the user's text: folders and files are closed to other users, names are digests, and nothing of them is logged. Several
//! processes may use the folder: files appear whole by renaming, each name is written once, and whatever is missing or does not
//! fit its description is deleted and counts as not there.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::backend::{EvaluateError, Token};
use super::private::{PrivateFolderError, create_folders, private_folder};
use super::slots::common_prefix;
use crate::models::file::sha256_of_file;

/// Of the description and the layout of the folder; other versions are not read.
const VERSION: u32 = 1;

/// Bytes of a description at most: 131,072 tokens, the longest context there is, of seven characters each, and as much again.
const LONGEST_DESCRIPTION: u64 = 2 << 20;

/// Where states are kept, and how many.
#[derive(Debug, Clone)]
pub struct StateSettings {
    /// Folder for the states of all models.
    pub root: PathBuf,
    /// Tells the model's file from all others, best by its digest.
    pub model: String,
    /// Bytes of all files in `root` at most; the oldest go first.
    pub max_bytes: u64,
}

/// Why there is no folder for states, or why one was not saved.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(transparent)]
    Folder(#[from] PrivateFolderError),
    #[error("{} cannot be written: {error}. Check the free space there, or set TACIT_CACHE to another folder.", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("the state could not be written ({0})")]
    NotWritten(#[from] EvaluateError),
    #[error(
        "the state is larger than all saved states may be together. Raise `engine.disk_cache_mb`."
    )]
    TooLarge,
}

/// The saved states of one model. What other processes add is seen when it is opened again.
pub struct StateFolder {
    settings: StateSettings,
    folder: PathBuf,
    saved: Vec<Saved>,
    /// As the last state had it: tells what is too large before it is written.
    bytes_per_token: u64,
}

/// A state that looked right when the index was read.
struct Saved {
    id: String,
    tokens: Vec<Token>,
    description: Description,
}

#[derive(Serialize, Deserialize)]
struct Description {
    version: u32,
    /// The folder's name, which stands for the model.
    model: String,
    /// Digest of the document's key.
    document: String,
    tokens: Vec<u32>,
    /// Of the state file, like `sha256`, which is lower-case hexadecimal.
    bytes: u64,
    sha256: String,
}

impl StateFolder {
    /// Opens or creates the folder and reads what is there, but no state.
    ///
    /// # Errors
    /// If the folder cannot be made private to the user.
    pub fn open(settings: StateSettings) -> Result<Self, StateError> {
        // llama.cpp checks the format of its files, but a new version may compute otherwise.
        let model = digest(&format!(
            "{VERSION}\n{}\n{}",
            env!("CARGO_PKG_VERSION"),
            settings.model
        ));
        let folder = settings.root.join(&model);
        if let Some(around) = settings.root.parent() {
            create_folders(around).map_err(|error| failed(around, error))?;
        }
        private_folder(&settings.root)?;
        private_folder(&folder)?;
        let mut states = Self {
            settings,
            folder,
            saved: Vec::new(),
            bytes_per_token: 0,
        };
        for path in files_in(&states.folder) {
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let id = path.file_stem().unwrap_or_default().to_string_lossy();
                match states.describe(&path, &model) {
                    Some(description) => states.saved.push(Saved {
                        id: id.into_owned(),
                        tokens: description.tokens.iter().copied().map(Token).collect(),
                        description,
                    }),
                    None => states.delete(&id),
                }
            }
        }
        Ok(states)
    }

    /// Whether these tokens are worth saving: nearly all of them would have to be evaluated again, and they are not too many.
    pub fn wants(&self, tokens: &[Token]) -> bool {
        let known = self
            .saved
            .iter()
            .map(|saved| common_prefix(&saved.tokens, tokens))
            .max()
            .unwrap_or(0);
        // The promise is a tenth; the answer behind the prompt needs some of it.
        let covered = known * 20 >= tokens.len() * 19;
        !covered && tokens.len() as u64 * self.bytes_per_token <= self.settings.max_bytes
    }

    /// Saves a state that `write` writes to the file it is given. Replaces the document's older one, and those of which it holds
    /// nearly all.
    ///
    /// # Errors
    /// If it could not be written, or is larger than the bound; then nothing is left of it.
    pub fn save(
        &mut self,
        document: &str,
        tokens: &[Token],
        write: impl FnOnce(&Path) -> Result<(), EvaluateError>,
    ) -> Result<(), StateError> {
        let failed = |error| failed(&self.folder, error);
        let state = self.new_file().map_err(failed)?;
        write(&state)?;
        let bytes = fs::metadata(&state).map_err(failed)?.len();
        self.bytes_per_token = bytes.div_ceil(tokens.len().max(1) as u64);
        if bytes > self.settings.max_bytes {
            return Err(StateError::TooLarge);
        }
        let sha256 = sha256_of_file(&state).map_err(failed)?;
        let document = digest(document);
        // Named by its content too, so that two processes never mix their files.
        let id = format!("{}-{}", &document[..16], &sha256[..16]);
        let description = Description {
            version: VERSION,
            model: name_of(&self.folder),
            document,
            tokens: tokens.iter().map(|token| token.0).collect(),
            bytes,
            sha256,
        };
        let json = self.new_file().map_err(failed)?;
        let text = serde_json::to_vec(&description).map_err(|error| failed(error.into()))?;
        fs::write(&json, text).map_err(failed)?;
        let moved = |error: tempfile::PathPersistError| failed(error.error);
        state.persist(self.state_file(&id)).map_err(moved)?;
        json.persist(self.description_file(&id)).map_err(moved)?;

        let superseded = |old: &Saved| {
            old.description.document == description.document
                || common_prefix(&old.tokens, tokens) * 4 >= old.tokens.len() * 3
        };
        for old in self.saved.iter().filter(|old| superseded(old)) {
            if old.id != id {
                self.delete(&old.id);
            }
        }
        self.saved.retain(|old| !superseded(old));
        self.saved.push(Saved {
            id,
            tokens: tokens.to_vec(),
            description,
        });
        self.keep_within_bound();
        Ok(())
    }

    /// The state that shares the longest head with `prompt`, if that is at least `min_len` tokens: its id and its tokens.
    pub fn find(&self, prompt: &[Token], min_len: usize) -> Option<(String, Vec<Token>)> {
        let heads = self.saved.iter().map(|saved| {
            let len = common_prefix(&saved.tokens, prompt);
            (saved, len)
        });
        let (saved, len) = heads.max_by_key(|(_, len)| *len)?;
        (len >= min_len).then(|| (saved.id.clone(), saved.tokens.clone()))
    }

    /// The file of a state, after every byte of it was checked, and counts it as used now. `None`, and it is forgotten and
    /// deleted, if it is not as it was saved.
    pub fn verify(&mut self, id: &str) -> Option<PathBuf> {
        let file = self.state_file(id);
        let saved = self.saved.iter().find(|saved| saved.id == id)?;
        let is_whole = length(&file) == Some(saved.description.bytes)
            && sha256_of_file(&file).is_ok_and(|sha256| sha256 == saved.description.sha256);
        if !is_whole {
            tracing::warn!("a saved state is gone or damaged, so it is not used");
            self.forget(id);
            return None;
        }
        let used = File::options().append(true).open(self.description_file(id));
        // If the time can't be set, it goes earlier than it had to.
        let _ = used.and_then(|description| description.set_modified(SystemTime::now()));
        Some(file)
    }

    /// Deletes a state.
    pub fn forget(&mut self, id: &str) {
        self.delete(id);
        self.saved.retain(|saved| saved.id != id);
    }

    /// What a description says, if it and the length of the state's file are right.
    fn describe(&self, path: &Path, model: &str) -> Option<Description> {
        let description = (length(path)? <= LONGEST_DESCRIPTION).then(|| fs::read(path).ok())??;
        let description: Description = serde_json::from_slice(&description).ok()?;
        let right = description.version == VERSION
            && description.model == model
            && !description.tokens.is_empty()
            && description.bytes <= self.settings.max_bytes
            && length(&path.with_extension("state")) == Some(description.bytes);
        right.then_some(description)
    }

    /// Deletes what is oldest in the folders of all models, until the rest fits.
    fn keep_within_bound(&mut self) {
        // A state and its description have the same name up to the extension, and go together.
        let mut pairs: HashMap<PathBuf, (SystemTime, u64, Vec<PathBuf>)> = HashMap::new();
        for folder in folders_in(&self.settings.root) {
            for path in files_in(&folder) {
                let Ok(metadata) = fs::symlink_metadata(&path) else {
                    continue;
                };
                let (used, bytes, files) = pairs.entry(path.with_extension("")).or_insert((
                    SystemTime::UNIX_EPOCH,
                    0,
                    Vec::new(),
                ));
                *used = (*used).max(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
                *bytes += metadata.len();
                files.push(path);
            }
        }
        let mut pairs: Vec<_> = pairs.into_values().collect();
        pairs.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut total = 0;
        for (_, bytes, files) in pairs {
            total += bytes;
            if total > self.settings.max_bytes {
                files.iter().for_each(|file| drop(fs::remove_file(file)));
            }
        }
        let folder = self.folder.clone();
        self.saved
            .retain(|saved| folder.join(format!("{}.json", saved.id)).exists());
    }

    /// An empty file that is only the user's. It is deleted when the path is dropped.
    fn new_file(&self) -> io::Result<tempfile::TempPath> {
        let file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.folder)?;
        Ok(file.into_temp_path())
    }

    fn delete(&self, id: &str) {
        // Another process may have been quicker.
        let _ = fs::remove_file(self.description_file(id));
        let _ = fs::remove_file(self.state_file(id));
    }

    fn state_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.state"))
    }

    fn description_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

fn failed(path: &Path, error: io::Error) -> StateError {
    StateError::Io {
        path: path.to_owned(),
        error,
    }
}

/// The length of a regular file.
fn length(path: &Path) -> Option<u64> {
    let metadata = fs::symlink_metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    entries(folder, |kind| kind.is_file())
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    entries(folder, |kind| kind.is_dir())
}

/// What a folder holds of one kind; links count as what they are.
fn entries(folder: &Path, is_wanted: impl Fn(fs::FileType) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(&is_wanted))
        .map(|entry| entry.path())
        .collect()
}

fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The first half of the SHA-256 of a text, in hexadecimal: short enough for a name, too long for chance.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests;
