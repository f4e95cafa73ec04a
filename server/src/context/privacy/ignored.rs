//! Files that `.gitignore` and `.tacitignore` exclude. The only part of [`privacy`](super) that reads files: the ignore files
//! themselves, each once until it is said to have changed.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

/// The name of our own ignore file. Its patterns are those of `.gitignore`, and they win over them: `!path` allows what git ignores.
pub const TACITIGNORE: &str = ".tacitignore";
const GITIGNORE: &str = ".gitignore";

/// Larger ignore files are left out: these are written by hand.
const MAX_IGNORE_FILE_BYTES: u64 = 1024 * 1024;

/// What the ignore files of a folder and of the folders above it say.
#[derive(Debug)]
pub struct Rules {
    /// What the patterns are relative to. They say nothing of what lies elsewhere.
    folder: PathBuf,
    /// The folder above that has ignore files.
    parent: Option<Arc<Rules>>,
    git: Gitignore,
    tacit: Gitignore,
}

impl Rules {
    /// The rules in the folder `top`, above which nothing counts but the user's global ones.
    fn at_top(top: &Path) -> Arc<Self> {
        let (global, _) = GitignoreBuilder::new(top).build_global();
        let exclude = read(top, &top.join(".git/info/exclude"));
        let of_git = |parent, git| {
            Arc::new(Self {
                folder: top.to_owned(),
                parent,
                git,
                tacit: Gitignore::empty(),
            })
        };
        let global = of_git(None, global);
        of_git(Some(global), exclude).inside(top)
    }

    /// The rules in `folder`, which lies in the folder of these rules.
    pub fn inside(self: &Arc<Self>, folder: &Path) -> Arc<Self> {
        let git = read(folder, &folder.join(GITIGNORE));
        let tacit = read(folder, &folder.join(TACITIGNORE));
        if git.is_empty() && tacit.is_empty() {
            return self.clone();
        }
        Arc::new(Self {
            folder: folder.to_owned(),
            parent: Some(self.clone()),
            git,
            tacit,
        })
    }

    /// Somebody has said here what git ignores.
    pub fn has_gitignore(&self) -> bool {
        self.chain().any(|rules| !rules.git.is_empty())
    }

    /// Which kind of file excludes `path` by itself, not by a folder above it. The innermost folder decides.
    pub fn verdict(&self, path: &Path, is_folder: bool) -> Verdict {
        let decide = |of: fn(&Self) -> &Gitignore, excluded| {
            self.chain()
                .filter(|rules| path != rules.folder && path.starts_with(&rules.folder))
                .map(|rules| of(rules).matched(path, is_folder))
                .find_map(|matched| match matched {
                    Match::None => None,
                    Match::Ignore(_) => Some(excluded),
                    Match::Whitelist(_) => Some(Verdict::Allowed),
                })
        };
        decide(|rules| &rules.tacit, Verdict::ByTacitignore)
            .or_else(|| decide(|rules| &rules.git, Verdict::ByGitignore))
            .unwrap_or(Verdict::Unmentioned)
    }
}

/// What ignore files say of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Unmentioned,
    /// By a pattern that begins with `!`.
    Allowed,
    ByGitignore,
    ByTacitignore,
}

impl Verdict {
    pub fn excludes(self) -> bool {
        matches!(self, Self::ByGitignore | Self::ByTacitignore)
    }

    /// For a person; `None` if nothing is excluded.
    fn reason(self) -> Option<&'static str> {
        match self {
            Self::ByGitignore => Some(
                "A .gitignore excludes this file, so no model is shown it. To allow it, write `!` and its name into a .tacitignore beside it.",
            ),
            Self::ByTacitignore => {
                Some("A .tacitignore excludes this file, so no model is shown it.")
            }
            Self::Unmentioned | Self::Allowed => None,
        }
    }
}

/// The ignore files around the files that were asked about.
#[derive(Debug, Default)]
pub struct Ignored {
    folders: Mutex<HashMap<PathBuf, Arc<Rules>>>,
}

