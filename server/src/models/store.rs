//! The model files of this machine and which of them may be used. Owns tacit's model folder and its memory of what was
//! verified and trusted (`records.json`). Never downloads, and never changes or deletes a file that is not its own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::catalogue::{Catalogue, CatalogueError, Entry};
use super::discover::{self, Found, Holder, Places};
use super::file::{ModelFile, Stamp};
use super::gguf::{Facts, Refusal};
use super::pull::traces;
use super::records::{Records, RecordsError};

/// Names the model folder.
pub const FOLDER_VARIABLE: &str = "TACIT_MODELS";

/// Why there is no usable model file. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(
        "No home folder is known, so there is no place for models. Set {FOLDER_VARIABLE} to a folder for them."
    )]
    NoFolder,
    #[error("No model is called \"{name}\", and there is no such file. `tacit models list` shows the names.{}", similar_names(.similar))]
    Unknown { name: String, similar: Vec<String> },
    #[error("The model {name} is not on this machine. Get it with `tacit models pull {name}`.")]
    NotHere { name: String },
    #[error("{} is a folder, not a model file. Name the file itself.", .0.display())]
    IsFolder(PathBuf),
    #[error("{} cannot be read: {source}. Check that it exists and that you may read it.", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "{} is not the file that the catalogue pins as {name}: it has {have}, expected {expected}. Pull the model again with `tacit models pull {name}`.",
        .path.display()
    )]
    Mismatch {
        path: PathBuf,
        name: String,
        have: String,
        expected: String,
    },
    #[error(
        "{} is in no catalogue of tacit's. If you know where it comes from, allow it with `tacit models trust {}`.",
        .0.display(), quoted(.0)
    )]
    NotTrusted(PathBuf),
    #[error(
        "{} has changed since you trusted it. If you changed it yourself, trust it again with `tacit models trust {}`; else delete it.",
        .0.display(), quoted(.0)
    )]
    Changed(PathBuf),
    #[error("{} changes while it is read. Wait until whoever writes it is done, and try again.", .0.display())]
    Changing(PathBuf),
    #[error("{} cannot be used. {refusal}", .path.display())]
    Refused { path: PathBuf, refusal: Refusal },
    #[error("{} is not tacit's own copy but held by {holder}; remove it there.", .path.display())]
    NotOurs { path: PathBuf, holder: String },
    #[error("{} cannot be removed: {source}. If another program uses it, close that first.", .path.display())]
    CannotRemove { path: PathBuf, source: io::Error },
    #[error("The path {} is not valid Unicode and cannot be recorded as trusted. Rename the file.", .0.display())]
    NotUnicode(PathBuf),
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// A file that may be given to the engine.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub path: PathBuf,
    /// The catalogue's name, else the file name.
    pub name: String,
    /// The pins that the file matches; none for a file that only the user vouches for.
    pub entry: Option<Entry>,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// The file as it was when it had this digest.
    pub stamp: Stamp,
    pub origin: Origin,
    pub facts: Facts,
}

/// Where a usable file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// tacit's own folder.
    Store,
    /// Another program's folder.
    Held(Holder),
    /// Anywhere else: named by its path.
    Elsewhere,
}

/// The model folder, the pins, and the places where others keep models.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    catalogue: Catalogue,
    places: Places,
}

/// What lies on this machine, for `tacit models list`. Nothing in it was hashed for the occasion.
#[derive(Debug)]
pub struct Inventory {
    /// Pinned models with the file that is, by its length and name, likely to be theirs.
    pub pinned: Vec<(Entry, Option<(PathBuf, Origin)>)>,
    /// Model files of other programs that no pin describes.
    pub unpinned: Vec<Found>,
    /// Files that the user trusted.
    pub trusted: Vec<PathBuf>,
}

impl Resolved {
    /// Length of the file.
    pub fn bytes(&self) -> u64 {
        self.stamp.bytes
    }
}

impl Store {
    /// The store of this user, with the compiled-in catalogue.
    pub fn open() -> Result<Self, ModelError> {
        Self::open_in(None)
    }

