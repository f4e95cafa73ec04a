//! Where programs are looked for by their names: the folders of `PATH` in which only the user and the system can have put something.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The trusted folders of a list such as `PATH`, in its order. Passed over are:
///
/// - relative and empty entries, which mean the working folder or one in it (on Windows the working folder is not searched either);
/// - what lies in the working folder, or in a folder that an editor has opened ([`never_run_from`]);
/// - on Unix, what others can write to: a folder on the way that belongs neither to the user nor to root, or that everybody may write to
///   without the sticky bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath(Vec<PathBuf>);

impl SearchPath {
    /// What is trusted of this process's `PATH`, now.
    pub fn trusted() -> Self {
        Self::of(&env::var_os("PATH").unwrap_or_default())
    }

    /// What is trusted of such a list.
    pub fn of(list: &OsStr) -> Self {
        let strangers = strangers();
        let entries = env::split_paths(list).filter_map(|entry| trusted(&entry, &strangers));
        Self(entries.collect())
    }

    /// The list again.
    pub fn to_list(&self) -> OsString {
        // Fails for a folder with a separator in its name, which no entry of a list has.
        env::join_paths(&self.0).unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first program of this name, which is a plain one, without a path.
    pub fn find(&self, name: &OsStr) -> Option<PathBuf> {
        if Path::new(name).file_name() != Some(name) {
            return None;
        }
        let mut file = name.to_owned();
        file.push(env::consts::EXE_SUFFIX);
        let strangers = strangers();
        self.0
            .iter()
            .map(|folder| folder.join(&file))
            .find(|program| is_program(program, &strangers))
    }
}

/// From now on no program is taken from these folders: an editor has opened them. For this whole process, as `PATH` is. Touches no disk.
pub fn never_run_from(folders: &[PathBuf]) {
    opened().extend(folders.iter().cloned());
}

fn opened() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    static OPENED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What makes a folder the top of a project, whose variables may name any folder in it while only one of them is open.
const PROJECT_MARKS: &[&str] = &[".git", ".hg", ".jj", ".svn", ".envrc"];

/// The folders whose content may be anybody's: the projects around the open ones. Who works in his home folder, or above it, has everything in
/// there, also his own programs: that says nothing.
fn strangers() -> Vec<PathBuf> {
    let home = home().and_then(|home| fs::canonicalize(home).ok());
    let holds_home = |folder: &Path| home.as_ref().is_some_and(|home| home.starts_with(folder));
    let here = env::current_dir().ok();
    let opened = opened().clone();
    opened
        .into_iter()
        .chain(here)
        .filter_map(|folder| fs::canonicalize(folder).ok())
        .filter(|folder| folder.parent().is_some() && !holds_home(folder))
        .map(|folder| {
            let within = |above: &&Path| above.parent().is_some() && !holds_home(above);
            let is_top = |above: &&Path| PROJECT_MARKS.iter().any(|mark| above.join(mark).exists());
            let top = folder.ancestors().take_while(within).filter(is_top).last();
            top.map(Path::to_owned).unwrap_or(folder)
        })
        .collect()
}

/// The user's home folder as the system knows it: `HOME` may come from the project.
#[cfg(unix)]
fn home() -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
    user.ok().flatten().map(|user| user.dir)
}

#[cfg(not(unix))]
fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}

/// The folder of this entry, if what lies in it can be trusted.
fn trusted(entry: &Path, strangers: &[PathBuf]) -> Option<PathBuf> {
    if !entry.is_absolute() {
        return None;
    }
    let folder = fs::canonicalize(entry).ok()?;
    if !is_trusted_folder(&folder, strangers) {
        return None;
    }
    // The path without links, which stays what it was found to be. On Windows such a path is one that many programs do not understand.
    Some(if cfg!(windows) {
        entry.to_owned()
    } else {
        folder
    })
}

/// Of a canonical path.
fn is_trusted_folder(folder: &Path, strangers: &[PathBuf]) -> bool {
    let is_of_strangers = strangers
        .iter()
        .any(|stranger| folder.starts_with(stranger));
    let is_ours = |path: &Path| fs::metadata(path).is_ok_and(|metadata| only_we_write(&metadata));
    !is_of_strangers && folder.is_dir() && folder.ancestors().all(is_ours)
}

/// A link counts as what it leads to.
fn is_program(path: &Path, strangers: &[PathBuf]) -> bool {
    let Ok(file) = fs::canonicalize(path) else {
        return false;
    };
    let is_executable = |metadata: Metadata| {
        metadata.is_file() && may_be_executed(&metadata) && only_we_write(&metadata)
    };
    fs::metadata(&file).is_ok_and(is_executable)
        && file
            .parent()
            .is_some_and(|folder| is_trusted_folder(folder, strangers))
}

/// Whether nobody but the user and root can change it. A folder with the sticky bit is one where everybody has his own files.
#[cfg(unix)]
fn only_we_write(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    const ROOT: u32 = 0;
    const WRITABLE_BY_ALL: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let own = rustix::process::geteuid().as_raw();
    let is_shared = metadata.mode() & WRITABLE_BY_ALL != 0;
    let is_sticky = metadata.is_dir() && metadata.mode() & STICKY != 0;
    [ROOT, own].contains(&metadata.uid()) && (!is_shared || is_sticky)
}

/// Who may write where is not asked on Windows.
#[cfg(not(unix))]
fn only_we_write(_metadata: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn may_be_executed(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn may_be_executed(_metadata: &Metadata) -> bool {
    true
}
