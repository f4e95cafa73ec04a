//! The symbols of all files of the workspace, in memory. Plain data without locks and without I/O: the walker fills it, completions read it.
//!
//! Every answer is in the order of paths, whatever the order in which files came: the same workspace gives the same prompt.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::symbols::{Definition, FileSymbols, Imported};

/// What a file costs beside its symbols: its path, its places in the maps. Measured, as the next, on 200,000 files with a million
/// definitions, of which a third have names of their own.
const BYTES_PER_FILE: usize = 450;

/// What a definition costs beside its strings: the struct, and its place in the map of names.
const BYTES_PER_DEFINITION: usize = size_of::<Definition>() + 96;

/// The indexed files, to be asked by path, by folder and by what they define.
#[derive(Debug, Default)]
pub struct WorkspaceSymbols {
    roots: Vec<Arc<Path>>,
    /// Files have small numbers, so that the maps below stay small. Freed numbers are given out again.
    files: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// Folder, then file name.
    folders: BTreeMap<PathBuf, BTreeMap<OsString, u32>>,
    folders_by_name: HashMap<OsString, Vec<PathBuf>>,
    by_file_name: HashMap<OsString, Vec<u32>>,
    by_package: HashMap<String, Vec<u32>>,
    by_name: HashMap<Box<str>, Vec<Place>>,
    bytes: usize,
}

/// An indexed file.
#[derive(Debug, Clone)]
pub struct Entry {
    pub path: Arc<Path>,
    pub symbols: Arc<FileSymbols>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    file: u32,
    /// Index into the definitions of the file.
    definition: u32,
}

impl WorkspaceSymbols {
    /// The workspace folders.
    pub fn roots(&self) -> &[Arc<Path>] {
        &self.roots
    }

    pub fn set_roots(&mut self, roots: Vec<Arc<Path>>) {
        self.roots = roots;
    }

