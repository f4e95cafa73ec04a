//! One ignore file as patterns. What is there but cannot be read as a whole excludes everything in its folder: whoever wrote it wanted something
//! excluded, and nobody can say what.

use std::{
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

/// A longer pattern is a name for no path (Linux allows 4,096 bytes), or has signs that stand for others, and then nobody knows what it means.
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
    for line in text.split(|&byte| byte == b'\n') {
        let Some(pattern) = pattern(line) else {
            continue;
        };
        if pattern.len() > MAX_PATTERN_BYTES {
            if pattern.contains(['*', '?', '[']) {
                return None;
            }
            continue;
        }
        // A pattern that is none counts for nothing, as in git.
        let _ = builder.add_line(None, &pattern);
    }
    builder.build().ok()
}

/// A line as a pattern of the library's, which knows more than git's do (`{a,b}`) and fewer classes (`[[:digit:]]`, `[\]x]`). Where a class says what
/// it does not understand, and where names are in another encoding than UTF-8, any character will do if that excludes; where it would allow
/// (`!`), the line does not count.
fn pattern(line: &[u8]) -> Option<String> {
    let mut text = String::new();
    for chunk in line.utf8_chunks() {
        text += chunk.valid();
        text.extend(chunk.invalid().iter().map(|_| '\0'));
    }
    // Git takes blanks at the end away, but for one behind a backslash.
    let end = text.trim_end_matches([' ', '\t', '\r']).len();
    let end = end + usize::from(text[..end].ends_with('\\') && text[end..].starts_with(' '));
    text.truncate(end);
    let (mut globs, mut is_vague) = (String::new(), false);
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '\0' => {
                is_vague = true;
                globs.push('?');
            }
            '{' | '}' => globs.extend(['\\', c]),
            '\\' => {
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
                globs += &rest[..length];
            }
            '[' => match class(rest) {
                Some(class) if class.contains("[:") || class.contains('\\') => {
                    is_vague = true;
                    length = class.len();
                    globs.push('?');
                }
                Some(class) => {
                    length = class.len();
                    globs += class;
                }
                None => globs.push(c),
            },
            _ => globs.push(c),
        }
        rest = &rest[length..];
    }
    (!is_vague || !globs.starts_with('!')).then_some(globs)
}

/// The class that a pattern begins with, from `[` to its `]`. A `]` that comes first, is escaped, or ends a name (`[:digit:]`) is a part of it.
fn class(pattern: &str) -> Option<&str> {
    let bytes = pattern.as_bytes();
    let mut at = 1 + usize::from(matches!(bytes.get(1), Some(b'!' | b'^')));
    at += usize::from(bytes.get(at) == Some(&b']'));
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b']', _) => return pattern.get(..=at),
            (b'\\', _) => at += 2,
            (b'[', Some(b':')) => at += 2 + pattern.get(at + 2..)?.find(":]")? + 2,
            _ => at += 1,
        }
    }
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