    /// The store of a user who has set a folder for it. The environment variable goes before that.
    pub fn open_in(folder: Option<&Path>) -> Result<Self, ModelError> {
        let home = etcetera::home_dir().ok();
        let variable = |name: &str| std::env::var_os(name);
        let set = folder
            .filter(|_| variable(FOLDER_VARIABLE).is_none())
            .map(Path::to_owned);
        let folder = set
            .or_else(|| default_folder(variable))
            .ok_or(ModelError::NoFolder)?;
        Ok(Self::new(
            folder,
            Catalogue::compiled_in()?,
            Places::of(home.as_deref(), variable),
        ))
    }

    /// A store in any folder, which need not exist yet.
    pub fn new(folder: PathBuf, catalogue: Catalogue, places: Places) -> Self {
        Self {
            folder,
            catalogue,
            places,
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Where tacit's own copy of a pinned file lies, or would lie.
    pub fn own_path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(entry.store_file())
    }

    /// The entry that a name means.
    pub fn entry(&self, name: &str) -> Result<&Entry, ModelError> {
        self.catalogue
            .find(name)
            .ok_or_else(|| ModelError::Unknown {
                name: name.to_owned(),
                similar: self.similar_to(name),
            })
    }

    /// The usable file that a name of the catalogue, a path, or the file name of a trusted file stands for. Hashes a
    /// file that it has not verified before (seconds per gigabyte); after that it only looks at its [`Stamp`].
    pub fn resolve(&self, name_or_path: &str) -> Result<Resolved, ModelError> {
        if let Some(entry) = self.catalogue.find(name_or_path) {
            return self.find(entry);
        }
        let path = Path::new(name_or_path);
        if path.exists() || path.is_absolute() {
            return self.admit(path);
        }
        let trusted = Records::load(&self.folder).trusted_paths();
        match trusted
            .into_iter()
            .find(|path| path.file_name().is_some_and(|file| file == name_or_path))
        {
            Some(path) => self.admit(&path),
            None => Err(ModelError::Unknown {
                name: name_or_path.to_owned(),
                similar: self.similar_to(name_or_path),
            }),
        }
    }

    /// The usable file of a pinned model: tacit's own, else another program's.
    pub fn find(&self, entry: &Entry) -> Result<Resolved, ModelError> {
        let mut wrong = None;
        for (path, origin) in self.candidates(entry) {
            match self.verify_pinned(&path, entry, origin, Memory::Use) {
                Ok(resolved) => return Ok(resolved),
                Err(error) => {
                    tracing::debug!(path = %path.display(), "candidate refused: {error}");
                    wrong.get_or_insert(error);
                }
            }
        }
        Err(wrong.unwrap_or_else(|| ModelError::NotHere {
            name: entry.name.clone(),
        }))
    }

    /// Hashes the file again, whatever was remembered.
    pub fn verify(&self, name_or_path: &str) -> Result<Resolved, ModelError> {
        let path = match self.catalogue.find(name_or_path) {
            Some(entry) => match self.candidates(entry).into_iter().next() {
                Some((path, origin)) => {
                    return self.verify_pinned(&path, entry, origin, Memory::Renew);
                }
                None => {
                    return Err(ModelError::NotHere {
                        name: entry.name.clone(),
                    });
                }
            },
            None => PathBuf::from(name_or_path),
        };
        self.digest(&open(&path)?, Memory::Renew)?;
        self.resolve(name_or_path)
    }

    /// Records that the user vouches for exactly these bytes. A damaged file is refused nevertheless.
    pub fn trust(&self, path: &Path) -> Result<Resolved, ModelError> {
        let file = open(path)?;
        let facts = inspect(&file)?;
        let sha256 = self.digest(&file, Memory::Renew)?;
        let key = file
            .path
            .to_str()
            .ok_or_else(|| ModelError::NotUnicode(file.path.clone()))?;
        Records::update(&self.folder, |records| records.trust(key, &sha256))?;
        Ok(self.resolved(file, sha256, facts, Origin::Elsewhere))
    }

    /// Deletes tacit's own copy of a pinned model and what an unfinished pull of it left, or forgets that a file is trusted; returns the path. A file outside
    /// the store is never deleted.
    pub fn remove(&self, name_or_path: &str) -> Result<Removed, ModelError> {
        let Some(entry) = self.catalogue.find(name_or_path) else {
            return self.distrust(name_or_path);
        };
        let path = self.own_path(entry);
        let ours: Vec<PathBuf> = traces(&path).collect();
        if ours.is_empty() {
            return Err(match self.candidates(entry).into_iter().next() {
                Some((path, Origin::Held(holder))) => ModelError::NotOurs {
                    path,
                    holder: holder.to_string(),
                },
                _ => ModelError::NotHere {
                    name: entry.name.clone(),
                },
            });
        }
        for path in ours {
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(|source| ModelError::CannotRemove { path, source })?;
        }
        if let Some(key) = path.to_str() {
            Records::update(&self.folder, |records| records.forget(key))?;
        }
        Ok(Removed::Deleted(path))
    }

    /// Whether what is verified and trusted can be kept.
    ///
    /// # Errors
    /// If it cannot, because others can write to the model folder.
    pub fn check_records(&self) -> Result<(), RecordsError> {
        Records::check(&self.folder)
    }

    /// What there is, and what could be had.
    pub fn inventory(&self) -> Inventory {
        let found = discover::scan(&self.places);
        let likely = |entry: &Entry| self.candidates_among(entry, &found).into_iter().next();
        let pinned: Vec<_> = self
            .catalogue
            .entries()
            .iter()
            .map(|entry| (entry.clone(), likely(entry)))
            .collect();
        let trusted = Records::load(&self.folder).trusted_paths();
        let known = |found: &Found| {
            trusted.contains(&found.path)
                || self
                    .catalogue
                    .entries()
                    .iter()
                    .any(|entry| found.may_be(entry))
        };
        let unpinned = found
            .iter()
            .filter(|found| !known(found))
            .cloned()
            .collect();
        Inventory {
            pinned,
            unpinned,
            trusted,
        }
    }

    fn candidates(&self, entry: &Entry) -> Vec<(PathBuf, Origin)> {
        self.candidates_among(entry, &discover::scan(&self.places))
    }

    fn candidates_among(&self, entry: &Entry, found: &[Found]) -> Vec<(PathBuf, Origin)> {
        let own = self.own_path(entry);
        let own = own.exists().then_some((own, Origin::Store));
        let held = found.iter().filter(|found| found.may_be(entry));
        own.into_iter()
            .chain(held.map(|found| (found.path.clone(), Origin::Held(found.holder))))
            .collect()
    }

    fn verify_pinned(
        &self,
        path: &Path,
        entry: &Entry,
        origin: Origin,
        memory: Memory,
    ) -> Result<Resolved, ModelError> {
        let file = open(path)?;
        let mismatch = |have: String, expected: String| ModelError::Mismatch {
            path: file.path.clone(),
            name: entry.name.clone(),
            have,
            expected,
        };
        if let Some(bytes) = entry.bytes.filter(|&bytes| bytes != file.stamp.bytes) {
            return Err(mismatch(
                format!("{} bytes", file.stamp.bytes),
                format!("{bytes} bytes"),
            ));
        }
        let sha256 = self.digest(&file, memory)?;
        if sha256 != entry.sha256 {
            return Err(mismatch(
                format!("SHA-256 {sha256}"),
                format!("SHA-256 {}", entry.sha256),
            ));
        }
        let facts = inspect(&file)?;
        Ok(Resolved {
            entry: Some(entry.clone()),
            name: entry.name.clone(),
            ..self.resolved(file, sha256, facts, origin)
        })
    }

    /// A file named by its path: usable if its bytes are pinned or trusted.
    fn admit(&self, path: &Path) -> Result<Resolved, ModelError> {
        let file = open(path)?;
        let trusted = file
            .path
            .to_str()
            .and_then(|key| Records::load(&self.folder).trusted(key));
        let may_be_pinned = self
            .catalogue
            .entries()
            .iter()
            .any(|entry| entry.may_have_length(file.stamp.bytes));
        if trusted.is_none() && !may_be_pinned {
            // A damaged file cannot be trusted: say that at once rather than send the user to a second refusal.
            inspect(&file)?;
            return Err(ModelError::NotTrusted(file.path));
        }
        let sha256 = self.digest(&file, Memory::Use)?;
        let facts = inspect(&file)?;
        if self.catalogue.find_sha256(&sha256).is_none() {
            match trusted {
                Some(trusted) if trusted == sha256 => {}
                Some(_) => return Err(ModelError::Changed(file.path)),
                None => return Err(ModelError::NotTrusted(file.path)),
            }
        }
        Ok(self.resolved(file, sha256, facts, Origin::Elsewhere))
    }

    fn resolved(&self, file: ModelFile, sha256: String, facts: Facts, origin: Origin) -> Resolved {
        let entry = self.catalogue.find_sha256(&sha256).cloned();
        let file_name = || {
            file.path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let name = entry
            .as_ref()
            .map_or_else(file_name, |entry| entry.name.clone());
        Resolved {
            name,
            entry,
            sha256,
            stamp: file.stamp,
            origin,
            facts,
            path: file.path,
        }
    }

    fn distrust(&self, name_or_path: &str) -> Result<Removed, ModelError> {
        let named = fs::canonicalize(name_or_path).unwrap_or_else(|_| PathBuf::from(name_or_path));
        let trusted = Records::load(&self.folder).trusted_paths();
        let path = trusted
            .into_iter()
            .find(|path| *path == named || path.file_name() == Some(name_or_path.as_ref()));
        let Some(path) = path else {
            return Err(ModelError::Unknown {
                name: name_or_path.to_owned(),
                similar: self.similar_to(name_or_path),
            });
        };
        if let Some(key) = path.to_str() {
            Records::update(&self.folder, |records| records.forget(key))?;
        }
        Ok(Removed::NoLongerTrusted(path))
    }

    /// The SHA-256 of a file, remembered or computed.
    fn digest(&self, file: &ModelFile, memory: Memory) -> Result<String, ModelError> {
        let remembered = || Records::load(&self.folder).verified(file.path.to_str()?, &file.stamp);
        if memory == Memory::Use
            && let Some(sha256) = remembered()
        {
            return Ok(sha256);
        }
        let sha256 = file.sha256().map_err(|source| ModelError::Unreadable {
            path: file.path.clone(),
            source,
        })?;
        if !file.is_unchanged() {
            return Err(ModelError::Changing(file.path.clone()));
        }
        self.record(file, &sha256);
        Ok(sha256)
    }

    /// Failing to remember costs time at the next start and nothing else.
    fn record(&self, file: &ModelFile, sha256: &str) {
        if let Some(key) = file.path.to_str()
            && let Err(error) = Records::update(&self.folder, |records| {
                records.verify(key, file.stamp, sha256)
            })
        {
            tracing::warn!("the model file will be read again at the next start: {error}");
        }
    }

    fn similar_to(&self, name: &str) -> Vec<String> {
        let wanted = name.to_lowercase();
        let alike = |entry: &&Entry| {
            wanted
                .split(['-', '_', '/'])
                .all(|word| entry.name.contains(word))
        };
        self.catalogue
            .entries()
            .iter()
            .filter(alike)
            .take(4)
            .map(|entry| entry.name.clone())
            .collect()
    }
}

/// What `remove` did.
#[derive(Debug, PartialEq, Eq)]
pub enum Removed {
    Deleted(PathBuf),
    NoLongerTrusted(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Use,
    Renew,
}

fn open(path: &Path) -> Result<ModelFile, ModelError> {
    ModelFile::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::IsADirectory => ModelError::IsFolder(path.to_owned()),
        _ => ModelError::Unreadable {
            path: path.to_owned(),
            source,
        },
    })
}

fn inspect(file: &ModelFile) -> Result<Facts, ModelError> {
    file.inspect().map_err(|refusal| ModelError::Refused {
        path: file.path.clone(),
        refusal,
    })
}

/// `TACIT_MODELS`, else `tacit/models` in the platform's folder for a program's data.
fn default_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    match variable(FOLDER_VARIABLE).filter(|value| !value.is_empty()) {
        Some(folder) => Some(folder.into()),
        None => Some(
            etcetera::choose_base_strategy()
                .ok()?
                .data_dir()
                .join("tacit")
                .join("models"),
        ),
    }
}

fn similar_names(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        names => format!(" Did you mean {}?", names.join(" or ")),
    }
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+\\:".contains(c);
    if path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
