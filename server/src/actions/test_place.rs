//! Where the tests of a file go: where the project has them, else where its language usually does. Pure: what folders hold is asked of
//! the caller.

use std::path::{Path, PathBuf};

use super::offer::{self, Source};
use crate::context::counterpart;
use crate::documents::Snapshot;

/// Where new tests are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestPlace {
    /// Into the module `tests` of the file itself.
    SameFile {
        /// Byte behind the last item that is there; the new text begins with a line end.
        at: usize,
        /// There is no such module yet, and `at` is behind the last item of the file.
        needs_module: bool,
    },
    File {
        path: PathBuf,
        /// Tests are appended to it, not to a new file.
        exists: bool,
    },
}

/// The languages that tests are written for, with where a new test file goes.
fn usual(language: &str) -> Option<Usual> {
    let usual = |before, behind, folders| {
        Some(Usual {
            before,
            behind,
            folders,
        })
    };
    match language {
        "rust" => usual("", "_test", &["tests"]),
        "python" => usual("test_", "", &["tests", "test"]),
        "javascript" | "typescript" | "typescriptreact" => usual("", ".test", &[]),
        "go" => usual("", "_test", &[]),
        "java" | "kotlin" | "scala" | "groovy" => usual("", "Test", &["src/test"]),
        "csharp" => usual("", "Tests", &[]),
        "c" | "cpp" => usual("test_", "", &["tests", "test"]),
        "php" => usual("", "Test", &["tests"]),
        "ruby" => usual("", "_spec", &["spec"]),
        "swift" => usual("", "Tests", &["Tests"]),
        "lua" => usual("", "_spec", &["spec"]),
        "elixir" => usual("", "_test", &["test"]),
        "dart" => usual("", "_test", &["test"]),
        _ => None,
    }
}

/// What a test file is called in a project that has none yet.
struct Usual {
    before: &'static str,
    behind: &'static str,
    /// Folders for tests alone, which are used if they are there (or, for mirrored trees, if the source's is).
    folders: &'static [&'static str],
}

/// Whether tests can be written for this language.
pub fn has_tests(language: &str) -> bool {
    usual(language).is_some()
}

/// Where tests of this document go. `names_in` tells what a folder holds, files and folders; nothing if it is not there. `None` for
/// languages without tests and documents without a path.
pub fn test_place(
    snapshot: &Snapshot,
    names_in: &dyn Fn(&Path) -> Vec<String>,
) -> Option<TestPlace> {
    let source = Source::new(snapshot);
    let usual = usual(source.language_id())?;
    let path = snapshot.path.as_deref();
    if source.language_id() == "rust" {
        return Some(of_rust(&source, path, names_in));
    }
    let path = path?;
    let holds = |folder: &Path, name: &str| names_in(folder).iter().any(|held| held == name);
    let is_there = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        path.parent()
            .zip(name)
            .is_some_and(|(folder, name)| holds(folder, name))
    };
    let candidates = candidates(path);
    let found = candidates.iter().find(|path| is_there(path));
    if let Some(path) = found {
        return Some(TestPlace::File {
            path: path.clone(),
            exists: true,
        });
    }
    let path = (candidates
        .iter()
        .find(|candidate| is_habit(path, candidate, names_in)))
    .cloned()
    .or_else(|| new_file(path, &usual, &candidates, names_in))?;
    Some(TestPlace::File {
        path,
        exists: false,
    })
}

/// By which name the tests at `place` import the code of `path`; `None` where that is not known or no name is needed.
pub fn module(
    path: &Path,
    place: &TestPlace,
    language: &str,
    names_in: &dyn Fn(&Path) -> Vec<String>,
) -> Option<String> {
    let TestPlace::File { path: tests, .. } = place else {
        return None;
    };
    match language {
        "python" => python_module(path, names_in),
        "javascript" | "typescript" | "typescriptreact" if tests.parent() == path.parent() => {
            Some(format!("./{}", path.file_stem()?.to_str()?))
        }
        _ => None,
    }
}

/// How Python code names the module of a file: with the packages around it, which are folders with `__init__.py`.
fn python_module(path: &Path, names_in: &dyn Fn(&Path) -> Vec<String>) -> Option<String> {
    const PACKAGE: &str = "__init__";
    let is_package = |folder: &&Path| names_in(folder).contains(&format!("{PACKAGE}.py"));
    let packages = path.ancestors().skip(1).take_while(is_package);
    let mut names: Vec<&str> = packages
        .filter_map(|folder| folder.file_name()?.to_str())
        .collect();
    names.reverse();
    names.push(path.file_stem()?.to_str()?);
    if names.len() > 1 && names.last() == Some(&PACKAGE) {
        names.pop();
    }
    Some(names.join("."))
}

