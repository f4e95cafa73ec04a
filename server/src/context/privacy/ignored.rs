//! Files that `.gitignore`, `.tacitignore` and `.git/info/exclude` exclude. Reads the ignore files themselves, each once until it is said to have
//! changed. How one of them is read is the business of `patterns`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ignore::{Match, gitignore::gitconfig_excludes_path};

use super::patterns::{self, Patterns, Trouble};

/// The name of our own ignore file. Its patterns are those of `.gitignore`, and they win over them: `!path` allows what git ignores.
pub const TACITIGNORE: &str = ".tacitignore";
const GITIGNORE: &str = ".gitignore";
/// What people set `core.excludesFile` to who want none.
const NOTHING: &str = "/dev/null";
/// In the folder of git, below `info`.
const EXCLUDE: &str = "exclude";

/// What the ignore files of a folder and of the folders above it say.
#[derive(Debug)]
pub struct Rules {
    /// What the patterns are relative to. They say nothing of what lies elsewhere.
    folder: PathBuf,
    /// The folder above that has ignore files.
    parent: Option<Arc<Rules>>,
    git: Patterns,
    tacit: Patterns,
}

impl Rules {
    /// The rules in the folder `top`, above which nothing counts but the user's global ones.
    fn at_top(top: &Path) -> Arc<Self> {
        let global = gitconfig_excludes_path();
        let global = global.filter(|file| file != Path::new(NOTHING));
        let global = global.map_or_else(Patterns::none, |file| patterns::read(top, &file));
        Self::of_git(None, top, global).inside(top)
    }

    fn of_git(parent: Option<Arc<Self>>, folder: &Path, git: Patterns) -> Arc<Self> {
        Arc::new(Self {
            folder: folder.to_owned(),
            parent,
            git,
            tacit: Patterns::none(),
        })
    }