    /// Takes the symbols of a file, in place of those that it had.
    pub fn insert(&mut self, path: Arc<Path>, symbols: Arc<FileSymbols>) {
        self.remove(&path);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return;
        };
        let number = self.free.pop().unwrap_or_else(|| {
            self.files.push(None);
            (self.files.len() - 1) as u32
        });
        if !self.folders.contains_key(folder) {
            self.folders.insert(folder.to_owned(), BTreeMap::new());
            if let Some(name) = folder.file_name() {
                let named = self.folders_by_name.entry(name.to_owned()).or_default();
                named.push(folder.to_owned());
            }
        }
        if let Some(files) = self.folders.get_mut(folder) {
            files.insert(name.to_owned(), number);
        }
        push(&mut self.by_file_name, name, number);
        if let Some(package) = &symbols.package {
            push(&mut self.by_package, package.as_str(), number);
        }
        for (definition, each) in symbols.definitions.iter().enumerate() {
            let place = Place {
                file: number,
                definition: definition as u32,
            };
            match self.by_name.get_mut(each.name.as_str()) {
                Some(places) => places.push(place),
                None => {
                    self.by_name.insert(each.name.as_str().into(), vec![place]);
                }
            }
        }
        self.bytes += estimated_bytes(&path, &symbols);
        self.files[number as usize] = Some(Entry { path, symbols });
    }

    /// Forgets a file; whether it was there.
    pub fn remove(&mut self, path: &Path) -> bool {
        let Some(number) = self.number(path) else {
            return false;
        };
        let Some(Entry { path, symbols }) = self.files[number as usize].take() else {
            return false;
        };
        self.free.push(number);
        self.bytes -= estimated_bytes(&path, &symbols);
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
            take(&mut self.by_file_name, name, number);
            if let Some(files) = self.folders.get_mut(folder) {
                files.remove(name);
                if files.is_empty() {
                    self.folders.remove(folder);
                    self.forget_folder_name(folder);
                }
            }
        }
        if let Some(package) = &symbols.package {
            take(&mut self.by_package, package.as_str(), number);
        }
        for definition in &symbols.definitions {
            if let Some(places) = self.by_name.get_mut(definition.name.as_str()) {
                places.retain(|place| place.file != number);
                if places.is_empty() {
                    self.by_name.remove(definition.name.as_str());
                }
            }
        }
        true
    }

    fn forget_folder_name(&mut self, folder: &Path) {
        let Some(name) = folder.file_name() else {
            return;
        };
        if let Some(named) = self.folders_by_name.get_mut(name) {
            named.retain(|each| each != folder);
            if named.is_empty() {
                self.folders_by_name.remove(name);
            }
        }
    }

    pub fn contains(&self, path: &Path) -> bool {
        self.number(path).is_some()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About the memory that all of it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn file(&self, path: &Path) -> Option<&Arc<FileSymbols>> {
        Some(&self.entry(path)?.symbols)
    }

    pub fn entry(&self, path: &Path) -> Option<&Entry> {
        self.files[self.number(path)? as usize].as_ref()
    }

    /// The definitions of this name, members of types included.
    pub fn named<'a>(
        &'a self,
        name: &str,
    ) -> impl Iterator<Item = (&'a Arc<Path>, &'a Definition)> + use<'a> {
        let places = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<_> = places
            .iter()
            .filter_map(|place| {
                let entry = self.files[place.file as usize].as_ref()?;
                Some((&entry.path, place.definition, entry))
            })
            .collect();
        found.sort_unstable_by_key(|&(path, definition, _)| (path, definition));
        found.into_iter().filter_map(|(path, definition, entry)| {
            Some((path, entry.symbols.definitions.get(definition as usize)?))
        })
    }

    /// How many definitions have this name: to be asked before [`named`](Self::named), which sorts them all.
    pub fn count_named(&self, name: &str) -> usize {
        self.by_name.get(name).map_or(0, Vec::len)
    }

    /// The files directly in a folder.
    pub fn files_in<'a>(&'a self, folder: &Path) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let files = self.folders.get(folder).into_iter().flatten();
        files.filter_map(|(_, &number)| self.files[number as usize].as_ref())
    }

    /// The files in a folder and in the folders in it, for when it is deleted or renamed.
    pub fn files_below<'a>(&'a self, folder: &Path) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let folder = folder.to_owned();
        let folders = self.folders.range(folder.clone()..);
        folders
            .take_while(move |(each, _)| each.starts_with(&folder))
            .flat_map(|(_, files)| files)
            .filter_map(|(_, &number)| self.files[number as usize].as_ref())
    }

    /// The files that name this package or namespace as their own.
    pub fn files_of_package(&self, package: &str) -> Vec<&Entry> {
        self.entries(self.by_package.get(package))
    }

    /// The files whose path ends in these components.
    pub fn files_ending_in(&self, end: &Path) -> Vec<&Entry> {
        let name = end.file_name().unwrap_or_default();
        let mut entries = self.entries(self.by_file_name.get(name));
        entries.retain(|entry| entry.path.ends_with(end));
        entries
    }

    /// The folders that hold files themselves and whose path ends in these components.
    pub fn folders_ending_in(&self, end: &Path) -> Vec<&Path> {
        let Some(Component::Normal(name)) = end.components().next_back() else {
            return Vec::new();
        };
        let named = self.folders_by_name.get(name).into_iter().flatten();
        let mut folders: Vec<_> = named
            .map(PathBuf::as_path)
            .filter(|folder| folder.ends_with(end))
            .collect();
        folders.sort_unstable();
        folders
    }

    fn entries(&self, numbers: Option<&Vec<u32>>) -> Vec<&Entry> {
        let numbers = numbers.into_iter().flatten();
        let mut entries: Vec<_> = numbers
            .filter_map(|&number| self.files[number as usize].as_ref())
            .collect();
        entries.sort_unstable_by_key(|entry| &entry.path);
        entries
    }

    fn number(&self, path: &Path) -> Option<u32> {
        let files = self.folders.get(path.parent()?)?;
        files.get(path.file_name()?).copied()
    }
}

fn push<K, Q>(map: &mut HashMap<K, Vec<u32>>, key: &Q, number: u32)
where
    K: std::hash::Hash + Eq + std::borrow::Borrow<Q>,
    Q: std::hash::Hash + Eq + ToOwned<Owned = K> + ?Sized,
{
    match map.get_mut(key) {
        Some(numbers) => numbers.push(number),
        None => {
            map.insert(key.to_owned(), vec![number]);
        }
    }
}

fn take<K, Q>(map: &mut HashMap<K, Vec<u32>>, key: &Q, number: u32)
where
    K: std::hash::Hash + Eq + std::borrow::Borrow<Q>,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if let Some(numbers) = map.get_mut(key) {
        numbers.retain(|&each| each != number);
        if numbers.is_empty() {
            map.remove(key);
        }
    }
}

fn estimated_bytes(path: &Path, symbols: &FileSymbols) -> usize {
    let definitions = symbols.definitions.iter().map(|each| {
        let container = each.container.as_ref().map_or(0, String::len);
        BYTES_PER_DEFINITION + each.name.len() + container + each.outline.len()
    });
    let imports = symbols.imports.iter().map(|import| {
        let names = match &import.names {
            Imported::Module(name) => name.len(),
            Imported::Names(names) => {
                let names = names
                    .iter()
                    .map(|(theirs, ours)| 48 + theirs.len() + ours.len());
                names.sum()
            }
            Imported::All => 0,
        };
        size_of_val(import) + import.module.len() + names
    });
    BYTES_PER_FILE + path_len(path) + definitions.sum::<usize>() + imports.sum::<usize>()
}

fn path_len(path: &Path) -> usize {
    AsRef::<OsStr>::as_ref(path).len()
}

#[cfg(test)]
mod tests;
