//! The one question that comes before every prompt: may a model see this document, this file? Names, links, ignore files and the text itself
//! decide, all of them. May read the disk where it says so.

use std::path::{Path, PathBuf};

use super::{contents, ignored::Ignored, names, uris};
use crate::{
    documents::Snapshot,
    files::{self, Unread},
};

const NO_END: &str = "The links in the path of this file have no end, so no model is shown it.";

/// Proof that a document may be seen. Only [`clear`] gives one, and no prompt can be made without.
#[derive(Debug, Clone, Copy)]
pub struct Cleared(());

/// Asks for an open document. Looks at the disk.
///
/// # Errors
/// Why no model may see it, for a person.
pub fn clear(
    document: &Snapshot,
    workspace: Option<&Path>,
    ignored: &Ignored,
) -> Result<Cleared, &'static str> {
    match hidden_document(document, workspace, ignored) {
        Some(reason) => Err(reason),
        None => Ok(Cleared(())),
    }
}

/// Why no model may see an open document, for a person; `None` if it may. `workspace` is the folder that holds it. Looks at the disk.
pub fn hidden_document(
    document: &Snapshot,
    workspace: Option<&Path>,
    ignored: &Ignored,
) -> Option<&'static str> {
    let is_code = is_code(document);
    contents::secret(&document.rope, is_code).or_else(|| {
        places(document)
            .iter()
            .find_map(|place| hidden_file(place, workspace, ignored))
    })
}

/// Why no model may see the file at `path`, going by its name, by where its links lead and by ignore files; `None` if it may. Looks at the disk,
/// but not into the file.
pub fn hidden_file(
    path: &Path,
    workspace: Option<&Path>,
    ignored: &Ignored,
) -> Option<&'static str> {
    if !path.is_absolute() {
        return names::secret(path);
    }
    let Some(ways) = files::ways(path) else {
        return Some(NO_END);
    };
    ways.iter()
        .find_map(|way| names::secret(way).or_else(|| ignored.reason(way, workspace)))
}

/// Every path that may be that of a document: its file's, what its URI names, and the same of the notebook that it is a cell of.
pub fn places(document: &Snapshot) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = document
        .path
        .iter()
        .map(|path| path.to_path_buf())
        .collect();
    let uris = [Some(&document.uri), document.notebook.as_ref()];
    for place in uris.into_iter().flatten().flat_map(|uri| uris::paths(uri)) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The text is source code or prose, as its language or its name says.
fn is_code(document: &Snapshot) -> bool {
    match document.language {
        Some(language) => !names::is_of_data(language),
        None => document.path.as_deref().is_some_and(names::is_code),
    }
}

/// The text of a file that is to be shown with another one, `of`, whose project it has to belong to: no link may lead out of that. `None` also for
/// what is no text of at most `max` bytes.
///
/// # Errors
/// Why it is not read, in words that follow the file's name.
pub fn read(
    path: &Path,
    max: u64,
    of: &Path,
    workspace: Option<&Path>,
    ignored: &Ignored,
) -> Result<String, String> {
    readable(path, of, workspace, ignored)?.text(max)
}

/// A file that may be shown with another one, as far as that can be told without a look into it.
pub struct Readable<'a> {
    path: &'a Path,
    /// Without links.
    pub place: PathBuf,
}

/// Asks for the file at `path`, as [`read`] does, but does not read it.
///
/// # Errors
/// As [`read`].
pub fn readable<'a>(
    path: &'a Path,
    of: &Path,
    workspace: Option<&Path>,
    ignored: &Ignored,
) -> Result<Readable<'a>, String> {
    let place = inside(path, of, workspace)?;
    match hidden_file(path, workspace, ignored) {
        Some(reason) => Err(unseen(reason)),
        None => Ok(Readable { path, place }),
    }
}

impl Readable<'_> {
    /// See [`read`].
    ///
    /// # Errors
    /// If it is no text of at most `max` bytes, or one that no model may see.
    pub fn text(&self, max: u64) -> Result<String, String> {
        let text = files::read_unlinked_text(&self.place, max);
        let text = text.map_err(|unread: Unread| unread.to_string())?;
        match contents::secret_text(&text, names::is_code(self.path)) {
            Some(reason) => Err(unseen(reason)),
            None => Ok(text),
        }
    }
}

fn unseen(reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    format!("may not be seen by a model: {reason}")
}

/// Where `path` leads to without links, which has to lie in the project of the file `of`: in the workspace folder that holds that, else in the
/// repository around it, else in its folder. Nothing beyond is read for it or written.
///
/// # Errors
/// In words that follow the path.
pub fn inside(path: &Path, of: &Path, workspace: Option<&Path>) -> Result<PathBuf, String> {
    let place = files::destination(path).ok_or("has links without an end")?;
    let project = files::destination(project(of, workspace)).ok_or("has links without an end")?;
    match place.starts_with(&project) {
        true => Ok(place),
        false => Err(format!(
            "leads to {}, which lies outside of {}",
            place.display(),
            project.display()
        )),
    }
}

fn project<'a>(file: &'a Path, workspace: Option<&'a Path>) -> &'a Path {
    let folder = file.parent().unwrap_or(file);
    let repository = || {
        file.ancestors()
            .skip(1)
            .find(|folder| folder.join(".git").exists())
    };
    workspace
        .filter(|workspace| file.starts_with(workspace))
        .or_else(repository)
        .unwrap_or(folder)
}

#[cfg(test)]
mod tests;