    /// The rules in `folder`, which lies in the folder of these rules.
    pub fn inside(self: &Arc<Self>, folder: &Path) -> Arc<Self> {
        let mut rules = self.clone();
        // A `.gitignore` counts more than what is excluded for a whole repository.
        let exclude = patterns::exclude(folder);
        if !exclude.is_empty() {
            rules = Self::of_git(Some(rules), folder, exclude);
        }
        let git = patterns::read(folder, &folder.join(GITIGNORE));
        let tacit = patterns::read(folder, &folder.join(TACITIGNORE));
        if git.is_empty() && tacit.is_empty() {
            return rules;
        }
        Arc::new(Self {
            folder: folder.to_owned(),
            parent: Some(rules),
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
        let decide = |of: fn(&Self) -> &Patterns, excluded| {
            self.chain()
                .filter(|rules| path != rules.folder && path.starts_with(&rules.folder))
                .find_map(|rules| {
                    let patterns = of(rules);
                    match patterns.matched(path, is_folder) {
                        Match::None => None,
                        Match::Ignore(_) => {
                            Some(patterns.trouble().map_or(excluded, Verdict::Unread))
                        }
                        Match::Whitelist(_) => Some(Verdict::Allowed),
                    }
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
    /// An ignore file cannot be read, so nobody knows what it excludes.
    Unread(Trouble),
}

impl Verdict {
    pub fn excludes(self) -> bool {
        matches!(
            self,
            Self::ByGitignore | Self::ByTacitignore | Self::Unread(_)
        )
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
            Self::Unread(trouble) => Some(trouble.reason()),
            Self::Unmentioned | Self::Allowed => None,
        }
    }
}

/// The ignore files around the files that were asked about.
#[derive(Debug, Default)]
pub struct Ignored {
    /// The rules of folders that were asked about.
    folders: Mutex<HashMap<PathBuf, Arc<Rules>>>,
    workspaces: Mutex<Vec<PathBuf>>,
}

impl Ignored {
    /// Why ignore files keep the file at `path` from a model; `None` if they don't. `workspace` is the folder that holds it. Reads
    /// ignore files that are not known yet.
    pub fn reason(&self, path: &Path, workspace: Option<&Path>) -> Option<&'static str> {
        self.verdict(path, workspace).reason()
    }

    /// Makes these the folders of the workspace: the ignore files in them count for files of others too, whoever asks.
    pub fn set_workspaces(&self, folders: &[PathBuf]) {
        *unpoisoned(&self.workspaces) = folders.to_vec();
        self.lock().clear();
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
        let is_top = folder == self.top(folder, workspace);
        let above = folder.parent().filter(|_| !is_top);
        let above = above.map(|parent| self.rules(parent, workspace));
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
        let is_exclude = path.ends_with(Path::new("info").join(EXCLUDE));
        if is_exclude {
            // Of which work tree, git alone knows.
            self.lock().clear();
        } else if let Some(folder) = path.parent().filter(|_| is_ignore_file) {
            self.lock().retain(|known, _| !known.starts_with(folder));
        }
        is_ignore_file
    }

    fn known(&self, folder: &Path) -> Option<Arc<Rules>> {
        self.lock().get(folder).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<Rules>>> {
        unpoisoned(&self.folders)
    }

    /// The outermost folder whose ignore files count: that of the repository, else the workspace folder, else the file's own. Beyond, a
    /// `.gitignore` of the home folder could exclude everything.
    fn top(&self, folder: &Path, workspace: Option<&Path>) -> PathBuf {
        let workspaces = unpoisoned(&self.workspaces);
        let holding = workspaces.iter().map(PathBuf::as_path).chain(workspace);
        let innermost = holding
            .filter(|workspace| folder.starts_with(workspace))
            .max_by_key(|workspace| workspace.components().count())
            .unwrap_or(folder);
        let repository = innermost
            .ancestors()
            .find(|folder| folder.join(".git").exists());
        repository.unwrap_or(innermost).to_owned()
    }
}

/// A panic leaves nothing half done in what is locked here.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use std::fs;

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
        assert_eq!(ignored.reason(&file, Some(root)), None);
        fs::write(root.join(TACITIGNORE), "x.py").unwrap();
        assert_eq!(ignored.reason(&file, Some(root)), None, "nobody has told");
        assert!(!ignored.changed(&file));
        assert!(ignored.changed(&root.join(TACITIGNORE)));
        assert!(ignored.reason(&file, Some(root)).is_some());
    }

    /// Two folders in one window, and a file of the second as context of the first.
    #[test]
    fn the_ignore_files_of_every_workspace_folder_count() {
        let folder = folder(&[
            ("a/x.py", ""),
            ("b/.tacitignore", "y.py"),
            ("b/sub/y.py", ""),
        ]);
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let ignored = Ignored::default();
        ignored.set_workspaces(&[a.clone(), b.clone()]);
        for workspace in [None, Some(&*a), Some(&*b)] {
            assert!(ignored.reason(&b.join("sub/y.py"), workspace).is_some());
            assert_eq!(ignored.reason(&a.join("x.py"), workspace), None);
        }
    }

    /// Git takes these as they are meant, or has no say: nobody is shown what they may exclude.
    #[test]
    fn an_ignore_file_that_cannot_be_read_excludes_everything() {
        let many: String = (0..3000)
            .map(|n| format!("{}{n}*{{a,b}}?[c-d]\n", "long".repeat(40)))
            .collect();
        let utf16: Vec<u8> = "\u{feff}x.py\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let large = format!("y.py\n# {}\n", "-".repeat(1024 * 1024));
        for name in [GITIGNORE, TACITIGNORE] {
            for (what, bytes) in [
                ("too large", large.as_bytes()),
                ("UTF-16", &utf16),
                ("NUL", b"y.py\0\n"),
                ("too many", many.as_bytes()),
            ] {
                let folder = folder(&[
                    ("sub/x.py", ""),
                    ("sub/.gitignore", "!x.py\n"),
                    ("beside/y.py", ""),
                ]);
                let root = folder.path();
                fs::write(root.join("sub").join(name), bytes).unwrap();
                let ignored = Ignored::default();
                let reason = |path: &str| ignored.reason(&root.join(path), Some(root));
                let told = reason("sub/x.py").unwrap_or_else(|| panic!("{name} {what}"));
                assert!(told.contains("ignore file"), "{told}");
                assert!(reason("sub/deeper/x.py").is_some(), "{name} {what}");
                assert_eq!(reason("beside/y.py"), None, "{name} {what}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_excludes_everything_too() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        type Make = fn(&Path);
        let makes: [(&str, Make); 5] = [
            ("folder", |path| fs::create_dir(path).unwrap()),
            ("pipe", |path| {
                let made = std::process::Command::new("mkfifo").arg(path).status();
                assert!(made.unwrap().success());
            }),
            ("dangling link", |path| symlink("gone", path).unwrap()),
            ("link to a device", |path| {
                symlink("/dev/zero", path).unwrap()
            }),
            ("closed file", |path| {
                fs::write(path, "y.py\n").unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
            }),
        ];
        for (what, make) in makes {
            let folder = folder(&[("sub/x.py", "")]);
            let root = folder.path();
            make(&root.join("sub/.gitignore"));
            if what == "closed file" && fs::read(root.join("sub/.gitignore")).is_ok() {
                // Root reads everything.
                continue;
            }
            let ignored = Ignored::default();
            assert!(
                ignored.reason(&root.join("sub/x.py"), Some(root)).is_some(),
                "{what}"
            );
            assert_eq!(
                ignored.reason(&root.join("x.py"), Some(root)),
                None,
                "{what}"
            );
        }
        // A link to a file is read.
        let folder = folder(&[("rules", "x.py\n")]);
        symlink("rules", folder.path().join(GITIGNORE)).unwrap();
        let ignored = Ignored::default();
        let verdict = |name: &str| ignored.verdict(&folder.path().join(name), Some(folder.path()));
        assert_eq!(verdict("x.py"), Verdict::ByGitignore);
        assert_eq!(verdict("y.py"), Verdict::Unmentioned);
    }

    #[test]
    fn each_pattern_counts_for_itself() {
        let braces = format!("{{{}}}\n", "a,".repeat(450_000));
        let folder = folder(&[
            (
                GITIGNORE,
                &format!("\u{feff}first.py\r\n{braces}{{open.py\n[z-a]\nlast.py\n"),
            ),
            ("latin/.gitignore", ""),
        ]);
        fs::write(
            folder.path().join("latin/.gitignore"),
            b"priv\xe9.py\n!f\xe9.py\n",
        )
        .unwrap();
        let ignored = Ignored::default();
        for (path, is_excluded) in [
            ("first.py", true),
            ("last.py", true),
            ("{open.py", true),
            ("other.py", false),
            ("latin/other.py", false),
        ] {
            let verdict = ignored.verdict(&folder.path().join(path), Some(folder.path()));
            assert_eq!(verdict.excludes(), is_excluded, "{path}");
        }
        #[cfg(unix)]
        {
            use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
            let name = OsStr::from_bytes(b"priv\xe9.py");
            let path = folder.path().join("latin").join(name);
            assert!(ignored.verdict(&path, Some(folder.path())).excludes());
        }
    }

    /// Each of them as `git check-ignore` has it.
    #[test]
    fn patterns_mean_what_git_takes_them_for() {
        for (pattern, excluded, other) in [
            (format!("x.py{}", " ".repeat(5000)), "x.py", "y.py"),
            ("x[[:digit:]].py".to_owned(), "x1.py", "y1.py"),
            ("[[:alpha:]].py".to_owned(), "x.py", "xy.py"),
            ("[\\]x].py".to_owned(), "x.py", "xx.py"),
            ("a{b,c}.py".to_owned(), "a{b,c}.py", "ab.py"),
            (
                "{{cookiecutter.slug}}/".to_owned(),
                "{{cookiecutter.slug}}/x.py",
                "x.py",
            ),
            ("a[xy].py".to_owned(), "ay.py", "az.py"),
            ("b\\ ".to_owned(), "b ", "b"),
            (format!("{}x.py", "**/".repeat(1500)), "x.py", ""),
        ] {
            let folder = folder(&[(GITIGNORE, &pattern)]);
            let ignored = Ignored::default();
            let excludes = |path: &str| {
                let path = folder.path().join(path);
                ignored.verdict(&path, Some(folder.path())).excludes()
            };
            let beginning: String = pattern.chars().take(30).collect();
            assert!(excludes(excluded), "{beginning}");
            assert!(other.is_empty() || !excludes(other), "{beginning}");
        }
    }

    /// As `git worktree add` and `git submodule add` lay them out, and a repository that somebody has cloned into another.
    #[test]
    fn what_a_repository_excludes_counts_in_all_its_work_trees() {
        let folder = folder(&[
            ("main/.git/info/exclude", "local_notes.py\n"),
            ("main/.git/worktrees/side/commondir", "../..\n"),
            ("side/.git", ""),
            ("side/src/x.py", ""),
            ("main/.git/modules/lib/info/exclude", "local_lib.py\n"),
            ("main/lib/.git", "gitdir: ../.git/modules/lib\n"),
            ("main/nested/.git/info/exclude", "inner.py\n"),
            ("main/.gitignore", "*.log\n"),
        ]);
        let root = folder.path();
        let side = root.join("main/.git/worktrees/side");
        fs::write(
            root.join("side/.git"),
            format!("gitdir: {}\n", side.display()),
        )
        .unwrap();
        for (workspace, path, is_excluded) in [
            ("main", "local_notes.py", true),
            ("main", "src/local_notes.py", true),
            ("side", "local_notes.py", true),
            ("side", "src/local_notes.py", true),
            ("side/src", "local_notes.py", true),
            ("side", "src/x.py", false),
            ("main/lib", "local_lib.py", true),
            ("main/lib", "local_notes.py", false),
            ("main", "lib/local_lib.py", true),
            ("main", "nested/inner.py", true),
            ("main", "nested/deep/inner.py", true),
            ("main", "inner.py", false),
        ] {
            let workspace = root.join(workspace);
            let verdict = Ignored::default().verdict(&workspace.join(path), Some(&workspace));
            assert_eq!(
                verdict.excludes(),
                is_excluded,
                "{} {path}",
                workspace.display()
            );
        }
    }
}