/// Paths that the tests of a source may have, the likeliest first.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = counterpart::counterparts(path)
        .filter(|path| counterpart::is_test(path))
        .collect();
    // A path whose last folder already is one of a test tree has the source's name: taken for a test by its folder alone.
    found
        .retain(|candidate| candidate.file_stem() != path.file_stem() || is_test_folder(candidate));
    found
}

fn is_test_folder(path: &Path) -> bool {
    let folder = path
        .parent()
        .and_then(|folder| folder.file_name())
        .and_then(|name| name.to_str());
    folder.is_some_and(|name| matches!(name, "__tests__" | "tests" | "test" | "spec"))
}

/// The folder of the candidate holds other files that are named after what they test in the same way.
fn is_habit(source: &Path, candidate: &Path, names_in: &dyn Fn(&Path) -> Vec<String>) -> bool {
    let stem = |path: &Path| {
        path.file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
            .to_owned()
    };
    let (tested, test) = (stem(source), stem(candidate));
    let Some((before, behind)) = test.split_once(&tested) else {
        return false;
    };
    if before.is_empty() && behind.is_empty() {
        return false;
    }
    let extension = candidate
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let ending = format!("{behind}.{extension}");
    let names = candidate.parent().map(names_in).unwrap_or_default();
    names.iter().any(|name| {
        name.len() > before.len() + ending.len()
            && name.starts_with(before)
            && name.ends_with(&ending)
    })
}

/// The usual name, in a folder for tests if the project has one.
fn new_file(
    path: &Path,
    usual: &Usual,
    candidates: &[PathBuf],
    names_in: &dyn Fn(&Path) -> Vec<String>,
) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_str()?;
    let extension = path.extension()?.to_str()?;
    let name = format!("{}{stem}{}.{extension}", usual.before, usual.behind);
    let mut named = candidates
        .iter()
        .filter(|candidate| candidate.file_name().is_some_and(|file| *file == *name));
    let is_of_tests = |candidate: &&&PathBuf| {
        let folder = candidate
            .parent()
            .map(|folder| format!("{}/", folder.to_string_lossy().replace('\\', "/")));
        folder.is_some_and(|folder| {
            usual
                .folders
                .iter()
                .any(|each| folder.contains(&format!("/{each}/")))
        })
    };
    let is_mirrored = usual.folders == ["src/test"];
    let in_folder =
        named
            .clone()
            .filter(|candidate| is_of_tests(&candidate))
            .find(|candidate| {
                is_mirrored
                    || candidate.ancestors().skip(1).take(3).any(|folder| {
                        is_test_folder(&folder.join("x")) && !names_in(folder).is_empty()
                    })
            });
    in_folder
        .or_else(|| named.next())
        .cloned()
        .or_else(|| Some(path.with_file_name(name)))
}

/// The module `tests`, in the file or in one of its own.
fn of_rust(
    source: &Source,
    path: Option<&Path>,
    names_in: &dyn Fn(&Path) -> Vec<String>,
) -> TestPlace {
    let module = ["mod tests", "mod test"].iter().find_map(|declaration| {
        source
            .text
            .match_indices(declaration)
            .map(|(at, _)| at)
            .find(|&at| {
                let line = source.slice(source.line(at)).trim_start();
                let behind = source.text[at + declaration.len()..].trim_start();
                let leads = line.starts_with("mod ") || line.starts_with("pub");
                leads && behind.starts_with(['{', ';'])
            })
    });
    let end = source.text.trim_end().len();
    let needed = TestPlace::SameFile {
        at: end,
        needs_module: true,
    };
    let Some(at) = module else { return needed };
    if source.slice(source.line(at)).trim_end().ends_with(';') {
        let file = path.and_then(|path| {
            let stem = path.file_stem()?.to_str()?;
            let folder = match stem {
                "mod" | "lib" | "main" => path.parent()?.to_owned(),
                _ => path.with_extension(""),
            };
            let name = source
                .slice(source.line(at))
                .trim()
                .strip_suffix(';')?
                .rsplit(' ')
                .next()?
                .to_owned();
            let exists = names_in(&folder).contains(&format!("{name}.rs"));
            let path = folder.join(format!("{name}.rs"));
            Some(TestPlace::File { path, exists })
        });
        return file.unwrap_or(needed);
    }
    match offer::body_at(source, at) {
        Some(body) => TestPlace::SameFile {
            at: source.trimmed(body.clone()).end.max(body.start),
            needs_module: false,
        },
        None => needed,
    }
}

#[cfg(test)]
mod tests;