impl Ignored {
    /// Why ignore files keep the file at `path` from a model; `None` if they don't. `workspace` is the folder that holds it. Reads
    /// ignore files that are not known yet.
    pub fn reason(&self, path: &Path, workspace: Option<&Path>) -> Option<&'static str> {
        self.verdict(path, workspace).reason()
    }

    /// As [`reason`](Self::reason), without reading anything: `None` if that would be needed.
    pub fn known_reason(&self, path: &Path) -> Option<Option<&'static str>> {
        let rules = self.known(path.parent()?)?;
        Some(judge(&rules, path).reason())
    }

    /// What ignore files say of the file at `path`, or of a folder that holds it.
    pub fn verdict(&self, path: &Path, workspace: Option<&Path>) -> Verdict {
        match path.parent() {
            Some(folder) => judge(&self.rules(folder, workspace), path),
            None => Verdict::Unmentioned,
        }
    }

    /// Whether ignore files exclude `folder`, or one that holds it.
    pub fn excludes_folder(&self, folder: &Path, workspace: Option<&Path>) -> bool {
        let rules = self.rules(folder, workspace);
        folder
            .ancestors()
            .any(|folder| rules.verdict(folder, true).excludes())
    }

    /// The rules for what lies in `folder`.
    pub fn rules(&self, folder: &Path, workspace: Option<&Path>) -> Arc<Rules> {
        if let Some(rules) = self.known(folder) {
            return rules;
        }
        let above = folder.parent().and_then(|parent| {
            self.known(parent).or_else(|| {
                let is_top = folder == top(folder, workspace);
                (!is_top).then(|| self.rules(parent, workspace))
            })
        });
        let rules = match above {
            Some(above) => above.inside(folder),
            None => Rules::at_top(folder),
        };
        self.lock().insert(folder.to_owned(), rules.clone());
        rules
    }

    /// To be told of changed files: whether `path` is an ignore file, whose folder must be looked at again.
    pub fn changed(&self, path: &Path) -> bool {
        let is_ignore_file = path
            .file_name()
            .is_some_and(|name| name == GITIGNORE || name == TACITIGNORE);
        if let Some(folder) = path.parent().filter(|_| is_ignore_file) {
            self.lock().retain(|known, _| !known.starts_with(folder));
        }
        is_ignore_file
    }

    fn known(&self, folder: &Path) -> Option<Arc<Rules>> {
        self.lock().get(folder).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<Rules>>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As git does it: what lies in an excluded folder is excluded. But a pattern of a `.tacitignore` for the very file counts there too.
fn judge(rules: &Rules, path: &Path) -> Verdict {
    let own = rules.verdict(path, false);
    if own == Verdict::Allowed && rules.allows_by_tacitignore(path) {
        return own;
    }
    let folders = path.ancestors().skip(1);
    let above = folders
        .map(|folder| rules.verdict(folder, true))
        .find(|verdict| verdict.excludes());
    above.unwrap_or(own)
}

impl Rules {
    /// From the innermost folder outwards.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |rules| rules.parent.as_deref())
    }

    fn allows_by_tacitignore(&self, path: &Path) -> bool {
        self.chain()
            .map(|rules| rules.tacit.matched(path, false))
            .find(|matched| !matched.is_none())
            .is_some_and(|matched| matched.is_whitelist())
    }
}

/// The outermost folder whose ignore files count: that of the repository, else the workspace folder, else the file's own. Beyond, a
/// `.gitignore` of the home folder could exclude everything.
fn top<'a>(folder: &'a Path, workspace: Option<&'a Path>) -> &'a Path {
    let innermost = workspace
        .filter(|workspace| folder.starts_with(workspace))
        .unwrap_or(folder);
    innermost
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(innermost)
}

/// The patterns of one ignore file for what lies in `folder`; none if it can't be read.
fn read(folder: &Path, file: &Path) -> Gitignore {
    let is_sound = fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_IGNORE_FILE_BYTES);
    let text = is_sound.then(|| fs::read(file).ok()).flatten();
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(&text.unwrap_or_default()).lines() {
        // A pattern that is none counts for nothing, as in git.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn ignore_files_of_all_folders_above_count() {
        let folder = folder(&[
            (".gitignore", "*.log\n/out/\n!kept.log\nlocal.py\n[broken\n"),
            ("sub/.gitignore", "!local.py\ndeep.py\n"),
            ("sub/.tacitignore", "private/\n!local.log\n"),
            (".tacitignore", "!out/schema.py\nnotes.md\n"),
        ]);
        let root = folder.path();
        let ignored = Ignored::default();
        for (path, expected) in [
            ("a.py", Verdict::Unmentioned),
            ("a.log", Verdict::ByGitignore),
            ("sub/a.log", Verdict::ByGitignore),
            ("sub/local.log", Verdict::Allowed),
            ("kept.log", Verdict::Allowed),
            ("local.py", Verdict::ByGitignore),
            ("sub/local.py", Verdict::Allowed),
            ("sub/deep.py", Verdict::ByGitignore),
            ("deep.py", Verdict::Unmentioned),
            ("out/made/x.py", Verdict::ByGitignore),
            ("out/schema.py", Verdict::Allowed),
            ("sub/out/x.py", Verdict::Unmentioned),
            ("sub/private/deep/x.py", Verdict::ByTacitignore),
            ("sub/notes.md", Verdict::ByTacitignore),
        ] {
            let verdict = ignored.verdict(&root.join(path), Some(root));
            assert_eq!(verdict, expected, "{path}");
        }
    }

    #[test]
    fn a_workspace_in_a_repository_obeys_the_repository() {
        let folder = folder(&[
            (".git/info/exclude", "mine.py\n"),
            (".gitignore", "app/made/\n"),
        ]);
        let app = folder.path().join("app");
        let ignored = Ignored::default();
        for (path, is_excluded) in [("made/x.py", true), ("mine.py", true), ("x.py", false)] {
            let verdict = ignored.verdict(&app.join(path), Some(&app));
            assert_eq!(verdict.excludes(), is_excluded, "{path}");
        }
    }

    #[test]
    fn a_changed_ignore_file_is_read_again() {
        let folder = folder(&[("sub/x.py", "")]);
        let (root, ignored) = (folder.path(), Ignored::default());
        let file = root.join("sub/x.py");
        assert_eq!(ignored.known_reason(&file), None);
        assert_eq!(ignored.reason(&file, Some(root)), None);
        fs::write(root.join(TACITIGNORE), "x.py").unwrap();
        assert_eq!(ignored.known_reason(&file), Some(None), "nobody has told");
        assert!(!ignored.changed(&file));
        assert!(ignored.changed(&root.join(TACITIGNORE)));
        assert!(ignored.reason(&file, Some(root)).is_some());
    }
}
