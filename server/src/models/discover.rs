//! Model files that other programs of this user already hold: Ollama, LM Studio, the Hugging Face cache. Owns where they
//! lie and how they are recognised; reads folders and small manifests only. Never writes, and never says that a file is
//! good: what it finds is a candidate, which [`super::store`] verifies.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::catalogue::Entry;
use crate::files;

/// Deepest folder below a root that is looked into. The deepest layout is Hugging Face's, `models--ORG--REPO/snapshots/REV/FOLDER/FILE`.
const MAX_DEPTH: usize = 5;
/// Larger files are no manifests.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;
/// Most folder entries that a scan looks at, so that an odd folder cannot hold it up.
const MAX_ENTRIES: usize = 20_000;

/// Who holds a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    Ollama,
    LmStudio,
    HuggingFace,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ollama => "Ollama",
            Self::LmStudio => "LM Studio",
            Self::HuggingFace => "Hugging Face cache",
        })
    }
}

/// A model file of another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub holder: Holder,
    pub path: PathBuf,
    /// The name under which its holder knows it.
    pub label: String,
    pub bytes: u64,
    /// The digest that its holder keeps it under. A claim, not a proof.
    claimed_sha256: Option<String>,
}

impl Found {
    /// Whether this is likely to be the entry's file, so that hashing it is worth while.
    pub fn may_be(&self, entry: &Entry) -> bool {
        let same_name = || {
            let name = self.path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.eq_ignore_ascii_case(&entry.file))
        };
        entry.may_have_length(self.bytes)
            && match &self.claimed_sha256 {
                Some(claimed) => *claimed == entry.sha256,
                None => same_name(),
            }
    }
}

/// The folders to look into.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Ollama's `models` folders, with `manifests` and `blobs`.
    pub ollama: Vec<PathBuf>,
    /// LM Studio's `models` folders: `PUBLISHER/REPOSITORY/FILE`.
    pub lm_studio: Vec<PathBuf>,
    /// Hugging Face's `hub` folders: `models--ORGANISATION--REPOSITORY/snapshots/REVISION/FILE`.
    pub hugging_face: Vec<PathBuf>,
}

impl Places {
    /// The places of a user with this home folder and these environment variables.
    pub fn of(home: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let variable = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let below_home = |path: &str| home.map(|home| home.join(path));

        let ollama = match variable("OLLAMA_MODELS") {
            Some(folder) => vec![folder],
            // The second is where the service that Ollama's Linux installer sets up keeps them.
            None => below_home(".ollama/models")
                .into_iter()
                .chain([PathBuf::from("/usr/share/ollama/.ollama/models")])
                .collect(),
        };
        let lm_studio = [
            below_home(".lmstudio/models"),
            below_home(".cache/lm-studio/models"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let hugging_face = variable("HF_HUB_CACHE")
            .or_else(|| variable("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| variable("HF_HOME").map(|folder| folder.join("hub")))
            .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("huggingface/hub")))
            .or_else(|| below_home(".cache/huggingface/hub"));
        Self {
            ollama,
            lm_studio,
            hugging_face: hugging_face.into_iter().collect(),
        }
    }
}

/// All model files at these places. Folders that are missing or unreadable hold none.
pub fn scan(places: &Places) -> Vec<Found> {
    let mut found: Vec<Found> = places
        .ollama
        .iter()
        .flat_map(|folder| ollama(folder))
        .collect();
    for folder in &places.lm_studio {
        found.extend(
            gguf_files(folder)
                .into_iter()
                .filter_map(|path| plain(Holder::LmStudio, folder, path)),
        );
    }
    for folder in &places.hugging_face {
        found.extend(
            gguf_files(folder)
                .into_iter()
                .filter_map(|path| hugging_face(folder, path)),
        );
    }
    found
}

/// One model of Ollama as its manifest describes it; the weights are one of the layers.
#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
}

/// `manifests/HOST/NAMESPACE/MODEL/TAG` name layers, which lie in `blobs/sha256-DIGEST`.
fn ollama(folder: &Path) -> Vec<Found> {
    let manifests = folder.join("manifests");
    let read = |path: PathBuf| {
        let text = files::read(&path, MAX_MANIFEST_BYTES).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        let weights = manifest
            .layers
            .iter()
            .find(|layer| layer.media_type.ends_with(".image.model"))?;
        let sha256 = weights
            .digest
            .strip_prefix("sha256:")
            .filter(|digest| is_sha256(digest))?;
        let mut found = plain(
            Holder::Ollama,
            &manifests,
            folder.join("blobs").join(format!("sha256-{sha256}")),
        )?;
        let tag = path.file_name()?.to_string_lossy();
        let model = path.parent()?.file_name()?.to_string_lossy();
        found.label = label(&format!("{model}:{tag}"));
        found.claimed_sha256 = Some(sha256.to_owned());
        Some(found)
    };
    files_below(&manifests, |_| true)
        .into_iter()
        .filter_map(read)
        .collect()
}

/// Files of the hub's large-file storage are links to `blobs/SHA256`; where links are not to be had, plain files.
fn hugging_face(folder: &Path, path: PathBuf) -> Option<Found> {
    let target = fs::read_link(&path).ok();
    let blob = target
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .filter(|name| is_sha256(name));
    let claimed_sha256 = blob.map(str::to_owned);
    Some(Found {
        claimed_sha256,
        ..plain(Holder::HuggingFace, folder, path)?
    })
}

/// A file that nothing is known of but its name and length.
fn plain(holder: Holder, folder: &Path, path: PathBuf) -> Option<Found> {
    let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
    let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
    Some(Found {
        holder,
        label: label(&name),
        path,
        bytes: metadata.len(),
        claimed_sha256: None,
    })
}

/// A name as a terminal may show it. Other programs, and so other users, have chosen it.
fn label(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn gguf_files(folder: &Path) -> Vec<PathBuf> {
    files_below(folder, |path| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
    })
}

/// The wanted files below a folder, sorted. Follows links to files, not to folders.
fn files_below(root: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MAX_ENTRIES {
                return files;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                    folders.push((entry.path(), depth + 1))
                }
                Ok(kind) if !kind.is_dir() && wanted(&entry.path()) => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_win_over_the_home_folder() {
        let home = Path::new("/home/u");
        let plain = Places::of(Some(home), |_| None);
        assert_eq!(plain.ollama[0], home.join(".ollama/models"));
        assert_eq!(plain.hugging_face, [home.join(".cache/huggingface/hub")]);
        assert_eq!(plain.lm_studio.len(), 2);

        let set = |name: &str| match name {
            "OLLAMA_MODELS" => Some("/o".into()),
            "HF_HOME" => Some("/hf".into()),
            "HF_HUB_CACHE" => Some("".into()),
            _ => None,
        };
        let moved = Places::of(None, set);
        assert_eq!(moved.ollama, [PathBuf::from("/o")]);
        assert_eq!(moved.hugging_face, [PathBuf::from("/hf/hub")]);
        assert!(moved.lm_studio.is_empty());
    }
}
