//! One ignore file as patterns. What is there but cannot be read as a whole excludes everything in its folder: whoever wrote it wanted something
//! excluded, and nobody can say what.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder, Glob},
};

use crate::files::{self, Unread};

/// Ignore files are written by hand.
const MAX_BYTES: u64 = 1024 * 1024;

/// A longer pattern is one for no path: Linux allows 4,096 bytes, other systems less.
const MAX_PATTERN_BYTES: usize = 4096;

/// `.git` and `commondir`, where they are files, hold a path and nothing else.
const MAX_POINTER_BYTES: u64 = 64 * 1024;

/// Why an ignore file is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    TooLarge,
    Unreadable,
    NotText,
    TooManyPatterns,
}

impl Trouble {
    /// For a person.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => {
                "An ignore file above this file is larger than 1 MiB, so it is not known what it excludes, and no model is shown this file. Please make it smaller."
            }
            Self::Unreadable => {
                "An ignore file above this file cannot be read, so it is not known what it excludes, and no model is shown this file. Please make it a file that you may read, or delete it."
            }
            Self::NotText => {
                "An ignore file above this file is not a UTF-8 text, so it is not known what it excludes, and no model is shown this file. Please save it as UTF-8."
            }
            Self::TooManyPatterns => {
                "An ignore file above this file has more patterns than can be held, so it is not known what it excludes, and no model is shown this file. Please write fewer or shorter ones."
            }
        }
    }
}

/// What an ignore file says.
#[derive(Debug)]
pub struct Patterns {
    globs: Gitignore,
    trouble: Option<Trouble>,
}

impl Patterns {
    pub fn none() -> Self {
        Self {
            globs: Gitignore::empty(),
            trouble: None,
        }
    }

    fn everything(folder: &Path, trouble: Trouble) -> Self {
        let mut builder = GitignoreBuilder::new(folder);
        let built = builder
            .add_line(None, "*")
            .and_then(|builder| builder.build());
        Self {
            globs: built.unwrap_or_else(|_| Gitignore::empty()),
            trouble: Some(trouble),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    pub fn matched(&self, path: &Path, is_folder: bool) -> Match<&Glob> {
        self.globs.matched(path, is_folder)
    }

    /// Why these are not the patterns of the file, but one for everything.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }
}

/// The patterns of one ignore file for what lies in `folder`.
pub fn read(folder: &Path, file: &Path) -> Patterns {
    let trouble = match files::read(file, MAX_BYTES) {
        // A link that leads to nothing was meant to lead to patterns.
        Err(Unread::Missing) if fs::symlink_metadata(file).is_err() => return Patterns::none(),
        Err(Unread::TooLarge(_)) => Trouble::TooLarge,
        Err(_) => Trouble::Unreadable,
        Ok(bytes)
            if bytes.contains(&0)
                || bytes.starts_with(&[0xff, 0xfe])
                || bytes.starts_with(&[0xfe, 0xff]) =>
        {
            Trouble::NotText
        }
        Ok(bytes) => match parse(folder, &bytes) {
            Some(globs) => {
                return Patterns {
                    globs,
                    trouble: None,
                };
            }
            None => Trouble::TooManyPatterns,
        },
    };
    Patterns::everything(folder, trouble)
}

/// `None` if the patterns are too many, or too large, to be held together.
fn parse(folder: &Path, text: &[u8]) -> Option<Gitignore> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut builder = GitignoreBuilder::new(folder);
    let lines = text.split(|&byte| byte == b'\n');
    for line in lines.filter(|line| line.len() <= MAX_PATTERN_BYTES) {
        let Some(pattern) = pattern(line) else {
            continue;
        };
        if builder.add_line(None, &pattern).is_err() {
            // To git a brace is a character like others. A pattern that is none counts for nothing, as in git.
            let _ = builder.add_line(None, &pattern.replace('{', "\\{").replace('}', "\\}"));
        }
    }
    builder.build().ok()
}

/// A line as a pattern. Names in another encoding than UTF-8 are bytes that nobody can read here: any byte will do for each, where that
/// excludes; where it would allow (`!`), the line does not count.
fn pattern(line: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(line) {
        return Some(Cow::Borrowed(text));
    }
    let mut text = String::new();
    for chunk in line.utf8_chunks() {
        text += chunk.valid();
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    (!text.starts_with('!')).then_some(Cow::Owned(text))
}

/// What `info/exclude` says, if `folder` is the top of a work tree.
pub fn exclude(folder: &Path) -> Patterns {
    match git_folder(&folder.join(".git")) {
        Ok(Some(git)) => read(folder, &git.join("info/exclude")),
        Ok(None) => Patterns::none(),
        Err(trouble) => Patterns::everything(folder, trouble),
    }
}

/// Where git keeps what all work trees of a repository share. In a work tree beside the first one, and in a submodule, `.git` is a file that tells.
fn git_folder(dot_git: &Path) -> Result<Option<PathBuf>, Trouble> {
    let pointed = |file: &Path| match files::read_text(file, MAX_POINTER_BYTES) {
        Ok(text) => Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned())),
        Err(Unread::Missing | Unread::Folder) => Ok(None),
        Err(_) => Err(Trouble::Unreadable),
    };
    let git = match pointed(dot_git)? {
        None if dot_git.is_dir() => dot_git.to_owned(),
        None => return Ok(None),
        Some(text) => match (text.strip_prefix("gitdir:"), dot_git.parent()) {
            (Some(git), Some(folder)) => folder.join(git.trim_start()),
            // To git this is no repository.
            _ => return Ok(None),
        },
    };
    let common = pointed(&git.join("commondir"))?;
    Ok(Some(match common {
        Some(common) => git.join(common),
        None => git,
    }))
}
